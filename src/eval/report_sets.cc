// SPDX-License-Identifier: Apache-2.0
#include "eval/report_sets.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace laconic {
namespace {

constexpr size_t kMaxValues = 6;  // of one setting, in a warning

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

// Numbers texts in the order in which they come.
class Numbering {
 public:
  size_t of(const std::string& text) {
    return numbers_.try_emplace(text, numbers_.size()).first->second;
  }

 private:
  std::map<std::string, size_t> numbers_;
};

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
  Numbering groups, systems;
  std::set<std::string> seen;
  std::set<std::pair<size_t, std::string>> taken;  // names of a group
  for (const NamedFile& named : name_files(runs)) {
    const std::string key = identity(*named.file);
    if (!key.empty() && !seen.insert(key).second) continue;
    const size_t g = groups.of(named.benchmark);
    if (g == out.groups.size()) out.groups.push_back({named.benchmark, {}});
    // Two runs of one name are two systems.
    std::string name = named.system;
    for (int i = 2; !taken.emplace(g, name).second; ++i) name = cat(named.system, " (", i, ")");
    ReportSet set;
    set.system = systems.of(name);
    if (set.system == out.names.size()) out.names.push_back(name);
    set.name = name;
    set.file = named.file;
    set.run = named.run;
    set.is_bound = named.is_bound;
    set.summary = summarise(name, named.file->records);
    set.levels = summarise_by_difficulty(named.file->records);
    out.groups[g].sets.push_back(std::move(set));
  }
  for (ReportGroup& group : out.groups) complete(group);
  return out;
}

const ReportSet* after_of(const ReportGroup& group, double margin) {
  const ReportSet* best = nullptr;
  const auto is_equal = [&](const ReportSet& set) { return set.to_first->within_margin(margin); };
  for (const ReportSet& set : group.sets) {
    if (!set.to_first || set.is_bound) continue;
    // A run's own "after" stands first, and is not to be chosen by what came out.
    if (set.run == group.sets.front().run && set.run->before_and_after()) return &set;
    if (!best || is_equal(set) > is_equal(*best) ||
        (is_equal(set) == is_equal(*best) &&
         set.to_first->token_ratio.ratio < best->to_first->token_ratio.ratio))
      best = &set;
  }
  return best;
}

std::vector<std::string> levels_of(const ReportGroup& group) {
  std::vector<std::string> levels;
  for (const ReportSet& set : group.sets)
    for (const GroupSummary& level : set.levels) levels.push_back(level.difficulty);
  std::sort(levels.begin(), levels.end(), difficulty_before);
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

std::string model_of(const ReportSet& set) {
  std::string model = header_text(*set.file, "model");
  if (const Json* identity = set.run->run.find("identity"); model.empty() && identity)
    for (const char* key : {"model", "model_name_or_path"})
      if (const Json* value = identity->find(key); value && value->is_string())
        model = value->as_string("");
  while (model.size() > 1 && model.ends_with('/')) model.pop_back();
  // RUN/model and RUN/adapter, which training writes, are known by their run.
  const std::string name = file_name(model);
  const bool is_of_run = name == "model" || name == "adapter";
  const std::string run = is_of_run ? file_name(parent_path(model)) : "";
  return run.empty() || run == "." ? name : run;
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
      const std::string text = !value               ? ""
                               : value->is_string() ? value->as_string("")
                                                    : value->dump();
      if (value && std::find(values.begin(), values.end(), text) == values.end() &&
          values.size() < kMaxValues)
        values.push_back(text);
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
