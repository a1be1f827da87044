// SPDX-License-Identifier: Apache-2.0
#include "eval/summary.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>

#include "base/error.h"

namespace laconic {
namespace {

constexpr size_t kLabelWidth = 22;
constexpr size_t kCellWidth = 19;

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string padded(const std::string& text, size_t width, bool right = true) {
  if (text.size() >= width) return text;
  const std::string space(width - text.size(), ' ');
  return right ? space + text : text + space;
}

using Selector = std::function<bool(const SampleRecord&)>;
using Value = std::function<double(const SampleRecord&)>;

Estimate estimate(std::span<const SampleRecord> records, const Value& value,
                  const Selector& selected = nullptr) {
  std::map<std::string, Cluster> by_id;
  for (const SampleRecord& record : records) {
    if (selected && !selected(record)) continue;
    Cluster& cluster = by_id[record.id];
    cluster.sum += value(record);
    ++cluster.count;
  }
  std::vector<Cluster> clusters;
  for (const auto& [id, cluster] : by_id) clusters.push_back(cluster);
  return clustered_mean(clusters);
}

std::string with_error(const Estimate& value, double scale) {
  if (value.num_samples == 0) return "-";
  const std::string error = std::isfinite(value.se) ? fixed(scale * value.se, 1) : "?";
  return cat(fixed(scale * value.mean, 1), " +- ", error);
}

struct Line {
  const char* label;
  std::function<std::string(const Summary&)> cell;
};

const std::vector<Line>& lines() {
  static const std::vector<Line> kLines = {
      {"problems x samples",
       [](const Summary& s) {
         return cat(s.accuracy.num_problems, " / ", s.accuracy.num_samples);
       }},
      {"accuracy %", [](const Summary& s) { return percent_text(s.accuracy); }},
      {"undecided %", [](const Summary& s) { return percent_text(s.undecided); }},
      {"tokens, all", [](const Summary& s) { return tokens_text(s.tokens); }},
      {"tokens, finished", [](const Summary& s) { return tokens_text(s.finished_tokens); }},
      {"tokens, truncated", [](const Summary& s) { return tokens_text(s.truncated_tokens); }},
      {"tokens, median / p90",
       [](const Summary& s) {
         return cat(fixed(s.median_tokens, 0), " / ", fixed(s.p90_tokens, 0));
       }},
      {"thinking tokens", [](const Summary& s) { return tokens_text(s.thinking_tokens); }},
      {"answer tokens", [](const Summary& s) { return tokens_text(s.answer_tokens); }},
      {"truncated %", [](const Summary& s) { return percent_text(s.truncated); }},
      {"empty think span %", [](const Summary& s) { return percent_text(s.empty_think); }},
  };
  return kLines;
}

// Numbers before names, numbers by value.
bool difficulty_before(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& text, double& value) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc() && result.ptr == text.data() + text.size();
  };
  double x = 0, y = 0;
  const bool a_number = number(a, x), b_number = number(b, y);
  if (a_number != b_number) return a_number;
  return a_number && x != y ? x < y : a < b;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json estimate_to_json(const Estimate& value) {
  if (value.num_samples == 0) return {};
  Json out = Json::object();
  out["mean"] = value.mean;
  out["se"] = number_or_null(value.se);
  out["samples"] = value.num_samples;
  out["problems"] = value.num_problems;
  return out;
}

Json difference_to_json(const PairedDifference& value) {
  Json out = Json::object();
  out["mean"] = value.mean;
  out["se"] = number_or_null(value.se);
  out["low"] = number_or_null(value.interval.low);
  out["high"] = number_or_null(value.interval.high);
  return out;
}

}  // namespace

Summary summarise(const std::string& name, std::span<const SampleRecord> records) {
  require(!records.empty(), ErrorKind::kData, name, ": expected samples, got none");
  const Value tokens = [](const SampleRecord& r) { return static_cast<double>(r.num_tokens); };
  Summary out;
  out.name = name;
  out.accuracy = estimate(records, [](const SampleRecord& r) { return r.right() ? 1.0 : 0.0; });
  out.undecided =
      estimate(records, [](const SampleRecord& r) { return r.verdict == "undecided" ? 1.0 : 0.0; });
  out.truncated =
      estimate(records, [](const SampleRecord& r) { return r.truncated() ? 1.0 : 0.0; });
  out.empty_think =
      estimate(records, [](const SampleRecord& r) { return r.think_state == "empty" ? 1.0 : 0.0; });
  out.tokens = estimate(records, tokens);
  out.finished_tokens =
      estimate(records, tokens, [](const SampleRecord& r) { return !r.truncated(); });
  out.truncated_tokens =
      estimate(records, tokens, [](const SampleRecord& r) { return r.truncated(); });
  out.thinking_tokens = estimate(
      records, [](const SampleRecord& r) { return static_cast<double>(r.num_thinking_tokens); });
  out.answer_tokens = estimate(
      records, [](const SampleRecord& r) { return static_cast<double>(r.num_answer_tokens); });
  std::vector<double> counts;
  for (const SampleRecord& record : records) counts.push_back(tokens(record));
  out.median_tokens = quantile(counts, 0.5);
  out.p90_tokens = quantile(counts, 0.9);
  return out;
}

std::vector<GroupSummary> summarise_by_difficulty(std::span<const SampleRecord> records) {
  std::map<std::string, std::vector<SampleRecord>, decltype(&difficulty_before)> groups(
      &difficulty_before);
  for (const SampleRecord& record : records) {
    if (!record.difficulty.empty()) groups[record.difficulty].push_back(record);
  }
  std::vector<GroupSummary> out;
  for (const auto& [name, group] : groups) out.push_back({name, summarise(name, group)});
  return out;
}

