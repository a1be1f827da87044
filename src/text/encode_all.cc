// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "text/tokenizer.h"

namespace laconic {

std::vector<std::vector<int32_t>> Tokenizer::encode_all(std::span<const std::string> texts,
                                                        const EncodeOptions& options,
                                                        size_t num_threads) const {
  std::vector<std::vector<int32_t>> ids(texts.size());
  std::vector<std::exception_ptr> faults(texts.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < texts.size();) {
      try {
        ids[i] = encode(texts[i], options);
      } catch (...) {
        faults[i] = std::current_exception();
      }
    }
  };
  if (num_threads == 0) num_threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < std::min(num_threads, texts.size()); ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  for (const std::exception_ptr& fault : faults)
    if (fault) std::rethrow_exception(fault);
  return ids;
}

}  // namespace laconic
