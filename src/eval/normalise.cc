// SPDX-License-Identifier: Apache-2.0
#include "eval/normalise.h"

#include <array>
#include <utility>

#include "base/format.h"
#include "eval/extract.h"

namespace laconic {
namespace {

constexpr size_t kNone = std::string_view::npos;
using Pair = std::pair<std::string_view, std::string_view>;
constexpr int kMaxMarks = 4;  // marks of Markdown inside one another

// Macro (without its backslash) -> what stands in its place.
constexpr std::array<Pair, 75> kMacros = {{
    {"!", ""},
    {",", " "},
    {";", " "},
    {":", " "},
    {">", " "},
    {" ", " "},
    {"~", " "},
    {"(", ""},
    {")", ""},
    {"[", ""},
    {"]", ""},
    {"$", "\\$"},
    {"%", "%"},
    {"#", "#"},
    {"&", "&"},
    {"_", "_"},
    {"quad", " "},
    {"qquad", " "},
    {"enspace", " "},
    {"thinspace", " "},
    {"left", ""},
    {"right", ""},
    {"big", ""},
    {"Big", ""},
    {"bigg", ""},
    {"Bigg", ""},
    {"bigl", ""},
    {"bigr", ""},
    {"Bigl", ""},
    {"Bigr", ""},
    {"biggl", ""},
    {"biggr", ""},
    {"displaystyle", ""},
    {"textstyle", ""},
    {"limits", ""},
    {"dfrac", "\\frac"},
    {"tfrac", "\\frac"},
    {"cfrac", "\\frac"},
    {"text", "\\text"},
    {"textbf", "\\text"},
    {"textit", "\\text"},
    {"textrm", "\\text"},
    {"textsf", "\\text"},
    {"textnormal", "\\text"},
    {"texttt", "\\text"},
    {"emph", "\\text"},
    {"mathrm", "\\text"},
    {"mathbf", "\\text"},
    {"mathit", "\\text"},
    {"mathsf", "\\text"},
    {"bold", "\\text"},
    {"boldsymbol", "\\text"},
    {"mbox", "\\text"},
    {"hbox", "\\text"},
    {"operatorname", "\\text"},
    {"cdot", "\\times "},
    {"times", "\\times "},
    {"ast", "\\times "},
    {"div", "/"},
    {"degree", "\\degree "},
    {"le", "\\le "},
    {"leq", "\\le "},
    {"leqslant", "\\le "},
    {"ge", "\\ge "},
    {"geq", "\\ge "},
    {"geqslant", "\\ge "},
    {"ne", "\\ne "},
    {"neq", "\\ne "},
    {"lt", "<"},
    {"gt", ">"},
    {"dots", "\\ldots "},
    {"cdots", "\\ldots "},
    {"to", "\\to "},
    {"rightarrow", "\\to "},
    {"lbrace", "\\{"},
}};

constexpr std::array<Pair, 18> kCharacters = {{
    {"\u2212", "-"},
    {"\u2013", "-"},
    {"\u00d7", "\\times "},
    {"\u00b7", "\\times "},
    {"\u00f7", "/"},
    {"\u00b0", "\\degree "},
    {"\u00b9", "^{1}"},
    {"\u207b\u00b9", "^{-1}"},
    {"\u207b\u00b2", "^{-2}"},
    {"\u207b\u00b3", "^{-3}"},
    {"\u00b2", "^{2}"},
    {"\u00b3", "^{3}"},
    {"\u00a0", " "},
    {"\u2009", " "},
    {"\u202f", " "},
    {"\u03c0", "\\pi "},
    {"\u2264", "\\le "},
    {"\u2265", "\\ge "},
}};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The macro at text[at] == '\\', with its backslash; a lone backslash at the end is itself.
std::string_view macro_at(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && is_letter(text[end])) ++end;
  if (end == at + 1 && end < text.size()) ++end;
  return text.substr(at, end - at);
}

// A degree sign written as a power, at text[at] == '^'; 0: none, else its length.
size_t degree_length(std::string_view text) {
  for (const std::string_view form :
       {"^{\\circ}", "^\\circ", "^{ \\circ}", "^{\\circ }", "^{\\degree}"}) {
    if (text.starts_with(form)) return form.size();
  }
  return 0;
}

// The length of three digits, no more, that `text` starts with behind white space: 0 where there
// are none.
size_t group_behind(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && is_space(text[at])) ++at;
  size_t digits = 0;
  while (at + digits < text.size() && is_digit(text[at + digits])) ++digits;
  return digits == 3 ? at : kNone;
}

