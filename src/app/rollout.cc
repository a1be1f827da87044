// SPDX-License-Identifier: Apache-2.0
#include "app/rollout.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/judge_reply.h"
#include "app/sampling_options.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/signals.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

// Which replies are open, and what becomes of each.
class Rolling {
 public:
  explicit Rolling(const RolloutPlan& plan)
      : plan_(plan), samples_(plan.settings.samples_per_problem) {
    entries_.resize(plan.problems.problems.size() * static_cast<size_t>(samples_));
    for (size_t i = 0; i < entries_.size(); ++i) {
      const Problem& problem = problem_of(i);
      const int64_t sample_idx = static_cast<int64_t>(i) % samples_;
      const JournalEntry* found =
          plan.journal ? plan.journal->find(problem.id, sample_idx) : nullptr;
      if (found) {
        entries_[i] = *found;
        continue;
      }
      requests_.push_back({problem.id, sample_idx, plan.problems.prompts[problem_idx(i)]});
      entry_of_request_.push_back(i);
    }
  }
  const std::vector<SampleRequest>& requests() const { return requests_; }

  void take(Sample&& sample) {
    const size_t i = entry_of_request_[sample.request_idx];
    JournalEntry& entry = entries_[i];
    const char* const reason = finish_reason_name(sample.finish_reason);
    const SampleRequest& request = requests_[sample.request_idx];
    entry.record = judge_reply(problem_of(i), request.sample_idx,
                               reply_of_ids(request.prompt, sample.ids, reason, plan_.builder),
                               plan_.settings.rules);
    entry.record.control = control_record(sample);
    if (plan_.keeps_ids(i)) {
      entry.ids = std::move(sample.ids);
      entry.logprobs = std::move(sample.logprobs);
    }
    if (plan_.journal) plan_.journal->add(entry);
  }

  Rollouts finish() {
    Rollouts rollouts;
    for (const size_t i : entry_of_request_) rollouts.num_tokens += entries_[i].record.num_tokens;
    rollouts.entries = std::move(entries_);
    return rollouts;
  }

 private:
  size_t problem_idx(size_t entry) const { return entry / static_cast<size_t>(samples_); }
  const Problem& problem_of(size_t entry) const {
    return plan_.problems.problems[problem_idx(entry)];
  }

  const RolloutPlan& plan_;
  const int64_t samples_;
  std::vector<JournalEntry> entries_;
  std::vector<SampleRequest> requests_;
  std::vector<size_t> entry_of_request_;
};

// false: a signal asked to stop.
bool sample_open(Policy& policy, const RolloutPlan& plan, Rolling& rolling) {
  const std::vector<SampleRequest>& requests = rolling.requests();
  if (requests.empty()) return true;
  SamplingSettings sampling = plan.settings.sampling;
  sampling.stop_ids = plan.builder.stop_ids();
  sampling.allowed_ids = plan.builder.tokenizer().size();
  const int64_t slots =
      std::min<int64_t>(plan.settings.num_slots, static_cast<int64_t>(requests.size()));
  DecodeSampler& sampler =
      policy.sampler(slots, slot_capacity(plan.label, requests, sampling, policy.weights().config));
  Progress progress(plan.label, static_cast<int64_t>(requests.size()), "samples");
  SamplerCallbacks callbacks;
  callbacks.on_sample = [&](Sample&& sample) { rolling.take(std::move(sample)); };
  callbacks.make_control = budget_forcing_maker(plan.settings.control, plan.builder);
  int64_t num_tokens = 0;
  callbacks.keep_going = [&](const SamplerProgress& now) {
    num_tokens = now.num_tokens;
    progress.update(static_cast<int64_t>(now.num_finished), cat(now.num_tokens, " tokens"));
    return !stop_requested();
  };
  if (!sampler.sample(requests, sampling, callbacks)) return false;
  progress.update(static_cast<int64_t>(requests.size()), cat(num_tokens, " tokens"));
  progress.finish();
  return true;
}

}  // namespace

std::optional<Rollouts> roll_out(Policy& policy, const RolloutPlan& plan) {
  const auto start = std::chrono::steady_clock::now();
  Rolling rolling(plan);
  if (!sample_open(policy, plan, rolling)) return std::nullopt;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  Rollouts rollouts = rolling.finish();
  rollouts.seconds = taken.count();
  return rollouts;
}

}  // namespace laconic
