// SPDX-License-Identifier: Apache-2.0
#include "eval/summary.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>

#include "base/error.h"
#include "eval/paired_tests.h"
#include "eval/repeated.h"

namespace laconic {
namespace {

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

Json interval_to_json(const Interval& interval) {
  Json out = Json::array();
  out.push_back(number_or_null(interval.low));
  out.push_back(number_or_null(interval.high));
  return out;
}

Json lengths_to_json(const LengthStatistics& lengths) {
  if (lengths.mean.num_samples == 0) return {};
  Json out = estimate_to_json(lengths.mean);
  out["interval"] = interval_to_json(lengths.mean_interval);
  out["median"] = lengths.median.value;
  out["median_interval"] = interval_to_json(lengths.median.interval);
  out["p90"] = lengths.p90.value;
  out["p90_interval"] = interval_to_json(lengths.p90.interval);
  return out;
}

std::vector<std::vector<double>> values_by_problem(std::span<const SampleRecord> records,
                                                   const Value& value,
                                                   const Selector& selected = nullptr) {
  std::map<std::string_view, std::vector<double>> by_id;
  for (const SampleRecord& record : records)
    if (!selected || selected(record)) by_id[record.id].push_back(value(record));
  std::vector<std::vector<double>> out;
  for (auto& [id, values] : by_id) out.push_back(std::move(values));
  return out;
}

void add_lengths(Summary& out, std::span<const SampleRecord> records) {
  const Value tokens = [](const SampleRecord& r) { return static_cast<double>(r.num_tokens); };
  const auto lengths = [&](const Value& value, const Selector& selected = nullptr) {
    return length_statistics(values_by_problem(records, value, selected));
  };
  out.all = lengths(tokens);
  out.finished = lengths(tokens, [](const SampleRecord& r) { return !r.truncated(); });
  out.truncated_lengths = lengths(tokens, [](const SampleRecord& r) { return r.truncated(); });
  out.thinking =
      lengths([](const SampleRecord& r) { return static_cast<double>(r.num_thinking_tokens); });
  out.answer =
      lengths([](const SampleRecord& r) { return static_cast<double>(r.num_answer_tokens); });
  out.tokens = out.all.mean;
  out.finished_tokens = out.finished.mean;
  out.truncated_tokens = out.truncated_lengths.mean;
  out.thinking_tokens = out.thinking.mean;
  out.answer_tokens = out.answer.mean;
  out.median_tokens = out.all.median.value;
  out.p90_tokens = out.all.p90.value;
}

void add_accuracy(Summary& out, std::span<const SampleRecord> records) {
  const Value right = [](const SampleRecord& r) { return r.right() ? 1.0 : 0.0; };
  out.accuracy = estimate(records, right);
  std::vector<Cluster> clusters;
  for (const std::vector<double>& values : values_by_problem(records, right)) {
    Cluster& cluster = clusters.emplace_back();
    for (const double value : values) cluster.sum += value;
    cluster.count = static_cast<int64_t>(values.size());
  }
  out.accuracy_interval = share_interval(clusters);
  out.k = samples_per_problem(records);
  if (out.k < 2) return;
  out.avg_at_k = average_at_k(records);
  out.pass_at_k = pass_at_k(records, out.k).value_or(Estimate());
  out.maj_at_k = majority_at_k(records, out.k).value_or(Estimate());
}

}  // namespace

// Numbers before names, numbers by value.
bool difficulty_before(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& text, double& value) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = result.ec == std::errc() && result.ptr == text.data() + text.size();
    return whole && std::isfinite(value);  // "nan" is a name: nothing is before it nor behind it
  };
  double x = 0, y = 0;
  const bool a_number = number(a, x), b_number = number(b, y);
  if (a_number != b_number) return a_number;
  return a_number && x != y ? x < y : a < b;
}

Summary summarise(const std::string& name, std::span<const SampleRecord> records) {
  require(!records.empty(), ErrorKind::kData, name, ": expected samples, got none");
  Summary out;
  out.name = name;
  add_accuracy(out, records);
  out.undecided =
      estimate(records, [](const SampleRecord& r) { return r.verdict == "undecided" ? 1.0 : 0.0; });
  out.truncated =
      estimate(records, [](const SampleRecord& r) { return r.truncated() ? 1.0 : 0.0; });
  out.empty_think =
      estimate(records, [](const SampleRecord& r) { return r.think_state == "empty" ? 1.0 : 0.0; });
  add_lengths(out, records);
  out.overthinking = measure_overthinking(records);
  return out;
}

std::vector<GroupSummary> summarise_by_difficulty(std::span<const SampleRecord> records) {
  std::map<std::string_view, std::vector<const SampleRecord*>> levels;
  for (const SampleRecord& record : records)
    if (!record.difficulty.empty()) levels[record.difficulty].push_back(&record);
  std::vector<std::string_view> names;
  names.reserve(levels.size());
  for (const auto& [name, level] : levels) names.push_back(name);
  if (names.size() > kMaxLevels) {
    std::stable_sort(names.begin(), names.end(), [&](std::string_view a, std::string_view b) {
      return levels[a].size() > levels[b].size();
    });
    names.resize(kMaxLevels);
  }
  std::sort(names.begin(), names.end(), [](std::string_view a, std::string_view b) {
    return difficulty_before(std::string(a), std::string(b));
  });
  std::vector<GroupSummary> out;
  std::vector<SampleRecord> level;  // one copied at a time: completions are large
  for (const std::string_view name : names) {
    level.clear();
    for (const SampleRecord* record : levels[name]) level.push_back(*record);
    out.push_back({std::string(name), summarise(std::string(name), level)});
  }
  return out;
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
  out["accuracy_interval"] = interval_to_json(summary.accuracy_interval);
  out["samples_per_problem"] = summary.k;
  out["avg_at_k"] = estimate_to_json(summary.avg_at_k);
  out["pass_at_k"] = estimate_to_json(summary.pass_at_k);
  out["maj_at_k"] = estimate_to_json(summary.maj_at_k);
  out["lengths"]["all"] = lengths_to_json(summary.all);
  out["lengths"]["finished"] = lengths_to_json(summary.finished);
  out["lengths"]["truncated"] = lengths_to_json(summary.truncated_lengths);
  out["lengths"]["thinking"] = lengths_to_json(summary.thinking);
  out["lengths"]["answer"] = lengths_to_json(summary.answer);
  Json& effort = out["overthinking"];
  effort["outcome_efficiency"] = estimate_to_json(summary.overthinking.outcome_efficiency);
  effort["process_efficiency"] = estimate_to_json(summary.overthinking.process_efficiency);
  effort["solutions"] = estimate_to_json(summary.overthinking.solutions);
  effort["first_right"] = estimate_to_json(summary.overthinking.first_right);
  effort["unused_thinking"] = estimate_to_json(summary.overthinking.unused_thinking);
  effort["loops"] = estimate_to_json(summary.overthinking.loops);
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
  out["bootstrap"] = interval_to_json(bootstrap_interval(comparison.accuracy_differences));
  const PermutationTest test = permutation_test(comparison.accuracy_differences);
  out["permutation_p"] = test.p;
  out["permutation_method"] = test.method;
  return out;
}

}  // namespace laconic
