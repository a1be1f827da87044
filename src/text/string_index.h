// A hash index from strings to their position in a vector that the caller owns. Grows never: the
// number of entries is known at the start. Not thread-safe while inserting.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace laconic {

class StringIndex {
 public:
  StringIndex() : StringIndex(0) {}
  explicit StringIndex(size_t num_entries)
      : slots_(std::bit_ceil(2 * num_entries + 2), Slot{0, -1}), mask_(slots_.size() - 1) {}

  // Returns the earlier position of an equal string, or -1 and remembers `position`.
  int32_t insert(const std::vector<std::string>& strings, int32_t position) {
    const std::string& key = strings[static_cast<size_t>(position)];
    Slot& slot = slots_[locate(strings, key)];
    if (slot.position >= 0) return slot.position;
    slot = {static_cast<uint32_t>(hash64(key) >> 32), position};
    return -1;
  }
  // The position, or -1.
  int32_t find(const std::vector<std::string>& strings, std::string_view key) const {
    return slots_[locate(strings, key)].position;
  }

 private:
  struct Slot {
    uint32_t tag;
    int32_t position;
  };
  size_t locate(const std::vector<std::string>& strings, std::string_view key) const {
    const uint64_t hash = hash64(key);
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.position < 0) return i;
      if (slot.tag == tag && strings[static_cast<size_t>(slot.position)] == key) return i;
    }
  }
  std::vector<Slot> slots_;
  uint64_t mask_;
};

}  // namespace laconic
