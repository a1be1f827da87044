// Tokens per second of decoding and of sampling, by number of slots, on random weights.
//
//   bench_sample [tiny|smollm2|experts|dense] [seconds a point] [auto|float32|bfloat16|int8]
//                [most slots] [fewest slots]
//
// tiny: width 128, 4 layers, 4 heads of 32, 420 ids (0.9 M weights); smollm2: the shape of
// SmolLM2-135M; experts: Qwen3-MoE of width 512 and 4 layers with 8 of 64 experts of width 256 a
// token (107 M weights); dense: the same with one MLP as wide as the 8. The third argument is how
// weights are stored (the random ones are no bf16 values, so auto is float32). Prints CSV: shape,
// storage, slots, threads, prompt tokens/s (one prompt of 512), decode tokens/s (full slots),
// sampled tokens/s (sample_all with prompts, of a small model with six slots a thread at most; give
// it several seconds), GB/s that reading the packed weights once a decode step makes, GB/s of the
// same threads that only read memory, and the first as a share of the second: the median of turns,
// each between two readings of memory, since a host may give half of its rate a second later.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "nn/decode.h"
#include "nn/huge_pages.h"
#include "nn/team.h"
#include "sample/decode_step_model.h"
#include "shapes.h"

namespace laconic {
namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ModelConfig config_of(const std::string& shape) {
  if (shape == "tiny") return world_shape(420);
  ModelConfig c = smollm2_shape();
  if (shape != "experts" && shape != "dense") return c;
  c.architecture = "Qwen3MoeForCausalLM";
  c.vocab_size = 4096, c.hidden_size = 512, c.intermediate_size = 2048, c.num_layers = 4;
  c.num_heads = 8, c.num_kv_heads = 2, c.qk_norm = true;
  if (shape == "dense") return c;
  c.num_experts = 64, c.experts_per_token = 8, c.expert_intermediate_size = 256;
  c.normalize_expert_weights = true;
  c.sparse_layers.assign(4, true);
  return c;
}

constexpr int64_t kPromptTokens = 60;
constexpr int64_t kNewTokens = 150;
constexpr int kTurns = 10;

double decode_rate(DecodeModel& model, double seconds) {
  const int64_t num_slots = model.num_slots();
  std::vector<int32_t> slots, ids, prompt(kPromptTokens, 7);
  std::vector<float> logits(static_cast<size_t>(num_slots * model.vocab_size()));
  double busy_s = 0;
  int64_t num_tokens = 0;
  while (busy_s < seconds) {
    slots.clear();
    for (int64_t slot = 0; slot < num_slots; ++slot) {
      slots.push_back(static_cast<int32_t>(slot));
      model.prefill(slot, prompt, std::span(logits).first(static_cast<size_t>(model.vocab_size())));
    }
    ids.clear();  // other experts for each slot
    for (int32_t slot : slots) ids.push_back((11 + 7 * slot) % 400);
    const double start_s = now_s();
    for (int64_t i = 0; i < kNewTokens && now_s() - start_s < seconds; ++i) {
      model.step(slots, ids, logits);
      num_tokens += num_slots;
    }
    busy_s += now_s() - start_s;
  }
  return static_cast<double>(num_tokens) / busy_s;
}

double prompt_rate(const Weights& weights, StorageChoice storage, double seconds) {
  DecodeModel model(weights, 1, 512, storage);
  std::vector<float> logits(static_cast<size_t>(model.vocab_size()));
  const std::vector<int32_t> prompt(512, 7);
  int64_t num_tokens = 0;
  const double start_s = now_s();
  for (; now_s() - start_s < seconds; num_tokens += 512) model.prefill(0, prompt, logits);
  return static_cast<double>(num_tokens) / (now_s() - start_s);
}

// What a processor reads from memory at most: a search through more than its caches hold.
double memory_rate(double seconds) {
  constexpr int64_t kBytes = int64_t{512} << 20;
  static HugePageArena arena;
  static std::byte* const memory = arena.take(kBytes);
  static const bool ready = std::memset(memory, 1, kBytes) != nullptr;
  int64_t passes = 0;
  std::atomic<bool> found = !ready;
  const double start_s = now_s();
  Team team;
  for (; now_s() - start_s < seconds; ++passes)
    team.run([&] {
      team.share(kBytes, [&](Pieces& parts) {
        for (Range part; parts.next(part);)
          if (std::memchr(memory + part.begin, 2, static_cast<size_t>(part.size()))) found = true;
      });
    });
  return found ? 0 : static_cast<double>(passes * kBytes) * 1e-9 / (now_s() - start_s);
}

int64_t packed_bytes(const Weights& weights, StorageChoice storage) {
  DecodeWeights packed;
  packed.choice = storage;
  packed.pack(weights);
  return packed.num_bytes;
}

double sample_rate(const Weights& weights, int64_t num_slots, StorageChoice storage,
                   double seconds) {
  DecodeSampler sampler(weights, num_slots, kPromptTokens + kNewTokens, storage);
  SamplingSettings settings;
  settings.temperature = 0.7;
  settings.top_p = 0.95;
  settings.max_new_tokens = kNewTokens;
  std::vector<SampleRequest> requests;
  for (int32_t i = 0; i < 20 * static_cast<int32_t>(num_slots) + 64; ++i)
    requests.push_back({std::to_string(i), 0, std::vector<int32_t>(kPromptTokens, i % 400)});
  int64_t num_tokens = 0;
  const double start_s = now_s();
  const SamplerCallbacks callbacks = {{}, [&](const SamplerProgress& progress) {
                                        num_tokens = progress.num_tokens;
                                        return now_s() - start_s < seconds;
                                      }};
  sampler.sample(requests, settings, callbacks);
  return static_cast<double>(num_tokens) / (now_s() - start_s);
}

struct SlotRange {
  int64_t fewest, most;
};

void bench(const std::string& shape, double seconds, const std::string& storage_name,
           const SlotRange& range) {
  const StorageChoice storage = parse_storage_choice(storage_name);
  Weights weights = make_weights(config_of(shape));
  initialize_weights(weights, 0.02, 1);
  const double prompt = prompt_rate(weights, storage, seconds);
  const auto bytes = static_cast<double>(packed_bytes(weights, storage));
  std::printf(
      "shape,storage,slots,threads,prompt_tokens_per_s,decode_tokens_per_s,sample_tokens_per_s,"
      "weights_gb_per_s,memory_gb_per_s,memory_share\n");
  for (int64_t num_slots : {1, 8, 16, 32, 64, 128}) {
    if (num_slots < range.fewest || num_slots > range.most) continue;
    DecodeModel model(weights, num_slots, kPromptTokens + kNewTokens, storage);
    decode_rate(model, seconds / 10);
    const double bytes_per_token = bytes * 1e-9 / static_cast<double>(num_slots);
    double decode = 0, memory = memory_rate(seconds / kTurns / 2), all_memory = 0;
    std::vector<double> shares;
    for (int turn = 0; turn < kTurns; ++turn) {
      const double before = memory, rate = decode_rate(model, seconds / kTurns);
      memory = memory_rate(seconds / kTurns / 2);
      shares.push_back(rate * bytes_per_token / ((before + memory) / 2));
      decode += rate / kTurns, all_memory += memory / kTurns;
    }
    std::nth_element(shares.begin(), shares.begin() + kTurns / 2, shares.end());
    std::printf("%s,%s,%ld,%d,%.0f,%.1f,%.1f,%.1f,%.1f,%.3f\n", shape.c_str(), storage_name.c_str(),
                static_cast<long>(num_slots), at::get_num_threads(), prompt, decode,
                sample_rate(weights, num_slots, storage, seconds), decode * bytes_per_token,
                all_memory, shares[kTurns / 2]);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  laconic::bench(argc > 1 ? argv[1] : "tiny", argc > 2 ? std::atof(argv[2]) : 3,
                 argc > 3 ? argv[3] : "auto",
                 {argc > 5 ? std::atoi(argv[5]) : 1, argc > 4 ? std::atoi(argv[4]) : 128});
}
