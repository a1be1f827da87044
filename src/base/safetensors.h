// The index of a safetensors file: names, dtypes, shapes and byte ranges; and the header of one to
// be written.
//
// Not a tensor library: bytes are handed out as they lie in the mapped file. Everything is
// validated before the first byte is: length word, header size (at most 100 MB), JSON, dtypes,
// shapes against ranges, no overlap, no hole, no bytes left over, no name twice, `__metadata__` a
// map of strings. Source: the safetensors format page (huggingface/safetensors README) and its Rust
// reader. Errors: Error(kModel) as `file: tensor: field: expected X, got Y`. Little-endian machines
// only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"  // MappedFile

namespace laconic {

struct TensorEntry {
  std::string name;
  std::string dtype;           // as the format spells it: "F32", "BF16", "I64", ...
  std::vector<int64_t> shape;  // row-major; empty for a scalar
  size_t begin = 0;            // bytes from the start of the file
  size_t end = 0;
};

struct SafetensorsIndex {
  std::vector<TensorEntry> tensors;                           // by begin, then name
  std::vector<std::pair<std::string, std::string>> metadata;  // `__metadata__`, in file order
};

// Bits of one element of a dtype, or 0 for a dtype that the format does not know.
int dtype_bits(std::string_view dtype);

// `file`: the whole file. `place` (its path) starts error messages.
SafetensorsIndex parse_safetensors(std::span<const std::byte> file, const std::string& place);

// A mapped, validated file. Moves keep the addresses of its bytes.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);
  const std::string& path() const { return path_; }
  const SafetensorsIndex& index() const { return index_; }
  std::span<const std::byte> bytes(const TensorEntry& tensor) const {
    return mapping_.bytes().subspan(tensor.begin, tensor.end - tensor.begin);
  }
  // For tensors that are read once: else a file's pages count as this process's memory.
  void release(const TensorEntry& tensor) const { mapping_.release(bytes(tensor)); }

 private:
  std::string path_;
  MappedFile mapping_;
  SafetensorsIndex index_;
};

struct NewTensor {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  uint64_t num_bytes() const;
};

// Length word, JSON and padding (spaces, to a multiple of 8 bytes) of a file whose tensors follow
// in this order without holes. REQUIRES: names distinct, dtypes known.
std::string safetensors_header(std::span<const NewTensor> tensors);

}  // namespace laconic
