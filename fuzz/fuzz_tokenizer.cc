// Fuzzes the tokenizer: the first byte chooses between reading the rest as a tokenizer.json (which
// must be accepted or refused with an Error, nothing else) and encoding it as text with
// a small one (where decoding must give the normalized text back, at once and
// id by id).
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "text/bpe_trainer.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace laconic {
namespace {

void fuzz_file(std::string_view bytes) {
  try {
    const Tokenizer tokenizer = Tokenizer::from_json(Json::parse(bytes, "fuzz"), "fuzz");
    const std::string text = "Hello <|im_end|> world's 12\n\n e\u0301 \u4f60\u597d";
    tokenizer.decode(tokenizer.encode(text, {true, true}), true);
  } catch (const Error& error) {
    LACONIC_CHECK(error.kind() == ErrorKind::kModel || error.kind() == ErrorKind::kData,
                  error.what());
  }
}

Tokenizer small_tokenizer() {
  const std::vector<std::string> texts = {
      "First we plan, then we work. Wait, let me check that again: 12 + 7 = 19, and 19 - 7 = 12.\n"
      "The answer is 19. The answer is 12. \u00e9t\u00e9 \u4f60\u597d\u4f60\u597d   \n\n   then "
      "the answer"};
  BpeTrainerSettings settings;
  settings.special_tokens = {"<|im_end|>", "<|"};
  settings.plain_tokens = {"<think>"};
  return Tokenizer::from_json(train_bpe(texts, settings), "small");
}

void fuzz_text(std::string_view bytes) {
  static const Tokenizer tokenizer = small_tokenizer();
  const std::string text = repair_utf8(bytes);
  const auto ids = tokenizer.encode(text);
  const std::string normalized = tokenizer.normalize(text);
  LACONIC_CHECK(tokenizer.decode(ids) == normalized, "decode");
  IncrementalDecoder decoder(tokenizer);
  std::string streamed;
  for (const int32_t id : ids) streamed += decoder.push(id);
  LACONIC_CHECK(streamed + decoder.finish() == normalized, "incremental decode");
}

}  // namespace
}  // namespace laconic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0)
    laconic::fuzz_file(bytes);
  else
    laconic::fuzz_text(bytes);
  return 0;
}
