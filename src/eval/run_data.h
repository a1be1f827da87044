// What a run folder holds, read for a report: config.yaml, run.json, choice.json, log.jsonl,
// mixture.jsonl, samples/*.jsonl; or a sample file alone, or a folder of them (`laconic eval
// --out`).
//
// A run that still goes on or was killed can be read: what is missing is left empty, a torn last
// line of a log is dropped. Formats: docs/tldr.md, "Files". Errors:
// Error(kData) `file:line: ...` for any other bad line; Error(kFailure) for a folder without log
// and samples.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/records.h"

namespace laconic {

struct RunData {
  std::string name;    // the folder's, or the file's without .jsonl
  std::string parent;  // of a sample file: its folder's name
  std::string date;    // YYYY-MM-DD, UTC, of the newest file that was read
  std::string config;  // config.yaml as it is
  Json run;            // run.json; null without one
  Json choice;         // choice.json; null without one
  std::vector<Json> steps,
      evals;  // rows of log.jsonl by type; the chosen evaluation has "chosen": true
  std::vector<Json> mixture;
  std::map<std::string, SampleFile> samples;  // by name without .jsonl: "after", "gsm8k/first"

  const SampleFile* find_samples(const std::string& name) const;
  // Replies to the same problems before and after training, both or neither: "before" and "after",
  // else the long bound (or step 0) and the evaluation marked as chosen (or the last one).
  struct Pair {
    const SampleFile* before = nullptr;
    const SampleFile* after = nullptr;
    explicit operator bool() const { return before && after; }
  };
  Pair before_and_after() const;
};

RunData read_run(const std::string& path);

}  // namespace laconic
