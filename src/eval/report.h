// Runs and sample files as one self-contained HTML page: systems side by side, what changed, by how
// much, how sure, and what the replies look like.
//
// Inline SVG, CSS and one script (the browser of replies; all else works without); nothing is ever
// loaded, which the page's content policy holds a browser to; light and dark by
// prefers-color-scheme; one column on a phone. Every text that comes from data is escaped; replies
// are packed JSON in inert elements, of which only those looked at are unpacked. Pure functions of
// what run_data.h read; the same runs give the same bytes. Files: report.cc (page), report_sets.h
// (what is compared), report_tables.h, report_compare.cc (side by side), report_browser.cc and
// report_script.h (replies), report_charts.cc (charts of a run), report_examples.cc (paired
// replies), report_text.cc (other forms), svg.h (drawing). Errors: Error(kData) from statistics
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
  bool browse = true;               // hold every reply
  int64_t max_reply_bytes = 20000;  // longer ones are cut in their middle
};

std::string write_report(const ReportInput& input);

// The same numbers as text, at most 100 columns wide.
std::string report_table(const ReportInput& input);
// The tables of the page; LaTeX needs \\usepackage{booktabs}.
std::string report_markdown(const ReportInput& input);
std::string report_latex(const ReportInput& input);

}  // namespace laconic
