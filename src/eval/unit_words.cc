// SPDX-License-Identifier: Apache-2.0
#include "eval/unit_words.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.h"
#include "eval/extract.h"

namespace laconic {
namespace {

constexpr size_t kNone = std::string_view::npos;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

// Without a plural s.
constexpr std::array<std::string_view, 214> kChanging = {
    "about",      "above",       "alpha",       "although",   "and",         "approximately",
    "are",        "aren",        "around",      "assuming",   "at",          "be",
    "because",    "been",        "below",       "beta",       "between",     "billion",
    "billionth",  "binary",      "but",         "can",        "cannot",      "choose",
    "complement", "cos",         "cosine",      "cot",        "could",       "crore",
    "csc",        "cube",        "cubed",       "decrease",   "decreased",   "did",
    "didn",       "divided",     "do",          "does",       "doesn",       "don",
    "double",     "doubled",     "dozen",       "eight",      "eighteen",    "eighteenth",
    "eighth",     "eighty",      "eleven",      "eleventh",   "else",        "equal",
    "except",     "exp",         "factorial",   "false",      "fewer",       "fifteen",
    "fifteenth",  "fifth",       "fiftieth",    "fifty",      "five",        "for",
    "forty",      "four",        "fourteen",    "fourteenth", "fourth",      "from",
    "gross",      "half",        "halve",       "halved",     "has",         "have",
    "hence",      "hex",         "hexadecimal", "however",    "hundred",     "hundredth",
    "if",         "impossible",  "incorrect",   "increased",  "infinity",    "infty",
    "instead",    "invalid",     "inverse",     "is",         "isn",         "lakh",
    "less",       "ln",          "log",         "may",        "maybe",       "might",
    "million",    "millionth",   "minus",       "mod",        "modulo",      "more",
    "multiplied", "must",        "nearly",      "negated",    "negative",    "never",
    "nine",       "nineteen",    "nineteenth",  "ninety",     "ninth",       "no",
    "nor",        "not",         "octal",       "one",        "opposite",    "or",
    "otherwise",  "over",        "perhap",      "permille",   "pi",          "plus",
    "point",      "provided",    "quadruple",   "quarter",    "quintillion", "raised",
    "rather",     "reciprocal",  "recurring",   "repeating",  "sec",         "seven",
    "seventeen",  "seventeenth", "seventh",     "seventy",    "shall",       "should",
    "sin",        "since",       "sine",        "six",        "sixteen",     "sixteenth",
    "sixth",      "sixtieth",    "sixty",       "so",         "sqrt",        "squared",
    "subtracted", "tan",         "tangent",     "ten",        "tenth",       "than",
    "that",       "then",        "therefore",   "theta",      "third",       "thirteen",
    "thirteenth", "thirtieth",   "thirty",      "thousand",   "thousandth",  "three",
    "through",    "thus",        "till",        "to",         "trillion",    "trillionth",
    "triple",     "tripled",     "twelfth",     "twelve",     "twentieth",   "twenty",
    "twice",      "two",         "undefined",   "unless",     "until",       "upto",
    "versu",      "was",         "were",        "when",       "where",       "whether",
    "which",      "while",       "whose",       "will",       "without",     "would",
    "wouldn",     "wrong",       "zero",        "zillion"};

constexpr std::array<std::string_view, 21> kShortUnits = {"cm", "mm", "km", "kg", "mg", "ft", "in",
                                                          "mi", "lb", "oz", "hr", "ml", "mL", "am",
                                                          "pm", "Hz", "eV", "Pa", "ms", "nm", "rs"};

// One word of letters at the front of `text` that can be (part of) a unit; 0: none.
size_t unit_word(std::string_view text, bool in_text) {
  size_t end = 0;
  while (end < text.size() && is_letter(text[end])) ++end;
  const std::string_view word = text.substr(0, end);
  if (end == 0 || changes_number(word)) return 0;
  if (in_text || end > 2) return end;
  return std::find(kShortUnits.begin(), kShortUnits.end(), word) != kShortUnits.end() ? end : 0;
}

// Sizes of units: of one dimension in terms of its first.
struct KnownUnit {
  std::string_view name;
  char dimension;
  long above, below;
};
constexpr std::array<KnownUnit, 53> kUnits = {{
    {"second", 't', 1, 1},
    {"sec", 't', 1, 1},
    {"minute", 't', 60, 1},
    {"min", 't', 60, 1},
    {"hour", 't', 3600, 1},
    {"hr", 't', 3600, 1},
    {"h", 't', 3600, 1},
    {"day", 't', 86400, 1},
    {"week", 't', 604800, 1},
    {"millisecond", 't', 1, 1000},
    {"ms", 't', 1, 1000},
    {"month", 'y', 1, 1},
    {"year", 'y', 12, 1},
    {"decade", 'y', 120, 1},
    {"century", 'y', 1200, 1},
    {"centurie", 'y', 1200, 1},
    {"m", 'l', 1, 1},
    {"meter", 'l', 1, 1},
    {"metre", 'l', 1, 1},
    {"cm", 'l', 1, 100},
    {"centimeter", 'l', 1, 100},
    {"mm", 'l', 1, 1000},
    {"millimeter", 'l', 1, 1000},
    {"km", 'l', 1000, 1},
    {"kilometer", 'l', 1000, 1},
    {"in", 'l', 127, 5000},
    {"inch", 'l', 127, 5000},
    {"inche", 'l', 127, 5000},
    {"ft", 'l', 381, 1250},
    {"feet", 'l', 381, 1250},
    {"foot", 'l', 381, 1250},
    {"yard", 'l', 1143, 1250},
    {"yd", 'l', 1143, 1250},
    {"mile", 'l', 201168, 125},
    {"mi", 'l', 201168, 125},
    {"g", 'm', 1, 1},
    {"gram", 'm', 1, 1},
    {"kg", 'm', 1000, 1},
    {"kilogram", 'm', 1000, 1},
    {"mg", 'm', 1, 1000},
    {"milligram", 'm', 1, 1000},
    {"ounce", 'o', 1, 1},
    {"oz", 'o', 1, 1},
    {"pound", 'o', 16, 1},
    {"lb", 'o', 16, 1},
    {"liter", 'v', 1, 1},
    {"litre", 'v', 1, 1},
    {"l", 'v', 1, 1},
    {"ml", 'v', 1, 1000},
    {"milliliter", 'v', 1, 1000},
    {"cent", '$', 1, 100},
    {"dollar", '$', 1, 1},
    {"penny", '$', 1, 100},
}};

const KnownUnit* find_unit(std::string_view name) {
  const std::string key = lower(name);
  for (const KnownUnit& unit : kUnits) {
    if (unit.name == key || (key.ends_with('s') && unit.name == key.substr(0, key.size() - 1)))
      return &unit;
  }
  return nullptr;
}

mpq_class size_of(const KnownUnit& unit) {
  mpq_class out(unit.above, static_cast<unsigned long>(unit.below));
  out.canonicalize();
  return out;
}

}  // namespace

bool changes_number(std::string_view word) {
  std::string key = lower(word);
  const auto known = [](const std::string& text) {
    return std::find(kChanging.begin(), kChanging.end(), text) != kChanging.end();
  };
  if (known(key)) return true;
  return key.size() > 3 && key.ends_with('s') && known(key.substr(0, key.size() - 1));
}

bool is_unit_phrase(std::string_view words) {
  size_t at = 0, count = 0;
  bool variable = false;
  while (at < words.size()) {
    size_t end = at;
    if (words[at] == '^') {  // the power of a unit
      at = words.find_first_not_of("^{-}0123456789", at);
      if (at == kNone) break;
      continue;
    }
    while (end < words.size() && is_letter(words[end])) ++end;
    if (end == at) {
      if (is_digit(words[at]) || words[at] == '=' || words[at] == '+' || words[at] == '<' ||
          words[at] == '>')
        return false;
      ++at;
      continue;
    }
    const std::string_view word = words.substr(at, end - at);
    const bool last = words.find_first_not_of(" .", end) == kNone;
    // "3 times" counts, "3 times x" multiplies.
    if (changes_number(word) || (!last && (word == "times" || word == "time"))) return false;
    variable = variable || (word.size() == 1 && std::string_view("xyznk").find(word[0]) != kNone);
    ++count;
    at = end;
  }
  return !variable || count == 0;
}

std::optional<std::string> parse_unit(std::string_view text, bool in_text) {
  std::string unit;
  while (!text.empty()) {
    if (text[0] == ' ') {
      text.remove_prefix(1);
    } else if (text.starts_with("\\degree")) {
      unit += "degree ";
      text.remove_prefix(7);
    } else if (text.starts_with("\\text{") || (text[0] == '(' && !in_text)) {
      const bool wrapped = text[0] == '\\';
      const size_t end = wrapped ? skip_braces(text, 5) : text.find(')');
      if (end == kNone) return std::nullopt;
      const size_t skip = wrapped ? 6 : 1;
      const std::string_view inside = text.substr(skip, wrapped ? end - skip - 1 : end - skip);
      const auto inner = is_unit_phrase(inside) ? parse_unit(inside, true) : std::nullopt;
      if (!inner || inner->empty()) return std::nullopt;
      unit += *inner + " ";
      text.remove_prefix(wrapped ? end : end + 1);
    } else if (const size_t length = unit_word(text, in_text)) {
      std::string word(text.substr(0, length));
      if (word.size() > 3 && word.back() == 's') word.pop_back();
      unit += word + " ";
      text.remove_prefix(length);
    } else if (!unit.empty() && (text.starts_with("^{2}") || text.starts_with("^{3}"))) {
      unit += text.substr(2, 1);
      text.remove_prefix(4);
    } else if (!unit.empty() && (text.starts_with("^2") || text.starts_with("^3"))) {
      unit += text.substr(1, 1);
      text.remove_prefix(2);
    } else if (text[0] == '/' && !unit.empty()) {
      unit += "/";
      text.remove_prefix(1);
    } else if (in_text && (text[0] == '.' || text[0] == '-' || text[0] == '\'')) {
      text.remove_prefix(1);
    } else {
      return std::nullopt;
    }
  }
  while (!unit.empty() && unit.back() == ' ') unit.pop_back();
  return unit;
}

std::string take_currency(std::string_view& text) {
  using Sign = std::pair<std::string_view, std::string_view>;
  for (const auto& [sign, name] :
       {Sign{"\\$", "dollar"}, {"\u20ac", "euro"}, {"\u00a3", "sterling"}, {"\u00a5", "yen"}}) {
    if (text.starts_with(sign)) {
      text.remove_prefix(sign.size());
      return std::string(name);
    }
    if (text.ends_with(sign)) {
      text.remove_suffix(sign.size());
      return std::string(name);
    }
  }
  return "";
}

UnitRelation relate(const Amount& a, const Amount& b) {
  if (a.unit == b.unit) return a.value == b.value ? UnitRelation::kSame : UnitRelation::kUnknown;
  const KnownUnit* x = find_unit(a.unit);
  const KnownUnit* y = find_unit(b.unit);
  if (a.unit.empty() || b.unit.empty()) {
    // "3 hours" and 180: it may be meant in minutes.
    const KnownUnit* known = x ? x : y;
    if (!known || a.value == b.value || a.value == 0 || b.value == 0) return UnitRelation::kUnknown;
    const mpq_class factor = x ? mpq_class(b.value / a.value) : mpq_class(a.value / b.value);
    for (const KnownUnit& other : kUnits) {
      if (other.dimension == known->dimension && size_of(*known) / size_of(other) == factor)
        return UnitRelation::kConverted;
    }
    return UnitRelation::kUnknown;
  }
  if (!x || !y || x->dimension != y->dimension) return UnitRelation::kUnknown;
  return a.value * size_of(*x) == b.value * size_of(*y) ? UnitRelation::kConverted
                                                        : UnitRelation::kDifferent;
}

}  // namespace laconic
