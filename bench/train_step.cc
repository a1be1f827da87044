// Tokens per second of a training step (forward, backward, AdamW) on random documents, as CSV.
//
//   bench_train_step [tokens per batch] [repeats] [threads] [shape: world | smollm2] [recompute: 0
//   | 1] [precision: fp32 | bf16]
//
// One row a repeat, after two unmeasured ones; the best, the median and where the time went at the
// end on stderr.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "base/philox.h"
#include "base/profile.h"
#include "nn/decoder.h"
#include "train/adamw.h"

namespace laconic {
namespace {

ModelConfig bench_config(const std::string& shape) {
  ModelConfig c;
  c.architecture = "Qwen2ForCausalLM";
  c.rms_norm_eps = 1e-6, c.rope_theta = 10000, c.qkv_bias = true, c.tie_embeddings = true;
  c.vocab_size = 400, c.hidden_size = 128, c.intermediate_size = 384, c.num_layers = 4;
  c.num_heads = 4, c.num_kv_heads = 4, c.head_dim = 32;
  if (shape == "smollm2") {
    c.vocab_size = 49152, c.hidden_size = 576, c.intermediate_size = 1536, c.num_layers = 30;
    c.num_heads = 9, c.num_kv_heads = 3, c.head_dim = 64, c.qkv_bias = false;
  }
  return c;
}

// Documents of 30 to 300 tokens, three quarters of each with a target.
TokenBatch random_batch(int64_t num_tokens, int64_t vocab_size) {
  PhiloxStream random(1, 0);
  TokenBatch batch;
  batch.cu_seqlens = {0};
  while (batch.num_tokens() < num_tokens) {
    const int64_t length = random.integer(30, 300);
    for (int64_t i = 0; i < length; ++i) {
      batch.ids.push_back(static_cast<int32_t>(random.integer(0, vocab_size - 1)));
      batch.targets.push_back(
          4 * i < length ? -1 : static_cast<int32_t>(random.integer(0, vocab_size - 1)));
    }
    batch.cu_seqlens.push_back(static_cast<int32_t>(batch.num_tokens()));
  }
  return batch;
}

// Of all threads together: what a step costs on a busy machine.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int run(int argc, char** argv) {
  const auto number = [&](int i, int64_t other) { return argc > i ? std::atoll(argv[i]) : other; };
  const int64_t num_tokens = number(1, 8192), repeats = number(2, 10);
  at::set_num_threads(static_cast<int>(number(3, 2)));
  const ModelConfig config = bench_config(argc > 4 ? argv[4] : "world");
  DecoderOptions options;
  if (number(5, 0) != 0) options.recompute = Recompute::kLayers;
  if (argc > 6 && std::string(argv[6]) == "bf16") options.precision = Precision::kBfloat16;
  Weights weights = make_weights(config), gradients = make_weights(config);
  initialize_weights(weights, 0.02, 1);
  AdamW optimizer(weights, {});
  const TokenBatch batch = random_batch(num_tokens, config.vocab_size);
  int64_t num_targets = 0;
  for (const int32_t target : batch.targets) num_targets += target >= 0;
  std::printf("tokens,seconds,tokens_per_second,tokens_per_cpu_second,optimizer_seconds,loss\n");
  std::vector<double> rates;
  for (int64_t i = -2; i < repeats; ++i) {
    const double start = seconds(), cpu_start = cpu_seconds();
    gradients.flat.zero_();
    const LossSum loss = forward_backward(weights, batch, 1.0 / static_cast<double>(num_targets),
                                          gradients, options);
    const double middle = seconds();
    const double factor = clip_factor(gradient_norm(gradients), 1.0);
    optimizer.step(weights, gradients, 1e-3, factor);
    const double end = seconds(),
                 cpu_rate = static_cast<double>(batch.num_tokens()) / (cpu_seconds() - cpu_start);
    if (i < 0) continue;
    if (i == 0) set_profiling(true);
    const double rate = static_cast<double>(batch.num_tokens()) / (end - start);
    rates.push_back(rate);
    std::printf("%ld,%.6f,%.0f,%.0f,%.6f,%.6f\n", static_cast<long>(batch.num_tokens()),
                end - start, rate, cpu_rate, end - middle,
                loss.weighted_nll / static_cast<double>(loss.num_targets));
  }
  set_profiling(false);
  std::fprintf(stderr, "%s", profile_table().c_str());
  std::sort(rates.begin(), rates.end());
  std::fprintf(stderr, "best %.0f, median %.0f tokens/s\n", rates.back(), rates[rates.size() / 2]);
  return 0;
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) { return laconic::run(argc, argv); }
