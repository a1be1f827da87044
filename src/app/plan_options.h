// What `laconic plan` can be told.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/settings.h"

namespace laconic {

struct PlanOptions {
  std::string model, gpu = "h100", sampling_weights = "auto";
  int64_t max_steps = 0, rows = 64, row_tokens = 512, longest_row = 0, micro_batch_tokens = 8192;
  double target_share = 0.8;
  bool gradient_checkpointing = false, bf16 = false;
  int64_t lora_r = 0;
  int64_t problems = 0, samples = 1, prompt_tokens = 128, reply_tokens = 512, slots = 64;
  int64_t evaluations = 1;
  int64_t gpus = 0;
  double utilisation = 0.4;
  bool calibrate = true, json = false;

  void add_to(Settings& settings);

 private:
  void add_where_to(Settings& settings);
};

}  // namespace laconic
