// What k samples of one problem are worth: avg@k, pass@k, maj@k, with s.e. over problems.
//
//   avg@k   mean over problems of the share of right samples; its expectation does not depend on k.
//   pass@k  1 - C(n - c, k) / C(n, k) with c right of n samples: unbiased (Chen et al. 2021,
//           arXiv 2107.03374, section 2.1), unlike 1 - (1 - c/n)^k.
//   maj@k   the most frequent answer of the first k samples (by sample number) is right. An
//           answer has the votes of all that eval/verify.h calls equal to it. A sample without an
//           extracted answer has no vote; no vote at all is wrong. Ties: the expectation of a fair
//           draw among the answers that lead (equal ones are one), so that no order of samples is
//           preferred.
//
// Every problem weighs the same; s.e. = sd over problems / sqrt(G), infinite for one problem.
// Errors: Error(kData) without records. Deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "data/records.h"
#include "eval/statistics.h"

namespace laconic {

// Samples of the problem that has the fewest.
int64_t samples_per_problem(std::span<const SampleRecord> records);

Estimate average_at_k(std::span<const SampleRecord> records);
// Nothing where a problem has fewer than k samples. REQUIRES: k >= 1.
std::optional<Estimate> pass_at_k(std::span<const SampleRecord> records, int64_t k);
std::optional<Estimate> majority_at_k(std::span<const SampleRecord> records, int64_t k);

}  // namespace laconic
