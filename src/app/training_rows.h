// Rows of text -> rows of ids for the trainer, with every row that is left out counted by its
// reason.
//
// A row longer than max_length is dropped, never cut: a cut target loses its end and its
// end-of-turn id, and the model would learn not to stop. A domain that keeps no row is
// Error(kData).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/rows.h"
#include "text/prompt_builder.h"
#include "train/batch.h"

namespace laconic {

struct Domain {
  std::string name;
  std::vector<TrainRow> rows;
  int64_t num_tokens = 0;  // of the kept rows, prompt included
  int64_t num_targets = 0;
  int64_t num_too_long = 0;
  int64_t num_bad = 0;          // unreadable or untrainable, by --bad-rows
  std::string summary() const;  // one line
};

struct DomainSource {
  std::string name;
  std::string path;
  std::string completion_field;  // "short" or "long" of the world's rows; empty: by the row's shape
};

struct RowLimits {
  int64_t max_length = 16384;  // tokens, prompt and end of turn included
  std::string instruction;     // goes into the user turn of a `problem` row
};

// Error(kData) for a row that cannot be trained on. max_length is not looked at.
TokenizedRow tokenize_row(const TrainingRow& row, const PromptBuilder& builder,
                          const RowLimits& limits);

// `bad_rows` serves all the files of a command: a second quarantine file would replace the first.
Domain load_domain(const DomainSource& source, const PromptBuilder& builder,
                   const RowLimits& limits, BadRows& bad_rows);

}  // namespace laconic
