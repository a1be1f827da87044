// The head of a report's page: what it is about, and what came out.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "eval/paired_tests.h"
#include "eval/report_parts.h"

namespace laconic {
namespace {

struct Tile {
  std::string label, value, note;
  const char* kind = "";  // a further class
};

std::string tile_html(const Tile& tile) {
  return cat("<div class=\"tile ", tile.kind, "\"><span>", escape_html(tile.label), "</span><b>",
             escape_html(tile.value), "</b><span>", escape_html(tile.note), "</span></div>");
}

std::string signed_text(double value, int digits) {
  const std::string size = fixed(std::abs(value), digits);
  const bool is_zero = size.find_first_not_of("0.") == std::string::npos;
  return (is_zero ? "" : value > 0 ? "+" : "\u2212") + size;
}

std::string range(const Interval& interval, double scale, int digits) {
  if (!std::isfinite(interval.low) || !std::isfinite(interval.high))
    return "interval unknown with one problem";
  const auto end = [&](double value) {
    return value < 0 ? signed_text(scale * value, digits) : fixed(scale * value, digits);
  };
  return cat("95 % interval ", end(interval.low), " to ", end(interval.high));
}

// "51 % fewer tokens": whole percents, unless that would say 0 or 100.
std::string saving_text(double ratio) {
  const double saved = 100 * (1 - ratio);
  if (!std::isfinite(saved)) return "tokens unknown";
  const bool is_fine = std::abs(saved) >= 0.95 && std::abs(saved) < 99.5;
  return cat(fixed(std::abs(saved), is_fine ? 0 : 1), " % ", saved >= 0 ? "fewer" : "more",
             " tokens");
}

std::string percent(double share) { return fixed(100 * share, 1) + " %"; }

std::string replies_text(const Summary& s) {
  return cat(s.accuracy.num_problems, " problems, ", s.accuracy.num_samples, " replies");
}

Tile verdict_tile(const Comparison& comparison, double margin) {
  const std::string points = fixed(100 * margin, 1);
  switch (judge_margin(comparison.accuracy.interval, margin)) {
    case MarginVerdict::kNotInferior:
      return {"equal accuracy", "shown",
              cat("the interval's lower end clears a margin of ", points, " points"), "yes"};
    case MarginVerdict::kInferior:
      return {"equal accuracy", "lost",
              cat("the whole interval is below \u2212", points, " points"), "no"};
    case MarginVerdict::kUndecided:
      break;
  }
  return {"equal accuracy", "not shown",
          cat("the interval's lower end does not clear a margin of ", points, " points"), "no"};
}

const char* verdict_phrase(const Comparison& comparison, double margin) {
  switch (judge_margin(comparison.accuracy.interval, margin)) {
    case MarginVerdict::kNotInferior:
      return "at equal accuracy";
    case MarginVerdict::kInferior:
      return "at lower accuracy";
    case MarginVerdict::kUndecided:
      break;
  }
  return "equal accuracy not shown";
}

std::string models_text(const ReportGroup& group, const ReportSet* after) {
  const std::string first = model_of(group.sets.front()), second = after ? model_of(*after) : "";
  if (after && after->run == group.sets.front().run && after->run->before_and_after())
    return first.empty() ? after->run->name : cat(first, " \u2192 ", after->run->name);
  if (!after) return first.empty() ? group.sets.front().name : first;
  if (first.empty() || second.empty() || first == second)
    return cat(group.sets.front().name, " \u2192 ", after->name);
  return cat(first, " \u2192 ", second);
}

std::string task_text(const ReportGroup& group) {
  const Summary& s = group.sets.front().summary;
  std::string out = group.benchmark.empty() ? "" : group.benchmark + ": ";
  out += cat(s.accuracy.num_problems, " problems");
  if (s.k > 1) out += cat(" \u00d7 ", s.k, " replies");
  for (const auto& [field, name] :
       {std::pair("temperature", "temperature "), std::pair("max_new_tokens", "at most ")}) {
    const Json& header = group.sets.front().file->header;
    const Json* setting = header.find("setting");
    const Json* value = setting ? setting->find(field) : header.find(field);
    if (!value || !value->is_number()) continue;
    out += cat(", ", name, value->dump(), name[0] == 'a' ? " tokens" : "");
  }
  return out;
}

std::string example_html(const ReportGroup& group, const ReportSet& after) {
  const std::vector<ReplyPair> pairs = reply_pairs(*group.sets.front().file, *after.file);
  const ReplyPair pair = typical_pair(pairs, after.to_first->token_ratio.ratio);
  if (!pair.before) return "";
  return heading(3, slug("a typical pair " + group.benchmark), "A typical pair of replies") +
         "<p class=\"note\">Of the problems that both answer right, the one whose saving is "
         "nearest "
         "to the mean.</p>\n<div class=\"example\">" +
         pair_html(pair, {group.sets.front().name, after.name}) + "</div>\n";
}

Json interval_json(const Interval& interval) {
  Json out = Json::array();
  for (const double end : {interval.low, interval.high})
    out.push_back(std::isfinite(end) ? Json(end) : Json());
  return out;
}

}  // namespace

std::string page_header(const ReportInput& input, const ReportSystems& systems) {
  std::string title = input.title, meta;
  std::string date;
  for (const RunData& run : input.runs) date = std::max(date, run.date);
  if (!systems.groups.empty()) {
    const ReportGroup& group = systems.groups.front();
    if (title.empty()) title = models_text(group, after_of(group, input.margin));
    for (const ReportGroup& each : systems.groups)
      meta += (meta.empty() ? "" : "; ") + task_text(each);
  }
  if (title.empty()) title = input.runs.front().name;
  if (!date.empty()) meta += (meta.empty() ? "" : ". ") + date;
  return cat("<header><h1>", escape_html(title), "</h1>\n<p class=\"meta\">", escape_html(meta),
             "</p></header>\n");
}

std::string result_tiles(const ReportSet& before, const ReportSet* after, double margin) {
  std::vector<Tile> tiles;
  const Summary& first = before.summary;
  if (!after) {
    tiles = {{before.name, percent(first.accuracy.mean),
              cat("right; ", range(first.accuracy_interval, 100, 1)), "lead"},
             {"tokens a reply", fixed(first.tokens.mean, 0), range(first.all.mean_interval, 1, 0)},
             {"truncated", percent(first.truncated.mean), "of replies ran into the cap"},
             {"sample", cat(first.accuracy.num_problems, " problems"), replies_text(first)}};
  } else {
    const Comparison& comparison = *after->to_first;
    const Summary& second = after->summary;
    tiles = {
        {cat(before.name, " \u2192 ", after->name), saving_text(comparison.token_ratio.ratio),
         verdict_phrase(comparison, margin), "lead"},
        {"tokens a reply",
         cat(fixed(first.tokens.mean, 0), " \u2192 ", fixed(second.tokens.mean, 0)),
         cat("ratio ", fixed(comparison.token_ratio.ratio, 3), ", ",
             range(comparison.token_ratio.interval, 1, 2))},
        {"accuracy", cat(percent(first.accuracy.mean), " \u2192 ", percent(second.accuracy.mean)),
         cat(signed_text(100 * comparison.accuracy.mean, 1), " points, ",
             range(comparison.accuracy.interval, 100, 1), ", paired; ",
             comparison.accuracy.num_problems, " problems, ", first.accuracy.num_samples, " and ",
             second.accuracy.num_samples, " replies")},
        verdict_tile(comparison, margin)};
  }
  std::string out = "<div class=\"tiles\">";
  for (const Tile& tile : tiles) out += tile_html(tile);
  return out + "</div>\n";
}

std::string lead_section(const ReportGroup& group, const ReportInput& input) {
  const ReportSet* after = after_of(group, input.margin);
  std::string out = result_tiles(group.sets.front(), after, input.margin);
  for (const std::string& warning : setting_warnings(group))
    out += "<p class=\"warning\">" + escape_html(warning) + "</p>\n";
  out +=
      "<div class=\"figures wide\">\n" +
      figure_html(draw_chart(systems_chart(group, input.margin)),
                  cat("Up and to the left is better. Bars: 95 % intervals, clustered by problem. "
                      "Rings and the dashed line: systems that no other beats in both. Band: "
                      "accuracy at most ",
                      fixed(100 * input.margin, 1), " points below the first system.")) +
      figure_html(draw_histogram(length_histogram(group)), "All replies, the truncated ones too.") +
      "</div>\n";
  if (after && input.num_examples > 0) out += example_html(group, *after);
  return out;
}

std::string numbers_json(const ReportSystems& systems, double margin) {
  Json out = Json::object();
  out["margin"] = margin;
  out["systems"] = Json::array();
  for (const ReportGroup& group : systems.groups) {
    for (const ReportSet& set : group.sets) {
      Json row = Json::object();
      row["system"] = set.name;
      row["benchmark"] = group.benchmark;
      row["model"] = model_of(set);
      row["on_frontier"] = set.on_frontier;
      row["summary"] = summary_to_json(set.summary);
      if (set.to_first) {
        const Comparison& c = *set.to_first;
        Json& to_first = row["to_first"];
        to_first["problems"] = c.accuracy.num_problems;
        to_first["accuracy_difference"] = c.accuracy.mean;
        to_first["accuracy_difference_interval"] = interval_json(c.accuracy.interval);
        if (std::isfinite(c.token_ratio.ratio)) to_first["token_ratio"] = c.token_ratio.ratio;
        to_first["token_ratio_interval"] = interval_json(c.token_ratio.interval);
        to_first["equal_accuracy"] = margin_verdict_name(judge_margin(c.accuracy.interval, margin));
      }
      out["systems"].push_back(std::move(row));
    }
  }
  return out.dump(1) + "\n";
}

}  // namespace laconic
