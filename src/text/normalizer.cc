// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.h"

#include "base/error.h"
#include "text/byte_level.h"
#include "text/text_pattern.h"
#include "text/utf8.h"

namespace laconic {
namespace {

class FormStep : public NormalizerStep {
 public:
  explicit FormStep(NormalForm form) : form_(form) {}
  std::string apply(std::string_view text) const override { return to_normal_form(form_, text); }

 private:
  NormalForm form_;
};

// Nothing is put before nothing.
class PrependStep : public NormalizerStep {
 public:
  explicit PrependStep(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string apply(std::string_view text) const override {
    return text.empty() ? std::string() : prefix_ + std::string(text);
  }

 private:
  std::string prefix_;
};

class ReplaceStep : public NormalizerStep {
 public:
  ReplaceStep(TextPattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  std::string apply(std::string_view text) const override {
    return pattern_.replace(text, content_);
  }

 private:
  TextPattern pattern_;
  std::string content_;
};

class StripStep : public NormalizerStep {
 public:
  StripStep(bool left, bool right) : left_(left), right_(right) {}
  std::string apply(std::string_view text) const override {
    size_t begin = 0, end = 0;  // `end`: behind the last character that is no blank
    bool seen_text = false;
    for (size_t pos = 0; pos < text.size();) {
      const size_t here = pos;
      if (is_white_space(next_code_point(text, pos))) continue;
      if (!seen_text) begin = here;
      seen_text = true;
      end = pos;
    }
    if (!seen_text) return left_ || right_ ? std::string() : std::string(text);
    if (!left_) begin = 0;
    if (!right_) end = text.size();
    return std::string(text.substr(begin, end - begin));
  }

 private:
  bool left_, right_;
};

// Character by character: a final sigma is a sigma like others.
class LowercaseStep : public NormalizerStep {
 public:
  std::string apply(std::string_view text) const override {
    std::string out;
    out.reserve(text.size());
    for (size_t pos = 0; pos < text.size();) append_lowercase(next_code_point(text, pos), out);
    return out;
  }
};

class ByteAlphabetStep : public NormalizerStep {
 public:
  std::string apply(std::string_view text) const override { return to_byte_alphabet(text); }
};

std::unique_ptr<NormalizerStep> parse_step(const std::string& type, const Json& json,
                                           const std::string& place) {
  if (type == "NFC") return std::make_unique<FormStep>(NormalForm::kNfc);
  if (type == "NFD") return std::make_unique<FormStep>(NormalForm::kNfd);
  if (type == "NFKC") return std::make_unique<FormStep>(NormalForm::kNfkc);
  if (type == "NFKD") return std::make_unique<FormStep>(NormalForm::kNfkd);
  if (type == "Lowercase") return std::make_unique<LowercaseStep>();
  if (type == "ByteLevel") return std::make_unique<ByteAlphabetStep>();
  if (type == "Prepend")
    return std::make_unique<PrependStep>(json.at("prepend", place).as_string(place + ".prepend"));
  if (type == "Replace")
    return std::make_unique<ReplaceStep>(TextPattern::parse(json, place),
                                         json.at("content", place).as_string(place + ".content"));
  if (type == "Strip")
    return std::make_unique<StripStep>(
        json.at("strip_left", place).as_boolean(place + ".strip_left"),
        json.at("strip_right", place).as_boolean(place + ".strip_right"));
  fail(ErrorKind::kModel, place,
       ".type: expected NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip, Lowercase, ByteLevel or "
       "Sequence, got \"",
       type, "\"");
}

}  // namespace

Normalizer Normalizer::parse(const Json& json, const std::string& place) {
  Normalizer normalizer;
  if (!json.is_null()) normalizer.add(json, place);
  return normalizer;
}

void Normalizer::add(const Json& json, const std::string& place) {
  const std::string& type = json.at("type", place).as_string(place + ".type");
  if (type != "Sequence") return steps_.push_back(parse_step(type, json, place));
  const auto& parts = json.at("normalizers", place).as_array(place + ".normalizers");
  for (size_t i = 0; i < parts.size(); ++i) add(parts[i], cat(place, ".normalizers[", i, "]"));
}

std::string Normalizer::apply(std::string_view text) const {
  // Each step counts by what it reads and writes, so that neither many steps nor one that makes a
  // text longer take the time of a text thousands of times as long.
  constexpr size_t kTimes = 256, kMore = 4096;
  size_t left = kMore + kTimes * text.size();
  std::string out(text);
  for (const auto& step : steps_) {
    std::string next = step->apply(out);
    const size_t work = out.size() + next.size();
    require(work <= left, ErrorKind::kData, "normalizer: expected at most ",
            kMore + kTimes * text.size(), " bytes read and written for a text of ", text.size(),
            " bytes, got more");
    left -= work;
    out = std::move(next);
  }
  return out;
}

}  // namespace laconic
