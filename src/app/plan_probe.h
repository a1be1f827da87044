// What both halves of the calibration are made of: cut-down models with random weights, and medians
// of calls within a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "nn/model_config.h"
#include "nn/weights.h"

namespace laconic {

inline constexpr int64_t kFewIds = 256;  // a vocabulary that costs next to nothing
// Weights of the layers that stand for all: more than caches hold.
inline constexpr int64_t kSampleLayerWeights = 24 << 20;

double now_s();  // of a clock that only runs forward
double median(std::vector<double> values);
// The median of calls after one unmeasured, as many as `seconds` allow, one at least.
double median_s(const std::function<void()>& call, double seconds);
// The same of several calls by turns: of a difference, since a machine's speed may change between
// two calls that are timed apart, and their difference with it.
std::vector<double> times_by_turns(const std::vector<std::function<void()>>& calls, double seconds);

ModelConfig cut(const ModelConfig& config, int64_t layers, int64_t vocab_size);
// The same layers with fewer heads and narrower, where one has more than `most` weights: rates of
// products this large no longer depend on their width.
ModelConfig narrowed(const ModelConfig& config, double most);
// Values of the model's dtype: the sampler stores what is bf16 already as bf16.
Weights random_weights(const ModelConfig& config);
// Of the layers from `first_layer` on.
double matrix_weights(const ModelConfig& config, int64_t first_layer);

}  // namespace laconic
