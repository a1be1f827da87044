// Tokens per second of training steps of a model folder on given documents, as CSV: the counterpart
// of bench/peer.py's train and train_trl (random documents: bench/train_step.cc).
//
//   bench_train_documents FOLDER DOCUMENTS TOKENS REPEATS THREADS fp32|bf16 [RANK]
//
// DOCUMENTS: a line of ids each; each token but a document's first is a target. TOKENS: of a
// micro-batch. RANK: of a LoRA adapter on all linear layers that is trained instead of all
// weights. One row a repeat, after two unmeasured ones. On stderr first_loss, the loss before
// the first update, and peak_mib, the process's largest resident memory.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "nn/decoder.h"
#include "nn/lora.h"
#include "nn/model_folder.h"
#include "train/adamw.h"

namespace laconic {
namespace {

// The documents of a file, in batches of at most `tokens` (a longer document is one alone).
std::vector<TokenBatch> read_batches(const std::string& path, int64_t tokens) {
  std::ifstream file(path);
  std::vector<TokenBatch> batches;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::vector<int32_t> ids;
    for (int32_t id = 0; words >> id;) ids.push_back(id);
    if (ids.empty()) continue;
    if (batches.empty() || batches.back().num_tokens() + static_cast<int64_t>(ids.size()) > tokens)
      batches.emplace_back().cu_seqlens = {0};
    TokenBatch& batch = batches.back();
    batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
    batch.targets.insert(batch.targets.end(), ids.begin() + 1, ids.end());
    batch.targets.push_back(-1);
    batch.cu_seqlens.push_back(static_cast<int32_t>(batch.num_tokens()));
  }
  return batches;
}

// Of all threads together: what a step costs on a busy machine.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int run(int argc, char** argv) {
  if (argc != 7 && argc != 8)
    return std::fprintf(stderr, "usage: see the head of bench/train_documents.cc\n"), 2;
  const int64_t num_tokens = std::atoll(argv[3]), repeats = std::atoll(argv[4]);
  at::set_num_threads(std::atoi(argv[5]));
  const ModelFolder folder = load_model(argv[1]);
  DecoderOptions options;
  if (std::string(argv[6]) == "bf16") options.precision = Precision::kBfloat16;
  Weights weights = folder.weights;
  if (argc == 8) {
    AdapterConfig adapter;
    adapter.r = std::atoll(argv[7]), adapter.alpha = 16;
    adapter.all_linear = true;
    weights = attach_adapter(weights, adapter, /*seed=*/1);
  }
  Weights gradients = make_gradients(weights);
  AdamW optimizer(trained_tensors(weights), {});
  Decoder decoder(weights, options);
  const std::vector<TokenBatch> batches = read_batches(argv[2], num_tokens);
  int64_t num_targets = 0, all_tokens = 0;
  for (const TokenBatch& batch : batches) {
    all_tokens += batch.num_tokens();
    for (const int32_t target : batch.targets) num_targets += target >= 0;
  }
  std::printf("tokens,seconds,tokens_per_second,tokens_per_cpu_second,optimizer_seconds,loss\n");
  for (int64_t i = -2; i < repeats; ++i) {
    const double start = seconds(), cpu_start = cpu_seconds();
    trained_tensors(gradients).flat.zero_();
    double nll = 0;
    for (const TokenBatch& batch : batches)
      nll +=
          decoder.forward_backward(batch, 1.0 / static_cast<double>(num_targets), gradients).loss;
    const double loss = nll / static_cast<double>(num_targets);
    if (i == -2) std::fprintf(stderr, "first_loss %.6f\n", loss);
    const double middle = seconds();
    const double factor = clip_factor(gradient_norm(trained_tensors(gradients)), 1.0);
    optimizer.step(trained_tensors(weights), trained_tensors(gradients), 1e-3, factor);
    const double end = seconds(),
                 cpu_rate = static_cast<double>(all_tokens) / (cpu_seconds() - cpu_start);
    if (i < 0) continue;
    const double rate = static_cast<double>(all_tokens) / (end - start);
    std::printf("%ld,%.6f,%.0f,%.0f,%.6f,%.6f\n", static_cast<long>(all_tokens), end - start, rate,
                cpu_rate, end - middle, loss);
  }
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  std::fprintf(stderr, "peak_mib %ld\n", usage.ru_maxrss / 1024);
  return 0;
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) { return laconic::run(argc, argv); }
