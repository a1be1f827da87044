// What the verifier says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

enum class Verdict { kRight, kWrong, kUndecided };
const char* verdict_name(Verdict verdict);  // "right", "wrong", "undecided"

struct Outcome {
  Verdict verdict = Verdict::kUndecided;
  const char* reason = "not-decided";  // a code of docs/verifier.md
};

}  // namespace laconic
