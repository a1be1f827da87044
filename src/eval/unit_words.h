// Words behind a number: a unit that leaves it as it is, or something that makes another number of
// it.
//
// Any noun may be a unit ("72 clips"), so what is known are the words that are none: those of scale
// ("million"), of fractions ("tenths"), of arithmetic ("times", "negative", "factorial"), of
// conditions and denial ("if", "is", "not"), of ranges ("to"), of bases ("binary"). A number with
// one of them is not understood. Of units, lengths, times, masses, volumes and money are known with
// their sizes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmpxx.h>

#include <optional>
#include <string>
#include <string_view>

namespace laconic {

// Whether a word (any case) is more than (part of) a unit.
bool changes_number(std::string_view word);

// Whether several words after a number can be its unit: none of them changes it, none names a
// variable.
bool is_unit_phrase(std::string_view words);

// The unit that is all of `text`, without spaces and plural s; "" for no text, nothing where it is
// none. `in_text`: inside \text{} or parentheses, where any word may be one.
std::optional<std::string> parse_unit(std::string_view text, bool in_text);

// Takes a sign of currency off the front or the end; its name ("dollar"), "" for none.
std::string take_currency(std::string_view& text);

enum class UnitRelation {
  kSame,       // the same values and units
  kConverted,  // the same amount in two units, or a bare number that may be the other's in another
               // unit
  kDifferent,  // two amounts of one dimension that differ
  kUnknown     // nothing is known of one of the units
};

struct Amount {
  mpq_class value;
  std::string unit;  // as parse_unit gives it; "": a bare number
};
UnitRelation relate(const Amount& a, const Amount& b);

}  // namespace laconic
