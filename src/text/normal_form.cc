// SPDX-License-Identifier: Apache-2.0
#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "text/normalizer.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

namespace laconic {
namespace {

utf8proc_option_t options_of(NormalForm form) {
  int options = UTF8PROC_STABLE;
  const bool composed = form == NormalForm::kNfc || form == NormalForm::kNfkc;
  options |= composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::kNfkc || form == NormalForm::kNfkd) options |= UTF8PROC_COMPAT;
  return static_cast<utf8proc_option_t>(options);
}

int32_t as_signed(char32_t c) { return static_cast<int32_t>(c); }

utf8proc_propval_t combining_class(int32_t c) { return utf8proc_get_property(c)->combining_class; }

// Canonical ordering: each run of characters that combine is sorted by class, equal ones as they
// were. utf8proc's own way exchanges neighbours, so that a long run takes quadratic time.
void order_marks(std::vector<int32_t>& points) {
  const auto is_starter = [](int32_t c) { return combining_class(c) == 0; };
  for (auto begin = points.begin(); begin != points.end();) {
    begin = std::find_if_not(begin, points.end(), is_starter);
    const auto end = std::find_if(begin, points.end(), is_starter);
    std::stable_sort(begin, end,
                     [](int32_t a, int32_t b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
}

void append_mapped(NormalForm form, std::string_view text, std::string& out) {
  static constexpr utf8proc_ssize_t kLongest = 32;  // U+FDFA: 18
  const utf8proc_option_t options = options_of(form);
  std::vector<int32_t> points;
  points.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    int32_t parts[kLongest];
    int boundary = 0;
    const auto length = utf8proc_decompose_char(as_signed(next_code_point(text, pos)), parts,
                                                kLongest, options, &boundary);
    LACONIC_CHECK(length >= 0 && length <= kLongest, "a decomposition of length ", length);
    points.insert(points.end(), parts, parts + length);
  }
  order_marks(points);
  auto length = static_cast<utf8proc_ssize_t>(points.size());
  if ((options & UTF8PROC_COMPOSE) != 0)
    length = utf8proc_normalize_utf32(points.data(), length, options);
  LACONIC_CHECK(length >= 0, utf8proc_errmsg(length));
  points.resize(static_cast<size_t>(length));
  for (const int32_t c : points) append_utf8(static_cast<char32_t>(c), out);
}

// True for characters that every composing or canonical form leaves alone whatever precedes them:
// no mark, no decomposition, no jamo that joins leftwards. Text may be cut before such a character.
bool is_inert(NormalForm form, char32_t c) {
  if (c < 0x80) return true;
  if (form == NormalForm::kNfc && c < 0x300) return true;
  if (c >= 0x1160 && c <= 0x11FF) return false;
  if (c >= 0xAC00 && c <= 0xD7A3) return form == NormalForm::kNfc || form == NormalForm::kNfkc;
  const utf8proc_property_t* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
  const bool is_mark = property->category == UTF8PROC_CATEGORY_MN ||
                       property->category == UTF8PROC_CATEGORY_MC ||
                       property->category == UTF8PROC_CATEGORY_ME || property->combining_class != 0;
  const bool canonical = form == NormalForm::kNfc || form == NormalForm::kNfd;
  const bool decomposes =
      property->decomp_seqindex != UINT16_MAX && !(canonical && property->decomp_type != 0);
  return !(is_mark || decomposes) || unknown_to_unicode9(c);
}

}  // namespace

std::string to_normal_form(NormalForm form, std::string_view text) {
  // Most text: no byte that starts a character the form could change (U+0300 begins with 0xCC).
  const uint8_t limit = form == NormalForm::kNfc ? 0xCC : 0x80;
  uint8_t highest = 0;
  for (const char c : text) highest = std::max(highest, static_cast<uint8_t>(c));
  if (highest < limit) return std::string(text);

  std::string out;
  out.reserve(text.size());
  size_t done = 0;      // text[0, done) is in `out`
  size_t last_cut = 0;  // where the last inert character begins; behind one that takes no marks
  for (size_t pos = 0; pos < text.size();) {
    const size_t begin = pos;
    const char32_t c = next_code_point(text, pos);
    if (is_inert(form, c)) {
      last_cut = unknown_to_unicode9(c) ? pos : begin;
      continue;
    }
    // From the inert character before, which may be a base, to the next one.
    size_t end = pos;
    while (end < text.size()) {
      size_t after = end;
      if (is_inert(form, next_code_point(text, after))) break;
      end = after;
    }
    out += text.substr(done, last_cut - done);
    append_mapped(form, text.substr(last_cut, end - last_cut), out);
    done = last_cut = pos = end;
  }
  out += text.substr(done);
  return out;
}

}  // namespace laconic
