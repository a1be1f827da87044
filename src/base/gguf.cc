// SPDX-License-Identifier: Apache-2.0
#include "base/gguf.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string_view>

#include "base/error.h"

namespace laconic {
namespace {

constexpr uint32_t kVersion = 3;
constexpr uint64_t kMaxEntries = uint64_t{1} << 20;     // metadata keys, tensors
constexpr uint64_t kMaxArrayItems = uint64_t{1} << 22;  // of one array
constexpr uint64_t kMaxArrayItemsInAll = uint64_t{1} << 23;
constexpr uint64_t kMaxKeyBytes = 65535;
constexpr uint32_t kMaxDimensions = 4;
constexpr int kMaxArrayDepth = 4;
constexpr int64_t kDefaultAlignment = 32;

enum ValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};
// Bytes that a value of each type takes at least.
constexpr std::array<uint64_t, 13> kMinBytes = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

constexpr GgufType kTensorTypes[] = {
    {0, "F32", 1, 4},       {1, "F16", 1, 2},      {2, "Q4_0", 32, 18},    {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 0},     {7, "Q5_1", 32, 0},    {8, "Q8_0", 32, 34},    {9, "Q8_1", 32, 0},
    {10, "Q2_K", 256, 0},   {11, "Q3_K", 256, 0},  {12, "Q4_K", 256, 144}, {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210}, {15, "Q8_K", 256, 0},  {16, "IQ2_XXS", 1, 0},  {17, "IQ2_XS", 1, 0},
    {18, "IQ3_XXS", 1, 0},  {19, "IQ1_S", 1, 0},   {20, "IQ4_NL", 1, 0},   {21, "IQ3_S", 1, 0},
    {22, "IQ2_S", 1, 0},    {23, "IQ4_XS", 1, 0},  {24, "I8", 1, 0},       {25, "I16", 1, 0},
    {26, "I32", 1, 0},      {27, "I64", 1, 0},     {28, "F64", 1, 0},      {29, "IQ1_M", 1, 0},
    {30, "BF16", 1, 2},     {34, "TQ1_0", 256, 0}, {35, "TQ2_0", 256, 0},  {39, "MXFP4", 32, 0},
};

// The double that a person means by an f32: the shortest decimal that reads back as the same f32.
double widen(float value) {
  if (!std::isfinite(value)) return value;
  std::array<char, 64> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double result = 0;
  std::from_chars(text.data(), written.ptr, result);
  return result;
}

class Parser {
 public:
  Parser(std::span<const std::byte> file, const std::string& place) : file_(file), place_(place) {}

  GgufIndex parse() {
    read_header();
    for (uint64_t i = 0; i < num_metadata_; ++i) read_metadata();
    const uint64_t alignment = read_alignment();
    for (uint64_t i = 0; i < num_tensors_; ++i) read_tensor();
    place_tensors(alignment);
    return std::move(index_);
  }

 private:
  template <typename... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(ErrorKind::kModel, place_, ": ", parts...);
  }
  uint64_t left() const { return file_.size() - position_; }

  template <typename T>
  T take(const std::string& what) {
    if (left() < sizeof(T))
      refuse(what, ": expected ", sizeof(T), " bytes, got ", left(), " (file cut short?)");
    T value;
    std::memcpy(&value, file_.data() + position_, sizeof value);
    position_ += sizeof value;
    return value;
  }
  std::string take_string(const std::string& what, uint64_t max_bytes) {
    const auto size = take<uint64_t>(what);
    if (size > left() || size > max_bytes)
      refuse(what, ": expected a string of at most ", std::min(left(), max_bytes), " bytes, got ",
             size);
    std::string text(reinterpret_cast<const char*>(file_.data()) + position_, size);
    position_ += size;
    return text;
  }

  void read_header();
  void read_metadata();
  Json take_value(uint32_t type, const std::string& what, int depth);
  Json take_array(const std::string& what, int depth);
  uint64_t read_alignment() const;
  void read_tensor();
  void place_tensors(uint64_t alignment);

