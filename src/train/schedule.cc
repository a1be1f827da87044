// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace laconic {

ScheduleKind parse_schedule_kind(const std::string& name) {
  if (name == "constant" || name == "constant_with_warmup") return ScheduleKind::kConstant;
  if (name == "linear") return ScheduleKind::kLinear;
  if (name == "cosine") return ScheduleKind::kCosine;
  if (name == "constant_with_decay") return ScheduleKind::kConstantWithDecay;
  fail(ErrorKind::kUsage, "lr_scheduler_type: expected constant, constant_with_warmup, linear, ",
       "cosine or constant_with_decay, got ", name);
}

double learning_rate(const Schedule& s, int64_t step) {
  if (step < s.warmup_steps) {
    return s.lr * static_cast<double>(step + 1) / static_cast<double>(s.warmup_steps);
  }
  if (s.kind == ScheduleKind::kConstant) return s.lr;
  int64_t begin = s.warmup_steps;
  if (s.kind == ScheduleKind::kConstantWithDecay) {
    const double held = (1.0 - s.decay_share) * static_cast<double>(s.num_steps);
    begin = std::max(begin, static_cast<int64_t>(std::llround(held)));
  }
  if (step < begin || s.num_steps <= begin) return s.lr;
  const double done =
      std::min(1.0, static_cast<double>(step - begin) / static_cast<double>(s.num_steps - begin));
  const double height = s.kind == ScheduleKind::kCosine
                            ? 0.5 * (1.0 + std::cos(std::numbers::pi * done))
                            : 1.0 - done;
  return s.lr * (s.min_ratio + (1.0 - s.min_ratio) * height);
}

}  // namespace laconic
