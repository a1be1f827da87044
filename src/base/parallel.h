// A loop whose rounds run on several threads at once.
//
// Not a pool: threads start and end with the loop, so rounds should be worth some microseconds
// altogether. Determinism: none of order, so rounds must not depend on each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace laconic {

// Calls work(0) .. work(count - 1), every one of them, on `num_threads` threads (0: the usable
// cores; the caller's is one of them). Of what they throw, the exception of the lowest round is
// thrown at the end.
void parallel_for(size_t count, const std::function<void(size_t)>& work, size_t num_threads = 0);

}  // namespace laconic
