// Seconds of a run on this machine, foretold from a few seconds of the engine's own code.
//
// Not a table of rates: what runs are the trainer's and the sampler's own kernels at the model's
// widths on random weights, up to some six of its layers, a part of its vocabulary and as many
// tokens as a second or two allow; time then grows with layers, rows of the vocabulary, weights and
// tokens. A small model runs whole. Medians of a few repeats count, by turns where a time is told
// by a difference (a layer's, the head's). Cost of attention is taken at the given row length, not
// extrapolated. A layer too large for that is measured at narrower widths and scaled by weights.
// All of it keeps to a given time on whatever machine: what is run follows from the time and from
// the machine's own speed, and then fewer repeats count. What other programs do meanwhile shows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "nn/adapter_config.h"
#include "nn/decode_weights.h"  // StorageChoice
#include "nn/decoder.h"
#include "nn/model_config.h"

namespace laconic {

// What measuring may take, and who is told which part begins.
class CalibrationTime {
 public:
  static constexpr int64_t kNumParts = 4;  // optimizer, layers, head, replies
  // seconds: of all parts together. on_part may be empty.
  CalibrationTime(double seconds, std::function<void(const char* part)> on_part);
  // Tells of the part and returns its seconds: `share` of all.
  double begin(const char* part, double share) const;
  // FLOP of one turn, so that a first one and three more fit into `seconds`.
  double turn_flops(double seconds) const { return flops_per_s_ * seconds / 4; }

 private:
  double seconds_ = 0, flops_per_s_ = 0;
  std::function<void(const char* part)> on_part_;
};

struct TrainCost {
  double s_per_token = 0;   // all layers, forward and backward
  double s_per_target = 0;  // head and loss; 0 where s_per_token has it (small models)
  double s_per_update = 0;  // zeroing, norm of the gradients, AdamW, of all weights
  double gflops = 0;        // of the layers' matrix products, effective
};

// What `--lora-r` plans: all linear layers but the head, as PEFT's "all-linear".
AdapterConfig all_linear_adapter(int64_t r);

struct TrainProbe {
  int64_t batch_tokens = 8192;
  int64_t row_tokens = 512;
  double target_share = 1;  // of the tokens
  int64_t lora_r = 0;       // an adapter of this rank is trained; 0: all weights
  DecoderOptions decoder;
};
TrainCost measure_training(const ModelConfig& config, const TrainProbe& probe,
                           const CalibrationTime& time);

struct SampleCost {
  double s_per_prompt_token = 0;
  double s_per_step = 0;  // a token for each of the slots
};

struct SampleProbe {
  int64_t slots = 64;
  int64_t prompt_tokens = 128;
  int64_t reply_tokens = 512;  // mean
  StorageChoice storage = StorageChoice::kFloat32;
};
SampleCost measure_sampling(const ModelConfig& config, const SampleProbe& probe,
                            const CalibrationTime& time);

}  // namespace laconic
