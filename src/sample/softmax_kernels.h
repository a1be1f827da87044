// The passes over a row of logits that a draw needs, vectorised (Highway, AVX2 or AVX-512 at run
// time).
//
// fp32 exponentials, sums of 16 fixed lanes a block, blocks added in double in order: the result
// does not depend on the width of the machine's vectors, nor on alignment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace laconic {

inline constexpr size_t kSoftmaxBlock = 256;  // ids a block

// The largest value; NaN where one is NaN or +infinity. REQUIRES: not empty.
float finite_max(std::span<const float> values);

// sum of exp((value - max) / temperature), given inverse_temperature = 1 / temperature.
double sum_exp(std::span<const float> values, float max, float inverse_temperature);

// Where exponentials go, as many as there are values, and the sum of each block of them,
// ceil(values.size() / kSoftmaxBlock) numbers.
struct Exponentials {
  std::span<float> values;
  std::span<double> block_sums;
};
// The same sum, keeping its terms.
double write_exp(std::span<const float> values, float max, float inverse_temperature,
                 const Exponentials& out);

inline constexpr size_t kSoftmaxRun = 16;
// The begin of the first run of kSoftmaxRun values, from `begin` on, of which one is at least
// `floor`; values.size() or more where there is none. `begin` is a multiple of kSoftmaxRun.
size_t find_run_at_least(std::span<const float> values, float floor, size_t begin);

}  // namespace laconic
