// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_case.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

// What has an upper or title case of several characters (unused places are 0), by code point.
struct SpecialCase {
  char32_t c;
  char32_t upper[3];
  char32_t title[3];
};
constexpr SpecialCase kSpecialCases[] = {
    {0x00DF, {0x0053, 0x0053}, {0x0053, 0x0073}},
    {0x0149, {0x02BC, 0x004E}, {0x02BC, 0x004E}},
    {0x01F0, {0x004A, 0x030C}, {0x004A, 0x030C}},
    {0x0390, {0x0399, 0x0308, 0x0301}, {0x0399, 0x0308, 0x0301}},
    {0x03B0, {0x03A5, 0x0308, 0x0301}, {0x03A5, 0x0308, 0x0301}},
    {0x0587, {0x0535, 0x0552}, {0x0535, 0x0582}},
    {0x1E96, {0x0048, 0x0331}, {0x0048, 0x0331}},
    {0x1E97, {0x0054, 0x0308}, {0x0054, 0x0308}},
    {0x1E98, {0x0057, 0x030A}, {0x0057, 0x030A}},
    {0x1E99, {0x0059, 0x030A}, {0x0059, 0x030A}},
    {0x1E9A, {0x0041, 0x02BE}, {0x0041, 0x02BE}},
    {0x1F50, {0x03A5, 0x0313}, {0x03A5, 0x0313}},
    {0x1F52, {0x03A5, 0x0313, 0x0300}, {0x03A5, 0x0313, 0x0300}},
    {0x1F54, {0x03A5, 0x0313, 0x0301}, {0x03A5, 0x0313, 0x0301}},
    {0x1F56, {0x03A5, 0x0313, 0x0342}, {0x03A5, 0x0313, 0x0342}},
    {0x1F80, {0x1F08, 0x0399}, {0x1F88}},
    {0x1F81, {0x1F09, 0x0399}, {0x1F89}},
    {0x1F82, {0x1F0A, 0x0399}, {0x1F8A}},
    {0x1F83, {0x1F0B, 0x0399}, {0x1F8B}},
    {0x1F84, {0x1F0C, 0x0399}, {0x1F8C}},
    {0x1F85, {0x1F0D, 0x0399}, {0x1F8D}},
    {0x1F86, {0x1F0E, 0x0399}, {0x1F8E}},
    {0x1F87, {0x1F0F, 0x0399}, {0x1F8F}},
    {0x1F88, {0x1F08, 0x0399}, {0x1F88}},
    {0x1F89, {0x1F09, 0x0399}, {0x1F89}},
    {0x1F8A, {0x1F0A, 0x0399}, {0x1F8A}},
    {0x1F8B, {0x1F0B, 0x0399}, {0x1F8B}},
    {0x1F8C, {0x1F0C, 0x0399}, {0x1F8C}},
    {0x1F8D, {0x1F0D, 0x0399}, {0x1F8D}},
    {0x1F8E, {0x1F0E, 0x0399}, {0x1F8E}},
    {0x1F8F, {0x1F0F, 0x0399}, {0x1F8F}},
    {0x1F90, {0x1F28, 0x0399}, {0x1F98}},
    {0x1F91, {0x1F29, 0x0399}, {0x1F99}},
    {0x1F92, {0x1F2A, 0x0399}, {0x1F9A}},
    {0x1F93, {0x1F2B, 0x0399}, {0x1F9B}},
    {0x1F94, {0x1F2C, 0x0399}, {0x1F9C}},
    {0x1F95, {0x1F2D, 0x0399}, {0x1F9D}},
    {0x1F96, {0x1F2E, 0x0399}, {0x1F9E}},
    {0x1F97, {0x1F2F, 0x0399}, {0x1F9F}},
    {0x1F98, {0x1F28, 0x0399}, {0x1F98}},
    {0x1F99, {0x1F29, 0x0399}, {0x1F99}},
    {0x1F9A, {0x1F2A, 0x0399}, {0x1F9A}},
    {0x1F9B, {0x1F2B, 0x0399}, {0x1F9B}},
    {0x1F9C, {0x1F2C, 0x0399}, {0x1F9C}},
    {0x1F9D, {0x1F2D, 0x0399}, {0x1F9D}},
    {0x1F9E, {0x1F2E, 0x0399}, {0x1F9E}},
    {0x1F9F, {0x1F2F, 0x0399}, {0x1F9F}},
    {0x1FA0, {0x1F68, 0x0399}, {0x1FA8}},
    {0x1FA1, {0x1F69, 0x0399}, {0x1FA9}},
    {0x1FA2, {0x1F6A, 0x0399}, {0x1FAA}},
    {0x1FA3, {0x1F6B, 0x0399}, {0x1FAB}},
    {0x1FA4, {0x1F6C, 0x0399}, {0x1FAC}},
    {0x1FA5, {0x1F6D, 0x0399}, {0x1FAD}},
    {0x1FA6, {0x1F6E, 0x0399}, {0x1FAE}},
    {0x1FA7, {0x1F6F, 0x0399}, {0x1FAF}},
    {0x1FA8, {0x1F68, 0x0399}, {0x1FA8}},
    {0x1FA9, {0x1F69, 0x0399}, {0x1FA9}},
    {0x1FAA, {0x1F6A, 0x0399}, {0x1FAA}},
    {0x1FAB, {0x1F6B, 0x0399}, {0x1FAB}},
    {0x1FAC, {0x1F6C, 0x0399}, {0x1FAC}},
    {0x1FAD, {0x1F6D, 0x0399}, {0x1FAD}},
    {0x1FAE, {0x1F6E, 0x0399}, {0x1FAE}},
    {0x1FAF, {0x1F6F, 0x0399}, {0x1FAF}},
    {0x1FB2, {0x1FBA, 0x0399}, {0x1FBA, 0x0345}},
    {0x1FB3, {0x0391, 0x0399}, {0x1FBC}},
    {0x1FB4, {0x0386, 0x0399}, {0x0386, 0x0345}},
    {0x1FB6, {0x0391, 0x0342}, {0x0391, 0x0342}},
    {0x1FB7, {0x0391, 0x0342, 0x0399}, {0x0391, 0x0342, 0x0345}},
    {0x1FBC, {0x0391, 0x0399}, {0x1FBC}},
    {0x1FC2, {0x1FCA, 0x0399}, {0x1FCA, 0x0345}},
    {0x1FC3, {0x0397, 0x0399}, {0x1FCC}},
    {0x1FC4, {0x0389, 0x0399}, {0x0389, 0x0345}},
    {0x1FC6, {0x0397, 0x0342}, {0x0397, 0x0342}},
    {0x1FC7, {0x0397, 0x0342, 0x0399}, {0x0397, 0x0342, 0x0345}},
    {0x1FCC, {0x0397, 0x0399}, {0x1FCC}},
    {0x1FD2, {0x0399, 0x0308, 0x0300}, {0x0399, 0x0308, 0x0300}},
    {0x1FD3, {0x0399, 0x0308, 0x0301}, {0x0399, 0x0308, 0x0301}},
    {0x1FD6, {0x0399, 0x0342}, {0x0399, 0x0342}},
    {0x1FD7, {0x0399, 0x0308, 0x0342}, {0x0399, 0x0308, 0x0342}},
    {0x1FE2, {0x03A5, 0x0308, 0x0300}, {0x03A5, 0x0308, 0x0300}},
    {0x1FE3, {0x03A5, 0x0308, 0x0301}, {0x03A5, 0x0308, 0x0301}},
    {0x1FE4, {0x03A1, 0x0313}, {0x03A1, 0x0313}},
    {0x1FE6, {0x03A5, 0x0342}, {0x03A5, 0x0342}},
    {0x1FE7, {0x03A5, 0x0308, 0x0342}, {0x03A5, 0x0308, 0x0342}},
    {0x1FF2, {0x1FFA, 0x0399}, {0x1FFA, 0x0345}},
    {0x1FF3, {0x03A9, 0x0399}, {0x1FFC}},
    {0x1FF4, {0x038F, 0x0399}, {0x038F, 0x0345}},
    {0x1FF6, {0x03A9, 0x0342}, {0x03A9, 0x0342}},
    {0x1FF7, {0x03A9, 0x0342, 0x0399}, {0x03A9, 0x0342, 0x0345}},
    {0x1FFC, {0x03A9, 0x0399}, {0x1FFC}},
    {0xFB00, {0x0046, 0x0046}, {0x0046, 0x0066}},
    {0xFB01, {0x0046, 0x0049}, {0x0046, 0x0069}},
    {0xFB02, {0x0046, 0x004C}, {0x0046, 0x006C}},
    {0xFB03, {0x0046, 0x0046, 0x0049}, {0x0046, 0x0066, 0x0069}},
    {0xFB04, {0x0046, 0x0046, 0x004C}, {0x0046, 0x0066, 0x006C}},
    {0xFB05, {0x0053, 0x0054}, {0x0053, 0x0074}},
    {0xFB06, {0x0053, 0x0054}, {0x0053, 0x0074}},
    {0xFB13, {0x0544, 0x0546}, {0x0544, 0x0576}},
    {0xFB14, {0x0544, 0x0535}, {0x0544, 0x0565}},
    {0xFB15, {0x0544, 0x053B}, {0x0544, 0x056B}},
    {0xFB16, {0x054E, 0x0546}, {0x054E, 0x0576}},
    {0xFB17, {0x0544, 0x053D}, {0x0544, 0x056D}}};