// Drops the comma at the end of `out` where three digits follow: "32,\\!349" and "32{,}349" are one
// number for certain, while "32,349" may be two. `rest` goes on at the digits.
bool drop_separator(std::string& out, std::string_view& rest) {
  const size_t end = out.find_last_not_of(' ');
  const size_t digits = group_behind(rest);
  const bool is_comma = end != std::string::npos && end > 0 && out[end] == ',';
  const size_t before = is_comma ? out.find_last_not_of(' ', end - 1) : std::string::npos;
  if (before == std::string::npos || !is_digit(out[before]) || digits == kNone) return false;
  out.erase(before + 1);
  rest.remove_prefix(digits);
  return true;
}

// Replaces macros and characters, one pass.
std::string replace_spellings(std::string_view text) {
  std::string out;
  // "\\\\frac" is a backslash written twice, but in a matrix, where it ends a row.
  const bool has_rows = text.find("\\begin") != kNone;
  bool in_formula = false;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (text[i] == '\\') {
      if (!has_rows && rest.size() > 2 && rest[1] == '\\' && is_letter(rest[2])) ++i;
      const std::string_view macro = macro_at(text, i);
      i += macro.size();
      if (macro.size() == 1) continue;
      const std::string_view name = macro.substr(1);
      std::string_view behind = text.substr(i);
      if (name == "!" && drop_separator(out, behind)) {
        i = text.size() - behind.size();
        continue;
      }
      const Pair* found = nullptr;
      for (const Pair& pair : kMacros) {
        if (pair.first == name) found = &pair;
      }
      out += found ? found->second : macro;
      // "\left." is an invisible bracket.
      if ((name == "left" || name == "right") && i < text.size() && text[i] == '.') ++i;
    } else if (const size_t degree = degree_length(rest)) {
      out += "\\degree ";
      i += degree;
    } else if (text[i] == '$') {
      // Where dollars delimit, each pair is passed over at once.
      if (!in_formula && is_money_sign(text, i))
        out += "\\$";
      else
        in_formula = !in_formula;
      ++i;
    } else if (rest.starts_with("{,}") || rest.starts_with("{, }")) {
      out += ',';
      std::string_view behind = rest.substr(rest[2] == '}' ? 3 : 4);
      if (!drop_separator(out, behind)) {
        while (!behind.empty() && behind[0] == ' ') behind.remove_prefix(1);
      }
      i = text.size() - behind.size();
    } else if (text[i] == '~' || is_space(text[i])) {
      out += ' ';
      ++i;
    } else {
      const Pair* found = nullptr;
      for (const Pair& pair : kCharacters) {
        if (rest.starts_with(pair.first)) found = &pair;
      }
      out += found ? found->second : rest.substr(0, 1);
      i += found ? found->first.size() : 1;
    }
  }
  return out;
}

// Braces around the arguments of \frac and \sqrt that stand without: \frac12 -> \frac{1}{2}, \sqrt3
// -> \sqrt{3}.
std::string brace_arguments(std::string_view text) {
  std::string out;
  int wanted = 0;  // arguments that the last macro still waits for
  for (size_t i = 0; i < text.size();) {
    if (wanted > 0 && text[i] == ' ') {
      ++i;
    } else if (text[i] == '\\') {
      const std::string_view macro = macro_at(text, i);
      i += macro.size();
      if (macro == "\\frac") {
        wanted = 2;
        out += macro;
      } else if (macro == "\\sqrt") {
        wanted = i < text.size() && text[i] == '[' ? 0 : 1;
        out += macro;
      } else if (wanted > 0) {
        out += "{";
        out += macro;
        out += "}";
        --wanted;
      } else {
        out += macro;
      }
    } else if (wanted > 0 && text[i] == '{') {
      const size_t end = skip_braces(text, i);
      if (end == kNone) return std::string(text);
      out += "{";
      out += brace_arguments(text.substr(i + 1, end - i - 2));
      out += "}";
      i = end;
      --wanted;
    } else if (wanted > 0) {
      out += {'{', text[i++], '}'};
      --wanted;
    } else {
      out += text[i++];
    }
  }
  return out;
}

