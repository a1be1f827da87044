// Encoding speed on one thread: bench_tokenizer TOKENIZER.json FILE [RUNS]; FILE is JSONL, every
// string in it counts. Prints CPU milliseconds to load, then MB/s of the best and the median run
// after one warm-up.
// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace laconic {
namespace {

// CPU seconds of the process: the same on a busy machine.
double now_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void collect(const Json& json, std::vector<std::string>& texts) {
  if (json.is_string()) texts.push_back(json.as_string("bench"));
  if (json.is_array())
    for (const Json& item : json.as_array("bench")) collect(item, texts);
  if (json.is_object())
    for (const auto& [name, item] : json.as_object("bench")) collect(item, texts);
}

void run(const std::string& path, const std::string& file, int runs) {
  const double start = now_s();
  const Tokenizer tokenizer = Tokenizer::from_file(path);
  std::printf("load %.0f ms\n", 1e3 * (now_s() - start));
  std::vector<std::string> texts;
  const std::string all = read_file(file);
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\n', begin), all.size());
    if (end > begin) collect(Json::parse(all.substr(begin, end - begin), file), texts);
    begin = end + 1;
  }
  size_t num_bytes = 0, num_ids = 0;
  for (const std::string& text : texts) num_bytes += text.size();
  std::vector<double> seconds;
  for (int i = 0; i <= runs; ++i) {
    const double begin = now_s();
    num_ids = 0;
    for (const std::string& text : texts) num_ids += tokenizer.encode(text).size();
    if (i > 0) seconds.push_back(now_s() - begin);
  }
  std::sort(seconds.begin(), seconds.end());
  const double megabytes = static_cast<double>(num_bytes) * 1e-6;
  std::printf("%zu texts, %.2f MB, %zu ids: best %.1f MB/s, median %.1f MB/s\n", texts.size(),
              megabytes, num_ids, megabytes / seconds.front(),
              megabytes / seconds[seconds.size() / 2]);
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
