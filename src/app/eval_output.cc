// SPDX-License-Identifier: Apache-2.0
#include "app/eval_output.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "eval/summary.h"
#include "eval/why.h"

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

// Shares and means over the replies that budget forcing has steered; null without any.
Json control_summary(const std::vector<SampleRecord>& records) {
  double num = 0, within = 0, capped = 0, extended = 0, extensions = 0, forced = 0;
  for (const SampleRecord& record : records) {
    if (!record.control) continue;
    ++num;
    within += record.control->within_budget;
    capped += record.control->capped;
    extended += record.control->num_extensions > 0;
    extensions += static_cast<double>(record.control->num_extensions);
    forced += static_cast<double>(record.control->num_forced_tokens);
  }
  if (num == 0) return {};
  Json json = Json::object();
  json["within_budget_share"] = within / num;
  json["capped_share"] = capped / num;
  json["extended_share"] = extended / num;
  json["mean_extensions"] = extensions / num;
  json["mean_forced_tokens"] = forced / num;
  return json;
}

std::string control_text(const EvaluatedTask& task, const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < task.models.size(); ++i) {
    const Json summary = control_summary(task.models[i].records);
    if (summary.is_null()) continue;
    const Json& setting = task.models[i].header.at("setting", "header").at("control", "setting");
    const auto number = [&](const char* name, double scale) {
      char out[32];
      std::snprintf(out, sizeof out, "%.1f", scale * summary.at(name, "control").as_number(""));
      return std::string(out);
    };
    text += cat(names[i], ": thinking within its budget of ",
                setting.at("thinking_budget", "control").as_integer(""), " tokens in ",
                number("within_budget_share", 100), " % of the replies; cut in ",
                number("capped_share", 100), " %, extended in ", number("extended_share", 100),
                " % (", number("mean_extensions", 1), " times a reply); ",
                number("mean_forced_tokens", 1), " forced tokens a reply\n");
  }
  return text.empty() ? "" : "\n" + text;
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

std::string why_of(const Evaluated& model, const std::string& name) {
  const Json& setting = model.header.at("setting", "header");
  WhyContext context;
  context.name = name;
  context.max_new_tokens = setting.at("max_new_tokens", "setting").as_integer("max_new_tokens");
  context.asks_for_box =
      setting.at("instruction", "setting").as_string("instruction").find("\\boxed") !=
      std::string::npos;
  const std::string text = why_text(model.records, context);
  return text.empty() ? "" : "\n" + text;
}

std::string task_text(const EvaluatedTask& task, const std::vector<std::string>& names,
                      double margin) {
  std::vector<std::vector<GroupSummary>> groups;
  for (const Evaluated& model : task.models)
    groups.push_back(summarise_by_difficulty(model.records));
  std::string text;
  if (task.models.size() == 2)
    text = cat(
        names[1], " against ", names[0], "\n",
        comparison_text(compare_samples(task.models[0].records, task.models[1].records), margin),
        "\n");
  text += summary_table(summaries_of(task, names));
  if (!groups.front().empty()) text += "\n" + difficulty_table(names, groups);
  for (size_t i = 0; i < task.models.size(); ++i) text += why_of(task.models[i], names[i]);
  return text + control_text(task, names) + "\n" + setting_line(task) + "\n";
}

// "out/run1/model", 2 -> "run1/model"
std::string last_components(std::string path, int count) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  size_t begin = path.size();
  for (; count > 0 && begin != std::string::npos && begin > 0; --count)
    begin = path.rfind('/', begin - 1);
  return begin == std::string::npos || begin == 0 ? path : path.substr(begin + 1);
}

// One line a benchmark: problems and samples, then accuracy, tokens and truncated share of each
// model.
std::string overview(const std::vector<EvaluatedTask>& tasks,
                     const std::vector<std::string>& names) {
  std::string text = "all benchmarks\n";
  text += std::string(kNameWidth, ' ') + cell("problems", 9) + cell("n", 4);
  for (const std::string& name : names)
    text +=
        cell(name.substr(name.size() - std::min<size_t>(name.size(), 9)) + " acc %", kCellWidth) +
        cell("tokens", kCellWidth) + cell("cut %", 7);
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
  const std::vector<Summary> summaries = summaries_of(task, names);
  for (size_t i = 0; i < summaries.size(); ++i) {
    Json model = summary_to_json(summaries[i]);
    Json control = control_summary(task.models[i].records);
    if (!control.is_null()) model["control"] = std::move(control);
    out["models"].push_back(std::move(model));
  }
  if (task.models.size() == 2)
    out["comparison"] =
        comparison_to_json(compare_samples(task.models[0].records, task.models[1].records));
  return out;
}

}  // namespace

std::vector<std::string> system_names(const std::vector<std::string>& folders,
                                      const std::vector<std::string>& adapters) {
  // As many path components as tell them apart.
  std::vector<std::string> names;
  for (int depth = 1; depth <= 4; ++depth) {
    names.clear();
    for (size_t i = 0; i < folders.size(); ++i) {
      std::string name = last_components(folders[i], depth);
      if (i < adapters.size() && !adapters[i].empty())
        name += " + " + last_components(adapters[i], depth);
      names.push_back(std::move(name));
    }
    if (names.size() < 2 || names[0] != names[1]) return names;
  }
  return {"first", "second"};  // one and the same model twice
}

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
