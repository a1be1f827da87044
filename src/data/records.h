// One sampled and judged reply: a line of samples/*.jsonl, and what statistics, choice and report
// read.
//
// Counts are of sampled ids, the stop id too; thinking and answer tokens are counted from ids as
// well (thinking includes its closing tag; what stands outside the think span is answer). A file
// starts with a header line {"type": "header", ...} that tells the sampler setting. Errors:
// Error(kData) `file:line: field: expected X, got Y`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace laconic {

// What budget forcing did to a reply (docs/sampling.md).
struct ControlRecord {
  int64_t num_forced_tokens = 0;  // of the reply's
  int64_t num_extensions = 0;     // ends of thinking that were taken back
  bool capped = false;            // an end of thinking was forced
  bool within_budget = false;     // thinking has ended, and within its budget
};

struct SampleRecord {
  std::string id;          // of the problem
  int64_t sample_idx = 0;  // which of its samples
  std::string problem;     // for pages; may be empty
  std::string gold;
  std::string completion;  // text, special ids left out
  int64_t num_tokens = 0;
  int64_t num_thinking_tokens = 0;
  int64_t num_answer_tokens = 0;
  std::string finish_reason;  // "stop" or "length"
  std::string think_state;    // "closed", "unterminated", "none", "empty"
  std::string verdict;        // "right", "wrong", "undecided"
  std::string reason;
  std::string extracted;
  std::string difficulty;  // the row's difficulty or level as text; empty where it has none
  std::optional<ControlRecord> control = {};  // of a reply that was steered

  bool right() const { return verdict == "right"; }
  bool truncated() const { return finish_reason == "length"; }
};

struct SampleFile {
  Json header;
  std::vector<SampleRecord> records;
};

Json control_to_json(const ControlRecord& control);
Json record_to_json(const SampleRecord& record);
SampleRecord record_from_json(const Json& row, const std::string& place);

// A sampler setting as it is spelled now: files of earlier versions say
// "sampler_seed" for "seed".
void spell_setting(Json& setting);

// The header's "setting" is spelled as it is now, however old the file is.
SampleFile read_sample_file(const std::string& path);
std::string sample_file_text(const SampleFile& file);
// Whole or absent: temporary name, fsync, rename.
void write_sample_file(const std::string& path, const SampleFile& file);

}  // namespace laconic
