// SPDX-License-Identifier: Apache-2.0
#include "eval/repeated.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
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

// One answer as it was written, or all right ones.
struct Candidate {
  const SampleRecord* example;
  int64_t ballots = 0;  // samples that wrote just this
  int64_t votes = 0;    // samples whose answer equals this
};

// In either order: rounding depends on which of the two is the gold answer.
bool same_answer(const SampleRecord& a, const SampleRecord& b) {
  if (a.right() || b.right()) return false;  // right ones are one candidate
  return compare_answers(a.extracted, b.extracted).verdict == Verdict::kRight ||
         compare_answers(b.extracted, a.extracted).verdict == Verdict::kRight;
}

// Equality is not transitive (60 % = 60, 60 % = 0.6), so nothing may depend on which vote came
// first: each answer counts the votes of all that equal it, and leaders that are equal to one
// another, directly or through leaders, are one.
double majority_score(std::span<const SampleRecord* const> voters) {
  std::map<std::pair<bool, std::string>, Candidate> by_text;
  for (const SampleRecord* voter : voters) {
    if (voter->extracted.empty() && !voter->right()) continue;
    const bool right = voter->right();
    Candidate& candidate = by_text[{right, right ? std::string() : voter->extracted}];
    candidate.example = voter;
    ++candidate.ballots;
  }
  std::vector<Candidate> candidates;
  for (auto& [text, candidate] : by_text) candidates.push_back(candidate);
  const size_t count = candidates.size();
  std::vector<std::vector<size_t>> equal(count);
  for (size_t i = 0; i < count; ++i) {
    candidates[i].votes += candidates[i].ballots;
    for (size_t j = i + 1; j < count; ++j) {
      if (!same_answer(*candidates[i].example, *candidates[j].example)) continue;
      candidates[i].votes += candidates[j].ballots;
      candidates[j].votes += candidates[i].ballots;
      equal[i].push_back(j);
      equal[j].push_back(i);
    }
  }
  int64_t most = 0;
  for (const Candidate& candidate : candidates) most = std::max(most, candidate.votes);
  double leaders = 0, right = 0;
  std::vector<bool> seen(count, false);
  for (size_t i = 0; i < count; ++i) {
    if (seen[i] || candidates[i].votes < most) continue;
    leaders += 1;
    right += candidates[i].example->right();
    std::vector<size_t> reached = {i};
    seen[i] = true;
    for (size_t next = 0; next < reached.size(); ++next) {
      for (const size_t j : equal[reached[next]]) {
        if (seen[j] || candidates[j].votes < most) continue;
        seen[j] = true;
        reached.push_back(j);
      }
    }
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
