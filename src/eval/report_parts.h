// The parts of a report's page that are about one run. Internal to report*.cc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "eval/run_data.h"
#include "eval/svg.h"

namespace laconic {

// Accuracy against tokens, the bounds and every evaluation.
Chart frontier_chart(const RunData& run);
// Before and after of several runs in one chart.
Chart runs_chart(const std::vector<RunData>& runs);
// <figure> elements: evaluations, mixture, gains, loss, norm, histograms, difficulty; those with
// data.
std::string run_figures(const RunData& run);
// Up to `count` problems with the replies before and after side by side.
std::string paired_examples(const RunData::Pair& pair, int64_t count);

// A number of a log row; kNone where the field is absent or no number. `path`: "a" or "a.b".
double number_at(const Json& row, const std::string& path);

}  // namespace laconic
