// SPDX-License-Identifier: Apache-2.0
#include "base/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "base/json.h"
#include "base/test_data.h"

namespace laconic {
namespace {

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// A file from header text and the number of data bytes.
std::string make_file(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + std::string(data_bytes, 'x');
}

// Every file of the shared collection is accepted or refused as its row says; a duplicate key,
// which the row leaves open, is refused here.
TEST(Safetensors, SharedCases) {
  const std::string folder = shared_data_path("safetensors-cases");
  if (!folder_exists(folder)) GTEST_SKIP() << "no shared data at " << folder;
  const std::string rows = read_file(join_path(folder, "cases.jsonl"));
  int num_cases = 0;
  for (size_t start = 0; start < rows.size();) {
    const size_t end = rows.find('\n', start);
    const Json row = Json::parse(rows.substr(start, end - start), "cases.jsonl");
    start = end + 1;
    const std::string file = row.at("file", "row").as_string("row");
    const bool expect_ok = row.at("expect", "row").as_string("row") == "ok";
    bool ok = true;
    std::string message;
    try {
      SafetensorsFile opened(join_path(folder, file));
    } catch (const Error& error) {
      ok = false;
      message = error.what();
      EXPECT_EQ(error.kind(), ErrorKind::kModel) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      EXPECT_NE(message.find(file), std::string::npos) << message;
    }
    EXPECT_EQ(ok, expect_ok) << file << ": " << message;
    ++num_cases;
  }
  EXPECT_GE(num_cases, 31);
}

// As safetensors 0.8.0 takes and refuses them (2026-12-01).
TEST(Safetensors, OnlyWhiteSpaceMayStandAroundTheHeadersObject) {
  using namespace std::string_view_literals;
  const std::string object = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const auto accepted = [&](std::string_view before, std::string_view behind) {
    try {
      parse_safetensors(as_bytes(make_file(cat(before, object, behind), 4)), "f");
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
      return false;
    }
  };
  for (const std::string_view space : {""sv, "   "sv, "\n\t\r "sv}) {
    EXPECT_TRUE(accepted(space, ""));
    EXPECT_TRUE(accepted("", space));
  }
  for (const std::string_view more :
       {"\0\0"sv, "\0x"sv, " \0"sv, "x"sv, "{}"sv, "\v"sv, "\xA0"sv}) {
    EXPECT_FALSE(accepted("", more)) << more;
    EXPECT_FALSE(accepted(more, "")) << more;
  }
  EXPECT_FALSE(accepted("\xEF\xBB\xBF", ""));
}

TEST(Safetensors, MessagesNameTensorFieldExpectedAndFound) {
  struct Case {
    const char* header;
    size_t data_bytes;
    const char* message;
  };
  const Case cases[] = {
      {R"({"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,12]}})", 12,
       "f: tensor \"w\".data_offsets: expected 16 bytes for its shape and dtype, got 12"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8,
       "f: expected 4 bytes after the header, got 8 (bytes that no tensor owns)"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},)"
       R"("b":{"dtype":"I8","shape":[4],"data_offsets":[2,6]}})",
       6,
       "f: tensor \"b\".data_offsets: expected a begin of 4, got 2 (overlaps the tensor before "
       "it)"},
      {R"({"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4,
       "f: tensor \"w\".shape: expected an integer, got number"},
      {R"({"w":{"shape":[1],"data_offsets":[0,4]}})", 4,
       "f: tensor \"w\": expected a field \"dtype\", got none"},
      {R"({"w":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,4]}})", 4,
       "f: tensor \"w\".shape: expected a size that fits 64 bits, got more"},
      {R"([1])", 0, "f: header: expected an object, got array"},
  };
  for (const Case& c : cases) {
    try {
      parse_safetensors(as_bytes(make_file(c.header, c.data_bytes)), "f");
      ADD_FAILURE() << "accepted: " << c.header;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), c.message);
    }
  }
}

TEST(Safetensors, HeaderReadsBack) {
  const std::vector<NewTensor> tensors = {
      {"a", "F32", {2, 3}}, {"b.weight", "BF16", {5}}, {"empty", "F16", {0, 7}}, {"s", "F32", {}}};
  std::string file = safetensors_header(tensors);
  EXPECT_EQ(file.size() % 8, 0u);
  EXPECT_NE(file.find(R"("__metadata__": {"format": "pt"})"), std::string::npos);
  file += std::string(24 + 10 + 0 + 4, 'x');
  const SafetensorsIndex index = parse_safetensors(as_bytes(file), "f");
  ASSERT_EQ(index.tensors.size(), 4u);
  ASSERT_EQ(index.metadata.size(), 1u);
  EXPECT_EQ(index.metadata[0].first, "format");
  EXPECT_EQ(index.metadata[0].second, "pt");
  EXPECT_EQ(index.tensors[0].name, "a");
  EXPECT_EQ(index.tensors[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(index.tensors[0].begin, file.size() - 38);
  EXPECT_EQ(index.tensors[3].end, file.size());
}

// Cut anywhere, a valid file is refused, never read beyond its end.
TEST(Safetensors, EveryTruncationIsRefused) {
  const std::vector<NewTensor> tensors = {{"a", "F32", {2}}, {"b", "I8", {3}}};
  const std::string file = safetensors_header(tensors) + std::string(11, 'x');
  EXPECT_NO_THROW(parse_safetensors(as_bytes(file), "f"));
  for (size_t size = 0; size < file.size(); ++size) {
    const std::string cut = file.substr(0, size);
    EXPECT_THROW(parse_safetensors(as_bytes(cut), "f"), Error) << size;
  }
}

}  // namespace
}  // namespace laconic
