// Sampling a set of problems with a model and judging the replies: what eval, tldr and the demo
// share.
//
// Accuracy and tokens of training-time evaluations, of reference bounds and of `laconic eval` all
// come from here, so that one run can only measure in one way. Each sample's ids depend on
// (weights, prompt, settings, seed, problem id, sample index) alone (sample/sampler.h), so the same
// weights give the same records.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/budget_forcing.h"
#include "data/records.h"  // SampleRecord
#include "data/rows.h"     // Problem
#include "eval/answer_rules.h"
#include "nn/decode_weights.h"  // StorageChoice
#include "sample/sampler.h"     // SamplingSettings
#include "text/prompt_builder.h"

namespace laconic {

class Policy;
class SampleJournal;

// Everything that decides what a measurement means. Two measurements are comparable when these
// agree.
struct MeasureSettings {
  SamplingSettings sampling;  // stop_ids and allowed_ids are filled from the model
  int64_t samples_per_problem = 1;
  StorageChoice weights = StorageChoice::kAuto;
  int64_t num_slots = 64;  // memory and speed only: no influence on the samples
  std::string instruction;
  std::optional<BudgetForcingSettings> control;
  AnswerRules rules;  // where the answer of a reply stands
  // The part that must agree between bounds and run: the sampler's numbers and the instruction, not
  // slots.
  Json describe() const;
};

struct DevSet {
  std::vector<Problem> problems;
  std::vector<std::vector<int32_t>> prompts;  // prompt ids of each problem
  std::string hash;                           // of ids, questions and gold answers
};

// Of ids, questions and gold answers.
std::string hash_problems(const std::vector<Problem>& problems);

// Builds the prompt of each problem. Error(kData) naming the problem when a prompt cannot be built.
DevSet make_dev_set(std::vector<Problem> problems, const PromptBuilder& builder,
                    const std::string& instruction);

// The problems of a file, which must have answers.
DevSet read_dev_set(const std::string& path, const PromptBuilder& builder,
                    const std::string& instruction, BadRows& bad_rows);

struct MeasureResult {
  std::vector<SampleRecord> records;  // by problem, then by sample
  // Largest |sampler's - trainer's| log-probability over the ids of some of the samples (nats).
  double max_logprob_difference = 0;
  double seconds = 0;      // of sampling and judging, without that comparison
  int64_t num_tokens = 0;  // sampled by this call, not found in a journal
};

// Where a measurement keeps its replies and what it is called.
struct MeasureRun {
  std::string label;                 // heads the progress bar
  SampleJournal* journal = nullptr;  // null: replies live in memory until all are there
};

// nullopt when a signal asked to stop: what was sampled is in the journal, or dropped without one.
std::optional<MeasureResult> sample_dev_set(Policy& policy, const DevSet& dev_set,
                                            const PromptBuilder& builder,
                                            const MeasureSettings& settings, const MeasureRun& run);

}  // namespace laconic
