// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "eval/html.h"
#include "eval/report_sets.h"

namespace laconic {
namespace {

// A sample file and the names on its way.
struct LabelledFile {
  enum Place { kRun, kFolder, kStem, kNumPlaces };
  std::array<std::string, kNumPlaces> labels;
  std::string benchmark;
  std::array<bool, kNumPlaces> names_benchmark = {};
  const SampleFile* file = nullptr;
  const RunData* run = nullptr;
};
constexpr std::array kPlaces = {LabelledFile::kFolder, LabelledFile::kStem, LabelledFile::kRun};

const Json* setting_of(const SampleFile& file, const char* field) {
  const Json* setting = file.header.find("setting");
  return setting ? setting->find(field) : file.header.find(field);
}

// By the hash of the problems where both files have it, else by any problem that both have.
bool same_problems(const SampleFile& a, const SampleFile& b) {
  const Json *hash_a = setting_of(a, "problems_hash"), *hash_b = setting_of(b, "problems_hash");
  if (hash_a && hash_b) return *hash_a == *hash_b;
  std::set<std::string_view> ids;
  for (const SampleRecord& record : a.records) ids.insert(record.id);
  return std::any_of(b.records.begin(), b.records.end(),
                     [&](const SampleRecord& record) { return ids.count(record.id) > 0; });
}

// `prefix` tells the runs apart; empty for one.
void add_pair(const RunData& run, const RunData::Pair& pair, const std::string& prefix,
              std::vector<NamedFile>& out) {
  out.push_back({prefix + "before", "", pair.before, &run});
  out.push_back({prefix + "after", "", pair.after, &run});
  for (const auto& [stem, label] :
       {std::pair("long-bound", "long bound"), std::pair("short-bound", "short bound")}) {
    const SampleFile* bound = run.find_samples(stem);
    if (bound && bound != pair.before && same_problems(*pair.before, *bound))
      out.push_back({prefix + label, "", bound, &run, true});
  }
}

std::vector<LabelledFile> labelled(const RunData& run) {
  std::vector<LabelledFile> out;
  for (const auto& [path, file] : run.samples) {
    if (file.records.empty()) continue;
    LabelledFile one;
    const size_t slash = path.find('/');
    const std::string folder = slash == std::string::npos ? run.parent : path.substr(0, slash);
    one.labels = {run.name, folder, file_name(path)};
    const Json* benchmark = file.header.find("benchmark");
    if (benchmark && benchmark->is_string()) one.benchmark = benchmark->as_string("");
    one.file = &file;
    one.run = &run;
    out.push_back(std::move(one));
  }
  return out;
}

// Files by the problems that they share: a number for each file, the same for those of one set.
std::vector<size_t> problem_sets(const std::vector<LabelledFile>& files) {
  std::vector<size_t> parent(files.size());
  std::iota(parent.begin(), parent.end(), size_t{0});
  const auto root = [&](size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  std::map<std::pair<std::string_view, std::string_view>, size_t> owner;
  for (size_t i = 0; i < files.size(); ++i)
    for (const SampleRecord& record : files[i].file->records) {
      const auto [at, is_new] = owner.try_emplace({record.id, record.problem}, i);
      if (!is_new) parent[root(i)] = root(at->second);
    }
  for (size_t i = 0; i < files.size(); ++i) parent[i] = root(i);
  return parent;
}

// Whether a place's label is the same within each set and another in every other.
bool tells_sets_apart(const std::vector<LabelledFile>& files, const std::vector<size_t>& sets,
                      LabelledFile::Place place) {
  std::map<size_t, std::string> label_of;
  std::map<std::string, size_t> set_of;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string& label = files[i].labels[place];
    if (label.empty() || label_of.try_emplace(sets[i], label).first->second != label ||
        set_of.try_emplace(label, sets[i]).first->second != sets[i])
      return false;
  }
  return label_of.size() > 1;
}

// Where headers name no benchmark: by problems, if a name on the way goes with them.
void find_benchmarks(std::vector<LabelledFile>& files) {
  const std::vector<size_t> sets = problem_sets(files);
  if (std::set<size_t>(sets.begin(), sets.end()).size() == files.size()) return;  // nothing shared
  for (const LabelledFile::Place place : kPlaces) {
    if (!tells_sets_apart(files, sets, place)) continue;
    for (LabelledFile& file : files) file.benchmark = file.labels[place];
    return;
  }
}

// Which names on the way are the benchmark's: the equal ones, or the one that goes with it.
void mark_benchmark_names(std::vector<LabelledFile>& files) {
  std::map<std::string, size_t> numbers;
  std::vector<size_t> sets;
  for (const LabelledFile& file : files)
    sets.push_back(numbers.try_emplace(file.benchmark, numbers.size()).first->second);
  for (LabelledFile& file : files)
    for (const LabelledFile::Place place : kPlaces)
      file.names_benchmark[place] =
          !file.benchmark.empty() && slug(file.labels[place]) == slug(file.benchmark);
  for (const LabelledFile::Place place : kPlaces) {
    if (!tells_sets_apart(files, sets, place)) continue;
    for (LabelledFile& file : files) file.names_benchmark[place] = true;
    return;
  }
}

// Which names differ among the files of a run.
std::array<bool, LabelledFile::kNumPlaces> varying(std::span<const LabelledFile> of_run) {
  std::array<bool, LabelledFile::kNumPlaces> out = {};
  for (const LabelledFile& file : of_run)
    for (const LabelledFile::Place place : kPlaces)
      out[place] = out[place] || file.labels[place] != of_run.front().labels[place];
  return out;
}

// The run's name, then of folder and file what tells the files of a run apart.
std::string system_name(const LabelledFile& file,
                        const std::array<bool, LabelledFile::kNumPlaces>& varies) {
  std::string name;
  const auto add = [&](LabelledFile::Place place) {
    if (file.names_benchmark[place] || file.labels[place].empty()) return;
    name += (name.empty() ? "" : " ") + file.labels[place];
  };
  add(LabelledFile::kRun);
  if (varies[LabelledFile::kFolder]) add(LabelledFile::kFolder);
  if (varies[LabelledFile::kStem]) add(LabelledFile::kStem);
  if (name.empty()) add(LabelledFile::kFolder);
  return name.empty() ? file.run->name : name;
}

}  // namespace

std::vector<NamedFile> name_files(const std::vector<RunData>& runs) {
  std::vector<LabelledFile> files;
  std::vector<std::pair<size_t, size_t>> of_run;  // first and end of each run's files
  for (const RunData& run : runs) {
    const size_t first = files.size();
    if (!run.before_and_after())
      for (LabelledFile& file : labelled(run)) files.push_back(std::move(file));
    of_run.emplace_back(first, files.size());
  }
  const bool any_named = std::any_of(
      files.begin(), files.end(), [](const LabelledFile& file) { return !file.benchmark.empty(); });
  if (!any_named) find_benchmarks(files);
  mark_benchmark_names(files);
  std::vector<NamedFile> out;
  for (size_t r = 0; r < runs.size(); ++r) {
    if (const RunData::Pair pair = runs[r].before_and_after())
      add_pair(runs[r], pair, runs.size() > 1 ? runs[r].name + " " : "", out);
    const std::span<const LabelledFile> own(files.data() + of_run[r].first,
                                            of_run[r].second - of_run[r].first);
    const auto varies = varying(own);
    for (const LabelledFile& file : own)
      out.push_back({system_name(file, varies), file.benchmark, file.file, file.run});
  }
  return out;
}

}  // namespace laconic
