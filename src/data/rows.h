// Reading files of training rows and of problems: field names in, plain structs out.
//
// What it is not: no prompt is built here and nothing is tokenized (text/prompt_builder.h does
// both); the run's instruction is added there too. Field names are listed in docs/data-format.md.
// Containers (JSONL, JSON array, Parquet, gzip, zstd) are data/row_file.h's matter. Errors:
// Error(kData) "file:line: field: expected X, got Y", or what the bad-row policy
// says instead. Deterministic; rows come back in file order. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace laconic {

class DatasetInfo;
class OutputFile;

// What the assistant is asked is exactly one of: `messages` (not null), `problem` (not empty: a
// user turn of it with the run's instruction), `text`, else `prompt` (used as it is).
struct TrainingRow {
  std::string id;
  const char* shape = "";  // what the row was recognised as, for people
  // Array of {role, content}. With num_prompt_messages > 0 it is a whole conversation, and every
  // assistant turn behind that many messages is trained on; else it ends before the completion.
  Json messages;
  int64_t num_prompt_messages = 0;
  Json variables;  // of the template, beside the messages: tools, enable_thinking, ...; or null
  // Members of the row that nothing was made of, as "name" or "messages[].name"; sorted. Those that
  // the template may read are in `template_reads` instead: whoever has it knows.
  std::vector<std::string> unused, template_reads;
  std::string system;  // in front of `problem`; empty: none
  std::string problem;
  std::string prompt;
  std::string text;        // trained on whole (TRL's language modelling rows)
  std::string completion;  // with its think span, without end-of-turn; empty where the row is whole
  int64_t line = 0;        // 1-based, in its file
};

// Asked by `messages`, `problem` or `prompt`, as in TrainingRow.
struct Problem {
  std::string id;
  Json messages;
  std::string system;  // in front of `problem`; empty: none
  std::string problem;
  std::string prompt;
  Json variables;    // of the template, as in TrainingRow
  std::string gold;  // empty where the row has none and none is required
  Json extra;        // the whole row, every field as it was
  int64_t line = 0;
};

enum class BadRowAction { kFail, kSkip, kQuarantine };

struct BadRowPolicy {
  BadRowAction action = BadRowAction::kFail;
  std::string quarantine_path;
};

// "fail", "skip" or "quarantine=PATH"; anything else is Error(kUsage).
BadRowPolicy parse_bad_row_policy(const std::string& text);

// What to do with bad rows, and how many there were: one object serves all the files of a command.
// A quarantine file is new with each command: {"file", "line", "reason", "row"}, the row as its raw
// text (bytes that are no UTF-8 as U+FFFD).
class BadRows {
 public:
  explicit BadRows(BadRowPolicy policy = {});
  ~BadRows();
  // kFail: throws Error(kData, `reason`). `reason` names file, line and field.
  void add(const std::string& file, int64_t line, std::string_view row, const std::string& reason);
  void close();  // syncs the quarantine file, if there is one
  int64_t count() const { return count_; }
  const std::map<std::string, int64_t>& count_by_file() const { return count_by_file_; }
  std::string summary() const;  // "3 bad rows skipped (first: ...)"; empty without bad rows

 private:
  BadRowPolicy policy_;
  int64_t count_ = 0;
  std::map<std::string, int64_t> count_by_file_;
  std::string first_reason_;
  std::unique_ptr<OutputFile> quarantine_;
};

struct TrainingRowOptions {
  // A field that holds the completion where a row has it ("short", "long" in the world's rows);
  // empty: none.
  std::string completion_field;
  const DatasetInfo* mapping = nullptr;  // renames a row's fields first
};

struct ProblemOptions {
  bool require_gold = true;
};

// `path` "-" reads stdin. A file without a single good row is Error(kData).
std::vector<TrainingRow> read_training_rows(const std::string& path, BadRows& bad_rows,
                                            const TrainingRowOptions& options = {});
// Two rows with the same id: the later one is a bad row.
std::vector<Problem> read_problems(const std::string& path, BadRows& bad_rows,
                                   const ProblemOptions& options = {});

// One row. `place` ("file:line") starts messages and is the id of a row without one.
TrainingRow parse_training_row(const Json& row, const std::string& place,
                               const TrainingRowOptions& options = {});
Problem parse_problem(const Json& row, const std::string& place,
                      const ProblemOptions& options = {});

// Calls visit(line number, text) for every line that is not blank, without its line end and a
// leading byte order mark.
template <typename Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  for (int64_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) visit(number, line);
  }
}

// The whole of a file, or of stdin for "-".
std::string read_input(const std::string& path);

}  // namespace laconic
