// SPDX-License-Identifier: Apache-2.0
#include "data/row_stream.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"  // hex64
#include "base/json.h"
#include "base/philox.h"

namespace laconic {
namespace {

// Streams of the generator's counter space, kept apart from each other.
constexpr uint64_t kDomainStream = 0xd0;
constexpr uint64_t kOrderStream = 0x0d000000;

// One pass of a balanced Feistel network over 2 * half_bits bits.
uint64_t feistel(uint64_t seed, uint64_t stream, uint64_t value, int half_bits) {
  const uint64_t mask = (uint64_t{1} << half_bits) - 1;
  uint64_t left = value >> half_bits, right = value & mask;
  for (uint64_t round = 0; round < 6; ++round) {
    const uint64_t mixed = philox(seed, right << 8 | round, stream)[0] & mask;
    const uint64_t next = left ^ mixed;
    left = right;
    right = next;
  }
  return left << half_bits | right;
}

}  // namespace

int64_t permuted_row(uint64_t seed, uint64_t stream, int64_t position, int64_t size) {
  LACONIC_CHECK(0 <= position && position < size, position, " of ", size);
  const int bits = static_cast<int>(std::bit_width(static_cast<uint64_t>(size - 1)));
  const int half_bits = std::max(1, (bits + 1) / 2);
  uint64_t value = static_cast<uint64_t>(position);
  do {
    value = feistel(seed, stream, value, half_bits);
  } while (value >= static_cast<uint64_t>(size));
  return static_cast<int64_t>(value);
}

RowStream::RowStream(std::vector<int64_t> sizes, uint64_t seed)
    : sizes_(std::move(sizes)), seed_(seed), cursors_(sizes_.size(), 0) {}

RowStream::Draw RowStream::next(std::span<const double> alpha) {
  LACONIC_CHECK(alpha.size() == sizes_.size(), alpha.size(), " shares for ", sizes_.size());
  double left = philox_uniform(seed_, static_cast<uint64_t>(num_draws_++), kDomainStream) *
                std::accumulate(alpha.begin(), alpha.end(), 0.0);
  size_t domain = 0;
  while (domain + 1 < alpha.size() && (left >= alpha[domain] || alpha[domain] <= 0)) {
    left -= alpha[domain];
    ++domain;
  }
  const int64_t size = sizes_[domain];
  LACONIC_CHECK(size > 0, "domain ", domain, " drawn but empty");
  const int64_t cursor = cursors_[domain]++;
  const uint64_t epoch = static_cast<uint64_t>(cursor / size);
  const uint64_t stream = kOrderStream + (static_cast<uint64_t>(domain) << 32) + epoch;
  return {static_cast<int32_t>(domain), permuted_row(seed_, stream, cursor % size, size)};
}

std::string RowStream::hex_seed() const { return hex64(seed_); }

Json RowStream::state() const {
  Json state = Json::object();
  state["seed"] = hex_seed();
  state["num_draws"] = num_draws_;
  state["sizes"] = Json::array();
  state["cursors"] = Json::array();
  for (int64_t size : sizes_) state["sizes"].push_back(size);
  for (int64_t cursor : cursors_) state["cursors"].push_back(cursor);
  return state;
}

void RowStream::restore(const Json& state, const std::string& place) {
  RowStream restored(sizes_, seed_);
  restored.num_draws_ = state.at("num_draws", place).as_integer(place + ": num_draws");
  const auto& sizes = state.at("sizes", place).as_array(place + ": sizes");
  const auto& cursors = state.at("cursors", place).as_array(place + ": cursors");
  bool same = sizes.size() == sizes_.size() && cursors.size() == sizes_.size() &&
              state.at("seed", place).as_string(place + ": seed") == hex_seed();
  for (size_t i = 0; same && i < sizes_.size(); ++i) {
    same = sizes[i].as_integer(place) == sizes_[i];
    restored.cursors_[i] = cursors[i].as_integer(place + ": cursors");
  }
  require(same, ErrorKind::kData, place,
          ": expected the data and seed of this run, got a checkpoint of other ones (changed "
          "training files or --seed? choose another --out)");
  *this = restored;
}

}  // namespace laconic
