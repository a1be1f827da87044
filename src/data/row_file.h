// A data file as rows of JSON text, whatever its container: JSONL, one JSON array of rows,
// pretty-printed objects one behind the other (the first line is "{" alone), Parquet; each but the
// last also gzip or zstd. What it is is found from its content, never its name.
//
// Not a parser of rows (data/rows.h is). A plain file is mapped and only an offset and a line are
// kept for each row, so memory does not grow with the text; compressed files and Parquet become
// JSONL in a temporary file without a name, which is mapped in the same way; more than a hundred
// times a packed file's size (and than 64 MiB) is taken for a bomb and refused. Blank lines are no
// rows; a byte order mark and the CR of a CRLF belong to none. Lines are 1-based; a row of an array
// has the line that it starts on, a row of Parquet its number. Errors: Error(kData) naming file and
// line for a broken container; Error(kFailure), Error(kDisk) of the file system. The file must not
// change while it is open. Sources: RFC 8259, RFC 1952, RFC 8878, Apache Parquet's format.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/decompress.h"

namespace laconic {

struct RowPlace {
  uint64_t offset = 0;  // of the row's first byte in text()
  int64_t line = 0;
};

class RowFile {
 public:
  // "-": stdin. `places`: of an earlier RowFile of the same file, which spares reading it.
  explicit RowFile(const std::string& path, const std::vector<RowPlace>* places = nullptr);
  ~RowFile();
  RowFile(RowFile&&) noexcept;

  int64_t size() const { return static_cast<int64_t>(places_.size()); }
  std::string_view text(int64_t row) const;
  int64_t line(int64_t row) const { return places_[static_cast<size_t>(row)].line; }
  const std::string& shown() const { return shown_; }  // the path, or "stdin"
  std::string name() const;                            // without its folder
  std::string place(int64_t row) const;                // "path:line"
  const std::vector<RowPlace>& places() const { return places_; }
  // Leaves only these rows, given in order; they are numbered anew.
  void keep(const std::vector<int64_t>& rows);
  const std::string& form() const { return form_; }  // "JSONL", "JSON array, zstd", "Parquet"

 private:
  struct Bytes;
  void unpack(Compression compression);
  void index_lines(std::string_view text);
  void index_objects(std::string_view text, size_t at);  // from the first one on
  void index_array(std::string_view text);

  std::string shown_, form_;
  std::unique_ptr<Bytes> bytes_;
  std::vector<RowPlace> places_;
  bool is_array_ = false, is_spread_ = false;
};

// The end of the JSON value that starts at `offset` of `text`: brackets and strings are matched,
// nothing else is checked. npos: it never ends.
size_t end_of_json_value(std::string_view text, size_t offset);

}  // namespace laconic
