// JSONL rows to a file or, for "-", to stdout.
// Errors: as OutputFile's; Error(kFailure) when stdout cannot be written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
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
    require(std::fwrite(line.data(), 1, line.size(), stdout) == line.size(), ErrorKind::kFailure,
            "stdout: expected to write, got an error");
  }
  void close() {
    if (file_) return file_->close();
    require(std::fflush(stdout) == 0, ErrorKind::kFailure,
            "stdout: expected to write, got an error");
  }

 private:
  std::unique_ptr<OutputFile> file_;  // null: stdout
};

}  // namespace laconic
