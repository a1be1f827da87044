// What a report sets side by side: systems (a model under a setting) on benchmarks, from runs and
// sample files.
//
// Of a run with replies before and after training: "before" and "after" (and the bounds); of any
// other: every sample file; files of one name whose headers name a "benchmark" are one system (so
// `laconic eval --bench` writes them). The first system is the one that the others are compared
// with, in pairs, on the problems that both have. A system whose weights and setting came already
// is not shown twice. Errors: none beyond those of statistics. Points into the runs, which must
// outlive the result.
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
  Summary summary;
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

ReportSystems report_systems(const std::vector<RunData>& runs);

// Sentences about settings that differ between sets which are compared: cap, temperature, ...
std::vector<std::string> setting_warnings(const ReportGroup& group);

}  // namespace laconic
