// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_weights.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "nn/gemm.h"

namespace laconic {
namespace {

class Packer {
 public:
  Packer(const ModelConfig& config, StorageChoice choice, HugePageArena& arena)
      : config_(config), choice_(choice), arena_(arena) {
    arena.rewind();
  }
  int64_t num_weights() const { return num_weights_; }
  int64_t num_bytes() const { return num_bytes_; }

  void matrix(const at::Tensor& from, const at::Tensor& bias, DecodeMatrix& to) {
    const float* source = from.const_data_ptr<float>();
    to.resize(from.size(0), from.size(1), storage_of(source, from.numel()), &arena_);
    at::parallel_for(0, to.num_panels(), 1,
                     [&](int64_t begin, int64_t end) { pack_panels(source, to, begin, end); });
    if (bias.defined()) std::copy_n(bias.const_data_ptr<float>(), bias.numel(), to.bias.begin());
    num_weights_ += to.num_weights();
    num_bytes_ += to.num_bytes();
  }

  void norm(const at::Tensor& weight, AlignedFloats& to) const {
    if (!weight.defined()) return;
    to.assign(static_cast<size_t>(round_up(weight.numel(), kPanel)), 0.0F);
    const auto offset = static_cast<float>(config_.norm_offset);
    const float* source = weight.const_data_ptr<float>();
    for (int64_t i = 0; i < weight.numel(); ++i) to[static_cast<size_t>(i)] = source[i] + offset;
  }

  void mlp(const at::Tensor& gate_up, const at::Tensor& gate_up_bias, const at::Tensor& down,
           const at::Tensor& down_bias, DecodeMlp& to) {
    const int64_t width = gate_up.size(0) / 2;
    const auto half = [&](const at::Tensor& x, int64_t index) {
      return x.defined() ? x.narrow(0, index * width, width) : x;
    };
    matrix(half(gate_up, 0), half(gate_up_bias, 0), to.gate);
    matrix(half(gate_up, 1), half(gate_up_bias, 1), to.up);
    matrix(down, down_bias, to.down);
  }

  void layer(const LayerWeights& from, DecodeLayer& to) {
    norm(from.input_norm, to.input_norm);
    norm(from.q_norm, to.q_norm);
    norm(from.k_norm, to.k_norm);
    norm(from.attention_out_norm, to.attention_out_norm);
    norm(from.post_norm, to.post_norm);
    norm(from.mlp_out_norm, to.mlp_out_norm);
    matrix(from.qkv_weight, from.qkv_bias, to.qkv);
    matrix(from.o_weight, from.o_bias, to.o);
    if (!from.router.defined()) {
      mlp(from.gate_up_weight, from.gate_up_bias, from.down_weight, from.down_bias, to.mlp);
      return;
    }
    const StorageChoice others = std::exchange(choice_, StorageChoice::kFloat32);
    matrix(from.router, {}, to.router);
    choice_ = others;
    to.experts.resize(static_cast<size_t>(config_.num_experts));
    for (int64_t expert = 0; expert < config_.num_experts; ++expert)
      mlp(from.expert_gate_up.select(0, expert), {}, from.expert_down.select(0, expert), {},
          to.experts[static_cast<size_t>(expert)]);
  }

 private:
  WeightStorage storage_of(const float* values, int64_t count) const {
    switch (choice_) {
      case StorageChoice::kFloat32:
        return WeightStorage::kFloat32;
      case StorageChoice::kBfloat16:
        return has_bfloat16_products() ? WeightStorage::kBfloat16Pairs : WeightStorage::kBfloat16;
      case StorageChoice::kInt8:
        return WeightStorage::kInt8;
      case StorageChoice::kAuto:
        break;
    }
    return is_bfloat16(values, count) ? WeightStorage::kBfloat16 : WeightStorage::kFloat32;
  }

  const ModelConfig& config_;
  StorageChoice choice_;
  HugePageArena& arena_;
  int64_t num_weights_ = 0;
  int64_t num_bytes_ = 0;
};

constexpr const char* kChoiceNames[] = {"auto", "float32", "bfloat16", "int8"};

}  // namespace

StorageChoice parse_storage_choice(const std::string& name) {
  for (int i = 0; i < 4; ++i)
    if (name == kChoiceNames[i]) return static_cast<StorageChoice>(i);
  fail(ErrorKind::kUsage, "sampling_weights: expected auto, float32, bfloat16 or int8, got \"",
       name, "\"");
}

std::string storage_choice_name(StorageChoice choice) {
  return kChoiceNames[static_cast<int>(choice)];
}

void DecodeWeights::pack(const Weights& weights) {
  Packer packer(weights.config, choice, arena);
  layers.resize(weights.layers.size());
  for (size_t l = 0; l < layers.size(); ++l) packer.layer(weights.layers[l], layers[l]);
  packer.norm(weights.final_norm, final_norm);
  packer.matrix(weights.head, {}, head);
  num_weights = packer.num_weights();
  num_bytes = packer.num_bytes();
}

}  // namespace laconic
