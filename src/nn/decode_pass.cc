// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_pass.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace laconic {
namespace {

// Rows that keep a thread busy for some 20 us: fewer are not worth waking one.
int64_t row_grain(int64_t weights_per_row) {
  constexpr int64_t kWorthwhile = 2'000'000;  // multiply-adds
  return kWorthwhile / std::max<int64_t>(weights_per_row, 1) + 1;
}

// From here on products compute longer than they wait for memory, which gives most when it is read
// in long runs.
constexpr int64_t kRowsWorthClaiming = 8;

// Up to here each thread sums branches and norms all rows for itself: a row takes half a
// microsecond, a meeting of threads that share rows more than one.
constexpr int64_t kRowsOfEach = 4;

}  // namespace

bool DecodePass::split_by_rows() const {
  return splits_rows(packed->num_weights) && !always_by_columns;
}

DecodePass::DecodePass(const Weights& weights, const KvCache& cache,
                       std::shared_ptr<DecodeWeights> packed_weights)
    : packed(std::move(packed_weights)),
      weights_(&weights),
      config_(weights.config),
      cache_(cache),
      angles_(config_, /*local=*/false, cache.max_positions()),
      experts_(config_, std::max(cache.num_slots(), kPrefillRows)) {
  const int64_t num_rows = std::max(cache.num_slots(), kPrefillRows);
  if (config_.local_rope_theta > 0)
    local_angles_ = std::make_unique<DecodeAngles>(config_, /*local=*/true, cache.max_positions());
  add_residual(num_rows);
  qkv_.resize(num_rows, config_.qkv_width());
  attended_.resize(num_rows, config_.q_width());
  gate_.resize(num_rows, config_.intermediate_size);
  up_.resize(num_rows, config_.intermediate_size);
  branch_.resize(num_rows, config_.hidden_size);
  own_angles_.resize(num_rows, config_.rotary_width());
  if (local_angles_) own_local_angles_.resize(num_rows, config_.rotary_width());
  rows_.reserve(static_cast<size_t>(num_rows));
}

void DecodePass::add_residual(int64_t num_rows) {
  Residual& added = residuals_.emplace_back();
  added.x.resize(num_rows, config_.hidden_size);
  added.normed.resize(num_rows, config_.hidden_size);
}

void DecodePass::add_row(std::byte* const* pages, int64_t position, int32_t id, int64_t length) {
  Row row{pages, position, id};
  row.angles = angles_.at(position, length, own_angles_.row(num_rows()));
  if (local_angles_)
    row.local_angles = local_angles_->at(position, length, own_local_angles_.row(num_rows()));
  rows_.push_back(row);
}

template <typename Function>
void DecodePass::parallel_pieces(int64_t count, const Function& function, int64_t grain) {
  const auto all_of = [&function](int64_t begin, int64_t end) {
    Pieces range(Range{begin, end});
    function(range);
  };
  if (one_thread) return all_of(0, count);
  if (!team_.running()) return at::parallel_for(0, count, grain, all_of);
  claims_ ? team_.claim(count, count, function) : team_.share(count, function);
}

template <typename Function>
void DecodePass::parallel(int64_t count, const Function& function, int64_t grain) {
  const auto each = [&function](Pieces& pieces) {
    for (Range piece; pieces.next(piece);) function(piece);
  };
  parallel_pieces(count, each, grain);
}

void DecodePass::for_each(int64_t count, const std::function<void(int64_t)>& function) {
  parallel(count, [&](Range r) {
    for (int64_t i = r.begin; i < r.end; ++i) function(i);
  });
}

// Blocks differ in length, so threads claim one at a time.
void DecodePass::attend_by_blocks(int64_t l, Range rows) {
  const int64_t count = attention_block(rows).count;
  if (!team_.running())
    return parallel(count, [&](Range blocks) { attend_blocks(l, rows, blocks); });
  team_.claim(count, 1, [&](Pieces& blocks) {
    for (Range block; blocks.next(block);) attend_blocks(l, rows, block);
  });
}

void DecodePass::begin(bool one_slot) {
  one_slot_ = one_slot;
  num_threads_ = at::get_num_threads();
  claims_ = num_rows() >= kRowsWorthClaiming;
}

