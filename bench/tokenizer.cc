// Encoding speed: bench_tokenizer TOKENIZER.json FILE [RUNS]; FILE is JSONL, every string in it
// counts. Prints CPU milliseconds to load, then MB/s of CPU time (median run after a warm-up): with
// the memory of pieces, with it empty at the start of each run (a fresh thread a run), and without
// it; then MB/s of wall time on all cores. bench/tokenizer_ratio.py runs it beside `tokenizers`.
// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace laconic {
namespace {

// CPU seconds of this thread: the same on a busy machine.
double cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void collect(const Json& json, std::vector<std::string>& texts) {
  if (json.is_string()) texts.push_back(json.as_string("bench"));
  if (json.is_array())
    for (const Json& item : json.as_array("bench")) collect(item, texts);
  if (json.is_object())
    for (const auto& [name, item] : json.as_object("bench")) collect(item, texts);
}

std::vector<std::string> read_texts(const std::string& file) {
  std::vector<std::string> texts;
  const std::string all = read_file(file);
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\n', begin), all.size());
    if (end > begin) collect(Json::parse(all.substr(begin, end - begin), file), texts);
    begin = end + 1;
  }
  return texts;
}

template <typename Run>
double median_s(int runs, const Run& run) {
  std::vector<double> seconds;
  for (int i = 0; i <= runs; ++i) {
    const double s = run();
    if (i > 0) seconds.push_back(s);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

void run(const std::string& path, const std::string& file, int runs) {
  const double start = cpu_s();
  const Tokenizer tokenizer = Tokenizer::from_file(path);
  std::printf("load %.0f ms\n", 1e3 * (cpu_s() - start));
  const std::vector<std::string> texts = read_texts(file);
  size_t num_bytes = 0, num_ids = 0;
  for (const std::string& text : texts) num_bytes += text.size();
  const auto encode_each = [&](bool use_memory) {
    const double begin = cpu_s();
    num_ids = 0;
    for (const std::string& text : texts)
      num_ids += tokenizer.encode(text, {.use_memory = use_memory}).size();
    return cpu_s() - begin;
  };
  const double megabytes = static_cast<double>(num_bytes) * 1e-6;
  const double with = median_s(runs, [&] { return encode_each(true); });
  const double cold = median_s(runs, [&] {
    double seconds = 0;
    std::thread([&] { seconds = encode_each(true); }).join();
    return seconds;
  });
  const double without = median_s(runs, [&] { return encode_each(false); });
  const double wall = median_s(runs, [&] {
    const double begin = wall_s();
    tokenizer.encode_all(texts);
    return wall_s() - begin;
  });
  std::printf("%zu texts, %.2f MB, %zu ids\n", texts.size(), megabytes, num_ids);
  std::printf("one thread, memory of pieces: %.1f MB/s\n", megabytes / with);
  std::printf("one thread, memory empty at the start: %.1f MB/s\n", megabytes / cold);
  std::printf("one thread, no memory: %.1f MB/s\n", megabytes / without);
  std::printf("all cores (%u), wall: %.1f MB/s\n", std::thread::hardware_concurrency(),
              megabytes / wall);
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "bench_tokenizer TOKENIZER.json FILE [RUNS]\n"), 2;
  try {
    laconic::run(argv[1], argv[2], argc > 3 ? std::stoi(argv[3]) : 5);
  } catch (const laconic::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.kind());
  }
}
