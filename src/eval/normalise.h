// One spelling for what LaTeX and plain text write in many ways, so that equal answers become equal
// text.
//
// What it is not: no mathematics is done. canonical_answer keeps white space and \text{...} (the
// number parser reads units there); text_key drops both.
//   gone:       $ \( \) \[ \] \left \right \big.. \displaystyle \! and a final period; marks of
//   Markdown and
//               "Answer:" before the answer; the separators of "32,\!349" and "32{,}349"
//   kept:       \$, and "$" where it is money, as \$
//   one form:   \dfrac \tfrac \cfrac -> \frac, arguments braced; \mathrm \textbf \mbox .. -> \text;
//   \cdot -> \times;
//               ^\circ and the degree sign -> \degree; \% -> %; \, \; \quad ~ -> space; {,} -> ,;
//               leq -> le; U+2212 -> -
// Linear time, deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace laconic {

std::string canonical_answer(std::string_view text);

// Whether the "$" at text[at] is money, not a delimiter of mathematics: a digit follows, and the
// next "$", if there is one, could not close a formula ("$5 and $7"). REQUIRES: text[at] == '$'.
bool is_money_sign(std::string_view text, size_t at);

// The key under which two canonical answers are the same text.
std::string text_key(std::string_view canonical);

// The right side of "x = value", "a_{n}=value"; the whole where there is no single "=" after one
// plain name.
std::string_view without_assignment(std::string_view canonical);

}  // namespace laconic
