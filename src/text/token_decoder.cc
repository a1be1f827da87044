// SPDX-License-Identifier: Apache-2.0
#include "text/token_decoder.h"

#include "base/error.h"
#include "text/byte_level.h"

namespace laconic {
namespace {

// Counts ByteLevel stages; Fuse may follow them, for it only joins.
int count_byte_level(const Json& json, const std::string& place) {
  require(json.is_object(), ErrorKind::kModel, place, ": expected a ByteLevel decoder, got ",
          json.kind_name());
  const std::string& type = json.at("type", place).as_string(place + ".type");
  if (type == "ByteLevel") return 1;
  if (type == "Fuse") return 0;
  require(type == "Sequence", ErrorKind::kModel, place,
          ".type: expected ByteLevel or a Sequence with it, got \"", type, "\"");
  const auto& parts = json.at("decoders", place).as_array(place + ".decoders");
  int count = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const int here = count_byte_level(parts[i], cat(place, ".decoders[", i, "]"));
    require(count + here > 0, ErrorKind::kModel, place,
            ".decoders: expected ByteLevel first, got Fuse");
    count += here;
  }
  return count;
}

}  // namespace

TokenDecoder TokenDecoder::parse(const Json& json, const std::string& place) {
  const int count = count_byte_level(json, place);
  require(count == 1, ErrorKind::kModel, place, ": expected one ByteLevel decoder, got ", count);
  return {};
}

std::string TokenDecoder::bytes_of(std::string_view token) const {
  auto bytes = from_byte_alphabet(token);
  return bytes ? std::move(*bytes) : std::string(token);
}

}  // namespace laconic
