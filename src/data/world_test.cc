// The small world: problems are solved again from their text alone, equations are evaluated again.
// SPDX-License-Identifier: Apache-2.0
#include "data/world.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

#include "base/hash.h"

namespace laconic {
namespace {

constexpr int kNumLevels = kWorldMaxDifficulty;

std::vector<std::string> sentences_of(const std::string& text) {
  std::vector<std::string> sentences(1);
  for (size_t i = 0; i < text.size(); ++i) {
    sentences.back() += text[i];
    if (text[i] == '.' && i + 1 < text.size()) {
      sentences.emplace_back();
      ++i;  // the space
    }
  }
  return sentences;
}

struct Reading {
  long answer = -1;
  int num_steps = 0;
  int num_idle = 0;
  std::map<char, int> operations;
  long largest = 0;
};

// Solves a problem from its text, knowing nothing of how it was made.
Reading read_problem(const std::string& text) {
  static const std::regex kQuestion("How many (\\w+) does (\\w+) have\\?");
  static const std::regex kHas("(\\w+) has (\\d+) (\\w+)\\.");
  static const std::regex kTimes("Now (\\w+) has (\\d+) times as many\\.");
  static const std::regex kChange("(\\w+) (finds|buys|gets|loses|sells|drops) (\\d+)\\.");
  Reading reading;
  std::vector<std::string> sentences = sentences_of(text);
  std::smatch question, match;
  EXPECT_TRUE(std::regex_match(sentences.back(), question, kQuestion)) << text;
  const std::string object = question[1], name = question[2];
  sentences.pop_back();
  for (const std::string& sentence : sentences) {
    if (std::regex_match(sentence, match, kHas)) {
      const bool is_asked = match[1] == name && match[3] == object;
      EXPECT_TRUE(is_asked || (match[1] != name && match[3] != object)) << text;
      if (is_asked) reading.answer = std::stol(match[2]);
      reading.num_idle += !is_asked;
      continue;
    }
    ++reading.num_steps;
    char operation = '*';
    long number = 0;
    if (std::regex_match(sentence, match, kTimes)) {
      number = std::stol(match[2]);
    } else if (std::regex_match(sentence, match, kChange)) {
      const std::string verb = match[2];
      operation = verb == "finds" || verb == "buys" || verb == "gets" ? '+' : '-';
      number = std::stol(match[3]);
    } else {
      ADD_FAILURE() << "not understood: " << sentence;
    }
    EXPECT_EQ(match[1], name) << text;
    ++reading.operations[operation];
    if (operation == '*') reading.answer *= number;
    if (operation == '+') reading.answer += number;
    if (operation == '-') reading.answer -= number;
    EXPECT_GT(reading.answer, 0) << text;
    reading.largest = std::max(reading.largest, reading.answer);
  }
  return reading;
}

// The value of a sum of products and quotients of integers, such as "30*6+9*6" or "616/8".
long evaluate(const std::string& expression) {
  long sum = 0, term = 0;
  char pending = '+', sign = '+';
  std::istringstream in(expression);
  for (;;) {
    long number = 0;
    EXPECT_TRUE(in >> number) << expression;
    if (pending == '*') {
      term *= number;
    } else if (pending == '/') {
      EXPECT_EQ(term % number, 0) << expression;
      term /= number;
    } else {
      sum += sign == '+' ? term : -term;
      term = number;
      sign = pending;
    }
    if (!(in >> pending)) return sum + (sign == '+' ? term : -term);
  }
}

// Every a=b=c in the text has equal sides; returns how many equations there are.
int check_equations(const std::string& text) {
  static const std::regex kChain("[0-9+*/-]*[0-9](=[0-9][0-9+*/-]*)+");
  int num_equations = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), kChain), end; it != end; ++it) {
    std::istringstream sides(it->str());
    std::string side;
    std::set<long> values;
    while (std::getline(sides, side, '=')) values.insert(evaluate(side));
    EXPECT_EQ(values.size(), 1u) << it->str();
    ++num_equations;
  }
  return num_equations;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

TEST(World, EvaluatesExpressionsInTheTest) {
  EXPECT_EQ(evaluate("30*6+9*6"), 234);
  EXPECT_EQ(evaluate("616/8"), 77);
  EXPECT_EQ(evaluate("100-20-3"), 77);
}

TEST(World, AnswersAreWhatTheTextSays) {
  for (int level = 1; level <= kNumLevels; ++level) {
    const int steps[] = {1, 2, 3, 4, 3, 4};
    for (uint64_t i = 0; i < 300; ++i) {
      const WorldProblem row = make_world_problem(11, i, level);
      const Reading reading = read_problem(row.problem);
      EXPECT_EQ(std::to_string(reading.answer), row.answer) << row.problem;
      EXPECT_EQ(reading.num_steps, steps[level - 1]) << row.problem;
      EXPECT_LE(reading.largest, level <= 4 ? 99 : 999) << row.problem;
      EXPECT_GE(reading.operations.count('*'), level >= 5 ? 1u : 0u) << row.problem;
    }
  }
}

