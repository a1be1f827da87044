// The sources of an answer that are prose: a phrase, a letter, the last math span, the last number.
// Used by extract.cc alone; each returns a view into `text`, empty where there is none. Linear
// time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace laconic {

std::string_view trim_answer(std::string_view text);

// text.rfind(word, limit), at memory speed where the first character of `word` is rare.
size_t find_last(std::string_view text, std::string_view word,
                 size_t limit = std::string_view::npos);

// What follows the last "the answer is", "final answer:", "answer:" (any case), up to the end of
// its sentence or line.
std::string_view phrase_answer(std::string_view text);
// The last $...$, $$...$$, \(...\), \[...\].
std::string_view last_math(std::string_view text);
// The last number, with its sign, thousands separators and fraction bar.
std::string_view last_number(std::string_view text);
// The letter of a multiple choice answer: of the phrase, else the last "(B)", else a last line "B".
std::string_view choice_letter(std::string_view text, std::string_view choices);

}  // namespace laconic
