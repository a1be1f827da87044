// SPDX-License-Identifier: Apache-2.0
#include "app/dev_set.h"

#include <algorithm>
#include <cmath>

#include "app/policy.h"
#include "app/problem_prompt.h"
#include "app/rollout.h"
#include "app/sample_journal.h"
#include "app/sampling_options.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/progress.h"
#include "nn/decoder.h"

namespace laconic {
namespace {

// Replies whose log-probabilities are computed a second time by the trainer's forward pass.
constexpr size_t kParitySamples = 8;

// The largest difference over one reply between what the sampler and the trainer say of its ids.
double logprob_difference(Decoder& decoder, const std::vector<int32_t>& prompt,
                          const JournalEntry& sample) {
  TokenBatch batch;
  batch.ids = prompt;
  batch.ids.insert(batch.ids.end(), sample.ids.begin(), sample.ids.end());
  batch.cu_seqlens = {0, static_cast<int32_t>(batch.ids.size())};
  batch.targets.assign(batch.ids.size(), -1);
  const size_t first = prompt.size() - 1;  // the position that predicts sample.ids[0]
  for (size_t i = 0; i < sample.ids.size(); ++i) batch.targets[first + i] = sample.ids[i];
  const std::vector<float> logprobs = decoder.target_logprobs(batch);
  double largest = 0;
  for (size_t i = 0; i < sample.ids.size(); ++i)
    largest = std::max<double>(largest, std::abs(logprobs[first + i] - sample.logprobs[i]));
  return largest;
}

}  // namespace

Json MeasureSettings::describe() const {
  Json setting = sampler_setting(sampling);
  setting["samples"] = samples_per_problem;
  setting["instruction"] = instruction;
  if (weights != StorageChoice::kAuto) setting["sampling_weights"] = storage_choice_name(weights);
  if (control) setting["control"] = control->describe();
  return setting;
}

std::string hash_problems(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    text += problem.id + "\n" + problem.problem + "\n" + problem.gold + "\n";
    if (!problem.messages.is_null()) text += problem.messages.dump() + "\n";
    if (!problem.prompt.empty()) text += problem.prompt + "\n";
    if (!problem.system.empty()) text += "system: " + problem.system + "\n";
    if (!problem.variables.is_null()) text += problem.variables.dump() + "\n";
  }
  return hex64(hash64(text));
}

DevSet make_dev_set(std::vector<Problem> problems, const PromptBuilder& builder,
                    const std::string& instruction) {
  DevSet dev_set;
  for (const Problem& problem : problems)
    dev_set.prompts.push_back(prompt_of(problem, builder, instruction));
  dev_set.hash = hash_problems(problems);
  dev_set.problems = std::move(problems);
  return dev_set;
}

DevSet read_dev_set(const std::string& path, const PromptBuilder& builder,
                    const std::string& instruction, BadRows& bad_rows) {
  std::vector<Problem> problems = read_problems(path, bad_rows);
  require(!problems.empty(), ErrorKind::kData, path, ": expected problems with answers, got none");
  return make_dev_set(std::move(problems), builder, instruction);
}

std::optional<MeasureResult> sample_dev_set(Policy& policy, const DevSet& dev_set,
                                            const PromptBuilder& builder,
                                            const MeasureSettings& settings,
                                            const MeasureRun& run) {
  const auto num_samples = static_cast<size_t>(settings.samples_per_problem);
  const size_t num_entries = dev_set.problems.size() * num_samples;
  const auto is_parity_sample = [&](size_t entry) {
    return entry % std::max<size_t>(1, num_entries / kParitySamples) == 0;
  };
  LocalReplies source(
      policy, builder,
      {settings.sampling, settings.num_slots, settings.instruction, settings.control},
      &dev_set.prompts);
  std::optional<Rollouts> rollouts =
      roll_out(source, {dev_set.problems, settings.samples_per_problem, settings.rules, run.label,
                        run.journal, is_parity_sample});
  if (!rollouts) return std::nullopt;
  MeasureResult result;
  result.seconds = rollouts->seconds;
  result.num_tokens = rollouts->num_tokens;
  // The check of the sampler against the trainer takes a forward pass each, so it shows progress.
  Progress progress(run.label + ", check of the sampler", kParitySamples, "replies");
  int64_t num_checked = 0;
  Decoder decoder(policy.weights());
  for (size_t i = 0; i < num_entries; ++i) {
    JournalEntry& entry = rollouts->entries[i];
    if (is_parity_sample(i)) {
      result.max_logprob_difference =
          std::max(result.max_logprob_difference,
                   logprob_difference(decoder, dev_set.prompts[i / num_samples], entry));
      progress.update(++num_checked);
    }
    result.records.push_back(std::move(entry.record));
  }
  progress.vanish();
  return result;
}

}  // namespace laconic
