// SPDX-License-Identifier: Apache-2.0
#include "base/version.h"

#include "laconic_commit.h"  // written at build time by cmake/commit.cmake

namespace laconic {

const char* version() { return LACONIC_VERSION; }
const char* commit() { return LACONIC_COMMIT; }

}  // namespace laconic
