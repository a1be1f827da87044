// SPDX-License-Identifier: Apache-2.0
#include "app/dev_set.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "app/judge_reply.h"
#include "app/sample_journal.h"
#include "app/sampling_options.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/signals.h"
#include "nn/decoder.h"
#include "sample/decode_step_model.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

// Replies whose log-probabilities are computed a second time by the trainer's forward pass.
constexpr size_t kParitySamples = 8;

std::vector<int32_t> prompt_of(const Problem& problem, const PromptBuilder& builder,
                               const std::string& instruction) {
  if (!problem.messages.is_null()) return builder.prompt_ids(problem.messages);
  if (!problem.problem.empty()) return builder.problem_ids(problem.problem, instruction);
  return builder.text_ids(problem.prompt);
}

// The largest difference over one reply between what the sampler and the trainer say of its ids.
double logprob_difference(const Weights& weights, const std::vector<int32_t>& prompt,
                          const JournalEntry& sample) {
  TokenBatch batch;
  batch.ids = prompt;
  batch.ids.insert(batch.ids.end(), sample.ids.begin(), sample.ids.end());
  batch.cu_seqlens = {0, static_cast<int32_t>(batch.ids.size())};
  batch.targets.assign(batch.ids.size(), -1);
  const size_t first = prompt.size() - 1;  // the position that predicts sample.ids[0]
  for (size_t i = 0; i < sample.ids.size(); ++i) batch.targets[first + i] = sample.ids[i];
  const std::vector<float> logprobs = target_logprobs(weights, batch);
  double largest = 0;
  for (size_t i = 0; i < sample.ids.size(); ++i)
    largest = std::max<double>(largest, std::abs(logprobs[first + i] - sample.logprobs[i]));
  return largest;
}

// One measurement: which replies are open, and what becomes of each.
class Measuring {
 public:
  Measuring(const DevSet& dev_set, const PromptBuilder& builder, const MeasureSettings& settings,
            SampleJournal* journal)
      : dev_set_(dev_set),
        builder_(builder),
        rules_(settings.rules),
        samples_(settings.samples_per_problem),
        journal_(journal) {
    entries_.resize(dev_set.problems.size() * static_cast<size_t>(samples_));
    for (size_t i = 0; i < entries_.size(); ++i) {
      const Problem& problem = dev_set.problems[problem_of(i)];
      const int64_t sample_idx = static_cast<int64_t>(i) % samples_;
      const JournalEntry* found = journal ? journal->find(problem.id, sample_idx) : nullptr;
      if (found) {
        entries_[i] = *found;
        continue;
      }
      requests_.push_back({problem.id, sample_idx, dev_set.prompts[problem_of(i)]});
      entry_of_request_.push_back(i);
    }
  }
  const std::vector<SampleRequest>& requests() const { return requests_; }

  void take(Sample&& sample) {
    const size_t i = entry_of_request_[sample.request_idx];
    JournalEntry& entry = entries_[i];
    entry.record = judge_reply(
        dev_set_.problems[problem_of(i)], requests_[sample.request_idx].sample_idx,
        reply_of_ids(sample.ids, finish_reason_name(sample.finish_reason), builder_), rules_);
    entry.record.control = control_record(sample);
    if (is_parity_sample(i)) {
      entry.ids = std::move(sample.ids);
      entry.logprobs = std::move(sample.logprobs);
    }
    if (journal_) journal_->add(entry);
  }

  MeasureResult finish(const Weights& weights) {
    MeasureResult result;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (is_parity_sample(i))
        result.max_logprob_difference =
            std::max(result.max_logprob_difference,
                     logprob_difference(weights, dev_set_.prompts[problem_of(i)], entries_[i]));
      result.records.push_back(std::move(entries_[i].record));
    }
    for (const size_t i : entry_of_request_) result.num_tokens += result.records[i].num_tokens;
    return result;
  }

 private:
  size_t problem_of(size_t entry) const { return entry / static_cast<size_t>(samples_); }
  bool is_parity_sample(size_t entry) const {
    return entry % std::max<size_t>(1, entries_.size() / kParitySamples) == 0;
  }

  const DevSet& dev_set_;
  const PromptBuilder& builder_;
  const AnswerRules& rules_;
  const int64_t samples_;
  SampleJournal* const journal_;
  std::vector<JournalEntry> entries_;  // by problem, then by sample
  std::vector<SampleRequest> requests_;
  std::vector<size_t> entry_of_request_;
};

}  // namespace

Json MeasureSettings::describe() const {
  Json setting = Json::object();
  setting["temperature"] = sampling.temperature;
  setting["top_p"] = sampling.top_p;
  setting["top_k"] = sampling.top_k;
  setting["min_p"] = sampling.min_p;
  setting["max_new_tokens"] = sampling.max_new_tokens;
  setting["samples"] = samples_per_problem;
  setting["sampler_seed"] = sampling.seed;
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
  }
  return hex64(hash64(text));
}

DevSet make_dev_set(std::vector<Problem> problems, const PromptBuilder& builder,
                    const std::string& instruction) {
  DevSet dev_set;
  for (const Problem& problem : problems) {
    try {
      dev_set.prompts.push_back(prompt_of(problem, builder, instruction));
    } catch (const Error& error) {
      fail(error.kind(), "problem ", problem.id, ": ", error.what());
    }
  }
  dev_set.hash = hash_problems(problems);
  dev_set.problems = std::move(problems);
  return dev_set;
}

std::optional<MeasureResult> sample_dev_set(const Weights& weights, const DevSet& dev_set,
                                            const PromptBuilder& builder,
                                            const MeasureSettings& settings,
                                            const MeasureRun& run) {
  const auto start = std::chrono::steady_clock::now();
  SamplingSettings sampling = settings.sampling;
  sampling.stop_ids = builder.stop_ids();
  sampling.allowed_ids = builder.tokenizer().size();
  Measuring measuring(dev_set, builder, settings, run.journal);
  const std::vector<SampleRequest>& requests = measuring.requests();
  if (!requests.empty()) {
    const int64_t slots =
        std::min<int64_t>(settings.num_slots, static_cast<int64_t>(requests.size()));
    DecodeSampler sampler(weights, slots,
                          slot_capacity(run.label, requests, sampling, weights.config),
                          settings.weights);
    Progress progress(run.label, static_cast<int64_t>(requests.size()), "samples");
    SamplerCallbacks callbacks;
    callbacks.on_sample = [&](Sample&& sample) { measuring.take(std::move(sample)); };
    callbacks.make_control = budget_forcing_maker(settings.control, builder);
    int64_t num_tokens = 0;
    callbacks.keep_going = [&](const SamplerProgress& now) {
      num_tokens = now.num_tokens;
      progress.update(static_cast<int64_t>(now.num_finished), cat(now.num_tokens, " tokens"));
      return !stop_requested();
    };
    if (!sampler.sample(requests, sampling, callbacks)) return std::nullopt;
    progress.update(static_cast<int64_t>(requests.size()), cat(num_tokens, " tokens"));
    progress.finish();
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  MeasureResult result = measuring.finish(weights);
  result.seconds = taken.count();
  return result;
}

}  // namespace laconic
