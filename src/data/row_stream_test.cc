// SPDX-License-Identifier: Apache-2.0
#include "data/row_stream.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/json.h"

namespace laconic {
namespace {

TEST(RowStream, PermutationVisitsEachRowOnce) {
  for (const int64_t size : {1, 2, 3, 7, 64, 65, 1000}) {
    std::set<int64_t> seen;
    for (int64_t i = 0; i < size; ++i) seen.insert(permuted_row(9, 4, i, size));
    EXPECT_EQ(static_cast<int64_t>(seen.size()), size);
    EXPECT_EQ(*seen.begin(), 0);
    EXPECT_EQ(*seen.rbegin(), size - 1);
  }
  int64_t fixed_points = 0, same_next_epoch = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    fixed_points += permuted_row(9, 4, i, 1000) == i;
    same_next_epoch += permuted_row(9, 4, i, 1000) == permuted_row(9, 5, i, 1000);
  }
  EXPECT_LT(fixed_points, 8);
  EXPECT_LT(same_next_epoch, 8);
}

TEST(RowStream, SharesFollowAlphaAndEpochsAreWhole) {
  RowStream stream({10, 30}, 3);
  const std::vector<double> alpha = {0.25, 0.75};
  int64_t first = 0;
  std::vector<int64_t> order;
  for (int i = 0; i < 40000; ++i) {
    const auto draw = stream.next(alpha);
    first += draw.domain == 0;
    if (draw.domain == 0) order.push_back(draw.row);
  }
  EXPECT_NEAR(static_cast<double>(first) / 40000, 0.25, 0.01);
  for (size_t epoch = 0; epoch + 1 < order.size() / 10; ++epoch) {
    const std::set<int64_t> rows(order.begin() + static_cast<int64_t>(epoch) * 10,
                                 order.begin() + static_cast<int64_t>(epoch) * 10 + 10);
    ASSERT_EQ(rows.size(), 10u) << "epoch " << epoch;
  }
}

TEST(RowStream, ZeroShareIsNeverDrawn) {
  RowStream stream({0, 5}, 3);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(stream.next(std::vector{0.0, 1.0}).domain, 1);
  RowStream other({5, 0}, 3);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(other.next(std::vector{1.0, 0.0}).domain, 0);
}

TEST(RowStream, RestoreContinuesExactly) {
  const std::vector<double> alpha = {0.4, 0.6};
  RowStream whole({8, 13}, 21), part({8, 13}, 21);
  for (int i = 0; i < 57; ++i) {
    whole.next(alpha);
    part.next(alpha);
  }
  RowStream resumed({8, 13}, 21);
  resumed.restore(Json::parse(part.state().dump(), "state"), "state");
  for (int i = 0; i < 100; ++i) {
    const auto expected = whole.next(alpha), got = resumed.next(alpha);
    EXPECT_EQ(expected.domain, got.domain);
    EXPECT_EQ(expected.row, got.row);
  }
  EXPECT_THROW(RowStream({8, 14}, 21).restore(part.state(), "state"), Error);
  EXPECT_THROW(RowStream({8, 13}, 22).restore(part.state(), "state"), Error);
}

}  // namespace
}  // namespace laconic
