// The parts of a report's page. Internal to report*.cc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "eval/html.h"
#include "eval/report.h"
#include "eval/report_sets.h"
#include "eval/run_data.h"
#include "eval/svg.h"

namespace laconic {

// Heading, and one line of model, task, setting and date.
std::string page_header(const ReportInput& input, const ReportSystems& systems);
// What came out, in a row of boxes: tokens, accuracy, whether it is equal. `after`: null for one
// system alone.
std::string result_tiles(const ReportSet& before, const ReportSet* after, double margin);
// Tiles, frontier, lengths and one pair of replies of a benchmark's first system and `after`.
std::string lead_section(const ReportGroup& group, const ReportInput& input);
// The numbers of all systems as JSON, for a file that the page holds.
std::string numbers_json(const ReportSystems& systems, double margin);

// The systems of a benchmark, accuracy against tokens with intervals, and their frontier; the
// margin below the first system as a band, and an arrow from it to after_of().
Chart systems_chart(const ReportGroup& group, double margin);
// Under every budget up to the longest reply that any system gave.
Chart budget_chart(const ReportGroup& group);
Histogram length_histogram(const ReportGroup& group);
// Tokens and accuracy by difficulty; without series where no problem has one.
std::vector<Chart> difficulty_charts(const ReportGroup& group);
// Systems keep their colour through the page; the last colour is not theirs.
int chart_colour(size_t system);
std::string figure_html(const std::string& svg, const std::string& caption);

// Tables and charts of all systems side by side.
std::string comparison_section(const ReportSystems& systems, const ReportInput& input);
// Every reply, to look through: filters, list, one reply beside the first system's. Longer replies
// are cut in their middle.
std::string browser_section(const ReportSystems& systems, size_t max_reply_bytes);
// What the numbers were made with: model, setting and hashes of each system, run.json, config.yaml.
std::string settings_section(const ReportSystems& systems, const std::vector<RunData>& runs);
// The start of a text, cut between characters, with an ellipsis where something is missing.
std::string cut_text(const std::string& text, size_t max_bytes);

// Accuracy against tokens on the development set, the bounds and every evaluation.
Chart frontier_chart(const RunData& run);
// <figure> elements: evaluations, mixture, gains, loss, norm; those with data.
std::string run_figures(const RunData& run);

// A problem with a reply of each of two systems.
struct ReplyPair {
  const SampleRecord* before = nullptr;
  const SampleRecord* after = nullptr;
  int64_t saved() const;
};
// Sample 0 of every problem that both have, the largest saving first.
std::vector<ReplyPair> reply_pairs(const SampleFile& before, const SampleFile& after);
// Of the pairs that are right in both (else of all), the one that saves nearest to `ratio`, after
// to before: what is typical, not what is best. Null in both without one.
ReplyPair typical_pair(const std::vector<ReplyPair>& pairs, double ratio);
// Names of the two systems, for the heads of replies.
struct PairNames {
  std::string before, after;
};
std::string pair_html(const ReplyPair& pair, const PairNames& names);
// Up to `count` problems with the replies side by side.
std::string paired_examples(const std::vector<ReplyPair>& pairs, const PairNames& names,
                            int64_t count);
// Where a reply's thinking ends, in bytes: after the closing tag of a think span; all of a reply
// that never closes one; 0 without thinking.
size_t thinking_end(const SampleRecord& record);
// The closing tags that thinking_end knows.
const std::vector<std::string>& thinking_ends();

// A number of a log row; kNone where the field is absent or no number. `path`: "a" or "a.b".
double number_at(const Json& row, const std::string& path);

}  // namespace laconic
