// SPDX-License-Identifier: Apache-2.0
#include "method/select.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <numeric>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/hash.h"
#include "base/philox.h"
#include "eval/solutions.h"
#include "eval/statistics.h"  // quantile
#include "eval/verify.h"

namespace laconic {
namespace {

constexpr std::string_view kThinkClose = "</think>";

struct ProblemGroup {
  std::vector<size_t> candidates;   // all of its samples
  std::vector<SelectedRow> usable;  // right and not truncated
  double pass_rate = 0;
  double baseline_tokens = 0;
};

SelectedRow usable_row(const SampledReply& candidate, size_t index, const SelectOptions& options) {
  SelectedRow row{index, candidate.completion, candidate.num_tokens, false, 0};
  if (options.cut == Cut::kNone) return row;
  row.completion = cut_after_solution(candidate.completion, candidate.gold, options.cut);
  row.is_cut = row.completion != candidate.completion;
  if (!row.is_cut) return row;
  const double share =
      static_cast<double>(row.completion.size()) / static_cast<double>(candidate.completion.size());
  row.num_tokens =
      options.count
          ? options.count(row.completion)
          : std::max<int64_t>(
                1, static_cast<int64_t>(share * static_cast<double>(candidate.num_tokens) + 0.5));
  return row;
}

std::vector<ProblemGroup> group_by_problem(std::span<const SampledReply> candidates,
                                           const SelectOptions& options) {
  std::vector<ProblemGroup> groups;
  std::unordered_map<std::string_view, size_t> index_of;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const auto [found, is_new] = index_of.emplace(candidates[i].id, groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].candidates.push_back(i);
  }
  for (ProblemGroup& group : groups) {
    double num_right = 0, tokens = 0;
    for (const size_t i : group.candidates) {
      const SampledReply& candidate = candidates[i];
      num_right += candidate.right;
      if (!candidate.right || candidate.truncated) continue;
      tokens += static_cast<double>(candidate.num_tokens);
      group.usable.push_back(usable_row(candidate, i, options));
    }
    group.pass_rate = num_right / static_cast<double>(group.candidates.size());
    if (!group.usable.empty())
      group.baseline_tokens = tokens / static_cast<double>(group.usable.size());
    for (SelectedRow& row : group.usable) row.pass_rate = group.pass_rate;
  }
  return groups;
}

// Sorts the usable rows by the strategy and keeps the first ones; a text that is there already does
// not count again.
void choose(std::span<const SampledReply> candidates, const SelectOptions& options,
            ProblemGroup& group) {
  const auto key = [&](const SelectedRow& row) -> std::pair<double, int64_t> {
    const SampledReply& candidate = candidates[row.candidate_idx];
    const auto tokens = static_cast<double>(row.num_tokens);
    const auto order = static_cast<int64_t>(row.candidate_idx);
    switch (options.keep) {
      case Keep::kShortest:
        return {tokens, order};
      case Keep::kLongest:
        return {-tokens, order};
      case Keep::kRandom:
        return {philox_uniform(options.seed, hash64(candidate.id),
                               static_cast<uint64_t>(candidate.sample_idx)),
                order};
    }
    return {0, order};
  };
  std::sort(group.usable.begin(), group.usable.end(),
            [&](const SelectedRow& a, const SelectedRow& b) { return key(a) < key(b); });
  std::unordered_set<std::string> seen;
  std::vector<SelectedRow> chosen;
  for (SelectedRow& row : group.usable)
    if (static_cast<int64_t>(chosen.size()) < options.per_problem &&
        seen.insert(row.completion).second)
      chosen.push_back(std::move(row));
  group.usable = std::move(chosen);
}

// Empties the groups outside the difficulty percentiles; rank 0 is the highest pass rate, equal
// ones stand by their baseline's length, then by order.
int64_t drop_by_difficulty(std::vector<ProblemGroup>& groups, const ValueRange& percentiles) {
  std::vector<size_t> order;
  for (size_t i = 0; i < groups.size(); ++i)
    if (!groups[i].usable.empty()) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(-groups[a].pass_rate, groups[a].baseline_tokens) <
           std::pair(-groups[b].pass_rate, groups[b].baseline_tokens);
  });
  int64_t lost = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double percentile = order.size() < 2 ? 0
                                               : 100.0 * static_cast<double>(rank) /
                                                     static_cast<double>(order.size() - 1);
    if (percentile >= percentiles.low && percentile <= percentiles.high) continue;
    groups[order[rank]].usable.clear();
    ++lost;
  }
  return lost;
}

// Drops rows outside the length percentiles of all chosen rows; returns the problems left empty.
int64_t drop_by_length(std::vector<ProblemGroup>& groups, const ValueRange& percentiles) {
  std::vector<double> lengths;
  for (const ProblemGroup& group : groups)
    for (const SelectedRow& row : group.usable)
      lengths.push_back(static_cast<double>(row.num_tokens));
  if (lengths.empty()) return 0;
  const double low = quantile(lengths, percentiles.low / 100);
  const double high = quantile(lengths, percentiles.high / 100);
  int64_t lost = 0;
  for (ProblemGroup& group : groups) {
    const bool had_rows = !group.usable.empty();
    std::erase_if(group.usable, [&](const SelectedRow& row) {
      const auto tokens = static_cast<double>(row.num_tokens);
      return tokens < low || tokens > high;
    });
    lost += had_rows && group.usable.empty();
  }
  return lost;
}

