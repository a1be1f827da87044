// SPDX-License-Identifier: Apache-2.0
#include "base/gguf_writer.h"

#include <gtest/gtest.h>

#include "base/gguf.h"

namespace laconic {
namespace {

TEST(GgufWriter, TheReaderFindsWhatWasWritten) {
  GgufHeader header;
  header.text("general.architecture", "llama");
  header.count("n", 4000000000);
  header.real("eps", 1e-5);
  header.flag("yes", true);
  header.texts("tokens", {"a", "", "\u0120b"});
  header.integers("types", {1, -3});
  EXPECT_EQ(header.tensor("w", "Q8_0", {3, 64}), 3u * 2 * 34);
  EXPECT_EQ(header.tensor("n", "F32", {5}), 20u);
  EXPECT_EQ(header.data_bytes(), 224u + 32);
  const std::string file = header.bytes() + std::string(header.data_bytes(), 'x');
  const GgufIndex index = parse_gguf(std::as_bytes(std::span(file.data(), file.size())), "written");
  EXPECT_EQ(
      index.metadata.dump(),
      "{\"general.architecture\": \"llama\", \"n\": 4000000000, \"eps\": 1e-05, \"yes\": true, "
      "\"tokens\": [\"a\", \"\", \"\u0120b\"], \"types\": [1, -3]}");
  ASSERT_EQ(index.tensors.size(), 2u);
  EXPECT_EQ(index.tensors[0].type, "Q8_0");
  EXPECT_EQ(index.tensors[0].shape, (std::vector<int64_t>{3, 64}));
  EXPECT_EQ(index.tensors[1].begin - index.tensors[0].begin, 224u);
}

}  // namespace
}  // namespace laconic
