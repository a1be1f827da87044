// The files of `laconic select`: sampled rows in, training rows out.
//
// In: rows of `laconic generate`, judged by `laconic verify` or not yet, and sample files of
// `laconic eval` (a header line first). A row without a verdict is judged by its gold answer. The
// sampler setting comes from the header, else from FILE.settings.json beside the file. Out: prompt
// and completion as messages (what was asked, with the instruction that was sampled with), and
// columns id, source, num_tokens, verdict, ground_truth, sampler; fields of the row that are none
// of these pass through. Errors: Error(kData) "file:line: field: ...", or what the bad-row policy
// says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "data/rows.h"
#include "method/select.h"

namespace laconic {

struct SampledRow {
  Problem problem;  // `extra` is the whole row
  std::string source;
  Json sampler;  // null where nobody says
  bool was_judged = false;
};

struct SampledRows {
  std::vector<SampledRow> rows;
  std::vector<SampledReply> candidates;  // one a row, in the same order
  int64_t num_judged_here = 0;
};

SampledRows read_sampled_rows(const std::vector<std::string>& paths, BadRows& bad_rows);

// REQUIRES: `selected` belongs to `row`.
Json training_json(const SampledRow& row, const SelectedRow& selected, bool numbered_id);

}  // namespace laconic
