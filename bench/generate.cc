// Greedy samples of a model folder on given prompts, as JSON: {"decode", "prefill" (tokens/s),
// "seconds", "kv_waste", "ids"}. The counterpart of bench/peer.py's llama.
//
//   bench_generate FOLDER PROMPTS LENGTHS SLOTS STORAGE THREADS
//
// PROMPTS: a line of ids each. LENGTHS: the tokens of each reply, with commas, or one number for
// all; no id stops a reply. Sampled as every command does, by sample_all: log-probabilities are
// computed too, and of a small model each thread has its own. Time is divided into that of prompts
// (of the thread that spends most on them) and the rest, which is decoding's. kv_waste: share of
// the positions in pages that no token fills, mean over the steps.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "nn/decode.h"
#include "nn/decode_attention.h"  // kPagePositions
#include "nn/model_folder.h"
#include "sample/decode_step_model.h"

namespace laconic {
namespace {

using Ids = std::vector<int32_t>;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<Ids> read_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<Ids> lines;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Ids ids;
    for (int32_t id = 0; words >> id;) ids.push_back(id);
    if (!ids.empty()) lines.push_back(ids);
  }
  return lines;
}

std::vector<int64_t> parse_lengths(const std::string& text, size_t count) {
  std::vector<int64_t> lengths;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) lengths.push_back(std::stoll(word));
  if (lengths.size() == 1) lengths.resize(count, lengths[0]);
  return lengths;
}

// A model whose prompts and pages are counted.
class Measured : public DecodeStepModel {
 public:
  explicit Measured(DecodeModel& model) : DecodeStepModel(model), model_(model) {}
  void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) override {
    const double start = now_s();
    DecodeStepModel::prefill(slot, prompt, logits);
    prompt_s += now_s() - start;
  }
  void step(std::span<const int32_t> slots, std::span<const int32_t> ids,
            std::span<float> logits) override {
    DecodeStepModel::step(slots, ids, logits);
    for (const int32_t slot : slots) {
      used += model_.num_positions(slot);
      held += round_up(model_.num_positions(slot), kPagePositions);
    }
  }

  double prompt_s = 0;
  int64_t held = 0, used = 0;  // positions in pages and positions filled, summed over the steps

 private:
  DecodeModel& model_;
};

struct Result {
  double seconds = 0, prompt_s = 0;
  int64_t held = 0, used = 0;
  std::vector<Ids> replies;
};

Result run(std::span<const std::unique_ptr<DecodeModel>> models,
           const std::vector<SampleRequest>& requests) {
  std::vector<std::unique_ptr<Measured>> measured;
  std::vector<StepModel*> steps;
  for (const auto& model : models) {
    measured.push_back(std::make_unique<Measured>(*model));
    steps.push_back(measured.back().get());
  }
  SamplingSettings settings;
  settings.temperature = 0;
  Result result;
  result.replies.resize(requests.size());
  const SamplerCallbacks callbacks = {
      [&](Sample&& sample) { result.replies[sample.request_idx] = std::move(sample.ids); }, {}};
  const double start = now_s();
  sample_all(steps, requests, settings, callbacks);
  result.seconds = now_s() - start;
  for (const auto& model : measured) {
    result.prompt_s = std::max(result.prompt_s, model->prompt_s);
    result.held += model->held, result.used += model->used;
  }
  return result;
}

void print(const Result& result, const std::vector<SampleRequest>& requests) {
  size_t num_prompt = 0, num_decoded = 0;
  for (const SampleRequest& request : requests) num_prompt += request.prompt.size();
  for (const Ids& reply : result.replies) num_decoded += reply.size() - 1;  // the prompt's gave one
  const double waste =
      result.held > 0 ? 1 - static_cast<double>(result.used) / static_cast<double>(result.held) : 0;
  std::printf(
      "{\"decode\": %.3f, \"prefill\": %.3f, \"seconds\": %.4f, \"kv_waste\": %.4f, \"ids\": [",
      static_cast<double>(num_decoded) / (result.seconds - result.prompt_s),
      static_cast<double>(num_prompt) / result.prompt_s, result.seconds, waste);
  for (size_t i = 0; i < result.replies.size(); ++i) {
    std::printf("%s[", i ? ", " : "");
    for (size_t k = 0; k < result.replies[i].size(); ++k)
      std::printf("%s%d", k ? "," : "", result.replies[i][k]);
    std::printf("]");
  }
  std::printf("]}\n");
}

int main_of(int argc, char** argv) {
  if (argc != 7) return std::fprintf(stderr, "usage: see the head of bench/generate.cc\n"), 2;
  at::set_num_threads(std::atoi(argv[6]));
  const ModelFolder folder = load_model(argv[1]);
  const std::vector<Ids> prompts = read_lines(argv[2]);
  const std::vector<int64_t> lengths = parse_lengths(argv[3], prompts.size());
  if (prompts.empty() || lengths.size() != prompts.size() ||
      *std::min_element(lengths.begin(), lengths.end()) < 1)
    return std::fprintf(stderr,
                        "expected prompts, and lengths of 1 or more: one for all or for each\n"),
           2;
  std::vector<SampleRequest> requests, unmeasured;
  int64_t longest = 0;
  for (size_t i = 0; i < prompts.size(); ++i) {
    longest = std::max(longest, std::ssize(prompts[i]) + std::max<int64_t>(lengths[i], 2));
    requests.push_back({std::to_string(i), 0, prompts[i], lengths[i]});
    unmeasured.push_back({std::to_string(i), 0, prompts[i], 2});
  }
  const auto models = make_decode_models(folder.weights, std::atoll(argv[4]), longest,
                                         parse_storage_choice(argv[5]));
  run(models, unmeasured);
  print(run(models, requests), requests);
  return 0;
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) { return laconic::main_of(argc, argv); }
