// SPDX-License-Identifier: Apache-2.0
#include "app/select_rows.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "data/row_fields.h"
#include "data/row_messages.h"
#include "eval/verify.h"
#include "text/think_span.h"

namespace laconic {
namespace {

// Fields of a sampled row that become something else, or mean nothing for another completion.
constexpr std::array<std::string_view, 32> kConsumed = {"id",
                                                        "sample",
                                                        "problem",
                                                        "Problem",
                                                        "question",
                                                        "Question",
                                                        "query",
                                                        "body",
                                                        "Body",
                                                        "messages",
                                                        "prompt",
                                                        "completion",
                                                        "response",
                                                        "ids",
                                                        "logprobs",
                                                        "num_tokens",
                                                        "verdict",
                                                        "reason",
                                                        "extracted",
                                                        "finish_reason",
                                                        "counted_by",
                                                        "think_state",
                                                        "gold",
                                                        "system",
                                                        "short",
                                                        "long",
                                                        "source",
                                                        "sampler",
                                                        "ground_truth",
                                                        "type",
                                                        "num_thinking_tokens",
                                                        "num_answer_tokens"};

bool is_header(const Json& row) {
  const Json* type = row.find("type");
  return type && type->is_string() && type->as_string("type") == "header";
}

class Reader {
 public:
  Reader(BadRows& bad_rows, SampledRows& out) : bad_rows_(bad_rows), out_(out) {}

  void read(const std::string& path) {
    source_ = path == "-" ? "stdin" : file_name(path);
    sampler_ = nullptr;
    const std::string settings = path + ".settings.json";
    if (path != "-" && file_exists(settings)) sampler_ = Json::parse(read_file(settings), settings);
    const std::string shown = path == "-" ? "stdin" : path;
    seen_.clear();
    const std::string text = read_input(path);
    for_each_line(text, [&](int64_t line, std::string_view row_text) {
      const std::string place = cat(shown, ":", line);
      try {
        const Json row = Json::parse(row_text, place);
        row.as_object(place);
        if (is_header(row))
          read_header(row);
        else
          read_row(row, place);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kData) throw;
        bad_rows_.add(shown, line, row_text, error.what());
      }
    });
  }

 private:
  void read_header(const Json& header) {
    if (const Json* setting = header.find("setting")) sampler_ = *setting;
    for (const char* name : {"model", "weight_hash"})
      if (const Json* value = header.find(name)) sampler_[name] = *value;
  }

  void read_row(const Json& row, const std::string& place) {
    ProblemOptions options;
    options.require_gold = false;
    SampledRow sampled{parse_problem(row, place, options), source_, sampler_, false};
    require(!sampled.problem.id.empty(), ErrorKind::kData, place,
            ": id: expected the problem's id, got none");
    if (const Json* own = row.find("sampler")) sampled.sampler = *own;
    SampledReply candidate = candidate_of(sampled, row, place);
    require(seen_.emplace(candidate.id, candidate.sample_idx).second, ErrorKind::kData, place,
            ": sample: expected a new sample of ", candidate.id, ", got ", candidate.sample_idx,
            " again");
    check_problem(sampled.problem, place);
    out_.num_judged_here += !sampled.was_judged;
    out_.rows.push_back(std::move(sampled));
    out_.candidates.push_back(std::move(candidate));
  }

  SampledReply candidate_of(SampledRow& sampled, const Json& row, const std::string& place) {
    SampledReply candidate;
    candidate.id = sampled.problem.id;
    candidate.gold = sampled.problem.gold;
    if (const Json* sample = row.find("sample"))
      candidate.sample_idx = field_count(*sample, place + ": sample");
    const Field text = find_field(row, {"completion", "response"});
    require(static_cast<bool>(text), ErrorKind::kData, place,
            ": completion: expected a sampled reply, got none");
    candidate.completion = text.value->as_string(cat(place, ": ", text.name));
    candidate.num_tokens = field_count(row.at("num_tokens", place), place + ": num_tokens");
    const Field finish = find_field(row, {"finish_reason"});
    // A thought that never closes is no reply to learn from, however it ended.
    candidate.truncated =
        (finish && field_text(finish, place) == "length") ||
        find_think_span(candidate.completion, false).state == ThinkState::kUnterminated;
    const Field verdict = find_field(row, {"verdict"});
    sampled.was_judged = static_cast<bool>(verdict);
    if (verdict) {
      const std::string name = field_text(verdict, place);
      require(name == "right" || name == "wrong" || name == "undecided", ErrorKind::kData, place,
              ": verdict: expected right, wrong or undecided, got \"", name, "\"");
      candidate.right = name == "right";
      return candidate;
    }
    require(!candidate.gold.empty(), ErrorKind::kData, place,
            ": verdict: expected a verdict or a gold answer to judge by, got neither");
    candidate.right = judge(candidate.gold, candidate.completion).verdict == Verdict::kRight;
    return candidate;
  }

  // One id is one problem, in all the files.
  void check_problem(const Problem& problem, const std::string& place) {
    const std::string text = problem.messages.is_null() ? cat(problem.problem, "\n", problem.prompt)
                                                        : problem.messages.dump();
    const auto [found, is_new] = texts_.emplace(problem.id, text);
    require(is_new || found->second == text, ErrorKind::kData, place,
            ": id: expected one problem \"", problem.id, "\", got another text with that id");
  }

  BadRows& bad_rows_;
  SampledRows& out_;
  std::string source_;
  Json sampler_;
  std::set<std::pair<std::string, int64_t>> seen_;  // of this file
  std::unordered_map<std::string, std::string> texts_;
};

}  // namespace

SampledRows read_sampled_rows(const std::vector<std::string>& paths, BadRows& bad_rows) {
  SampledRows out;
  Reader reader(bad_rows, out);
  for (const std::string& path : paths) reader.read(path);
  require(!out.rows.empty(), ErrorKind::kData, paths.front(),
          ": expected at least one sampled row, got none",
          bad_rows.count() ? " (" + bad_rows.summary() + ")" : std::string());
  return out;
}

Json training_json(const SampledRow& row, const SelectedRow& selected, bool numbered_id) {
  const Problem& problem = row.problem;
  const Json* sample = problem.extra.find("sample");
  Json out = Json::object();
  out["id"] = numbered_id && sample ? cat(problem.id, "#", sample->dump()) : problem.id;
  if (!problem.prompt.empty()) {
    out["prompt"] = problem.prompt;
    out["completion"] = selected.completion;
  } else {
    std::string text = problem.problem;
    const Json* instruction = row.sampler.find("instruction");
    if (instruction && instruction->is_string() && !instruction->as_string("").empty())
      text += "\n" + instruction->as_string("");
    out["prompt"] = problem.messages;
    if (problem.messages.is_null()) {
      out["prompt"] = Json::array();
      if (!problem.system.empty()) out["prompt"].push_back(chat_message("system", problem.system));
      out["prompt"].push_back(chat_message("user", text));
    }
    out["completion"] = Json(Json::Array{chat_message("assistant", selected.completion)});
  }
  out["source"] = row.source;
  out["num_tokens"] = selected.num_tokens;
  out["verdict"] = "right";
  out["pass_rate"] = selected.pass_rate;
  if (selected.is_cut) out["cut"] = true;
  if (!problem.gold.empty()) out["ground_truth"] = problem.gold;
  if (!row.sampler.is_null()) out["sampler"] = row.sampler;
  for (const auto& [name, value] : problem.extra.as_object("row"))
    if (std::find(kConsumed.begin(), kConsumed.end(), name) == kConsumed.end() && !out.find(name))
      out[name] = value;
  return out;
}

}  // namespace laconic