TEST(World, ChainsAreTrueAndEndInTheAnswer) {
  for (int level = 1; level <= kNumLevels; ++level) {
    for (uint64_t i = 0; i < 300; ++i) {
      const WorldProblem row = make_world_problem(12, i, level);
      const std::string end = "</think>\n\n\\boxed{" + row.answer + "}";
      const Reading reading = read_problem(row.problem);
      EXPECT_EQ(check_equations(row.short_completion), reading.num_steps);
      EXPECT_GE(check_equations(row.long_completion), reading.num_steps);
      EXPECT_TRUE(ends_with(row.short_completion, "=" + row.answer + "\n" + end));
      EXPECT_TRUE(ends_with(row.long_completion, "So the answer is " + row.answer + ".\n" + end));
      EXPECT_EQ(row.long_completion.rfind("<think>\n", 0), 0u);
    }
  }
}

TEST(World, WorksEquationsDigitByDigit) {
  EXPECT_EQ(worked_equation(77, '*', 8), "77*8=70*8+7*8=560+56=610+6=616");
  EXPECT_EQ(worked_equation(40, '*', 8), "40*8=320");
  EXPECT_EQ(worked_equation(124, '*', 3), "124*3=100*3+20*3+4*3=300+60+12=360+12=370+2=372");
  EXPECT_EQ(worked_equation(264, '+', 187), "264+187=364+87=444+7=451");
  EXPECT_EQ(worked_equation(172, '-', 95), "172-95=82-5=77");
  EXPECT_EQ(worked_equation(172, '-', 105), "172-105=72-5=67");
  EXPECT_EQ(worked_equation(9, '-', 4), "9-4=5");
}

// Long chains are wasteful, most so where problems are easy; statistics of the mixture of facts.
TEST(World, LevelsAreGraded) {
  std::map<int, double> waste, size;
  for (int level = 1; level <= kNumLevels; ++level) {
    const int kRows = 1000;
    double num_short = 0, num_long = 0;
    int num_idle = 0;
    std::map<char, int> operations;
    for (uint64_t i = 0; i < kRows; ++i) {
      const WorldProblem row = make_world_problem(13, i, level);
      const Reading reading = read_problem(row.problem);
      num_idle += reading.num_idle;
      size[level] += static_cast<double>(reading.largest) / kRows;
      for (const auto& [operation, count] : reading.operations) operations[operation] += count;
      num_short += static_cast<double>(row.short_completion.size());
      num_long += static_cast<double>(row.long_completion.size());
    }
    waste[level] = num_long / num_short;
    EXPECT_NEAR(num_idle, 250, 60) << level;
    const int total = operations['+'] + operations['-'] + operations['*'];
    for (char operation : {'+', '-', '*'})
      EXPECT_GE(operations[operation], total / 6) << operation << " on level " << level;
  }
  EXPECT_GT(waste[1], 4);
  EXPECT_GT(waste[1], waste[5]);
  EXPECT_GT(waste[4], waste[6]);
  EXPECT_GT(size[5], 3 * size[3]);
}

TEST(World, SplitsShareNoProblem) {
  std::set<std::string> train;
  std::map<WorldSplit, int> drawn;
  for (uint64_t i = 0; i < 4000; ++i) {
    ++drawn[world_split_of(make_world_problem(14, i, 1).problem)];
    const WorldProblem row = make_world_problem(15, i, 1, WorldSplit::kTrain);
    EXPECT_EQ(world_split_of(row.problem), WorldSplit::kTrain);
    train.insert(row.problem);
  }
  EXPECT_NEAR(drawn[WorldSplit::kTest], 250, 60);
  EXPECT_NEAR(drawn[WorldSplit::kDev], 250, 60);
  for (uint64_t i = 0; i < 500; ++i) {
    EXPECT_EQ(train.count(make_world_problem(15, i, 1, WorldSplit::kTest).problem), 0u);
    EXPECT_EQ(train.count(make_world_problem(16, i, 1, WorldSplit::kDev).problem), 0u);
  }
}

// Level 1 has the fewest problems: few of its draws come twice.
TEST(World, ProblemsRarelyRepeat) {
  const int limits[] = {100, 5, 1, 1, 1, 1};  // of 5,000
  for (int level = 1; level <= kNumLevels; ++level) {
    std::set<std::string> distinct;
    for (uint64_t i = 0; i < 5000; ++i) distinct.insert(make_world_problem(17, i, level).problem);
    EXPECT_GE(static_cast<int>(distinct.size()), 5000 - limits[level - 1]) << level;
  }
}

// Made by this program; it changes only when the world is changed on purpose, and then the
// committed models no longer belong to it.
TEST(World, GoldenOfThousandRows) {
  std::string all;
  for (uint64_t i = 0; i < 1000; ++i) {
    const WorldProblem row = make_world_problem(1, i, 1 + static_cast<int>(i % 6));
    all += row.id + row.problem + row.answer + row.short_completion + row.long_completion;
  }
  EXPECT_EQ(hex64(hash64(all)), "8eb7c1d1eb752658");
  const WorldProblem train = make_world_problem(7, 42, 6, WorldSplit::kTrain);
  EXPECT_EQ(train.id, "train-w6-7-42");
  EXPECT_EQ(make_world_problem(7, 42, 6, WorldSplit::kTrain).long_completion,
            train.long_completion);
}

}  // namespace
}  // namespace laconic
