// TensorBoard event files of a run, beside its log.jsonl: every number of a log row as a scalar.
//
// RUN/events.out.tfevents.<seconds>.<number>.laconic, a new file for each process that works on the
// run, as TensorBoard expects it. Tags: train/..., eval/..., mixture/... and the row's own names,
// "train/row_share/short" for nested ones. Like the logs, the files are part of every checkpoint by
// their length: resuming cuts what is behind it (torn tails too), removes later files, and opens
// the new one with a session start, on which a TensorBoard that is looking forgets the steps cut
// off. A full disk costs scalars, never the run: log.jsonl warns of it. Errors: Error(kFailure)
// where a file cannot be cut.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace laconic {

class EventLog {
 public:
  // Not enabled: appends nothing; what earlier processes wrote is still cut and counted.
  EventLog(std::string folder, bool enabled) : folder_(std::move(folder)), enabled_(enabled) {}
  // The numbers of a row with a "step", under TAG/.
  void append(const Json& row, const std::string& tag);
  // Brings every event to the disk; the bytes of all files so far.
  int64_t sync();
  // Cuts the files to their first `size` bytes; events from here on follow `step`.
  void restore(int64_t size, int64_t step);

 private:
  std::vector<std::string> paths() const;  // in the order of writing
  void open();
  std::string folder_;
  bool enabled_;
  int64_t start_step_ = 0;
  std::string path_;  // of this process; empty until the first event
  std::unique_ptr<OutputFile> file_;
};

}  // namespace laconic
