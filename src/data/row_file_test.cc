// SPDX-License-Identifier: Apache-2.0
#include "data/row_file.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/test_data.h"
#include "data/decompress.h"
#include "data/parquet.h"

namespace laconic {
namespace {

std::string gzip(const std::string& text) {
  std::string out(text.size() + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

class RowFileTest : public testing::Test {
 protected:
  RowFileTest()
      : folder_(testing::TempDir() + "/row-file-" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~RowFileTest() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& bytes) {
    const std::string path = folder_ + "/rows";
    write_file_atomic(path, bytes);
    return path;
  }
  // "line:text" of each row.
  std::vector<std::string> rows(const std::string& bytes) {
    const RowFile file(write(bytes));
    form_ = file.form();
    std::vector<std::string> out;
    for (int64_t i = 0; i < file.size(); ++i) out.push_back(cat(file.line(i), ":", file.text(i)));
    return out;
  }
  std::string fault(const std::string& bytes) {
    try {
      rows(bytes);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      return std::string(error.what()).substr(folder_.size() + 1);
    }
    return "no error";
  }
  std::string folder_, form_;
};

using Rows = std::vector<std::string>;

TEST_F(RowFileTest, PrettyPrintedObjects) {
  const std::string one = "{\n  \"a\": [\n    1\n  ]\n}";
  EXPECT_EQ(rows("\n" + one + "\n"), (Rows{"2:" + one}));
  EXPECT_EQ(form_, "JSON objects");
  EXPECT_EQ(rows("\xEF\xBB\xBF{\r\n\"a\": \"}\"\r\n}\r\n" + one + "{\"b\": 2}"),
            (Rows{"1:{\r\n\"a\": \"}\"\r\n}", "4:" + one, "8:{\"b\": 2}"}));
  EXPECT_EQ(rows(gzip(one)), (Rows{"1:" + one}));
  EXPECT_EQ(
      fault(one + "\nx"),
      "rows:6: expected an object as pretty-printed as the first (or one a line: jq -c .), got "
      "\"x\"");
  EXPECT_NE(fault("{\n \"a\": 1").find("rows:1: "), std::string::npos);
  EXPECT_EQ(rows("{\"a\":\n1}"), (Rows{"1:{\"a\":", "2:1}"}));  // a torn line of JSONL
}

TEST_F(RowFileTest, WhatFillsADiskIsRefused) {
  const std::string text((size_t{64} << 20) + 1, ' ');
  for (const std::string& bytes : {gzip(text), zstd(text)})
    EXPECT_EQ(fault(bytes),
              "rows: expected at most 64 MiB unpacked (a hundred times its size, or 64 MiB), got "
              "more (is it meant to fill the disk? if not, unpack it first)");
  EXPECT_EQ(rows(gzip(text.substr(1))), Rows{});
}

TEST_F(RowFileTest, Lines) {
  EXPECT_EQ(rows("\xEF\xBB\xBF{\"a\": 1}\r\n\n \t\n{\"b\": 2}"),
            (Rows{"1:{\"a\": 1}", "4:{\"b\": 2}"}));
  EXPECT_EQ(form_, "JSONL");
  EXPECT_EQ(rows(""), Rows{});
  EXPECT_EQ(rows("{}\n[1]\n"), (Rows{"1:{}", "2:[1]"}));
}

TEST_F(RowFileTest, Array) {
  EXPECT_EQ(rows("\n[\n  {\"a\": \"]},\\\"\"},\n {\"b\":\n [1, {}]} , 3 ]\n"),
            (Rows{"3:{\"a\": \"]},\\\"\"}", "4:{\"b\":\n [1, {}]}", "5:3 "}));
  EXPECT_EQ(form_, "JSON array");
  EXPECT_EQ(rows("[]"), Rows{});
  EXPECT_EQ(rows("[\"a\"]"), (Rows{"1:\"a\""}));
  EXPECT_EQ(fault("[\n{}"), "rows:2: expected a comma or ], got the end of the file");
  EXPECT_EQ(fault("[{},\n"), "rows:2: expected a row or ], got the end of the file");
  EXPECT_EQ(fault("[{},\n]"), "rows:2: expected a row of the array, got \"]\"");
  EXPECT_EQ(fault("[{}\n{}]"), "rows:2: expected a comma or ], got \"{\"");
  EXPECT_EQ(fault("[\n{\"a\": [1}"),
            "rows:2: expected a row of the array, got one that does not end");
  EXPECT_EQ(fault("[{}]\n\n[{}]"),
            "rows:3: expected the end of the file behind its array, got more");
}

TEST_F(RowFileTest, Compressed) {
  std::string text;
  Rows expected;
  for (int i = 1; i <= 40000; ++i) {
    const std::string row = cat("{\"id\": ", i * 7919, "}");
    text += row + "\n";
    expected.push_back(cat(i, ":", row));
  }
  const size_t half = text.find('\n', text.size() / 2) + 1;
  EXPECT_EQ(rows(gzip(text)), expected);
  EXPECT_EQ(form_, "JSONL, gzip");
  EXPECT_EQ(rows(gzip(text.substr(0, half)) + gzip(text.substr(half))), expected) << "members";
  EXPECT_EQ(rows(zstd(text)), expected);
  EXPECT_EQ(form_, "JSONL, zstd");
  EXPECT_EQ(rows(zstd(text.substr(0, half)) + zstd(text.substr(half))), expected) << "frames";
  EXPECT_EQ(rows(zstd("[{}, {}]")), (Rows{"1:{}", "1:{}"}));
  EXPECT_EQ(form_, "JSON array, zstd");
  // A size at which the reader's block of 256 kB is full just where the frame ends.
  const std::string block(size_t{1} << 18, 'x');
  EXPECT_EQ(rows(zstd(block)), (Rows{"1:" + block}));
  EXPECT_EQ(rows(gzip(block)), (Rows{"1:" + block}));
  for (const std::string& whole : {gzip(text), zstd(text)}) {
    EXPECT_NE(fault(whole.substr(0, whole.size() / 2)).find("an end in the middle"),
              std::string::npos);
    EXPECT_NE(fault(whole.substr(0, 12)).find("an end in the middle"), std::string::npos);
    std::string damaged = whole;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
    EXPECT_NE(fault(damaged).find("rows: expected whole"), std::string::npos);
  }
  EXPECT_NE(fault(gzip(text) + "more").find("gzip"), std::string::npos);
}

TEST_F(RowFileTest, ParquetIsRefusedWhereItCannotBeRead) {
  const std::string path = write("PAR1 and no more");
  try {
    RowFile file(path);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), has_parquet() ? ErrorKind::kData : ErrorKind::kUsage) << error.what();
    EXPECT_EQ(std::string(error.what()).find(path), 0u);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(Parquet, Gsm8kIsTheSameAsItsJsonl) {
  const std::string parquet = shared_data_path("benchmarks/gsm8k-test.parquet");
  const std::string jsonl = shared_data_path("benchmarks/gsm8k-test.jsonl");
  if (!file_exists(parquet) || !file_exists(jsonl)) GTEST_SKIP() << parquet << " is absent";
  if (!has_parquet()) GTEST_SKIP() << "this build reads no Parquet";
  const RowFile got(parquet), expected(jsonl);
  EXPECT_EQ(got.form(), "Parquet");
  ASSERT_EQ(got.size(), expected.size());
  for (int64_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got.line(i), i + 1);
    ASSERT_EQ(Json::parse(got.text(i), "got"), Json::parse(expected.text(i), "expected")) << i;
  }
}

// Every kind of column; written by tests/cases/data/make_parquet.py.
TEST(Parquet, EveryKindOfColumn) {
  if (!has_parquet()) GTEST_SKIP() << "this build reads no Parquet";
  const std::string folder = std::string(LACONIC_SOURCE_DIR) + "/tests/cases/data/";
  const RowFile got(folder + "columns.parquet"), expected(folder + "columns.jsonl");
  ASSERT_EQ(got.size(), expected.size());
  for (int64_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(Json::parse(got.text(i), "got"), Json::parse(expected.text(i), "expected")) << i;
  // What JSON cannot hold is an error where it is read, and only there.
  const RowFile odd(folder + "timestamp.parquet");
  const Json row = Json::parse(odd.text(0), "odd:1");
  try {
    row.at("when", "odd:1").as_string("odd:1: when");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "odd:1: when: expected a string, got timestamp[ms]");
  }
}

}  // namespace
}  // namespace laconic
