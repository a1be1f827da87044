// Trains a byte-level BPE tokenizer in the layout of Qwen2: NFC, the Qwen2 split (digits single),
// the byte alphabet as base vocabulary, merges, then the added tokens.
//
// Source: Sennrich et al. 2016 (arXiv 1508.07909). The most frequent pair merges first; of equals,
// the one with the lowest left id, then the lowest right id (`tokenizers` breaks ties alike).
// Deterministic: the order of texts does not matter. Not for corpora beyond memory: every distinct
// piece is kept. Errors: Error(kUsage) for a vocabulary too small for bytes and added tokens;
// Error(kData) for ill-formed UTF-8.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"

namespace laconic {

struct BpeTrainerSettings {
  int32_t vocab_size =
      512;  // bytes, merges and added tokens; fewer come out where no pair is left to merge
  int64_t min_frequency = 2;                // pairs rarer than this do not merge
  std::vector<std::string> special_tokens;  // added, special: skipped by decode(..., skip_special)
  std::vector<std::string> plain_tokens;    // added behind them, not special (think tags)
};

// The whole of tokenizer.json. Added tokens inside the texts are cut out before counting.
Json train_bpe(std::span<const std::string> texts, const BpeTrainerSettings& settings);

}  // namespace laconic
