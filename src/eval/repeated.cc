// SPDX-License-Identifier: Apache-2.0
#include "eval/repeated.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "eval/verify.h"

namespace laconic {
namespace {

using Samples = std::vector<const SampleRecord*>;

// By problem, each sorted by sample number.
std::vector<Samples> by_problem(std::span<const SampleRecord> records) {
  require(!records.empty(), ErrorKind::kData, "statistics: expected samples, got none");
  std::map<std::string_view, Samples> groups;
  for (const SampleRecord& record : records) groups[record.id].push_back(&record);
  std::vector<Samples> out;
  for (auto& [id, samples] : groups) {
    std::stable_sort(
        samples.begin(), samples.end(),
        [](const SampleRecord* a, const SampleRecord* b) { return a->sample_idx < b->sample_idx; });
    out.push_back(std::move(samples));
  }
  return out;
}

template <typename Score>
Estimate mean_over(const std::vector<Samples>& problems, const Score& score) {
  std::vector<Cluster> scores;
  for (const Samples& samples : problems) scores.push_back({score(samples), 1});
  return clustered_mean(scores);
}

bool any_below(const std::vector<Samples>& problems, int64_t k) {
  return std::any_of(problems.begin(), problems.end(),
                     [&](const Samples& s) { return static_cast<int64_t>(s.size()) < k; });
}

int64_t num_right(const Samples& samples) {
  return std::count_if(samples.begin(), samples.end(),
                       [](const SampleRecord* record) { return record->right(); });
}

// C(n - c, k) / C(n, k) as the product of (1 - k / i) over i = n - c + 1 .. n.
double share_without_right(int64_t n, int64_t c, int64_t k) {
  if (n - c < k) return 0;
  double out = 1;
  for (int64_t i = n - c + 1; i <= n; ++i)
    out *= 1 - static_cast<double>(k) / static_cast<double>(i);
  return out;
}

struct Candidate {
  const SampleRecord* example;
  int64_t votes;
};

bool same_answer(const SampleRecord& a, const SampleRecord& b) {
  if (a.right() || b.right()) return a.right() == b.right();  // right ones equal the gold answer
  return a.extracted == b.extracted ||
         compare_answers(a.extracted, b.extracted).verdict == Verdict::kRight;
}

double majority_score(std::span<const SampleRecord* const> voters) {
  std::vector<Candidate> candidates;
  for (const SampleRecord* voter : voters) {
    if (voter->extracted.empty() && !voter->right()) continue;
    const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& c) {
      return same_answer(*c.example, *voter);
    });
    if (found == candidates.end())
      candidates.push_back({voter, 1});
    else
      ++found->votes;
  }
  int64_t most = 0;
  for (const Candidate& candidate : candidates) most = std::max(most, candidate.votes);
  double leaders = 0, right = 0;
  for (const Candidate& candidate : candidates) {
    if (candidate.votes < most) continue;
    leaders += 1;
    right += candidate.example->right();
  }
  return leaders > 0 ? right / leaders : 0;
}

}  // namespace

int64_t samples_per_problem(std::span<const SampleRecord> records) {
  size_t fewest = records.size();
  for (const Samples& samples : by_problem(records)) fewest = std::min(fewest, samples.size());
  return static_cast<int64_t>(fewest);
}

Estimate average_at_k(std::span<const SampleRecord> records) {
  return mean_over(by_problem(records), [](const Samples& samples) {
    return static_cast<double>(num_right(samples)) / static_cast<double>(samples.size());
  });
}

std::optional<Estimate> pass_at_k(std::span<const SampleRecord> records, int64_t k) {
  LACONIC_CHECK(k >= 1, k);
  const std::vector<Samples> problems = by_problem(records);
  if (any_below(problems, k)) return std::nullopt;
  return mean_over(problems, [&](const Samples& samples) {
    return 1 - share_without_right(static_cast<int64_t>(samples.size()), num_right(samples), k);
  });
}

std::optional<Estimate> majority_at_k(std::span<const SampleRecord> records, int64_t k) {
  LACONIC_CHECK(k >= 1, k);
  const std::vector<Samples> problems = by_problem(records);
  if (any_below(problems, k)) return std::nullopt;
  return mean_over(problems, [&](const Samples& samples) {
    return majority_score(std::span(samples).first(static_cast<size_t>(k)));
  });
}

}  // namespace laconic
