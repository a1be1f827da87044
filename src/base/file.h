// Files as laconic wants them: read whole or mapped, written so that a reader finds either the old
// file or the complete new one.
//
// Errors: Error(kUsage) for a path that is not there or is no file (ENOENT, ENOTDIR, EISDIR);
// Error(kDisk) when the device is full (ENOSPC, EDQUOT); Error(kFailure) naming path and reason.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace laconic {

bool file_exists(const std::string& path);
bool folder_exists(const std::string& path);
bool path_exists(const std::string& path);  // of whatever kind
// Error(kUsage) "place: expected a model folder, ..." unless `path` is a folder; says how one is
// downloaded.
void require_model_folder(const std::string& path, const std::string& place);
std::string join_path(std::string_view folder, std::string_view name);
std::string file_name(std::string_view path);    // after the last '/'
std::string parent_path(std::string_view path);  // "." where there is none
void make_folders(const std::string& path);
void remove_all(const std::string& path);                          // nothing there is no error
void rename_path(const std::string& from, const std::string& to);  // then fsyncs the parent folder
void sync_folder(const std::string& path);
std::string read_file(const std::string& path);
// The same without holding it: function(block) for a megabyte after another, in order.
void read_blocks(const std::string& path, const std::function<void(std::string_view)>& function);
uint64_t file_size(const std::string& path);
uint64_t free_bytes(const std::string& folder);  // free to this user on the file system of `folder`

// Removes from `folder` what killed processes left: files and folders NAME.tmp-PID whose process no
// longer lives, of every name or of `name` alone. What cannot be removed stays, without an error.
void remove_stale_temporaries(const std::string& folder, std::string_view name = "");

// Where to write a file until it is whole: `path` + ".tmp-<pid>", or `path` itself where that is a
// device, a pipe or a socket, which a rename would replace (/dev/null by a file, as root).
std::string temporary_path(const std::string& path);
void publish_temporary(const std::string& temporary, const std::string& path);  // renames
void remove_temporary(const std::string& temporary, const std::string& path);   // never fails

// Writes under temporary_path, fsyncs and renames. On error the temporary file is removed.
void write_file_atomic(const std::string& path, std::string_view bytes);

// A file being written, under its final name, unbuffered beyond one large block.
class OutputFile {
 public:
  // append: continue an existing file (logs).
  explicit OutputFile(const std::string& path, bool append = false);
  ~OutputFile();  // closes without sync; errors are swallowed: call close() to see them
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  void write(std::string_view bytes);
  void flush();
  void close();  // flush, fsync, close

 private:
  void flush_block();
  std::string path_;
  std::string block_;
  int descriptor_ = -1;
};

// A read-only mapping of a whole file. Moves keep the address.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  // Gives the memory of a part that was read back; it can be read again.
  void release(std::span<const std::byte> part) const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace laconic
