// What a report's numbers were made with: the last part of the page.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "eval/report_parts.h"
#include "eval/table.h"

namespace laconic {
namespace {

constexpr size_t kMaxConfigBytes = 200000;

std::string text_of(const Json* value) {
  if (!value || value->is_null()) return "-";
  return value->is_string() ? value->as_string("") : value->dump();
}

Table systems_table(const ReportSystems& systems) {
  Table table;
  table.title = "Systems";
  table.header = {"system", "model", "weights", "problems", "sampled under"};
  for (const ReportGroup& group : systems.groups) {
    for (const ReportSet& set : group.sets) {
      const Json& header = set.file->header;
      const Json* setting = header.find("setting");
      const Json* model = header.find("model");
      const Json* problems = setting ? setting->find("problems_hash") : nullptr;
      table.rows.push_back({set.name + (group.benchmark.empty() ? "" : ", " + group.benchmark),
                            model ? text_of(model) : model_of(set),
                            text_of(header.find("weight_hash")).substr(0, 16),
                            text_of(problems).substr(0, 16),
                            setting_text(setting ? *setting : header)});
    }
  }
  table.note = "Hashes are cut to their first 16 digits.";
  return table;
}

std::string facts_html(const RunData& run) {
  std::string out;
  if (run.run.is_object()) {
    out += cat("<details><summary>", escape_html(run.name),
               ": machine and version (run.json)</summary><div class=\"scroll\"><table "
               "class=\"facts\">");
    for (const auto& [key, value] : run.run.as_object(run.name))
      out += cat("<tr><td>", escape_html(key), "</td><td>",
                 escape_html(cut_text(text_of(&value), kMaxConfigBytes)), "</td></tr>");
    out += "</table></div></details>\n";
  }
  if (!run.config.empty())
    out += cat("<details><summary>", escape_html(run.name),
               ": settings (config.yaml)</summary><pre tabindex=\"0\">",
               escape_html(cut_text(run.config, kMaxConfigBytes)), "</pre></details>\n");
  return out;
}

}  // namespace

std::string settings_section(const ReportSystems& systems, const std::vector<RunData>& runs) {
  std::string out = "<section>" + heading(2, "settings", "Settings and hashes");
  if (!systems.groups.empty()) out += table_html(systems_table(systems));
  for (const RunData& run : runs) out += facts_html(run);
  return out + "</section>\n";
}

}  // namespace laconic
