// Helpers of the engine's tests: random tensors, closeness, every instruction set the machine has.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nn/decoder.h"
#include "nn/kernels.h"

namespace laconic::testing {

// Normal(0, 1) floats, a pure function of shape and seed.
at::Tensor random_tensor(at::IntArrayRef shape, uint64_t seed);

// max |a - b| / max(1e-30, max |b|).
double relative_difference(const at::Tensor& a, const at::Tensor& b);

// Expects that difference to be rounding's of fp32 kernels.
inline constexpr double kKernelTolerance = 2e-5;
void expect_close(const at::Tensor& got, const at::Tensor& want, const char* what);

at::Tensor int_tensor(const std::vector<int32_t>& values);

// Runs body(name) under each vector instruction set that this machine and build have.
void for_each_target(const std::function<void(const std::string&)>& body);

// body(kernels) for the CPU's kernels under each of them, then for the ATen kernels.
void for_each_kernels(const std::function<void(const Kernels&)>& body);

// x in fp64, a leaf that takes a gradient.
at::Tensor variable(const at::Tensor& x);

// Random documents of the given lengths; about three quarters of the positions have a target, loss
// weights differ.
TokenBatch random_batch(const std::vector<int32_t>& lengths, int64_t vocab_size, uint64_t seed);

// A small decoder with random weights, biases and norms (so that none is trivially zero or one).
Weights random_weights(const ModelConfig& config, uint64_t seed);

}  // namespace laconic::testing
