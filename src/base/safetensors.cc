// SPDX-License-Identifier: Apache-2.0
#include "base/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "base/error.h"
#include "base/json.h"

namespace laconic {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxDimensions = 64;

struct DtypeBits {
  std::string_view name;
  int bits;
};
constexpr std::array<DtypeBits, 20> kDtypes = {{
    {"BOOL", 8}, {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
    {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"I16", 16},
    {"U16", 16}, {"F16", 16},    {"BF16", 16},   {"I32", 32},    {"U32", 32},
    {"F32", 32}, {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},
}};

// A range of bytes of the data area that the header claims, with what it says of it.
struct Header {
  std::string place;
  uint64_t data_bytes;  // after the header
};

uint64_t non_negative(const Json& value, const std::string& place) {
  require(value.is_integer(), ErrorKind::kModel, place, ": expected an integer, got ",
          value.kind_name());
  const int64_t number = value.as_integer(place);
  require(number >= 0, ErrorKind::kModel, place, ": expected a value >= 0, got ", number);
  return static_cast<uint64_t>(number);
}

const Json& field(const Json& tensor, std::string_view key, const std::string& place) {
  const Json* value = tensor.find(key);
  require(value != nullptr, ErrorKind::kModel, place, ": expected a field \"", key, "\", got none");
  return *value;
}

// Bits that `shape` elements of the dtype take; refuses an overflow.
uint64_t shape_bits(const std::vector<int64_t>& shape, int bits, const std::string& place) {
  uint64_t total = static_cast<uint64_t>(bits);
  for (int64_t extent : shape) {
    uint64_t product = 0;
    require(!__builtin_mul_overflow(total, static_cast<uint64_t>(extent), &product),
            ErrorKind::kModel, place, ".shape: expected a size that fits 64 bits, got more");
    total = product;
  }
  return total;
}

TensorEntry parse_entry(const std::string& name, const Json& value, const Header& header) {
  const std::string place = cat(header.place, ": tensor \"", name, "\"");
  require(value.is_object(), ErrorKind::kModel, place, ": expected an object, got ",
          value.kind_name());
  TensorEntry entry;
  entry.name = name;
  const Json& dtype = field(value, "dtype", place);
  require(dtype.is_string(), ErrorKind::kModel, place, ".dtype: expected a string, got ",
          dtype.kind_name());
  entry.dtype = dtype.as_string(place);
  const int bits = dtype_bits(entry.dtype);
  require(bits > 0, ErrorKind::kModel, place,
          ".dtype: expected one that the format knows (F32, BF16, ...), got \"", entry.dtype, "\"");

  const Json& shape = field(value, "shape", place);
  require(shape.is_array() && shape.size() <= kMaxDimensions, ErrorKind::kModel, place,
          ".shape: expected an array of at most ", kMaxDimensions, " integers, got ",
          shape.is_array() ? "more" : shape.kind_name());
  for (const Json& extent : shape.as_array(place))
    entry.shape.push_back(static_cast<int64_t>(non_negative(extent, place + ".shape")));

  const Json& offsets = field(value, "data_offsets", place);
  require(offsets.is_array() && offsets.size() == 2, ErrorKind::kModel, place,
          ".data_offsets: expected two integers, got ",
          offsets.is_array() ? cat(offsets.size()) : std::string(offsets.kind_name()));
  const auto& pair = offsets.as_array(place);
  const uint64_t begin = non_negative(pair[0], place + ".data_offsets");
  const uint64_t end = non_negative(pair[1], place + ".data_offsets");
  require(begin <= end, ErrorKind::kModel, place, ".data_offsets: expected begin <= end, got ",
          begin, " > ", end);
  require(end <= header.data_bytes, ErrorKind::kModel, place,
          ".data_offsets: expected an end <= ", header.data_bytes,
          " (bytes after the header), got ", end, " (file cut short?)");
  const uint64_t needed_bits = shape_bits(entry.shape, bits, place);
  require(needed_bits % 8 == 0, ErrorKind::kModel, place,
          ".shape: expected a whole number of bytes, got ", needed_bits, " bits");
  require(needed_bits / 8 == end - begin, ErrorKind::kModel, place, ".data_offsets: expected ",
          needed_bits / 8, " bytes for its shape and dtype, got ", end - begin);
  entry.begin = begin;
  entry.end = end;
  return entry;
}

void parse_metadata(const Json& value, const std::string& place, SafetensorsIndex& index) {
  const std::string where = place + ": __metadata__";
  require(value.is_object(), ErrorKind::kModel, where, ": expected an object, got ",
          value.kind_name());
  for (const auto& [key, text] : value.as_object(where)) {
    require(text.is_string(), ErrorKind::kModel, where, ": \"", key, "\": expected a string, got ",
            text.kind_name());
    index.metadata.emplace_back(key, text.as_string(where));
  }
}

// The ranges, sorted, must cover the data area exactly once.
void check_cover(const SafetensorsIndex& index, const Header& header) {
  uint64_t reached = 0;
  for (const TensorEntry& tensor : index.tensors) {
    require(tensor.begin == reached, ErrorKind::kModel, header.place, ": tensor \"", tensor.name,
            "\".data_offsets: expected a begin of ", reached, ", got ", tensor.begin,
            tensor.begin < reached ? " (overlaps the tensor before it)" : " (a hole before it)");
    reached = tensor.end;
  }
  require(reached == header.data_bytes, ErrorKind::kModel, header.place, ": expected ", reached,
          " bytes after the header, got ", header.data_bytes, " (bytes that no tensor owns)");
}

Json parse_header_json(std::string_view text, const std::string& place) {
  try {
    return Json::parse(text, place);
  } catch (const Error& error) {
    throw Error(ErrorKind::kModel, error.what());
  }
}

}  // namespace

int dtype_bits(std::string_view dtype) {
  for (const DtypeBits& known : kDtypes)
    if (known.name == dtype) return known.bits;
  return 0;
}

SafetensorsIndex parse_safetensors(std::span<const std::byte> file, const std::string& place) {
  require(file.size() >= kLengthBytes, ErrorKind::kModel, place,
          ": expected a header length of 8 bytes, got a file of ", file.size(), " bytes");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), kLengthBytes);
  require(header_bytes <= kMaxHeaderBytes, ErrorKind::kModel, place,
          ": header length: expected at most ", kMaxHeaderBytes, " bytes, got ", header_bytes,
          " (no safetensors file?)");
  const uint64_t rest = file.size() - kLengthBytes;
  require(header_bytes <= rest, ErrorKind::kModel, place, ": header length: expected at most ",
          rest, " bytes (the rest of the file), got ", header_bytes, " (file cut short?)");

  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes,
                              header_bytes);
  const Header header{place, rest - header_bytes};
  // The JSON parser would pass over a byte order mark, which the reference library refuses.
  require(!text.starts_with("\xEF"), ErrorKind::kModel, place,
          ": header: expected a JSON object, got a byte order mark");
  const Json json = parse_header_json(text, place + ": header");
  require(json.is_object(), ErrorKind::kModel, place, ": header: expected an object, got ",
          json.kind_name());

  SafetensorsIndex index;
  for (const auto& [name, value] : json.as_object(place)) {
    if (name == "__metadata__")
      parse_metadata(value, place, index);
    else
      index.tensors.push_back(parse_entry(name, value, header));
  }
  std::sort(index.tensors.begin(), index.tensors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_cover(index, header);
  for (TensorEntry& tensor : index.tensors) {
    tensor.begin += kLengthBytes + header_bytes;
    tensor.end += kLengthBytes + header_bytes;
  }
  return index;
}

