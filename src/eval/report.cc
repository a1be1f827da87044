// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

#include <cmath>
#include <cstdio>
#include <map>

#include "base/error.h"
#include "eval/report_parts.h"
#include "eval/report_style.h"
#include "eval/summary.h"

namespace laconic {
namespace {

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

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

std::string cell_html(std::string text) {
  const size_t sign = text.find(" +- ");
  if (sign != std::string::npos) text.replace(sign, 4, " \u00b1 ");
  return escape_html(text);
}

// A text table with cells two spaces apart, as an HTML table.
std::string html_table(const std::string& text) {
  std::string out = "<div class=\"scroll\"><table>";
  bool head = true;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const char* tag = head ? "th" : "td";
    out += "<tr>";
    if (line.starts_with(' ')) out += cat("<", tag, "></", tag, ">");
    for (size_t i = line.find_first_not_of(' '); i < line.size();) {
      const size_t gap = std::min(line.find("  ", i), line.size());
      out += cat("<", tag, ">", cell_html(line.substr(i, gap - i)), "</", tag, ">");
      i = line.find_first_not_of(' ', gap);
    }
    out += "</tr>";
    head = false;
  }
  return out + "</table></div>\n";
}

std::vector<Summary> summaries_of(const RunData& run) {
  std::vector<Summary> out;
  for (const char* name : {"long-bound", "short-bound"}) {
    if (const SampleFile* file = run.find_samples(name))
      out.push_back(summarise(name, file->records));
  }
  if (const RunData::Pair pair = run.before_and_after()) {
    if (pair.before != run.find_samples("long-bound"))
      out.push_back(summarise("before", pair.before->records));
    out.push_back(summarise("after", pair.after->records));
  }
  if (!out.empty()) return out;
  for (const auto& [name, file] : run.samples) {
    if (out.size() < 4 && !file.records.empty()) out.push_back(summarise(name, file.records));
  }
  return out;
}

std::string difficulty_text(const RunData::Pair& pair) {
  const std::vector<std::string> names = {"before", "after"};
  const std::vector<std::vector<GroupSummary>> sets = {
      summarise_by_difficulty(pair.before->records), summarise_by_difficulty(pair.after->records)};
  return difficulty_table(names, sets);
}

// The settings that the numbers stand for, each with the sets of samples made under it.
std::string settings_html(const RunData& run) {
  std::map<std::string, std::string> names_by_setting;
  for (const auto& [name, file] : run.samples) {
    const std::string setting = setting_text(file.header);
    if (setting.empty() || name.starts_with("step-")) continue;
    std::string& names = names_by_setting[setting];
    names += (names.empty() ? "" : ", ") + name;
  }
  std::string out;
  for (const auto& [setting, names] : names_by_setting)
    out += cat("<p class=\"muted\">", escape_html(names), ": ", escape_html(setting), "</p>\n");
  return out;
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

std::string run_html(const RunData& run, const ReportInput& input) {
  std::string out = "<section><h2>" + escape_html(run.name) + "</h2>\n";
  const RunData::Pair pair = run.before_and_after();
  if (pair) out += headline(pair, input.margin);
  out += settings_html(run);
  out += "<div class=\"figures\">\n" + run_figures(run) + "</div>\n";
  const std::vector<Summary> summaries = summaries_of(run);
  if (!summaries.empty())
    out += "<h3>Numbers</h3>" + html_table(summary_table(summaries)) +
           "<p class=\"muted\">\u00b1 is one standard error, clustered by problem.</p>";
  const std::string difficulty = pair ? difficulty_text(pair) : "";
  if (!difficulty.empty()) out += "<h3>By difficulty</h3>" + html_table(difficulty);
  out += evaluations_html(run);
  const std::string examples = pair ? paired_examples(pair, input.num_examples) : "";
  if (!examples.empty()) out += "<h3>Replies, before and after</h3>\n" + examples;
  return out + facts_html(run) + "</section>\n";
}

}  // namespace

std::string write_report(const ReportInput& input) {
  require(!input.runs.empty(), ErrorKind::kUsage, "report: expected at least one run, got none");
  std::string out =
      cat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">",
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>",
          escape_html(input.title), "</title><style>", kReportStyle, "</style></head>\n<body><h1>",
          escape_html(input.title), "</h1>\n");
  if (input.runs.size() > 1)
    out += "<div class=\"figures\"><figure>" + draw_chart(runs_chart(input.runs)) +
           "</figure></div>\n";
  for (const RunData& run : input.runs) out += run_html(run, input);
  return out + "</body></html>\n";
}

std::string report_table(const ReportInput& input) {
  std::string out;
  for (const RunData& run : input.runs) {
    out += run.name + "\n";
    const std::vector<Summary> summaries = summaries_of(run);
    if (!summaries.empty()) out += summary_table(summaries);
    if (const RunData::Pair pair = run.before_and_after()) {
      const std::string difficulty = difficulty_text(pair);
      if (!difficulty.empty()) out += "\n" + difficulty;
      out += "\n" + comparison_text(compare_samples(pair.before->records, pair.after->records),
                                    input.margin);
    }
    out += "\n";
  }
  return out;
}

}  // namespace laconic
