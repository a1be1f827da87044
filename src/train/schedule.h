// The learning rate as a function of the step: warm-up, then constant, linear, cosine, or constant
// with a fall over the last part.
//
// Spellings are those of transformers' lr_scheduler_type where it has one. Steps count from 0;
// warm-up rises linearly, the first step already moves (lr * 1 / warmup_steps). At the last step
// the rate is at min_ratio * lr plus one step's share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace laconic {

enum class ScheduleKind { kConstant, kLinear, kCosine, kConstantWithDecay };

struct Schedule {
  ScheduleKind kind = ScheduleKind::kCosine;
  double lr = 0.0;  // the highest rate
  int64_t num_steps = 0;
  int64_t warmup_steps = 0;
  double min_ratio = 0.0;  // of lr, at the end of a fall
  double decay_share =
      0.5;  // kConstantWithDecay: the last part of all steps, in which lr falls linearly
};

// "constant", "constant_with_warmup" (the same), "linear", "cosine", "constant_with_decay".
// Error(kUsage) names what is known.
ScheduleKind parse_schedule_kind(const std::string& name);

// The rate of step 0 .. num_steps-1.
double learning_rate(const Schedule& schedule, int64_t step);

}  // namespace laconic
