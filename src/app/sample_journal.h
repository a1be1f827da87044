// Judged replies on disk while a measurement runs, so that a killed one goes on at the next sample.
//
// FILE.partial holds a header line and a line for each reply as it is judged, handed to the system
// at once; when all are there FILE is written whole (data/records.h) and FILE.partial removed. The
// same command then finds FILE. A torn last line of FILE.partial is cut off. What must agree is the
// header's "identity"; a file of another one is Error(kUsage) that names the first difference; so
// is a file that another process works on. Without a path nothing is kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "data/records.h"

namespace laconic {

class OutputFile;

struct JournalEntry {
  SampleRecord record;
  // Of the replies whose log-probabilities are computed again at the end; else empty.
  std::vector<int32_t> ids;
  std::vector<float> logprobs;
  std::string counted_by;  // who counted the tokens of a served reply; "" for local sampling
};

class SampleJournal {
 public:
  // `path`: the finished file's; "": keep nothing. `identity`: what the replies depend on.
  SampleJournal(std::string path, Json identity);
  ~SampleJournal();
  SampleJournal(const SampleJournal&) = delete;
  SampleJournal& operator=(const SampleJournal&) = delete;

  // Whether an earlier call had finished; its file.
  bool finished() const { return finished_; }
  const SampleFile& file() const { return file_; }

  size_t num_found() const { return found_.size(); }
  // The reply that an earlier call left, or nullptr.
  const JournalEntry* find(const std::string& id, int64_t sample_idx) const;
  void add(const JournalEntry& entry);
  // `header` gets "identity"'s members beside its own.
  void finish(const Json& header, const std::vector<SampleRecord>& records);

 private:
  void lock();
  void check_identity(const Json& header, const std::string& place) const;
  void read_partial();
  std::string path_, partial_;
  Json identity_;
  bool finished_ = false;
  SampleFile file_;
  std::map<std::pair<std::string, int64_t>, JournalEntry> found_;
  std::unique_ptr<OutputFile> out_;
  int lock_ = -1;
};

}  // namespace laconic
