// The tables of a report, for every form it takes: page, text, Markdown, LaTeX.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "eval/report_sets.h"
#include "eval/table.h"

namespace laconic {

// A row a system: equal accuracy or not, accuracy and tokens with intervals, difference and ratio
// to the first.
Table comparison_table(const ReportGroup& group, double margin);
// A row a system, accuracy and tokens on every benchmark and their plain means.
Table benchmark_table(const ReportSystems& systems);
// Accuracy and tokens of every system by difficulty; no rows where no problem has one.
Table difficulty_table(const ReportGroup& group);
// Accuracy of every system under budgets that double, up to the longest reply.
Table budget_table(const ReportGroup& group);
// Everything that summary.h measures, a column a system.
Table measures_table(const ReportGroup& group);
// Why replies were judged as they were: replies by verdict and reason code.
Table reasons_table(const ReportGroup& group);

}  // namespace laconic
