// What can go wrong with files, as errors: by errno, by the limits of the process, by a file that
// is removed under its writer. And stdout, which is a file too.
//
// Errors: Error(kDisk) when the device is full (ENOSPC, EDQUOT); FileLimitError, a kDisk too, where
// the process may not write files of that size (EFBIG; main ignores SIGXFSZ, which would kill it);
// Error(kUsage) for a path that is none (ENOENT, ENOTDIR, EISDIR); else Error(kFailure).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace laconic {

// kDisk where no waiting for space helps: a limit of the process on the size of files (ulimit -f).
class FileLimitError : public Error {
 public:
  explicit FileLimitError(const std::string& message) : Error(ErrorKind::kDisk, message) {}
};
// Whether waiting may help: space on a device can come back.
bool is_full_disk(const Error& error);

// Throws the error of a failed action, by errno: "path: cannot write: No space left on device".
[[noreturn]] void fail_errno(const std::string& path, const std::string& action,
                             const std::string& hint = "");

// false: the open file was removed, and what is written to it is lost.
bool still_exists(int descriptor);

// Rows and text on stdout. Errors as of a file called "stdout".
void write_stdout(std::string_view bytes);
void flush_stdout();

}  // namespace laconic
