// SPDX-License-Identifier: Apache-2.0
#include "sample/sample.h"

#include "base/error.h"

namespace laconic {

const char* finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      break;
  }
  return "cancelled";
}

void check_sampling_settings(const SamplingSettings& settings) {
  const auto check = [](bool ok, const char* name, const char* expected, auto got) {
    require(ok, ErrorKind::kUsage, name, ": expected ", expected, ", got ", got);
  };
  check(settings.temperature >= 0 && settings.temperature <= 1e6, "temperature",
        "a number from 0 to 1e6", settings.temperature);
  check(settings.temperature == 0 || settings.temperature >= 1e-6, "temperature",
        "0 (greedy) or at least 1e-6", settings.temperature);
  check(settings.top_k >= 0, "top_k", "0 (off) or more", settings.top_k);
  check(settings.top_p > 0 && settings.top_p <= 1, "top_p", "more than 0, at most 1",
        settings.top_p);
  check(settings.min_p >= 0 && settings.min_p <= 1, "min_p", "a number from 0 to 1",
        settings.min_p);
  check(settings.max_new_tokens >= 1, "max_new_tokens", "1 or more", settings.max_new_tokens);
  check(settings.allowed_ids >= 0, "allowed_ids", "0 (all) or more", settings.allowed_ids);
}

}  // namespace laconic
