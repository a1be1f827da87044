// What commas between digits say: thousands ("1,100"), a list ("10,20"), or a decimal point
// ("2,74").
//
// The text alone does not tell, so a comparison decides by both sides: a gold answer that is one
// number is met by one number, a pair by a pair. In round or square brackets a comma always
// separates. All work on canonical answers (eval/normalise.h), in linear time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace laconic {

// The length of "1,100" or "12,345,678" that `text` starts with: one to three digits, the first no
// 0, then groups of exactly three; 0: none.
size_t grouped_digits(std::string_view text);

// Whether a comma outside brackets may separate thousands.
bool may_have_thousands(std::string_view canonical);

// Whether the text holds more than one value in any reading: "10, 20", "3 and 4", "(1,2)", "\pm 3".
bool is_surely_list(std::string_view canonical);

// The text with every comma between digits as a separator of items: "10,20" -> "10, 20".
std::string with_commas_as_list(std::string_view canonical);

// Whether the answer writes the gold answer's decimal point as a comma ("2.74" and "2,74"), or the
// gold answer does where no list can be meant ("0,111" and "0.111").
bool equal_decimal_comma(std::string_view gold, std::string_view answer);

}  // namespace laconic
