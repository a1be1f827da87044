// SPDX-License-Identifier: Apache-2.0
#include "eval/budget.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include "base/error.h"

namespace laconic {

std::vector<BudgetPoint> budget_curve(std::span<const SampleRecord> records,
                                      std::span<const int64_t> budgets) {
  require(!records.empty(), ErrorKind::kData, "statistics: expected samples, got none");
  LACONIC_CHECK(std::is_sorted(budgets.begin(), budgets.end()), budgets.size());
  std::map<std::string_view, size_t> cluster_of;
  std::vector<Cluster> clusters;
  struct Reply {
    int64_t tokens;
    size_t cluster;
    bool right;
  };
  std::vector<Reply> replies;
  for (const SampleRecord& record : records) {
    const auto [at, is_new] = cluster_of.try_emplace(record.id, clusters.size());
    if (is_new) clusters.emplace_back();
    ++clusters[at->second].count;
    replies.push_back({record.num_tokens, at->second, record.right()});
  }
  std::stable_sort(replies.begin(), replies.end(),
                   [](const Reply& a, const Reply& b) { return a.tokens < b.tokens; });
  std::vector<BudgetPoint> out;
  size_t done = 0;
  double done_tokens = 0;
  for (const int64_t budget : budgets) {
    for (; done < replies.size() && replies[done].tokens <= budget; ++done) {
      clusters[replies[done].cluster].sum += replies[done].right;
      done_tokens += static_cast<double>(replies[done].tokens);
    }
    const double cut = static_cast<double>(replies.size() - done) * static_cast<double>(budget);
    out.push_back({budget, clustered_mean(clusters),
                   (done_tokens + cut) / static_cast<double>(replies.size())});
  }
  return out;
}

int64_t longest_reply(std::span<const SampleRecord> records) {
  int64_t longest = 0;
  for (const SampleRecord& record : records) longest = std::max(longest, record.num_tokens);
  return longest;
}

std::vector<int64_t> budget_grid(int64_t low, int64_t high, int64_t count) {
  LACONIC_CHECK(low > 0 && count >= 2, low, ", ", count);
  std::vector<int64_t> out = {low};
  const double ratio = static_cast<double>(high) / static_cast<double>(low);
  for (int64_t i = 1; i < count && high > low; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(count - 1);
    const double budget = static_cast<double>(low) * std::pow(ratio, share);
    // The last one is `high` itself, whatever the rounding; no double above it is converted.
    const bool at_end = i == count - 1 || budget >= static_cast<double>(high);
    const int64_t next = at_end ? high : static_cast<int64_t>(budget);
    if (next > out.back()) out.push_back(next);
  }
  return out;
}

std::vector<int64_t> doubling_budgets(int64_t longest, int64_t least, int64_t count) {
  LACONIC_CHECK(least > 0 && count > 0, least, ", ", count);
  std::vector<int64_t> out = {least};
  while (out.back() < longest) {
    const bool is_last = out.back() > std::numeric_limits<int64_t>::max() / 2;
    out.push_back(is_last ? std::numeric_limits<int64_t>::max() : 2 * out.back());
  }
  const auto size = static_cast<int64_t>(out.size());
  if (size > count) out.erase(out.begin(), out.begin() + (size - count));
  return out;
}

}  // namespace laconic
