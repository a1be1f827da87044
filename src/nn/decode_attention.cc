// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_attention.h"

#include <cstring>
#include <limits>
#include <type_traits>

#include "nn/decode_rows.h"
#include "nn/half.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/decode_attention.cc"
// clang-format off
#include "hwy/foreach_target.h"
// clang-format on
#include "nn/decode_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

constexpr int64_t kTogether = kQueriesSharing;
// An output's terms go to four chains, position t to chain t mod 4, to hide the additions' latency.
constexpr int64_t kChains = 4;
constexpr int64_t kSpanPages = 4;

// A query with its part of the scratch.
struct Lane {
  AttendQuery query;
  int64_t begin;  // the first position of its first page
  float* scores;
  float* sums;  // [kChains][round_up(E, 16)]
  Range within(Range range) const {
    return {HWY_MAX(begin, range.begin), HWY_MIN(query.num_positions, range.end)};
  }
};

// Page values, widened.
HWY_INLINE V load(const float* from) { return hn::LoadU(D(), from); }
HWY_INLINE V load(const hwy::bfloat16_t* from) {
  return hn::PromoteTo(D(), hn::LoadU(hn::Rebind<hwy::bfloat16_t, D>(), from));
}
template <typename Stored>
HWY_INLINE const Stored* page_of(const AttendArgs& args, int64_t position) {
  return reinterpret_cast<const Stored*>(args.pages[position / kPagePositions] + args.page_offset);
}

// Of the page that holds the position.
template <typename Stored>
HWY_INLINE const Stored* values_of(const AttendArgs& args, int64_t position) {
  return page_of<Stored>(args, position) + kPagePositions * args.head_dim;
}

// Of a lane's next page, while one page is computed with: each page is another stream, which the
// processor fetches late by itself.
template <typename Stored>
HWY_INLINE void fetch_lines(const Stored* values, int64_t count) {
  for (int64_t i = 0; i < count; i += 64 / static_cast<int64_t>(sizeof(Stored)))
    __builtin_prefetch(values + i, 0, 2);
}

// function(lane, number of lanes, positions): kTogether lanes at once where all have the positions,
// one at a time elsewhere; for each lane in ascending order. A part begins at a multiple of 16.
template <typename Function>
HWY_INLINE void for_parts(std::span<const Lane> lanes, Range range, const Function& function) {
  const std::integral_constant<int64_t, 1> one;
  const auto alone = [&](const Lane& lane, Range part) {
    if (part.begin < part.end) function(&lane, one, part);
  };
  size_t i = 0;
  for (; i + kTogether <= lanes.size(); i += kTogether) {
    Range shared = range;
    for (size_t q = 0; q < kTogether; ++q) shared = lanes[i + q].within(shared);
    for (size_t q = 0; q < kTogether; ++q)
      if (lanes[i + q].within(range).end != shared.end) shared.end &= ~int64_t{15};
    if (shared.begin >= shared.end) shared = {range.end, range.end};
    for (size_t q = 0; q < kTogether; ++q)
      alone(lanes[i + q], lanes[i + q].within({range.begin, shared.begin}));
    if (shared.begin < shared.end)
      function(&lanes[i], std::integral_constant<int64_t, kTogether>(), shared);
    for (size_t q = 0; q < kTogether; ++q)
      alone(lanes[i + q], lanes[i + q].within({shared.end, range.end}));
  }
  for (; i < lanes.size(); ++i) alone(lanes[i], lanes[i].within(range));
}

// Blocks of 16 positions whose sums fit the registers: 32 of them with AVX-512, else 16.
template <int64_t kQueries>
constexpr int64_t kMostBlocks = kVectors == 1 || kQueries == 1 ? 4 : 2;

