// SPDX-License-Identifier: Apache-2.0
#include "app/training_rows.h"

#include "base/error.h"

namespace laconic {
TokenizedRow tokenize_row(const TrainingRow& row, const PromptBuilder& builder,
                          const RowLimits& limits) {
  if (!row.messages.is_null()) return builder.training_row(row.messages, row.completion);
  std::vector<int32_t> prompt = row.problem.empty()
                                    ? builder.text_ids(row.prompt)
                                    : builder.problem_ids(row.problem, limits.instruction);
  return builder.training_row(std::move(prompt), row.completion);
}

std::string Domain::summary() const {
  std::string text =
      cat(name, ": ", rows.size(), " rows, ", num_tokens, " tokens (", num_targets, " trained on)");
  if (num_too_long > 0) text += cat("; dropped ", num_too_long, " longer than max_length");
  if (num_bad > 0) text += cat("; left out ", num_bad, " bad rows");
  return text;
}

Domain load_domain(const DomainSource& source, const PromptBuilder& builder,
                   const RowLimits& limits, BadRows& bad_rows) {
  const int64_t num_bad_before = bad_rows.count();
  TrainingRowOptions options;
  options.completion_field = source.completion_field;
  Domain domain;
  domain.name = source.name;
  for (const TrainingRow& row : read_training_rows(source.path, bad_rows, options)) {
    TokenizedRow ids;
    try {
      ids = tokenize_row(row, builder, limits);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;
      bad_rows.add(source.path, row.line, row.completion,
                   cat(source.path, ":", row.line, ": ", error.what()));
      continue;
    }
    if (static_cast<int64_t>(ids.ids.size()) > limits.max_length) {
      ++domain.num_too_long;
      continue;
    }
    TrainRow kept{std::move(ids.ids), static_cast<int64_t>(ids.num_prompt_tokens)};
    domain.num_tokens += static_cast<int64_t>(kept.ids.size());
    domain.num_targets += kept.num_targets();
    domain.rows.push_back(std::move(kept));
  }
  domain.num_bad = bad_rows.count() - num_bad_before;
  require(!domain.rows.empty(), ErrorKind::kData, source.path, ": expected rows of at most ",
          limits.max_length, " tokens, got none (", domain.num_too_long,
          " are longer: raise --max-length)");
  return domain;
}

}  // namespace laconic
