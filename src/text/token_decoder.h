// The decoder of tokenizer.json: the bytes that a token stands for.
//
// ByteLevel, also as the only member of a Sequence or followed by Fuse. A token with a character
// outside the byte alphabet stands for its own UTF-8 (`tokenizers`, decoders/byte_level). Errors:
// Error(kModel) for others, by name.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace laconic {

class TokenDecoder {
 public:
  static TokenDecoder parse(const Json& json, const std::string& place);
  std::string bytes_of(std::string_view token) const;
};

}  // namespace laconic
