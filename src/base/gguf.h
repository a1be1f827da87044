// A reader of GGUF v3 files: header, metadata and table of tensors; the bytes of a tensor as they
// lie in the mapped file.
//
// Not a dequantiser (nn/dequantize.h) and no writer (base/gguf_writer.h). Everything is validated
// before the first byte is handed out: counts and lengths against the file's size, types, names
// once, alignment, and the tensors' ranges one behind the other as ggml lays them out. Types that
// laconic cannot widen are refused by name. Source: the GGUF specification (ggml/docs/gguf.md) and
// ggml's gguf.cpp. Errors: Error(kModel) as `file: place: expected X, got Y`. Little-endian
// machines and files only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"  // MappedFile
#include "base/json.h"

namespace laconic {

struct GgufType {
  uint32_t id;
  const char* name;
  uint64_t block_values;
  uint64_t block_bytes;  // 0: known by name only
};
const GgufType* find_gguf_type(std::string_view name);  // nullptr: none of that name

struct GgufTensor {
  std::string name;
  std::string type;            // "F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q4_K", ...
  std::vector<int64_t> shape;  // row-major, slowest first: the file's order reversed
  size_t begin = 0;            // bytes from the start of the file
  size_t end = 0;
};

struct GgufIndex {
  // Key -> value. An f32 becomes the shortest decimal that reads back as the same f32, so that 1e-5
  // stays 1e-5; strings are not checked for UTF-8.
  Json metadata = Json::object();
  std::vector<GgufTensor> tensors;  // in file order
};

GgufIndex parse_gguf(std::span<const std::byte> file, const std::string& place);

class GgufFile {
 public:
  explicit GgufFile(const std::string& path);
  const std::string& path() const { return path_; }
  const GgufIndex& index() const { return index_; }
  std::span<const std::byte> bytes(const GgufTensor& tensor) const {
    return mapping_.bytes().subspan(tensor.begin, tensor.end - tensor.begin);
  }

 private:
  std::string path_;
  MappedFile mapping_;
  GgufIndex index_;
};

}  // namespace laconic
