// The front of a GGUF v3 file, as bytes: header, metadata, table of tensors; their data follow.
//
// Not a model's exporter (nn/gguf_export.h). Tensors lie in the order in which they were added,
// each padded to 32 bytes, as ggml expects. Source: the GGUF specification (ggml/docs/gguf.md).
// REQUIRES: each key and each name once. Little-endian machines only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laconic {

class GgufHeader {
 public:
  void text(std::string_view key, std::string_view value);
  void count(std::string_view key, int64_t value);  // a u32; REQUIRES: it fits
  void real(std::string_view key, double value);    // an f32
  void flag(std::string_view key, bool value);
  void texts(std::string_view key, const std::vector<std::string>& values);
  void integers(std::string_view key, const std::vector<int32_t>& values);
  // `shape` slowest first. Returns the tensor's bytes, without padding. REQUIRES: a type that
  // laconic can widen (base/gguf.h), rows of whole blocks.
  uint64_t tensor(std::string_view name, std::string_view type, const std::vector<int64_t>& shape);

  // Everything in front of the first tensor's data.
  std::string bytes() const;
  uint64_t data_bytes() const { return data_bytes_; }  // of all tensors, padded
  // Zeros behind a tensor of that many bytes.
  static uint64_t padding(uint64_t bytes) { return (kAlignment - bytes % kAlignment) % kAlignment; }

 private:
  static constexpr uint64_t kAlignment = 32;
  void key(std::string_view name, uint32_t type);

  std::string metadata_, tensors_;
  uint64_t num_keys_ = 0, num_tensors_ = 0, data_bytes_ = 0;
};

}  // namespace laconic
