// SPDX-License-Identifier: Apache-2.0
#include "app/plan_probe.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "nn/memory_plan.h"

namespace laconic {
namespace {

int64_t multiple(double value, int64_t of) {
  return std::max(of, static_cast<int64_t>(value / static_cast<double>(of)) * of);
}

}  // namespace

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double median_s(const std::function<void()>& call, double seconds) {
  const double start = now_s();
  call();
  std::vector<double> times;
  do {
    const double begin = now_s();
    call();
    times.push_back(now_s() - begin);
  } while (times.size() < 50 && now_s() - start + times.back() < seconds);
  return median(std::move(times));
}

std::vector<double> times_by_turns(const std::vector<std::function<void()>>& calls,
                                   double seconds) {
  std::vector<std::vector<double>> times(calls.size());
  const double start = now_s();
  for (const auto& call : calls) call();
  double turn_s = 0;
  do {
    const double turn = now_s();
    for (size_t i = 0; i < calls.size(); ++i) {
      const double begin = now_s();
      calls[i]();
      times[i].push_back(now_s() - begin);
    }
    turn_s = now_s() - turn;
  } while (times[0].size() < 15 && now_s() - start + turn_s < seconds);
  std::vector<double> medians;
  for (std::vector<double>& some : times) medians.push_back(median(std::move(some)));
  return medians;
}

ModelConfig cut(const ModelConfig& config, int64_t layers, int64_t vocab_size) {
  ModelConfig c = config;
  c.num_layers = std::min(layers, config.num_layers);
  c.vocab_size = std::min(vocab_size, config.vocab_size);
  if (!c.layer_windows.empty()) c.layer_windows.resize(static_cast<size_t>(c.num_layers));
  if (!c.sparse_layers.empty()) c.sparse_layers.resize(static_cast<size_t>(c.num_layers));
  return c;
}

ModelConfig narrowed(const ModelConfig& config, double most) {
  const auto weights = static_cast<double>(layer_matrix_weights(config, 0));
  if (weights <= most) return config;
  const double factor = std::sqrt(most / weights);
  const int64_t group = config.num_heads / config.num_kv_heads;
  ModelConfig c = config;
  c.num_kv_heads = multiple(factor * static_cast<double>(config.num_kv_heads), 1);
  c.num_heads = c.num_kv_heads * group;
  c.hidden_size = multiple(factor * static_cast<double>(config.hidden_size), 64);
  c.intermediate_size = multiple(factor * static_cast<double>(config.intermediate_size), 64);
  if (config.expert_intermediate_size > 0)
    c.expert_intermediate_size =
        multiple(factor * static_cast<double>(config.expert_intermediate_size), 64);
  return c;
}

Weights random_weights(const ModelConfig& config) {
  Weights weights = make_weights(config);
  initialize_weights(weights, 0.02, 1);
  if (config.dtype == "bfloat16") weights.flat.copy_(weights.flat.to(at::kBFloat16));
  return weights;
}

double matrix_weights(const ModelConfig& config, int64_t first_layer) {
  double sum = 0;
  for (int64_t layer = first_layer; layer < config.num_layers; ++layer)
    sum += static_cast<double>(layer_matrix_weights(config, layer));
  return sum;
}

}  // namespace laconic
