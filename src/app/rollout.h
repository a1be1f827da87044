// Replies to problems from any source, judged as they come: what an evaluation counts and what
// learning from a model's own replies starts from.
//
// As deterministic as the source.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/reply_source.h"
#include "app/sample_journal.h"
#include "eval/answer_rules.h"

namespace laconic {

struct RolloutPlan {
  const std::vector<Problem>& problems;
  int64_t samples_per_problem = 1;
  const AnswerRules& rules;
  std::string label;                 // heads the progress bar
  SampleJournal* journal = nullptr;  // finds earlier replies and keeps new ones; may be null
  // Whether the entry's ids and log-probabilities are wanted; of the others there is the record
  // alone, which is what fits into memory for a large evaluation. Empty: of none.
  std::function<bool(size_t entry_idx)> keeps_ids = {};
};

struct Rollouts {
  std::vector<JournalEntry> entries;  // by problem, then by sample
  int64_t num_tokens = 0;             // sampled by this call, not found in the journal
  double seconds = 0;                 // of sampling and judging
};

// nullopt when a signal asked to stop: what was sampled is in the journal, or dropped without one.
std::optional<Rollouts> roll_out(ReplySource& source, const RolloutPlan& plan);

}  // namespace laconic
