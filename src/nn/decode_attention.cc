// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_attention.h"

#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/decode_attention.cc"
// clang-format off
#include "hwy/foreach_target.h"
// clang-format on
#include "nn/decode_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

HWY_INLINE int64_t first_page_position(const AttendArgs& args) {
  return args.first_position / kPagePositions * kPagePositions;
}

// Scores of kBlocks x 16 positions of one page against one query.
template <int64_t kBlocks>
HWY_INLINE void page_scores(const float* query, const float* keys, int64_t head_dim, V scale,
                            float* scores) {
  const D d;
  V sums[kBlocks * kVectors];
#pragma GCC unroll 8
  for (int64_t v = 0; v < kBlocks * kVectors; ++v) sums[v] = hn::Zero(d);
  for (int64_t e = 0; e < head_dim; ++e) {
    const V q = hn::Set(d, query[e]);
#pragma GCC unroll 8
    for (int64_t v = 0; v < kBlocks * kVectors; ++v)
      sums[v] = hn::MulAdd(q, hn::LoadU(d, keys + e * kPagePositions + v * kLanes), sums[v]);
  }
#pragma GCC unroll 8
  for (int64_t v = 0; v < kBlocks * kVectors; ++v)
    hn::StoreU(hn::Mul(sums[v], scale), d, scores + v * kLanes);
}

// Pages before the first position are not read; `begin` stays on a page's first position.
void attend_scores(const AttendArgs& args) {
  const V scale = hn::Set(D(), args.scale);
  for (int64_t begin = first_page_position(args); begin < args.num_positions;
       begin += kPagePositions) {
    const float* keys = args.pages[begin / kPagePositions] + args.page_offset;
    float* scores = args.scores + begin;
    switch ((args.num_positions - begin + 15) / 16) {
      case 1:
        page_scores<1>(args.query, keys, args.head_dim, scale, scores);
        break;
      case 2:
        page_scores<2>(args.query, keys, args.head_dim, scale, scores);
        break;
      case 3:
        page_scores<3>(args.query, keys, args.head_dim, scale, scores);
        break;
      default:
        page_scores<4>(args.query, keys, args.head_dim, scale, scores);
    }
  }
}

// Scores to exponentials, zero outside [first_position, num_positions); returns their sum.
HWY_INLINE float exponentiate(const AttendArgs& args) {
  float* const scores = args.scores;
  const int64_t begin = first_page_position(args);
  const int64_t padded = (args.num_positions + 15) / 16 * 16;
  if (args.softcap > 0) {
    const V cap = hn::Set(D(), args.softcap);
    for (int64_t t = begin; t < padded; t += kLanes)
      hn::StoreU(soft_cap(hn::LoadU(D(), scores + t), cap), D(), scores + t);
  }
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  for (int64_t t = begin; t < args.first_position; ++t) scores[t] = kNever;
  for (int64_t t = args.num_positions; t < padded; ++t) scores[t] = kNever;
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

void attend_impl(const AttendArgs& args) {
  attend_scores(args);
  const float inverse = 1.0F / exponentiate(args);
  const int64_t value_stride = (args.head_dim + 15) / 16 * 16;
  const int64_t values_offset = args.page_offset + kPagePositions * args.head_dim;
  for (int64_t e = 0; e < args.head_dim; e += 16) {
    // Four chains hide the latency of the additions; position t goes to chain t mod 4.
    Sixteen chains[4] = {Sixteen(0.0F), Sixteen(0.0F), Sixteen(0.0F), Sixteen(0.0F)};
    for (int64_t begin = first_page_position(args); begin < args.num_positions;
         begin += kPagePositions) {
      const float* values = args.pages[begin / kPagePositions] + values_offset + e;
      const int64_t left = args.num_positions - begin;
      const int64_t count = left < kPagePositions ? left : kPagePositions;
      int64_t t = 0;
      for (; t + 4 <= count; t += 4) {
#pragma GCC unroll 4
        for (int64_t c = 0; c < 4; ++c)
          chains[c].add_product(Sixteen(args.scores[begin + t + c]),
                                Sixteen(values + (t + c) * value_stride));
      }
      for (int64_t c = 0; t + c < count; ++c)
        chains[c].add_product(Sixteen(args.scores[begin + t + c]),
                              Sixteen(values + (t + c) * value_stride));
    }
    chains[0].add(chains[1]);
    chains[2].add(chains[3]);
    chains[0].add(chains[2]);
    float lanes[16];
    chains[0].store(lanes);
    const int64_t width = args.head_dim - e < 16 ? args.head_dim - e : 16;
    for (int64_t i = 0; i < width; ++i) args.out[e + i] = lanes[i] * inverse;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {

HWY_EXPORT(attend_impl);

void store_key_value(float* page, const float* key, const float* value, int64_t position_in_page,
                     int64_t head_dim) {
  for (int64_t e = 0; e < head_dim; ++e) page[e * kPagePositions + position_in_page] = key[e];
  std::memcpy(page + kPagePositions * head_dim + position_in_page * round_up(head_dim, 16), value,
              static_cast<size_t>(head_dim) * sizeof(float));
}

void attend(const AttendArgs& args) { HWY_DYNAMIC_DISPATCH(attend_impl)(args); }

}  // namespace laconic
#endif  // HWY_ONCE
