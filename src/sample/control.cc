// SPDX-License-Identifier: Apache-2.0
#include "sample/control.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace laconic {

Control::Next ControlChain::on_ids(std::span<const int32_t> ids) {
  Next chosen;
  for (const auto& part : parts_) {
    Next next = part->on_ids(ids);
    const bool free = chosen.num_dropped == 0 && chosen.forced.empty();
    if (free) {
      chosen.num_dropped = next.num_dropped;
      chosen.forced = std::move(next.forced);
    }
    if (!chosen.finish) chosen.finish = next.finish;
  }
  return chosen;
}

bool ControlChain::changes_logits() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const auto& part) { return part->changes_logits(); });
}

void ControlChain::on_logits(std::span<float> logits) {
  for (const auto& part : parts_)
    if (part->changes_logits()) part->on_logits(logits);
}

LogitBias::LogitBias(std::vector<std::pair<int32_t, float>> biases) : biases_(std::move(biases)) {
  for (const auto& [id, bias] : biases_) {
    require(id >= 0, ErrorKind::kUsage, "logit_bias: expected an id of 0 or more, got ", id);
    require(bias < std::numeric_limits<float>::infinity(), ErrorKind::kUsage,
            "logit_bias: expected a number or -inf for id ", id, ", got ", bias);
  }
}

void LogitBias::on_logits(std::span<float> logits) {
  for (const auto& [id, bias] : biases_)
    if (static_cast<size_t>(id) < logits.size()) logits[static_cast<size_t>(id)] += bias;
}

}  // namespace laconic
