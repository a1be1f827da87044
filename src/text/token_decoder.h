// The decoder of tokenizer.json: token strings in, text out, one token at a time.
//
// null (tokens joined by blanks), ByteLevel, Metaspace, ByteFallback, Replace, Strip, Fuse, or a
// Sequence of them; a Replace behind the stage that joins all tokens (ByteLevel, Fuse) must look
// for a single character. Feeding tokens one by one is the only way to decode here, so that
// decoding at once and streaming cannot differ. Text is held back only while it could still turn
// out otherwise: an unfinished UTF-8 character, a run of bytes (ByteFallback: one bad byte spoils
// the run), blanks at the end that a Strip may take. Source: `tokenizers` 0.2x, decoders. Errors:
// Error(kModel) for others, by name. Thread-safe after construction; a State belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace laconic {

// What a stage remembers of the tokens so far.
struct DecoderMemory {
  bool seen_token = false;
  std::string held;
  size_t num_stripped = 0;
  bool start_is_over = false;
};

// Passes tokens on. `emit` appends to the output or feeds the next stage.
class TokenSink {
 public:
  virtual ~TokenSink() = default;
  virtual void put(std::string_view token) = 0;
};

class DecoderStage {
 public:
  virtual ~DecoderStage() = default;
  virtual void push(std::string_view token, DecoderMemory& memory, TokenSink& next) const = 0;
  virtual void finish(DecoderMemory&, TokenSink&) const {}
  // True where a token becomes what it becomes whatever stands around it.
  virtual bool is_local() const { return false; }
};

class TokenDecoder {
 public:
  static TokenDecoder parse(const Json& json, const std::string& place);

  // The part of the chain that looks at one token alone; done once for each of the vocabulary.
  std::string prepare(std::string_view token) const;
  // True where preparing gives the bytes that the text consists of, ill-formed UTF-8 aside.
  bool is_bytes() const { return is_bytes_; }

  using State = std::vector<DecoderMemory>;
  State start() const { return State(stages_.size()); }
  // Appends what the prepared token settles.
  void push(State& state, std::string_view prepared, std::string& out) const;
  void finish(State& state, std::string& out) const;

 private:
  friend class TokenDecoderParser;
  std::vector<std::unique_ptr<const DecoderStage>> stages_;
  size_t num_local_ = 0;  // the first stages, which prepare() runs
  bool is_bytes_ = false;
};

}  // namespace laconic
