// Any bytes as a safetensors file: refused with kModel, or an index whose ranges lie within the
// file.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "base/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  try {
    for (const auto& tensor : laconic::parse_safetensors(file, "fuzz").tensors)
      if (tensor.begin > tensor.end || tensor.end > size) std::abort();
  } catch (const laconic::Error& error) {
    if (error.kind() != laconic::ErrorKind::kModel) std::abort();
  }
  return 0;
}
