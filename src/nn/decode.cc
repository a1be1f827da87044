// SPDX-License-Identifier: Apache-2.0
#include "nn/decode.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "nn/decode_kernels.h"
#include "nn/decode_weights.h"
#include "nn/kv_cache.h"

namespace laconic {
namespace {

// Rows of a prompt that run together. The result does not depend on it.
constexpr int64_t kPrefillRows = 128;
// Up to this many packed weights a thread runs whole layers for its own rows, without a
// meeting point in between: the weights stay in the (shared) cache, and a tiny operation costs less
// than waking a thread. Beyond, threads split the outputs of each matrix, which is then read once.
constexpr int64_t kRowSplitWeights = int64_t{6} << 20;

struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

// Rows that keep a thread busy for some 20 us: fewer are not worth waking one.
int64_t row_grain(int64_t weights_per_row) {
  constexpr int64_t kWorthwhile = 2'000'000;  // multiply-adds
  return kWorthwhile / std::max<int64_t>(weights_per_row, 1) + 1;
}

// A matrix of activations, one row a token, padded columns zero.
struct Activations {
  AlignedFloats floats;
  int64_t stride = 0;
  void resize(int64_t rows, int64_t width) {
    stride = round_up(width, kPanel);
    floats.resize(static_cast<size_t>(rows * stride));
  }
  float* row(int64_t i) { return floats.data() + i * stride; }
};

// One token to run: which slot it extends and where.
struct Row {
  float* const* pages = nullptr;
  int64_t position = 0;
  int32_t id = 0;
};

// Whether the model is what this computes: Llama's decoder, with or without biases on q, k and v.
bool is_plain(const ModelConfig& c) {
  return !c.o_bias && !c.mlp_bias && !c.qk_norm && c.activation == Activation::kSilu &&
         c.norm_offset == 0 && !c.sandwich_norms && c.embedding_scale == 1 && c.query_scale == 0 &&
         c.attention_softcap == 0 && c.logit_softcap == 0 && c.layer_windows.empty() &&
         c.rotary_width() == c.head_dim && c.rope.kind == RopeKind::kDefault && c.num_experts == 0;
}

void check_arguments(const Weights& weights, int64_t num_slots, int64_t max_positions) {
  require(is_plain(weights.config), ErrorKind::kUsage, "sampler: expected a model of Qwen2's or ",
          "Llama's plain kind, got ", weights.config.architecture,
          " with more to it (it can be trained, not yet sampled from)");
  require(weights.flat.device().is_cpu(), ErrorKind::kUsage,
          "sampler: expected weights on the CPU, got ", weights.flat.device().str(),
          " (sampling runs on the CPU only)");
  require(num_slots >= 1, ErrorKind::kUsage, "slots: expected 1 or more, got ", num_slots);
  require(max_positions >= 1, ErrorKind::kUsage,
          "sampler: expected room for 1 position or more, got ", max_positions);
}

}  // namespace

struct DecodeModel::State {
  State(const Weights& w, int64_t num_slots, int64_t max_positions,
        std::shared_ptr<DecodeWeights> shared)
      : weights(w),
        config(w.config),
        cache(w.config, num_slots, max_positions),
        packed(std::move(shared)) {
    const int64_t num_rows = std::max(num_slots, kPrefillRows);
    x.resize(num_rows, config.hidden_size);
    normed.resize(num_rows, config.hidden_size);
    qkv.resize(num_rows, config.qkv_width());
    attended.resize(num_rows, config.q_width());
    gate.resize(num_rows, config.intermediate_size);
    up.resize(num_rows, config.intermediate_size);
    added.resize(num_rows, config.hidden_size);
    rows.reserve(static_cast<size_t>(num_rows));
    rope.fill(config, max_positions);
  }

  template <typename Function>
  void parallel(int64_t count, const Function& function, int64_t grain = 1) {
    if (one_thread) return function(Range{0, count});
    at::parallel_for(0, count, grain, [&](int64_t begin, int64_t end) {
      function(Range{begin, end});
    });
  }

