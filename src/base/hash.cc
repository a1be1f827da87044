// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <xxhash.h>

#include "base/error.h"
#include "base/file.h"

namespace laconic {

uint64_t hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string hex64(uint64_t value) {
  std::string out(16, '0');
  for (size_t i = 16; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 15];
  return out;
}

struct Hash128::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Hash128::Hash128() : state_(std::make_unique<State>()) {
  LACONIC_CHECK(state_->xxh != nullptr, "no memory for a hash state");
  XXH3_128bits_reset(state_->xxh);
}

Hash128::~Hash128() = default;

void Hash128::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::string Hash128::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return hex64(hash.high64) + hex64(hash.low64);
}

std::string hash_file(const std::string& path) {
  // Not mapped: the pages of a large file would count as memory of this process.
  Hash128 hash;
  read_blocks(path, [&](std::string_view block) { hash.add(std::as_bytes(std::span(block))); });
  return hash.hex();
}

}  // namespace laconic
