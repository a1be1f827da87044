// laconic select: from sampled and judged replies to a file of training rows, with what is gained
// and lost shown first.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <map>
#include <optional>

#include "app/commands.h"
#include "app/row_writer.h"
#include "app/select_rows.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/settings.h"
#include "data/decontaminate.h"
#include "text/prompt_builder.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

constexpr int64_t kShownContaminated = 20;

struct SelectSettings {
  std::vector<std::string> inputs, decontaminate;
  std::string output = "-", keep = "shortest", cut = "none", tokenizer, bad_rows = "fail";
  std::string pass_rate = "0-1", difficulty_percentiles = "0-100", length_percentiles = "0-100";
  int64_t per_problem = 1, seed = 1, ngram = 13;
  bool dry_run = false;

  void add_to(Settings& settings) {
    settings.positional("FILES", &inputs,
                        "sampled rows: of generate (judged by verify or not yet), or of eval");
    settings.required().file().existing().alias("input").alias("data");
    settings.add("output", &output, "JSONL of training rows, - for stdout").file().alias("out");
    settings.add("dry_run", &dry_run, "print what would be gained and lost, write nothing");
    settings.group("Which reply");
    settings.add("keep", &keep, "of a problem's right replies that ended by themselves");
    settings.choices({"shortest", "longest", "random"});
    settings.add("cut", &cut,
                 "cut the thinking after the first right solution, or after the second (one "
                 "confirmation); the answer stays");
    settings.choices({"none", "first-solution", "second-solution"});
    settings.add("per_problem", &per_problem, "rows of a problem at most").range(1, 1e6);
    settings.add("seed", &seed, "of random").range(0, 9e15).advanced();
    settings
        .add("tokenizer", &tokenizer,
             "model folder that counts the tokens of cut replies; without it they are the cut's "
             "share of the bytes")
        .model()
        .existing()
        .alias("model")
        .advanced();
    settings.group("Which problem");
    settings.add("pass_rate", &pass_rate, "LOW-HIGH: share of a problem's replies that are right");
    settings.metavar("LOW-HIGH");
    settings.add("difficulty_percentiles", &difficulty_percentiles,
                 "LOW-HIGH: problems by pass rate, 0 the easiest");
    settings.metavar("LOW-HIGH").advanced();
    settings.add("length_percentiles", &length_percentiles, "LOW-HIGH: chosen rows by tokens");
    settings.metavar("LOW-HIGH").advanced();
    settings.add("decontaminate", &decontaminate,
                 "benchmark files: a problem that shares --ngram words in a row with one of theirs "
                 "is left out, and named");
    settings.file().existing();
    settings.add("ngram", &ngram, "words in a row that count as shared").range(1, 1000).advanced();
    settings.add("bad_rows", &bad_rows, "a row that cannot be read: fail, skip or quarantine=PATH");
    settings.metavar("WHAT").advanced();
    settings.example("laconic select judged.jsonl --keep shortest --dry-run");
    settings.example(
        "laconic select long.jsonl --keep shortest --pass-rate 0.25-1 --decontaminate "
        "math500.jsonl,aime24.jsonl --output train.jsonl");
  }

  SelectOptions options() const {
    SelectOptions options;
    options.keep = parse_keep(keep);
    options.cut = parse_cut(cut);
    options.per_problem = per_problem;
    options.seed = static_cast<uint64_t>(seed);
    options.pass_rate = parse_range(pass_rate, 1, "--pass-rate");
    options.difficulty_percentiles =
        parse_range(difficulty_percentiles, 100, "--difficulty-percentiles");
    options.length_percentiles = parse_range(length_percentiles, 100, "--length-percentiles");
    return options;
  }
};

std::string text_of(const Problem& problem) {
  if (problem.messages.is_null()) return problem.problem + problem.prompt;
  std::string text;
  for (const Json& message : problem.messages.as_array("messages")) {
    const Json* content = message.find("content");
    if (content && content->is_string()) text += content->as_string("content") + "\n";
  }
  return text;
}

NgramIndex index_benchmarks(const SelectSettings& settings) {
  NgramIndex index(settings.ngram);
  ProblemOptions options;
  options.require_gold = false;
  for (const std::string& path : settings.decontaminate) {
    BadRows bad_rows({BadRowAction::kSkip, ""});  // a benchmark's own faults are not ours
    for (const Problem& problem : read_problems(path, bad_rows, options))
      index.add(text_of(problem), cat(path, ":", problem.line));
    if (bad_rows.count() > 0) log_warning(path, ": ", bad_rows.summary());
  }
  return index;
}

