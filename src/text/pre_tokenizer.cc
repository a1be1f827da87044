// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.h"

#include "base/error.h"
#include "text/split.h"
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
  SplitStage(Regex regex, SplitBehavior behavior, bool invert)
      : regex_(std::move(regex)), behavior_(behavior), invert_(invert) {}
  void run(std::string_view text, const PieceSink& sink) const override {
    split(regex_, {behavior_, invert_}, text, sink);
  }

 private:
  Regex regex_;
  SplitBehavior behavior_;
  bool invert_;
};

// Digits: each numeric character a piece of its own, or each run of them.
class DigitsStage : public PreTokenizerStage {
 public:
  explicit DigitsStage(bool individual) : individual_(individual) {}
  void run(std::string_view text, const PieceSink& sink) const override {
    size_t begin = 0;
    bool previous_numeric = false;
    for (size_t pos = 0; pos < text.size();) {
      const size_t here = pos;
      const bool numeric = is_numeric(next_code_point(text, pos));
      const bool joins = numeric == previous_numeric && !(numeric && individual_);
      if (here > begin && !joins) {
        sink(text.substr(begin, here - begin));
        begin = here;
      }
      previous_numeric = numeric;
    }
    sink(text.substr(begin));
  }

 private:
  bool individual_;
};

// ByteLevel: the prefix space, then GPT-2's pattern where asked for.
class ByteLevelStage : public PreTokenizerStage {
 public:
  ByteLevelStage(bool add_prefix_space, bool use_regex, const std::string& place)
      : add_prefix_space_(add_prefix_space),
        use_regex_(use_regex),
        regex_(Regex::compile(kGpt2Pattern, place)) {}
  void run(std::string_view text, const PieceSink& sink) const override {
    if (add_prefix_space_ && text.front() != ' ') return cut(' ' + std::string(text), sink);
    cut(text, sink);
  }

 private:
  void cut(std::string_view text, const PieceSink& sink) const {
    if (!use_regex_) return sink(text);
    split(regex_, {SplitBehavior::kIsolated, false}, text, sink);
  }
  bool add_prefix_space_, use_regex_;
  Regex regex_;
};

std::unique_ptr<PreTokenizerStage> parse_split(const Json& json, const std::string& place) {
  const std::string pattern_place = place + ".pattern";
  const Json& pattern = json.at("pattern", place);
  const Json* regex = pattern.find("Regex");
  const Json* literal = pattern.find("String");
  require(pattern.size() == 1 && (regex || literal), ErrorKind::kModel, pattern_place,
          ": expected an object with Regex or String, got something else");
  const std::string& source = (regex ? regex : literal)->as_string(pattern_place);
  require(!source.empty(), ErrorKind::kModel, pattern_place,
          ": expected a pattern, got an empty one");
  const std::string& name = json.at("behavior", place).as_string(place + ".behavior");
  const auto behavior = parse_split_behavior(name);
  require(
      behavior.has_value(), ErrorKind::kModel, place,
      ".behavior: expected Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous, "
      "got \"",
      name, "\"");
  return std::make_unique<SplitStage>(
      Regex::compile(regex ? source : Regex::escape(source), pattern_place), *behavior,
      boolean_or(json, "invert", false, place));
}

}  // namespace

PreTokenizer PreTokenizer::parse(const Json& json, const std::string& place) {
  require(json.is_object(), ErrorKind::kModel, place,
          ": expected a ByteLevel pre-tokenizer or a Sequence that ends with one, got ",
          json.kind_name());
  PreTokenizer pre_tokenizer;
  pre_tokenizer.add(json, place);
  require(pre_tokenizer.has_byte_level_, ErrorKind::kModel, place,
          ": expected a ByteLevel pre-tokenizer as the last stage, got none");
  return pre_tokenizer;
}

void PreTokenizer::add(const Json& json, const std::string& place) {
  const std::string& type = json.at("type", place).as_string(place + ".type");
  if (type == "Sequence") {
    const auto& parts = json.at("pretokenizers", place).as_array(place + ".pretokenizers");
    for (size_t i = 0; i < parts.size(); ++i) add(parts[i], cat(place, ".pretokenizers[", i, "]"));
    return;
  }
  require(!has_byte_level_, ErrorKind::kModel, place,
          ": expected nothing behind the ByteLevel stage, got \"", type, "\"");
  if (type == "Split") {
    stages_.push_back(parse_split(json, place));
  } else if (type == "Digits") {
    stages_.push_back(
        std::make_unique<DigitsStage>(boolean_or(json, "individual_digits", false, place)));
  } else if (type == "ByteLevel") {
    has_byte_level_ = true;
    stages_.push_back(
        std::make_unique<ByteLevelStage>(boolean_or(json, "add_prefix_space", true, place),
                                         boolean_or(json, "use_regex", true, place), place));
  } else {
    fail(ErrorKind::kModel, place, ".type: expected Split, Digits, ByteLevel or Sequence, got \"",
         type, "\"");
  }
}

void PreTokenizer::run_from(size_t stage, std::string_view text, const PieceSink& sink) const {
  if (text.empty()) return;
  if (stage + 1 == stages_.size()) return stages_[stage]->run(text, sink);
  const auto next = [&](std::string_view piece) { run_from(stage + 1, piece, sink); };
  stages_[stage]->run(text, next);
}

}  // namespace laconic
