// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_state.h"

namespace laconic {

IncrementalDecoder::IncrementalDecoder(const Tokenizer& tokenizer, bool skip_special)
    : tokenizer_(tokenizer),
      skip_special_(skip_special),
      memory_(tokenizer.state_->decoder.start()) {}

IncrementalDecoder::~IncrementalDecoder() = default;

std::string IncrementalDecoder::push(int32_t id) {
  std::string text;
  if (const std::string* token = tokenizer_.state_->token_to_decode(id, skip_special_))
    tokenizer_.state_->decoder.push(memory_, *token, text);
  return text;
}

std::string IncrementalDecoder::finish() {
  std::string text;
  tokenizer_.state_->decoder.finish(memory_, text);
  memory_ = tokenizer_.state_->decoder.start();
  return text;
}

}  // namespace laconic
