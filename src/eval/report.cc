// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/format.h"
#include "eval/report_parts.h"
#include "eval/report_style.h"
#include "eval/summary.h"

namespace laconic {
namespace {

// Why this checkpoint, and every evaluation with the proof that sampler and trainer had the same
// weights.
std::string evaluations_html(const RunData& run) {
  std::string out;
  if (const Json* why = run.choice.find("explanation"); why && why->is_string())
    out += "<p>Chosen checkpoint: " + escape_html(why->as_string("")) + ".</p>\n";
  if (run.evals.empty()) return out;
  out +=
      "<details><summary>Evaluations in training</summary><div "
      "class=\"scroll\"><table><tr><th>step</th>"
      "<th>accuracy %</th><th>tokens</th><th>truncated %</th><th>replies</th>"
      "<th>sampler to trainer, nats</th><th>weights</th></tr>";
  const auto cell = [](double value, int digits) {
    return "<td>" + (std::isfinite(value) ? fixed(value, digits) : std::string("-")) + "</td>";
  };
  for (const Json& eval : run.evals) {
    const double difference = number_at(eval, "max_logprob_difference");
    char text[32] = "-";
    if (std::isfinite(difference)) std::snprintf(text, sizeof text, "%.2g", difference);
    const Json* hash = eval.find("weight_hash");
    out += "<tr>" + cell(number_at(eval, "step"), 0) + cell(100 * number_at(eval, "accuracy"), 1) +
           cell(number_at(eval, "tokens"), 1) + cell(100 * number_at(eval, "truncated_share"), 1) +
           cell(number_at(eval, "n"), 0) + cat("<td>", text, "</td><td>") +
           escape_html(hash && hash->is_string() ? hash->as_string("").substr(0, 12) : "-") +
           "</td></tr>";
  }
  return out + "</table></div></details>\n";
}

// Of a run's own systems in the group that holds them; null in both without a pair.
struct OwnSets {
  const ReportSet* before = nullptr;
  const ReportSet* after = nullptr;
};

OwnSets own_sets(const ReportSystems& systems, const RunData::Pair& pair) {
  OwnSets out;
  for (const ReportGroup& group : systems.groups)
    for (const ReportSet& set : group.sets) {
      if (set.file == pair.before) out.before = &set;
      if (set.file == pair.after) out.after = &set;
    }
  return out;
}

// What of a run is not side by side above; empty for sample files alone.
std::string run_html(const RunData& run, size_t number, const ReportSystems& systems,
                     const ReportInput& input) {
  std::string out;
  const RunData::Pair pair = run.before_and_after();
  if (pair && number > 0) {
    const OwnSets own = own_sets(systems, pair);
    const Summary before = summarise("before", pair.before->records),
                  after = summarise("after", pair.after->records);
    ReportSet first, second;
    first.name = own.before ? own.before->name : "before";
    first.summary = before;
    second.name = own.after ? own.after->name : "after";
    second.summary = after;
    second.to_first = compare_samples(pair.before->records, pair.after->records);
    out += result_tiles(first, &second, input.margin);
  }
  const std::string figures = run_figures(run);
  if (!figures.empty()) out += "<div class=\"figures\">\n" + figures + "</div>\n";
  out += evaluations_html(run);
  if (pair && input.num_examples > 0) {
    const std::string examples = paired_examples(reply_pairs(*pair.before, *pair.after),
                                                 {"before", "after"}, input.num_examples);
    if (!examples.empty())
      out +=
          heading(3, cat("run-", number + 1, "-replies"), "Replies, before and after") + examples;
  }
  if (out.empty()) return "";
  return cat("<section>", heading(2, cat("run-", number + 1), "Training: " + run.name), out,
             "</section>\n");
}

struct Part {
  std::string id, name;
};

std::string navigation(const std::vector<Part>& parts) {
  std::string out = "<nav aria-label=\"Parts of this page\">";
  for (const Part& part : parts)
    out += cat("<a href=\"#", part.id, "\">", escape_html(cut_text(part.name, 40)), "</a>");
  return out + "</nav>\n";
}

std::string page_start(const std::string& title) {
  return cat(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ",
      "'unsafe-inline'; script-src 'unsafe-inline'\"><title>", escape_html(title),
      "</title><style>", kReportStyle, "</style></head>\n<body>\n");
}

}  // namespace

std::string write_report(const ReportInput& input) {
  require(!input.runs.empty(), ErrorKind::kUsage, "report: expected at least one run, got none");
  const ReportSystems systems = report_systems(input.runs);
  std::vector<Part> parts;
  for (const ReportGroup& group : systems.groups)
    parts.push_back(group.benchmark.empty() ? Part{"result", "Result"}
                                            : Part{slug(group.benchmark), group.benchmark});
  std::string runs;
  for (size_t i = 0; i < input.runs.size(); ++i) {
    const std::string html = run_html(input.runs[i], i, systems, input);
    if (!html.empty()) parts.push_back({cat("run-", i + 1), "Training: " + input.runs[i].name});
    runs += html;
  }
  const bool browse = input.browse && !systems.groups.empty();
  if (browse) parts.push_back({"replies", "All replies"});
  parts.push_back({"settings", "Settings"});
  std::string out = page_start(input.title.empty() ? "laconic report" : input.title) +
                    page_header(input, systems) + navigation(parts) + "<main>\n" +
                    comparison_section(systems, input) + runs;
  if (browse) out += browser_section(systems, static_cast<size_t>(input.max_reply_bytes));
  out += settings_section(systems, input.runs);
  if (!systems.groups.empty())
    out += "<p class=\"note\">All numbers of all systems: " +
           download_link("report.json", "application/json", numbers_json(systems, input.margin),
                         "JSON") +
           "</p>\n";
  return out + "</main></body></html>\n";
}

}  // namespace laconic