struct Strategy {
  const char* name;
  Keep keep;
  Cut cut;
};

constexpr std::array<Strategy, 5> kStrategies = {{
    {"longest", Keep::kLongest, Cut::kNone},
    {"random", Keep::kRandom, Cut::kNone},
    {"shortest", Keep::kShortest, Cut::kNone},
    {"shortest, second-solution", Keep::kShortest, Cut::kSecondSolution},
    {"shortest, first-solution", Keep::kShortest, Cut::kFirstSolution},
}};

}  // namespace

std::string cut_after_solution(std::string_view completion, std::string_view gold, Cut cut) {
  const size_t wanted = cut == Cut::kNone ? 0 : cut == Cut::kFirstSolution ? 1 : 2;
  std::string whole(completion);
  if (wanted == 0) return whole;
  const size_t close = completion.find(kThinkClose);
  const bool thinks = close != std::string_view::npos;
  const std::string_view searched = completion.substr(0, thinks ? close : completion.size());
  size_t num_right = 0;
  for (const Solution& solution : find_solutions(searched)) {
    if (compare_answers(gold, solution.answer).verdict != Verdict::kRight) continue;
    if (++num_right < wanted) continue;
    std::string text(searched.substr(0, solution.end));
    if (thinks) text += cat("\n", completion.substr(close));
    const bool is_shorter = text.size() < whole.size();
    return is_shorter && judge(gold, text).verdict == Verdict::kRight ? text : whole;
  }
  return whole;
}

Selection select_rows(std::span<const SampledReply> candidates, const SelectOptions& options) {
  std::vector<ProblemGroup> groups = group_by_problem(candidates, options);
  Selection selection;
  selection.num_problems = static_cast<int64_t>(groups.size());
  for (ProblemGroup& group : groups) {
    if (group.usable.empty()) {
      ++selection.lost_none_right;
    } else if (group.pass_rate < options.pass_rate.low ||
               group.pass_rate > options.pass_rate.high) {
      group.usable.clear();
      ++selection.lost_pass_rate;
    }
  }
  selection.lost_difficulty = drop_by_difficulty(groups, options.difficulty_percentiles);
  for (ProblemGroup& group : groups) choose(candidates, options, group);
  selection.lost_length = drop_by_length(groups, options.length_percentiles);
  for (ProblemGroup& group : groups) {
    selection.num_kept += !group.usable.empty();
    for (SelectedRow& row : group.usable) {
      selection.num_tokens += static_cast<double>(row.num_tokens);
      selection.baseline_tokens += group.baseline_tokens;
      selection.rows.push_back(std::move(row));
    }
  }
  return selection;
}

std::string what_if_table(std::span<const SampledReply> candidates, const SelectOptions& chosen) {
  std::string table = cat("  ", "strategy                    problems  lost    rows  tokens/row",
                          "  saved/problem  saved in all  saved %\n");
  const auto line = [&](const char* name, const SelectOptions& options, bool is_chosen) {
    const Selection got = select_rows(candidates, options);
    const auto rows = static_cast<double>(got.rows.size());
    const double saved = got.baseline_tokens - got.num_tokens;
    char text[160];
    std::snprintf(
        text, sizeof text, "%s %-26s %9s %5s %7s %11s %14s %13s %8s\n", is_chosen ? ">" : " ", name,
        cat(got.num_kept).c_str(), cat(got.num_problems - got.num_kept).c_str(),
        cat(got.rows.size()).c_str(), rows > 0 ? fixed(got.num_tokens / rows, 1).c_str() : "-",
        got.num_kept > 0 ? fixed(saved / static_cast<double>(got.num_kept), 1).c_str() : "-",
        fixed(saved, 0).c_str(),
        got.baseline_tokens > 0 ? fixed(100 * saved / got.baseline_tokens, 1).c_str() : "-");
    table += text;
  };
  bool was_chosen = false;
  for (const Strategy& strategy : kStrategies) {
    SelectOptions options = chosen;
    options.keep = strategy.keep;
    options.cut = strategy.cut;
    const bool is_chosen = strategy.keep == chosen.keep && strategy.cut == chosen.cut;
    was_chosen |= is_chosen;
    line(strategy.name, options, is_chosen);
  }
  if (!was_chosen) line("as chosen", chosen, true);
  return table;
}

Keep parse_keep(const std::string& name) {
  return name == "longest" ? Keep::kLongest : name == "random" ? Keep::kRandom : Keep::kShortest;
}

Cut parse_cut(const std::string& name) {
  return name == "first-solution"    ? Cut::kFirstSolution
         : name == "second-solution" ? Cut::kSecondSolution
                                     : Cut::kNone;
}

ValueRange parse_range(const std::string& text, double limit, const std::string& option) {
  const size_t dash = text.find('-');
  ValueRange range;
  const auto parse = [&](std::string_view part, double& value) {
    const auto got = std::from_chars(part.data(), part.data() + part.size(), value);
    return got.ec == std::errc() && got.ptr == part.data() + part.size();
  };
  const std::string_view view = text;
  const bool ok = dash != std::string::npos && parse(view.substr(0, dash), range.low) &&
                  parse(view.substr(dash + 1), range.high) && range.low >= 0 &&
                  range.low <= range.high && range.high <= limit;
  require(ok, ErrorKind::kUsage, option, ": expected LOW-HIGH within 0-", limit, ", got \"", text,
          "\"");
  return range;
}

}  // namespace laconic
