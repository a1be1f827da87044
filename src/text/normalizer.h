// The normalizer of tokenizer.json: null, NFC, NFD, NFKC, NFKD, or a Sequence of them. Others are
// refused by name.
//
// Source: UAX #15; utf8proc does the work, this file only skips the stretches that no normal form
// changes. Errors: Error(kModel). Thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace laconic {

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };
// REQUIRES: well-formed UTF-8.
std::string to_normal_form(NormalForm form, std::string_view text);

class Normalizer {
 public:
  static Normalizer parse(const Json& json, const std::string& place);
  bool is_identity() const { return forms_.empty(); }
  std::string apply(std::string_view text) const;

 private:
  void add(const Json& json, const std::string& place);
  std::vector<NormalForm> forms_;
};

}  // namespace laconic
