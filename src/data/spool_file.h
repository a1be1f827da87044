// A temporary file that is written once and then mapped: it has no name, so nothing is left behind
// by a process that is killed.
//
// It lies in $TMPDIR, else /tmp, and leaves 256 MiB there free. Errors: Error(kFailure),
// Error(kDisk) naming that folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace laconic {

class SpoolFile {
 public:
  SpoolFile();
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  void write(std::string_view bytes);
  // Ends writing. The text lives as long as this object.
  std::string_view map();

 private:
  void flush();
  std::string folder_, block_;
  int descriptor_ = -1;
  void* data_ = nullptr;
  size_t size_ = 0, checked_bytes_ = 0;
};

}  // namespace laconic
