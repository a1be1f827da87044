// Pages of keys and values: shared, copied on write, used again.
// SPDX-License-Identifier: Apache-2.0
#include "nn/kv_cache.h"

#include <gtest/gtest.h>

#include "nn/model_config.h"

namespace laconic {
namespace {

TEST(KvCacheTest, PagesAreSharedUntilWrittenAndReused) {
  ModelConfig config;
  config.num_layers = 2;
  config.num_kv_heads = 2;
  config.head_dim = 16;
  KvCache cache(config, 3, 1000);
  cache.grow(0, 100);
  EXPECT_EQ(cache.num_pages_allocated(), 2);
  cache.copy(0, 1, 100);
  cache.copy(0, 2, 64);
  EXPECT_EQ(cache.num_pages_allocated(), 2);
  EXPECT_EQ(cache.pages(1)[1], cache.pages(0)[1]);
  cache.pages(0)[1][7] = std::byte{42};
  cache.grow(1, 1);  // writes into the shared second page: its own copy now
  EXPECT_EQ(cache.num_pages_allocated(), 3);
  EXPECT_NE(cache.pages(1)[1], cache.pages(0)[1]);
  EXPECT_EQ(cache.pages(1)[1][7], std::byte{42});
  EXPECT_EQ(cache.pages(1)[0], cache.pages(0)[0]);
  cache.grow(0, 1);  // alone again: no further copy
  EXPECT_EQ(cache.num_pages_allocated(), 3);
  cache.grow(2, 1);
  EXPECT_EQ(cache.num_pages_allocated(), 4);
  for (int64_t slot = 0; slot < 3; ++slot) cache.clear(slot);
  cache.grow(0, 256);
  EXPECT_EQ(cache.num_pages_allocated(), 4);
}

}  // namespace
}  // namespace laconic
