// SPDX-License-Identifier: Apache-2.0
#include "app/plan_calibration.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "nn/cross_entropy.h"
#include "nn/decode_pass.h"  // splits_rows, kRowSplitWeights
#include "nn/kernels.h"
#include "nn/lora.h"
#include "nn/memory_plan.h"
#include "nn/shares.h"
#include "nn/weights.h"
#include "nn/workspace.h"
#include "sample/decode_step_model.h"
#include "train/adamw.h"

namespace laconic {
namespace {

constexpr int64_t kFewIds = 256;  // a vocabulary that costs next to nothing
// Weights of the layers that stand for all: more than caches hold.
constexpr int64_t kSampleLayerWeights = 24 << 20;
constexpr double kMaxFlops = 1.2e11;      // of one measured product of the head, or small model
constexpr double kMaxPassFlops = 2.5e11;  // of one measured pass through some layers
constexpr int64_t kMaxPassLayers = 6;
constexpr double kMaxPassWeights = 64 << 20;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The median of calls after one unmeasured: three, and more within two seconds, since a shared
// machine may be slow for one.
double median_s(const std::function<void()>& call) {
  call();
  std::vector<double> times;
  const double start = now_s();
  for (int i = 0; i < 3 || (i < 50 && now_s() - start < 2); ++i) {
    const double begin = now_s();
    call();
    times.push_back(now_s() - begin);
    if (now_s() - start > 6) break;
  }
  return median(std::move(times));
}

ModelConfig cut(const ModelConfig& config, int64_t layers, int64_t vocab_size) {
  ModelConfig c = config;
  c.num_layers = std::min(layers, config.num_layers);
  c.vocab_size = std::min(vocab_size, config.vocab_size);
  if (!c.layer_windows.empty()) c.layer_windows.resize(static_cast<size_t>(c.num_layers));
  if (!c.sparse_layers.empty()) c.sparse_layers.resize(static_cast<size_t>(c.num_layers));
  return c;
}

// Values of the model's dtype: the sampler stores what is bf16 already as bf16.
Weights random_weights(const ModelConfig& config) {
  Weights weights = make_weights(config);
  initialize_weights(weights, 0.02, 1);
  if (config.dtype == "bfloat16") weights.flat.copy_(weights.flat.to(at::kBFloat16));
  return weights;
}

TokenBatch batch_of(const ModelConfig& config, int64_t tokens, int64_t row_tokens,
                    double target_share) {
  TokenBatch batch;
  batch.cu_seqlens = {0};
  for (int64_t t = 0; t < tokens; ++t) {
    const int64_t place = t % row_tokens;
    batch.ids.push_back(static_cast<int32_t>((7 * t + t / 11) % config.vocab_size));
    const bool target =
        static_cast<double>(place) >= (1 - target_share) * static_cast<double>(row_tokens);
    batch.targets.push_back(target || t + 1 == tokens ? batch.ids.back() : -1);
    if (place + 1 == row_tokens || t + 1 == tokens)
      batch.cu_seqlens.push_back(static_cast<int32_t>(t + 1));
  }
  return batch;
}

struct Pass {
  Pass(const ModelConfig& config, const TokenBatch& tokens, const TrainProbe& probe)
      : weights(random_weights(config)), batch(tokens), options(probe.decoder) {
    if (probe.lora_r > 0) weights = attach_adapter(weights, all_linear_adapter(probe.lora_r), 1);
    gradients = make_gradients(weights);
  }
  void operator()() { forward_backward(weights, batch, 1e-3, gradients, options); }
  Weights weights, gradients;
  const TokenBatch& batch;
  DecoderOptions options;
};

using Calls = std::vector<std::function<void()>>;

// Medians by turns, after one of each unmeasured: of a difference, since a machine's speed may
// change between two calls that are timed apart, and their difference with it.
std::vector<double> times_by_turns(const Calls& calls) {
  std::vector<std::vector<double>> times(calls.size());
  for (const auto& call : calls) call();
  const double start = now_s();
  for (int turn = 0; turn < 3 || (turn < 15 && now_s() - start < 6); ++turn) {
    for (size_t i = 0; i < calls.size(); ++i) {
      const double begin = now_s();
      calls[i]();
      times[i].push_back(now_s() - begin);
    }
    if (now_s() - start > 12) break;
  }
  std::vector<double> medians;
  for (std::vector<double>& some : times) medians.push_back(median(std::move(some)));
  return medians;
}

double matrix_weights(const ModelConfig& config, int64_t first_layer) {
  double sum = 0;
  for (int64_t layer = first_layer; layer < config.num_layers; ++layer)
    sum += static_cast<double>(layer_matrix_weights(config, layer));
  return sum;
}

// From a pass through one layer and one through some: the last layer leaves out what no target
// needs, so one alone does not tell.
double layers_s_per_token(const ModelConfig& config, const TrainProbe& probe,
                          double flops_a_layer) {
  const int64_t least = std::min(probe.batch_tokens, std::max<int64_t>(256, probe.row_tokens));
  const auto some = static_cast<int64_t>(
      std::min(kMaxPassFlops / (flops_a_layer * static_cast<double>(least)),
               kMaxPassWeights / static_cast<double>(layer_matrix_weights(config, 0))));
  const ModelConfig one = cut(config, 1, kFewIds);
  const ModelConfig more = cut(config, std::clamp<int64_t>(some, 2, kMaxPassLayers), kFewIds);
  const auto fitting =
      static_cast<int64_t>(kMaxPassFlops / (flops_a_layer * static_cast<double>(more.num_layers)));
  const int64_t tokens = std::min(probe.batch_tokens, std::max(least, fitting));
  const TokenBatch batch = batch_of(one, tokens, probe.row_tokens, probe.target_share);
  const std::vector<double> s = times_by_turns({Pass(one, batch, probe), Pass(more, batch, probe)});
  const double others = more.num_layers > 1
                            ? (s[1] - s[0]) * matrix_weights(config, 1) / matrix_weights(more, 1)
                            : 0.0;
  return (s[0] + others) / static_cast<double>(tokens);
}

double update_s_per_weight(const ModelConfig& config) {
  // Matrices of as many weights as the model has, if it is small, else of more than caches hold.
  const int64_t ids = std::max<int64_t>(1, (int64_t{16} << 20) / config.hidden_size);
  ModelConfig c = count_weights(config) <= kSampleLayerWeights ? config : cut(config, 1, ids);
  Weights weights = make_weights(c), gradients = make_weights(c);
  AdamW optimizer(weights, {});
  return median_s([&] {
           gradients.flat.zero_();
           const double norm = gradient_norm(gradients);
           optimizer.step(weights, gradients, 1e-5, clip_factor(norm, 1.0));
         }) /
         static_cast<double>(weights.flat.numel());
}

double head_s_per_target(const ModelConfig& config, const TrainProbe& probe) {
  const DecoderOptions& options = probe.decoder;
  const int64_t D = config.hidden_size;
  const auto fitting = static_cast<int64_t>(kMaxFlops) / (6 * options.head_chunk * D);
  const int64_t V = std::clamp<int64_t>(fitting, kFewIds, config.vocab_size);
  const at::Tensor weight = at::randn({V, D});
  HeadLoss head;
  head.rows = at::randn({options.head_chunk, D});
  head.head = {weight, nullptr, nullptr, options.precision};
  head.targets = at::zeros({options.head_chunk}, at::kInt);
  head.factors = at::ones({options.head_chunk});
  head.nll = at::zeros({options.head_chunk});
  head.drows = at::zeros({options.head_chunk, D});
  if (probe.lora_r == 0) head.dhead = at::zeros({V, D});
  head.softcap = config.logit_softcap;
  Workspace workspace;
  const double s =
      median_s([&] { head_loss(head, options.head_chunk, kernels_for(weight), workspace); });
  return s * static_cast<double>(config.vocab_size) / static_cast<double>(V) /
         static_cast<double>(options.head_chunk);
}

}  // namespace

AdapterConfig all_linear_adapter(int64_t r) {
  AdapterConfig adapter;
  adapter.r = r;
  adapter.all_linear = true;
  return adapter;
}

TrainCost measure_training(const ModelConfig& config, const TrainProbe& probe) {
  const int64_t N = count_weights(config);
  // FLOP a weight and token: a frozen matrix has no gradient.
  const double times =
      (probe.lora_r > 0 ? 4 : 6) + (probe.decoder.recompute == Recompute::kLayers ? 2 : 0);
  TrainCost cost;
  cost.s_per_update = update_s_per_weight(config) * static_cast<double>(N);
  if (N <= kMaxSharedWeights) {
    const double flops_a_token = times * static_cast<double>(N);
    const int64_t fitting = std::max<int64_t>(
        {static_cast<int64_t>(kMaxFlops / flops_a_token), int64_t{256}, probe.row_tokens});
    const int64_t tokens = std::min(probe.batch_tokens, fitting);
    const TokenBatch batch = batch_of(config, tokens, probe.row_tokens, probe.target_share);
    cost.s_per_token = median_s(Pass(config, batch, probe)) / static_cast<double>(tokens);
    cost.gflops = flops_a_token / cost.s_per_token * 1e-9;
    return cost;
  }
  const double matrices = matrix_weights(config, 0);
  cost.s_per_token =
      layers_s_per_token(config, probe, times * matrices / static_cast<double>(config.num_layers));
  cost.s_per_target = head_s_per_target(config, probe);
  cost.gflops = times * matrices / cost.s_per_token * 1e-9;
  return cost;
}

namespace {

// A sampler of random weights whose slots all begin with a prompt.
struct Sampling {
  Sampling(const ModelConfig& config, const SampleProbe& probe, int64_t most_new_tokens)
      : weights(random_weights(config)),
        sampler(weights, probe.slots, probe.prompt_tokens + most_new_tokens, probe.storage),
        prompt_tokens(probe.slots * probe.prompt_tokens) {
    for (int64_t i = 0; i < probe.slots; ++i)
      requests.push_back({std::to_string(i), 0,
                          std::vector<int32_t>(static_cast<size_t>(probe.prompt_tokens),
                                               static_cast<int32_t>(i % config.vocab_size))});
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
  int64_t prompt_tokens;  // of all slots
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
                             int64_t new_tokens) {
  Sampling sampling(config, probe, new_tokens);
  const std::vector<double> s =
      times_by_turns({sampling.replies_of(1), sampling.replies_of(new_tokens)});
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
SampleCost sample_cost(const ModelConfig& config, int64_t num_layers, const SampleProbe& probe) {
  constexpr int64_t kNewTokens = 24;
  const ModelConfig some = cut(config, num_layers, few_ids(cut(config, num_layers, 1)));
  const ModelConfig more =
      cut(config, num_layers, std::max(some.vocab_size, kSampleLayerWeights / some.hidden_size));
  SampleProbe short_probe = probe;
  short_probe.prompt_tokens = 1;
  Sampling layers(some, probe, kNewTokens);
  Sampling few(some, short_probe, kNewTokens), many(more, short_probe, kNewTokens);
  std::vector<double> prompts, steps, added_ids;
  const double start = now_s();
  for (int turn = 0; turn < 4 || (turn < 16 && now_s() - start < 5); ++turn) {
    const SampleCost of_layers = layers.timed(kNewTokens);
    const double with_few = few.timed(kNewTokens).s_per_step;
    const double with_many = many.timed(kNewTokens).s_per_step;
    if (turn == 0) continue;  // which fills caches
    prompts.push_back(of_layers.s_per_prompt_token);
    steps.push_back(of_layers.s_per_step);
    added_ids.push_back(with_many - with_few);
  }
  const double scale =
      static_cast<double>(config.num_layers) / static_cast<double>(some.num_layers);
  const double s_per_id = std::max(0.0, median(added_ids)) /
                          std::max(1.0, static_cast<double>(more.vocab_size - some.vocab_size));
  const double layers_s = median(steps) - s_per_id * static_cast<double>(some.vocab_size);
  return {median(prompts) * scale,
          layers_s * scale + s_per_id * static_cast<double>(config.vocab_size)};
}

}  // namespace

SampleCost measure_sampling(const ModelConfig& config, const SampleProbe& probe) {
  // Halfway through a mean reply, as far as a second allows.
  SampleProbe at_half = probe;
  const int64_t room = std::max<int64_t>(1, 8192 / probe.slots);
  if (splits_rows(packed_weights(config))) {
    at_half.prompt_tokens = std::min(probe.prompt_tokens, room);
    return small_sample_cost(config, at_half, std::clamp<int64_t>(probe.reply_tokens, 2, 256));
  }
  at_half.prompt_tokens = std::min(probe.prompt_tokens + probe.reply_tokens / 2, room);
  const int64_t layer_weights = std::max<int64_t>(1, layer_matrix_weights(config, 0));
  const int64_t layers =
      std::clamp<int64_t>(kSampleLayerWeights / layer_weights, 1, config.num_layers);
  return sample_cost(config, layers, at_half);
}

}  // namespace laconic
