// A tile of a matrix product at the right edge of C, by way of a full-width buffer: the kernels
// write whole panels only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace laconic {

// run(tile) with C, and the start values where there are any, in a buffer kPanel wide; `width` of
// its columns are C's. Tile has initial, initial_stride, c and c_stride.
template <size_t kRows, size_t kPanel, typename Tile, typename Run>
inline void run_edge_tile(Tile t, size_t num_rows, size_t width, const Run& run) {
  float buffer[kRows * kPanel] = {};
  float* const c = std::exchange(t.c, buffer);
  const size_t c_stride = std::exchange(t.c_stride, kPanel);
  if (t.initial != nullptr) {
    for (size_t r = 0; r < num_rows; ++r)
      std::copy_n(t.initial + r * t.initial_stride, width, buffer + r * kPanel);
    t.initial = buffer, t.initial_stride = kPanel;
  }
  run(t);
  for (size_t r = 0; r < num_rows; ++r) std::copy_n(buffer + r * kPanel, width, c + r * c_stride);
}

}  // namespace laconic