// Drops the rows of problems that a benchmark has; returns what to say about it.
std::string decontaminate(const SelectSettings& settings, SampledRows& sampled) {
  if (settings.decontaminate.empty()) return "";
  const NgramIndex index = index_benchmarks(settings);
  std::string details;
  std::map<std::string, bool> is_dropped;  // by id
  int64_t num_dropped = 0;
  SampledRows kept;
  kept.num_judged_here = sampled.num_judged_here;
  for (size_t i = 0; i < sampled.rows.size(); ++i) {
    const Problem& problem = sampled.rows[i].problem;
    auto known = is_dropped.find(problem.id);
    if (known == is_dropped.end()) {
      const NgramIndex::Match match = index.find(text_of(problem));
      known = is_dropped.emplace(problem.id, static_cast<bool>(match)).first;
      if (match && ++num_dropped <= kShownContaminated)
        details += cat("  ", problem.id, " is in ", *match.place, ": ", match.words, "\n");
    }
    if (known->second) continue;
    kept.rows.push_back(std::move(sampled.rows[i]));
    kept.candidates.push_back(std::move(sampled.candidates[i]));
  }
  if (num_dropped > kShownContaminated)
    details += cat("  and ", num_dropped - kShownContaminated, " more\n");
  const auto num_problems = is_dropped.size();
  sampled = std::move(kept);
  return cat("decontamination: ", num_dropped, " of ", num_problems, " problems share ",
             settings.ngram, " words in a row with ", settings.decontaminate.size(),
             settings.decontaminate.size() == 1 ? " file" : " files", "\n", details);
}

std::string summary_of(const SampledRows& sampled, const Selection& selection) {
  int64_t num_right = 0, num_cut_off = 0;
  for (const SampledReply& candidate : sampled.candidates) {
    num_right += candidate.right;
    num_cut_off += candidate.right && candidate.truncated;
  }
  std::string text =
      cat("read: ", sampled.candidates.size(), " replies to ", selection.num_problems,
          " problems, ", num_right, " right", sampled.num_judged_here > 0 ? " (judged here: " : "",
          sampled.num_judged_here > 0 ? cat(sampled.num_judged_here, ")") : "");
  if (num_cut_off > 0) text += cat(", ", num_cut_off, " of them truncated and not taken");
  text += "\nlost: ";
  const std::pair<int64_t, const char*> reasons[] = {
      {selection.lost_none_right, "without a right reply that ended"},
      {selection.lost_pass_rate, "outside the pass rate"},
      {selection.lost_difficulty, "outside the difficulty percentiles"},
      {selection.lost_length, "outside the length percentiles"}};
  std::string lost;
  for (const auto& [count, reason] : reasons)
    if (count > 0) lost += cat(lost.empty() ? "" : ", ", count, " ", reason);
  return text + (lost.empty() ? "no problem" : lost) + "\n";
}

}  // namespace

int run_select(Arguments arguments) {
  SelectSettings settings;
  Settings all("laconic select",
               "Makes training rows of sampled replies: per problem the shortest (longest, random) "
               "right one, whole or cut after a right solution. What is gained and lost is printed "
               "before anything is written.");
  settings.add_to(all);
  if (!all.parse(arguments)) return 0;
  SelectOptions options = settings.options();
  std::optional<PromptBuilder> builder;
  if (!settings.tokenizer.empty()) {
    builder.emplace(PromptBuilder::from_folder(settings.tokenizer));
    // The end of turn is a token of every reply that ended, as the sampler counts.
    options.count = [&](std::string_view text) {
      return static_cast<int64_t>(builder->tokenizer().encode(text).size()) + 1;
    };
  }
  BadRows bad_rows(parse_bad_row_policy(settings.bad_rows));
  SampledRows sampled = read_sampled_rows(settings.inputs, bad_rows);
  bad_rows.close();
  if (bad_rows.count() > 0) log_warning(bad_rows.summary());

  std::string text = decontaminate(settings, sampled);
  const Selection selection = select_rows(sampled.candidates, options);
  text += summary_of(sampled, selection);
  text += "saved against the mean right reply of each problem:\n";
  text += what_if_table(sampled.candidates, options);
  // stdout is for data: the rows where they go there, else the table.
  print_text(text, settings.output == "-" && !settings.dry_run ? stderr : stdout);
  if (settings.dry_run) return 0;
  require(!selection.rows.empty(), ErrorKind::kData, settings.inputs.front(),
          ": expected a problem that is kept, got none");
  std::string rows;
  for (const SelectedRow& row : selection.rows)
    rows +=
        training_json(sampled.rows[row.candidate_idx], row, settings.per_problem > 1).dump() + "\n";
  if (settings.output == "-")
    write_stdout(rows);
  else
    write_file_atomic(settings.output, rows);
  return 0;
}

}  // namespace laconic
