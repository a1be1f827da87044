// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "text/tokenizer.h"

namespace laconic {

std::vector<std::vector<int32_t>> Tokenizer::encode_all(std::span<const std::string> texts,
                                                        const EncodeOptions& options,
                                                        size_t num_threads) const {
  std::vector<std::vector<int32_t>> ids(texts.size());
  parallel_for(
      texts.size(), [&](size_t i) { ids[i] = encode(texts[i], options); }, num_threads);
  return ids;
}

}  // namespace laconic
