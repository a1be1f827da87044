// SPDX-License-Identifier: Apache-2.0
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

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

void append_mapped(NormalForm form, std::string_view text, std::string& out) {
  if (text.empty()) return;
  utf8proc_uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &mapped, options_of(form));
  if (length == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  LACONIC_CHECK(length >= 0, utf8proc_errmsg(length));
  out.append(reinterpret_cast<const char*>(mapped), static_cast<size_t>(length));
  std::free(mapped);
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
