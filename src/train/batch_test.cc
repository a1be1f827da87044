// SPDX-License-Identifier: Apache-2.0
#include "train/batch.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

std::vector<TokenBatch> cut(const std::vector<TokenRow>& rows, int64_t max_tokens) {
  std::vector<const TokenRow*> pointers;
  for (const TokenRow& row : rows) pointers.push_back(&row);
  return make_batches(pointers, max_tokens);
}

TEST(Batch, TargetsAreTheNextIdsAfterThePrompt) {
  const std::vector<TokenRow> rows = {{{10, 11, 12, 13}, 2}, {{20, 21, 22}, 1}};
  const auto batches = cut(rows, 100);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].ids, (std::vector<int32_t>{10, 11, 12, 13, 20, 21, 22}));
  EXPECT_EQ(batches[0].cu_seqlens, (std::vector<int32_t>{0, 4, 7}));
  // The last position of the prompt predicts the first target; no row predicts into the next one.
  EXPECT_EQ(batches[0].targets, (std::vector<int32_t>{-1, 12, 13, -1, 21, 22, -1}));
  EXPECT_EQ(rows[0].num_targets(), 2);
  EXPECT_EQ(rows[1].num_targets(), 2);
}

TEST(Batch, CutsAtTheBudgetAndNeverARow) {
  const TokenRow three = {{1, 2, 3}, 1}, nine = {{1, 2, 3, 4, 5, 6, 7, 8, 9}, 4};
  struct Case {
    std::vector<TokenRow> rows;
    int64_t max_tokens;
    std::vector<int64_t> lengths;
  };
  const std::vector<Case> cases = {
      {{three, three, three}, 6, {6, 3}},     // exactly full
      {{three, three, three}, 5, {3, 3, 3}},  // the second would not fit
      {{nine, three, three}, 6, {9, 6}},      // longer than the budget: alone
      {{three, nine, three}, 6, {3, 9, 3}},   // rows stay in order
      {{three}, 1, {3}},
      {{}, 10, {}},
  };
  for (const Case& c : cases) {
    std::vector<int64_t> lengths;
    int64_t num_targets = 0, expected_targets = 0;
    for (const TokenBatch& batch : cut(c.rows, c.max_tokens)) {
      lengths.push_back(batch.num_tokens());
      EXPECT_EQ(batch.targets.size(), batch.ids.size());
      EXPECT_EQ(batch.cu_seqlens.back(), batch.num_tokens());
      for (int32_t target : batch.targets) num_targets += target >= 0;
    }
    for (const TokenRow& row : c.rows) expected_targets += row.num_targets();
    EXPECT_EQ(lengths, c.lengths);
    EXPECT_EQ(num_targets, expected_targets);
  }
}

TEST(Batch, ALossWeightMovesToThePositionThatPredictsItsId) {
  TokenRow plain{{10, 11, 12, 13}, 2}, weighted{{20, 21, 22}, 1};
  EXPECT_TRUE(cut({plain, plain}, 100)[0].loss_weights.empty());
  weighted.loss_weights = {9, -0.5, 3};
  const std::vector<float> one(4, 1.0f), other = {-0.5, 3, 1};
  const auto joined = [](std::vector<float> a, const std::vector<float>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  EXPECT_EQ(cut({plain, weighted}, 100)[0].loss_weights, joined(one, other));
  EXPECT_EQ(cut({weighted, plain}, 100)[0].loss_weights, joined(other, one));
  EXPECT_TRUE(cut({plain, weighted}, 4)[0].loss_weights.empty());
  EXPECT_EQ(cut({plain, weighted}, 4)[1].loss_weights, other);
  weighted.loss_weights = {1, 2};
  EXPECT_THROW(cut({weighted}, 100), Error);
}

TEST(Batch, AGroupIsNeverSplit) {
  const auto row = [](int64_t length, int64_t group) {
    TokenRow row{std::vector<int32_t>(static_cast<size_t>(length), 1), 1};
    row.group = group;
    return row;
  };
  struct Case {
    std::vector<TokenRow> rows;
    std::vector<int64_t> lengths;
    int64_t num_groups;
  };
  const std::vector<Case> cases = {
      {{row(4, 0), row(4, 0), row(4, 1), row(4, 1)}, {8, 8}, 2},
      {{row(3, -1), row(4, 7), row(4, 7), row(2, -1)}, {3, 10}, 3},
      {{row(3, 2), row(3, 2), row(3, -1), row(3, -1)}, {9, 3}, 3},
      {{row(20, 5), row(4, 6)}, {20, 4}, 2},  // a group of one is a row
  };
  for (const Case& c : cases) {
    std::vector<int64_t> lengths;
    for (const TokenBatch& batch : cut(c.rows, 10)) lengths.push_back(batch.num_tokens());
    EXPECT_EQ(lengths, c.lengths);
    std::vector<const TokenRow*> pointers;
    for (const TokenRow& one : c.rows) pointers.push_back(&one);
    EXPECT_EQ(count_groups(pointers), c.num_groups);
  }
  try {
    cut({row(3, -1), row(4, 7), row(4, 7), row(4, 7)}, 10);
    ADD_FAILURE() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("(3 rows, 12 tokens), got 10"), std::string::npos)
        << error.what();
  }
  EXPECT_THROW(cut({row(3, 1), row(3, 2), row(3, 1)}, 10), Error);  // apart
}

TEST(Batch, RowsWithoutPromptOrTargetAreOurBug) {
  EXPECT_THROW(cut({{{1, 2}, 0}}, 10), Error);
  EXPECT_THROW(cut({{{1, 2}, 2}}, 10), Error);
}

}  // namespace
}  // namespace laconic
