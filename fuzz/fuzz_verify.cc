// The verifier: two answers around a NUL byte (or one twice). No input crashes it, an answer equals
// itself, and "right" does not depend on which of the two is the gold answer.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "eval/normalise.h"
#include "eval/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using laconic::Verdict;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t middle = text.find('\0');
  const std::string_view gold = text.substr(0, middle);
  const std::string_view answer = middle == std::string_view::npos ? text : text.substr(middle + 1);
  const bool right = laconic::compare_answers(gold, answer).verdict == Verdict::kRight;
  if (right != (laconic::compare_answers(answer, gold).verdict == Verdict::kRight)) std::abort();
  const bool same = laconic::compare_answers(answer, answer).verdict == Verdict::kRight;
  const bool is_empty = answer.size() < 8192 && laconic::canonical_answer(answer).empty();
  if (!same && !is_empty) std::abort();
  laconic::judge(gold, text);
  return 0;
}
