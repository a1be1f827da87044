// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer_stages.h"

#include "base/error.h"
#include "text/byte_level.h"
#include "text/metaspace.h"
#include "text/split.h"
#include "text/text_pattern.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

namespace laconic {
namespace {

constexpr std::string_view kGpt2Pattern =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

bool boolean_or(const Json& json, const char* name, bool absent, const std::string& place) {
  const Json* value = json.find(name);
  return value ? value->as_boolean(cat(place, ".", name)) : absent;
}

class SplitStage : public PreTokenizerStage {
 public:
  SplitStage(TextPattern pattern, SplitRule rule) : pattern_(std::move(pattern)), rule_(rule) {}
  void run(Piece piece, const PieceSink& sink) const override {
    if (pattern_.literal().empty())
      split(pattern_.regex(), rule_, piece, sink);
    else
      split(pattern_.literal(), rule_, piece, sink);
  }

 private:
  TextPattern pattern_;
  SplitRule rule_;
};

// Cuts at single characters of a kind.
class CharacterStage : public PreTokenizerStage {
 public:
  CharacterStage(bool (*is_match)(char32_t), SplitBehavior behavior)
      : is_match_(is_match), behavior_(behavior) {}
  void run(Piece piece, const PieceSink& sink) const override {
    split(is_match_, {behavior_, false}, piece, sink);
  }

 private:
  bool (*is_match_)(char32_t);
  SplitBehavior behavior_;
};

class DelimiterStage : public PreTokenizerStage {
 public:
  explicit DelimiterStage(std::string delimiter) : delimiter_(std::move(delimiter)) {}
  void run(Piece piece, const PieceSink& sink) const override {
    split(delimiter_, {SplitBehavior::kRemoved, false}, piece, sink);
  }

 private:
  std::string delimiter_;
};

// BERT's: white space goes, punctuation stands alone.
class BertStage : public PreTokenizerStage {
 public:
  void run(Piece piece, const PieceSink& sink) const override {
    const auto cut_punctuation = [&](Piece word) {
      split(is_punctuation, {SplitBehavior::kIsolated, false}, word, sink);
    };
    split(is_white_space, {SplitBehavior::kRemoved, false}, piece, cut_punctuation);
  }
};

// Runs of characters of one kind: `kind_of` numbers the kinds; `dropped` is the one that vanishes,
// `single` the one whose characters stand alone (-1: none).
class RunsStage : public PreTokenizerStage {
 public:
  RunsStage(int (*kind_of)(char32_t), int dropped, int single)
      : kind_of_(kind_of), dropped_(dropped), single_(single) {}
  void run(Piece piece, const PieceSink& sink) const override {
    const std::string_view text = piece.text;
    size_t begin = 0;
    int kind = -1;
    const auto emit = [&](size_t end) {
      if (begin < end && kind != dropped_)
        sink({text.substr(begin, end - begin), piece.is_first && begin == 0});
      begin = end;
    };
    for (size_t pos = 0; pos < text.size();) {
      const size_t here = pos;
      const int next = kind_of_(next_code_point(text, pos));
      if (next != kind || next == single_) emit(here);
      kind = next;
    }
    emit(text.size());
  }

 private:
  int (*kind_of_)(char32_t);
  int dropped_, single_;
};

int digit_kind(char32_t c) { return is_numeric(c) ? 1 : 0; }
// \w+|[^\w\s]+
int word_kind(char32_t c) { return is_word_char(c) ? 1 : is_white_space(c) ? 2 : 0; }

class FixedLengthStage : public PreTokenizerStage {
 public:
  explicit FixedLengthStage(size_t length) : length_(length) {}
  void run(Piece piece, const PieceSink& sink) const override {
    size_t begin = 0, count = 0;
    for (size_t pos = 0; pos < piece.text.size();) {
      next_code_point(piece.text, pos);
      if (++count % length_ != 0 && pos < piece.text.size()) continue;
      sink({piece.text.substr(begin, pos - begin), piece.is_first && begin == 0});
      begin = pos;
    }
  }

 private:
  size_t length_;
};

class MetaspaceStage : public PreTokenizerStage {
 public:
  explicit MetaspaceStage(Metaspace settings) : settings_(std::move(settings)) {}
  std::string respell(Piece piece) const override {
    std::string text;
    text.reserve(piece.text.size() + piece.text.size() / 2);
    for (const char c : piece.text) {
      if (c == ' ')
        text += settings_.replacement;
      else
        text += c;
    }
    const bool prepends = settings_.prepend == Metaspace::Prepend::kAlways ||
                          (settings_.prepend == Metaspace::Prepend::kFirst && piece.is_first);
    if (prepends && !text.starts_with(settings_.replacement)) text.insert(0, settings_.replacement);
    return text;
  }
  void run(Piece piece, const PieceSink& sink) const override {
    const std::string respelled = respell(piece);
    const std::string_view text = respelled;
    for (size_t begin = 0; begin < text.size();) {
      const size_t found =
          settings_.split ? text.find(settings_.replacement, begin + 1) : text.npos;
      const size_t end = std::min(found, text.size());
      sink({text.substr(begin, end - begin), piece.is_first && begin == 0});
      begin = end;
    }
  }

