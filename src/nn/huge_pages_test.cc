// SPDX-License-Identifier: Apache-2.0
#include "nn/huge_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace laconic {
namespace {

TEST(HugePageArena, PiecesAreAlignedApartAndTheSameAfterRewinding) {
  HugePageArena arena;
  const std::vector<size_t> sizes = {1, 64, 100, size_t{70} << 20, 3, size_t{40} << 20};
  std::vector<std::byte*> pieces;
  for (size_t i = 0; i < sizes.size(); ++i) {
    pieces.push_back(arena.take(sizes[i]));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pieces[i]) % 64, 0u);
    EXPECT_EQ(std::count(pieces[i], pieces[i] + sizes[i], std::byte{}),
              static_cast<ptrdiff_t>(sizes[i]));
    std::memset(pieces[i], static_cast<int>(i + 1), sizes[i]);
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(pieces[i][0], std::byte(i + 1));
    EXPECT_EQ(pieces[i][sizes[i] - 1], std::byte(i + 1));
  }
  arena.rewind();
  for (size_t i = 0; i < sizes.size(); ++i) EXPECT_EQ(arena.take(sizes[i]), pieces[i]) << i;
}

}  // namespace
}  // namespace laconic