  std::span<const std::byte> file_;
  const std::string& place_;
  uint64_t position_ = 0;
  uint64_t num_tensors_ = 0, num_metadata_ = 0, num_items_ = 0;
  std::set<std::string> keys_, names_;
  GgufIndex index_;
  std::vector<uint64_t> offsets_, sizes_;  // of the tensors, in the data area
};

void Parser::read_header() {
  const auto magic = take<std::array<char, 4>>("magic");
  if (std::string_view(magic.data(), 4) != "GGUF")
    refuse("magic: expected \"GGUF\", got other bytes (no GGUF file?)");
  const auto version = take<uint32_t>("version");
  if (version != kVersion)
    refuse("version: expected ", kVersion, ", got ",
           (version & 0xffff) == 0 ? cat(version >> 24, " in big-endian order") : cat(version));
  num_tensors_ = take<uint64_t>("tensor count");
  num_metadata_ = take<uint64_t>("metadata count");
  if (num_tensors_ > kMaxEntries)
    refuse("tensor count: expected at most ", kMaxEntries, ", got ", num_tensors_);
  if (num_metadata_ > kMaxEntries)
    refuse("metadata count: expected at most ", kMaxEntries, ", got ", num_metadata_);
}

void Parser::read_metadata() {
  const std::string key = take_string("metadata key", kMaxKeyBytes);
  if (!keys_.insert(key).second)
    refuse("metadata: expected each key once, got \"", key, "\" twice");
  const auto type = take<uint32_t>(key);
  index_.metadata.members().emplace_back(key, take_value(type, key, 0));
}

Json Parser::take_value(uint32_t type, const std::string& what, int depth) {
  switch (type) {
    case kUint8:
      return int64_t{take<uint8_t>(what)};
    case kInt8:
      return int64_t{take<int8_t>(what)};
    case kUint16:
      return int64_t{take<uint16_t>(what)};
    case kInt16:
      return int64_t{take<int16_t>(what)};
    case kUint32:
      return int64_t{take<uint32_t>(what)};
    case kInt32:
      return int64_t{take<int32_t>(what)};
    case kFloat32:
      return widen(take<float>(what));
    case kBool: {
      const auto value = take<uint8_t>(what);
      if (value > 1) refuse(what, ": expected a boolean of 0 or 1, got ", int{value});
      return value == 1;
    }
    case kString:
      return take_string(what, std::numeric_limits<uint64_t>::max());
    case kArray:
      return take_array(what, depth);
    case kUint64: {
      const auto value = take<uint64_t>(what);
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
        refuse(what, ": expected an integer below 2^63, got ", value);
      return static_cast<int64_t>(value);
    }
    case kInt64:
      return take<int64_t>(what);
    case kFloat64:
      return take<double>(what);
    default:
      refuse(what, ": expected a value type from 0 to 12, got ", type);
  }
}

Json Parser::take_array(const std::string& what, int depth) {
  if (depth >= kMaxArrayDepth)
    refuse(what, ": expected arrays nested at most ", kMaxArrayDepth, " deep, got more");
  const auto type = take<uint32_t>(what);
  if (type >= kMinBytes.size()) refuse(what, ": expected a value type from 0 to 12, got ", type);
  const auto count = take<uint64_t>(what);
  const uint64_t most = std::min(left() / kMinBytes[type], kMaxArrayItems);
  if (count > most) refuse(what, ": expected an array of at most ", most, " items, got ", count);
  num_items_ += count;
  if (num_items_ > kMaxArrayItemsInAll)
    refuse(what, ": expected at most ", kMaxArrayItemsInAll, " array items in all, got more");
  Json::Array items;
  items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) items.push_back(take_value(type, what, depth + 1));
  return items;
}

uint64_t Parser::read_alignment() const {
  const Json* value = index_.metadata.find("general.alignment");
  if (!value) return kDefaultAlignment;
  const int64_t alignment = value->is_integer() ? value->as_integer(place_) : 0;
  if (alignment < 1 || alignment > (1 << 20) || (alignment & (alignment - 1)) != 0)
    refuse("general.alignment: expected a power of two up to 2^20, got ",
           value->is_integer() ? cat(alignment) : std::string(value->kind_name()));
  return static_cast<uint64_t>(alignment);
}