const SpecialCase* find_special(char32_t c) {
  const auto* end = std::end(kSpecialCases);
  const auto* found =
      std::lower_bound(std::begin(kSpecialCases), end, c,
                       [](const SpecialCase& entry, char32_t point) { return entry.c < point; });
  return found != end && found->c == c ? found : nullptr;
}

int32_t as_signed(char32_t c) { return static_cast<int32_t>(c); }

void append_points(const char32_t (&points)[3], std::string& out) {
  for (const char32_t c : points)
    if (c != 0) append_utf8(c, out);
}

void append_upper(char32_t c, std::string& out) {
  if (const SpecialCase* special = find_special(c)) return append_points(special->upper, out);
  append_utf8(static_cast<char32_t>(utf8proc_toupper(as_signed(c))), out);
}

void append_title(char32_t c, std::string& out) {
  if (const SpecialCase* special = find_special(c)) return append_points(special->title, out);
  append_utf8(static_cast<char32_t>(utf8proc_totitle(as_signed(c))), out);
}

enum class Case { kNone, kUpper, kLower, kTitle };

// By category, with the letters and numbers in circles that Unicode counts among cased characters.
Case case_of(char32_t c) {
  if ((c >= 0x2170 && c <= 0x217f) || (c >= 0x24d0 && c <= 0x24e9) || c == 0xaa || c == 0xba)
    return Case::kLower;
  if ((c >= 0x2160 && c <= 0x216f) || (c >= 0x24b6 && c <= 0x24cf)) return Case::kUpper;
  switch (utf8proc_category(as_signed(c))) {
    case UTF8PROC_CATEGORY_LU:
      return Case::kUpper;
    case UTF8PROC_CATEGORY_LL:
      return Case::kLower;
    case UTF8PROC_CATEGORY_LT:
      return Case::kTitle;
    default:
      return Case::kNone;
  }
}

