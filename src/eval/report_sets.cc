// SPDX-License-Identifier: Apache-2.0
#include "eval/report_sets.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace laconic {
namespace {

struct NamedFile {
  std::string system;
  std::string benchmark;
  const SampleFile* file;
};

std::string header_text(const SampleFile& file, const char* key) {
  const Json* value = file.header.find(key);
  return value && value->is_string() ? value->as_string("") : "";
}

// Model and setting of a file's replies; empty where the header does not tell.
std::string identity(const SampleFile& file) {
  const std::string hash = header_text(file, "weight_hash");
  const Json* setting = file.header.find("setting");
  if (hash.empty() || !setting) return "";
  return hash + header_text(file, "benchmark") + setting->dump();
}

std::vector<NamedFile> files_of(const RunData& run) {
  std::vector<NamedFile> out;
  if (const RunData::Pair pair = run.before_and_after()) {
    out.push_back({run.name + " before", "", pair.before});
    out.push_back({run.name + " after", "", pair.after});
    for (const auto& [stem, label] :
         {std::pair("long-bound", " long bound"), std::pair("short-bound", " short bound")}) {
      const SampleFile* bound = run.find_samples(stem);
      if (bound && bound != pair.before) out.push_back({run.name + label, "", bound});
    }
    return out;
  }
  std::set<std::string> stems;  // "first" of "gsm8k/first"
  for (const auto& [path, file] : run.samples) stems.insert(file_name(path));
  for (const auto& [path, file] : run.samples) {
    if (file.records.empty()) continue;
    const std::string benchmark = header_text(file, "benchmark");
    const std::string name = benchmark.empty() ? path : file_name(path);
    const bool one = benchmark.empty() ? run.samples.size() == 1 : stems.size() == 1;
    out.push_back({one ? run.name : run.name + " " + name, benchmark, &file});
  }
  return out;
}

size_t index_of(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

std::vector<SampleRecord> of_problems(const SampleFile& file, const std::set<std::string>& ids) {
  std::vector<SampleRecord> out;
  for (const SampleRecord& record : file.records) {
    if (!ids.count(record.id)) continue;
    SampleRecord light = record;
    light.completion.clear();
    light.problem.clear();
    out.push_back(std::move(light));
  }
  return out;
}

std::optional<Comparison> compare_common(const SampleFile& first, const SampleFile& second) {
  std::set<std::string> ids, common;
  for (const SampleRecord& record : first.records) ids.insert(record.id);
  for (const SampleRecord& record : second.records)
    if (ids.count(record.id)) common.insert(record.id);
  if (common.empty()) return std::nullopt;
  return compare_samples(of_problems(first, common), of_problems(second, common));
}

bool dominates(const Summary& a, const Summary& b) {
  const double more_right = a.accuracy.mean - b.accuracy.mean;
  const double fewer_tokens = b.tokens.mean - a.tokens.mean;
  return more_right >= 0 && fewer_tokens >= 0 && (more_right > 0 || fewer_tokens > 0);
}

void complete(ReportGroup& group) {
  const auto comparable = [&](const ReportSet& set) {
    return &set == &group.sets.front() || set.to_first;
  };
  for (ReportSet& set : group.sets)
    if (&set != &group.sets.front())
      set.to_first = compare_common(*group.sets.front().file, *set.file);
  for (ReportSet& set : group.sets)
    set.on_frontier =
        comparable(set) &&
        std::none_of(group.sets.begin(), group.sets.end(), [&](const ReportSet& other) {
          return comparable(other) && dominates(other.summary, set.summary);
        });
}

}  // namespace

ReportSystems report_systems(const std::vector<RunData>& runs) {
  ReportSystems out;
  std::vector<std::string> benchmarks;
  std::set<std::string> seen;
  for (const RunData& run : runs) {
    for (const NamedFile& named : files_of(run)) {
      const std::string key = identity(*named.file);
      if (!key.empty() && !seen.insert(key).second) continue;
      const size_t g = index_of(benchmarks, named.benchmark);
      if (g == out.groups.size()) out.groups.push_back({named.benchmark, {}});
      // Two runs of one name are two systems.
      std::string name = named.system;
      const auto taken = [&] {
        const auto& sets = out.groups[g].sets;
        return std::any_of(sets.begin(), sets.end(),
                           [&](const ReportSet& set) { return set.name == name; });
      };
      for (int i = 2; taken(); ++i) name = cat(named.system, " (", i, ")");
      ReportSet set;
      set.system = index_of(out.names, name);
      set.name = name;
      set.file = named.file;
      set.summary = summarise(name, named.file->records);
      out.groups[g].sets.push_back(std::move(set));
    }
  }
  for (ReportGroup& group : out.groups) complete(group);
  return out;
}

std::vector<std::string> setting_warnings(const ReportGroup& group) {
  static constexpr std::pair<const char*, const char*> kFields[] = {{"max_new_tokens", "caps"},
                                                                    {"temperature", "temperatures"},
                                                                    {"top_p", "top_p"},
                                                                    {"problems_hash", "problems"}};
  std::vector<std::string> out;
  for (const auto& [field, name] : kFields) {
    std::vector<std::string> values;
    for (const ReportSet& set : group.sets) {
      const Json* setting = set.file->header.find("setting");
      const Json* value = setting ? setting->find(field) : set.file->header.find(field);
      if (value) index_of(values, value->is_string() ? value->as_string("") : value->dump());
    }
    if (values.size() < 2) continue;
    std::string text = cat("These sets have different ", name, ": ");
    for (size_t i = 0; i < values.size(); ++i)
      text += (i > 0 ? ", " : "") + values[i].substr(0, 12);
    if (std::string(field) == "max_new_tokens")
      text += ". A lower cap punishes long replies: compare the budget curves up to the lowest cap";
    out.push_back(text + ".");
  }
  return out;
}

}  // namespace laconic
