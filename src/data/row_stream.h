// The endless order in which training rows are drawn from K domains.
//
// Draw i picks its domain with probability alpha_k from Philox(seed, i), then takes the next row of
// that domain's current epoch order, a Philox-keyed permutation of its rows. So the order is a pure
// function of (seed, sizes, the alphas used so far), and the state is a handful of integers:
// resuming is O(1).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace laconic {

class Json;

// The row at `position` of the order of `epoch`: a permutation of [0, size) computed point by point
// by a keyed Feistel network with cycle walking, so that no order is ever stored.
int64_t permuted_row(uint64_t seed, uint64_t stream, int64_t position, int64_t size);

class RowStream {
 public:
  struct Draw {
    int32_t domain = 0;
    int64_t row = 0;  // index within the domain
  };

  // sizes: rows of each domain. A domain of size 0 must never be drawn (its alpha is 0).
  RowStream(std::vector<int64_t> sizes, uint64_t seed);
  // alpha: probabilities, one a domain, summing to 1.
  Draw next(std::span<const double> alpha);

  Json state() const;
  // Error(kData) at `place` when the state belongs to other domains or another seed.
  void restore(const Json& state, const std::string& place);

 private:
  std::string hex_seed() const;
  std::vector<int64_t> sizes_;
  uint64_t seed_;
  int64_t num_draws_ = 0;
  std::vector<int64_t> cursors_;  // rows taken from each domain so far
};

}  // namespace laconic
