// Attention over pages against the formula in double, for every instruction set of the machine,
// which must agree bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "nn/decode_testing.h"
#include "nn/half.h"

namespace laconic {
namespace {

using testing::expect_same_bits;
using testing::random_floats;

constexpr KvStorage kStorages[] = {KvStorage::kFloat32, KvStorage::kBfloat16};

struct AttendCase {
  int64_t num_positions, window, head_dim;
  double softcap;
  KvStorage storage;
};

// As the storage holds them.
AlignedFloats stored(AlignedFloats values, KvStorage storage) {
  for (float& value : values)
    if (storage == KvStorage::kBfloat16) value = bfloat16_to_float(float_to_bfloat16(value));
  return values;
}

// A cache of one layer and head, in pages; pages wholly before the window are absent.
AlignedFloats attended(const AttendCase& c) {
  const AlignedFloats query = random_floats(c.head_dim, 1, 6);
  AlignedFloats keys = random_floats(c.num_positions * c.head_dim, 2, 7);
  AlignedFloats values = random_floats(c.num_positions * c.head_dim, 1, 8);
  const int64_t first = c.window > 0 ? std::max<int64_t>(0, c.num_positions - c.window) : 0;
  const int64_t num_pages = round_up(c.num_positions, kPagePositions) / kPagePositions;
  std::vector<AlignedBytes> memory(static_cast<size_t>(num_pages));
  std::vector<std::byte*> pages(memory.size(), nullptr);
  for (int64_t t = first / kPagePositions * kPagePositions; t < c.num_positions; ++t) {
    AlignedBytes& page = memory[t / kPagePositions];
    page.resize(static_cast<size_t>(page_head_bytes(c.head_dim, c.storage)));
    pages[t / kPagePositions] = page.data();
    store_key_value({page.data(), t % kPagePositions, c.storage}, &keys[t * c.head_dim],
                    &values[t * c.head_dim], c.head_dim);
  }
  AlignedFloats out(query.size());
  AlignedFloats scratch(static_cast<size_t>(attend_scratch_floats(1, c.num_positions, c.head_dim)));
  const AttendQuery one[] = {{query.data(), first, c.num_positions, out.data()}};
  attend({one, pages.data(), 0, c.storage, c.head_dim, 0.3F, static_cast<float>(c.softcap),
          scratch.data()});

  keys = stored(keys, c.storage), values = stored(values, c.storage);
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
        for (const int64_t head_dim : {6, 32})
          for (const KvStorage storage : kStorages) {
            SCOPED_TRACE(::testing::Message() << num_positions << " positions, window " << window
                                              << ", softcap " << softcap << ", width " << head_dim
                                              << ", " << bytes_of(storage) << " bytes a value");
            expect_same_bits([&] {
              return attended({num_positions, window, head_dim, softcap, storage});
            });
          }
}

// Pairs of heads of one row after another, each row a position longer.
std::vector<AttendQuery> rows_of_queries(const AlignedFloats& queries, const AttendCase& c,
                                         AlignedFloats& out) {
  std::vector<AttendQuery> rows;
  for (int64_t at = 0; at < static_cast<int64_t>(queries.size()); at += c.head_dim) {
    const int64_t length = c.num_positions + at / c.head_dim / 2;
    const int64_t first = c.window > 0 ? std::max<int64_t>(0, length - c.window) : 0;
    rows.push_back({&queries[at], first, length, &out[at]});
  }
  return rows;
}

// What a page holds beyond a query's positions may be anything.
void expect_bits_of_each_alone(const AttendCase& c) {
  constexpr int64_t kQueries = 37, kPages = 4;
  const int64_t longest = c.num_positions + kQueries / 2;
  const int64_t width = page_head_bytes(c.head_dim, c.storage);
  AlignedBytes cache(static_cast<size_t>(kPages * width), std::byte{0xff});  // NaN in both storages
  std::vector<std::byte*> pages;
  for (int64_t i = 0; i < kPages; ++i) pages.push_back(&cache[i * width]);
  for (int64_t t = 0; t < longest; ++t) {
    const AlignedFloats value = random_floats(round_up(c.head_dim, 16), 1, 100 + t);
    const AlignedFloats key = random_floats(c.head_dim, 2, 500 + t);
    store_key_value({pages[t / kPagePositions], t % kPagePositions, c.storage}, key.data(),
                    value.data(), c.head_dim);
  }
  const AlignedFloats queries = random_floats(kQueries * c.head_dim, 1, 3);
  expect_same_bits([&] {
    AlignedFloats together(queries.size()), alone(queries.size());
    AlignedFloats scratch(attend_scratch_floats(kQueries, longest, c.head_dim));
    const auto call = [&](std::span<const AttendQuery> some) {
      attend({some, pages.data(), 0, c.storage, c.head_dim, 0.3F, 0, scratch.data()});
    };
    call(rows_of_queries(queries, c, together));
    const auto each = rows_of_queries(queries, c, alone);
    for (const AttendQuery& query : each) call({&query, 1});
    EXPECT_EQ(std::memcmp(together.data(), alone.data(), 4 * alone.size()), 0);
    return together;
  });
}

TEST(DecodeAttention, ManyQueriesGiveTheBitsOfEachAlone) {
  for (const int64_t head_dim : {6, 32, 48, 64})
    for (const int64_t first_length : {1, 55, 63, 120})
      for (const int64_t window : {0, 5, 70})
        for (const KvStorage storage : kStorages) {
          SCOPED_TRACE(::testing::Message() << head_dim << ", " << first_length << ", " << window
                                            << ", " << bytes_of(storage) << " bytes a value");
          expect_bits_of_each_alone({first_length, window, head_dim, 0, storage});
        }
}

}  // namespace
}  // namespace laconic
