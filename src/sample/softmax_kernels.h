// The two passes over a row of logits that a draw needs, vectorised (Highway, AVX2 or AVX-512 at
// run time).
//
// fp32 exponentials, sums of 16 fixed lanes a block, blocks added in double in order: the result
// does not depend on the width of the machine's vectors, nor on alignment. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace laconic {

inline constexpr size_t kSoftmaxBlock = 256;  // ids a block

// The largest value; NaN where one is NaN or +infinity. REQUIRES: not empty.
float finite_max(std::span<const float> values);

// sum of exp((value - max) / temperature), given inverse_temperature = 1 / temperature.
double sum_exp(std::span<const float> values, float max, float inverse_temperature);

// The same, replacing each value by its exponential and writing each block's sum; block_sums holds
// ceil(values.size() / kSoftmaxBlock) numbers.
double exp_in_place(std::span<float> values, float max, float inverse_temperature,
                    std::span<double> block_sums);

}  // namespace laconic
