// SPDX-License-Identifier: Apache-2.0
#include "app/jsonl_map.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <vector>

#include "base/disk.h"
#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/terminal.h"

namespace laconic {
namespace {

// stdout, or a file that gets its name when it is complete.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path), temporary_(temporary_path(path)) {
    if (path_ != "-") file_.emplace(temporary_);
  }
  ~Output() {
    if (file_) remove_temporary(temporary_, path_);
  }
  void write(const std::string& line) {
    if (file_) return file_->write(line);
    write_stdout(line);
  }
  void finish() {
    if (!file_) return;
    file_->close();
    publish_temporary(temporary_, path_);
    file_.reset();
  }

 private:
  std::string path_, temporary_;
  std::optional<OutputFile> file_;
};

using RowMap = std::function<void(Json& row, const std::string& place)>;

std::string mapped(const std::string& line, const std::string& place, const RowMap& map) {
  Json row = Json::parse(line, place);
  require(row.is_object(), ErrorKind::kData, place, ": expected an object, got ", row.kind_name());
  try {
    map(row, place);
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(place)) throw;
    throw Error(error.kind(), cat(place, ": ", error.what()));
  }
  return row.dump() + "\n";
}

// A pipe may wait for the answer to one line before it brings the next.
bool stdin_is_file() {
  struct stat status {};
  return fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

struct Line {
  std::string text, place;
};

void write_mapped(const std::vector<Line>& lines, const RowMap& map, Output& out) {
  std::vector<std::string> rows(lines.size());  // empty: not mapped
  const auto write = [&] {
    for (size_t i = 0; i < rows.size() && !rows[i].empty(); ++i) out.write(rows[i]);
  };
  try {
    parallel_for(lines.size(),
                 [&](size_t i) { rows[i] = mapped(lines[i].text, lines[i].place, map); });
  } catch (const Error&) {
    write();  // as far as a loop would have come
    throw;
  }
  write();
}

}  // namespace

void map_jsonl(const JsonlPaths& paths, const RowMap& map, JsonlThreads threads) {
  constexpr size_t kMaxLines = 1024, kMaxBytes = 8 << 20;
  const bool is_stdin = paths.input == "-";
  std::ifstream file;
  if (is_stdin) {
    tell_of_waiting("JSONL rows, one a line");
  } else {
    file.open(paths.input, std::ios::binary);
    require(file.is_open(), errno == ENOENT ? ErrorKind::kUsage : ErrorKind::kFailure, paths.input,
            ": expected a readable file, got: ", std::strerror(errno));
  }
  std::istream& in = is_stdin ? std::cin : file;
  const std::string name = is_stdin ? "stdin" : paths.input;
  const bool many = threads == JsonlThreads::kAllCores && (!is_stdin || stdin_is_file());
  Output out(paths.output);
  std::vector<Line> lines;
  size_t num_bytes = 0;
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    num_bytes += line.size();
    lines.push_back({line, cat(name, ":", number)});
    if (many && lines.size() < kMaxLines && num_bytes < kMaxBytes) continue;
    write_mapped(lines, map, out);
    lines.clear();
    num_bytes = 0;
  }
  write_mapped(lines, map, out);
  require(!in.bad(), ErrorKind::kFailure, name, ": expected to read, got an error");
  out.finish();
}

}  // namespace laconic
