// The pre-tokenizer of tokenizer.json: cuts normalized text into the pieces that merges never
// cross.
//
// Split (String or Regex; all five behaviours; invert), Digits, and ByteLevel as the last stage, in
// any nesting of Sequence. Pieces are raw bytes: the byte alphabet is a matter of the vocabulary's
// spelling (bpe.h). Source: `tokenizers` 0.2x, pre_tokenizers and NormalizedString::split. Errors:
// parse throws Error(kModel) for anything else, by name. Thread-safe after construction.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"

namespace laconic {

// A reference to a callable that takes a piece; valid while the callable lives.
class PieceSink {
 public:
  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, PieceSink>>>
  PieceSink(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* object, std::string_view piece) {
          (*static_cast<std::remove_reference_t<F>*>(object))(piece);
        }) {}
  void operator()(std::string_view piece) const { call_(object_, piece); }

 private:
  void* object_;
  void (*call_)(void*, std::string_view);
};

// One stage: text in, its pieces out, in order. Never emits an empty piece.
class PreTokenizerStage {
 public:
  virtual ~PreTokenizerStage() = default;
  virtual void run(std::string_view text, const PieceSink& sink) const = 0;
};

class PreTokenizer {
 public:
  static PreTokenizer parse(const Json& json, const std::string& place);
  // The pieces of `text`; a view is valid during the call only.
  void run(std::string_view text, const PieceSink& sink) const { run_from(0, text, sink); }

 private:
  void add(const Json& json, const std::string& place);
  void run_from(size_t stage, std::string_view text, const PieceSink& sink) const;

  std::vector<std::unique_ptr<const PreTokenizerStage>> stages_;
  bool has_byte_level_ = false;
};

}  // namespace laconic
