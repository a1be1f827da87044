// The MLP of a sparse layer: each row goes through the experts that its router chose.
//
// Rows are grouped by expert, so that an expert's matrices are read once for all its rows. A row's
// result is the sum over its experts, in the order of their numbers, of weight * expert(row): it
// depends on no other row. Of experts with equal probability the lower number is chosen first.
// Source: transformers' Qwen3MoeSparseMoeBlock (softmax over all experts in fp32, then top-k).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "nn/decode_rows.h"
#include "nn/decode_weights.h"

namespace laconic {

// Runs function over parts of [0, count), perhaps on several threads.
using RunParts = std::function<void(int64_t count, const std::function<void(Range)>& function)>;

class DecodeExperts {
 public:
  // Room for num_rows rows; none where the model has no sparse layer.
  DecodeExperts(const ModelConfig& config, int64_t num_rows);
  // out rows r = experts(in rows r). Calls for disjoint rows may run at the same time.
  void run(const DecodeLayer& layer, Activations& in, Activations& out, Range r,
           const RunParts& run_parts);

 private:
  struct Group {
    int64_t expert = 0;
    Range chosen;  // places in the grouped buffers
  };
  struct Choice {
    int64_t expert = 0;
    int64_t place = 0;  // in the grouped buffers
    float weight = 0;
  };
  void choose(const DecodeLayer& layer, Activations& in, Range r);
  std::vector<Group> group(Activations& in, Range r);
  void products(const DecodeLayer& layer, const std::vector<Group>& groups,
                const RunParts& run_parts);
  void combine(Activations& out, Range r);
  Choice* choices(int64_t row) { return choices_.data() + row * per_token_; }

  const ModelConfig config_;
  const int64_t per_token_;
  std::vector<Choice> choices_;  // [rows, experts_per_token]
  Activations scores_;           // [rows, X]
  Activations grouped_in_, grouped_gate_, grouped_up_,
      grouped_out_;  // [rows * experts_per_token, ...]
};

}  // namespace laconic
