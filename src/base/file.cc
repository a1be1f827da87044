// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/disk.h"
#include "base/error.h"

namespace laconic {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

[[noreturn]] void fail_code(const std::string& path, const char* action,
                            const std::error_code& code) {
  errno = code.value();
  fail_errno(path, action);
}

}  // namespace

bool file_exists(const std::string& path) {
  std::error_code code;
  return std::filesystem::is_regular_file(path, code);
}

bool folder_exists(const std::string& path) {
  std::error_code code;
  return std::filesystem::is_directory(path, code);
}

bool path_exists(const std::string& path) {
  std::error_code code;
  return std::filesystem::exists(path, code);
}

void require_model_folder(const std::string& path, const std::string& place) {
  if (folder_exists(path)) return;
  require(!path_exists(path), ErrorKind::kUsage, place, ": expected a model folder, got ", path,
          ", which is a file",
          path.ends_with(".gguf")
              ? cat(" (laconic convert --gguf ", path, " --out FOLDER makes a folder of it)")
              : "");
  // NAME or ORG/NAME is what a hub calls a model; a longer path is a place on disk.
  const auto num_slashes = std::count(path.begin(), path.end(), '/');
  const bool is_repository =
      num_slashes == 1 && path[0] != '/' && path[0] != '.' && path.back() != '/';
  fail(ErrorKind::kUsage, place, ": expected a model folder, got ", path,
       ", which does not exist (to fetch one: hf download ", is_repository ? path : "ORG/NAME",
       " --local-dir ", path, ")");
}

std::string join_path(std::string_view folder, std::string_view name) {
  if (folder.empty() || folder.back() == '/') return cat(folder, name);
  return cat(folder, "/", name);
}

std::string file_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string parent_path(std::string_view path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

void make_folders(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) fail_code(path, "create the folder", code);
}

void remove_all(const std::string& path) {
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) fail_code(path, "remove", code);
}

void sync_folder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail_errno(path, "open the folder");
  const int result = ::fsync(descriptor);
  ::close(descriptor);
  if (result != 0) fail_errno(path, "sync the folder");
}

void rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_errno(to, "rename to");
  sync_folder(parent_path(to));
}

void read_blocks(const std::string& path, const std::function<void(std::string_view)>& function) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_errno(path, "open");
  std::vector<char> block(kBlockBytes);
  ssize_t count = 0;
  do {
    count = ::read(descriptor, block.data(), block.size());
    if (count > 0) function({block.data(), static_cast<size_t>(count)});
  } while (count > 0 || (count < 0 && errno == EINTR));
  const int error = errno;
  ::close(descriptor);
  errno = error;
  if (count < 0) fail_errno(path, "read");
}

std::string read_file(const std::string& path) {
  std::string text;
  read_blocks(path, [&](std::string_view block) { text += block; });
  return text;
}

uint64_t file_size(const std::string& path) {
  std::error_code code;
  const uint64_t size = std::filesystem::file_size(path, code);
  if (code) fail_code(path, "tell the size", code);
  return size;
}

uint64_t free_bytes(const std::string& folder) {
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0) fail_errno(folder, "tell the free space");
  return uint64_t{info.f_bavail} * info.f_frsize;
}

void remove_stale_temporaries(const std::string& folder, std::string_view name) {
  constexpr std::string_view kMark = ".tmp-";
  std::vector<std::filesystem::path> stale;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    const std::string file = entry.path().filename().string();
    const size_t mark = file.rfind(kMark);
    if (mark == std::string::npos || mark == 0) continue;
    if (!name.empty() && std::string_view(file).substr(0, mark) != name) continue;
    pid_t process = 0;
    const char* const end = file.data() + file.size();
    const auto parsed = std::from_chars(file.data() + mark + kMark.size(), end, process);
    if (parsed.ec != std::errc() || parsed.ptr != end || process <= 0) continue;
    if (::kill(process, 0) != 0 && errno == ESRCH) stale.push_back(entry.path());
  }
  for (const auto& path : stale) std::filesystem::remove_all(path, code);
}

std::string temporary_path(const std::string& path) {
  std::error_code code;
  const std::filesystem::file_status status = std::filesystem::status(path, code);
  return std::filesystem::is_other(status) ? path : cat(path, ".tmp-", ::getpid());
}

void publish_temporary(const std::string& temporary, const std::string& path) {
  if (temporary != path) rename_path(temporary, path);
}

void remove_temporary(const std::string& temporary, const std::string& path) {
  if (temporary != path) ::unlink(temporary.c_str());
}

void write_file_atomic(const std::string& path, std::string_view bytes) {
  const std::string temporary = temporary_path(path);
  try {
    OutputFile file(temporary);
    file.write(bytes);
    file.close();
    publish_temporary(temporary, path);
  } catch (...) {
    remove_temporary(temporary, path);
    throw;
  }
}

OutputFile::OutputFile(const std::string& path, bool append) : path_(path) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
  descriptor_ = ::open(path.c_str(), flags, 0644);
  if (descriptor_ < 0) fail_errno(path, "write");
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  try {
    flush_block();
  } catch (const Error&) {
    // close() is how a caller learns of it
  }
  ::close(descriptor_);
}

void OutputFile::write(std::string_view bytes) {
  block_ += bytes;
  if (block_.size() >= kBlockBytes) flush_block();
}

void OutputFile::flush() { flush_block(); }

void OutputFile::flush_block() {
  size_t done = 0;
  while (done < block_.size()) {
    const ssize_t count = ::write(descriptor_, block_.data() + done, block_.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      block_.erase(0, done);
      fail_errno(path_, "write");
    }
    done += static_cast<size_t>(count);
  }
  block_.clear();
}

void OutputFile::close() {
  flush_block();
  if (::fsync(descriptor_) != 0 && errno != EINVAL) fail_errno(path_, "sync");
  require(still_exists(descriptor_), ErrorKind::kFailure, path_,
          ": expected the file that was written, got none (removed meanwhile)");
  const int result = ::close(descriptor_);
  descriptor_ = -1;
  if (result != 0) fail_errno(path_, "close");
}

MappedFile::MappedFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_errno(path, "open");
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    fail(ErrorKind::kUsage, path, ": expected a regular file, got something else");
  }
  size_ = static_cast<size_t>(info.st_size);
  if (size_ > 0) {
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      ::close(descriptor);
      fail_errno(path, "map");
    }
    data_ = static_cast<const std::byte*>(address);
  }
  ::close(descriptor);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(std::span<const std::byte> part) const {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(part.data()) + page - 1) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(part.data() + part.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept : data_(other.data_), size_(other.size_) {
  other.data_ = nullptr;
  other.size_ = 0;
}

}  // namespace laconic