// "**73** apples", "`73`", "__73__" without the marks of Markdown around the start.
std::string without_marks(std::string_view text) {
  std::string out(trim(text));
  for (int i = 0; i < kMaxMarks; ++i) {
    bool changed = false;
    for (const std::string_view mark : {"**", "__", "`", "*", "_"}) {
      const size_t close = out.starts_with(mark) ? out.find(mark, mark.size()) : std::string::npos;
      if (close == std::string::npos || close == mark.size()) continue;
      // One star opens only what it closes at the end: "*5" is no emphasis.
      if ((mark == "*" || mark == "_") && close + 1 != out.size()) continue;
      out.erase(close, mark.size());
      out.erase(0, mark.size());
      changed = true;
    }
    if (!changed) break;
  }
  return out;
}

// Without "Answer:", "\\text{The answer is }" before the answer.
std::string_view without_lead_in(std::string_view canonical) {
  std::string_view rest = canonical;
  const bool in_text = rest.starts_with("\\text{");
  if (in_text) rest.remove_prefix(6);
  const auto accept = [&](std::string_view word) {
    rest = trim(rest);
    if (rest.size() < word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      const char c = rest[i];
      if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != word[i]) return false;
    }
    rest.remove_prefix(word.size());
    return true;
  };
  accept("the ");
  accept("final ");
  if (!accept("answer") && !accept("solution") && !accept("ans")) return canonical;
  const bool linked = accept("is:") || accept("is ") || accept(":") || accept("=");
  if (!linked) return canonical;
  rest = trim(rest);
  if (in_text && !rest.starts_with('}')) return canonical;
  if (in_text) rest.remove_prefix(1);
  rest = trim(rest);
  return rest.empty() ? canonical : rest;
}

}  // namespace

bool is_money_sign(std::string_view text, size_t at) {
  if (at + 1 >= text.size() || !is_digit(text[at + 1])) return false;
  size_t next = at + 1;
  while (next < text.size() && text[next] != '$') next += text[next] == '\\' ? 2 : 1;
  if (next >= text.size()) return true;
  return is_space(text[next - 1]) || (next + 1 < text.size() && is_digit(text[next + 1]));
}

std::string canonical_answer(std::string_view text) {
  std::string out = brace_arguments(replace_spellings(without_marks(text)));
  std::string_view view = without_lead_in(trim(out));
  if (view.starts_with('=')) view = trim(view.substr(1));
  while (!view.empty() && (view.back() == '.' || view.back() == ',' || view.back() == ';' ||
                           (view.back() == '?' && view.size() > 1)))
    view = trim(view.substr(0, view.size() - 1));
  return std::string(view);
}

std::string text_key(std::string_view canonical) {
  std::string out;
  for (size_t i = 0; i < canonical.size();) {
    const std::string_view rest = canonical.substr(i);
    if (is_space(canonical[i])) {
      while (i < canonical.size() && is_space(canonical[i])) ++i;
      // "3 1/2" is not "31/2".
      const bool between =
          !out.empty() && is_digit(out.back()) && i < canonical.size() && is_digit(canonical[i]);
      if (between) out += ' ';
      continue;
    }
    size_t open = kNone;  // a group whose braces go: \text{abc}, ^{2}, _{n}
    if (rest.starts_with("\\text{"))
      open = i + 5;
    else if ((canonical[i] == '^' || canonical[i] == '_') && rest.size() > 3 && rest[1] == '{' &&
             rest[3] == '}')
      open = i + 1;
    const size_t end = open == kNone ? kNone : skip_braces(canonical, open);
    if (end == kNone) {
      out += canonical[i++];
      continue;
    }
    if (canonical[i] != '\\') out += canonical[i];
    out += text_key(canonical.substr(open + 1, end - open - 2));
    i = end;
  }
  // One letter in parentheses is a choice: (A).
  if (out.size() == 3 && out[0] == '(' && out[2] == ')' && out[1] >= 'A' && out[1] <= 'H')
    return out.substr(1, 1);
  return out;
}

std::string_view without_assignment(std::string_view canonical) {
  const size_t equals = canonical.find('=');
  if (equals == kNone || canonical.find('=', equals + 1) != kNone) return canonical;
  std::string_view name = trim(canonical.substr(0, equals));
  if (name.empty() || !is_letter(name.front()) || name.ends_with("!")) return canonical;
  name.remove_prefix(1);
  if (!name.empty() && name.front() == '_') {
    name.remove_prefix(1);
    if (name.starts_with('{')) {
      const size_t end = skip_braces(name, 0);
      if (end == kNone) return canonical;
      name.remove_prefix(end);
    } else if (!name.empty() && (is_letter(name.front()) || is_digit(name.front()))) {
      name.remove_prefix(1);
    }
  }
  return trim(name).empty() ? trim(canonical.substr(equals + 1)) : canonical;
}

}  // namespace laconic
