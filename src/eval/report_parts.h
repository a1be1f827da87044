// The parts of a report's page that are about one run. Internal to report*.cc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "eval/report_sets.h"
#include "eval/run_data.h"
#include "eval/svg.h"

namespace laconic {

// Accuracy against tokens, the bounds and every evaluation.
Chart frontier_chart(const RunData& run);
// The systems of a benchmark, accuracy against tokens with intervals, and their frontier.
Chart systems_chart(const ReportGroup& group);
// Systems keep their colour through the page; the last colour is not theirs.
int chart_colour(size_t system);
// Tables and charts of all systems side by side.
std::string comparison_section(const ReportSystems& systems, double margin);
// Every reply, to look through: filters, list, one reply beside the first system's. Longer replies
// are cut in their middle.
std::string browser_section(const ReportSystems& systems, size_t max_reply_bytes);
// The start of a text, cut between characters, with an ellipsis where something is missing.
std::string cut_text(const std::string& text, size_t max_bytes);
// <figure> elements: evaluations, mixture, gains, loss, norm, histograms, difficulty; those with
// data.
std::string run_figures(const RunData& run);
// Up to `count` problems with the replies before and after side by side.
std::string paired_examples(const RunData::Pair& pair, int64_t count);

// A number of a log row; kNone where the field is absent or no number. `path`: "a" or "a.b".
double number_at(const Json& row, const std::string& path);

}  // namespace laconic
