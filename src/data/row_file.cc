// SPDX-License-Identifier: Apache-2.0
#include "data/row_file.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "data/decompress.h"
#include "data/parquet.h"
#include "data/row_fields.h"  // trimmed
#include "data/rows.h"
#include "data/spool_file.h"

namespace laconic {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

int64_t count_lines(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

// Where the rows' text lies: one of three.
struct RowFile::Bytes {
  std::string from_stdin;
  std::optional<MappedFile> file;
  std::unique_ptr<SpoolFile> spool;
  std::string_view text;
};

size_t end_of_json_value(std::string_view text, size_t offset) {
  int64_t depth = 0;
  for (size_t i = offset; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\';
      if (i >= text.size()) return std::string_view::npos;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == ']' || c == '}')) {
      return i;  // a number or a word ended
    } else if (c == '}' || c == ']') {
      --depth;
    } else {
      continue;
    }
    if (depth == 0) return i + 1;
  }
  return depth == 0 ? text.size() : std::string_view::npos;
}

// What is unpacked for a file of `bytes` bytes: rows of text shrink to a fifth or a tenth.
uint64_t unpacked_limit(uint64_t bytes) {
  constexpr uint64_t kAlways = uint64_t{64} << 20, kRatio = 100;
  return std::max(kAlways, kRatio * bytes);
}

RowFile::RowFile(const std::string& path, const std::vector<RowPlace>* places)
    : shown_(path == "-" ? "stdin" : path), form_("JSONL"), bytes_(std::make_unique<Bytes>()) {
  if (path == "-") {
    bytes_->from_stdin = read_input(path);
    bytes_->text = bytes_->from_stdin;
  } else {
    bytes_->file.emplace(path);
    bytes_->text = bytes_->file->text();
  }
  const Compression compression = compression_of(bytes_->text);
  const bool is_parquet = bytes_->text.starts_with(kParquetMagic);
  require(!is_parquet || path != "-", ErrorKind::kUsage,
          "stdin: expected JSONL, got Parquet (it is read from files only)");
  if (compression != Compression::kNone || is_parquet) {
    bytes_->spool = std::make_unique<SpoolFile>();
    if (is_parquet)
      read_parquet(path, [this](std::string_view piece) { bytes_->spool->write(piece); });
    else
      unpack(compression);
    bytes_->text = bytes_->spool->map();
  }
  const size_t first = bytes_->text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const size_t start = bytes_->text.find_first_not_of(kBlanks, first);
  is_array_ = start != std::string_view::npos && bytes_->text[start] == '[';
  const std::string_view first_line = bytes_->text.substr(std::min(start, bytes_->text.size()),
                                                          bytes_->text.find('\n', start) - start);
  is_spread_ = trimmed(first_line) == "{";
  if (places)
    places_ = *places;
  else if (is_array_)
    index_array(bytes_->text);
  else
    is_spread_ ? index_objects(bytes_->text, start) : index_lines(bytes_->text);
  if (is_array_) form_ = "JSON array";
  if (is_spread_) form_ = "JSON objects";
  if (is_parquet) form_ = "Parquet";
  if (compression != Compression::kNone) form_ += cat(", ", compression_name(compression));
}

void RowFile::unpack(Compression compression) {
  const uint64_t limit = unpacked_limit(bytes_->text.size());
  uint64_t size = 0;
  decompress(compression, bytes_->text, shown_, [&](std::string_view piece) {
    size += piece.size();
    require(
        size <= limit, ErrorKind::kData, shown_, ": expected at most ", limit >> 20,
        " MiB unpacked (a hundred times its size, or 64 MiB), got more (is it meant to fill the "
        "disk? if not, unpack it first)");
    bytes_->spool->write(piece);
  });
}

void RowFile::keep(const std::vector<int64_t>& rows) {
  std::vector<RowPlace> kept;
  kept.reserve(rows.size());
  for (const int64_t row : rows) kept.push_back(places_[static_cast<size_t>(row)]);
  places_ = std::move(kept);
}

RowFile::~RowFile() = default;
RowFile::RowFile(RowFile&&) noexcept = default;

std::string RowFile::name() const { return file_name(shown_); }

std::string RowFile::place(int64_t row) const {
  return shown_ + ":" + std::to_string(line(row));  // of each row, good or bad: no stream
}

std::string_view RowFile::text(int64_t row) const {
  const std::string_view all = bytes_->text;
  const size_t offset = places_[static_cast<size_t>(row)].offset;
  const bool by_value = is_array_ || is_spread_;
  const size_t end = by_value ? end_of_json_value(all, offset) : all.find('\n', offset);
  std::string_view text = all.substr(offset, std::min(end, all.size()) - offset);
  if (!by_value && text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

void RowFile::index_lines(std::string_view text) {
  for_each_line(text, [&](int64_t line, std::string_view row) {
    places_.push_back({static_cast<uint64_t>(row.data() - text.data()), line});
  });
}

void RowFile::index_objects(std::string_view text, size_t at) {
  int64_t line = 1 + count_lines(text.substr(0, at));
  while (at < text.size()) {
    const size_t end = end_of_json_value(text, at);
    require(text[at] == '{' && end != std::string_view::npos, ErrorKind::kData, shown_, ":", line,
            ": expected an object as pretty-printed as the first (or one a line: jq -c .), got ",
            text[at] == '{' ? "one that does not end" : cat("\"", text[at], "\""));
    places_.push_back({at, line});
    const size_t next = std::min(text.find_first_not_of(kBlanks, end), text.size());
    line += count_lines(text.substr(at, next - at));
    at = next;
  }
}

void RowFile::index_array(std::string_view text) {
  size_t at = text.find('[') + 1;
  int64_t line = 1 + count_lines(text.substr(0, at));
  const auto next = [&](const char* expected) {
    const size_t found = std::min(text.find_first_not_of(kBlanks, at), text.size());
    line += count_lines(text.substr(at, found - at));
    at = found;
    require(at < text.size(), ErrorKind::kData, shown_, ":", line, ": expected ", expected,
            ", got the end of the file");
    return text[at];
  };
  bool is_first = true;
  while (true) {
    if (next("a row or ]") == ']' && is_first) break;
    const size_t end = end_of_json_value(text, at);
    require(end != std::string_view::npos && end > at, ErrorKind::kData, shown_, ":", line,
            ": expected a row of the array, got ",
            end == at ? cat("\"", text[at], "\"") : "one that does not end");
    places_.push_back({at, line});
    line += count_lines(text.substr(at, end - at));
    at = end;
    is_first = false;
    const char sign = next("a comma or ]");
    if (sign == ']') break;
    require(sign == ',', ErrorKind::kData, shown_, ":", line, ": expected a comma or ], got \"",
            sign, "\"");
    ++at;
  }
  const size_t rest = text.find_first_not_of(kBlanks, at + 1);
  require(rest == std::string_view::npos, ErrorKind::kData, shown_, ":",
          line + count_lines(text.substr(at, rest - at)),
          ": expected the end of the file behind its array, got more");
}

}  // namespace laconic
