// Hashes for identity, not for security: XXH3 of bytes. Little-endian machines only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace laconic {

uint64_t hash64(std::string_view bytes);
std::string hex64(uint64_t value);  // 16 lower-case hex digits

// 128-bit hash of a long run of bytes, fed in pieces; the split into pieces does not matter.
class Hash128 {
 public:
  Hash128();
  ~Hash128();
  void add(std::span<const std::byte> bytes);
  std::string hex() const;  // 32 lower-case hex digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string hash_file(const std::string& path);  // Hash128 of its bytes

}  // namespace laconic