// Scores of kBlocks x 16 positions of one page.
template <typename Stored, int64_t kQueries, int64_t kBlocks>
HWY_INLINE void block_scores(const Lane* lanes, const AttendArgs& args, int64_t position) {
  const D d;
  const int64_t in_page = position % kPagePositions, next = position - in_page + kPagePositions;
  const Stored* const keys = page_of<Stored>(args, position) + in_page;
  // After the last keys come the values.
  const Stored* ahead = next < lanes[0].query.num_positions
                            ? page_of<Stored>(args, next) + in_page
                            : values_of<Stored>(args, lanes[0].begin) + in_page;
  constexpr int64_t kWide = kBlocks * kVectors;
  V sums[kQueries][kWide];
#pragma GCC unroll 4
  for (int64_t q = 0; q < kQueries; ++q)
#pragma GCC unroll 8
    for (int64_t v = 0; v < kWide; ++v) sums[q][v] = hn::Zero(d);
  for (int64_t e = 0; e < args.head_dim; ++e, ahead += kPagePositions) {
    fetch_lines(ahead, kWide * kLanes);
    V part[kWide];
#pragma GCC unroll 8
    for (int64_t v = 0; v < kWide; ++v) part[v] = load(keys + e * kPagePositions + v * kLanes);
#pragma GCC unroll 4
    for (int64_t q = 0; q < kQueries; ++q) {
      const V x = hn::Set(d, lanes[q].query.query[e]);
#pragma GCC unroll 8
      for (int64_t v = 0; v < kWide; ++v) sums[q][v] = hn::MulAdd(x, part[v], sums[q][v]);
    }
  }
  const V scale = hn::Set(d, args.scale);
#pragma GCC unroll 4
  for (int64_t q = 0; q < kQueries; ++q)
#pragma GCC unroll 8
    for (int64_t v = 0; v < kWide; ++v)
      hn::StoreU(hn::Mul(sums[q][v], scale), d, lanes[q].scores + position + v * kLanes);
}

template <int64_t kBlocks, typename Stored, int64_t kQueries>
HWY_INLINE void some_scores(int64_t blocks, const Lane* lanes, const AttendArgs& args,
                            int64_t position) {
  if (blocks == kBlocks) return block_scores<Stored, kQueries, kBlocks>(lanes, args, position);
  if constexpr (kBlocks > 1)
    some_scores<kBlocks - 1, Stored, kQueries>(blocks, lanes, args, position);
}

// In blocks of 16: what lies behind a query's positions is overwritten by exponentiate.
template <typename Stored>
void attend_scores(const AttendArgs& args, std::span<const Lane> lanes, Range range) {
  for_parts(lanes, range, [&](const Lane* at, auto number, Range part) {
    constexpr int64_t kQueries = decltype(number)::value;
    for (int64_t t = part.begin; t < part.end;) {
      const int64_t page_end = (t / kPagePositions + 1) * kPagePositions;
      const int64_t end = HWY_MIN(HWY_MIN(part.end, page_end), t + 16 * kMostBlocks<kQueries>);
      some_scores<kMostBlocks<kQueries>, Stored, kQueries>((end - t + 15) / 16, at, args, t);
      t = end;
    }
  });
}

// Scores to exponentials, zero outside [first_position, num_positions); returns their sum.
HWY_INLINE float exponentiate(const Lane& lane, float softcap) {
  float* const scores = lane.scores;
  const int64_t begin = lane.begin, num_positions = lane.query.num_positions;
  const int64_t padded = (num_positions + 15) / 16 * 16;
  if (softcap > 0) {
    const V cap = hn::Set(D(), softcap);
    for (int64_t t = begin; t < padded; t += kLanes)
      hn::StoreU(soft_cap(hn::LoadU(D(), scores + t), cap), D(), scores + t);
  }
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  for (int64_t t = begin; t < lane.query.first_position; ++t) scores[t] = kNever;
  for (int64_t t = num_positions; t < padded; ++t) scores[t] = kNever;
  V max = hn::LoadU(D(), scores + begin);
  for (int64_t t = begin + kLanes; t < padded; t += kLanes)
    max = hn::Max(max, hn::LoadU(D(), scores + t));
  max = hn::MaxOfLanes(D(), max);
  Sixteen sum(0.0F);
  for (int64_t t = begin; t < padded; t += 16) {
    Sixteen values(scores + t);
    for (V& part : values.part) part = hn::Exp(D(), hn::Sub(part, max));
    values.store(scores + t);
    sum.add(values);
  }
  return sum_lanes(sum);
}

