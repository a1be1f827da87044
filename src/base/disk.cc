// SPDX-License-Identifier: Apache-2.0
#include "base/disk.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace laconic {

bool still_exists(int descriptor) {
  struct stat info {};
  return ::fstat(descriptor, &info) != 0 || info.st_nlink > 0 || !S_ISREG(info.st_mode);
}

bool is_full_disk(const Error& error) {
  return error.kind() == ErrorKind::kDisk && !dynamic_cast<const FileLimitError*>(&error);
}

void fail_errno(const std::string& path, const std::string& action, const std::string& hint) {
  const int error = errno;
  const std::string message = cat(path, ": cannot ", action, ": ", std::strerror(error), hint);
  if (error == EFBIG) throw FileLimitError(message + " (the limit of ulimit -f)");
  const bool full = error == ENOSPC || error == EDQUOT;
  const bool wrong_path = error == ENOENT || error == ENOTDIR || error == EISDIR;
  throw Error(full         ? ErrorKind::kDisk
              : wrong_path ? ErrorKind::kUsage
                           : ErrorKind::kFailure,
              message);
}

void write_stdout(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
    fail_errno("stdout", "write");
}

void flush_stdout() {
  if (std::fflush(stdout) != 0) fail_errno("stdout", "write");
}

}  // namespace laconic
