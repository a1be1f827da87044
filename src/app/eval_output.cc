// SPDX-License-Identifier: Apache-2.0
#include "app/eval_output.h"

#include <cstdio>

#include "base/error.h"
#include "eval/summary.h"

namespace laconic {
namespace {

constexpr int kNameWidth = 16;
constexpr int kCellWidth = 16;

std::string cell(const std::string& text, int width) {
  char out[128];
  std::snprintf(out, sizeof out, "%*s", width, text.c_str());
  return out;
}

std::vector<Summary> summaries_of(const EvaluatedTask& task,
                                  const std::vector<std::string>& names) {
  std::vector<Summary> summaries;
  for (size_t i = 0; i < task.models.size(); ++i)
    summaries.push_back(summarise(names[i], task.models[i].records));
  return summaries;
}

std::string setting_line(const EvaluatedTask& task) {
  const Json& header = task.models.front().header;
  std::string text = setting_text(header.at("setting", "header"));
  text +=
      ", answer from " + header.at("setting", "header").at("answer_from", "header").as_string("");
  if (const Json* preset = header.find("preset")) text += ", preset " + preset->as_string("");
  if (const Json* endpoint = header.find("endpoint"))
    text += cat(", served by ", endpoint->as_string(""), ", tokens by ",
                header.at("token_counts", "header").dump());
  return text;
}

std::string task_text(const EvaluatedTask& task, const std::vector<std::string>& names,
                      double margin) {
  std::vector<std::vector<GroupSummary>> groups;
  for (const Evaluated& model : task.models)
    groups.push_back(summarise_by_difficulty(model.records));
  std::string text = summary_table(summaries_of(task, names));
  if (!groups.front().empty()) text += "\n" + difficulty_table(names, groups);
  if (task.models.size() == 2)
    text += "\n" + comparison_text(compare_samples(task.models[0].records, task.models[1].records),
                                   margin);
  return text + "\n" + setting_line(task) + "\n";
}

// One line a benchmark: problems and samples, then accuracy, tokens and truncated share of each
// model.
std::string overview(const std::vector<EvaluatedTask>& tasks,
                     const std::vector<std::string>& names) {
  std::string text = "all benchmarks\n";
  text += std::string(kNameWidth, ' ') + cell("problems", 9) + cell("n", 4);
  for (const std::string& name : names)
    text += cell(name + " acc %", kCellWidth) + cell("tokens", kCellWidth) + cell("cut %", 7);
  text += "\n";
  for (const EvaluatedTask& task : tasks) {
    const std::vector<Summary> summaries = summaries_of(task, names);
    const Estimate& first = summaries.front().accuracy;
    std::string name = task.name;
    name.resize(kNameWidth, ' ');
    text += name + cell(cat(first.num_problems), 9) +
            cell(cat(first.num_samples / first.num_problems), 4);
    for (const Summary& summary : summaries) {
      char cut[32];
      std::snprintf(cut, sizeof cut, "%.1f", 100 * summary.truncated.mean);
      text += cell(percent_text(summary.accuracy), kCellWidth) +
              cell(tokens_text(summary.tokens), kCellWidth) + cell(cut, 7);
    }
    text += "\n";
  }
  return text;
}

Json task_json(const EvaluatedTask& task, const std::vector<std::string>& names) {
  Json out = Json::object();
  if (!task.name.empty()) out["name"] = task.name;
  const Json& header = task.models.front().header;
  for (const char* name : {"setting", "preset", "endpoint", "token_counts"})
    if (const Json* value = header.find(name)) out[name] = *value;
  for (const Summary& summary : summaries_of(task, names))
    out["models"].push_back(summary_to_json(summary));
  if (task.models.size() == 2)
    out["comparison"] =
        comparison_to_json(compare_samples(task.models[0].records, task.models[1].records));
  return out;
}

}  // namespace

std::string eval_text(const std::vector<EvaluatedTask>& tasks,
                      const std::vector<std::string>& names, double margin) {
  if (tasks.size() == 1 && tasks.front().name.empty())
    return task_text(tasks.front(), names, margin);
  std::string text;
  for (const EvaluatedTask& task : tasks)
    text += cat(task.name, "\n", task_text(task, names, margin), "\n");
  return tasks.size() > 1 ? text + overview(tasks, names) : text;
}

Json eval_json(const std::vector<EvaluatedTask>& tasks, const std::vector<std::string>& names) {
  if (tasks.size() == 1 && tasks.front().name.empty()) return task_json(tasks.front(), names);
  Json out = Json::object();
  for (const EvaluatedTask& task : tasks) out["benchmarks"].push_back(task_json(task, names));
  return out;
}

}  // namespace laconic
