// SPDX-License-Identifier: Apache-2.0
#include "eval/budget.h"

#include <algorithm>
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

std::vector<int64_t> budget_grid(std::span<const SampleRecord> records, int64_t count) {
  LACONIC_CHECK(count >= 2, count);
  std::vector<int64_t> lengths;
  for (const SampleRecord& record : records) lengths.push_back(record.num_tokens);
  std::sort(lengths.begin(), lengths.end());
  std::vector<int64_t> out = {0};
  if (lengths.empty()) return out;
  const int64_t half = count / 2, last = static_cast<int64_t>(lengths.size()) - 1;
  for (int64_t i = 1; i <= half; ++i) {
    out.push_back((lengths.back() * i + half - 1) / half);
    out.push_back(lengths[static_cast<size_t>(last * i / half)]);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace laconic