  // The operations of a layer, over some rows and, where threads split them, some panels.
  void embed(Range r);
  void norm(const AlignedFloats& weight, Range r);
  void multiply(const DecodeMatrix& matrix, Activations& in, Activations& out, Range r,
                Range panels);
  void store_keys_values(int64_t layer, Range r);
  void attend_heads(int64_t layer, Range row_heads);
  void gated(const DecodeLayer& layer, Range r, Range panels);
  void add(Range r);
  void head_rows(Range r, float* logits);

  // Whole halves of a layer for some rows.
  void before_attention(int64_t layer, Range r);
  void from_attention(int64_t layer, Range r);

  void run_split_by_rows(float* logits);
  void run_prompt_split_by_rows(Range logit_rows, float* logits);
  void run_split_by_columns(Range logit_rows, float* logits);
  bool split_by_rows() const { return packed->num_weights <= kRowSplitWeights; }
  int64_t num_rows() const { return static_cast<int64_t>(rows.size()); }

  const Weights& weights;
  const ModelConfig config;
  KvCache cache;
  std::shared_ptr<DecodeWeights> packed;  // of all models that were made like one another
  DecodeAngles rope;
  bool one_thread = false;
  std::vector<Row> rows;  // of the call at hand
  Activations x, normed, qkv, attended, gate, up, added;
};

void DecodeModel::State::embed(Range r) {
  const float* embedding = weights.embedding.const_data_ptr<float>();
  const auto width = static_cast<size_t>(config.hidden_size);
  for (int64_t i = r.begin; i < r.end; ++i)
    std::memcpy(x.row(i), embedding + rows[static_cast<size_t>(i)].id * config.hidden_size,
                width * sizeof(float));
}

void DecodeModel::State::norm(const AlignedFloats& weight, Range r) {
  for (int64_t i = r.begin; i < r.end; ++i)
    rms_norm_row(x.row(i), weight.data(), normed.row(i), config.hidden_size, config.rms_norm_eps);
}

void DecodeModel::State::multiply(const DecodeMatrix& matrix, Activations& in, Activations& out,
                                  Range r, Range panels) {
  multiply_panels({&matrix, in.row(r.begin), in.stride, out.row(r.begin), out.stride, r.size(),
                   panels.begin, panels.end});
}

// Rotates queries and keys, and puts keys and values into the slots.
void DecodeModel::State::store_keys_values(int64_t layer, Range r) {
  const int64_t width = config.head_dim;
  for (int64_t i = r.begin; i < r.end; ++i) {
    const Row& row = rows[static_cast<size_t>(i)];
    const float* c = rope.cosines.data() + row.position * (width / 2);
    const float* s = rope.sines.data() + row.position * (width / 2);
    float* heads = qkv.row(i);
    for (int64_t h = 0; h < config.num_heads + config.num_kv_heads; ++h)
      rope_head(heads + h * width, c, s, width);
    const float* keys = heads + config.num_heads * width;
    const float* values = keys + config.num_kv_heads * width;
    float* page = row.pages[row.position / kPagePositions];
    for (int64_t k = 0; k < config.num_kv_heads; ++k)
      store_key_value(page + cache.page_offset(layer, k), keys + k * width, values + k * width,
                      row.position % kPagePositions, width);
  }
}

// row_heads counts (row, query head) pairs.
void DecodeModel::State::attend_heads(int64_t layer, Range row_heads) {
  thread_local AlignedFloats scores;
  const int64_t group = config.num_heads / config.num_kv_heads;
  for (int64_t i = row_heads.begin; i < row_heads.end; ++i) {
    const int64_t row_idx = i / config.num_heads, h = i % config.num_heads;
    const Row& row = rows[static_cast<size_t>(row_idx)];
    const auto needed = static_cast<size_t>(round_up(row.position + 1, kPagePositions));
    if (scores.size() < needed) scores.resize(2 * needed);
    attend({qkv.row(row_idx) + h * config.head_dim, row.pages, cache.page_offset(layer, h / group),
            row.position + 1, config.head_dim, scores.data(),
            attended.row(row_idx) + h * config.head_dim});
  }
}

void DecodeModel::State::gated(const DecodeLayer& layer, Range r, Range panels) {
  multiply(layer.gate, normed, gate, r, panels);
  multiply(layer.up, normed, up, r, panels);
  for (int64_t i = r.begin; i < r.end; ++i)
    swiglu_row(gate.row(i) + panels.begin * kPanel, up.row(i) + panels.begin * kPanel,
               panels.size() * kPanel);
}

void DecodeModel::State::add(Range r) {
  for (int64_t i = r.begin; i < r.end; ++i) add_row(x.row(i), added.row(i), x.stride);
}

void DecodeModel::State::before_attention(int64_t l, Range r) {
  const DecodeLayer& layer = packed->layers[static_cast<size_t>(l)];
  norm(layer.input_norm, r);
  multiply(layer.qkv, normed, qkv, r, {0, layer.qkv.num_panels()});
  store_keys_values(l, r);
}

void DecodeModel::State::from_attention(int64_t l, Range r) {
  const DecodeLayer& layer = packed->layers[static_cast<size_t>(l)];
  attend_heads(l, {r.begin * config.num_heads, r.end * config.num_heads});
  multiply(layer.o, attended, added, r, {0, layer.o.num_panels()});
  add(r);
  norm(layer.post_norm, r);
  gated(layer, r, {0, layer.gate.num_panels()});
  multiply(layer.down, gate, added, r, {0, layer.down.num_panels()});
  add(r);
}

// `logits` belongs to row r.begin.
void DecodeModel::State::head_rows(Range r, float* logits) {
  norm(packed->final_norm, r);
  multiply_panels({&packed->head, normed.row(r.begin), normed.stride, logits, config.vocab_size,
                   r.size(), 0, packed->head.num_panels()});
}

// Rows of distinct slots have nothing to do with each other: each thread goes all the way.
void DecodeModel::State::run_split_by_rows(float* logits) {
  parallel(
      num_rows(),
      [&](Range r) {
        embed(r);
        for (int64_t l = 0; l < config.num_layers; ++l) {
          before_attention(l, r);
          from_attention(l, r);
        }
        head_rows(r, logits + r.begin * config.vocab_size);
      },
      row_grain(packed->num_weights));
}

// Rows of one prompt meet before each layer's attention. What no logit and no later layer needs is
// left out of the last one.
void DecodeModel::State::run_prompt_split_by_rows(Range logit_rows, float* logits) {
  for (int64_t l = 0; l < config.num_layers; ++l) {
    parallel(
        num_rows(),
        [&](Range r) {
          if (l == 0) {
            embed(r);
          } else {
            from_attention(l - 1, r);
          }
          before_attention(l, r);
        },
        row_grain((packed->num_weights - config.vocab_size * config.hidden_size) /
                  config.num_layers));
  }
  if (logit_rows.size() == 0) return;
  from_attention(config.num_layers - 1, logit_rows);
  head_rows(logit_rows, logits);
}

void DecodeModel::State::run_split_by_columns(Range logit_rows, float* logits) {
  Range all{0, num_rows()};
  embed(all);
  const auto by_rows = [&](const auto& function) {
    parallel(all.size(), [&](Range r) { function(Range{all.begin + r.begin, all.begin + r.end}); });
  };
  const auto product = [&](const DecodeMatrix& matrix, Activations& in, Activations& out) {
    parallel(matrix.num_panels(), [&](Range p) { multiply(matrix, in, out, all, p); });
  };
  for (int64_t l = 0; l < config.num_layers; ++l) {
    const DecodeLayer& layer = packed->layers[static_cast<size_t>(l)];
    by_rows([&](Range r) { norm(layer.input_norm, r); });
    product(layer.qkv, normed, qkv);
    by_rows([&](Range r) { store_keys_values(l, r); });
    if (l + 1 == config.num_layers) all = logit_rows;
    if (all.size() == 0) return;
    const int64_t first = all.begin * config.num_heads;
    parallel(all.size() * config.num_heads, [&](Range p) {
      attend_heads(l, {first + p.begin, first + p.end});
    });
    product(layer.o, attended, added);
    by_rows([&](Range r) {
      add(r);
      norm(layer.post_norm, r);
    });
    parallel(layer.gate.num_panels(), [&](Range p) { gated(layer, all, p); });
    product(layer.down, gate, added);
    by_rows([&](Range r) { add(r); });
  }
  by_rows([&](Range r) { norm(packed->final_norm, r); });
  parallel(packed->head.num_panels(), [&](Range p) {
    multiply_panels({&packed->head, normed.row(all.begin), normed.stride, logits, config.vocab_size,
                     all.size(), p.begin, p.end});
  });
}

DecodeModel::DecodeModel(const Weights& weights, int64_t num_slots, int64_t max_positions) {
  check_arguments(weights, num_slots, max_positions);
  auto packed = std::make_shared<DecodeWeights>();
  packed->pack(weights);
  state_ = std::make_unique<State>(weights, num_slots, max_positions, std::move(packed));
}

DecodeModel::DecodeModel(std::unique_ptr<State> state) : state_(std::move(state)) {}

std::vector<std::unique_ptr<DecodeModel>> make_decode_models(const Weights& weights,
                                                             int64_t num_slots,
                                                             int64_t max_positions) {
  check_arguments(weights, num_slots, max_positions);
  auto packed = std::make_shared<DecodeWeights>();
  packed->pack(weights);
  const int64_t num_models = packed->num_weights <= kRowSplitWeights
                                 ? std::min<int64_t>(at::get_num_threads(), num_slots)
                                 : 1;
  std::vector<std::unique_ptr<DecodeModel>> models;
  for (int64_t i = 0; i < num_models; ++i) {
    const int64_t share = num_slots * (i + 1) / num_models - num_slots * i / num_models;
    auto state = std::make_unique<DecodeModel::State>(weights, share, max_positions, packed);
    state->one_thread = num_models > 1;
    models.emplace_back(new DecodeModel(std::move(state)));
  }
  return models;
}

DecodeModel::~DecodeModel() = default;

int64_t DecodeModel::num_slots() const { return state_->cache.num_slots(); }
int64_t DecodeModel::vocab_size() const { return state_->config.vocab_size; }
int64_t DecodeModel::max_positions() const { return state_->cache.max_positions(); }
int64_t DecodeModel::num_positions(int64_t slot) const { return state_->cache.num_positions(slot); }

void DecodeModel::prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) {
  State& s = *state_;
  LACONIC_CHECK(static_cast<int64_t>(logits.size()) == vocab_size());
  LACONIC_CHECK(!prompt.empty());
  s.cache.clear(slot);
  s.cache.grow(slot, static_cast<int64_t>(prompt.size()));
  for (size_t begin = 0; begin < prompt.size(); begin += kPrefillRows) {
    const size_t end = std::min(prompt.size(), begin + kPrefillRows);
    s.rows.clear();
    for (size_t i = begin; i < end; ++i)
      s.rows.push_back({s.cache.pages(slot), static_cast<int64_t>(i), prompt[i]});
    const bool last = end == prompt.size();
    const Range logit_rows{s.num_rows() - (last ? 1 : 0), s.num_rows()};
    if (s.split_by_rows()) {
      s.run_prompt_split_by_rows(logit_rows, logits.data());
    } else {
      s.run_split_by_columns(logit_rows, logits.data());
    }
  }
}

