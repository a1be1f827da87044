// SPDX-License-Identifier: Apache-2.0
#include "method/select.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

SampledReply candidate(const char* id, int64_t sample, int64_t tokens, bool right,
                       bool truncated = false) {
  return {id,     sample, "7",      std::string(id) + " " + std::to_string(tokens),
          tokens, right,  truncated};
}

// a: 2 of 4 right (30, 10), b: all right (20, 40), c: right but cut off, d: wrong.
std::vector<SampledReply> candidates() {
  return {candidate("a", 0, 30, true),       candidate("a", 1, 10, true),
          candidate("a", 2, 5, false),       candidate("a", 3, 99, false),
          candidate("b", 0, 20, true),       candidate("b", 1, 40, true),
          candidate("c", 0, 50, true, true), candidate("d", 0, 1, false)};
}

std::vector<int64_t> tokens_of(const Selection& selection) {
  std::vector<int64_t> tokens;
  for (const SelectedRow& row : selection.rows) tokens.push_back(row.num_tokens);
  return tokens;
}

TEST(Select, KeepsTheShortestOrLongestRightReplyOfEachProblem) {
  SelectOptions options;
  const Selection shortest = select_rows(candidates(), options);
  EXPECT_EQ(tokens_of(shortest), (std::vector<int64_t>{10, 20}));
  EXPECT_EQ(shortest.num_problems, 4);
  EXPECT_EQ(shortest.num_kept, 2);
  EXPECT_EQ(shortest.lost_none_right, 2);
  EXPECT_DOUBLE_EQ(shortest.num_tokens, 30);
  EXPECT_DOUBLE_EQ(shortest.baseline_tokens, 20 + 30);  // means of (30, 10) and (20, 40)
  options.keep = Keep::kLongest;
  EXPECT_EQ(tokens_of(select_rows(candidates(), options)), (std::vector<int64_t>{30, 40}));
  options.per_problem = 2;
  EXPECT_EQ(tokens_of(select_rows(candidates(), options)), (std::vector<int64_t>{30, 10, 40, 20}));
}

TEST(Select, RandomDependsOnTheSeedAlone) {
  SelectOptions options;
  options.keep = Keep::kRandom;
  std::vector<std::vector<int64_t>> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    options.seed = seed;
    seen.push_back(tokens_of(select_rows(candidates(), options)));
    EXPECT_EQ(seen.back(), tokens_of(select_rows(candidates(), options)));
  }
  EXPECT_GT(std::count(seen.begin(), seen.end(), std::vector<int64_t>{30, 20}), 0);
  EXPECT_GT(std::count(seen.begin(), seen.end(), std::vector<int64_t>{10, 40}), 0);
}

TEST(Select, TheSameTextDoesNotCountTwice) {
  std::vector<SampledReply> same = {candidate("a", 0, 10, true), candidate("a", 1, 10, true)};
  SelectOptions options;
  options.per_problem = 2;
  EXPECT_EQ(select_rows(same, options).rows.size(), 1u);
}

TEST(Select, ProblemsOutsideTheBoundsAreLostByTheirReason) {
  SelectOptions options;
  options.pass_rate = {0.6, 1};  // a has 0.5
  Selection got = select_rows(candidates(), options);
  EXPECT_EQ(tokens_of(got), (std::vector<int64_t>{20}));
  EXPECT_EQ(got.lost_pass_rate, 1);
  options = {};
  options.difficulty_percentiles = {50, 100};  // b is the easier one
  got = select_rows(candidates(), options);
  EXPECT_EQ(tokens_of(got), (std::vector<int64_t>{10}));
  EXPECT_EQ(got.lost_difficulty, 1);
  options = {};
  options.length_percentiles = {0, 50};
  got = select_rows(candidates(), options);
  EXPECT_EQ(tokens_of(got), (std::vector<int64_t>{10}));
  EXPECT_EQ(got.lost_length, 1);
}

constexpr const char* kReply =
    "<think>\nFirst I get 6. The answer is 6. Wait, that is off.\nSo the answer is 7.\nLet me "
    "verify. "
    "7 it is, the answer is 7.\nHmm, another way. The answer is 7.\n</think>\n\n\\boxed{7}";

TEST(Select, CutsAfterTheFirstRightSolutionAndKeepsTheAnswer) {
  EXPECT_EQ(cut_after_solution(kReply, "7", Cut::kFirstSolution),
            "<think>\nFirst I get 6. The answer is 6. Wait, that is off.\nSo the answer is "
            "7.\n</think>\n\n\\boxed{7}");
  EXPECT_EQ(cut_after_solution(kReply, "7", Cut::kSecondSolution),
            "<think>\nFirst I get 6. The answer is 6. Wait, that is off.\nSo the answer is 7.\nLet "
            "me verify. 7 it is, the answer is 7.\n</think>\n\n\\boxed{7}");
  EXPECT_EQ(cut_after_solution(kReply, "7", Cut::kNone), kReply);
  EXPECT_EQ(cut_after_solution(kReply, "8", Cut::kFirstSolution), kReply);  // none is right
  EXPECT_EQ(cut_after_solution("\\boxed{7}. Wait, again: \\boxed{7}.", "7", Cut::kFirstSolution),
            "\\boxed{7}.");
}

TEST(Select, CutRepliesAreCountedByTheirShareOrByTheTokenizer) {
  const SampledReply one = {"a", 0, "7", kReply, 100, true, false};
  SelectOptions options;
  options.cut = Cut::kFirstSolution;
  const Selection shared = select_rows({&one, 1}, options);
  ASSERT_EQ(shared.rows.size(), 1u);
  EXPECT_TRUE(shared.rows[0].is_cut);
  const double share = static_cast<double>(shared.rows[0].completion.size()) /
                       static_cast<double>(one.completion.size());
  EXPECT_NEAR(static_cast<double>(shared.rows[0].num_tokens), 100 * share, 0.5);
  options.count = [](std::string_view) { return int64_t{3}; };
  EXPECT_EQ(select_rows({&one, 1}, options).rows[0].num_tokens, 3);
}

TEST(Select, TheTableMarksWhatIsChosen) {
  SelectOptions options;
  const std::string table = what_if_table(candidates(), options);
  EXPECT_NE(table.find("> shortest                           2     2       2        15.0           "
                       "10.0            20     40.0\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("  longest                            2     2       2        35.0"),
            std::string::npos)
      << table;
  options.keep = Keep::kLongest;
  options.cut = Cut::kFirstSolution;
  EXPECT_NE(what_if_table(candidates(), options).find("> as chosen"), std::string::npos);
}

TEST(Select, RangesAreRead) {
  EXPECT_EQ(parse_range("10-90", 100, "--x").high, 90);
  EXPECT_EQ(parse_range("0.25-1", 1, "--x").low, 0.25);
  for (const char* text : {"", "5", "9-1", "0-101", "a-b", "1-2-3", "-1-5"})
    EXPECT_THROW(parse_range(text, 100, "--x"), Error) << text;
}

}  // namespace
}  // namespace laconic
