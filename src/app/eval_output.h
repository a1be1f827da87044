// What `laconic eval` prints: a block of tables for each task, one line a benchmark at the end, or
// all of it as JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "data/records.h"

namespace laconic {

struct Evaluated {
  Json header;  // "setting" and what else the file says
  std::vector<SampleRecord> records;
};

// The judged replies of every model to one file of problems.
struct EvaluatedTask {
  std::string name;  // of the benchmark; "" for a file of problems
  std::vector<Evaluated> models;
};

// What the models are called in tables: the end of their path, with the adapter's.
std::vector<std::string> system_names(const std::vector<std::string>& folders,
                                      const std::vector<std::string>& adapters);

std::string eval_text(const std::vector<EvaluatedTask>& tasks,
                      const std::vector<std::string>& names, double margin);
// One file of problems: {"setting", "models", "comparison"}; benchmarks: {"benchmarks": [{"name",
// ...the same}]}.
Json eval_json(const std::vector<EvaluatedTask>& tasks, const std::vector<std::string>& names);

}  // namespace laconic