SafetensorsFile::SafetensorsFile(const std::string& path)
    : path_(path), mapping_(path), index_(parse_safetensors(mapping_.bytes(), path)) {}

uint64_t NewTensor::num_bytes() const {
  uint64_t bytes = static_cast<uint64_t>(dtype_bits(dtype)) / 8;
  for (int64_t extent : shape) bytes *= static_cast<uint64_t>(extent);
  return bytes;
}

std::string safetensors_header(std::span<const NewTensor> tensors) {
  Json json = Json::object();
  json["__metadata__"]["format"] = "pt";
  uint64_t offset = 0;
  for (const NewTensor& tensor : tensors) {
    LACONIC_CHECK(dtype_bits(tensor.dtype) >= 8, "dtype ", tensor.dtype);
    Json shape = Json::array();
    for (int64_t extent : tensor.shape) shape.push_back(extent);
    Json entry = Json::object();
    entry["dtype"] = tensor.dtype;
    entry["shape"] = std::move(shape);
    Json offsets = Json::array();
    offsets.push_back(offset);
    offset += tensor.num_bytes();
    offsets.push_back(offset);
    entry["data_offsets"] = std::move(offsets);
    json.members().emplace_back(tensor.name, std::move(entry));
  }
  std::string text = json.dump();
  while (text.size() % 8 != 0) text += ' ';
  const uint64_t length = text.size();
  std::string result(sizeof length, '\0');
  std::memcpy(result.data(), &length, sizeof length);
  return result + text;
}

}  // namespace laconic
