// Runs as one self-contained HTML page: what changed, by how much, how sure, and what the replies
// look like.
//
// Inline SVG and CSS only, no network, no script; light and dark by prefers-color-scheme; one
// column on a phone. Every text that comes from data is escaped. Pure functions of what run_data.h
// read; the same runs give the same bytes. Files: report.cc (page), report_charts.cc (charts of a
// run), report_examples.cc (paired replies), svg.h (drawing). Errors: Error(kData) from statistics
// (samples of different problems).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "eval/run_data.h"

namespace laconic {

struct ReportInput {
  std::string title = "laconic report";
  std::vector<RunData> runs;
  double margin = 0.02;  // accuracy that may be lost in "equal accuracy"
  int64_t num_examples = 6;
};

std::string write_report(const ReportInput& input);

// The same numbers as text, at most 100 columns wide.
std::string report_table(const ReportInput& input);

}  // namespace laconic
