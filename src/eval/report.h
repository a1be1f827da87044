// Runs and sample files as one self-contained HTML page: what it shows, what came out, how sure
// that is, a pair of replies; then tables, training, every reply, settings and hashes.
//
// Inline SVG, CSS and two scripts (charts and pairs; the browser of replies), without which all
// else still works; nothing is ever loaded, which the page's content policy holds a browser to;
// light and dark by prefers-color-scheme; one column on a phone. Every text that comes from data is
// escaped; replies are packed JSON in inert elements, of which only those looked at are unpacked.
// Pure functions of what run_data.h read; the same runs give the same bytes. Any counts and any
// number of difficulties, systems and reasons: time and size are linear in the replies, tables and
// charts bounded. Files: report.cc (page), report_lead.cc (its head), report_sets.h (what is
// compared), report_tables.h, report_compare.cc (side by side), report_charts.cc (charts of a run),
// report_examples.cc (pairs of replies), report_browser.cc with report_script.h (all replies),
// report_page_script.h (charts and pairs), report_settings.cc, report_text.cc (other forms), svg.h
// (drawing). Errors: Error(kData) from statistics (samples of different problems).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "eval/run_data.h"

namespace laconic {

struct ReportInput {
  std::string title;  // empty: the models
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