// Adds positions of the pages to kWide vectors of outputs.
template <typename Stored, int64_t kQueries, int64_t kWide>
HWY_INLINE void add_values(const Lane* lanes, const AttendArgs& args, Range positions, int64_t e) {
  const int64_t stride = (args.head_dim + 15) / 16 * 16;
  V sums[kQueries][kChains][kWide];
  const auto for_sums = [&](const auto& function) HWY_ATTR {
#pragma GCC unroll 4
    for (int64_t q = 0; q < kQueries; ++q)
#pragma GCC unroll 4
      for (int64_t c = 0; c < kChains; ++c)
#pragma GCC unroll 2
        for (int64_t v = 0; v < kWide; ++v)
          function(sums[q][c][v], lanes[q].sums + c * stride + e + v * kLanes);
  };
  for_sums([](V& sum, const float* from) HWY_ATTR { sum = hn::LoadU(D(), from); });
  for (int64_t t = positions.begin; t < positions.end;) {
    const int64_t next = (t / kPagePositions + 1) * kPagePositions;
    const Stored* values = values_of<Stored>(args, t) + t % kPagePositions * stride + e;
    // A line is fetched for all columns that it holds.
    const bool fetches = next < positions.end && e * sizeof(Stored) % 64 == 0;
    const Stored* ahead = fetches ? values_of<Stored>(args, next) + e : nullptr;
    const auto add = [&](int64_t c) HWY_ATTR {
      V part[kWide];
#pragma GCC unroll 2
      for (int64_t v = 0; v < kWide; ++v) part[v] = load(values + c * stride + v * kLanes);
#pragma GCC unroll 4
      for (int64_t q = 0; q < kQueries; ++q) {
        const V weight = hn::Set(D(), lanes[q].scores[t + c]);
#pragma GCC unroll 2
        for (int64_t v = 0; v < kWide; ++v)
          sums[q][c][v] = hn::MulAdd(weight, part[v], sums[q][c][v]);
      }
    };
    const int64_t end = HWY_MIN(positions.end, next);
    for (; t + kChains <= end; t += kChains, values += kChains * stride) {
      if (fetches) {
        for (int64_t c = 0; c < kChains; ++c, ahead += stride) fetch_lines(ahead, kWide * kLanes);
      }
#pragma GCC unroll 4
      for (int64_t c = 0; c < kChains; ++c) add(c);
    }
#pragma GCC unroll 4
    for (int64_t c = 0; c < kChains - 1; ++c)
      if (t + c < end) add(c);
    t = end;
  }
  for_sums([](V sum, float* to) HWY_ATTR { hn::StoreU(sum, D(), to); });
}

template <typename Stored>
void attend_values(const AttendArgs& args, std::span<const Lane> lanes, Range range) {
  for_parts(lanes, range, [&](const Lane* at, auto number, Range part) {
    constexpr int64_t kQueries = decltype(number)::value;
    // Twelve sums of chains in 16 registers, 24 in 32.
    constexpr int64_t kWide = kVectors == 1 || kQueries == 1 ? 2 : 1;
    const int64_t stride = (args.head_dim + 15) / 16 * 16;
    int64_t e = 0;
    for (; e + kWide * kLanes <= stride; e += kWide * kLanes)
      add_values<Stored, kQueries, kWide>(at, args, part, e);
    if (e < stride) add_values<Stored, kQueries, 1>(at, args, part, e);
  });
}

