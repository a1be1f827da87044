// The sampler's half of app/plan_calibration.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "app/plan_calibration.h"
#include "app/plan_probe.h"
#include "nn/decode_pass.h"  // splits_rows, kRowSplitWeights
#include "nn/memory_plan.h"
#include "sample/decode_step_model.h"

namespace laconic {
namespace {

// A sampler of random weights whose slots all begin with a prompt.
struct Sampling {
  Sampling(const ModelConfig& config, const SampleProbe& probe, int64_t num_prompts,
           int64_t most_new_tokens)
      : weights(random_weights(config)),
        sampler(weights, probe.slots, probe.prompt_tokens + most_new_tokens, probe.storage),
        prompt_tokens(num_prompts * probe.prompt_tokens) {
    // Neighbours with one prompt run it once.
    for (int64_t i = 0; i < probe.slots; ++i)
      requests.push_back(
          {std::to_string(i), 0,
           std::vector<int32_t>(static_cast<size_t>(probe.prompt_tokens),
                                static_cast<int32_t>(i * num_prompts / probe.slots))});
    settings.temperature = 0.7;
  }
  std::function<void()> replies_of(int64_t new_tokens) {
    return [this, new_tokens] { sample(new_tokens, [] {}); };
  }
  // Of a model with one schedule: its prompts come first, and each step is timed for itself.
  SampleCost timed(int64_t new_tokens) {
    std::vector<double> starts;  // of a prompt each, then of a step each
    sample(new_tokens, [&] { starts.push_back(now_s()); });
    starts.push_back(now_s());
    const double* const first_step = starts.data() + requests.size();
    std::vector<double> steps;
    for (int64_t i = 0; i + 1 < new_tokens; ++i) steps.push_back(first_step[i + 1] - first_step[i]);
    return {(*first_step - starts[0]) / static_cast<double>(prompt_tokens),
            median(std::move(steps))};
  }
  Weights weights;
  DecodeSampler sampler;
  int64_t prompt_tokens;  // that are run
  std::vector<SampleRequest> requests;
  SamplingSettings settings;

 private:
  void sample(int64_t new_tokens, const std::function<void()>& before_each) {
    SamplerCallbacks callbacks;
    callbacks.on_sample = [](Sample&&) {};
    callbacks.keep_going = [&](const SamplerProgress&) {
      before_each();
      return true;
    };
    settings.max_new_tokens = new_tokens;
    sampler.sample(requests, settings, callbacks);
  }
};

// Of a model whose slots are split over several schedules, which no one's steps tell.
SampleCost small_sample_cost(const ModelConfig& config, const SampleProbe& probe,
                             int64_t new_tokens, double seconds) {
  Sampling sampling(config, probe, std::min(probe.slots, config.vocab_size), new_tokens);
  const std::vector<double> s =
      times_by_turns({sampling.replies_of(1), sampling.replies_of(new_tokens)}, seconds);
  return {s[0] / static_cast<double>(sampling.prompt_tokens),
          std::max(0.0, s[1] - s[0]) / static_cast<double>(new_tokens - 1)};
}

// Ids that leave the head of these layers small, and the whole a model of one schedule.
int64_t few_ids(const ModelConfig& layers) {
  const auto matrices = static_cast<int64_t>(matrix_weights(layers, 0));
  return std::max(kFewIds, (kRowSplitWeights - matrices) / layers.hidden_size + 1);
}

// Steps of some layers with few ids, and of the same with many and short prompts, by turns: what
// ids cost is the difference, and grows with them.
SampleCost sample_cost(const ModelConfig& whole, const SampleProbe& probe, double seconds,
                       double max_flops) {
  constexpr int64_t kNewTokens = 24;
  const ModelConfig config = narrowed(whole, kSampleLayerWeights);
  const double wider = matrix_weights(whole, 0) / matrix_weights(config, 0);
  const int64_t layer_weights = std::max<int64_t>(1, layer_matrix_weights(config, 0));
  const int64_t num_layers =
      std::clamp<int64_t>(kSampleLayerWeights / layer_weights, 1, config.num_layers);
  // The steps of three samplers beside the prompts of one.
  const double flops_a_token = 2 * static_cast<double>(num_layers * layer_weights);
  const double prompt_flops = flops_a_token * static_cast<double>(probe.prompt_tokens);
  const double step_flops = 3 * kNewTokens * static_cast<double>(probe.slots) * flops_a_token;
  const auto num_prompts =
      static_cast<int64_t>(std::clamp((max_flops - step_flops) / prompt_flops, 1.0,
                                      static_cast<double>(std::min(probe.slots, kFewIds))));
  const ModelConfig some = cut(config, num_layers, few_ids(cut(config, num_layers, 1)));
  const ModelConfig more =
      cut(config, num_layers, std::max(some.vocab_size, kSampleLayerWeights / some.hidden_size));
  SampleProbe short_probe = probe;
  short_probe.prompt_tokens = 1;
  const int64_t num_short = std::min(probe.slots, kFewIds);
  Sampling layers(some, probe, num_prompts, kNewTokens);
  Sampling few(some, short_probe, num_short, kNewTokens),
      many(more, short_probe, num_short, kNewTokens);
  std::vector<double> prompts, steps, added_ids;
  const double start = now_s();
  double turn_s = 0;
  // The first turn fills caches; one more is the least.
  for (int turn = 0; turn < 2 || (turn < 16 && now_s() - start + turn_s < seconds); ++turn) {
    const double begin = now_s();
    const SampleCost of_layers = layers.timed(kNewTokens);
    const double with_few = few.timed(kNewTokens).s_per_step;
    const double with_many = many.timed(kNewTokens).s_per_step;
    turn_s = now_s() - begin;
    if (turn == 0) continue;
    prompts.push_back(of_layers.s_per_prompt_token);
    steps.push_back(of_layers.s_per_step);
    added_ids.push_back(with_many - with_few);
  }
  const double scale =
      static_cast<double>(config.num_layers) / static_cast<double>(some.num_layers);
  const double s_per_id = std::max(0.0, median(added_ids)) /
                          std::max(1.0, static_cast<double>(more.vocab_size - some.vocab_size));
  const double layers_s = median(steps) - s_per_id * static_cast<double>(some.vocab_size);
  const double ids_wider =
      static_cast<double>(whole.hidden_size) / static_cast<double>(config.hidden_size);
  return {median(prompts) * scale * wider,
          layers_s * scale * wider + s_per_id * ids_wider * static_cast<double>(whole.vocab_size)};
}

}  // namespace

SampleCost measure_sampling(const ModelConfig& config, const SampleProbe& probe,
                            const CalibrationTime& time) {
  const double seconds = time.begin("replies", 0.3);
  // Halfway through a mean reply, as far as a second allows.
  SampleProbe at_half = probe;
  const int64_t room = std::max<int64_t>(1, 8192 / probe.slots);
  if (splits_rows(packed_weights(config))) {
    at_half.prompt_tokens = std::min(probe.prompt_tokens, room);
    return small_sample_cost(config, at_half, std::clamp<int64_t>(probe.reply_tokens, 2, 256),
                             seconds);
  }
  at_half.prompt_tokens = std::min(probe.prompt_tokens + probe.reply_tokens / 2, room);
  return sample_cost(config, at_half, seconds, time.turn_flops(seconds));
}

}  // namespace laconic