 private:
  Metaspace settings_;
};

// ByteLevel: the prefix space, then GPT-2's pattern where asked for.
class ByteLevelStage : public PreTokenizerStage {
 public:
  struct Settings {
    bool add_prefix_space, use_regex, spell_bytes;
  };
  ByteLevelStage(Settings settings, const std::string& place) : settings_(settings) {
    if (settings.use_regex) regex_.emplace(Regex::compile(kGpt2Pattern, place));
  }
  void run(Piece piece, const PieceSink& sink) const override {
    if (!adds_space(piece)) return cut(piece, sink);
    const std::string spaced = ' ' + std::string(piece.text);
    cut({spaced, piece.is_first}, sink);
  }
  bool is_identity() const override {
    return !settings_.add_prefix_space && !settings_.use_regex && !settings_.spell_bytes;
  }
  std::string respell(Piece piece) const override {
    std::string text = adds_space(piece) ? " " : "";
    text += piece.text;
    return settings_.spell_bytes ? to_byte_alphabet(text) : text;
  }

 private:
  bool adds_space(Piece piece) const {
    return settings_.add_prefix_space && piece.text.front() != ' ';
  }
  void cut(Piece piece, const PieceSink& sink) const {
    if (settings_.spell_bytes) {
      const auto spell = [&](Piece part) { sink({to_byte_alphabet(part.text), part.is_first}); };
      return cut_raw(piece, spell);
    }
    cut_raw(piece, sink);
  }
  void cut_raw(Piece piece, const PieceSink& sink) const {
    if (!settings_.use_regex) return sink(piece);
    split(*regex_, {SplitBehavior::kIsolated, false}, piece, sink);
  }
  Settings settings_;
  std::optional<Regex> regex_;
};

SplitBehavior parse_behavior(const Json& json, const std::string& place) {
  const std::string& name = json.as_string(place + ".behavior");
  const auto behavior = parse_split_behavior(name);
  require(
      behavior.has_value(), ErrorKind::kModel, place,
      ".behavior: expected Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous, "
      "got \"",
      name, "\"");
  return *behavior;
}

std::unique_ptr<const PreTokenizerStage> parse_split(const Json& json, const std::string& place) {
  TextPattern pattern = TextPattern::parse(json, place);
  const SplitRule rule{parse_behavior(json.at("behavior", place), place),
                       boolean_or(json, "invert", false, place)};
  return std::make_unique<SplitStage>(std::move(pattern), rule);
}

std::unique_ptr<const PreTokenizerStage> parse_fixed_length(const Json& json,
                                                            const std::string& place) {
  const Json* length = json.find("length");
  const int64_t value = length ? length->as_integer(place + ".length") : 5;
  require(value > 0, ErrorKind::kModel, place, ".length: expected 1 or more, got ", value);
  return std::make_unique<FixedLengthStage>(static_cast<size_t>(value));
}

}  // namespace

std::unique_ptr<const PreTokenizerStage> parse_stage(const Json& json, bool spell_bytes,
                                                     const std::string& place) {
  const std::string& type = json.at("type", place).as_string(place + ".type");
  if (type == "Split") return parse_split(json, place);
  if (type == "Digits") {
    const bool individual = boolean_or(json, "individual_digits", false, place);
    return std::make_unique<RunsStage>(digit_kind, -1, individual ? 1 : -1);
  }
  if (type == "ByteLevel")
    return std::make_unique<ByteLevelStage>(
        ByteLevelStage::Settings{boolean_or(json, "add_prefix_space", true, place),
                                 boolean_or(json, "use_regex", true, place), spell_bytes},
        place);
  if (type == "Metaspace") return std::make_unique<MetaspaceStage>(Metaspace::parse(json, place));
  if (type == "Whitespace") return std::make_unique<RunsStage>(word_kind, 2, -1);
  if (type == "WhitespaceSplit")
    return std::make_unique<CharacterStage>(is_white_space, SplitBehavior::kRemoved);
  if (type == "Punctuation") {
    const Json* behavior = json.find("behavior");
    return std::make_unique<CharacterStage>(
        is_punctuation, behavior ? parse_behavior(*behavior, place) : SplitBehavior::kIsolated);
  }
  if (type == "BertPreTokenizer") return std::make_unique<BertStage>();
  if (type == "CharDelimiterSplit")
    return std::make_unique<DelimiterStage>(parse_character(json, "delimiter", place));
  if (type == "FixedLength") return parse_fixed_length(json, place);
  fail(ErrorKind::kModel, place,
       ".type: expected Split, Digits, ByteLevel, Metaspace, Punctuation, Whitespace, "
       "WhitespaceSplit, BertPreTokenizer, CharDelimiterSplit, FixedLength or Sequence, got \"",
       type, "\"");
}

}  // namespace laconic
