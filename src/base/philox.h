// Counter-based random numbers: Philox 4x32-10 (Salmon et al., SC 2011). A draw is a pure function
// of (key, counter), so it does not depend on order, batch, thread or history.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace laconic {

// 128 random bits for a 64-bit key and a 128-bit counter (c0, c1).
inline std::array<uint32_t, 4> philox(uint64_t key, uint64_t c0, uint64_t c1) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  std::array<uint32_t, 4> c = {static_cast<uint32_t>(c0), static_cast<uint32_t>(c0 >> 32),
                               static_cast<uint32_t>(c1), static_cast<uint32_t>(c1 >> 32)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

// Uniform in [0, 1), 53 bits.
inline double philox_uniform(uint64_t key, uint64_t c0, uint64_t c1) {
  const auto r = philox(key, c0, c1);
  const uint64_t bits = (uint64_t{r[0]} << 32 | r[1]) >> 11;
  return static_cast<double>(bits) * 0x1.0p-53;
}

// A stream of draws under one key: for shuffles and generators of data. State is (key, stream,
// index), so saving `index` resumes it.
class PhiloxStream {
 public:
  PhiloxStream(uint64_t key, uint64_t stream, uint64_t index = 0)
      : key_(key), stream_(stream), index_(index) {}
  double uniform() { return philox_uniform(key_, index_++, stream_); }
  // Uniform integer in [low, high]. REQUIRES: low <= high.
  int64_t integer(int64_t low, int64_t high) {
    const double span = static_cast<double>(high - low) + 1.0;
    return low + static_cast<int64_t>(uniform() * span);
  }
  uint64_t index() const { return index_; }

 private:
  uint64_t key_, stream_, index_;
};

}  // namespace laconic
