// SPDX-License-Identifier: Apache-2.0
#include "app/dev_set.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/signals.h"
#include "eval/verify.h"
#include "nn/decoder.h"
#include "sample/decode_step_model.h"
#include "text/think_span.h"
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

std::string difficulty_of(const Problem& problem) {
  for (const char* name : {"difficulty", "level"}) {
    const Json* value = problem.extra.find(name);
    if (value) return value->is_string() ? value->as_string(name) : value->dump();
  }
  return "";
}

SampleRecord judge_sample(const Sample& sample, const SampleRequest& request,
                          const Problem& problem, const PromptBuilder& builder) {
  SampleRecord record;
  record.id = problem.id;
  record.sample_idx = request.sample_idx;
  record.problem = problem.problem;
  record.gold = problem.gold;
  record.completion = builder.completion_text(sample.ids);
  record.num_tokens = static_cast<int64_t>(sample.ids.size());
  const ThinkTokens think =
      count_think_tokens(builder.tokenizer(), sample.ids, builder.prompt_opens_think());
  record.num_thinking_tokens = think.thinking_tokens;
  record.num_answer_tokens = think.answer_tokens;
  record.think_state = think_state_name(think.state);
  record.finish_reason = finish_reason_name(sample.finish_reason);
  const Judgement judgement = judge(problem.gold, record.completion);
  record.verdict = verdict_name(judgement.verdict);
  record.reason = judgement.reason;
  record.extracted = judgement.extracted;
  record.difficulty = difficulty_of(problem);
  return record;
}

// The largest difference over one reply between what the sampler and the trainer say of its ids.
double logprob_difference(const Weights& weights, const std::vector<int32_t>& prompt,
                          const Sample& sample) {
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

std::vector<SampleRequest> make_requests(const DevSet& dev_set, int64_t samples_per_problem) {
  std::vector<SampleRequest> requests;
  for (size_t i = 0; i < dev_set.problems.size(); ++i)
    for (int64_t sample = 0; sample < samples_per_problem; ++sample)
      requests.push_back({dev_set.problems[i].id, sample, dev_set.prompts[i]});
  return requests;
}

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
  return setting;
}

DevSet make_dev_set(std::vector<Problem> problems, const PromptBuilder& builder,
                    const std::string& instruction) {
  DevSet dev_set;
  std::string text;
  for (const Problem& problem : problems) {
    try {
      dev_set.prompts.push_back(prompt_of(problem, builder, instruction));
    } catch (const Error& error) {
      fail(error.kind(), "problem ", problem.id, ": ", error.what());
    }
    text += problem.id + "\n" + problem.problem + "\n" + problem.gold + "\n";
    if (!problem.messages.is_null()) text += problem.messages.dump() + "\n";
    if (!problem.prompt.empty()) text += problem.prompt + "\n";
  }
  dev_set.problems = std::move(problems);
  dev_set.hash = hex64(hash64(text));
  return dev_set;
}

std::optional<MeasureResult> sample_dev_set(const Weights& weights, const DevSet& dev_set,
                                            const PromptBuilder& builder,
                                            const MeasureSettings& settings,
                                            const std::string& label) {
  const auto start = std::chrono::steady_clock::now();
  SamplingSettings sampling = settings.sampling;
  sampling.stop_ids = builder.stop_ids();
  sampling.allowed_ids = builder.tokenizer().size();
  const std::vector<SampleRequest> requests = make_requests(dev_set, settings.samples_per_problem);
  size_t longest = 0;
  for (const auto& prompt : dev_set.prompts) longest = std::max(longest, prompt.size());
  const int64_t longest_reply = static_cast<int64_t>(longest) + sampling.max_new_tokens;
  if (longest_reply > weights.config.max_positions)
    log_warning(label, ": prompt and cap may reach ", longest_reply,
                " positions, the model is made for ", weights.config.max_positions,
                " (max_position_embeddings)");
  const int64_t slots =
      std::min<int64_t>(settings.num_slots, static_cast<int64_t>(requests.size()));
  DecodeSampler sampler(weights, slots, longest_reply);

  std::vector<Sample> samples(requests.size());
  Progress progress(label, static_cast<int64_t>(requests.size()), "samples");
  SamplerCallbacks callbacks;
  callbacks.on_sample = [&](Sample&& sample) { samples[sample.request_idx] = std::move(sample); };
  int64_t num_tokens = 0;
  callbacks.keep_going = [&](const SamplerProgress& now) {
    num_tokens = now.num_tokens;
    progress.update(static_cast<int64_t>(now.num_finished), cat(now.num_tokens, " tokens"));
    return !stop_requested();
  };
  if (!sampler.sample(requests, sampling, callbacks)) return std::nullopt;
  progress.update(static_cast<int64_t>(requests.size()), cat(num_tokens, " tokens"));
  progress.finish();

  MeasureResult result;
  const size_t stride = std::max<size_t>(1, samples.size() / kParitySamples);
  for (size_t i = 0; i < samples.size(); ++i) {
    const size_t problem = i / static_cast<size_t>(settings.samples_per_problem);
    result.num_tokens += static_cast<int64_t>(samples[i].ids.size());
    result.records.push_back(
        judge_sample(samples[i], requests[i], dev_set.problems[problem], builder));
    if (i % stride == 0)
      result.max_logprob_difference =
          std::max(result.max_logprob_difference,
                   logprob_difference(weights, dev_set.prompts[problem], samples[i]));
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace laconic
