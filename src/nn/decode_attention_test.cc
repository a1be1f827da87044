// Attention over pages against the formula in double, for every instruction set of the machine,
// which must agree bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "nn/decode_testing.h"

namespace laconic {
namespace {

using testing::expect_same_bits;
using testing::random_floats;

struct AttendCase {
  int64_t num_positions, window, head_dim;
  double softcap;
};

// A cache of one layer and head, in pages; pages wholly before the window are absent.
AlignedFloats attended(const AttendCase& c) {
  const AlignedFloats query = random_floats(c.head_dim, 1, 6);
  const AlignedFloats keys = random_floats(c.num_positions * c.head_dim, 2, 7);
  const AlignedFloats values = random_floats(c.num_positions * c.head_dim, 1, 8);
  const int64_t first = c.window > 0 ? std::max<int64_t>(0, c.num_positions - c.window) : 0;
  const int64_t num_pages = round_up(c.num_positions, kPagePositions) / kPagePositions;
  std::vector<AlignedFloats> storage(static_cast<size_t>(num_pages));
  std::vector<float*> pages(storage.size(), nullptr);
  for (int64_t t = first / kPagePositions * kPagePositions; t < c.num_positions; ++t) {
    AlignedFloats& page = storage[t / kPagePositions];
    page.resize(static_cast<size_t>(page_head_floats(c.head_dim)));
    pages[t / kPagePositions] = page.data();
    store_key_value(page.data(), &keys[t * c.head_dim], &values[t * c.head_dim], t % kPagePositions,
                    c.head_dim);
  }
  AlignedFloats out(query.size());
  AlignedFloats scratch(static_cast<size_t>(attend_scratch_floats(1, c.num_positions, c.head_dim)));
  const AttendQuery one[] = {{query.data(), first, c.num_positions, out.data()}};
  attend({one, pages.data(), 0, c.head_dim, 0.3F, static_cast<float>(c.softcap), scratch.data()});

  std::vector<double> want(query.size());
  double sum = 0;
  for (int64_t t = first; t < c.num_positions; ++t) {
    double score = 0;
    for (int64_t e = 0; e < c.head_dim; ++e)
      score += 0.3 * static_cast<double>(query[e]) * keys[t * c.head_dim + e];
    if (c.softcap > 0) score = c.softcap * std::tanh(score / c.softcap);
    sum += std::exp(score);
    for (int64_t e = 0; e < c.head_dim; ++e)
      want[e] += std::exp(score) * values[t * c.head_dim + e];
  }
  for (size_t e = 0; e < want.size(); ++e) EXPECT_NEAR(out[e], want[e] / sum, 5e-6) << e;
  return out;
}

TEST(DecodeAttention, WindowAndSoftcap) {
  for (const int64_t num_positions : {1, 7, 64, 65, 200, 256})
    for (const int64_t window : {0, 1, 8, 64, 65, 100})
      for (const double softcap : {0.0, 1.5})
        for (const int64_t head_dim : {6, 32}) {
          SCOPED_TRACE(::testing::Message() << num_positions << " positions, window " << window
                                            << ", softcap " << softcap << ", width " << head_dim);
          expect_same_bits([&] { return attended({num_positions, window, head_dim, softcap}); });
        }
}

// Pairs of heads of one row after another, each row a position longer.
std::vector<AttendQuery> rows_of_queries(const AlignedFloats& queries, int64_t head_dim,
                                         int64_t first_length, int64_t window, AlignedFloats& out) {
  std::vector<AttendQuery> rows;
  for (int64_t at = 0; at < static_cast<int64_t>(queries.size()); at += head_dim) {
    const int64_t length = first_length + at / head_dim / 2;
    const int64_t first = window > 0 ? std::max<int64_t>(0, length - window) : 0;
    rows.push_back({&queries[at], first, length, &out[at]});
  }
  return rows;
}

// What a page holds beyond a query's positions may be anything.
TEST(DecodeAttention, ManyQueriesGiveTheBitsOfEachAlone) {
  constexpr int64_t kQueries = 37, kPages = 4;
  for (const int64_t head_dim : {6, 32, 48, 64})
    for (const int64_t first_length : {1, 55, 63, 120})
      for (const int64_t window : {0, 5, 70}) {
        SCOPED_TRACE(::testing::Message() << head_dim << ", " << first_length << ", " << window);
        const int64_t longest = first_length + kQueries / 2;
        const int64_t width = page_head_floats(head_dim);
        AlignedFloats cache(static_cast<size_t>(kPages * width),
                            std::numeric_limits<float>::quiet_NaN());
        std::vector<float*> pages;
        for (int64_t i = 0; i < kPages; ++i) pages.push_back(&cache[i * width]);
        for (int64_t t = 0; t < longest; ++t) {
          AlignedFloats value = random_floats(round_up(head_dim, 16), 1, 100 + t);
          const AlignedFloats key = random_floats(head_dim, 2, 500 + t);
          float* page = pages[t / kPagePositions];
          store_key_value(page, key.data(), value.data(), t % kPagePositions, head_dim);
        }
        const AlignedFloats queries = random_floats(kQueries * head_dim, 1, 3);
        expect_same_bits([&] {
          AlignedFloats together(queries.size()), alone(queries.size());
          const AttendArgs same = {{}, pages.data(), 0, head_dim, 0.3F, 0, nullptr};
          AlignedFloats scratch(attend_scratch_floats(kQueries, longest, head_dim));
          const auto call = [&](std::span<const AttendQuery> some) {
            AttendArgs args = same;
            args.queries = some;
            args.scratch = scratch.data();
            attend(args);
          };
          call(rows_of_queries(queries, head_dim, first_length, window, together));
          const auto each = rows_of_queries(queries, head_dim, first_length, window, alone);
          for (const AttendQuery& query : each) call({&query, 1});
          EXPECT_EQ(std::memcmp(together.data(), alone.data(), 4 * alone.size()), 0);
          return together;
        });
      }
}

}  // namespace
}  // namespace laconic
