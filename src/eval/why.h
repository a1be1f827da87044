// Why replies are not right, in words for the console: how many, what is missing, the verifier's
// reasons in order, and what to set.
//
// Not a table of the report: it is empty where every reply is right. Shares are of all replies.
// Reasons are the verifier's codes (docs/verifier.md). Pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/records.h"

namespace laconic {

struct WhyContext {
  std::string name;            // of the system
  int64_t max_new_tokens = 0;  // the cap they were sampled with
  bool asks_for_box = false;   // the instruction names \boxed
};

std::string why_text(std::span<const SampleRecord> records, const WhyContext& context);

}  // namespace laconic
