// Seconds of a run on graphics cards, from published peaks and a stated utilisation. Nothing is
// measured: an estimate, and labelled as one wherever it is printed.
//
// Training: 6 FLOP a weight and token (8 with recomputation), attention's 6 L Q n of a causal row
// of n tokens, divided by utilisation x bf16 peak x cards. Sampling: the larger of the same count
// (2 FLOP) and the bytes read a step (bf16 weights and cache) at half the memory's peak, cards
// sharing the replies. Sources: NVIDIA's data sheets, dense rates. Error(kUsage) for an unknown
// name.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "nn/model_config.h"

namespace laconic {

struct GpuKind {
  const char* name;
  double bf16_tflops;  // dense
  double memory_tb_s;
  double memory_gb;
};

const GpuKind& find_gpu(const std::string& name);
std::string gpu_names();  // "a100, h100, ..."

// FLOP of one token forward: matrices, head (if it has a target), attention in a row of n tokens.
double forward_flops(const ModelConfig& config, double row_tokens, bool with_head);

struct GpuFleet {
  GpuKind kind;
  int64_t count = 1;
  double utilisation = 0.4;
};
double gpu_train_s_per_token(const ModelConfig& config, const GpuFleet& fleet, double row_tokens,
                             double target_share, bool recompute);
// Of one card with `slots` replies at `positions` each.
double gpu_step_s(const ModelConfig& config, const GpuFleet& fleet, int64_t slots,
                  double positions);

}  // namespace laconic
