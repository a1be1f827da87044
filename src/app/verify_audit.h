// How verdicts stand to labels: counts by reason, and examples of each kind of disagreement.
// A label is another grader's verdict, not the truth; undecided counts as not right, bad rows are
// stated beside the table, never taken out of it unsaid.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "eval/verify.h"

namespace laconic {

struct AuditRow {
  Judgement judgement;
  bool label = false;
  std::string place, gold;
};

class Audit {
 public:
  explicit Audit(int64_t examples_per_kind) : examples_per_kind_(examples_per_kind) {}
  void add(const AuditRow& row);
  void print(int64_t bad_rows) const;  // to stdout

 private:
  // Counts of one reason: by label (false, true) and verdict.
  using Counts = std::array<std::array<int64_t, 3>, 2>;
  int64_t examples_per_kind_;
  std::map<std::string, Counts> by_reason_;
  // (label, reason) -> disagreements, the first of each kept as text.
  std::map<std::pair<bool, std::string>, std::pair<int64_t, std::vector<std::string>>> kinds_;
};

}  // namespace laconic
