// Greedy decoding of a model folder on given prompts, as JSON: {"decode", "prefill" (tokens/s),
// "seconds", "ids"}. The counterpart of bench/peer.py's llama.
//
//   bench_generate FOLDER PROMPTS LENGTHS SLOTS STORAGE THREADS
//
// PROMPTS: a line of ids each. LENGTHS: the tokens of each reply, with commas, or one number for
// all. Slots that are free take the next prompt; end-of-text ids do not stop a reply.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "nn/decode.h"
#include "nn/decode_attention.h"  // kPagePositions
#include "nn/model_folder.h"

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

std::vector<size_t> parse_lengths(const std::string& text, size_t count) {
  std::vector<size_t> lengths;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) lengths.push_back(std::stoul(word));
  if (lengths.size() == 1) lengths.resize(count, lengths[0]);
  return lengths;
}

int32_t best(const float* logits, int64_t size) {
  return static_cast<int32_t>(std::max_element(logits, logits + size) - logits);
}

struct Totals {
  double prompt_s = 0, decode_s = 0;
  int64_t num_prompt = 0, num_decoded = 0;
  int64_t held = 0, used = 0;  // positions in pages and positions filled, summed over the steps
};

void count_positions(const DecodeModel& model, std::span<const int32_t> slots, Totals& totals) {
  for (const int32_t slot : slots) {
    totals.used += model.num_positions(slot);
    totals.held += round_up(model.num_positions(slot), kPagePositions);
  }
}

Totals run(DecodeModel& model, const std::vector<Ids>& prompts, const std::vector<size_t>& lengths,
           std::vector<Ids>& replies) {
  const int64_t V = model.vocab_size(), num_slots = model.num_slots();
  std::vector<float> logits(static_cast<size_t>(num_slots * V));
  std::vector<int64_t> job_of(static_cast<size_t>(num_slots), -1);
  replies.assign(prompts.size(), {});
  Totals totals;
  size_t next = 0;
  for (;;) {
    const double start = now_s();
    for (auto& job : job_of) {
      while (job < 0 && next < prompts.size()) {
        const Ids& prompt = prompts[next];
        model.prefill(&job - job_of.data(), prompt,
                      std::span(logits).first(static_cast<size_t>(V)));
        replies[next].push_back(best(logits.data(), V));
        totals.num_prompt += static_cast<int64_t>(prompt.size());
        if (replies[next].size() < lengths[next]) job = static_cast<int64_t>(next);
        ++next;
      }
    }
    totals.prompt_s += now_s() - start;
    Ids slots, ids;
    for (size_t slot = 0; slot < job_of.size(); ++slot)
      if (job_of[slot] >= 0) {
        slots.push_back(static_cast<int32_t>(slot));
        ids.push_back(replies[static_cast<size_t>(job_of[slot])].back());
      }
    if (slots.empty()) return totals;
    const double middle = now_s();
    model.step(slots, ids, std::span(logits).first(slots.size() * static_cast<size_t>(V)));
    for (size_t i = 0; i < slots.size(); ++i) {
      int64_t& job = job_of[static_cast<size_t>(slots[i])];
      Ids& reply = replies[static_cast<size_t>(job)];
      reply.push_back(best(logits.data() + static_cast<int64_t>(i) * V, V));
      if (reply.size() >= lengths[static_cast<size_t>(job)]) job = -1;
    }
    totals.decode_s += now_s() - middle;
    count_positions(model, slots, totals);
    totals.num_decoded += static_cast<int64_t>(slots.size());
  }
}

int main_of(int argc, char** argv) {
  if (argc != 7) return std::fprintf(stderr, "usage: see the head of bench/generate.cc\n"), 2;
  at::set_num_threads(std::atoi(argv[6]));
  const ModelFolder folder = load_model(argv[1]);
  const std::vector<Ids> prompts = read_lines(argv[2]);
  const std::vector<size_t> lengths = parse_lengths(argv[3], prompts.size());
  size_t longest = 0;
  for (size_t i = 0; i < prompts.size(); ++i)
    longest = std::max(longest, prompts[i].size() + lengths[i]);
  DecodeModel model(folder.weights, std::atoll(argv[4]), static_cast<int64_t>(longest),
                    parse_storage_choice(argv[5]));
  std::vector<Ids> replies;
  run(model, {prompts[0]}, {2}, replies);  // unmeasured
  const Totals t = run(model, prompts, lengths, replies);
  std::printf(
      "{\"decode\": %.3f, \"prefill\": %.3f, \"seconds\": %.4f, \"kv_waste\": %.4f, \"ids\": [",
      t.num_decoded > 0 ? static_cast<double>(t.num_decoded) / t.decode_s : 0.0,
      static_cast<double>(t.num_prompt) / t.prompt_s, t.prompt_s + t.decode_s,
      t.held > 0 ? 1 - static_cast<double>(t.used) / static_cast<double>(t.held) : 0.0);
  for (size_t i = 0; i < replies.size(); ++i) {
    std::printf("%s[", i ? ", " : "");
    for (size_t k = 0; k < replies[i].size(); ++k) std::printf("%s%d", k ? "," : "", replies[i][k]);
    std::printf("]");
  }
  std::printf("]}\n");
  return 0;
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) { return laconic::main_of(argc, argv); }