void DecodePass::run_slots(float* logits) {
  begin(/*one_slot=*/false);
  if (split_by_rows()) {
    run_slots_by_rows(logits);
  } else {
    run_by_columns({0, num_rows()}, logits);
  }
}

void DecodePass::run_prompt(Range logit_rows, float* logits) {
  begin(/*one_slot=*/true);
  if (split_by_rows()) {
    run_prompt_by_rows(logit_rows, logits);
  } else {
    run_by_columns(logit_rows, logits);
  }
}

// Rows of distinct slots have nothing to do with each other: each thread goes all the way.
void DecodePass::run_slots_by_rows(float* logits) {
  parallel(
      num_rows(),
      [&](Range r) {
        embed(r);
        for (int64_t l = 0; l < config_.num_layers; ++l) {
          before_attention(l, r);
          from_attention(l, r);
        }
        norm(packed->final_norm, r);
        Pieces panels(all_panels(packed->head));
        head(r, logits + r.begin * config_.vocab_size, panels);
      },
      row_grain(packed->num_weights));
}

// Rows of one prompt meet before each layer's attention. What no logit and no later layer needs is
// left out of the last one.
void DecodePass::run_prompt_by_rows(Range logit_rows, float* logits) {
  for (int64_t l = 0; l < config_.num_layers; ++l) {
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
        row_grain((packed->num_weights - config_.vocab_size * config_.hidden_size) /
                  config_.num_layers));
  }
  if (logit_rows.size() == 0) return;
  from_attention(config_.num_layers - 1, logit_rows);
  norm(packed->final_norm, logit_rows);
  Pieces panels(all_panels(packed->head));
  head(logit_rows, logits, panels);
}

void DecodePass::mlp_by_columns(int64_t l, Range r) {
  const DecodeLayer& w = layer(l);
  if (config_.is_sparse(l)) {
    experts_.run(w, residual().normed, branch_, r,
                 [&](int64_t count, const std::function<void(Range)>& function) {
                   parallel(count, function);
                 });
    return;
  }
  parallel_pieces(w.mlp.gate.num_panels(), [&](Pieces& p) { gated(w.mlp, r, p); });
  parallel_pieces(w.mlp.down.num_panels(),
                  [&](Pieces& p) { multiply(w.mlp.down, gate_, branch_, r, p); });
}

void DecodePass::run_by_columns(Range logit_rows, float* logits) {
  // Choosing experts has parts that are one thread's.
  if (one_thread || config_.num_experts > 0) return walk_by_columns(logit_rows, logits);
  own_residuals_ = num_rows() <= kRowsOfEach;
  while (own_residuals_ && std::ssize(residuals_) < num_threads_) add_residual(kRowsOfEach);
  team_.run([&] { walk_by_columns(logit_rows, logits); });
  own_residuals_ = false;
}

void DecodePass::walk_by_columns(Range logit_rows, float* logits) {
  Range all{0, num_rows()};
  const auto by_rows = [&](const auto& function) {
    if (own_residuals_) return function(all);
    parallel(all.size(), [&](Range r) { function(Range{all.begin + r.begin, all.begin + r.end}); });
  };
  const auto product = [&](const DecodeMatrix& matrix, Activations& in, Activations& out) {
    parallel_pieces(matrix.num_panels(), [&](Pieces& p) { multiply(matrix, in, out, all, p); });
  };
  by_rows([&](Range r) {
    embed(r);
    norm(layer(0).input_norm, r);
  });
  for (int64_t l = 0; l < config_.num_layers; ++l) {
    const DecodeLayer& w = layer(l);
    const bool last = l + 1 == config_.num_layers;
    product(w.qkv, residual().normed, qkv_);
    parallel(num_rows(), [&](Range r) { store_keys_values(l, r); });
    if (last) all = logit_rows;
    if (all.size() == 0) return;
    attend_by_blocks(l, all);
    product(w.o, attended_, branch_);
    by_rows([&](Range r) {
      add_branch(w.attention_out_norm, r);
      norm(w.post_norm, r);
    });
    mlp_by_columns(l, all);
    by_rows([&](Range r) {
      add_branch(w.mlp_out_norm, r);
      norm(last ? packed->final_norm : layer(l + 1).input_norm, r);
    });
  }
  parallel_pieces(packed->head.num_panels(), [&](Pieces& p) { head(all, logits, p); });
}

}  // namespace laconic
