// Rows of text -> rows of ids for the trainer, with every row that is left out counted by its
// reason.
//
// Loading goes through a file once, many rows at a time on all cores, and keeps where each good row
// stands; ids stay in memory up to `cache_bytes`, those of the other rows are made again when they
// are drawn, so that memory does not grow with the file. A continued run takes the places from its
// index (data/row_index.h) and reads nothing. A row longer than max_length is dropped, never cut: a
// cut target loses its end and its end-of-turn id, and the model would learn not to stop. A domain
// that keeps no row is Error(kData). The file must not change while it is trained on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/dataset_info.h"
#include "data/row_file.h"
#include "data/row_index.h"
#include "data/rows.h"
#include "text/prompt_builder.h"
#include "train/batch.h"

namespace laconic {

struct DomainSource {
  std::string name;
  std::string path;  // of a data file, or of a dataset_info.json
  // "short" or "long" of the world's rows; empty: by the row's shape. The name of a data set where
  // `path` is a dataset_info.json.
  std::string completion_field;
  std::string index_path;  // an index that save_index() wrote earlier, if it is there; may be empty
};

// The files that its rows come from: the data file, before it a dataset_info.json that leads to it.
std::vector<std::string> files_of(const DomainSource& source);

struct RowLimits {
  int64_t max_length = 16384;  // tokens, prompt and end of turn included
  std::string instruction;     // goes into the user turn of a `problem` row
  TurnPolicy turns = TurnPolicy::kAll;
  int64_t cache_bytes = int64_t{256} << 20;  // of ids, a domain: speed only
};

// Error(kData) for a row that cannot be trained on. max_length is not looked at.
TokenizedRow tokenize_row(const TrainingRow& row, const PromptBuilder& builder,
                          const RowLimits& limits);

// The row's members that nothing was made of: its own, and those that the template never names.
std::vector<std::string> unused_members(const TrainingRow& row, const PromptBuilder& builder);

// The rows of one source as text: container, mapping of names and shape settled.
class SourceRows {
 public:
  explicit SourceRows(const DomainSource& source, const RowIndex* index = nullptr);
  RowFile& file() { return file_; }
  const RowFile& file() const { return file_; }
  TrainingRow parse(int64_t row) const;  // Error(kData)

 private:
  std::unique_ptr<DatasetInfo> mapping_;
  TrainingRowOptions options_;
  RowFile file_;
};

class Domain {
 public:
  // `builder` must outlive this. `bad_rows` serves all the files of a command: a second quarantine
  // file would replace the first.
  Domain(const DomainSource& source, const PromptBuilder& builder, const RowLimits& limits,
         BadRows& bad_rows);

  const std::string& name() const { return name_; }
  int64_t size() const { return source_.file().size(); }
  TokenRow row(int64_t i);
  void save_index(const std::string& path) const;
  // "train.jsonl: 1,234 rows, sharegpt conversations; 56,789 tokens, 34,567 of them trained on;
  // ..."
  std::string summary() const;
  bool has_turns() const;  // not texts alone: some row ends with an end of turn
  // What the user should know of how rows were made: "12 of 1,234 rows: the template ...".
  std::vector<std::string> notes() const;
  // "train.jsonl: members not used: source, level (12 rows)"; empty where all were.
  std::string unused() const;

 private:
  using Counts = std::map<std::string, int64_t>;

  // A row tokenized, or what is wrong with it.
  struct ReadRow {
    TokenizedRow ids;
    const char* shape = "";
    std::vector<std::string> unused;
    std::string fault;
  };
  void read_all(BadRows& bad_rows);
  ReadRow read(int64_t row) const;  // several threads at once do this
  void add(int64_t row, ReadRow read, BadRows& bad_rows, std::vector<int64_t>& kept);
  void remember(int64_t i, const TokenRow& row);
  Json facts() const;
  void restore(const Json& facts);

  std::string name_;
  Json key_;  // of its index
  std::optional<RowIndex> index_;
  SourceRows source_;
  const PromptBuilder& builder_;
  RowLimits limits_;
  std::unordered_map<int64_t, TokenRow> cached_;
  int64_t cached_bytes_ = 0;
  // num_tokens and num_targets of the kept rows, prompt included; num_too_long; num_bad: unreadable
  // or untrainable, by --bad-rows.
  Counts counts_, shapes_, notes_, unused_;
};

// RUN/rows-<k>.index
std::string index_path(const std::string& run_folder, size_t domain_idx);

// Saves each domain's index, if it has none yet.
void save_indices(const std::vector<Domain>& domains, const std::string& run_folder);

// Says summary and notes of a domain in the log.
void log_domain(const Domain& domain);

}  // namespace laconic
