// SPDX-License-Identifier: Apache-2.0
#include "eval/verify.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "eval/clock.h"
#include "eval/extract.h"
#include "eval/math_compare.h"
#include "eval/math_lists.h"
#include "eval/math_parser.h"
#include "eval/math_scalar.h"
#include "eval/normalise.h"
#include "eval/quantity.h"
#include "eval/separators.h"
#include "eval/unit_words.h"

namespace laconic {
namespace {

// A longer answer is compared byte by byte only: with nested groups the rest takes quadratic time.
constexpr size_t kMaxAnswerLength = 1 << 13;

// The number as a decimal, where it is written as one.
std::optional<Decimal> decimal_of(const Quantity& quantity) {
  if (quantity.decimals < 1) return std::nullopt;
  mpz_class scale;
  mpz_ui_pow_ui(scale.get_mpz_t(), 10, static_cast<unsigned long>(quantity.decimals));
  return Decimal{quantity.value, mpq_class(1) / scale, quantity.significant};
}

Judgement compare_quantities(const Quantity& gold, const Quantity& answer) {
  const bool same = gold.value == answer.value;
  const auto has_unit = [](const Quantity& q) { return q.is_percent || !q.unit.empty(); };
  const bool one_percent = gold.is_percent != answer.is_percent;
  if (has_unit(gold) && has_unit(answer) && (gold.unit != answer.unit || one_percent)) {
    const UnitRelation units = relate({gold.value, gold.unit}, {answer.value, answer.unit});
    if (units == UnitRelation::kDifferent && !same)
      return {Verdict::kWrong, "different-amount", ""};
    return {Verdict::kUndecided, "units-differ", ""};
  }
  if (gold.is_percent != answer.is_percent) {
    // A benchmark asks "what percent" and stores 60, or asks for a share and stores 0.6: both
    // readings pass.
    const mpq_class share = (gold.is_percent ? gold.value : answer.value) / 100;
    if (same || share == (gold.is_percent ? answer.value : gold.value))
      return {Verdict::kRight, "equal-percent", ""};
  } else if (same) {
    return {Verdict::kRight, "equal-rational", ""};
  }
  Sides sides = {decimal_of(gold), decimal_of(answer), false, false};
  sides.answer_fits_gold = fits(sides.gold, answer.value);
  sides.gold_fits_answer = fits(sides.answer, gold.value);
  const Rounding rounding = rounding_of(sides);
  if (rounding == Rounding::kYes) return {Verdict::kRight, "equal-rounded", ""};
  if (rounding == Rounding::kUnsure) return {Verdict::kUndecided, "rounded", ""};
  const UnitRelation units = relate({gold.value, gold.unit}, {answer.value, answer.unit});
  if (units == UnitRelation::kConverted) return {Verdict::kUndecided, "units-differ", ""};
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

// The letter of "(B)", "B", "B) 12", "(B) 12"; 0: none.
char choice_of(std::string_view canonical, bool alone) {
  std::string key;
  for (size_t i = 0; i < canonical.size() && key.size() < 8; ++i) {
    if (canonical.substr(i).starts_with("\\text{"))
      i += 5;
    else if (canonical[i] != ' ' && canonical[i] != '{' && canonical[i] != '}')
      key += canonical[i];
  }
  if (key.starts_with('(')) key.erase(0, 1);
  if (key.empty() || key[0] < 'A' || key[0] > 'J') return 0;
  if (key.size() == 1 || key.substr(1) == ")" || key.substr(1) == ".") return key[0];
  // "D, 5%" goes on with the value of D; "D, E" chooses two.
  const bool value_behind = key[1] == ',' && key.size() > 2 && !is_letter(key[2]);
  return !alone && (key[1] == ')' || key[1] == '.' || key[1] == ':' || value_behind) ? key[0]
                                                                                     : '\0';
}

// The words of an answer that is nothing but words ("\text{east}", "east"); empty: it is more.
std::vector<std::string> only_words(std::string_view canonical) {
  std::string plain;
  while (!canonical.empty()) {
    if (canonical.starts_with("\\text{") && skip_braces(canonical, 5) != std::string_view::npos) {
      const size_t end = skip_braces(canonical, 5);
      plain += canonical.substr(6, end - 7);
      canonical.remove_prefix(end);
      continue;
    }
    plain += canonical[0];
    canonical.remove_prefix(1);
  }
  size_t letters = 0;
  for (const char c : plain) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    letters += letter;
    if (!letter && c != ' ' && c != '.' && c != ',' && c != '-' && c != '\'') return {};
  }
  return letters > 1 ? words_of(plain) : std::vector<std::string>{};
}

Judgement compare_words(const std::vector<std::string>& gold,
                        const std::vector<std::string>& answer) {
  if (gold == answer) return {Verdict::kRight, "equal-text", ""};
  const bool single = gold.size() == 1 && answer.size() == 1;
  return {single ? Verdict::kWrong : Verdict::kUndecided, single ? "different-text" : "text", ""};
}

Judgement compare_meaning(const std::string& gold, const std::string& answer) {
  if (const char letter = choice_of(gold, true)) {
    const char chosen = choice_of(answer, false);
    if (chosen && chosen != letter) return {Verdict::kWrong, "different-choice", ""};
    if (chosen) return {Verdict::kRight, "equal-choice", ""};
  }
  const std::vector<std::string> gold_words = only_words(gold), answer_words = only_words(answer);
  const auto is_text = [](const std::string& text) {
    return text.find("\\text") != std::string::npos || text.size() > 3;
  };
  const bool named = is_text(gold) || is_text(answer);
  if (named && !gold_words.empty() && !answer_words.empty())
    return compare_words(gold_words, answer_words);
  Arena arena;
  const Node* gold_tree = parse_math(gold, arena);
  const Node* answer_tree = gold_tree ? parse_math(answer, arena) : nullptr;
  if (!answer_tree) return {Verdict::kUndecided, "not-read", ""};
  const Outcome outcome = compare_trees(*gold_tree, *answer_tree, arena);
  return {outcome.verdict, outcome.reason, ""};
}

// One reading of two canonical answers, neither of them empty.
Judgement compare_reading(const std::string& gold, const std::string& answer) {
  const auto [gold_value, answer_value] = sides(gold, answer);
  if (text_key(gold_value) == text_key(answer_value)) return {Verdict::kRight, "equal-text", ""};
  const std::optional<ClockTime> gold_time = parse_clock(gold_value);
  const std::optional<ClockTime> answer_time = parse_clock(answer_value);
  if (gold_time && answer_time) {
    const Outcome times = compare_clocks(*gold_time, *answer_time);
    return {times.verdict, times.reason, ""};
  }
  const std::optional<Quantity> gold_number = parse_quantity(gold_value);
  const std::optional<Quantity> answer_number = parse_quantity(answer_value);
  if (gold_number && answer_number) return compare_quantities(*gold_number, *answer_number);
  Judgement out = compare_meaning(gold, answer);
  // "3:30" and 1/10: a time is no ratio.
  const auto has_colon = [](std::string_view text) { return text.find(':') != text.npos; };
  if (out.verdict == Verdict::kRight && (gold_time || answer_time) &&
      has_colon(gold) != has_colon(answer))
    return {Verdict::kUndecided, "ratio-or-time", ""};
  return out;
}

// A word that is neither part of a formula nor of a list.
bool is_prose_word(std::string_view word) {
  static constexpr std::array<std::string_view, 22> kOthers = {
      "and", "or",   "pi",    "sin",  "cos",   "tan",      "cot",   "sec", "csc", "log", "ln",
      "exp", "sqrt", "theta", "beta", "alpha", "infinity", "infty", "gcd", "lcm", "mod", "max"};
  return word.size() > 1 && std::find(kOthers.begin(), kOthers.end(), word) == kOthers.end();
}

// Whether an answer that was not met has prose around the gold answer: "72, not 70", "72 in total".
bool has_gold_in_prose(std::string_view gold, std::string_view answer) {
  const std::optional<Quantity> number = parse_quantity(gold);
  if (!number) return false;
  bool in_prose = false, has_number = false;
  for (size_t i = 0; i < answer.size();) {
    size_t end = i;
    if (answer[i] == '\\' && !answer.substr(i).starts_with("\\text{")) {
      do {
        ++end;
      } while (end < answer.size() && is_letter(answer[end]));
    } else if (answer[i] == '\\') {
      end = i + 6;
    } else if (is_letter(answer[i])) {
      while (end < answer.size() && is_letter(answer[end])) ++end;
      in_prose = in_prose || is_prose_word(answer.substr(i, end - i));
    } else if (is_digit(answer[i])) {
      end = i + std::max<size_t>(grouped_digits(answer.substr(i)), 1);
      while (end < answer.size() &&
             (is_digit(answer[end]) ||
              (answer[end] == '.' && end + 1 < answer.size() && is_digit(answer[end + 1]))))
        ++end;
      const std::optional<Quantity> one = parse_quantity(answer.substr(i, end - i));
      has_number = has_number || (one && abs(number->value) == one->value);
    }
    i = std::max(end, i + 1);
  }
  return in_prose && has_number;
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
  if (text_key(gold) == text_key(answer) || equal_decimal_comma(gold, answer))
    return {Verdict::kRight, "equal-text", ""};
  const Judgement as_written = compare_reading(gold, answer);
  if (as_written.verdict == Verdict::kRight) return as_written;
  // "60,180" is one number beside a number, and two beside two.
  const bool gold_may = may_have_thousands(gold), answer_may = may_have_thousands(answer);
  if ((gold_may || answer_may) && (gold_may || is_surely_list(gold)) &&
      (answer_may || is_surely_list(answer))) {
    const Judgement as_lists =
        compare_reading(with_commas_as_list(gold), with_commas_as_list(answer));
    if (as_lists.verdict == Verdict::kRight && gold_may && answer_may)
      return {Verdict::kUndecided, "pair-or-number", ""};
    if (as_lists.verdict != Verdict::kWrong) return as_lists;
  }
  // As gold answers, "10,25" is a pair and 10.25 is met by it.
  if (as_written.verdict == Verdict::kWrong && equal_decimal_comma(answer, gold))
    return {Verdict::kUndecided, "pair-or-number", ""};
  const bool is_understood = parse_quantity(answer) || parse_clock(answer);
  if (as_written.verdict == Verdict::kWrong && !is_understood && has_gold_in_prose(gold, answer))
    return {Verdict::kUndecided, "prose", ""};
  return as_written;
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

std::string canonical_form(std::string_view answer) {
  const std::string bare = gold_answer(answer);
  if (bare.size() > kMaxAnswerLength) return "";
  const std::string canonical = canonical_answer(bare);
  if (const std::optional<Quantity> number = parse_quantity(canonical))
    return number->value.get_str() + (number->is_percent ? "%" : "") +
           (number->unit.empty() ? "" : " " + number->unit);
  if (!only_words(canonical).empty()) return text_key(canonical);
  Arena arena;
  const Node* tree = parse_math(canonical, arena);
  return tree ? canonical_text(*tree) : text_key(canonical);
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
