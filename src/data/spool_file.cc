// SPDX-License-Identifier: Apache-2.0
#include "data/spool_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "base/disk.h"
#include "base/error.h"
#include "base/file.h"

namespace laconic {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr size_t kCheckBytes = size_t{64} << 20;  // between looks at the free space
constexpr uint64_t kReservedBytes = uint64_t{256} << 20;

[[noreturn]] void fail_file(const std::string& folder, const char* what) {
  fail_errno(folder, cat(what, " a temporary file"), " (TMPDIR chooses another folder)");
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
  // Unpacking may bring any amount: a full disk would harm more than this command.
  if (size_ >= checked_bytes_) {
    checked_bytes_ = size_ + kCheckBytes;
    const uint64_t free = free_bytes(folder_);
    require(free >= kReservedBytes, ErrorKind::kDisk, folder_, ": expected ", kReservedBytes >> 20,
            " MiB to stay free beside a temporary file, got ", free >> 20,
            " MiB (TMPDIR chooses another folder)");
  }
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