bool is_case_ignorable(char32_t c) {
  static constexpr std::u32string_view kMidWord = U"'.:\u00B7\u0387\u2018\u2019\u2024\u2027";
  if (kMidWord.find(c) != std::u32string_view::npos) return true;
  switch (utf8proc_category(as_signed(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return false;
  }
}

// A capital sigma at the end of a word has a lower case of its own.
class Lowering {
 public:
  explicit Lowering(std::string_view text) : text_(text) {}

  // REQUIRES: all characters of the text, in order; `next`: where the one behind `c` starts.
  void append(char32_t c, size_t next, std::string& out) {
    constexpr char32_t kCapitalSigma = 0x3a3, kFinalSigma = 0x3c2, kCapitalDottedI = 0x130;
    if (c == kCapitalSigma && after_cased_ && !before_cased(next)) {
      append_utf8(kFinalSigma, out);
    } else if (c == kCapitalDottedI) {
      out += "i\u0307";
    } else {
      append_utf8(static_cast<char32_t>(utf8proc_tolower(as_signed(c))), out);
    }
    note(c);
  }
  void note(char32_t c) {
    if (!is_case_ignorable(c)) after_cased_ = case_of(c) != Case::kNone;
  }

 private:
  // Looks past a run of ignorable characters once for all sigmas in front of it.
  bool before_cased(size_t next) {
    if (next < seen_to_) return seen_cased_;
    seen_cased_ = false;
    for (seen_to_ = next; seen_to_ < text_.size();) {
      const char32_t c = next_code_point(text_, seen_to_);
      if (is_case_ignorable(c)) continue;
      seen_cased_ = case_of(c) != Case::kNone;
      break;
    }
    return seen_cased_;
  }

  const std::string_view text_;
  bool after_cased_ = false;
  bool seen_cased_ = false;
  size_t seen_to_ = 0;
};

// Each character in order through `append(c, next, is_first_of_word)`; a word is a run of cased
// characters.
template <typename Append>
void for_each_in_word(std::string_view text, Append append) {
  bool in_word = false;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    append(c, at, !in_word);
    in_word = case_of(c) != Case::kNone;
  }
}

template <typename Allowed>
bool all_cased(std::string_view text, Allowed allowed) {
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const Case kind = case_of(next_code_point(text, at));
    if (kind == Case::kNone) continue;
    if (!allowed(kind)) return false;
    any = true;
  }
  return any;
}

}  // namespace

