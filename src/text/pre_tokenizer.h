// The pre-tokenizer of tokenizer.json: cuts normalized text into the pieces that merges never
// cross.
//
// null, Split (String or Regex; all five behaviours; invert), Digits, ByteLevel, Metaspace,
// Punctuation, Whitespace, WhitespaceSplit, BertPreTokenizer, CharDelimiterSplit, FixedLength, in
// any nesting of Sequence. Where ByteLevel is the last stage the pieces are raw bytes (units()):
// the byte alphabet is then a matter of the vocabulary's spelling (bpe.h); anywhere else it spells
// the text anew, as Metaspace does. Source: `tokenizers` 0.2x, pre_tokenizers and
// NormalizedString::split. Departure: Metaspace's "first" piece is the one at the start of the
// normalized text, `tokenizers` goes by the offset in the original, which differs only where the
// first character normalizes to several that another stage then parts. Errors: parse throws
// Error(kModel) for anything else, by name. Thread-safe after construction.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"

namespace laconic {

struct Piece {
  std::string_view text;
  bool is_first;  // nothing of the whole input comes before it
};

// A reference to a callable that takes a piece; valid while the callable lives.
class PieceSink {
 public:
  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, PieceSink>>>
  PieceSink(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(&f))), call_([](void* object, Piece p) {
          (*static_cast<std::remove_reference_t<F>*>(object))(p);
        }) {}
  void operator()(Piece piece) const { call_(object_, piece); }

 private:
  void* object_;
  void (*call_)(void*, Piece);
};

// One stage: text in, its pieces out, in order. Never emits an empty piece.
class PreTokenizerStage {
 public:
  virtual ~PreTokenizerStage() = default;
  virtual void run(Piece piece, const PieceSink& sink) const = 0;
  virtual bool is_identity() const { return false; }
  // The stage's change of spelling without its cuts.
  virtual std::string respell(Piece piece) const { return std::string(piece.text); }
};

// What a piece is made of, and how a vocabulary spells it.
enum class PieceUnits { kBytes, kCharacters };

class PreTokenizer {
 public:
  static PreTokenizer parse(const Json& json, const std::string& place);
  // The pieces of `text`; a view is valid during the call only.
  void run(Piece text, const PieceSink& sink) const { run_from(0, text, sink); }
  PieceUnits units() const { return units_; }
  // The text as the pieces would spell it if none were dropped.
  std::string respell(Piece text) const;

 private:
  void add(const Json& json, const std::string& place);
  void run_from(size_t stage, Piece text, const PieceSink& sink) const;

  std::vector<std::unique_ptr<const PreTokenizerStage>> stages_;
  PieceUnits units_ = PieceUnits::kCharacters;
};

}  // namespace laconic
