// The letters of tensor shapes, declared here and nowhere redefined.
//
//   B  rows of a batch            S  slots of the sampler
//   T  tokens of a flat batch     D  model width (hidden_size)
//   H  query heads                K  key/value heads (H % K == 0)
//   E  width of a head            F  width of the MLP (intermediate_size)
//   V  vocabulary (rows of the embedding, padding included)
//   L  layers                     N  weights in the flat buffer
//   X  experts of a sparse layer  Fx width of an expert's MLP
//
// Q = H * E and P = (H + 2 K) * E name the widths of the attention output and of the fused q, k, v.
// A flat batch of documents d = 0..B-1 occupies tokens cu_seqlens[d] .. cu_seqlens[d+1]-1;
// positions restart at 0 with each document. All matrices are row-major.
// SPDX-License-Identifier: Apache-2.0
#pragma once
