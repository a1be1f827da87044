// What `laconic eval` measures on: one file of problems, or named benchmarks, each with the sampler
// setting that holds for it.
//
// The effective setting: what was given on the command line or in the YAML file, else the preset's
// (with --bench: r1 unless --preset says otherwise), else generation_config.json's, else
// MeasureOptions' defaults.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/dev_set.h"           // MeasureSettings
#include "app/measure_settings.h"  // MeasureOptions
#include "base/json.h"
#include "base/settings.h"
#include "data/rows.h"  // Problem

namespace laconic {

struct EvalSource {
  std::string data;                // JSONL of problems; or
  std::vector<std::string> bench;  // names of benchmarks
  std::string data_dir = ".";
  std::string model_folder;  // whose generation_config.json counts; "" for a served model
  std::string preset, instruction, bad_rows = "fail";
  std::string answer_from = "box,hashes";
  bool count_thinking = false;
  int64_t limit = 0;
  MeasureOptions measure;

  void add_to(Settings& settings);
};

struct EvalTask {
  std::string name;    // of the benchmark; "" for a file of problems
  std::string preset;  // "" without one
  std::vector<Problem> problems;
  int64_t num_bad_rows = 0;
  MeasureSettings measure;
};

// Reads every file before anything is sampled. `all` knows which settings were given. Error(kUsage)
// unless exactly one of data and bench is there.
std::vector<EvalTask> read_eval_tasks(const EvalSource& source, const Settings& all);

}  // namespace laconic
