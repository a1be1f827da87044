// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

struct Case {
  const char* why;
  Schedule schedule;
  int64_t step;
  double want;
};

// kind, lr, num_steps, warmup_steps, min_ratio, decay_share
const Case kCases[] = {
    {"warm-up starts above zero", {ScheduleKind::kConstant, 1.0, 100, 10, 0, 0.5}, 0, 0.1},
    {"warm-up ends at the rate", {ScheduleKind::kConstant, 1.0, 100, 10, 0, 0.5}, 9, 1.0},
    {"constant stays", {ScheduleKind::kConstant, 1.0, 100, 10, 0, 0.5}, 99, 1.0},
    {"linear starts at the rate", {ScheduleKind::kLinear, 2.0, 110, 10, 0, 0.5}, 10, 2.0},
    {"linear half-way", {ScheduleKind::kLinear, 2.0, 110, 10, 0, 0.5}, 60, 1.0},
    {"linear last step", {ScheduleKind::kLinear, 2.0, 110, 10, 0, 0.5}, 109, 0.02},
    {"linear to a floor", {ScheduleKind::kLinear, 2.0, 110, 10, 0.1, 0.5}, 60, 1.1},
    {"cosine half-way", {ScheduleKind::kCosine, 2.0, 110, 10, 0, 0.5}, 60, 1.0},
    {"cosine quarter", {ScheduleKind::kCosine, 1.0, 100, 0, 0, 0.5}, 25, 0.85355339059},
    {"cosine past the end", {ScheduleKind::kCosine, 1.0, 100, 0, 0.03, 0.5}, 250, 0.03},
    {"held", {ScheduleKind::kConstantWithDecay, 1.0, 100, 10, 0, 0.5}, 50, 1.0},
    {"falls over the last half", {ScheduleKind::kConstantWithDecay, 1.0, 100, 10, 0, 0.5}, 75, 0.5},
    {"falls over the last fifth",
     {ScheduleKind::kConstantWithDecay, 1.0, 100, 10, 0.1, 0.2},
     90,
     0.55},
    {"no steps left to fall", {ScheduleKind::kLinear, 1.0, 10, 10, 0, 0.5}, 10, 1.0},
};

TEST(Schedule, Table) {
  for (const Case& c : kCases) {
    EXPECT_NEAR(learning_rate(c.schedule, c.step), c.want, 1e-9) << c.why;
  }
}

TEST(Schedule, NamesAreThoseOfTransformers) {
  EXPECT_EQ(parse_schedule_kind("constant_with_warmup"), ScheduleKind::kConstant);
  EXPECT_EQ(parse_schedule_kind("cosine"), ScheduleKind::kCosine);
  EXPECT_EQ(parse_schedule_kind("constant_with_decay"), ScheduleKind::kConstantWithDecay);
  EXPECT_THROW(parse_schedule_kind("polynomial"), Error);
}

}  // namespace
}  // namespace laconic