std::string upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) append_upper(next_code_point(text, at), out);
  return out;
}

std::string lower(std::string_view text) {
  Lowering lowering(text);
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    lowering.append(c, at, out);
  }
  return out;
}

std::string capitalize(std::string_view text) {
  Lowering lowering(text);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const bool is_first = at == 0;
    const char32_t c = next_code_point(text, at);
    if (!is_first) {
      lowering.append(c, at, out);
      continue;
    }
    append_title(c, out);
    lowering.note(c);
  }
  return out;
}

std::string title(std::string_view text) {
  Lowering lowering(text);
  std::string out;
  for_each_in_word(text, [&](char32_t c, size_t next, bool is_first) {
    if (!is_first) return lowering.append(c, next, out);
    append_title(c, out);
    lowering.note(c);
  });
  return out;
}

std::string swap_case(std::string_view text) {
  Lowering lowering(text);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (case_of(c) == Case::kUpper) {
      lowering.append(c, at, out);
      continue;
    }
    if (case_of(c) == Case::kLower) {
      append_upper(c, out);
    } else {
      append_utf8(c, out);
    }
    lowering.note(c);
  }
  return out;
}

std::string case_fold(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    int32_t folded[8];
    int boundary = 0;
    const auto length = utf8proc_decompose_char(as_signed(next_code_point(text, at)), folded, 8,
                                                UTF8PROC_CASEFOLD, &boundary);
    for (int i = 0; i < length && i < 8; ++i) append_utf8(static_cast<char32_t>(folded[i]), out);
  }
  return out;
}

bool is_upper(std::string_view text) {
  return all_cased(text, [](Case kind) { return kind == Case::kUpper; });
}

bool is_lower(std::string_view text) {
  return all_cased(text, [](Case kind) { return kind == Case::kLower; });
}

bool is_title(std::string_view text) {
  bool any = false, holds = true;
  for_each_in_word(text, [&](char32_t c, size_t, bool is_first) {
    const Case kind = case_of(c);
    if (kind == Case::kNone) return;
    any = true;
    if ((kind == Case::kLower) == is_first) holds = false;
  });
  return any && holds;
}

}  // namespace laconic::jinja
