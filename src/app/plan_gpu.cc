// SPDX-License-Identifier: Apache-2.0
#include "app/plan_gpu.h"

#include <algorithm>

#include "base/error.h"
#include "nn/memory_plan.h"
#include "nn/weights.h"

namespace laconic {
namespace {

constexpr GpuKind kKinds[] = {
    {"a100", 312, 2.04, 80},  {"h100", 989, 3.35, 80},  {"h200", 989, 4.8, 141},
    {"b200", 2250, 8.0, 180}, {"l40s", 362, 0.864, 48}, {"rtx4090", 165, 1.01, 24},
};
constexpr double kShareOfBandwidth = 0.5;

}  // namespace

std::string gpu_names() {
  std::string names;
  for (const GpuKind& kind : kKinds) names += (names.empty() ? "" : ", ") + std::string(kind.name);
  return names;
}

const GpuKind& find_gpu(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const GpuKind& kind : kKinds)
    if (lower == kind.name) return kind;
  fail(ErrorKind::kUsage, "--gpu: expected one of ", gpu_names(), ", got \"", name, "\"");
}

double forward_flops(const ModelConfig& config, double row_tokens, bool with_head) {
  double matrices = 0;
  for (int64_t layer = 0; layer < config.num_layers; ++layer)
    matrices += static_cast<double>(layer_matrix_weights(config, layer));
  if (with_head) matrices += static_cast<double>(config.vocab_size * config.hidden_size);
  // Scores and sums over the n / 2 positions that a query sees on average.
  const double attention =
      2 * static_cast<double>(config.num_layers * config.q_width()) * row_tokens;
  return 2 * matrices + attention;
}

double gpu_train_s_per_token(const ModelConfig& config, const GpuFleet& fleet, double row_tokens,
                             double target_share, bool recompute) {
  const double layers = forward_flops(config, row_tokens, false);
  const double head = forward_flops(config, row_tokens, true) - layers;
  const double flops = layers * (recompute ? 4 : 3) + 3 * head * target_share;
  return flops /
         (fleet.kind.bf16_tflops * 1e12 * fleet.utilisation * static_cast<double>(fleet.count));
}

double gpu_step_s(const ModelConfig& config, const GpuFleet& fleet, int64_t slots,
                  double positions) {
  const auto rows = static_cast<double>(slots);
  const double compute_s = rows * forward_flops(config, 2 * positions, true) /
                           (fleet.kind.bf16_tflops * 1e12 * fleet.utilisation);
  const double cache =
      4.0 * static_cast<double>(config.num_layers * config.num_kv_heads * config.head_dim) *
      positions * rows;
  const double bytes = 2.0 * static_cast<double>(count_weights(config)) + cache;
  return std::max(compute_s, bytes / (fleet.kind.memory_tb_s * 1e12 * kShareOfBandwidth));
}

}  // namespace laconic
