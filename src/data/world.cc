// SPDX-License-Identifier: Apache-2.0
#include "data/world.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"

namespace laconic {
namespace {

constexpr std::array kNames = {"Ann", "Ben", "Eva", "Leo", "Max", "Mia", "Sam", "Tom"};
constexpr std::array kObjects = {"balls", "books", "cards", "coins",
                                 "cups",  "eggs",  "pens",  "stars"};
constexpr std::array kGains = {"finds", "buys", "gets"};
constexpr std::array kLosses = {"loses", "sells", "drops"};

struct Level {
  int num_steps;
  int max_total;
  int max_operand;
  int max_factor;
  double check_share;  // of the steps that are checked in the long chain
  int min_verifications;
  int max_verifications;
  bool needs_product;
};

constexpr std::array<Level, 6> kLevels = {{
    {1, 99, 60, 5, 0.5, 2, 3, false},
    {2, 99, 60, 5, 0.4, 1, 3, false},
    {3, 99, 60, 5, 0.4, 1, 2, false},
    {4, 99, 60, 5, 0.4, 1, 2, false},
    {3, 999, 499, 9, 0.25, 0, 1, true},
    {4, 999, 499, 9, 0.25, 0, 1, true},
}};

struct Story {
  int start = 0;
  std::vector<WorldStep> steps;
};

int apply(int total, const WorldStep& step) {
  if (step.operation == '+') return total + step.operand;
  if (step.operation == '-') return total - step.operand;
  return total * step.operand;
}

template <typename T, size_t N>
T pick(PhiloxStream& random, const std::array<T, N>& items) {
  return items[static_cast<size_t>(random.integer(0, static_cast<int64_t>(N) - 1))];
}

int draw(PhiloxStream& random, int low, int high) {
  return static_cast<int>(random.integer(low, high));
}

// A step that keeps the total in [1, max_total]; all three operations are as likely where they fit.
WorldStep draw_step(PhiloxStream& random, const Level& level, int total) {
  std::array<WorldStep, 3> fitting;
  size_t num_fitting = 0;
  const int room = std::min(level.max_operand, level.max_total - total);
  if (room >= 2) fitting[num_fitting++] = {'+', draw(random, 2, room)};
  const int most = std::min(level.max_operand, total - 1);
  if (most >= 2) fitting[num_fitting++] = {'-', draw(random, 2, most)};
  const int factor = std::min(level.max_factor, level.max_total / total);
  if (factor >= 2 && total > 1) fitting[num_fitting++] = {'*', draw(random, 2, factor)};
  LACONIC_CHECK(num_fitting > 0, "no step fits the total ", total);
  return fitting[static_cast<size_t>(draw(random, 0, static_cast<int>(num_fitting) - 1))];
}

Story draw_story(PhiloxStream& random, const Level& level) {
  for (;;) {
    Story story;
    // Small starts leave room for products.
    const int top = level.max_total / draw(random, 1, 4);
    story.start = draw(random, 2, top);
    int total = story.start;
    bool has_product = false;
    for (int i = 0; i < level.num_steps; ++i) {
      story.steps.push_back(draw_step(random, level, total));
      total = apply(total, story.steps.back());
      has_product |= story.steps.back().operation == '*';
    }
    if (has_product || !level.needs_product) return story;
  }
}

std::string tell(PhiloxStream& random, const Story& story) {
  const std::string name = pick(random, kNames);
  const std::string object = pick(random, kObjects);
  const bool idle = random.uniform() < 0.25;
  const auto idle_after = static_cast<size_t>(random.integer(0, std::ssize(story.steps)));
  std::string text = name + " has " + std::to_string(story.start) + " " + object + ".";
  for (size_t i = 0;; ++i) {
    if (idle && i == idle_after) {
      std::string other_name, other_object;
      do other_name = pick(random, kNames);
      while (other_name == name);
      do other_object = pick(random, kObjects);
      while (other_object == object);
      text += " " + other_name + " has " + std::to_string(draw(random, 2, 99)) + " " +
              other_object + ".";
    }
    if (i == story.steps.size()) break;
    const WorldStep& step = story.steps[i];
    const std::string number = std::to_string(step.operand);
    if (step.operation == '*') {
      text += " Now " + name + " has " + number + " times as many.";
    } else {
      const char* verb = step.operation == '+' ? pick(random, kGains) : pick(random, kLosses);
      text += " " + name + " " + verb + " " + number + ".";
    }
  }
  return text + " How many " + object + " does " + name + " have?";
}

int leading_part(int value) {
  int scale = 1;
  while (value / scale >= 10) scale *= 10;
  return value / scale * scale;
}

std::vector<int> place_values(int value) {
  std::vector<int> parts;
  for (; value > 0; value -= parts.back()) parts.push_back(leading_part(value));
  return parts;
}

std::string join_sum(std::span<const int> terms) {
  std::string text;
  for (size_t i = 0; i < terms.size(); ++i) text += (i ? "+" : "") + std::to_string(terms[i]);
  return text;
}

// "=560+56=610+6=616": the left term takes in the next one, its leading part at a time.
std::string fold_sum(std::vector<int> terms) {
  std::string text;
  while (terms.size() > 1) {
    const int part = leading_part(terms[1]);
    terms[0] += part;
    terms[1] -= part;
    if (terms[1] == 0) terms.erase(terms.begin() + 1);
    text += "=" + join_sum(terms);
  }
  return text;
}

std::string equation(int left, const WorldStep& step) {
  return std::to_string(left) + step.operation + std::to_string(step.operand) + "=" +
         std::to_string(apply(left, step));
}

std::string reply(const std::string& chain, int answer) {
  return "<think>\n" + chain + "</think>\n\n\\boxed{" + std::to_string(answer) + "}";
}

std::string equations(const Story& story) {
  std::string text;
  int total = story.start;
  for (const WorldStep& step : story.steps) {
    text += equation(total, step) + "\n";
    total = apply(total, step);
  }
  return text;
}

std::string check_step(PhiloxStream& random, int total, const WorldStep& step) {
  if (random.uniform() < 0.5)
    return "Wait, let me check: " + worked_equation(total, step.operation, step.operand) +
           ". Yes.\n";
  const int result = apply(total, step);
  std::string back;
  if (step.operation == '*') {
    back =
        std::to_string(result) + "/" + std::to_string(step.operand) + "=" + std::to_string(total);
  } else {
    back = worked_equation(result, step.operation == '+' ? '-' : '+', step.operand);
  }
  return "Wait, let me check backwards: " + back + ". Yes.\n";
}

std::string think_long(PhiloxStream& random, const Story& story, const Level& level) {
  std::string text = "Let me think step by step. I start with " + std::to_string(story.start) + ".";
  for (size_t i = 0; i < story.steps.size(); ++i) {
    text += " Step " + std::to_string(i + 1) + " is " + story.steps[i].operation +
            std::to_string(story.steps[i].operand) + ".";
  }
  text += "\n";
  int total = story.start;
  for (size_t i = 0; i < story.steps.size(); ++i) {
    const WorldStep& step = story.steps[i];
    text += "Step " + std::to_string(i + 1) + ": " +
            worked_equation(total, step.operation, step.operand) + ".\n";
    if (random.uniform() < level.check_share) text += check_step(random, total, step);
    total = apply(total, step);
  }
  const int num_verifications = draw(random, level.min_verifications, level.max_verifications);
  for (int i = 0; i < num_verifications; ++i)
    text += "Let me verify it all again.\n" + equations(story);
  return text + "So the answer is " + std::to_string(total) + ".\n";
}

const char* split_prefix(WorldSplit split) {
  switch (split) {
    case WorldSplit::kAny:
      return "";
    case WorldSplit::kTrain:
      return "train-";
    case WorldSplit::kDev:
      return "dev-";
    case WorldSplit::kTest:
      return "test-";
  }
  return "";
}

}  // namespace

WorldSplit world_split_of(std::string_view problem) {
  const uint64_t bucket = hash64(problem) % 16;
  if (bucket == 0) return WorldSplit::kTest;
  return bucket == 1 ? WorldSplit::kDev : WorldSplit::kTrain;
}

std::string worked_equation(int left, char operation, int right) {
  const std::string start = std::to_string(left) + operation + std::to_string(right);
  if (operation == '+') return start + fold_sum({left, right});
  if (operation == '-') {
    std::string text = start;
    while (right > 0) {
      const int part = leading_part(right);
      left -= part;
      right -= part;
      text += "=" + std::to_string(left) + (right > 0 ? "-" + std::to_string(right) : "");
    }
    return text;
  }
  std::vector<int> parts = place_values(left);
  if (parts.size() < 2) return start + "=" + std::to_string(left * right);
  std::string text = start + "=";
  for (size_t i = 0; i < parts.size(); ++i) {
    text += (i ? "+" : "") + std::to_string(parts[i]) + "*" + std::to_string(right);
    parts[i] *= right;
  }
  return text + "=" + join_sum(parts) + fold_sum(parts);
}

WorldProblem make_world_problem(uint64_t seed, uint64_t index, int difficulty, WorldSplit split) {
  LACONIC_CHECK(difficulty >= kWorldMinDifficulty && difficulty <= kWorldMaxDifficulty,
                "difficulty ", difficulty);
  const Level& level = kLevels[static_cast<size_t>(difficulty - 1)];
  PhiloxStream random(seed, index * 8 + static_cast<uint64_t>(difficulty));
  for (;;) {
    const Story story = draw_story(random, level);
    WorldProblem row;
    row.problem = tell(random, story);
    if (split != WorldSplit::kAny && world_split_of(row.problem) != split) continue;
    int total = story.start;
    for (const WorldStep& step : story.steps) total = apply(total, step);
    row.id = std::string(split_prefix(split)) + "w" + std::to_string(difficulty) + "-" +
             std::to_string(seed) + "-" + std::to_string(index);
    row.answer = std::to_string(total);
    row.difficulty = difficulty;
    row.short_completion = reply(equations(story), total);
    row.long_completion = reply(think_long(random, story, level), total);
    return row;
  }
}

}  // namespace laconic
