// Causal attention of a part of one document and one key/value head, forward and backward, on plain
// arrays.
//
// Blocked with an online softmax (FlashAttention, arXiv 2205.14135; backward from the stored
// log-sum-exp): scores exist only for one block of queries and keys. A forward task is
// kAttentionQueries queries of a document with all query heads of a key/value head's group, and
// meets the keys that they see. A backward task is kAttentionKeys keys and all queries that see
// them: dk and dv are its own, and dq is summed in the order of the keys, each task waiting for the
// one before it. So a long document is shared by threads, and no sum depends on them. Blocks beyond
// the causal edge or the window are skipped. Scratch memory is the caller's,
// attention_scratch_floats() floats a task whatever the document's length.
//
// Precision bf16: q, k, v, the gradient of the output, the softmax's exponentials and the scores'
// gradients are rounded to bf16 where they enter a product; the softmax itself, its sums and all
// sums of products are fp32, as in FlashAttention's kernels for bf16.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "nn/gemm.h"  // Precision

namespace laconic::rows {

inline constexpr size_t kAttentionQueries = 128;
inline constexpr size_t kAttentionKeys = 256;

struct AttentionTask {
  // Rows of the document's first token; a row is one token.
  const float* q;  // of the group's first query head
  const float* k;
  const float* v;
  size_t qkv_stride;  // P
  float* out;         // of the group's first query head; written forward, read backward
  size_t out_stride;  // Q
  float* lse;         // [group, lse_stride]
  size_t lse_stride;  // T
  size_t length;      // tokens of the document
  // The task's queries (forward) or keys (backward), positions in the document; begin is a multiple
  // of the constants above.
  size_t begin, end;
  size_t head_dim;
  size_t group;         // query heads per key/value head
  float scale;          // of a score
  float softcap;        // a score s becomes cap * tanh(s / cap); 0: none
  size_t window;        // positions that a query sees, itself included; 0: all before it
  Precision precision;  // of the products
  float* scratch;
  // Backward only:
  const float* dout;
  float* dq;  // laid out as q, k, v
  float* dk;
  float* dv;
  // Queries from the document's start whose dq is complete up to the keys of the task before, and
  // of this task. REQUIRES: the task before was started before this one. Null: only one task.
  const std::atomic<uint32_t>* before;
  std::atomic<uint32_t>* done;
};

// Enough for either direction, in either precision.
size_t attention_scratch_floats(size_t group, size_t head_dim);
size_t attention_backward_scratch_floats(size_t head_dim);
void attention_forward(const AttentionTask& task);
void attention_backward(const AttentionTask& task);

}  // namespace laconic::rows
