// A small world of word problems of graded difficulty, each with a short and a long chain of
// thought.
//
// One quantity changes step by step (+, -, x), the facts come in order; a quarter of the problems
// carry one idle sentence. The short chain is one equation a step, worked in the head. The long
// chain plans, works each step digit by digit, checks and re-verifies, most wastefully where the
// problem is easy. Every equation in both chains is true. It is an embedded default, not a
// benchmark. Difficulty: levels 1 to 4 have as many steps, totals up to 99, x 2 to 5; levels 5 and
// 6 have 3 and 4 steps, totals up to 999, x 2 to 9, at least one x. Answers are integers >= 0. Pure
// functions: a row depends on (seed, index, difficulty, split) alone. Thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laconic {

inline constexpr int kWorldMinDifficulty = 1;
inline constexpr int kWorldMaxDifficulty = 6;
// Added to a question, on a line of its own, it asks for the short chain.
inline constexpr std::string_view kWorldBriefInstruction = "Be brief.";

// A problem belongs to one split by the hash of its text, so the three share no problem, whatever
// the seeds. kAny draws from all of them.
enum class WorldSplit { kAny, kTrain, kDev, kTest };
WorldSplit world_split_of(std::string_view problem);  // 14/16 train, 1/16 dev, 1/16 test

struct WorldStep {
  char operation = '+';  // '+', '-' or '*'
  int operand = 0;
};

struct WorldProblem {
  std::string id;  // "w<difficulty>-<seed>-<index>", the split's name before the "w" unless kAny
  std::string problem;  // the question
  std::string answer;   // decimal digits
  int difficulty = 1;
  std::string short_completion;  // "<think>\n...\n</think>\n\n\\boxed{answer}"
  std::string long_completion;
};

// REQUIRES: difficulty in [kWorldMinDifficulty, kWorldMaxDifficulty].
WorldProblem make_world_problem(uint64_t seed, uint64_t index, int difficulty,
                                WorldSplit split = WorldSplit::kAny);

// How `left operation right` is worked digit by digit: "77*8=70*8+7*8=560+56=610+6=616".
// REQUIRES: left, right >= 0; left >= right for '-'; right < 10 for '*'.
std::string worked_equation(int left, char operation, int right);

}  // namespace laconic
