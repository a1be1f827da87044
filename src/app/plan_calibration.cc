// SPDX-License-Identifier: Apache-2.0
#include "app/plan_calibration.h"

#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/plan_probe.h"
#include "nn/cross_entropy.h"
#include "nn/kernels.h"
#include "nn/lora.h"
#include "nn/memory_plan.h"
#include "nn/shares.h"
#include "nn/weights.h"
#include "nn/workspace.h"
#include "train/adamw.h"

namespace laconic {
namespace {

constexpr double kMaxFlops = 1.2e11;      // of one measured product of the head, or small model
constexpr double kMaxPassFlops = 2.5e11;  // of one measured pass through some layers
constexpr int64_t kMaxPassLayers = 6;
constexpr double kMaxPassWeights = 64 << 20;

// Of products that are larger than caches, which the engine's own are no slower than.
double measured_flops_per_s() {
  constexpr int64_t kRows = 512, kWidth = 1024;
  const at::Tensor a = at::randn({kRows, kWidth}), b = at::randn({kWidth, kWidth});
  double best_s = 1e9;
  for (int i = 0; i < 4; ++i) {
    const double begin = now_s();
    at::mm(a, b);
    best_s = std::min(best_s, now_s() - begin);
  }
  return 2.0 * kRows * kWidth * kWidth / std::max(best_s, 1e-6);
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
      : weights(std::make_unique<Weights>(random_weights(config))), batch(tokens) {
    if (probe.lora_r > 0) *weights = attach_adapter(*weights, all_linear_adapter(probe.lora_r), 1);
    gradients = make_gradients(*weights);
    decoder = std::make_unique<Decoder>(*weights, probe.decoder);
  }
  void operator()() { decoder->forward_backward(batch, 1e-3, gradients); }
  std::shared_ptr<Weights> weights;  // shared: a std::function copies what it calls
  Weights gradients;
  const TokenBatch& batch;
  std::shared_ptr<Decoder> decoder;
};

// From a pass through one layer and one through some: the last layer leaves out what no target
// needs, so one alone does not tell.
double layers_s_per_token(const ModelConfig& whole, const TrainProbe& probe, double flops_a_weight,
                          const CalibrationTime& time) {
  const double seconds = time.begin("layers", 0.45);
  const double max_flops = std::min(kMaxPassFlops, time.turn_flops(seconds));
  const ModelConfig config = narrowed(whole, kMaxPassWeights / 4);
  const double wider = matrix_weights(whole, 0) / matrix_weights(config, 0);
  const double flops_a_layer =
      flops_a_weight * matrix_weights(config, 0) / static_cast<double>(config.num_layers);
  const int64_t least = std::min(probe.batch_tokens, std::max<int64_t>(256, probe.row_tokens));
  const auto some = static_cast<int64_t>(
      std::min(max_flops / (flops_a_layer * static_cast<double>(least)),
               kMaxPassWeights / static_cast<double>(layer_matrix_weights(config, 0))));
  const ModelConfig one = cut(config, 1, kFewIds);
  const ModelConfig more = cut(config, std::clamp<int64_t>(some, 2, kMaxPassLayers), kFewIds);
  const auto fitting =
      static_cast<int64_t>(max_flops / (flops_a_layer * static_cast<double>(more.num_layers + 1)));
  const int64_t tokens = std::min(probe.batch_tokens, std::max<int64_t>({64, fitting}));
  const TokenBatch batch = batch_of(one, tokens, probe.row_tokens, probe.target_share);
  const std::vector<double> s =
      times_by_turns({Pass(one, batch, probe), Pass(more, batch, probe)}, seconds);
  const double others = more.num_layers > 1
                            ? (s[1] - s[0]) * matrix_weights(config, 1) / matrix_weights(more, 1)
                            : 0.0;
  return (s[0] + others) * wider / static_cast<double>(tokens);
}

double update_s_per_weight(const ModelConfig& config, const CalibrationTime& time) {
  const double seconds = time.begin("optimizer", 0.1);
  // Matrices of as many weights as the model has, if it is small, else of more than caches hold.
  const int64_t ids = std::max<int64_t>(1, (int64_t{16} << 20) / config.hidden_size);
  ModelConfig c = count_weights(config) <= kSampleLayerWeights ? config : cut(config, 1, ids);
  Weights weights = make_weights(c), gradients = make_weights(c);
  AdamW optimizer(weights, {});
  return median_s(
             [&] {
               gradients.flat.zero_();
               const double norm = gradient_norm(gradients);
               optimizer.step(weights, gradients, 1e-5, clip_factor(norm, 1.0));
             },
             seconds) /
         static_cast<double>(weights.flat.numel());
}

double head_s_per_target(const ModelConfig& config, const TrainProbe& probe,
                         const CalibrationTime& time) {
  const double seconds = time.begin("head and loss", 0.15);
  const DecoderOptions& options = probe.decoder;
  const int64_t D = config.hidden_size;
  const auto fitting = static_cast<int64_t>(std::min(kMaxFlops, time.turn_flops(seconds))) /
                       (6 * options.head_chunk * D);
  const int64_t V = std::clamp<int64_t>(fitting, kFewIds, config.vocab_size);
  const at::Tensor weight = at::randn({V, D});
  HeadLoss head;
  head.rows = at::randn({options.head_chunk, D});
  head.head = {weight, nullptr, nullptr, {options.precision}};
  head.targets = at::zeros({options.head_chunk}, at::kInt);
  head.factors = at::ones({options.head_chunk});
  head.nll = at::zeros({options.head_chunk});
  head.drows = at::zeros({options.head_chunk, D});
  if (probe.lora_r == 0) head.dhead = at::zeros({V, D});
  head.softcap = config.logit_softcap;
  Workspace workspace;
  head.head.workspace = &workspace;
  const double s = median_s(
      [&] { head_loss(head, options.head_chunk, kernels_for(weight), workspace); }, seconds);
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

CalibrationTime::CalibrationTime(double seconds, std::function<void(const char*)> on_part)
    : seconds_(seconds), flops_per_s_(measured_flops_per_s()), on_part_(std::move(on_part)) {}

double CalibrationTime::begin(const char* part, double share) const {
  if (on_part_) on_part_(part);
  return share * seconds_;
}

TrainCost measure_training(const ModelConfig& config, const TrainProbe& probe,
                           const CalibrationTime& time) {
  const int64_t N = count_weights(config);
  // FLOP a weight and token: a frozen matrix has no gradient.
  const double times =
      (probe.lora_r > 0 ? 4 : 6) + (probe.decoder.recompute == Recompute::kLayers ? 2 : 0);
  TrainCost cost;
  cost.s_per_update = update_s_per_weight(config, time) * static_cast<double>(N);
  if (N <= kMaxSharedWeights) {
    const double flops_a_token = times * static_cast<double>(N);
    const double seconds = time.begin("layers", 0.45);
    const double max_flops = std::min(kMaxFlops, time.turn_flops(seconds));
    const int64_t fitting = std::max<int64_t>(
        {static_cast<int64_t>(max_flops / flops_a_token), int64_t{256}, probe.row_tokens});
    const int64_t tokens = std::min(probe.batch_tokens, fitting);
    const TokenBatch batch = batch_of(config, tokens, probe.row_tokens, probe.target_share);
    cost.s_per_token = median_s(Pass(config, batch, probe), seconds) / static_cast<double>(tokens);
    cost.gflops = flops_a_token / cost.s_per_token * 1e-9;
    return cost;
  }
  const double matrices = matrix_weights(config, 0);
  cost.s_per_token = layers_s_per_token(config, probe, times, time);
  cost.s_per_target = head_s_per_target(config, probe, time);
  cost.gflops = times * matrices / cost.s_per_token * 1e-9;
  return cost;
}

}  // namespace laconic
