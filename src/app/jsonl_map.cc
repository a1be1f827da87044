// SPDX-License-Identifier: Apache-2.0
#include "app/jsonl_map.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace laconic {
namespace {

// stdout, or a file that gets its name when it is complete.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path), temporary_(cat(path, ".tmp-", getpid())) {
    if (!path_.empty()) file_.emplace(temporary_);
  }
  ~Output() {
    if (file_) std::remove(temporary_.c_str());
  }
  void write(const std::string& line) {
    if (file_) return file_->write(line);
    const size_t written = std::fwrite(line.data(), 1, line.size(), stdout);
    require(written == line.size(), errno == ENOSPC ? ErrorKind::kDisk : ErrorKind::kFailure,
            "stdout: expected to write, got an error: ", std::strerror(errno));
  }
  void finish() {
    if (!file_) return;
    file_->close();
    rename_path(temporary_, path_);
    file_.reset();
  }

 private:
  std::string path_, temporary_;
  std::optional<OutputFile> file_;
};

}  // namespace

void map_jsonl(const JsonlPaths& paths,
               const std::function<void(Json& row, const std::string& place)>& map) {
  std::ifstream file;
  if (!paths.input.empty()) {
    file.open(paths.input, std::ios::binary);
    require(file.is_open(), ErrorKind::kFailure, paths.input,
            ": expected a readable file, got: ", std::strerror(errno));
  }
  std::istream& in = paths.input.empty() ? std::cin : file;
  const std::string name = paths.input.empty() ? "stdin" : paths.input;
  Output out(paths.output);
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string place = cat(name, ":", number);
    Json row = Json::parse(line, place);
    require(row.is_object(), ErrorKind::kData, place, ": expected an object, got ",
            row.kind_name());
    try {
      map(row, place);
    } catch (const Error& error) {
      if (std::string_view(error.what()).starts_with(place)) throw;
      throw Error(error.kind(), cat(place, ": ", error.what()));
    }
    out.write(row.dump() + "\n");
  }
  require(!in.bad(), ErrorKind::kFailure, name, ": expected to read, got an error");
  out.finish();
}

}  // namespace laconic
