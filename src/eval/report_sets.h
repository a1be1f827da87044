// What a report sets side by side: systems (a model under a setting) on benchmarks, from runs and
// sample files.
//
// Of a run with replies before and after training: "before" and "after", and the bounds where they
// are of the same problems; of any other: every sample file. A file's benchmark is what its header
// says ("benchmark", as `laconic eval --bench` writes it); without such headers files that share
// problems are of one benchmark, and the folder, file or run name that they have in common, and no
// other benchmark has, is its name: MODEL/BENCHMARK.jsonl and BENCHMARK/MODEL.jsonl alike. What is
// left of the names is the system. The first system is the one that the others are compared
// with, in pairs, on the problems that both have. A system whose weights and setting came already
// is not shown twice. Files: report_names.cc (who is who), report_sets.cc. Errors: none beyond
// those of statistics. Points into the runs, which must outlive the result.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/run_data.h"
#include "eval/summary.h"

namespace laconic {

// The replies of one system to one benchmark.
struct ReportSet {
  size_t system = 0;  // its colour, too
  std::string name;   // of the system
  const SampleFile* file = nullptr;
  const RunData* run = nullptr;
  bool is_bound = false;  // of a training run, neither before nor after it
  Summary summary;
  std::vector<GroupSummary> levels;    // by difficulty, at most kMaxLevels
  std::optional<Comparison> to_first;  // nothing for the first, or without a common problem
  bool on_frontier =
      false;  // no other set is as right with fewer tokens, or more right with as few
};

struct ReportGroup {
  std::string benchmark;  // may be empty
  std::vector<ReportSet> sets;
};

struct ReportSystems {
  std::vector<std::string> names;
  std::vector<ReportGroup> groups;  // a benchmark each
};

struct NamedFile {
  std::string system, benchmark;
  const SampleFile* file = nullptr;
  const RunData* run = nullptr;
  bool is_bound = false;
};
std::vector<NamedFile> name_files(const std::vector<RunData>& runs);

ReportSystems report_systems(const std::vector<RunData>& runs);

// What the page's head compares with the first: a run's own "after"; of others the one with the
// fewest tokens among those at equal accuracy, or among all. Null without one.
const ReportSet* after_of(const ReportGroup& group, double margin);

// The model's name as its replies' header or its run tells it; may be empty.
std::string model_of(const ReportSet& set);

// The difficulties of all sets in order, each once.
std::vector<std::string> levels_of(const ReportGroup& group);

// Sentences about settings that differ between sets which are compared: cap, temperature, ...
std::vector<std::string> setting_warnings(const ReportGroup& group);

}  // namespace laconic
