// SPDX-License-Identifier: Apache-2.0
#include "data/rows.h"

#include <cstdio>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/terminal.h"
#include "data/row_file.h"

namespace laconic {
namespace {

// Reads every row of a file by `parse`; rows that throw Error(kData) go to `bad_rows`.
template <typename Row, typename Parse>
std::vector<Row> read_rows(const std::string& path, BadRows& bad_rows, const Parse& parse) {
  const RowFile file(path);
  std::vector<Row> rows;
  for (int64_t i = 0; i < file.size(); ++i) {
    const std::string place = file.place(i);
    try {
      const Json json = Json::parse(file.text(i), place);
      json.as_object(place);
      Row row = parse(json, place);
      if (row.id.empty()) row.id = cat(file.name(), ":", file.line(i));
      row.line = file.line(i);
      rows.push_back(std::move(row));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;
      bad_rows.add(file.shown(), file.line(i), file.text(i), error.what());
    }
  }
  require(!rows.empty(), ErrorKind::kData, file.shown(),
          ": expected at least one good row, got none",
          bad_rows.count() ? " (" + bad_rows.summary() + ")" : std::string());
  return rows;
}

}  // namespace

BadRowPolicy parse_bad_row_policy(const std::string& text) {
  constexpr std::string_view kQuarantinePrefix = "quarantine=";
  if (text == "fail") return {BadRowAction::kFail, ""};
  if (text == "skip") return {BadRowAction::kSkip, ""};
  if (text.starts_with(kQuarantinePrefix) && text.size() > kQuarantinePrefix.size())
    return {BadRowAction::kQuarantine, text.substr(kQuarantinePrefix.size())};
  fail(ErrorKind::kUsage, "--bad-rows: expected fail, skip or quarantine=PATH, got \"", text, "\"");
}

BadRows::BadRows(BadRowPolicy policy) : policy_(std::move(policy)) {}
BadRows::~BadRows() = default;

void BadRows::add(const std::string& file, int64_t line, std::string_view row,
                  const std::string& reason) {
  if (policy_.action == BadRowAction::kFail) fail(ErrorKind::kData, reason);
  if (count_++ == 0) first_reason_ = reason;
  ++count_by_file_[file];
  if (policy_.action != BadRowAction::kQuarantine) return;
  if (!quarantine_) quarantine_ = std::make_unique<OutputFile>(policy_.quarantine_path);
  Json out = Json::object();
  out["file"] = file;
  out["line"] = line;
  out["reason"] = reason;
  out["row"] = row;  // bytes that are no UTF-8 become U+FFFD in dump()
  quarantine_->write(out.dump() + "\n");
}

void BadRows::close() {
  if (quarantine_) quarantine_->close();
  quarantine_.reset();
}

std::string BadRows::summary() const {
  if (count_ == 0) return "";
  const std::string what = policy_.action == BadRowAction::kQuarantine
                               ? "moved to " + policy_.quarantine_path
                               : std::string("skipped");
  return cat(count_, count_ == 1 ? " bad row " : " bad rows ", what, " (first: ", first_reason_,
             ")");
}

std::vector<TrainingRow> read_training_rows(const std::string& path, BadRows& bad_rows,
                                            const TrainingRowOptions& options) {
  return read_rows<TrainingRow>(path, bad_rows, [&](const Json& row, const std::string& place) {
    return parse_training_row(row, place, options);
  });
}

std::vector<Problem> read_problems(const std::string& path, BadRows& bad_rows,
                                   const ProblemOptions& options) {
  std::unordered_map<std::string, std::string> seen;  // id -> place
  return read_rows<Problem>(path, bad_rows, [&](const Json& row, const std::string& place) {
    Problem problem = parse_problem(row, place, options);
    if (problem.id.empty()) return problem;
    const auto [found, is_new] = seen.emplace(problem.id, place);
    require(is_new, ErrorKind::kData, place, ": id: expected a new id, got \"", problem.id,
            "\" again (first at ", found->second, ")");
    return problem;
  });
}

std::string read_input(const std::string& path) {
  if (path != "-") return read_file(path);
  tell_of_waiting("JSONL rows, one a line");
  std::string text;
  char block[1 << 16];
  while (const size_t got = std::fread(block, 1, sizeof block, stdin)) text.append(block, got);
  require(!std::ferror(stdin), ErrorKind::kFailure, "stdin: cannot read");
  return text;
}

}  // namespace laconic
