// The helpers of nn/testing.h, in a file of the test binary.
// SPDX-License-Identifier: Apache-2.0
#include "nn/testing.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <hwy/targets.h>

#include <cmath>

#include "base/philox.h"

namespace laconic::testing {

at::Tensor random_tensor(at::IntArrayRef shape, uint64_t seed) {
  at::Tensor out = at::empty(shape, at::kFloat);
  float* data = out.data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i) {
    const auto index = static_cast<uint64_t>(i);
    const double u = 1.0 - philox_uniform(seed, 2 * index, 7);
    const double v = philox_uniform(seed, 2 * index + 1, 7);
    data[i] = static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v));
  }
  return out;
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  const double scale = std::max(1e-30, b.abs().max().item<double>());
  return (a - b).abs().max().item<double>() / scale;
}

void expect_close(const at::Tensor& got, const at::Tensor& want, const char* what) {
  EXPECT_LT(relative_difference(got, want), kKernelTolerance) << what;
}

at::Tensor int_tensor(const std::vector<int32_t>& values) {
  at::Tensor out = at::empty({static_cast<int64_t>(values.size())}, at::kInt);
  std::copy(values.begin(), values.end(), out.data_ptr<int32_t>());
  return out;
}

void for_each_target(const std::function<void(const std::string&)>& body) {
  int64_t targets = hwy::SupportedTargets() & (HWY_AVX2 | HWY_AVX3);
  while (targets != 0) {
    const int64_t target = targets & -targets;
    targets &= targets - 1;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    ::testing::ScopedTrace trace(__FILE__, __LINE__, hwy::TargetName(target));
    body(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

void for_each_kernels(const std::function<void(const Kernels&)>& body) {
  for_each_target([&](const std::string&) { body(cpu_kernels()); });
  SCOPED_TRACE("ATen");
  body(aten_kernels());
}

at::Tensor variable(const at::Tensor& x) {
  at::Tensor leaf = x.to(at::kDouble).detach().clone();
  leaf.set_requires_grad(true);
  return leaf;
}

TokenBatch random_batch(const std::vector<int32_t>& lengths, int64_t vocab_size, uint64_t seed) {
  PhiloxStream random(seed, 11);
  TokenBatch batch;
  batch.cu_seqlens = {0};
  for (const int32_t length : lengths) {
    for (int32_t i = 0; i < length; ++i) {
      batch.ids.push_back(static_cast<int32_t>(random.integer(0, vocab_size - 1)));
      const auto target = static_cast<int32_t>(random.integer(0, vocab_size - 1));
      batch.targets.push_back(random.uniform() < 0.25 ? -1 : target);
      batch.loss_weights.push_back(static_cast<float>(0.5 + random.uniform()));
    }
    batch.cu_seqlens.push_back(static_cast<int32_t>(batch.ids.size()));
  }
  return batch;
}

Weights random_weights(const ModelConfig& config, uint64_t seed) {
  Weights weights = make_weights(config);
  initialize_weights(weights, 0.2, seed);
  for (size_t i = 0; i < weights.parameters.size(); ++i) {
    const Parameter& parameter = weights.parameters[i];
    if (parameter.shape.size() > 1) continue;
    weights.flat.narrow(0, parameter.offset, parameter.size())
        .add_(random_tensor(parameter.shape, seed + 100 + i) * 0.3);
  }
  return weights;
}

}  // namespace laconic::testing
