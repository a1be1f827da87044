// Text to token ids and back, as the Hugging Face `tokenizers` package does it for tokenizer.json
// of BPE models.
//
// Source: tokenizers' documented pipeline: added tokens -> normalizer -> pre-tokenizer -> BPE
// merges -> post-processor. Anything in the file that this reader does not implement is
// Error(kModel) naming file, field and value; nothing is skipped silently. Thread-safe after
// construction (encode and decode are const without shared scratch).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace laconic {

class Json;

struct EncodeOptions {
  bool match_special = true;  // special tokens written in the text become their ids
  bool add_special = false;   // run the post-processor (BOS and the like)
};

class Tokenizer {
 public:
  // `place` (the path of tokenizer.json) starts error messages.
  static Tokenizer from_json(const Json& json, const std::string& place);
  static Tokenizer from_file(const std::string& path);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const;
  // Invalid UTF-8 in the decoded bytes becomes U+FFFD, as `tokenizers` does it.
  std::string decode(std::span<const int32_t> ids, bool skip_special = false) const;
  // The same before the repair: what incremental decoding holds back is bytes. Ids that name no
  // token are passed over, as `tokenizers` does it.
  std::string decode_bytes(std::span<const int32_t> ids, bool skip_special = false) const;
  // The normalizer's result (NFC for Qwen2): what decode(encode(text)) must give back. Added tokens
  // are cut out first, as encode does it. (A ByteLevel stage with add_prefix_space puts a space in
  // front that is not in here.)
  std::string normalize(std::string_view text) const;

  int32_t size() const;  // highest id + 1
  std::optional<int32_t> token_to_id(std::string_view token) const;
  std::optional<std::string> id_to_token(int32_t id) const;
  bool is_special(int32_t id) const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Bytes as they stream in -> text that never ends inside a UTF-8 character.
class IncrementalDecoder {
 public:
  explicit IncrementalDecoder(const Tokenizer& tokenizer, bool skip_special = false);
  std::string push(int32_t id);  // the new complete characters, possibly none
  std::string finish();          // what was held back

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
  std::string held_;  // bytes
};

}  // namespace laconic
