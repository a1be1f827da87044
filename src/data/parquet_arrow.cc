// SPDX-License-Identifier: Apache-2.0
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>

#include <cmath>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/unreadable.h"
#include "data/parquet.h"
#include "data/row_fields.h"  // utf8_length

namespace laconic {
namespace {

template <typename Value>
Value value_of(arrow::Result<Value> result, const std::string& path) {
  require(result.ok(), ErrorKind::kData, path,
          ": expected a Parquet file, got one that Arrow "
          "cannot read (",
          result.status().message(), ")");
  return std::move(result).ValueUnsafe();
}

void check_status(const arrow::Status& status, const std::string& path) {
  require(status.ok(), ErrorKind::kData, path,
          ": expected a whole Parquet file, got one that Arrow cannot read (", status.message(),
          ")");
}

template <typename Array>
const Array& as(const arrow::Array& array) {
  return static_cast<const Array&>(array);
}

Json unreadable(const std::string& what) {
  Json json = Json::object();
  json[kUnreadable] = what;
  return json;
}

template <typename Array>
Json integer_at(const arrow::Array& array, int64_t i) {
  const auto value = as<Array>(array).Value(i);
  if constexpr (sizeof(value) == 8 && std::is_unsigned_v<decltype(value)>)
    if (value > static_cast<uint64_t>(INT64_MAX)) return unreadable(cat("the integer ", value));
  return Json(static_cast<int64_t>(value));
}

// pandas writes NaN for every number that is missing; what else JSON cannot hold has Python's name.
Json real(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return Json(value);
}

// Older writers leave out that it is text.
Json binary(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = utf8_length(bytes.substr(i));
    if (length == 0) return unreadable(cat("binary of ", bytes.size(), " bytes that is no UTF-8"));
    i += length;
  }
  return Json(bytes);
}

Json value_at(const arrow::Array& array, int64_t i, const std::string& where);

template <typename Array>
Json list_at(const arrow::Array& array, int64_t i, const std::string& where) {
  const Array& list = as<Array>(array);
  Json items = Json::array();
  for (int64_t k = 0; k < list.value_length(i); ++k)
    items.push_back(value_at(*list.values(), list.value_offset(i) + k, where));
  return items;
}

Json struct_at(const arrow::StructArray& array, int64_t i, const std::string& where) {
  Json object = Json::object();
  for (int k = 0; k < array.num_fields(); ++k) {
    const std::string& name = array.struct_type()->field(k)->name();
    object[name] = value_at(*array.field(k), i, cat(where, ".", name));
  }
  return object;
}

Json map_at(const arrow::MapArray& array, int64_t i, const std::string& where) {
  Json object = Json::object();
  for (int64_t k = 0; k < array.value_length(i); ++k) {
    const int64_t at = array.value_offset(i) + k;
    const Json key = value_at(*array.keys(), at, where);
    object[key.is_string() ? key.as_string(where) : key.dump()] =
        value_at(*array.items(), at, where);
  }
  return object;
}

Json value_at(const arrow::Array& array, int64_t i, const std::string& where) {
  using Type = arrow::Type;
  if (array.IsNull(i)) return nullptr;
  switch (array.type_id()) {
    case Type::BOOL:
      return Json(as<arrow::BooleanArray>(array).Value(i));
    case Type::INT8:
      return integer_at<arrow::Int8Array>(array, i);
    case Type::INT16:
      return integer_at<arrow::Int16Array>(array, i);
    case Type::INT32:
      return integer_at<arrow::Int32Array>(array, i);
    case Type::INT64:
      return integer_at<arrow::Int64Array>(array, i);
    case Type::UINT8:
      return integer_at<arrow::UInt8Array>(array, i);
    case Type::UINT16:
      return integer_at<arrow::UInt16Array>(array, i);
    case Type::UINT32:
      return integer_at<arrow::UInt32Array>(array, i);
    case Type::UINT64:
      return integer_at<arrow::UInt64Array>(array, i);
    case Type::FLOAT:
      return real(as<arrow::FloatArray>(array).Value(i));
    case Type::DOUBLE:
      return real(as<arrow::DoubleArray>(array).Value(i));
    case Type::STRING:
      return binary(as<arrow::StringArray>(array).GetView(i));
    case Type::LARGE_STRING:
      return binary(as<arrow::LargeStringArray>(array).GetView(i));
    case Type::BINARY:
      return binary(as<arrow::BinaryArray>(array).GetView(i));
    case Type::LARGE_BINARY:
      return binary(as<arrow::LargeBinaryArray>(array).GetView(i));
    case Type::LIST:
      return list_at<arrow::ListArray>(array, i, where);
    case Type::LARGE_LIST:
      return list_at<arrow::LargeListArray>(array, i, where);
    case Type::FIXED_SIZE_LIST:
      return list_at<arrow::FixedSizeListArray>(array, i, where);
    case Type::STRUCT:
      return struct_at(as<arrow::StructArray>(array), i, where);
    case Type::MAP:
      return map_at(as<arrow::MapArray>(array), i, where);
    case Type::DICTIONARY: {
      const auto& coded = as<arrow::DictionaryArray>(array);
      return value_at(*coded.dictionary(), coded.GetValueIndex(i), where);
    }
    default:
      return unreadable(array.type()->ToString());
  }
}

std::unique_ptr<parquet::arrow::FileReader> open_reader(const std::string& path) {
  const auto file = value_of(arrow::io::ReadableFile::Open(path), path);
  parquet::arrow::FileReaderBuilder builder;
  check_status(builder.Open(file), path);
  parquet::ArrowReaderProperties properties;
  properties.set_batch_size(1024);
  std::unique_ptr<parquet::arrow::FileReader> reader;
  check_status(builder.properties(properties)->Build(&reader), path);
  reader->set_use_threads(false);
  return reader;
}

}  // namespace

bool has_parquet() { return true; }

void read_parquet(const std::string& path, const std::function<void(std::string_view)>& sink) {
  try {
    const auto reader = open_reader(path);
    const auto batches = value_of(reader->GetRecordBatchReader(), path);
    for (int64_t row = 1;;) {
      std::shared_ptr<arrow::RecordBatch> batch;
      check_status(batches->ReadNext(&batch), path);
      if (!batch) return;
      check_status(batch->Validate(), path);
      for (int64_t i = 0; i < batch->num_rows(); ++i, ++row) {
        Json json = Json::object();
        for (int k = 0; k < batch->num_columns(); ++k) {
          const std::string& name = batch->column_name(k);
          json[name] = value_at(*batch->column(k), i, cat(path, ":", row, ": ", name));
        }
        sink(json.dump() + "\n");
      }
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // parquet::ParquetException
    check_status(arrow::Status::IOError(error.what()), path);
  }
}

}  // namespace laconic
