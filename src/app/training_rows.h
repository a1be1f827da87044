// Rows of text -> rows of ids for the trainer, with every row that is left out counted by its
// reason.
//
// Loading goes through a file once, row by row (many at a time on all cores), and keeps where each
// good row stands; the ids of the first of them stay in memory up to `cache_bytes`, the others are
// made again when they are drawn, so that memory does not grow with the file. A row longer than
// max_length is dropped, never cut: a cut target loses its end and its end-of-turn id, and the
// model would learn not to stop. A domain that keeps no row is Error(kData). The file must not
// change while it is trained on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset_info.h"
#include "data/row_file.h"
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
};

struct RowLimits {
  int64_t max_length = 16384;  // tokens, prompt and end of turn included
  std::string instruction;     // goes into the user turn of a `problem` row
  TurnPolicy turns = TurnPolicy::kAll;
  int64_t cache_bytes = int64_t{256} << 20;  // of ids, a domain: speed only
};

// Error(kData) for a row that cannot be trained on. max_length is not looked at.
TokenizedRow tokenize_row(const TrainingRow& row, const PromptBuilder& builder,
                          const RowLimits& limits);

// The rows of one source as text: container, mapping of names and shape settled.
class SourceRows {
 public:
  explicit SourceRows(const DomainSource& source);
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
  int64_t size() const { return static_cast<int64_t>(kept_.size()); }
  int64_t num_targets() const { return num_targets_; }
  TrainRow row(int64_t i) const;
  // "train.jsonl: 1,234 rows, sharegpt conversations; 56,789 tokens, 34,567 of them trained on;
  // ..."
  std::string summary() const;
  // What the user should know of how rows were made: "12 of 1,234 rows: the template ...".
  std::vector<std::string> notes() const;

 private:
  // A row tokenized, or what is wrong with it.
  struct ReadRow {
    TokenizedRow ids;
    const char* shape = "";
    std::string fault;
  };
  ReadRow read(int64_t row) const;  // several threads at once do this
  void add(int64_t row, ReadRow read, BadRows& bad_rows);
  void keep(int64_t row, TrainRow ids);

  std::string name_;
  SourceRows source_;
  const PromptBuilder& builder_;
  RowLimits limits_;
  std::vector<int64_t> kept_;     // rows of the file
  std::vector<TrainRow> cached_;  // the first of kept_
  int64_t cached_bytes_ = 0;
  int64_t num_tokens_ = 0, num_targets_ = 0;  // of the kept rows, prompt included
  int64_t num_too_long_ = 0;
  int64_t num_bad_ = 0;  // unreadable or untrainable, by --bad-rows
  std::map<std::string, int64_t> shapes_, notes_;
};

// Says summary and notes of a domain in the log.
void log_domain(const Domain& domain);

}  // namespace laconic
