// `laconic world`: problems of the small world as JSON lines on stdout, as they are or as training
// rows. Row i has difficulty first + i mod (last - first + 1); no problem comes twice in one
// output.
// SPDX-License-Identifier: Apache-2.0
#include "data/world.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <unordered_set>

#include "app/commands.h"
#include "app/row_writer.h"
#include "app/world_model.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/settings.h"

namespace laconic {
namespace {

struct WorldSettings {
  int64_t seed = 1;
  int64_t num_problems = 100;
  std::string difficulty = "1-6";
  std::string format = "problems";
  std::string split = "any";
  std::string output = "-";
};

struct DifficultyRange {
  int first = kWorldMinDifficulty;
  int last = kWorldMaxDifficulty;
};

bool parse_level(std::string_view text, int& level) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
  return error == std::errc() && end == text.data() + text.size() && level >= kWorldMinDifficulty &&
         level <= kWorldMaxDifficulty;
}

DifficultyRange parse_difficulty(std::string_view text) {
  DifficultyRange range;
  const size_t dash = text.find('-');
  const std::string_view last = dash == text.npos ? text : text.substr(dash + 1);
  const bool ok = parse_level(text.substr(0, dash), range.first) && parse_level(last, range.last) &&
                  range.first <= range.last;
  require(ok, ErrorKind::kUsage,
          "laconic world: --difficulty: expected A or A-B, 1 <= A <= B <= 6, ", "got \"", text,
          "\"");
  return range;
}

WorldSplit parse_split(std::string_view name) {
  if (name == "train") return WorldSplit::kTrain;
  if (name == "dev") return WorldSplit::kDev;
  return name == "test" ? WorldSplit::kTest : WorldSplit::kAny;
}

Json message(std::string_view role, std::string_view content) {
  return Json(Json::Object{{"role", role}, {"content", content}});
}

Json to_row(const WorldProblem& problem, std::string_view format) {
  Json row = Json::object();
  row["id"] = problem.id;
  if (format == "problems") {
    row["problem"] = problem.problem;
    row["answer"] = problem.answer;
    row["difficulty"] = problem.difficulty;
    row["short"] = problem.short_completion;
    row["long"] = problem.long_completion;
    return row;
  }
  std::string question = problem.problem;
  if (format == "sft-brief") question.append("\n").append(kWorldBriefInstruction);
  const bool is_long = format == "sft-long";
  row["messages"] = Json::Array{
      message("user", question),
      message("assistant", is_long ? problem.long_completion : problem.short_completion)};
  row["answer"] = problem.answer;
  row["difficulty"] = problem.difficulty;
  return row;
}

// The next problem of a level that this output has not held yet.
class DistinctProblems {
 public:
  DistinctProblems(uint64_t seed, WorldSplit split) : seed_(seed), split_(split) {}
  WorldProblem next(int difficulty) {
    constexpr int kMaxRepeats = 1000;
    uint64_t& index = next_index_[static_cast<size_t>(difficulty)];
    for (int i = 0; i < kMaxRepeats; ++i) {
      WorldProblem problem = make_world_problem(seed_, index++, difficulty, split_);
      if (seen_.insert(hash64(problem.problem)).second) return problem;
    }
    fail(ErrorKind::kUsage, "laconic world: --num-problems: expected a number that difficulty ",
         difficulty, " can fill with distinct problems, got more");
  }

 private:
  uint64_t seed_;
  WorldSplit split_;
  std::array<uint64_t, kWorldMaxDifficulty + 1> next_index_{};
  std::unordered_set<uint64_t> seen_;
};

}  // namespace

int run_world(Arguments arguments) {
  WorldSettings s;
  Settings settings("laconic world",
                    "Prints word problems of graded difficulty, with short and long chains.");
  settings.add("seed", &s.seed, "another seed, other problems").range(0, 9.007199254740992e15);
  settings.add("num_problems", &s.num_problems, "rows").range(1, 1e9);
  settings.add("difficulty", &s.difficulty, "one level or a range of levels, 1 to 6, in turn");
  settings.metavar("A-B");
  settings
      .add("format", &s.format,
           "problems: all fields; sft-*: training rows with messages; brief: the question asks "
           "for the short chain")
      .choices({"problems", "sft-long", "sft-short", "sft-brief"});
  settings.add("split", &s.split, "train, dev and test share no problem, whatever the seeds")
      .choices({"any", "train", "dev", "test"});
  settings.add("output", &s.output, "file; - is stdout").file().alias("out");
  settings.example("laconic world --seed 7 --num-problems 300 --split dev > dev.jsonl");
  settings.example(
      "laconic world --split train --difficulty 5-6 --format sft-long --num-problems 9000");
  WorldModelSettings model;
  std::string init_model;
  settings.advanced_group("A fresh model instead of problems")
      .add("init_model", &init_model,
           "write a Qwen2 folder with random weights and a tokenizer trained on the world")
      .folder();
  settings.add("hidden_size", &model.hidden_size, "width").range(8, 65536);
  settings.add("num_layers", &model.num_layers, "layers").range(1, 1000);
  settings.add("num_heads", &model.num_heads, "query heads").range(1, 1024);
  settings.add("num_kv_heads", &model.num_kv_heads, "key and value heads").range(1, 1024);
  settings.add("intermediate_size", &model.intermediate_size, "width of the MLP").range(8, 262144);
  settings.add("vocab_size", &model.vocab_size, "most ids of the tokenizer").range(272, 65536);
  settings.add("initial_std", &model.initial_std, "of the random matrices").range(0, 10);
  if (!settings.parse(arguments)) return 0;
  if (!init_model.empty()) {
    model.seed = static_cast<uint64_t>(s.seed);
    make_world_model(init_model, model);
    return 0;
  }
  const DifficultyRange range = parse_difficulty(s.difficulty);
  DistinctProblems problems(static_cast<uint64_t>(s.seed), parse_split(s.split));
  RowWriter writer(s.output);
  for (int64_t i = 0; i < s.num_problems; ++i) {
    const int difficulty = range.first + static_cast<int>(i % (range.last - range.first + 1));
    writer.write(to_row(problems.next(difficulty), s.format));
  }
  writer.close();
  return 0;
}

}  // namespace laconic
