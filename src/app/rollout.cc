// SPDX-License-Identifier: Apache-2.0
#include "app/rollout.h"

#include <chrono>
#include <utility>

namespace laconic {

std::optional<Rollouts> roll_out(ReplySource& source, const RolloutPlan& plan) {
  const auto start = std::chrono::steady_clock::now();
  Rollouts rollouts;
  std::vector<ReplyJob> jobs;
  std::vector<size_t> entry_of_job;
  for (size_t p = 0; p < plan.problems.size(); ++p) {
    for (int64_t sample = 0; sample < plan.samples_per_problem; ++sample) {
      const JournalEntry* found =
          plan.journal ? plan.journal->find(plan.problems[p].id, sample) : nullptr;
      if (!found) {
        jobs.push_back({p, sample});
        entry_of_job.push_back(rollouts.entries.size());
      }
      rollouts.entries.push_back(found ? *found : JournalEntry());
    }
  }
  const auto on_reply = [&](size_t job, SourcedReply&& reply) {
    const size_t i = entry_of_job[job];
    JournalEntry& entry = rollouts.entries[i];
    entry.record = judge_reply(plan.problems[jobs[job].problem_idx], jobs[job].sample_idx,
                               std::move(reply.reply), plan.rules);
    entry.record.control = reply.control;
    entry.counted_by = std::move(reply.counted_by);
    rollouts.num_tokens += entry.record.num_tokens;
    if (plan.keeps_ids && plan.keeps_ids(i)) {
      entry.ids = std::move(reply.ids);
      entry.logprobs = std::move(reply.logprobs);
    }
    if (plan.journal) plan.journal->add(entry);
  };
  if (!source.replies(plan.problems, jobs, plan.label, on_reply)) return std::nullopt;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  rollouts.seconds = taken.count();
  return rollouts;
}

}  // namespace laconic
