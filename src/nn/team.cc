// SPDX-License-Identifier: Apache-2.0
#include "nn/team.h"

#include <ATen/Parallel.h>
#include <immintrin.h>
#include <omp.h>

#include <thread>

namespace laconic {

thread_local int64_t Team::index_ = 0;

void Team::run(const std::function<void()>& body) {
  const int num_threads = at::in_parallel_region() ? 1 : at::get_num_threads();
  arrived_ = 0;
  claimed_ = 0;
#pragma omp parallel num_threads(num_threads)
  {
#pragma omp single
    size_ = omp_get_num_threads();
    // All have passed the single's barrier, so size_ is known to each.
    index_ = omp_get_thread_num();
    body();
  }
  size_ = 0;
  index_ = 0;
}

void Team::meet() {
  if (size_ == 1) return claimed_.store(0, std::memory_order_relaxed);
  constexpr int kSpins = 4000;  // some 100 us
  const int64_t phase = phase_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    claimed_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1, std::memory_order_release);
    return;
  }
  for (int spins = 0; phase_.load(std::memory_order_acquire) == phase; ++spins) {
    if (spins < kSpins) {
      _mm_pause();
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace laconic
