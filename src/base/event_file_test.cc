// SPDX-License-Identifier: Apache-2.0
#include "base/event_file.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(EventFile, Crc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(""), 0u);
}

// The bytes that tensorboard 2.21's own RecordWriter wrote for the same events.
TEST(EventFile, RecordsAsTensorBoardWritesThem) {
  EXPECT_EQ(hex(event_file_version(1700000000.25)),
            "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9");
  EXPECT_EQ(hex(event_session_start(1700000001.5, 300)),
            "100000000000000095fbfe180900006040fc54d94110ac023a020801312d1a8d");
  const std::pair<std::string, double> values[] = {{"train/loss", 0.75}, {"eval/\xC3\xA9", -2}};
  EXPECT_EQ(
      hex(event_scalars(1700000001.5, 300, values)),
      "31000000000000009d8383e90900006040fc54d94110ac022a230a110a0a747261696e2f6c6f737315000040"
      "3f0a0e0a076576616c2fc3a915000000c037373751");
}

}  // namespace
}  // namespace laconic
