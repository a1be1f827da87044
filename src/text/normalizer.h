// The normalizer of tokenizer.json: null, the normal forms, Prepend, Replace, Strip, Lowercase,
// ByteLevel, or a Sequence of them. Others are refused by name.
//
// Source: `tokenizers` 0.2x, normalizers; UAX #15 (utf8proc decomposes and composes, normal_form.cc
// orders marks and skips the stretches that no normal form changes). Works on the text alone: no
// offsets are kept. A normal form takes n log n time for any n bytes, and all steps together are
// bounded by the length of the text (Error(kData) beyond).
// Errors: Error(kModel). Thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace laconic {

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };
// REQUIRES: well-formed UTF-8.
std::string to_normal_form(NormalForm form, std::string_view text);

// Changes the whole of one text.
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  virtual std::string apply(std::string_view text) const = 0;
};

class Normalizer {
 public:
  static Normalizer parse(const Json& json, const std::string& place);
  bool is_identity() const { return steps_.empty(); }
  std::string apply(std::string_view text) const;

 private:
  void add(const Json& json, const std::string& place);
  std::vector<std::unique_ptr<const NormalizerStep>> steps_;
};

}  // namespace laconic
