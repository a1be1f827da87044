// The "pattern" of a Split or Replace in tokenizer.json: {"String": "..."} or {"Regex": "..."}.
//
// Errors: Error(kModel) for anything else, an empty pattern included.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "text/regex.h"

namespace laconic {

class TextPattern {
 public:
  // `json`: the object that holds the member "pattern".
  static TextPattern parse(const Json& json, const std::string& place);

  // The text to look for; empty for a regular expression.
  const std::string& literal() const { return literal_; }
  const Regex& regex() const { return *regex_; }  // REQUIRES: no literal
  // The text with every match replaced. Error(kData) where it would be longer than 256 times
  // the text and a million bytes.
  std::string replace(std::string_view text, std::string_view content) const;

 private:
  std::string literal_;
  std::optional<Regex> regex_;
};

}  // namespace laconic