HWY_INLINE void finish(const Lane& lane, int64_t head_dim, float inverse) {
  const int64_t stride = (head_dim + 15) / 16 * 16;
  for (int64_t e = 0; e < head_dim; e += 16) {
    Sixteen chains[kChains];
    for (int64_t c = 0; c < kChains; ++c) chains[c].load(lane.sums + c * stride + e);
    chains[0].add(chains[1]);
    chains[2].add(chains[3]);
    chains[0].add(chains[2]);
    float lanes[16];
    chains[0].store(lanes);
    const int64_t width = HWY_MIN(head_dim - e, int64_t{16});
    for (int64_t i = 0; i < width; ++i) lane.query.out[e + i] = lanes[i] * inverse;
  }
}

template <typename Stored>
void attend_stored(const AttendArgs& args) {
  Lane storage[kMaxAttendQueries];
  const std::span<Lane> lanes(storage, args.queries.size());
  int64_t begin = std::numeric_limits<int64_t>::max(), end = 0;
  for (const AttendQuery& query : args.queries) {
    begin = HWY_MIN(begin, query.first_position / kPagePositions * kPagePositions);
    end = HWY_MAX(end, query.num_positions);
  }
  const int64_t sums = kChains * ((args.head_dim + 15) / 16 * 16);
  const int64_t floats = (end + kPagePositions - 1) / kPagePositions * kPagePositions + sums;
  for (size_t i = 0; i < lanes.size(); ++i) {
    const AttendQuery& query = args.queries[i];
    float* const own = args.scratch + static_cast<int64_t>(i) * floats;
    lanes[i] = {query, query.first_position / kPagePositions * kPagePositions, own + sums, own};
    std::memset(own, 0, static_cast<size_t>(sums) * sizeof(float));
  }
  // Keys and values of a span stay in the second-level cache from one run of lanes to the next.
  const int64_t span = lanes.size() > kTogether ? kSpanPages * kPagePositions : end;
  for (int64_t t = begin; t < end; t += span) attend_scores<Stored>(args, lanes, {t, t + span});
  float inverses[kMaxAttendQueries];
  for (size_t i = 0; i < lanes.size(); ++i)
    inverses[i] = 1.0F / exponentiate(lanes[i], args.softcap);
  for (int64_t t = begin; t < end; t += span) attend_values<Stored>(args, lanes, {t, t + span});
  for (size_t i = 0; i < lanes.size(); ++i) finish(lanes[i], args.head_dim, inverses[i]);
}

void attend_impl(const AttendArgs& args) {
  if (args.storage == KvStorage::kBfloat16) return attend_stored<hwy::bfloat16_t>(args);
  attend_stored<float>(args);
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {

HWY_EXPORT(attend_impl);

namespace {

// convert(float) -> what is stored.
template <typename Stored, typename Convert>
void store(const KeyValueSlot& slot, const float* key, const float* value, int64_t head_dim,
           const Convert& convert) {
  Stored* const keys = reinterpret_cast<Stored*>(slot.page) + slot.position_in_page;
  Stored* const values = reinterpret_cast<Stored*>(slot.page) + kPagePositions * head_dim +
                         slot.position_in_page * round_up(head_dim, 16);
  for (int64_t e = 0; e < head_dim; ++e) keys[e * kPagePositions] = convert(key[e]);
  for (int64_t e = 0; e < head_dim; ++e) values[e] = convert(value[e]);
}

}  // namespace

void store_key_value(const KeyValueSlot& slot, const float* key, const float* value,
                     int64_t head_dim) {
  if (slot.storage == KvStorage::kBfloat16)
    return store<uint16_t>(slot, key, value, head_dim, float_to_bfloat16);
  store<float>(slot, key, value, head_dim, [](float x) { return x; });
}

void attend(const AttendArgs& args) { HWY_DYNAMIC_DISPATCH(attend_impl)(args); }

}  // namespace laconic
#endif  // HWY_ONCE
