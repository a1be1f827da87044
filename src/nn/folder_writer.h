// A folder that appears whole or not at all: model folders, checkpoints and adapters are written
// through it.
//
// Files go to FOLDER.tmp-PID beside the target, each fsynced; manifest.json (sizes and hashes)
// comes last, then the folder takes its name, swapping places with what laconic wrote there before.
// An error removes the temporary folder and leaves the target as it was. Errors: Error(kDisk) when
// the device is full; Error(kUsage) when the target holds something that laconic did not write.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace laconic {

class FolderWriter {
 public:
  // `target` without a slash at its end; its parent is made.
  explicit FolderWriter(const std::string& target);
  ~FolderWriter();
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  const std::string& folder() const { return temporary_; }  // what to write into until publish()
  void add(const std::string& name, std::string_view bytes);
  // The hash (hex) of a file that was hashed while it was written.
  void record(const std::string& name, const std::string& hash) { hashes_[name] = hash; }
  void publish();

 private:
  void write_manifest();
  std::string target_, temporary_;
  std::map<std::string, std::string> hashes_;
};

std::string without_slash(std::string path);
// Error(kUsage) unless `folder` is free, empty, or laconic's own, and another than `source` (may be
// empty).
void check_target(const std::string& folder, const std::string& source);

bool has_manifest(const std::string& folder);
// Throws Error(kModel) at the first file that is missing, or whose size or hash differs.
void verify_manifest(const std::string& folder);

}  // namespace laconic
