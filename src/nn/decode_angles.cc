// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_angles.h"

#include <algorithm>

namespace laconic {

DecodeAngles::DecodeAngles(const ModelConfig& config, bool local, int64_t max_positions)
    : config_(config), local_(local), half_(config.rotary_width() / 2) {
  const bool has_two = config.rope.kind == RopeKind::kLongRope && regime(max_positions) > 0;
  const auto context =
      has_two ? static_cast<int64_t>(config.rope.original_max_positions) : config.max_positions;
  fill(within_, 1, std::min(max_positions, context));
  if (has_two) fill(beyond_, max_positions, std::min(max_positions, config.max_positions));
}

void DecodeAngles::fill(Table& table, int64_t length, int64_t num_positions) {
  table.frequencies = rope_frequencies(config_, local_, length);
  table.num_positions = num_positions;
  table.cosines.resize(static_cast<size_t>(num_positions * half_));
  table.sines.resize(table.cosines.size());
  fill_rope(table.frequencies, num_positions, table.cosines.data(), table.sines.data());
}

Angles DecodeAngles::at(int64_t position, int64_t length, float* own) {
  const int64_t wanted = regime(length);
  if (wanted > 1) {
    if (wanted != dynamic_regime_) {
      dynamic_ = rope_frequencies(config_, local_, length);
      dynamic_regime_ = wanted;
    }
    rope_angles(dynamic_, position, own, own + half_);
    return {own, own + half_};
  }
  const Table& table = wanted == 0 ? within_ : beyond_;
  if (position >= table.num_positions) {
    rope_angles(table.frequencies, position, own, own + half_);
    return {own, own + half_};
  }
  return {table.cosines.data() + position * half_, table.sines.data() + position * half_};
}

}  // namespace laconic
