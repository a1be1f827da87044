// SPDX-License-Identifier: Apache-2.0
#include "data/row_index.h"

#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace laconic {
namespace {

constexpr std::string_view kMagic = "laconicI";
constexpr size_t kWordBytes = 8;

void append_word(std::string& bytes, uint64_t word) {
  char raw[kWordBytes];
  std::memcpy(raw, &word, sizeof raw);
  bytes.append(raw, sizeof raw);
}

// REQUIRES: bytes is long enough.
uint64_t take_word(std::string_view& bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  bytes.remove_prefix(sizeof word);
  return word;
}

}  // namespace

void write_row_index(const std::string& path, const Json& key, const RowIndex& index) {
  Json head = Json::object();
  head["key"] = key;
  head["facts"] = index.facts;
  const std::string text = head.dump();
  std::string bytes(kMagic);
  append_word(bytes, text.size());
  bytes += text;
  append_word(bytes, index.places.size());
  for (const RowPlace& place : index.places) {
    append_word(bytes, place.offset);
    append_word(bytes, static_cast<uint64_t>(place.line));
  }
  append_word(bytes, hash64(bytes));
  write_file_atomic(path, bytes);
}

std::optional<RowIndex> read_row_index(const std::string& path, const Json& key) {
  if (!file_exists(path)) return std::nullopt;
  const MappedFile file(path);
  std::string_view bytes = file.text();
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 3 * kWordBytes)
    return std::nullopt;
  std::string_view tail = bytes.substr(bytes.size() - kWordBytes);
  bytes.remove_suffix(kWordBytes);
  // Behind the hash, lengths are as they were written.
  if (take_word(tail) != hash64(bytes)) return std::nullopt;
  bytes.remove_prefix(kMagic.size());
  const size_t head_bytes = take_word(bytes);
  const Json head = Json::parse(bytes.substr(0, head_bytes), path);
  if (head.at("key", path) != key) return std::nullopt;
  bytes.remove_prefix(head_bytes);
  RowIndex index;
  index.facts = head.at("facts", path);
  index.places.resize(take_word(bytes));
  for (RowPlace& place : index.places) {
    place.offset = take_word(bytes);
    place.line = static_cast<int64_t>(take_word(bytes));
  }
  return index;
}

}  // namespace laconic
