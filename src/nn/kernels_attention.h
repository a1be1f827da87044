// Causal attention of one document and one key/value head, forward and backward, on plain arrays.
//
// Blocked with an online softmax (FlashAttention, arXiv 2205.14135; backward from the stored
// log-sum-exp): scores exist only for one block of queries and keys. One task is one document and
// one key/value head with all query heads of its group, so that dk and dv are summed by one task in
// a fixed order. With a window, blocks before it are skipped. Scratch memory is the caller's:
// attention_scratch_floats() floats per task, reused from task to task.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace laconic::rows {

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
  size_t head_dim;
  size_t group;   // query heads per key/value head
  float scale;    // of a score
  float softcap;  // a score s becomes cap * tanh(s / cap); 0: none
  size_t window;  // positions that a query sees, itself included; 0: all before it
  float* scratch;
  // Backward only:
  const float* dout;
  float* dq;  // laid out as q, k, v
  float* dk;
  float* dv;
};

size_t attention_scratch_floats(size_t length, size_t head_dim);
void attention_forward(const AttentionTask& task);
void attention_backward(const AttentionTask& task);

}  // namespace laconic::rows
