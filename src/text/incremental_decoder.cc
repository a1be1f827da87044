// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace laconic {

IncrementalDecoder::IncrementalDecoder(const Tokenizer& tokenizer, bool skip_special)
    : tokenizer_(tokenizer), skip_special_(skip_special) {}

std::string IncrementalDecoder::push(int32_t id) {
  held_ += tokenizer_.decode_bytes({&id, 1}, skip_special_);
  // Only an unfinished character at the very end waits; what is ill-formed already never gets
  // better.
  size_t complete = 0;
  while (complete < held_.size()) {
    const Utf8Step step = step_utf8(held_, complete);
    if (step.truncated) break;
    complete += step.num_bytes;
  }
  std::string text = repair_utf8(std::string_view(held_).substr(0, complete));
  held_.erase(0, complete);
  return text;
}

std::string IncrementalDecoder::finish() {
  std::string text = repair_utf8(held_);
  held_.clear();
  return text;
}

}  // namespace laconic
