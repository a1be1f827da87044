// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_pass.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "nn/decode_attention.h"

namespace laconic {
namespace {

// Rows that keep a thread busy for some 20 us: fewer are not worth waking one.
int64_t row_grain(int64_t weights_per_row) {
  constexpr int64_t kWorthwhile = 2'000'000;  // multiply-adds
  return kWorthwhile / std::max<int64_t>(weights_per_row, 1) + 1;
}

// Queries of a prompt whose scores stay in the second-level cache while keys and values are read.
constexpr int64_t kQueriesTogether = 48;
static_assert(kQueriesTogether <= kMaxAttendQueries);

// From here on products compute longer than they wait for memory, which gives most when it is read
// in long runs.
constexpr int64_t kRowsWorthClaiming = 8;

// Up to here each thread sums branches and norms all rows for itself: a row takes half a
// microsecond, a meeting of threads that share rows more than one.
constexpr int64_t kRowsOfEach = 4;

bool always_by_columns = false;

const RunParts& here() {
  static const RunParts run = [](int64_t count, const std::function<void(Range)>& function) {
    function(Range{0, count});
  };
  return run;
}

}  // namespace

void force_split_by_columns(bool force) { always_by_columns = force; }

bool DecodePass::split_by_rows() const {
  return packed->num_weights <= kRowSplitWeights && !always_by_columns;
}

DecodePass::DecodePass(const Weights& weights, const KvCache& cache,
                       std::shared_ptr<DecodeWeights> packed_weights)
    : packed(std::move(packed_weights)),
      weights_(weights),
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
  if (local_angles_) row.local_angles = local_angles_->at(position, length, nullptr);
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

void DecodePass::embed(Range r) {
  const ProfileScope scope("decode: rows of the embedding");
  const float* embedding = weights_.embedding.const_data_ptr<float>();
  const auto width = static_cast<size_t>(config_.hidden_size);
  const auto scale = static_cast<float>(config_.embedding_scale);
  for (int64_t i = r.begin; i < r.end; ++i) {
    float* const x = residual().x.row(i);
    std::memcpy(x, embedding + rows_[static_cast<size_t>(i)].id * config_.hidden_size,
                width * sizeof(float));
    if (scale != 1)
      for (size_t e = 0; e < width; ++e) x[e] *= scale;
  }
}

void DecodePass::norm(const AlignedFloats& factors, Range r) {
  const ProfileScope scope("decode: norms");
  Residual& own = residual();
  for (int64_t i = r.begin; i < r.end; ++i)
    rms_norm_row(own.x.row(i), factors.data(), own.normed.row(i), config_.hidden_size,
                 config_.rms_norm_eps);
}

// Normalises and rotates queries and keys, and puts keys and values into the slots.
void DecodePass::store_keys_values(int64_t l, Range r) {
  const ProfileScope scope("decode: rotation, keys and values");
  const int64_t width = config_.head_dim, rotated = config_.rotary_width();
  const bool local = config_.is_local_rope(l);
  for (int64_t i = r.begin; i < r.end; ++i) {
    const Row& row = rows_[static_cast<size_t>(i)];
    const Angles& angles = local ? row.local_angles : row.angles;
    float* heads = qkv_.row(i);
    for (int64_t h = 0; h < config_.num_heads + config_.num_kv_heads; ++h) {
      const AlignedFloats& factors = h < config_.num_heads ? layer(l).q_norm : layer(l).k_norm;
      if (config_.qk_norm)
        head_norm(heads + h * width, factors.data(), width, config_.rms_norm_eps);
      rope_head(heads + h * width, angles.cosines, angles.sines, rotated);
    }
    const float* keys = heads + config_.num_heads * width;
    const float* values = keys + config_.num_kv_heads * width;
    std::byte* const page = row.pages[row.position / kPagePositions];
    for (int64_t k = 0; k < config_.num_kv_heads; ++k)
      store_key_value(
          {page + cache_.page_offset(l, k), row.position % kPagePositions, cache_.storage()},
          keys + k * width, values + k * width, width);
  }
}

// Rows of one slot, heads of one key/value head: they read the same pages.
void DecodePass::attend_together(int64_t l, Range rows, Range heads) {
  thread_local AlignedFloats scratch;
  const int64_t group = config_.num_heads / config_.num_kv_heads;
  const int64_t window = config_.window(l), width = config_.head_dim;
  AttendQuery queries[kMaxAttendQueries];
  size_t count = 0;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t length = rows_[static_cast<size_t>(i)].position + 1;
    const int64_t first = window > 0 ? std::max<int64_t>(0, length - window) : 0;
    for (int64_t h = heads.begin; h < heads.end; ++h)
      queries[count++] = {qkv_.row(i) + h * width, first, length, attended_.row(i) + h * width};
  }
  const int64_t longest = rows_[static_cast<size_t>(rows.end - 1)].position + 1;
  const auto needed =
      static_cast<size_t>(attend_scratch_floats(static_cast<int64_t>(count), longest, width));
  if (scratch.size() < needed) scratch.resize(2 * needed);
  attend({{queries, count},
          rows_[static_cast<size_t>(rows.begin)].pages,
          cache_.page_offset(l, heads.begin / group),
          cache_.storage(),
          width,
          static_cast<float>(config_.score_scale()),
          static_cast<float>(config_.attention_softcap),
          scratch.data()});
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

// `blocks` counts blocks of the rows, and within one those of the heads.
void DecodePass::attend_blocks(int64_t l, Range rows, Range blocks) {
  const ProfileScope scope("decode: attention");
  const AttentionBlock block = attention_block(rows);
  const int64_t across = config_.num_heads / block.heads;
  for (int64_t i = blocks.begin; i < blocks.end; ++i) {
    const int64_t row = rows.begin + i / across * block.rows, head = i % across * block.heads;
    attend_together(l, {row, std::min(row + block.rows, rows.end)}, {head, head + block.heads});
  }
}

DecodePass::AttentionBlock DecodePass::attention_block(Range rows) const {
  const int64_t group = config_.num_heads / config_.num_kv_heads;
  const auto rounds = [&](int64_t blocks) { return (blocks + num_threads_ - 1) / num_threads_; };
  // A group's heads share keys and values, but there may be too few groups for the threads.
  const int64_t group_cost = group / kQueriesSharing * 2 + group % kQueriesSharing;
  const bool apart = rounds(rows.size() * config_.num_kv_heads) * group_cost >
                     rounds(rows.size() * config_.num_heads);
  const int64_t heads = apart || group > kMaxAttendQueries ? 1 : group;
  const int64_t together = one_slot_ ? std::max<int64_t>(1, kQueriesTogether / heads) : 1;
  const int64_t down = (rows.size() + together - 1) / together;
  return {heads, together, down * (config_.num_heads / heads)};
}

void DecodePass::gated(const DecodeMlp& mlp, Range r, Pieces& panels) {
  Activations& normed = residual().normed;
  multiply_gated(product_of(mlp.gate, normed, gate_, r), product_of(mlp.up, normed, up_, r),
                 config_.activation, panels);
}

// out_norm: of sandwich norms, else empty.
void DecodePass::add_branch(const AlignedFloats& out_norm, Range r) {
  const ProfileScope scope("decode: sums of branches");
  Residual& own = residual();
  for (int64_t i = r.begin; i < r.end; ++i) {
    const float* branch = branch_.row(i);
    if (!out_norm.empty()) {
      rms_norm_row(branch, out_norm.data(), own.normed.row(i), config_.hidden_size,
                   config_.rms_norm_eps);
      branch = own.normed.row(i);
    }
    laconic::add_row(own.x.row(i), branch, own.x.stride);
  }
}

void DecodePass::before_attention(int64_t l, Range r) {
  norm(layer(l).input_norm, r);
  multiply(layer(l).qkv, residual().normed, qkv_, r, all_panels(layer(l).qkv));
  store_keys_values(l, r);
}

void DecodePass::from_attention(int64_t l, Range r) {
  const DecodeLayer& w = layer(l);
  attend_blocks(l, r, {0, attention_block(r).count});
  multiply(w.o, attended_, branch_, r, all_panels(w.o));
  add_branch(w.attention_out_norm, r);
  norm(w.post_norm, r);
  if (config_.is_sparse(l)) {
    experts_.run(w, residual().normed, branch_, r, here());
  } else {
    Pieces panels(all_panels(w.mlp.gate));
    gated(w.mlp, r, panels);
    multiply(w.mlp.down, gate_, branch_, r, all_panels(w.mlp.down));
  }
  add_branch(w.mlp_out_norm, r);
}

// `logits` belongs to row r.begin; the rows are normed.
void DecodePass::head(Range r, float* logits, Pieces& panels) {
  const ProfileScope scope("decode: head");
  const int64_t vocab_size = config_.vocab_size;
  Activations& normed = residual().normed;
  MatmulArgs product = {
      &packed->head, normed.row(r.begin), normed.stride, logits, vocab_size, r.size(), 0, 0};
  prepare_rows(product);
  for (Range piece; panels.next(piece);) {
    multiply_piece(product, piece);
    if (config_.logit_softcap == 0) continue;
    const int64_t first = piece.begin * kPanel, last = std::min(piece.end * kPanel, vocab_size);
    for (int64_t i = 0; i < r.size(); ++i)
      softcap_row(logits + i * vocab_size + first, last - first, config_.logit_softcap);
  }
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
