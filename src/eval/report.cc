// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/format.h"
#include "eval/report_parts.h"
#include "eval/report_style.h"
#include "eval/report_tables.h"
#include "eval/summary.h"

namespace laconic {
namespace {

std::string range(const Interval& interval, double scale, int digits) {
  if (!std::isfinite(interval.low) || !std::isfinite(interval.high))
    return "interval unknown with one problem";
  return cat("95 % interval ", fixed(scale * interval.low, digits), " to ",
             fixed(scale * interval.high, digits));
}

std::string tile(const std::string& label, const std::string& value, const std::string& note) {
  return cat("<div class=\"tile\"><span class=\"muted\">", escape_html(label), "</span><b>",
             escape_html(value), "</b><span class=\"muted\">", escape_html(note), "</span></div>");
}

std::string headline(const RunData::Pair& pair, double margin) {
  const Comparison comparison = compare_samples(pair.before->records, pair.after->records);
  const Summary before = summarise("before", pair.before->records),
                after = summarise("after", pair.after->records);
  const double saved = 100 * (1 - comparison.token_ratio.ratio);
  const bool equal = comparison.within_margin(margin);
  std::string out = "<div class=\"tiles\">";
  out += tile(saved >= 0 ? "fewer tokens" : "more tokens", fixed(std::abs(saved), 1) + " %",
              cat(fixed(before.tokens.mean, 0), " \u2192 ", fixed(after.tokens.mean, 0),
                  " a reply; ratio ", range(comparison.token_ratio.interval, 1, 2)));
  out += tile("accuracy difference",
              cat(comparison.accuracy.mean >= 0 ? "+" : "\u2212",
                  fixed(std::abs(100 * comparison.accuracy.mean), 1), " points"),
              range(comparison.accuracy.interval, 100, 1) + ", paired");
  out += tile("accuracy",
              cat(fixed(100 * before.accuracy.mean, 1), " % \u2192 ",
                  fixed(100 * after.accuracy.mean, 1), " %"),
              cat(before.accuracy.num_problems, " problems, ", before.accuracy.num_samples, " and ",
                  after.accuracy.num_samples, " replies"));
  out += tile("equal accuracy", equal ? "shown" : "not shown",
              cat("the interval's lower end ", equal ? "clears" : "does not clear", " a margin of ",
                  fixed(100 * margin, 1), " points"));
  return out + "</div>\n";
}

std::string facts_html(const RunData& run) {
  std::string out;
  if (run.run.is_object()) {
    out +=
        "<details><summary>Machine and version (run.json)</summary><div class=\"scroll\"><table>";
    for (const auto& [key, value] : run.run.as_object(run.name))
      out += cat("<tr><td>", escape_html(key), "</td><td>",
                 escape_html(value.is_string() ? value.as_string("") : value.dump()), "</td></tr>");
    out += "</table></div></details>\n";
  }
  if (!run.config.empty())
    out += "<details><summary>Settings (config.yaml)</summary><pre tabindex=\"0\">" +
           escape_html(run.config) + "</pre></details>\n";
  return out;
}

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

// Empty for sample files alone: all about them is side by side above.
std::string run_html(const RunData& run, const ReportInput& input) {
  const RunData::Pair pair = run.before_and_after();
  std::string out = pair ? headline(pair, input.margin) : "";
  const std::string figures = run_figures(run);
  if (!figures.empty()) out += "<div class=\"figures\">\n" + figures + "</div>\n";
  out += evaluations_html(run);
  const std::string examples = pair ? paired_examples(pair, input.num_examples) : "";
  if (!examples.empty()) out += "<h3>Replies, before and after</h3>\n" + examples;
  out += facts_html(run);
  return out.empty() ? ""
                     : cat("<section><h2>", escape_html(run.name), "</h2>\n", out, "</section>\n");
}

}  // namespace

std::string write_report(const ReportInput& input) {
  require(!input.runs.empty(), ErrorKind::kUsage, "report: expected at least one run, got none");
  const ReportSystems systems = report_systems(input.runs);
  std::string out =
      cat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">",
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ",
          "'unsafe-inline'; script-src 'unsafe-inline'\"><title>", escape_html(input.title),
          "</title><style>", kReportStyle, "</style></head>\n<body><h1>", escape_html(input.title),
          "</h1>\n");
  out += comparison_section(systems, input.margin);
  for (const RunData& run : input.runs) out += run_html(run, input);
  if (input.browse && !systems.groups.empty())
    out += browser_section(systems, static_cast<size_t>(input.max_reply_bytes));
  return out + "</body></html>\n";
}

}  // namespace laconic
