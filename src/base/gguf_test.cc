// SPDX-License-Identifier: Apache-2.0
#include "base/gguf.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/gguf_writer_fixture.h"

namespace laconic {
namespace {

GgufBytes with_all_types() {
  GgufBytes file;
  file.header(2, 14);
  file.key("u8", 0).put<uint8_t>(200);
  file.key("i8", 1).put<int8_t>(-3);
  file.key("u16", 2).put<uint16_t>(60000);
  file.key("i16", 3).put<int16_t>(-300);
  file.u32("u32", 4000000000u);
  file.key("i32", 5).put<int32_t>(-70000);
  file.f32("f32", 1e-5f);
  file.key("yes", 7).put<uint8_t>(1);
  file.string("s", "text");
  file.key("a", 9).put<uint32_t>(8).put<uint64_t>(2).text("x").text("yz");
  file.key("u64", 10).put<uint64_t>(1ull << 40);
  file.key("i64", 11).put<int64_t>(-(1ll << 40));
  file.key("f64", 12).put<double>(0.1);
  file.key("nested", 9).put<uint32_t>(9).put<uint64_t>(1);
  file.put<uint32_t>(4).put<uint64_t>(2).put<uint32_t>(7).put<uint32_t>(8);
  file.tensor("w", {32, 3}, 8, 0).tensor("n", {5}, 0, 128).pad();
  return file.raw(std::string(3 * 34, 'q')).pad().raw(std::string(20, 'f'));
}

TEST(Gguf, ReadsEveryValueTypeAndThePlacesOfTensors) {
  const GgufBytes file = with_all_types();
  const GgufIndex index = parse_gguf(file.bytes(), "f");
  EXPECT_EQ(index.metadata.dump(),
            R"({"u8": 200, "i8": -3, "u16": 60000, "i16": -300, "u32": 4000000000, "i32": -70000, )"
            R"("f32": 1e-05, "yes": true, "s": "text", "a": ["x", "yz"], "u64": 1099511627776, )"
            R"("i64": -1099511627776, "f64": 0.1, "nested": [[7, 8]]})");
  ASSERT_EQ(index.tensors.size(), 2u);
  EXPECT_EQ(index.tensors[0].shape, (std::vector<int64_t>{3, 32}));
  EXPECT_EQ(index.tensors[0].type, "Q8_0");
  EXPECT_EQ(file.str().substr(index.tensors[0].begin, 102), std::string(102, 'q'));
  EXPECT_EQ(index.tensors[0].end - index.tensors[0].begin, 102u);
  EXPECT_EQ(file.str().substr(index.tensors[1].begin), std::string(20, 'f'));
  EXPECT_EQ(index.tensors[1].end, file.str().size());
}

TEST(Gguf, EveryTruncationIsRefused) {
  const GgufBytes file = with_all_types();
  for (size_t size = 0; size < file.str().size(); ++size)
    EXPECT_THROW(parse_gguf(file.bytes().first(size), "f"), Error) << size;
}

// A flipped byte is refused with kModel or read as another value; nothing else happens.
TEST(Gguf, EveryFlippedByteIsRefusedOrRead) {
  const std::string good = with_all_types().str();
  for (size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {1, 128, 255}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      try {
        for (const GgufTensor& tensor : parse_gguf(GgufBytes().raw(bad).bytes(), "f").tensors)
          EXPECT_LE(tensor.end, bad.size());
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kModel);
      }
    }
  }
}

TEST(Gguf, BrokenFilesAreRefusedInOneLine) {
  const auto one = [](uint32_t type, std::vector<uint64_t> dimensions, uint64_t offset = 0) {
    return GgufBytes().header(1, 0).tensor("t", dimensions, type, offset).pad();
  };
  const struct {
    GgufBytes file;
    const char* message;
  } cases[] = {
      {GgufBytes().raw("GGML"), "f: magic: expected \"GGUF\", got other bytes (no GGUF file?)"},
      {GgufBytes().header(0, 0, 2), "f: version: expected 3, got 2"},
      {GgufBytes().header(0, 0, 3u << 24), "f: version: expected 3, got 3 in big-endian order"},
      {GgufBytes().header(1ull << 60, 0),
       "f: tensor count: expected at most 1048576, got 1152921504606846976"},
      {GgufBytes().header(0, 1).put<uint64_t>(1ull << 63),
       "f: metadata key: expected a string of at most 0 bytes, got 9223372036854775808"},
      {GgufBytes().header(0, 1).key("k", 13), "f: k: expected a value type from 0 to 12, got 13"},
      {GgufBytes().header(0, 2).u32("k", 1).u32("k", 2),
       "f: metadata: expected each key once, got \"k\" twice"},
      {GgufBytes().header(0, 1).key("k", 7).put<uint8_t>(2),
       "f: k: expected a boolean of 0 or 1, got 2"},
      {GgufBytes().header(0, 1).key("k", 9).put<uint32_t>(0).put<uint64_t>(1000).raw("abc"),
       "f: k: expected an array of at most 3 items, got 1000"},
      {GgufBytes().header(0, 1).key("k", 10).put<uint64_t>(~0ull),
       "f: k: expected an integer below 2^63, got 18446744073709551615"},
      {GgufBytes().header(1, 1).u32("general.alignment", 24),
       "f: general.alignment: expected a power of two up to 2^20, got 24"},
      {one(10, {256}),
       "f: tensor \"t\": expected a type of F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K, Q5_K and Q6_K, "
       "got Q2_K"},
      {one(77, {256}),
       "f: tensor \"t\": expected a type of F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K, Q5_K and Q6_K, "
       "got number 77"},
      {one(14, {128}), "f: tensor \"t\": expected rows of whole blocks of 256 values, got 128"},
      {one(8, {33}), "f: tensor \"t\": expected rows of whole blocks of 32 values, got 33"},
      {one(0, {0}),
       "f: tensor \"t\": expected positive dimensions with a product below 2^63, got 0"},
      {one(0, {1, 1, 1, 1, 1}), "f: tensor \"t\": expected 1 to 4 dimensions, got 5"},
      {one(0, {1ull << 40}), "f: tensor \"t\": expected a size within the file, got more"},
      {one(0, {4}, 32), "f: tensor \"t\": expected the offset 0, got 32"},
      {one(0, {4}).raw("short"),
       "f: tensor \"t\": expected a file of at least 80 bytes, got 69 (file cut short?)"},
      {one(0, {4}).raw(std::string(64, 'x')),
       "f: expected a file of at most 96 bytes, got 128 (bytes that no tensor owns)"},
      {GgufBytes().header(2, 0).tensor("t", {1}, 0, 0).tensor("t", {1}, 0, 32),
       "f: tensor \"t\": expected each name once, got it twice"},
  };
  for (const auto& c : cases) {
    try {
      parse_gguf(c.file.bytes(), "f");
      ADD_FAILURE() << "accepted, not: " << c.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
      EXPECT_STREQ(error.what(), c.message);
    }
  }
}

}  // namespace
}  // namespace laconic
