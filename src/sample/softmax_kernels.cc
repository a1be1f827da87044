// SPDX-License-Identifier: Apache-2.0
#include "sample/softmax_kernels.h"

#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sample/softmax_kernels.cc"
// clang-format off
#include "hwy/foreach_target.h"
// clang-format on
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
constexpr size_t kLanes = HWY_LANES(float) < 16 ? HWY_LANES(float) : 16;
constexpr size_t kVectors = 16 / kLanes;  // vectors that make up 16 lanes

float finite_max_impl(const float* values, size_t size) {
  const D d;
  const auto largest = hn::Set(d, std::numeric_limits<float>::max());
  auto max = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto finite = hn::Eq(max, max);
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const auto value = hn::LoadU(d, values + i);
    finite = hn::And(finite, hn::Le(value, largest));
    max = hn::Max(max, value);
  }
  bool all_finite = hn::AllTrue(d, finite);
  float result = hn::GetLane(hn::MaxOfLanes(d, max));
  for (; i < size; ++i) {
    all_finite = all_finite && values[i] <= std::numeric_limits<float>::max();
    result = values[i] > result ? values[i] : result;
  }
  return all_finite ? result : std::numeric_limits<float>::quiet_NaN();
}

// out may be null. size is a multiple of 16.
HWY_INLINE double exp_block(const float* values, float* out, size_t size, float max, float scale) {
  const D d;
  const auto max_lanes = hn::Set(d, max);
  const auto scale_lanes = hn::Set(d, scale);
  hn::Vec<D> sums[kVectors];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (size_t i = 0; i < size; i += 16) {
    for (size_t v = 0; v < kVectors; ++v) {
      const auto value = hn::LoadU(d, values + i + v * kLanes);
      const auto weight = hn::Exp(d, hn::Mul(hn::Sub(value, max_lanes), scale_lanes));
      sums[v] = hn::Add(sums[v], weight);
      if (out) hn::StoreU(weight, d, out + i + v * kLanes);
    }
  }
  float lanes[16];
  for (size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[v], d, lanes + v * kLanes);
  double total = 0;
  for (float lane : lanes) total += lane;
  return total;
}

double exp_blocks_impl(const float* values, float* out, size_t size, const float* max_and_scale,
                       double* block_sums) {
  const float max = max_and_scale[0];
  const float scale = max_and_scale[1];
  double total = 0;
  for (size_t begin = 0; begin < size; begin += kSoftmaxBlock) {
    const size_t length = size - begin < kSoftmaxBlock ? size - begin : kSoftmaxBlock;
    const size_t whole = length / 16 * 16;
    double sum = exp_block(values + begin, out ? out + begin : nullptr, whole, max, scale);
    if (whole < length) {
      float tail[16];
      for (float& value : tail) value = -std::numeric_limits<float>::infinity();
      std::memcpy(tail, values + begin + whole, (length - whole) * sizeof(float));
      sum += exp_block(tail, tail, 16, max, scale);
      if (out) std::memcpy(out + begin + whole, tail, (length - whole) * sizeof(float));
    }
    if (block_sums) block_sums[begin / kSoftmaxBlock] = sum;
    total += sum;
  }
  return total;
}

size_t find_run_impl(const float* values, size_t size, float floor, size_t begin) {
  const D d;
  const auto floors = hn::Set(d, floor);
  for (; begin + kSoftmaxRun <= size; begin += kSoftmaxRun) {
    auto found = hn::Ge(hn::LoadU(d, values + begin), floors);
    for (size_t i = kLanes; i < kSoftmaxRun; i += kLanes)
      found = hn::Or(found, hn::Ge(hn::LoadU(d, values + begin + i), floors));
    if (!hn::AllFalse(d, found)) return begin;
  }
  for (size_t i = begin; i < size; ++i)
    if (values[i] >= floor) return begin;
  return size;
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {

HWY_EXPORT(finite_max_impl);
HWY_EXPORT(exp_blocks_impl);
HWY_EXPORT(find_run_impl);

float finite_max(std::span<const float> values) {
  return HWY_DYNAMIC_DISPATCH(finite_max_impl)(values.data(), values.size());
}

double sum_exp(std::span<const float> values, float max, float inverse_temperature) {
  const float max_and_scale[2] = {max, inverse_temperature};
  return HWY_DYNAMIC_DISPATCH(exp_blocks_impl)(values.data(), nullptr, values.size(), max_and_scale,
                                               nullptr);
}

double write_exp(std::span<const float> values, float max, float inverse_temperature,
                 const Exponentials& out) {
  const float max_and_scale[2] = {max, inverse_temperature};
  return HWY_DYNAMIC_DISPATCH(exp_blocks_impl)(values.data(), out.values.data(), values.size(),
                                               max_and_scale, out.block_sums.data());
}

size_t find_run_at_least(std::span<const float> values, float floor, size_t begin) {
  return HWY_DYNAMIC_DISPATCH(find_run_impl)(values.data(), values.size(), floor, begin);
}

}  // namespace laconic
#endif  // HWY_ONCE
