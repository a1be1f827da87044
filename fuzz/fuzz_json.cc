// JSON: whatever the bytes, parsing ends in a value or in Error(kData), and a value that was read
// prints to text that reads back as the same value.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using laconic::Json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Json value;
  try {
    value = Json::parse(text, "input");
  } catch (const laconic::Error& error) {
    if (error.kind() != laconic::ErrorKind::kData) std::abort();
    return 0;
  }
  for (const int indent : {-1, 2})
    if (!(Json::parse(value.dump(indent), "again") == value)) std::abort();
  return 0;
}
