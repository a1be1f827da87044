// SPDX-License-Identifier: Apache-2.0
#include "eval/why.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/format.h"

namespace laconic {
namespace {

constexpr size_t kShownReasons = 6;
constexpr double kWorthAHint = 0.02;  // of the replies

struct Faults {
  int64_t num_not_right = 0, num_cut = 0, num_no_answer = 0, num_only_thinking = 0;
  std::map<std::string, int64_t> reasons;  // of replies that are not right
};

// What the verifier says where it found no answer at all.
bool lacks_answer(const std::string& reason) { return reason == "no-box" || reason == "no-answer"; }

Faults count_faults(std::span<const SampleRecord> records) {
  Faults faults;
  for (const SampleRecord& record : records) {
    faults.num_cut += record.truncated();
    if (record.right()) continue;
    ++faults.num_not_right;
    ++faults.reasons[record.reason];
    faults.num_no_answer += lacks_answer(record.reason);
    faults.num_only_thinking += record.reason == "unclosed-thinking" && !record.truncated();
  }
  return faults;
}

std::string reasons_text(const std::map<std::string, int64_t>& reasons) {
  std::vector<std::pair<std::string, int64_t>> order(reasons.begin(), reasons.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < order.size() && i < kShownReasons; ++i)
    text += cat(i ? ", " : "", order[i].first.empty() ? "not judged" : order[i].first, " ",
                order[i].second);
  return text + (order.size() > kShownReasons ? ", ..." : "");
}

}  // namespace

std::string why_text(std::span<const SampleRecord> records, const WhyContext& context) {
  const Faults faults = count_faults(records);
  if (faults.num_not_right == 0) return "";
  const auto n = static_cast<double>(records.size());
  const auto share = [&](int64_t count) { return static_cast<double>(count) / n; };
  const auto percent = [&](int64_t count) { return fixed(100 * share(count), 1) + " %"; };
  std::string text =
      cat("why not right: ", context.name, ", ", faults.num_not_right, " of ", records.size(),
          " replies\n  without a box or other answer ", percent(faults.num_no_answer),
          ", cut at the cap ", percent(faults.num_cut),
          "\n  reasons: ", reasons_text(faults.reasons), "\n");
  const auto hint = [&](const auto&... parts) { text += cat("  to set: ", parts..., "\n"); };
  if (share(faults.num_cut) >= kWorthAHint)
    hint("--max-new-tokens, as ", faults.num_cut, " replies reach the cap of ",
         context.max_new_tokens);
  if (share(faults.num_no_answer) >= kWorthAHint && !context.asks_for_box)
    hint("--instruction 'Put your final answer within \\boxed{}.'");
  if (share(faults.num_no_answer) >= kWorthAHint)
    hint("--answer-from box,hashes,phrase,number, if answers stand elsewhere");
  if (share(faults.num_only_thinking) >= kWorthAHint)
    hint("--count-thinking, as ", faults.num_only_thinking, " replies end inside <think>");
  return text;
}

}  // namespace laconic
