// Ids against llama.cpp's published cases and against `tokenizers` (tests/golden/tokenizer.py);
// what is refused.
// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/test_data.h"

namespace laconic {
namespace {

const Tokenizer* shared_tokenizer(const std::string& name) {
  static std::vector<std::pair<std::string, std::unique_ptr<Tokenizer>>> loaded;
  for (const auto& [known, tokenizer] : loaded)
    if (known == name) return tokenizer.get();
  const std::string path = shared_data_path("tokenizers/" + name + "/tokenizer.json");
  if (!file_exists(path)) return nullptr;
  loaded.emplace_back(name, std::make_unique<Tokenizer>(Tokenizer::from_file(path)));
  return loaded.back().second.get();
}

TEST(Tokenizer, Qwen2GivesTheIdsOfLlamaCppsCases) {
  const Tokenizer* tokenizer = shared_tokenizer("qwen2.5");
  if (!tokenizer) GTEST_SKIP() << "no shared data: tokenizers/qwen2.5";
  const std::string base = shared_data_path("tokenizer-cases/ggml-vocab-qwen2.gguf");
  const std::string inputs = read_file(base + ".inp");
  std::istringstream outputs(read_file(base + ".out"));
  const std::string separator = "\n__ggml_vocab_test__\n";
  int num_cases = 0;
  for (size_t begin = 0; begin < inputs.size(); ++num_cases) {
    const size_t end = std::min(inputs.find(separator, begin), inputs.size());
    std::string line;
    ASSERT_TRUE(std::getline(outputs, line));
    std::istringstream numbers(line);
    std::vector<int32_t> expected;
    for (int32_t id; numbers >> id;) expected.push_back(id);
    const std::string text = inputs.substr(begin, end - begin);
    EXPECT_EQ(tokenizer->encode(text), expected) << text;
    begin = end + separator.size();
  }
  EXPECT_GE(num_cases, 45);
}

}  // namespace
}  // namespace laconic
