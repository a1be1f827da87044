// Greedy decoding of a model folder on given prompts, as JSON: {"decode", "prefill" (tokens/s),
// "seconds", "ids"}. The counterpart of bench/peer.py's llama.
//
//   bench_generate FOLDER PROMPTS LENGTHS SLOTS STORAGE THREADS
//
// PROMPTS: a line of ids each. LENGTHS: the tokens of each reply, with commas, or one number for
// all. Slots that are free take the next prompt; end-of-text ids do not stop a reply. Models are
// made as the sampler makes them: of a small one each thread has its own, and a rate is all models'
// tokens over the time of the slowest.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <thread>
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

  void add(const Totals& other) {
    prompt_s = std::max(prompt_s, other.prompt_s), decode_s = std::max(decode_s, other.decode_s);
    num_prompt += other.num_prompt, num_decoded += other.num_decoded;
    held += other.held, used += other.used;
  }
};

struct Work {
  const std::vector<Ids>& prompts;
  const std::vector<size_t>& lengths;
  std::vector<Ids>& replies;
  std::atomic<size_t> next = 0;
};

void count_positions(const DecodeModel& model, std::span<const int32_t> slots, Totals& totals) {
  for (const int32_t slot : slots) {
    totals.used += model.num_positions(slot);
    totals.held += round_up(model.num_positions(slot), kPagePositions);
  }
}

// Prefills what free slots take next; job_of a slot: the index of its prompt, -1 when free.
void admit(DecodeModel& model, Work& work, std::vector<int64_t>& job_of, Totals& totals) {
  std::vector<float> logits(static_cast<size_t>(model.vocab_size()));
  for (auto& job : job_of) {
    while (job < 0) {
      const size_t next = work.next++;
      if (next >= work.prompts.size()) return;
      const Ids& prompt = work.prompts[next];
      model.prefill(&job - job_of.data(), prompt, logits);
      work.replies[next].push_back(best(logits.data(), model.vocab_size()));
      totals.num_prompt += static_cast<int64_t>(prompt.size());
      if (work.replies[next].size() < work.lengths[next]) job = static_cast<int64_t>(next);
    }
  }
}

Totals run_model(DecodeModel& model, Work& work) {
  const int64_t V = model.vocab_size(), num_slots = model.num_slots();
  std::vector<float> logits(static_cast<size_t>(num_slots * V));
  std::vector<int64_t> job_of(static_cast<size_t>(num_slots), -1);
  Totals totals;
  for (;;) {
    const double start = now_s();
    admit(model, work, job_of, totals);
    totals.prompt_s += now_s() - start;
    Ids slots, ids;
    for (size_t slot = 0; slot < job_of.size(); ++slot)
      if (job_of[slot] >= 0) {
        slots.push_back(static_cast<int32_t>(slot));
        ids.push_back(work.replies[static_cast<size_t>(job_of[slot])].back());
      }
    if (slots.empty()) return totals;
    const double middle = now_s();
    model.step(slots, ids, std::span(logits).first(slots.size() * static_cast<size_t>(V)));
    for (size_t i = 0; i < slots.size(); ++i) {
      int64_t& job = job_of[static_cast<size_t>(slots[i])];
      Ids& reply = work.replies[static_cast<size_t>(job)];
      reply.push_back(best(logits.data() + static_cast<int64_t>(i) * V, V));
      if (reply.size() >= work.lengths[static_cast<size_t>(job)]) job = -1;
    }
    totals.decode_s += now_s() - middle;
    count_positions(model, slots, totals);
    totals.num_decoded += static_cast<int64_t>(slots.size());
  }
}

Totals run(std::span<const std::unique_ptr<DecodeModel>> models, Work&& work) {
  std::vector<Totals> totals(models.size());
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < models.size(); ++i)
    threads.emplace_back([&, i] { totals[i] = run_model(*models[i], work); });
  totals[0] = run_model(*models[0], work);
  threads.clear();  // joins
  for (size_t i = 1; i < models.size(); ++i) totals[0].add(totals[i]);
  return totals[0];
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
  const auto models =
      make_decode_models(folder.weights, std::atoll(argv[4]), static_cast<int64_t>(longest),
                         parse_storage_choice(argv[5]));
  std::vector<Ids> unmeasured(prompts.size()), replies(prompts.size());
  run(models, {prompts, std::vector<size_t>(prompts.size(), 2), unmeasured});
  const Totals t = run(models, {prompts, lengths, replies});
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