std::string percent_text(const Estimate& share) { return with_error(share, 100); }
std::string tokens_text(const Estimate& tokens) { return with_error(tokens, 1); }

std::string summary_table(std::span<const Summary> summaries) {
  std::string out = padded("", kLabelWidth);
  for (const Summary& summary : summaries)
    out += padded(summary.name.substr(0, kCellWidth - 1), kCellWidth);
  out += "\n";
  for (const Line& line : lines()) {
    out += padded(line.label, kLabelWidth, false);
    for (const Summary& summary : summaries) out += padded(line.cell(summary), kCellWidth);
    out += "\n";
  }
  return out;
}

std::string difficulty_table(std::span<const std::string> names,
                             std::span<const std::vector<GroupSummary>> sets) {
  std::vector<std::string> levels;
  for (const auto& set : sets) {
    for (const GroupSummary& group : set) levels.push_back(group.difficulty);
  }
  if (levels.empty()) return "";
  std::sort(levels.begin(), levels.end(), difficulty_before);
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  std::string out = padded("difficulty", kLabelWidth, false);
  for (const std::string& name : names)
    out += padded(name.substr(0, 12) + " acc %", kCellWidth) + padded("tokens", kCellWidth);
  out += "\n";
  for (const std::string& level : levels) {
    out += padded(level, kLabelWidth, false);
    for (const auto& set : sets) {
      const auto found = std::find_if(set.begin(), set.end(),
                                      [&](const GroupSummary& g) { return g.difficulty == level; });
      out += padded(found == set.end() ? "-" : percent_text(found->summary.accuracy), kCellWidth);
      out += padded(found == set.end() ? "-" : tokens_text(found->summary.tokens), kCellWidth);
    }
    out += "\n";
  }
  return out;
}

std::string comparison_text(const Comparison& comparison, double margin) {
  const auto range = [](const Interval& interval, double scale, int digits) {
    return std::isfinite(interval.low) && std::isfinite(interval.high)
               ? cat("[", fixed(scale * interval.low, digits), ", ",
                     fixed(scale * interval.high, digits), "]")
               : std::string("unknown with one problem");
  };
  const bool equal = comparison.within_margin(margin);
  return cat("accuracy difference  ", fixed(100 * comparison.accuracy.mean, 2), " points, 95 % ",
             range(comparison.accuracy.interval, 100, 2), ", paired over ",
             comparison.accuracy.num_problems, " problems\ntokens difference    ",
             fixed(comparison.tokens.mean, 1), ", 95 % ", range(comparison.tokens.interval, 1, 1),
             "\ntokens ratio         ", fixed(comparison.token_ratio.ratio, 3), ", 95 % ",
             range(comparison.token_ratio.interval, 1, 3), "\n",
             equal ? "equal accuracy" : "equal accuracy is not shown",
             ": the interval's lower end ", equal ? "clears" : "does not clear", " the margin of ",
             fixed(100 * margin, 1), " points\n");
}

std::string setting_text(const Json& header) {
  static constexpr std::pair<const char*, const char*> kFields[] = {
      {"num_samples", "n"},     {"samples", "n"},          {"n", "n"},
      {"temperature", "T"},     {"top_p", "top_p"},        {"top_k", "top_k"},
      {"min_p", "min_p"},       {"max_new_tokens", "cap"}, {"template_hash", "template"},
      {"sampler_seed", "seed"}, {"seed", "seed"},          {"weight_hash", "weights"}};
  std::string out;
  for (const auto& [key, label] : kFields) {
    const Json* value = header.find(key);
    if (!value) {
      const Json* setting = header.find("setting");
      value = setting ? setting->find(key) : nullptr;
    }
    if (!value || value->is_null()) continue;
    const std::string text = value->is_string() ? value->as_string("") : value->dump();
    out += cat(out.empty() ? "" : ", ", label, " ", text.substr(0, 16));
  }
  return out;
}

Json summary_to_json(const Summary& summary) {
  Json out = Json::object();
  out["name"] = summary.name;
  out["accuracy"] = estimate_to_json(summary.accuracy);
  out["undecided"] = estimate_to_json(summary.undecided);
  out["truncated"] = estimate_to_json(summary.truncated);
  out["empty_think"] = estimate_to_json(summary.empty_think);
  out["tokens"] = estimate_to_json(summary.tokens);
  out["finished_tokens"] = estimate_to_json(summary.finished_tokens);
  out["truncated_tokens"] = estimate_to_json(summary.truncated_tokens);
  out["thinking_tokens"] = estimate_to_json(summary.thinking_tokens);
  out["answer_tokens"] = estimate_to_json(summary.answer_tokens);
  out["median_tokens"] = summary.median_tokens;
  out["p90_tokens"] = summary.p90_tokens;
  return out;
}

Json comparison_to_json(const Comparison& comparison) {
  Json out = Json::object();
  out["accuracy"] = difference_to_json(comparison.accuracy);
  out["tokens"] = difference_to_json(comparison.tokens);
  out["token_ratio"] = comparison.token_ratio.ratio;
  out["token_ratio_low"] = number_or_null(comparison.token_ratio.interval.low);
  out["token_ratio_high"] = number_or_null(comparison.token_ratio.interval.high);
  out["problems"] = comparison.accuracy.num_problems;
  return out;
}

}  // namespace laconic
