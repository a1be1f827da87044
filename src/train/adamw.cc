// SPDX-License-Identifier: Apache-2.0
#include "train/adamw.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "nn/kernels.h"
#include "nn/kernels_rows.h"
#include "nn/weights.h"

namespace laconic {
namespace {

constexpr int64_t kBlock = 1 << 15;  // elements of one sum
constexpr int64_t kGrain = 1 << 20;  // elements that are worth a thread

// A run of the flat buffer that is decayed, or not, as one.
struct Segment {
  int64_t begin;
  int64_t end;
  bool decayed;
};

std::vector<Segment> plan_segments(const FlatTensors& weights) {
  std::vector<Segment> segments;
  for (const Parameter& parameter : weights.parameters) {
    const bool decayed = parameter.shape.size() > 1;
    const int64_t end = parameter.offset + parameter.size();
    if (!segments.empty() && segments.back().decayed == decayed) {
      segments.back().end = end;
    } else {
      segments.push_back({parameter.offset, end, decayed});
    }
  }
  return segments;
}

float* floats(const at::Tensor& t) { return static_cast<float*>(t.data_ptr()); }

rows::AdamW offset_by(rows::AdamW a, int64_t offset) {
  a.weights += offset, a.gradients += offset, a.first += offset, a.second += offset;
  return a;
}

// The same update with ATen operators, for devices without own kernels.
void step_aten(const rows::AdamW& a, at::Tensor weights, const at::Tensor& gradients,
               at::Tensor first, at::Tensor second) {
  const at::Tensor g = gradients * a.gradient_factor;
  first.mul_(a.beta1).add_(g, 1.0f - a.beta1);
  second.mul_(a.beta2).addcmul_(g, g, 1.0f - a.beta2);
  weights.mul_(a.keep).addcdiv_(first, second.sqrt() * a.second_factor + a.eps, -a.step_size);
}

}  // namespace

struct AdamW::State {
  AdamWOptions options;
  std::vector<Segment> segments;
  int64_t num_steps = 0;
  at::Tensor first, second;
};

AdamW::AdamW(const FlatTensors& weights, const AdamWOptions& options)
    : state_(std::make_unique<State>()) {
  state_->options = options;
  state_->segments = plan_segments(weights);
  state_->first = at::zeros_like(weights.flat);
  state_->second = at::zeros_like(weights.flat);
}

AdamW::~AdamW() = default;

int64_t AdamW::num_steps() const { return state_->num_steps; }
const at::Tensor& AdamW::first_moment() const { return state_->first; }
const at::Tensor& AdamW::second_moment() const { return state_->second; }

void AdamW::restore(int64_t num_steps, const at::Tensor& first, const at::Tensor& second) {
  LACONIC_CHECK(first.numel() == state_->first.numel() && second.numel() == first.numel(),
                "moments of ", first.numel(), " and ", second.numel(), " weights, expected ",
                state_->first.numel());
  state_->num_steps = num_steps;
  state_->first.copy_(first);
  state_->second.copy_(second);
}

void AdamW::step(FlatTensors& weights, const FlatTensors& gradients, double lr,
                 double gradient_factor) {
  State& s = *state_;
  LACONIC_CHECK(weights.flat.numel() == s.first.numel(), "weights of another layout");
  ++s.num_steps;
  const auto t = static_cast<double>(s.num_steps);
  rows::AdamW all = {};
  all.gradient_factor = static_cast<float>(gradient_factor);
  all.beta1 = static_cast<float>(s.options.beta1);
  all.beta2 = static_cast<float>(s.options.beta2);
  all.step_size = static_cast<float>(lr / (1.0 - std::pow(s.options.beta1, t)));
  all.second_factor = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(s.options.beta2, t)));
  all.eps = static_cast<float>(s.options.eps);
  for (const Segment& segment : s.segments) {
    const int64_t size = segment.end - segment.begin;
    all.keep = static_cast<float>(segment.decayed ? 1.0 - lr * s.options.weight_decay : 1.0);
    if (!has_own_kernels(weights.flat, s.options.aten_kernels)) {
      const auto part = [&](const at::Tensor& x) { return x.narrow(0, segment.begin, size); };
      step_aten(all, part(weights.flat), part(gradients.flat), part(s.first), part(s.second));
      continue;
    }
    all.weights = floats(weights.flat), all.gradients = floats(gradients.flat);
    all.first = floats(s.first), all.second = floats(s.second);
    const rows::AdamW here = offset_by(all, segment.begin);
    at::parallel_for(0, size, kGrain, [&](int64_t begin, int64_t end) {
      rows::adamw(here, {static_cast<size_t>(begin), static_cast<size_t>(end)});
    });
  }
}

double gradient_norm(const FlatTensors& gradients, bool aten_kernels) {
  const at::Tensor& flat = gradients.flat;
  if (!has_own_kernels(flat, aten_kernels))
    return std::sqrt((flat * flat).sum(at::kDouble).item<double>());
  const int64_t size = flat.numel(), num_blocks = (size + kBlock - 1) / kBlock;
  std::vector<double> sums(static_cast<size_t>(num_blocks));
  at::parallel_for(0, num_blocks, kGrain / kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t last = std::min(size, (block + 1) * kBlock);
      sums[static_cast<size_t>(block)] = rows::sum_squares(
          floats(flat), {static_cast<size_t>(block * kBlock), static_cast<size_t>(last)});
    }
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

double clip_factor(double norm, double max_norm) {
  if (max_norm <= 0.0) return 1.0;
  return std::min(1.0, max_norm / (norm + 1e-6));
}

}  // namespace laconic
