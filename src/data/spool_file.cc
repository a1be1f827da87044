// SPDX-License-Identifier: Apache-2.0
#include "data/spool_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace laconic {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

[[noreturn]] void fail_file(const std::string& folder, const char* what) {
  const int code = errno;
  const bool is_full = code == ENOSPC || code == EDQUOT;
  fail(is_full ? ErrorKind::kDisk : ErrorKind::kFailure, folder, ": cannot ", what,
       " a temporary file: ", std::strerror(code), " (TMPDIR chooses another folder)");
}

}  // namespace

SpoolFile::SpoolFile() {
  const char* folder = std::getenv("TMPDIR");
  folder_ = folder && *folder ? folder : "/tmp";
  std::string path = folder_ + "/laconic-rows-XXXXXX";
  descriptor_ = ::mkstemp(path.data());
  if (descriptor_ < 0) fail_file(folder_, "make");
  ::unlink(path.c_str());
}

SpoolFile::~SpoolFile() {
  if (data_) ::munmap(data_, size_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

void SpoolFile::write(std::string_view bytes) {
  block_ += bytes;
  if (block_.size() >= kBlockBytes) flush();
}

void SpoolFile::flush() {
  for (size_t done = 0; done < block_.size();) {
    const ssize_t got = ::write(descriptor_, block_.data() + done, block_.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_file(folder_, "write");
    done += static_cast<size_t>(got);
  }
  size_ += block_.size();
  block_.clear();
}

std::string_view SpoolFile::map() {
  flush();
  if (size_ == 0) return {};
  void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
  if (data == MAP_FAILED) fail_file(folder_, "map");
  data_ = data;
  return {static_cast<const char*>(data_), size_};
}

}  // namespace laconic
