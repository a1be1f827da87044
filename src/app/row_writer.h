// JSONL rows to a file or, for "-", to stdout.
// Errors: as OutputFile's; Error(kFailure) when stdout cannot be written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/disk.h"
#include "base/file.h"
#include "base/json.h"

namespace laconic {

class RowWriter {
 public:
  explicit RowWriter(const std::string& path) {
    if (path != "-") file_ = std::make_unique<OutputFile>(path);
  }
  void write(const Json& row) { write_line(row.dump() + "\n"); }
  // With its line end.
  void write_line(std::string_view line) {
    if (file_) return file_->write(line);
    write_stdout(line);
  }
  void close() {
    if (file_) return file_->close();
    flush_stdout();
  }

 private:
  std::unique_ptr<OutputFile> file_;  // null: stdout
};

}  // namespace laconic