void DecodeModel::step(std::span<const int32_t> slots, std::span<const int32_t> ids,
                       std::span<float> logits) {
  State& s = *state_;
  LACONIC_CHECK(slots.size() == ids.size());
  LACONIC_CHECK(logits.size() == slots.size() * static_cast<size_t>(vocab_size()));
  for (int32_t slot : slots) s.cache.require_room(slot, 1);
  s.rows.clear();
  for (size_t i = 0; i < slots.size(); ++i) {
    const int64_t position = s.cache.num_positions(slots[i]);
    s.cache.grow(slots[i], 1);
    s.rows.push_back({s.cache.pages(slots[i]), position, ids[i]});
  }
  if (s.split_by_rows()) {
    s.run_split_by_rows(logits.data());
  } else {
    s.run_split_by_columns({0, s.num_rows()}, logits.data());
  }
}

void DecodeModel::copy_slot(int64_t from, int64_t to, int64_t num_positions) {
  state_->cache.copy(from, to, num_positions);
}

void DecodeModel::weights_changed() {
  for (int64_t slot = 0; slot < num_slots(); ++slot) state_->cache.clear(slot);
  if (state_->packed.use_count() > 1) state_->packed = std::make_shared<DecodeWeights>();
  state_->packed->pack(state_->weights);
}

}  // namespace laconic
