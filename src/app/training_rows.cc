// SPDX-License-Identifier: Apache-2.0
#include "app/training_rows.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"

namespace laconic {
namespace {

std::string with_commas(int64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::unique_ptr<DatasetInfo> read_mapping(const DomainSource& source) {
  if (!is_dataset_info(source.path)) return nullptr;
  return std::make_unique<DatasetInfo>(source.path, source.completion_field);
}

}  // namespace

TokenizedRow tokenize_row(const TrainingRow& row, const PromptBuilder& builder,
                          const RowLimits& limits) {
  Json variables;
  if (!row.tools.is_null()) variables["tools"] = row.tools;
  if (!row.text.empty()) return builder.text_row(row.text);
  if (row.num_prompt_messages > 0)
    return builder.conversation_row(row.messages, static_cast<size_t>(row.num_prompt_messages),
                                    variables, limits.turns);
  if (!row.messages.is_null()) return builder.training_row(row.messages, row.completion, variables);
  std::vector<int32_t> prompt = row.problem.empty()
                                    ? builder.text_ids(row.prompt)
                                    : builder.problem_ids(row.problem, limits.instruction);
  return builder.training_row(std::move(prompt), row.completion);
}

SourceRows::SourceRows(const DomainSource& source)
    : mapping_(read_mapping(source)), file_(mapping_ ? mapping_->file() : source.path) {
  options_.mapping = mapping_.get();
  if (!mapping_) options_.completion_field = source.completion_field;
}

TrainingRow SourceRows::parse(int64_t row) const {
  const std::string place = file_.place(row);
  const Json json = Json::parse(file_.text(row), place);
  json.as_object(place);
  TrainingRow parsed = parse_training_row(json, place, options_);
  if (parsed.id.empty()) parsed.id = cat(file_.name(), ":", file_.line(row));
  parsed.line = file_.line(row);
  return parsed;
}

Domain::Domain(const DomainSource& source, const PromptBuilder& builder, const RowLimits& limits,
               BadRows& bad_rows)
    : name_(source.name), source_(source), builder_(builder), limits_(limits) {
  const RowFile& file = source_.file();
  constexpr int64_t kBatchRows = 256;
  for (int64_t begin = 0; begin < file.size(); begin += kBatchRows) {
    std::vector<ReadRow> batch(static_cast<size_t>(std::min(kBatchRows, file.size() - begin)));
    parallel_for(batch.size(), [&](size_t i) { batch[i] = read(begin + static_cast<int64_t>(i)); });
    for (size_t i = 0; i < batch.size(); ++i)
      add(begin + static_cast<int64_t>(i), std::move(batch[i]), bad_rows);
  }
  require(!kept_.empty(), ErrorKind::kData, file.shown(), ": expected rows of at most ",
          limits.max_length, " tokens, got none (",
          num_too_long_ > 0 ? cat(num_too_long_, " are longer: raise --max-length")
                            : cat(num_bad_, " bad rows"),
          ")");
}

Domain::ReadRow Domain::read(int64_t i) const {
  ReadRow read;
  std::string reason;
  try {
    const TrainingRow row = source_.parse(i);
    reason = source_.file().place(i) + ": ";  // of what tokenizing throws
    read.shape = row.shape;
    read.ids = tokenize_row(row, builder_, limits_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    read.fault = reason + error.what();
  }
  return read;
}

void Domain::add(int64_t i, ReadRow read, BadRows& bad_rows) {
  TokenizedRow& ids = read.ids;
  if (!read.fault.empty()) {
    const RowFile& file = source_.file();
    bad_rows.add(file.shown(), file.line(i), file.text(i), read.fault);
    ++num_bad_;
  } else if (static_cast<int64_t>(ids.ids.size()) > limits_.max_length) {
    ++num_too_long_;
  } else {
    ++shapes_[read.shape];
    if (!ids.note.empty()) ++notes_[ids.note];
    keep(i,
         {std::move(ids.ids), static_cast<int64_t>(ids.num_prompt_tokens), std::move(ids.context)});
  }
}

void Domain::keep(int64_t row, TrainRow ids) {
  kept_.push_back(row);
  const auto size = static_cast<int64_t>(ids.ids.size());
  num_tokens_ += size;
  num_targets_ += ids.num_targets();
  const int64_t bytes = size * static_cast<int64_t>(sizeof(int32_t));
  // In order: what is behind a row that did not fit is not kept either.
  if (cached_.size() + 1 != kept_.size() || cached_bytes_ + bytes > limits_.cache_bytes) return;
  cached_bytes_ += bytes;
  cached_.push_back(std::move(ids));
}

TrainRow Domain::row(int64_t i) const {
  const auto at = static_cast<size_t>(i);
  if (at < cached_.size()) return cached_[at];
  TokenizedRow ids = tokenize_row(source_.parse(kept_[at]), builder_, limits_);
  return {std::move(ids.ids), static_cast<int64_t>(ids.num_prompt_tokens), std::move(ids.context)};
}

std::string Domain::summary() const {
  std::string text = cat(name_, ": ", with_commas(size()), " rows, ");
  const std::string& form = source_.file().form();
  bool is_first = true;
  for (const auto& [shape, count] : shapes_) {
    if (!is_first) text += " and ";
    if (shapes_.size() > 1) text += with_commas(count) + " ";
    text += shape;
    is_first = false;
  }
  if (form != "JSONL") text += cat(" (", form, ")");
  text += cat("; ", with_commas(num_tokens_), " tokens, ", with_commas(num_targets_),
              " of them trained on");
  if (num_too_long_ > 0) text += cat("; dropped ", num_too_long_, " longer than max_length");
  if (num_bad_ > 0) text += cat("; left out ", num_bad_, " bad rows");
  return text;
}

std::vector<std::string> Domain::notes() const {
  std::vector<std::string> lines;
  for (const auto& [note, count] : notes_)
    lines.push_back(
        cat(name_, ": ", with_commas(count), " of ", with_commas(size()), " rows: ", note));
  return lines;
}

void log_domain(const Domain& domain) {
  log_info(domain.summary());
  for (const std::string& note : domain.notes()) log_warning(note);
}

}  // namespace laconic
