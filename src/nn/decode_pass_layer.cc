// The operations of a layer, of which nn/decode_pass.cc makes its two ways.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "nn/decode_attention.h"
#include "nn/decode_pass.h"

namespace laconic {
namespace {

// Queries of a prompt whose scores stay in the second-level cache while keys and values are read.
constexpr int64_t kQueriesTogether = 48;
static_assert(kQueriesTogether <= kMaxAttendQueries);

const RunParts& here() {
  static const RunParts run = [](int64_t count, const std::function<void(Range)>& function) {
    function(Range{0, count});
  };
  return run;
}

}  // namespace

void DecodePass::embed(Range r) {
  const ProfileScope scope("decode: rows of the embedding");
  const float* embedding = weights_->embedding.const_data_ptr<float>();
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

}  // namespace laconic
