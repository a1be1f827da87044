// Oniguruma (Ruby syntax), the dialect of the patterns in tokenizer.json, rewritten for PCRE2 with
// UTF and UCP.
//
// \s, \w, \b and \v mean different sets in the two; interval quantifiers and options bind
// differently. What is rewritten means the same in PCRE2 afterwards; everything else that could
// differ is refused by name. Source: Oniguruma 6.9 doc/RE and doc/SYNTAX.md; pcre2pattern(3).
// Errors: Error(kModel) with the place and the construct.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace laconic {

std::string oniguruma_to_pcre2(std::string_view pattern, const std::string& place);

}  // namespace laconic
