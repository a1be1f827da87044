// RUN/ on disk: config.yaml, run.json, append-only logs, samples/, checkpoint-N/, model/,
// report.html.
//
// A log is a JSONL file whose length is part of every checkpoint: resuming cuts it back to that
// length, so that a killed run and an uninterrupted one leave the same rows. A torn last line is
// cut the same way. Errors: Error(kUsage) when the folder holds another run; Error(kDisk) on a full
// device.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/json.h"

namespace laconic {

class EventLog;

class JsonLog {
 public:
  explicit JsonLog(std::string path) : path_(std::move(path)) {}
  // Appends a row and hands it to the operating system. On a full disk rows wait in memory, which
  // is said once.
  void append(const Json& row);
  // Rows go to TensorBoard's event files too, under the tag that their "type" has: step -> train,
  // eval -> eval; without a type under `tag`. `events` must outlive this.
  void mirror_to(EventLog* events, std::string tag);
  // Brings every row so far to the disk (fsync) and returns the file's size: what a checkpoint
  // counts on must survive a power cut with it. Error(kDisk) while there is no space.
  int64_t sync();
  int64_t size_bytes() const;  // of the file
  // Cuts the file to `size` bytes (0 removes the content). Error(kData) when it is shorter than
  // that.
  void truncate(int64_t size);

 private:
  std::string path_;
  std::unique_ptr<OutputFile> file_;
  bool warned_ = false;
  EventLog* events_ = nullptr;
  std::string tag_;
};

// What must be the same for a folder's run to be continued: a Json object compared as a whole.
struct RunIdentity {
  std::string command;  // "tldr"
  Json settings;        // those that decide the result
};

class RunFolder {
 public:
  // Opens or makes `path`. A folder of another run is refused, naming the first setting that
  // differs; but for a larger max_steps, which makes the run longer and is said; so is one in which
  // another process works (RUN/run.lock, freed by the system when the process ends). What killed
  // processes left half-written is removed.
  RunFolder(const std::string& path, const RunIdentity& identity, const std::string& config_yaml);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return join_path(path_, name); }
  std::string checkpoint(int64_t step) const;
  bool existed() const { return existed_; }
  // Error(kFailure) when the folder was removed or replaced since: nothing that is written into
  // what is there now would ever be a run.
  void require_there() const;

 private:
  void lock();
  void check_identity(const RunIdentity& identity, const std::string& config_yaml) const;
  std::string path_;
  bool existed_ = false;
  int lock_ = -1;
};

// Version, commit, machine, libtorch, threads: what reproducing a number needs to know.
Json describe_machine();

// Error(kDisk) unless the file system of `folder` has `bytes` free; `what` is named in the message.
void require_free_space(const std::string& folder, uint64_t bytes, const std::string& what);

}  // namespace laconic
