// Metaspace of tokenizer.json: blanks written as a visible character, SentencePiece's way. The part
// that pre-tokenizer and decoder share.
//
// Source: `tokenizers`, pre_tokenizers/metaspace. Errors: Error(kModel).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace laconic {

struct Metaspace {
  enum class Prepend { kFirst, kAlways, kNever };
  std::string replacement;  // one character
  Prepend prepend = Prepend::kAlways;
  bool split = true;  // cut before every replacement

  static Metaspace parse(const Json& json, const std::string& place);
};

// The member `name` of `json`, a string of one character. Also used for other stages.
std::string parse_character(const Json& json, const char* name, const std::string& place);

}  // namespace laconic
