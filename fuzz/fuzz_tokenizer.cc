// Fuzzes the tokenizer: the first byte chooses between reading the rest as a tokenizer.json (which
// must be accepted or refused with an Error, nothing else), encoding it as text with a small
// byte-level or metaspace one (where decoding must give the normalized text back, at once and id by
// id, and the memory of pieces must change nothing), decoding it as ids, and splitting by it as a
// pattern (where the automaton must find what PCRE2 finds).
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "text/bpe_trainer.h"
#include "text/regex.h"
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

// Llama 2's layout; no merge makes two blanks, which Strip and Metaspace would not give back.
Tokenizer metaspace_tokenizer() {
  Json vocab = Json::object();
  int id = 0;
  for (const char* token :
       {"<unk>", "<s>", "\u2581", "t", "h", "e", "a", "\n", "\u2581t", "he", "\u2581the"})
    vocab[token] = id++;
  constexpr const char* kHex = "0123456789ABCDEF";
  for (size_t b = 0; b < 256; ++b)
    vocab[std::string{'<', '0', 'x', kHex[b >> 4], kHex[b & 15], '>'}] = id++;
  Json json = Json::parse(R"~({"added_tokens":[{"id":1,"content":"<s>","single_word":false,
    "lstrip":false,"rstrip":false,"normalized":false,"special":true}],
    "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},
    {"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]},"pre_tokenizer":null,
    "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},
    "content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
    {"type":"Strip","content":" ","start":1,"stop":0}]},
    "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,
    "merges":["\u2581 t","h e","\u2581t he"]}})~",
                          "small");
  json["model"]["vocab"] = std::move(vocab);
  return Tokenizer::from_json(json, "small");
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  IncrementalDecoder decoder(tokenizer);
  std::string text;
  for (const int32_t id : ids) text += decoder.push(id);
  return text + decoder.finish();
}

void fuzz_text(const Tokenizer& tokenizer, std::string_view bytes) {
  const std::string text = repair_utf8(bytes);
  const auto ids = tokenizer.encode(text);
  const std::string normalized = tokenizer.normalize(text);
  LACONIC_CHECK(tokenizer.encode(text, {.use_memory = false}) == ids, "memory");
  LACONIC_CHECK(tokenizer.decode(ids) == normalized, "decode");
  LACONIC_CHECK(streamed(tokenizer, ids) == normalized, "incremental decode");
}

void fuzz_ids(const Tokenizer& tokenizer, std::string_view bytes) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2)
    ids.push_back(static_cast<uint8_t>(bytes[i]) + 256 * (static_cast<uint8_t>(bytes[i + 1]) % 2));
  const std::string text = tokenizer.decode(ids);
  LACONIC_CHECK(valid_utf8_prefix(text) == text.size(), "decode");
  LACONIC_CHECK(streamed(tokenizer, ids) == text, "incremental decode");
}

// A short pattern, a line feed, the text.
void fuzz_pattern(std::string_view bytes) {
  const std::string all = repair_utf8(bytes);
  const size_t end = all.find('\n');
  constexpr size_t kMaxPattern = 40, kMaxText = 200;  // PCRE2 takes its time with the worst ones
  if (end == std::string::npos || end > kMaxPattern || all.size() - end > kMaxText) return;
  const std::string pattern = all.substr(0, end), text = all.substr(end + 1);
  try {
    const Regex ours = Regex::compile(pattern, "fuzz");
    if (!ours.has_scanner()) return;
    const Regex theirs = Regex::compile(pattern, "fuzz", Regex::Engine::kPcre2);
    Regex::Matches found(ours, text), expected(theirs, text);
    for (;;) {
      const auto a = found.next(), b = expected.next();
      LACONIC_CHECK(a.has_value() == b.has_value(), "matches");
      if (!a) return;
      LACONIC_CHECK(a->begin == b->begin && a->end == b->end, "matches");
    }
  } catch (const Error& error) {
    LACONIC_CHECK(error.kind() == ErrorKind::kModel || error.kind() == ErrorKind::kData,
                  error.what());
  }
}

}  // namespace
}  // namespace laconic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const laconic::Tokenizer bytes_like = laconic::small_tokenizer();
  static const laconic::Tokenizer llama_like = laconic::metaspace_tokenizer();
  switch (data[0] % 6) {
    case 0:
      laconic::fuzz_file(bytes);
      break;
    case 1:
      laconic::fuzz_text(bytes_like, bytes);
      break;
    case 2:
      laconic::fuzz_text(llama_like, bytes);
      break;
    case 3:
      laconic::fuzz_ids(bytes_like, bytes);
      break;
    case 4:
      laconic::fuzz_ids(llama_like, bytes);
      break;
    default:
      laconic::fuzz_pattern(bytes);
  }
  return 0;
}
