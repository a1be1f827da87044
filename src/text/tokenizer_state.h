// The parts of a Tokenizer; for the files that implement it only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"
#include "text/token_decoder.h"
#include "text/tokenizer.h"

namespace laconic {

struct Tokenizer::State {
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  Bpe bpe;
  AddedTokens added;
  PostProcessor post_processor;
  TokenDecoder decoder;
  // Added tokens are decoded as the normalizer spells them, and skipped by that spelling: so does
  // `tokenizers` since 0.23.
  std::vector<std::optional<std::string>> prepared;  // by id; none: no such token
  std::vector<bool> is_skipped;                      // by id; with skip_special

  void prepare_decoding(int32_t num_ids);

  // What decoding takes for the id, or null where it is passed over.
  const std::string* token_to_decode(int32_t id, bool skip_special) const {
    if (id < 0 || static_cast<size_t>(id) >= prepared.size()) return nullptr;
    const auto& token = prepared[static_cast<size_t>(id)];
    if (!token || (skip_special && is_skipped[static_cast<size_t>(id)])) return nullptr;
    return &*token;
  }

  // The text in parts: on_token(AddedToken), on_text(Piece of normalized text).
  template <typename OnToken, typename OnText>
  void for_each_section(std::string_view text, bool match_special, const OnToken& on_token,
                        const OnText& on_text) const {
    const auto cut_normalized = [&](std::string_view normalized, bool is_first) {
      for (const AddedMatch& match : added.split(normalized, true, match_special)) {
        if (match.token)
          on_token(*match.token);
        else
          on_text(Piece{match.text, is_first && match.text.data() == normalized.data()});
      }
    };
    for (const AddedMatch& match : added.split(text, false, match_special)) {
      const bool is_first = match.text.data() == text.data();
      if (match.token)
        on_token(*match.token);
      else if (normalizer.is_identity())
        cut_normalized(match.text, is_first);
      else
        cut_normalized(normalizer.apply(match.text), is_first);
    }
  }
};

}  // namespace laconic
