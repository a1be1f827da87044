// SPDX-License-Identifier: Apache-2.0
#include "nn/dequantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "nn/half.h"

namespace laconic {
namespace {

std::vector<std::byte> bytes_of(const std::vector<uint8_t>& values) {
  std::vector<std::byte> bytes;
  for (uint8_t value : values) bytes.push_back(std::byte{value});
  return bytes;
}

// Worked by hand from the block definitions. 0x3800 is 0.5 in fp16, 0xbc00 is -1.
TEST(Dequantize, BlocksByHand) {
  std::vector<uint8_t> q8 = {0x00, 0x38};
  for (int i = 0; i < 32; ++i) q8.push_back(static_cast<uint8_t>(i - 16));
  std::vector<float> values(32);
  dequantize("Q8_0", bytes_of(q8), values);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(values[i], 0.5f * static_cast<float>(i - 16));

  std::vector<uint8_t> q4 = {0x00, 0x38};
  for (int i = 0; i < 16; ++i) q4.push_back(static_cast<uint8_t>(i | ((15 - i) << 4)));
  dequantize("Q4_0", bytes_of(q4), values);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(values[i], 0.5f * static_cast<float>(i - 8));
    EXPECT_EQ(values[16 + i], 0.5f * static_cast<float>(15 - i - 8));
  }
  q4.insert(q4.begin() + 2, {0x00, 0xbc});
  dequantize("Q4_1", bytes_of(q4), values);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(values[i], 0.5f * static_cast<float>(i) - 1.0f);
    EXPECT_EQ(values[16 + i], 0.5f * static_cast<float>(15 - i) - 1.0f);
  }
}

// Every 16-bit pattern survives widening and narrowing, whatever its place in the run.
TEST(Dequantize, SixteenBitPatternsRoundTrip) {
  for (const char* type : {"F16", "BF16"}) {
    std::vector<uint16_t> bits(65536 + 5);
    for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
    std::vector<float> values(bits.size());
    dequantize(type, std::as_bytes(std::span(bits)), values);
    std::vector<uint16_t> back(bits.size());
    quantize(torch_dtype(type), values, std::as_writable_bytes(std::span(back)));
    for (size_t i = 0; i < bits.size(); ++i) {
      if (std::isnan(values[i]))
        EXPECT_EQ(back[i] & 0x7f80, bits[i] & 0x7f80 ? back[i] & 0x7f80 : 0) << i;
      else
        ASSERT_EQ(back[i], bits[i]) << type << " " << i;
    }
  }
}

// Ties go to the even neighbour; just off a tie goes to the nearer one; overflow is infinity.
TEST(Dequantize, RoundsToNearestEven) {
  struct Case {
    const char* dtype;
    float value;
    float expected;
  };
  const float infinity = std::numeric_limits<float>::infinity();
  const Case cases[] = {
      {"bfloat16", 1.0f + 0x1p-8f, 1.0f},
      {"bfloat16", 1.0f + 0x1p-8f + 0x1p-20f, 1.0f + 0x1p-7f},
      {"bfloat16", 1.0f + 3 * 0x1p-8f, 1.0f + 4 * 0x1p-8f},
      {"bfloat16", -(1.0f + 0x1p-8f), -1.0f},
      {"bfloat16", std::numeric_limits<float>::max(), infinity},
      {"float16", 1.0f + 0x1p-11f, 1.0f},
      {"float16", 1.0f + 3 * 0x1p-11f, 1.0f + 4 * 0x1p-11f},
      {"float16", 65519.0f, 65504.0f},
      {"float16", 65520.0f, infinity},
      {"float16", 0x1p-25f, 0.0f},
      {"float16", 3 * 0x1p-25f, 4 * 0x1p-25f},
  };
  for (const Case& c : cases) {
    const std::vector<float> values(37, c.value);  // a vectorised part and a tail
    std::vector<uint16_t> bits(values.size());
    quantize(c.dtype, values, std::as_writable_bytes(std::span(bits)));
    for (uint16_t pattern : bits) {
      const float got = std::string_view(c.dtype) == "float16" ? float16_to_float(pattern)
                                                               : bfloat16_to_float(pattern);
      EXPECT_EQ(got, c.expected) << c.dtype << " " << c.value;
    }
  }
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::vector<float> floats_of(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// Blocks of the gguf package (tests/golden/make_gguf_blocks.py), bit for bit both ways.
TEST(Dequantize, BlocksAreThoseOfGguf) {
  std::istringstream rows(read_file(LACONIC_SOURCE_DIR "/tests/golden/gguf_blocks.jsonl"));
  int num_types = 0;
  for (std::string line; std::getline(rows, line); ++num_types) {
    const Json row = Json::parse(line, "gguf_blocks.jsonl");
    const auto bytes = [&](const char* key) { return from_hex(row.at(key, "").as_string("")); };
    const std::string& type = row.at("type", "").as_string("");
    ASSERT_TRUE(can_dequantize(type));
    const std::vector<float> expected = floats_of(bytes("values"));
    std::vector<float> got(expected.size());
    dequantize(type, as_bytes(bytes("blocks")), got);
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], expected[i]) << type << " " << i;
    if (!row.find("given")) continue;
    const std::vector<float> given = floats_of(bytes("given"));
    std::string quantised(given.size() / 32 * 34, '?');
    quantize(type, given, std::as_writable_bytes(std::span(quantised.data(), quantised.size())));
    EXPECT_EQ(quantised, bytes("quantised"));
  }
  EXPECT_EQ(num_types, 6);
}

}  // namespace
}  // namespace laconic
