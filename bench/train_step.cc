// Tokens per second of a training step (forward, backward, AdamW) on random documents, as CSV.
//
//   bench_train_step [tokens per batch] [repeats] [threads] [shape: world | smollm2 | wide]
//                    [recompute: 0 | 1] [precision: fp32 | bf16] [shortest-longest document]
//
// One row a repeat, after two unmeasured ones (one repeat: none); the best, the median, where the
// time went and the most memory ever held at the end on stderr. gflops_per_cpu_second counts what a
// step has to compute: 6 FLOP a weight of a matrix and token (the head's at targets only) and the
// causal part of attention, nothing that is computed twice. share_of_peak compares it with a large
// product (nn/gemm.h) in the same precision, timed beside each step on one thread.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <sys/resource.h>

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
#include "nn/gemm.h"
#include "shapes.h"
#include "train/adamw.h"

namespace laconic {
namespace {

ModelConfig bench_config(const std::string& shape) {
  if (shape == "smollm2") return smollm2_shape();
  return world_shape(shape == "wide" ? 151936 : 400);  // wide: a large vocabulary, a small model
}

struct Lengths {
  int64_t shortest = 30, longest = 300;
};

// Three quarters of each document with a target.
TokenBatch random_batch(int64_t num_tokens, int64_t vocab_size, const Lengths& lengths) {
  PhiloxStream random(1, 0);
  TokenBatch batch;
  batch.cu_seqlens = {0};
  while (batch.num_tokens() < num_tokens) {
    const int64_t length = random.integer(lengths.shortest, lengths.longest);
    for (int64_t i = 0; i < length; ++i) {
      batch.ids.push_back(static_cast<int32_t>(random.integer(0, vocab_size - 1)));
      batch.targets.push_back(
          4 * i < length ? -1 : static_cast<int32_t>(random.integer(0, vocab_size - 1)));
    }
    batch.cu_seqlens.push_back(static_cast<int32_t>(batch.num_tokens()));
  }
  return batch;
}

double useful_flops(const ModelConfig& c, const TokenBatch& batch, int64_t num_targets) {
  const int64_t D = c.hidden_size, Q = c.num_heads * c.head_dim;
  const int64_t qkv = Q + 2 * c.num_kv_heads * c.head_dim;
  const auto layer = static_cast<double>(D * (qkv + Q) + 3 * D * c.intermediate_size);
  double pairs = 0;  // of a query and a key that it sees
  for (size_t d = 0; d + 1 < batch.cu_seqlens.size(); ++d) {
    const auto n = static_cast<double>(batch.cu_seqlens[d + 1] - batch.cu_seqlens[d]);
    pairs += n * (n + 1) / 2;
  }
  const auto tokens = static_cast<double>(batch.num_tokens()),
             L = static_cast<double>(c.num_layers);
  const auto head = static_cast<double>(c.vocab_size * D) * static_cast<double>(num_targets);
  return 6 * (tokens * L * layer + head) + 14 * pairs * L * static_cast<double>(Q);
}

// Of all threads together: what a step costs on a busy machine.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// FLOP per second of one thread's CPU time: the best of a few large products.
double peak_flops(Precision precision) {
  constexpr size_t kRows = 1024, kDepth = 1024, kColumns = 1024;
  static const std::vector<float> a(kRows * kDepth, 1.0f), b(kDepth * kColumns, 1.0f);
  static std::vector<float> c(kRows * kColumns);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  GemmPanels panels;
  panels.pack(row_major(b.data(), kDepth, kColumns), precision);
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double start = cpu_seconds();
    gemm(row_major(a.data(), kRows, kDepth), panels, nullptr, c.data());
    best = std::min(best, cpu_seconds() - start);
  }
  at::set_num_threads(threads);
  return 2.0 * kRows * kDepth * kColumns / best;
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Lengths lengths_of(const char* text) {
  Lengths lengths;
  long shortest = 0, longest = 0;
  if (std::sscanf(text, "%ld-%ld", &shortest, &longest) == 2) lengths = {shortest, longest};
  return lengths;
}

// One row of the table for each step; tokens per second of each.
std::vector<double> run_steps(const ModelConfig& config, const TokenBatch& batch,
                              const DecoderOptions& options, int64_t repeats) {
  Weights weights = make_weights(config), gradients = make_weights(config);
  initialize_weights(weights, 0.02, 1);
  AdamW optimizer(weights, {});
  Decoder decoder(weights, options);
  int64_t num_targets = 0;
  for (const int32_t target : batch.targets) num_targets += target >= 0;
  const double flops = useful_flops(config, batch, num_targets);
  std::printf(
      "tokens,seconds,tokens_per_second,tokens_per_cpu_second,optimizer_seconds,loss,"
      "gflops_per_cpu_second,share_of_peak\n");
  std::vector<double> rates;
  for (int64_t i = repeats > 1 ? -2 : 0; i < repeats; ++i) {
    if (i == 0) set_profiling(true);
    const double start = seconds(), cpu_start = cpu_seconds();
    gradients.flat.zero_();
    const LossSum loss =
        decoder.forward_backward(batch, 1.0 / static_cast<double>(num_targets), gradients);
    const double middle = seconds();
    const double factor = clip_factor(gradient_norm(gradients), 1.0);
    optimizer.step(weights, gradients, 1e-3, factor);
    const double end = seconds(), cpu = cpu_seconds() - cpu_start;
    if (i < 0) continue;
    const auto tokens = static_cast<double>(batch.num_tokens());
    rates.push_back(tokens / (end - start));
    std::printf("%.0f,%.6f,%.0f,%.0f,%.6f,%.6f,%.1f,%.3f\n", tokens, end - start, rates.back(),
                tokens / cpu, end - middle, loss.loss / static_cast<double>(loss.num_targets),
                flops / cpu * 1e-9, flops / cpu / peak_flops(options.precision));
    std::fflush(stdout);
  }
  return rates;
}

int run(int argc, char** argv) {
  const auto number = [&](int i, int64_t other) { return argc > i ? std::atoll(argv[i]) : other; };
  at::set_num_threads(static_cast<int>(number(3, 2)));
  const ModelConfig config = bench_config(argc > 4 ? argv[4] : "world");
  DecoderOptions options;
  if (number(5, 0) != 0) options.recompute = Recompute::kLayers;
  if (argc > 6 && std::string(argv[6]) == "bf16") options.precision = Precision::kBfloat16;
  const TokenBatch batch =
      random_batch(number(1, 8192), config.vocab_size, lengths_of(argc > 7 ? argv[7] : ""));
  std::vector<double> rates = run_steps(config, batch, options, number(2, 10));
  set_profiling(false);
  std::fprintf(stderr, "%s", profile_table().c_str());
  std::sort(rates.begin(), rates.end());
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  std::fprintf(stderr, "best %.0f, median %.0f tokens/s; at most %.2f GB of memory\n", rates.back(),
               rates[rates.size() / 2], static_cast<double>(usage.ru_maxrss) * 1024e-9);
  return 0;
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) { return laconic::run(argc, argv); }
