// SPDX-License-Identifier: Apache-2.0
#include "eval/overthinking.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "eval/solutions.h"
#include "eval/tail_loop.h"
#include "eval/verify.h"

namespace laconic {
namespace {

constexpr size_t kFewWords = 10;
constexpr double kRepeatShare = 0.5;
constexpr std::string_view kThinkClose = "</think>";

// Where the thinking ends in a reply's text; 0: it does not think.
size_t thinking_end(const SampleRecord& record) {
  if (record.num_thinking_tokens == 0) return 0;
  const size_t close = record.completion.find(kThinkClose);
  return close == std::string::npos ? record.completion.size() : close + kThinkClose.size();
}

// Tokens up to a byte of the text, in proportion within the thinking and within the answer.
class TokenScale {
 public:
  explicit TokenScale(const SampleRecord& record)
      : split_(thinking_end(record)),
        size_(record.completion.size()),
        thinking_(static_cast<double>(record.num_thinking_tokens)),
        all_(static_cast<double>(record.num_tokens)) {}
  double at(size_t byte) const {
    if (byte <= split_) return share(byte, split_) * thinking_;
    return thinking_ + share(byte - split_, size_ - split_) * (all_ - thinking_);
  }

 private:
  static double share(size_t part, size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
  size_t split_, size_;
  double thinking_, all_;
};

bool is_right(const SampleRecord& record, std::string_view answer) {
  return judge(record.gold, cat("\\boxed{", answer, "}")).verdict == Verdict::kRight;
}

std::vector<uint64_t> word_hashes(std::string_view text) {
  std::vector<uint64_t> out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && !std::isspace(static_cast<unsigned char>(text[end]))) ++end;
    if (end > i) out.push_back(hash64(text.substr(i, end - i)));
    i = end + 1;
  }
  return out;
}

// Adds a solution's trigrams to those seen; is it (mostly) what was there before?
bool is_old(std::string_view text, std::unordered_set<uint64_t>& seen) {
  const std::vector<uint64_t> words = word_hashes(text);
  size_t known = 0, total = 0;
  std::vector<uint64_t> fresh;
  for (size_t i = 2; i < words.size(); ++i) {
    const uint64_t trigram =
        (words[i - 2] * 0x9E3779B97F4A7C15 + words[i - 1]) * 0x9E3779B97F4A7C15 + words[i];
    ++total;
    known += seen.count(trigram);
    fresh.push_back(trigram);
  }
  seen.insert(fresh.begin(), fresh.end());
  return words.size() < kFewWords ||
         static_cast<double>(known) >= kRepeatShare * static_cast<double>(total);
}

double distinct_tokens(const SampleRecord& record, const std::vector<Solution>& solutions,
                       const TokenScale& scale, size_t end) {
  std::unordered_set<uint64_t> seen;
  std::set<std::string_view> answers;
  double tokens = 0;
  for (const Solution& solution : solutions) {
    if (solution.begin >= end) break;
    const std::string_view text =
        std::string_view(record.completion).substr(solution.begin, solution.end - solution.begin);
    const bool old_text = is_old(text, seen);
    if (answers.insert(solution.answer).second || !old_text)
      tokens += scale.at(std::min(solution.end, end)) - scale.at(solution.begin);
  }
  return tokens;
}

template <typename Value>
Estimate mean_of_replies(std::span<const SampleRecord> records,
                         const std::vector<ReplyEffort>& efforts, const Value& value) {
  std::map<std::string_view, Cluster> by_id;
  for (size_t i = 0; i < records.size(); ++i) {
    const double number = value(records[i], efforts[i]);
    if (number < 0) continue;  // takes no part
    Cluster& cluster = by_id[records[i].id];
    cluster.sum += number;
    ++cluster.count;
  }
  std::vector<Cluster> clusters;
  for (const auto& [id, cluster] : by_id) clusters.push_back(cluster);
  return clustered_mean(clusters);
}

}  // namespace

ReplyEffort measure_effort(const SampleRecord& record) {
  ReplyEffort out;
  out.loops = static_cast<bool>(find_tail_loop(record.completion));
  const std::vector<Solution> solutions = find_solutions(record.completion);
  out.num_solutions = static_cast<int64_t>(solutions.size());
  if (solutions.empty()) return out;
  const TokenScale scale(record);
  const size_t split = thinking_end(record);
  for (const Solution& solution : solutions) {
    if (!is_right(record, solution.answer)) continue;
    out.first_is_right = &solution == &solutions.front();
    out.first_right_tokens = scale.at(solution.end);
    const auto thinking = static_cast<double>(record.num_thinking_tokens);
    if (solution.end <= split && thinking > 0)
      out.unused_thinking = 1 - out.first_right_tokens / thinking;
    break;
  }
  const size_t end = solutions.front().end <= split ? split : record.completion.size();
  const double all = scale.at(end);
  if (all > 0) out.distinct_share = distinct_tokens(record, solutions, scale, end) / all;
  return out;
}

Overthinking measure_overthinking(std::span<const SampleRecord> records) {
  std::vector<ReplyEffort> efforts;
  for (const SampleRecord& record : records) efforts.push_back(measure_effort(record));
  const auto mean = [&](auto value) { return mean_of_replies(records, efforts, value); };
  using Record = const SampleRecord&;
  using Effort = const ReplyEffort&;
  Overthinking out;
  out.outcome_efficiency = mean([](Record r, Effort e) {
    if (!r.right() || r.num_tokens == 0) return 0.0;
    const auto all = static_cast<double>(r.num_tokens);
    return e.first_right_tokens < 0 ? 1.0 : e.first_right_tokens / all;
  });
  out.process_efficiency =
      mean([](Record, Effort e) { return e.num_solutions > 0 ? e.distinct_share : -1; });
  out.solutions = mean([](Record, Effort e) { return static_cast<double>(e.num_solutions); });
  out.first_right = mean([](Record r, Effort e) {
    return r.right() && e.num_solutions > 0 ? static_cast<double>(e.first_is_right) : -1.0;
  });
  out.unused_thinking = mean([](Record r, Effort e) {
    return r.right() && r.num_thinking_tokens > 0 ? e.unused_thinking : -1.0;
  });
  out.loops = mean([](Record, Effort e) { return e.loops ? 1.0 : 0.0; });
  return out;
}

}  // namespace laconic
