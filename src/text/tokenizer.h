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
  bool use_memory = true;     // false: no piece's ids are remembered; slower, the same ids
};

class Tokenizer {
 public:
  // `place` (the path of tokenizer.json) starts error messages.
  static Tokenizer from_json(const Json& json, const std::string& place);
  static Tokenizer from_file(const std::string& path);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const;
  // Many texts on all cores (or `num_threads`), each as encode does it, in their order. Of several
  // texts that fail the first one's Error is thrown.
  std::vector<std::vector<int32_t>> encode_all(std::span<const std::string> texts,
                                               const EncodeOptions& options = {},
                                               size_t num_threads = 0) const;
  // Ids that name no token are passed over, as `tokenizers` does it; so are ill-formed bytes
  // repaired (U+FFFD).
  std::string decode(std::span<const int32_t> ids, bool skip_special = false) const;
  // What decode(encode(text)) gives back where no piece is dropped and no character unknown: the
  // text as normalizer, pre-tokenizer (Metaspace) and decoder spell it. Added tokens are cut out
  // first, as encode does it.
  std::string normalize(std::string_view text) const;

  // Ids of the added tokens that `text` spells, in order, once each time.
  std::vector<int32_t> added_ids(std::string_view text) const;
  // What `add_special` puts in front of the ids and behind them.
  const std::vector<int32_t>& special_before() const;
  const std::vector<int32_t>& special_behind() const;

  int32_t size() const;  // highest id + 1
  std::optional<int32_t> token_to_id(std::string_view token) const;
  std::optional<std::string> id_to_token(int32_t id) const;
  bool is_special(int32_t id) const;

 private:
  friend class IncrementalDecoder;
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct DecoderMemory;

// Ids as they stream in -> text; all of it together is what decode gives. What a later id could
// still change waits: an unfinished UTF-8 character, a run of byte tokens (token_decoder.h).
class IncrementalDecoder {
 public:
  // REQUIRES: a tokenizer that outlives the decoder.
  explicit IncrementalDecoder(const Tokenizer& tokenizer, bool skip_special = false);
  ~IncrementalDecoder();
  std::string push(int32_t id);  // the new complete characters, possibly none
  std::string finish();          // what was held back

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
  std::vector<DecoderMemory> memory_;
};

}  // namespace laconic
