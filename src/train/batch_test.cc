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

TEST(Batch, RowsWithoutPromptOrTargetAreOurBug) {
  EXPECT_THROW(cut({{{1, 2}, 0}}, 10), Error);
  EXPECT_THROW(cut({{{1, 2}, 2}}, 10), Error);
}

}  // namespace
}  // namespace laconic
