// The decoder run over rows: each row is one token that extends one slot.
//
// Two ways through the layers, with the same bits: threads take rows (small models: the weights
// stay in the shared cache, and threads meet seldom) or outputs of each matrix (large ones: a
// matrix is read once). Not thread-safe; uses ATen's intra-op threads unless one_thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "nn/decode_angles.h"
#include "nn/decode_experts.h"
#include "nn/decode_rows.h"
#include "nn/decode_weights.h"
#include "nn/kv_cache.h"
#include "nn/team.h"

namespace laconic {

// Rows that run together at most, beside one for each slot. The result does not depend on it.
inline constexpr int64_t kPrefillRows = 128;
// Up to this many packed weights a thread runs whole layers for its own rows, without a
// meeting point in between: the weights stay in the (shared) cache, and a tiny operation costs less
// than waking a thread. Beyond, threads split the outputs of each matrix, which is then read once.
inline constexpr int64_t kRowSplitWeights = int64_t{6} << 20;
inline bool splits_rows(int64_t num_packed_weights) {
  return num_packed_weights <= kRowSplitWeights;
}
// Slots a thread of such a model at most. More rows would share a reading of the weights; but more
// keys and values than the caches hold cost more than that.
inline constexpr int64_t kRowSplitSlots = 6;

// One token to run: which slot it extends and where.
struct Row {
  std::byte* const* pages = nullptr;
  int64_t position = 0;
  int32_t id = 0;
  Angles angles = {}, local_angles = {};
};

class DecodePass {
 public:
  DecodePass(const Weights& weights, const KvCache& cache, std::shared_ptr<DecodeWeights> packed);

  // Of the same shapes, which `packed` then holds too.
  void set_weights(const Weights& weights) { weights_ = &weights; }

  void clear() { rows_.clear(); }
  // The position is rotated as one of a sequence of `length`.
  void add_row(std::byte* const* pages, int64_t position, int32_t id, int64_t length);
  int64_t num_rows() const { return static_cast<int64_t>(rows_.size()); }
  // Rows of distinct slots; logits [rows, V].
  void run_slots(float* logits);
  // Rows of one slot in order; logits of logit_rows, which are the last ones or none.
  void run_prompt(Range logit_rows, float* logits);

  // Lengths of one regime are rotated alike.
  // function(i) once for each of [0, count), by the threads that the rows have, outside a pass.
  void for_each(int64_t count, const std::function<void(int64_t)>& function);
  int64_t regime(int64_t length) const { return angles_.regime(length); }
  std::shared_ptr<DecodeWeights> packed;  // of all models that were made like one another
  bool one_thread = false;
  bool always_by_columns = false;  // DecodeOptions

 private:
  template <typename Function>
  void parallel(int64_t count, const Function& function, int64_t grain = 1);
  // The same where function(pieces) does something once for all pieces of a thread.
  template <typename Function>
  void parallel_pieces(int64_t count, const Function& function, int64_t grain = 1);

  struct AttentionBlock {
    int64_t heads, rows;
    int64_t count;  // of such blocks
  };
  // What a layer's branches are added to, and the norm of it that they begin with.
  struct Residual {
    Activations x, normed;
  };
  // The operations of a layer (decode_pass_layer.cc), over some rows and, where threads split them,
  // some panels.
  void embed(Range r);
  void norm(const AlignedFloats& factors, Range r);
  void store_keys_values(int64_t layer, Range r);
  void attend_together(int64_t layer, Range rows, Range heads);
  void attend_blocks(int64_t layer, Range rows, Range blocks);
  void attend_by_blocks(int64_t layer, Range rows);
  AttentionBlock attention_block(Range rows) const;
  void gated(const DecodeMlp& mlp, Range r, Pieces& panels);
  void add_branch(const AlignedFloats& out_norm, Range r);
  void head(Range r, float* logits, Pieces& panels);
  // Whole halves of a layer for some rows.
  void before_attention(int64_t layer, Range r);
  void from_attention(int64_t layer, Range r);

  void add_residual(int64_t num_rows);
  Residual& residual() { return residuals_[own_residuals_ ? Team::index() : 0]; }
  void begin(bool one_slot);
  bool split_by_rows() const;
  void run_slots_by_rows(float* logits);
  void run_prompt_by_rows(Range logit_rows, float* logits);
  void run_by_columns(Range logit_rows, float* logits);
  void walk_by_columns(Range logit_rows, float* logits);
  void mlp_by_columns(int64_t layer, Range r);
  const DecodeLayer& layer(int64_t l) const { return packed->layers[static_cast<size_t>(l)]; }

  const Weights* weights_;  // for the embedding
  const ModelConfig config_;
  const KvCache& cache_;
  DecodeAngles angles_;
  std::unique_ptr<DecodeAngles> local_angles_;  // where the model has two kinds of layers
  std::vector<Row> rows_;
  bool one_slot_ = false;       // all rows are of one
  int64_t num_threads_ = 1;     // the same for all who share blocks
  bool claims_ = false;         // threads claim what they do, instead of a fixed part each
  bool own_residuals_ = false;  // each thread has the rows' residuals, instead of all together
  DecodeExperts experts_;
  Team team_;
  std::vector<Residual> residuals_;  // all rows', and where threads have own ones each thread's
  Activations qkv_, attended_, gate_, up_, branch_;
  Activations own_angles_, own_local_angles_;  // of rows whose angles are in no table
};

}  // namespace laconic
