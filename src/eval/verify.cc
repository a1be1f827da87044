// SPDX-License-Identifier: Apache-2.0
#include "eval/verify.h"

#include <optional>
#include <utility>

#include "eval/extract.h"
#include "eval/normalise.h"
#include "eval/quantity.h"

namespace laconic {
namespace {

// A longer answer is compared byte by byte only: with nested groups the rest takes quadratic time.
constexpr size_t kMaxAnswerLength = 1 << 13;

// Digits that a decimal must show before it can pass as a rounded gold answer.
constexpr int kMinRoundedDigits = 3;

// Whether `rounded`, a decimal number, is `exact` to the places that it shows.
bool rounds_to(const Quantity& rounded, const Quantity& exact) {
  if (rounded.decimals < 1 || rounded.significant < kMinRoundedDigits) return false;
  mpz_class scale;
  mpz_ui_pow_ui(scale.get_mpz_t(), 10, static_cast<unsigned long>(rounded.decimals));
  const mpq_class error = abs(rounded.value - exact.value) * scale;
  return error <= mpq_class(1, 2);
}

Judgement compare_quantities(const Quantity& gold, const Quantity& answer) {
  const bool same = gold.value == answer.value;
  if (!gold.unit.empty() && !answer.unit.empty() && gold.unit != answer.unit)
    return {Verdict::kUndecided, "units-differ", ""};
  if (gold.is_percent != answer.is_percent) {
    // A benchmark asks "what percent" and stores 60, or asks for a share and stores 0.6: both
    // readings pass.
    const mpq_class share = (gold.is_percent ? gold.value : answer.value) / 100;
    if (same || share == (gold.is_percent ? answer.value : gold.value))
      return {Verdict::kRight, "equal-percent", ""};
  } else if (same) {
    return {Verdict::kRight, "equal-rational", ""};
  }
  if (rounds_to(answer, gold) || rounds_to(gold, answer))
    return {Verdict::kUndecided, "rounded", ""};
  return {Verdict::kWrong, "different-number", ""};
}

// The two sides without "x =" where only one has it, or both name the same variable.
std::pair<std::string_view, std::string_view> sides(std::string_view gold,
                                                    std::string_view answer) {
  const std::string_view gold_value = without_assignment(gold);
  const std::string_view answer_value = without_assignment(answer);
  const bool gold_names = gold_value.size() != gold.size();
  const bool answer_names = answer_value.size() != answer.size();
  if (!gold_names || !answer_names) return {gold_value, answer_value};
  const std::string_view gold_name = gold.substr(0, gold.find('='));
  const std::string_view answer_name = answer.substr(0, answer.find('='));
  if (text_key(gold_name) == text_key(answer_name)) return {gold_value, answer_value};
  return {gold, answer};
}

Judgement compare(std::string_view gold_text, std::string_view answer_text) {
  if (gold_text.size() > kMaxAnswerLength || answer_text.size() > kMaxAnswerLength) {
    if (gold_text == answer_text) return {Verdict::kRight, "equal-text", ""};
    return {Verdict::kUndecided, "too-long", ""};
  }
  const std::string gold = canonical_answer(gold_text);
  const std::string answer = canonical_answer(answer_text);
  if (gold.empty()) return {Verdict::kUndecided, "empty-gold", ""};
  if (answer.empty()) return {Verdict::kWrong, "empty-answer", ""};
  if (text_key(gold) == text_key(answer)) return {Verdict::kRight, "equal-text", ""};
  const auto [gold_value, answer_value] = sides(gold, answer);
  if (text_key(gold_value) == text_key(answer_value)) return {Verdict::kRight, "equal-text", ""};
  const std::optional<Quantity> gold_number = parse_quantity(gold_value);
  const std::optional<Quantity> answer_number = parse_quantity(answer_value);
  if (gold_number && answer_number) return compare_quantities(*gold_number, *answer_number);
  return {Verdict::kUndecided, "not-a-number", ""};
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kRight:
      return "right";
    case Verdict::kWrong:
      return "wrong";
    case Verdict::kUndecided:
      return "undecided";
  }
  return "undecided";
}

Judgement compare_answers(std::string_view gold, std::string_view answer) {
  Judgement out = compare(gold, answer);
  out.extracted = std::string(answer);
  return out;
}

Judgement judge(std::string_view gold, std::string_view response, const AnswerRules& rules) {
  const ExtractedAnswer found = extract_answer(response, rules);
  switch (found.place) {
    case AnswerPlace::kEmptyBox:
      return {Verdict::kWrong, "empty-box", ""};
    case AnswerPlace::kUnterminatedBox:
      return {Verdict::kWrong, "unterminated-box", ""};
    case AnswerPlace::kUnclosedThinking:
      return {Verdict::kWrong, "unclosed-thinking", ""};
    case AnswerPlace::kNone:
      return {Verdict::kWrong, rules.sources.front() == AnswerSource::kBox ? "no-box" : "no-answer",
              ""};
    case AnswerPlace::kFound:
      break;
  }
  return compare_answers(gold_answer(gold), found.text);
}

}  // namespace laconic
