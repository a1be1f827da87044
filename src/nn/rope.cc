// SPDX-License-Identifier: Apache-2.0
#include "nn/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/scalar_tensor.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace laconic {
namespace {

constexpr double kPi = 3.14159265358979323846;

std::vector<float> to_vector(const at::Tensor& x) {
  const at::Tensor flat = x.contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

// 0, 2/width, 4/width, ...
at::Tensor exponents(int64_t width) {
  return at::arange(0, width, 2, at::TensorOptions(at::kFloat)) / width;
}

// theta^(2i/width). libtorch's power, whose last bit transformers' angles have.
std::vector<float> wavelengths(double theta, int64_t width) {
  return to_vector(at::pow(at::Scalar(theta), exponents(width)));
}

std::vector<float> inverses(std::vector<float> values) {
  for (float& value : values) value = 1.0f / value;
  return values;
}

// The context grows with the document: "NTK-aware" scaling of theta, in fp32 as in transformers.
std::vector<float> dynamic_frequencies(const ModelConfig& config, int64_t width, int64_t length) {
  if (length <= config.max_positions) return inverses(wavelengths(config.rope_theta, width));
  const auto max_positions = static_cast<double>(config.max_positions);
  const auto w = static_cast<double>(width);
  const at::Tensor stretch =
      at::scalar_tensor(length, at::kLong) * config.rope.factor / max_positions -
      (config.rope.factor - 1);
  const at::Tensor theta = at::pow(stretch, w / (w - 2)) * config.rope_theta;
  return inverses(to_vector(at::pow(theta, exponents(width))));
}

// The pair that turns `rotations` times within the original context.
double yarn_pair(const ModelConfig& config, int64_t width, double rotations) {
  return static_cast<double>(width) *
         std::log(config.rope.original_max_positions / (rotations * 2 * kPi)) /
         (2 * std::log(config.rope_theta));
}

std::vector<float> yarn_frequencies(const ModelConfig& config, int64_t width) {
  const RopeScaling& rope = config.rope;
  double low = yarn_pair(config, width, rope.beta_fast);
  double high = yarn_pair(config, width, rope.beta_slow);
  if (rope.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0), high = std::min(high, static_cast<double>(width - 1));
  if (low == high) high += 0.001;
  std::vector<float> values = wavelengths(config.rope_theta, width);
  for (size_t i = 0; i < values.size(); ++i) {
    const float ramp = std::clamp(
        (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low), 0.0f,
        1.0f);
    const float kept = 1.0f - ramp;
    const float stretched = 1.0f / (static_cast<float>(rope.factor) * values[i]);
    values[i] = stretched * (1.0f - kept) + 1.0f / values[i] * kept;
  }
  return values;
}

std::vector<float> llama3_frequencies(const ModelConfig& config, int64_t width) {
  const RopeScaling& rope = config.rope;
  const auto context = static_cast<float>(rope.original_max_positions);
  const auto low = static_cast<float>(rope.low_freq_factor);
  const auto high = static_cast<float>(rope.high_freq_factor);
  const auto factor = static_cast<float>(rope.factor);
  std::vector<float> values = inverses(wavelengths(config.rope_theta, width));
  for (float& value : values) {
    const float length = static_cast<float>(2 * kPi) / value;
    const bool is_long = length > context / low, is_short = length < context / high;
    if (is_long) {
      value /= factor;
    } else if (!is_short) {
      const float smooth = (context / length - low) / (high - low);
      value = (1.0f - smooth) * value / factor + smooth * value;
    }
  }
  return values;
}

std::vector<float> long_frequencies(const ModelConfig& config, int64_t width, bool is_long) {
  const std::vector<double>& factors = is_long ? config.rope.long_factor : config.rope.short_factor;
  std::vector<float> values = wavelengths(config.rope_theta, width);
  LACONIC_CHECK(factors.size() == values.size(), factors.size(), " factors");
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 1.0f / (static_cast<float>(factors[i]) * values[i]);
  return values;
}

}  // namespace

RopeFrequencies rope_frequencies(const ModelConfig& config, bool local, int64_t sequence_length) {
  const int64_t width = config.rotary_width();
  if (local) return {inverses(wavelengths(config.local_rope_theta, width)), 1};
  const double scaling = config.rope.attention_factor;
  switch (config.rope.kind) {
    case RopeKind::kDefault:
      return {inverses(wavelengths(config.rope_theta, width)), 1};
    case RopeKind::kLinear: {
      std::vector<float> values = inverses(wavelengths(config.rope_theta, width));
      for (float& value : values) value /= static_cast<float>(config.rope.factor);
      return {values, 1};
    }
    case RopeKind::kDynamic:
      return {dynamic_frequencies(config, width, sequence_length), 1};
    case RopeKind::kYarn:
      return {yarn_frequencies(config, width), scaling};
    case RopeKind::kLlama3:
      return {llama3_frequencies(config, width), 1};
    case RopeKind::kLongRope: {
      const bool is_long = rope_regime(config, local, sequence_length) != 0;
      return {long_frequencies(config, width, is_long), scaling};
    }
  }
  LACONIC_CHECK(false, "rope kind");
  return {};
}

int64_t rope_regime(const ModelConfig& config, bool local, int64_t sequence_length) {
  if (local) return 0;
  if (config.rope.kind == RopeKind::kDynamic)
    return sequence_length > config.max_positions ? sequence_length : 0;
  if (config.rope.kind == RopeKind::kLongRope)
    return static_cast<double>(sequence_length) > config.rope.original_max_positions ? 1 : 0;
  return 0;
}

int64_t context_positions(const ModelConfig& config) {
  const double stretch = config.rope.kind == RopeKind::kDynamic ? config.rope.factor : 1;
  return static_cast<int64_t>(static_cast<double>(config.max_positions) * stretch);
}

void rope_angles(const RopeFrequencies& frequencies, int64_t position, float* cos, float* sin) {
  const auto scaling = static_cast<float>(frequencies.attention_scaling);
  for (size_t pair = 0; pair < frequencies.inverse.size(); ++pair) {
    const float angle = static_cast<float>(position) * frequencies.inverse[pair];
    cos[pair] = static_cast<float>(std::cos(static_cast<double>(angle))) * scaling;
    sin[pair] = static_cast<float>(std::sin(static_cast<double>(angle))) * scaling;
  }
}

void fill_rope(const RopeFrequencies& frequencies, int64_t num_positions, float* cos, float* sin) {
  const auto half = static_cast<int64_t>(frequencies.inverse.size());
  for (int64_t position = 0; position < num_positions; ++position)
    rope_angles(frequencies, position, cos + position * half, sin + position * half);
}

const RopeTable& RopeCache::rows(const ModelConfig& config, bool local,
                                 const std::vector<int32_t>& cu_seqlens, at::Device device,
                                 std::vector<int32_t>& positions) {
  std::map<int64_t, int64_t> needed;  // regime -> positions
  const size_t num_documents = cu_seqlens.size() - 1;
  for (size_t d = 0; d < num_documents; ++d) {
    const int64_t length = cu_seqlens[d + 1] - cu_seqlens[d];
    int64_t& count = needed[rope_regime(config, local, length)];
    count = std::max(count, length);
  }
  const Key key = {local ? config.local_rope_theta : config.rope_theta,
                   local ? RopeScaling{} : config.rope, config.rotary_width(),
                   config.max_positions};
  bool fits = key == key_ && table_.cos.defined() && table_.cos.device() == device;
  for (const auto& [regime, count] : needed)
    fits = fits && regimes_.contains(regime) && regimes_.at(regime).count >= count;
  if (!fits) {
    key_ = key;
    regimes_.clear();
    int64_t first = 0;
    for (const auto& [regime, count] : needed) {
      // Room to grow, so that a somewhat longer document does not make the table anew.
      regimes_[regime] = {first, regime < 2 ? 2 * count : count};
      first += regimes_[regime].count;
    }
    make(config, local, device);
  }
  positions.clear();
  for (size_t d = 0; d < num_documents; ++d) {
    const int32_t length = cu_seqlens[d + 1] - cu_seqlens[d];
    const auto first = static_cast<int32_t>(regimes_.at(rope_regime(config, local, length)).first);
    for (int32_t position = 0; position < length; ++position) positions.push_back(first + position);
  }
  return table_;
}

void RopeCache::make(const ModelConfig& config, bool local, at::Device device) {
  int64_t total = 0;
  for (const auto& [regime, rows] : regimes_) total += rows.count;
  const int64_t half = config.rotary_width() / 2;
  at::Tensor cos = at::empty({total, half}, at::kFloat), sin = at::empty_like(cos);
  for (const auto& [regime, rows] : regimes_) {
    // Any length of the regime will do: the longest context for longrope's long one.
    const int64_t length = regime == 1 ? INT64_MAX : regime;
    fill_rope(rope_frequencies(config, local, length), rows.count,
              cos.data_ptr<float>() + rows.first * half, sin.data_ptr<float>() + rows.first * half);
  }
  table_.cos = cos.to(device);
  table_.sin = sin.to(device);
}

}  // namespace laconic
