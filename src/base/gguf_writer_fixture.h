// Builds GGUF files byte by byte, for tests: nothing is checked, so that broken ones can be made
// too.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace laconic {

class GgufBytes {
 public:
  template <typename T>
  GgufBytes& put(T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
    return *this;
  }
  GgufBytes& raw(const std::string& bytes) {
    bytes_ += bytes;
    return *this;
  }
  GgufBytes& text(const std::string& value) { return put<uint64_t>(value.size()).raw(value); }
  GgufBytes& header(uint64_t tensors, uint64_t metadata, uint32_t version = 3) {
    return raw("GGUF").put(version).put(tensors).put(metadata);
  }
  GgufBytes& key(const std::string& name, uint32_t type) { return text(name).put(type); }
  GgufBytes& u32(const std::string& name, uint32_t value) { return key(name, 4).put(value); }
  GgufBytes& f32(const std::string& name, float value) { return key(name, 6).put(value); }
  GgufBytes& string(const std::string& name, const std::string& value) {
    return key(name, 8).text(value);
  }
  // dimensions: the fastest first, as the file has them.
  GgufBytes& tensor(const std::string& name, const std::vector<uint64_t>& dimensions, uint32_t type,
                    uint64_t offset) {
    text(name).put<uint32_t>(static_cast<uint32_t>(dimensions.size()));
    for (uint64_t extent : dimensions) put(extent);
    return put(type).put(offset);
  }
  GgufBytes& pad(size_t alignment = 32) {
    while (bytes_.size() % alignment != 0) bytes_ += '\0';
    return *this;
  }
  const std::string& str() const { return bytes_; }
  std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span(bytes_.data(), bytes_.size()));
  }

 private:
  std::string bytes_;
};

}  // namespace laconic
