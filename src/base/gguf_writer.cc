// SPDX-License-Identifier: Apache-2.0
#include "base/gguf_writer.h"

#include <limits>

#include "base/error.h"
#include "base/gguf.h"

namespace laconic {
namespace {

constexpr uint32_t kVersion = 3;
constexpr uint32_t kUint32 = 4, kInt32 = 5, kFloat32 = 6, kBool = 7, kString = 8, kArray = 9;

template <typename T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& bytes, std::string_view value) {
  put(bytes, uint64_t{value.size()});
  bytes += value;
}

}  // namespace

void GgufHeader::key(std::string_view name, uint32_t type) {
  put_text(metadata_, name);
  put(metadata_, type);
  ++num_keys_;
}

void GgufHeader::text(std::string_view name, std::string_view value) {
  key(name, kString);
  put_text(metadata_, value);
}

void GgufHeader::count(std::string_view name, int64_t value) {
  LACONIC_CHECK(value >= 0 && value <= std::numeric_limits<uint32_t>::max(), name, " ", value);
  key(name, kUint32);
  put(metadata_, static_cast<uint32_t>(value));
}

void GgufHeader::real(std::string_view name, double value) {
  key(name, kFloat32);
  put(metadata_, static_cast<float>(value));
}

void GgufHeader::flag(std::string_view name, bool value) {
  key(name, kBool);
  put(metadata_, uint8_t{value});
}

void GgufHeader::texts(std::string_view name, const std::vector<std::string>& values) {
  key(name, kArray);
  put(metadata_, kString);
  put(metadata_, uint64_t{values.size()});
  for (const std::string& value : values) put_text(metadata_, value);
}

void GgufHeader::integers(std::string_view name, const std::vector<int32_t>& values) {
  key(name, kArray);
  put(metadata_, kInt32);
  put(metadata_, uint64_t{values.size()});
  for (const int32_t value : values) put(metadata_, value);
}

uint64_t GgufHeader::tensor(std::string_view name, std::string_view type,
                            const std::vector<int64_t>& shape) {
  const GgufType* known = find_gguf_type(type);
  LACONIC_CHECK(known && known->block_bytes > 0 && !shape.empty(), name, " ", type);
  uint64_t num_values = 1;
  put_text(tensors_, name);
  put(tensors_, static_cast<uint32_t>(shape.size()));
  for (size_t i = shape.size(); i-- > 0;) {
    put(tensors_, static_cast<uint64_t>(shape[i]));
    num_values *= static_cast<uint64_t>(shape[i]);
  }
  LACONIC_CHECK(static_cast<uint64_t>(shape.back()) % known->block_values == 0, name, " ", type);
  put(tensors_, known->id);
  put(tensors_, data_bytes_);
  const uint64_t size = num_values / known->block_values * known->block_bytes;
  data_bytes_ += size + padding(size);
  ++num_tensors_;
  return size;
}

std::string GgufHeader::bytes() const {
  std::string bytes = "GGUF";
  put(bytes, kVersion);
  put(bytes, num_tensors_);
  put(bytes, num_keys_);
  bytes += metadata_;
  bytes += tensors_;
  bytes.append(padding(bytes.size()), '\0');
  return bytes;
}

}  // namespace laconic
