// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

namespace laconic {

void check_failed(const char* file, int line, const char* condition, const std::string& message) {
  throw Error(ErrorKind::kInternal, cat(file, ":", line, ": check failed: ", condition,
                                        message.empty() ? "" : ": ", message));
}

}  // namespace laconic