const GgufType* find_type(uint32_t id) {
  for (const GgufType& type : kTensorTypes)
    if (type.id == id) return &type;
  return nullptr;
}

void Parser::read_tensor() {
  GgufTensor tensor;
  tensor.name = take_string("tensor name", kMaxKeyBytes);
  const std::string what = cat("tensor \"", tensor.name, "\"");
  if (!names_.insert(tensor.name).second) refuse(what, ": expected each name once, got it twice");
  const auto num_dimensions = take<uint32_t>(what);
  if (num_dimensions < 1 || num_dimensions > kMaxDimensions)
    refuse(what, ": expected 1 to ", kMaxDimensions, " dimensions, got ", num_dimensions);
  int64_t num_values = 1;
  for (uint32_t i = 0; i < num_dimensions; ++i) {
    const auto extent = take<int64_t>(what);
    if (extent < 1 || __builtin_mul_overflow(num_values, extent, &num_values))
      refuse(what, ": expected positive dimensions with a product below 2^63, got ", extent);
    tensor.shape.insert(tensor.shape.begin(), extent);
  }
  const auto type_id = take<uint32_t>(what);
  const GgufType* type = find_type(type_id);
  if (!type || type->block_bytes == 0)
    refuse(what, ": expected a type of F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K, Q5_K and Q6_K, got ",
           type ? type->name : cat("number ", type_id));
  tensor.type = type->name;
  const auto row = static_cast<uint64_t>(tensor.shape.back());
  if (row % type->block_values != 0)
    refuse(what, ": expected rows of whole blocks of ", type->block_values, " values, got ", row);
  const uint64_t num_blocks = static_cast<uint64_t>(num_values) / type->block_values;
  uint64_t size = 0;
  if (__builtin_mul_overflow(num_blocks, type->block_bytes, &size) || size > file_.size())
    refuse(what, ": expected a size within the file, got more");
  offsets_.push_back(take<uint64_t>(what));
  sizes_.push_back(size);
  index_.tensors.push_back(std::move(tensor));
}

// Tensors lie one behind the other in table order, each padded to the alignment; the padding of the
// last may be absent.
void Parser::place_tensors(uint64_t alignment) {
  const auto align = [&](uint64_t value) {
    return (value + alignment - 1) / alignment * alignment;
  };
  if (index_.tensors.empty()) {
    if (left() >= alignment) refuse("expected nothing behind the metadata, got ", left(), " bytes");
    return;
  }
  const uint64_t start = align(position_);
  uint64_t expected = 0, end = start;
  for (size_t i = 0; i < index_.tensors.size(); ++i) {
    GgufTensor& tensor = index_.tensors[i];
    if (offsets_[i] != expected)
      refuse("tensor \"", tensor.name, "\": expected the offset ", expected, ", got ", offsets_[i]);
    tensor.begin = start + expected;
    tensor.end = end = tensor.begin + sizes_[i];
    if (end > file_.size())
      refuse("tensor \"", tensor.name, "\": expected a file of at least ", end, " bytes, got ",
             file_.size(), " (file cut short?)");
    expected = align(expected + sizes_[i]);
  }
  if (file_.size() > start + expected)
    refuse("expected a file of at most ", start + expected, " bytes, got ", file_.size(),
           " (bytes that no tensor owns)");
}

}  // namespace

const GgufType* find_gguf_type(std::string_view name) {
  for (const GgufType& type : kTensorTypes)
    if (type.name == name) return &type;
  return nullptr;
}

GgufIndex parse_gguf(std::span<const std::byte> file, const std::string& place) {
  return Parser(file, place).parse();
}

GgufFile::GgufFile(const std::string& path)
    : path_(path), mapping_(path), index_(parse_gguf(mapping_.bytes(), path)) {}

}  // namespace laconic
