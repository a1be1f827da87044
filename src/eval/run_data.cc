// SPDX-License-Identifier: Apache-2.0
#include "eval/run_data.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "data/rows.h"

namespace laconic {
namespace {

// Rows of a log that is perhaps being written: a last line without its line end that is no JSON is
// dropped.
std::vector<Json> read_log(const std::string& path) {
  std::vector<Json> rows;
  if (!file_exists(path)) return rows;
  const std::string text = read_file(path);
  const size_t whole = text.ends_with('\n') ? text.size() : text.rfind('\n') + 1;
  for_each_line(std::string_view(text).substr(0, whole), [&](int64_t line, std::string_view row) {
    const std::string place = cat(path, ":", line);
    rows.push_back(Json::parse(row, place));
    rows.back().as_object(place);
  });
  return rows;
}

std::string step_name(int64_t step) {
  char text[32];
  std::snprintf(text, sizeof text, "step-%06lld", static_cast<long long>(step));
  return text;
}

}  // namespace

const SampleFile* RunData::find_samples(const std::string& wanted) const {
  const auto found = samples.find(wanted);
  return found == samples.end() || found->second.records.empty() ? nullptr : &found->second;
}

RunData::Pair RunData::before_and_after() const {
  if (const Pair pair = {find_samples("before"), find_samples("after")}) return pair;
  Pair pair = {find_samples("long-bound"), nullptr};
  if (!pair.before) pair.before = find_samples(step_name(0));
  for (const Json& eval : evals) {
    const Json* step = eval.find("step");
    const Json* chosen = eval.find("chosen");
    if (!step || !step->is_integer() || step->as_integer("") == 0) continue;
    const SampleFile* file = find_samples(step_name(step->as_integer("")));
    if (file) pair.after = file;
    if (file && chosen && chosen->is_boolean() && chosen->as_boolean("")) break;
  }
  return pair ? pair : Pair{};
}

namespace {

Json read_json(const std::string& path) {
  return file_exists(path) ? Json::parse(read_file(path), path) : Json();
}

// The choice is made after the log was written: its step is marked in the evaluations.
void mark_chosen(RunData& run) {
  const Json* step = run.choice.find("step");
  if (!step) return;
  for (Json& eval : run.evals) {
    const Json* at = eval.find("step");
    if (at && *at == *step) eval["chosen"] = true;
  }
}

// The day on which a file was last written; "" where the system does not tell.
std::string day_of(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return "";
  struct tm day {};
  char text[16];
  if (!::gmtime_r(&file.st_mtime, &day)) return "";
  return std::strftime(text, sizeof text, "%Y-%m-%d", &day) > 0 ? text : "";
}

std::vector<std::string> entries(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

void read_samples(const std::string& path, const std::string& name, RunData& run) {
  SampleFile file = read_sample_file(path);
  if (file.records.empty()) return;
  run.samples[name] = std::move(file);
  run.date = std::max(run.date, day_of(path));
}

void read_folder(const std::string& folder, const std::string& prefix, RunData& run) {
  for (const std::string& path : entries(folder))
    if (path.ends_with(".jsonl"))
      read_samples(path, prefix + std::filesystem::path(path).stem().string(), run);
}

}  // namespace

RunData read_run(const std::string& folder) {
  require(folder_exists(folder) || file_exists(folder), ErrorKind::kUsage, folder,
          ": expected a run folder or a sample file, got none");
  RunData run;
  if (!folder_exists(folder)) {
    run.name = std::filesystem::path(folder).stem().string();
    run.parent = file_name(std::filesystem::absolute(folder).parent_path().string());
    read_samples(folder, run.name, run);
    require(!run.samples.empty(), ErrorKind::kData, folder,
            ": expected judged replies (as `laconic eval --out` writes them), got none");
    return run;
  }
  std::string_view trimmed = folder;
  while (trimmed.size() > 1 && trimmed.ends_with('/')) trimmed.remove_suffix(1);
  run.name = file_name(trimmed);
  if (file_exists(join_path(folder, "config.yaml")))
    run.config = read_file(join_path(folder, "config.yaml"));
  run.run = read_json(join_path(folder, "run.json"));
  run.choice = read_json(join_path(folder, "choice.json"));
  for (Json& row : read_log(join_path(folder, "log.jsonl"))) {
    const Json* type = row.find("type");
    const bool is_eval = type && type->is_string() && type->as_string("") == "eval";
    const bool is_step = type && type->is_string() && type->as_string("") == "step";
    if (is_eval)
      run.evals.push_back(std::move(row));
    else if (is_step)
      run.steps.push_back(std::move(row));
  }
  if (!run.steps.empty()) run.date = day_of(join_path(folder, "log.jsonl"));
  mark_chosen(run);
  run.mixture = read_log(join_path(folder, "mixture.jsonl"));
  const std::string samples = join_path(folder, "samples");
  if (folder_exists(samples)) {
    read_folder(samples, "", run);
  } else if (run.steps.empty() && run.evals.empty()) {
    read_folder(folder, "", run);
    for (const std::string& benchmark : entries(folder))
      if (folder_exists(benchmark)) read_folder(benchmark, file_name(benchmark) + "/", run);
  }
  require(!run.steps.empty() || !run.evals.empty() || !run.samples.empty(), ErrorKind::kData,
          folder,
          ": expected a run with log.jsonl or samples/*.jsonl, or sample files, got none of them");
  return run;
}

}  // namespace laconic
