// Added tokens of tokenizer.json: strings that are found in the text before anything else is done
// to it.
//
// Leftmost, then longest match; tokens with "normalized" are searched in the normalized text,
// spelled as the normalizer spells them. lstrip / rstrip take white space into the match;
// single_word refuses a match next to a word character. Source: `tokenizers`, AddedVocabulary. Ids:
// a token that the vocabulary knows keeps that id, others are numbered from the end of the
// vocabulary in the order of the file; a file that says otherwise is Error(kModel), for
// `tokenizers` would silently renumber it. Thread-safe after construction.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"

namespace laconic {

class Bpe;
class Normalizer;

struct AddedToken {
  std::string content;
  std::string spelled;  // what is searched for and decoded: as the normalizer spells it, or content
  int32_t id = 0;
  bool single_word = false, lstrip = false, rstrip = false, normalized = false, special = false;
};

// A stretch of text: one added token, or (token null) text between them.
struct AddedMatch {
  std::string_view text;
  const AddedToken* token;
};

class AddedTokens {
 public:
  // `json`: the array "added_tokens", or null.
  static AddedTokens parse(const Json& json, const Bpe& model, const Normalizer& normalizer,
                           const std::string& place);
  ~AddedTokens();
  AddedTokens(AddedTokens&&) noexcept;

  // Cuts `text` at the tokens whose "normalized" is as given. match_special false: special tokens
  // are text, and what they cover is not searched again.
  std::vector<AddedMatch> split(std::string_view text, bool normalized, bool match_special) const;
  const AddedToken* find(int32_t id) const;
  const AddedToken* find(std::string_view content) const;
  int32_t max_id() const;  // -1 where there are none

 private:
  class Trie;
  AddedTokens();

  std::vector<AddedToken> tokens_;
  std::unordered_map<int32_t, size_t> by_id_;
  std::unordered_map<std::string, size_t> by_content_;
  std::unique_ptr<Trie> raw_, normalized_;
};

}  // namespace laconic
