// SPDX-License-Identifier: Apache-2.0
#include "app/sample_output.h"

#include <filesystem>

#include "app/identity.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/file.h"
#include "base/version.h"
#include "data/row_fields.h"
#include "data/rows.h"

namespace laconic {

SampleOutput::SampleOutput(const std::string& path, const Json& settings, bool as_text)
    : as_text_(as_text) {
  if (path == "-") return;
  if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path)) {
    // A device or a pipe: nothing to continue.
    file_ = std::make_unique<OutputFile>(path, /*append=*/true);
    return;
  }
  const std::string settings_path = path + ".settings.json";
  const bool continues = file_exists(path) && file_size(path) > 0;
  if (continues && file_exists(settings_path)) {
    const Json before = Json::parse(read_file(settings_path), settings_path);
    warn_of_changes(before, commit_of_binary(), path);
    Json now = settings;
    if (const Json* begun = before.find("commit")) now["commit"] = *begun;
    const std::string difference = first_difference(before, now);
    require(difference.empty(), ErrorKind::kUsage, path, ": expected to continue with ", difference,
            " (choose another --output, or remove the file to start again)");
  } else {
    require(!continues, ErrorKind::kUsage, path, ": expected ", settings_path,
            " beside a file to continue, got none (choose another --output, or remove the file)");
    Json marked = settings;
    marked["commit"] = commit();
    write_file_atomic(settings_path, marked.dump(2) + "\n");
  }
  if (continues) read_existing(path);
  file_ = std::make_unique<OutputFile>(path, /*append=*/true);
}

SampleOutput::~SampleOutput() = default;

void SampleOutput::read_existing(const std::string& path) {
  const std::string text = read_file(path);
  const size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  for_each_line(std::string_view(text).substr(0, whole),
                [&](int64_t line, std::string_view row_text) {
                  const std::string place = cat(path, ":", line);
                  const Json row = Json::parse(row_text, place);
                  done_.emplace(field_text({"id", &row.at("id", place)}, place),
                                field_count(row.at("sample", place), place + ": sample"));
                });
  if (whole < text.size()) std::filesystem::resize_file(path, whole);
}

void SampleOutput::write(const Json& row) {
  const std::string line =
      (as_text_ ? row.at("completion", "row").as_string("completion") : row.dump()) + "\n";
  if (file_) {
    file_->write(line);
    file_->flush();
    return;
  }
  write_stdout(line);
  flush_stdout();
}

void SampleOutput::close() {
  if (file_) file_->close();
}

}  // namespace laconic
