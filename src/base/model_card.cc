// SPDX-License-Identifier: Apache-2.0
#include "base/model_card.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"

namespace laconic {
namespace {

// A YAML scalar: JSON's strings are those of YAML in double quotes.
std::string quoted(const std::string& text) { return Json(text).dump(); }

bool is_id_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
}

// The hub's rule: letters, digits, '-', '_', '.', neither first nor last one of '-' and '.', no
// "--" and "..".
bool is_id_part(std::string_view part) {
  return !part.empty() && part.size() <= 96 &&
         std::all_of(part.begin(), part.end(), is_id_character) && part.front() != '-' &&
         part.front() != '.' && part.back() != '-' && part.back() != '.' &&
         part.find("--") == std::string_view::npos && part.find("..") == std::string_view::npos;
}

bool is_id(std::string_view text) {
  const size_t slash = text.find('/');
  return slash != std::string_view::npos && is_id_part(text.substr(0, slash)) &&
         is_id_part(text.substr(slash + 1));
}

// "ORG/NAME" of ".../models--ORG--NAME/snapshots/...".
std::string cached_id(const std::string& path) {
  for (const std::string_view kind : {"models--", "datasets--"}) {
    const size_t at = path.find(kind);
    if (at == std::string::npos || (at > 0 && path[at - 1] != '/')) continue;
    const size_t begin = at + kind.size(), end = path.find("/snapshots", begin);
    if (end == std::string::npos) continue;
    std::string id = path.substr(begin, end - begin);
    const size_t split = id.find("--");
    if (split == std::string::npos) continue;
    id.replace(split, 2, "/");
    if (is_id(id)) return id;
  }
  return "";
}

std::vector<std::string> ids_of(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    const std::string id = hub_id(path);
    if (!id.empty() && std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
  }
  return out;
}

std::string yaml_list(const char* key, const std::vector<std::string>& items) {
  std::string out = items.empty() ? "" : cat(key, ":\n");
  for (const std::string& item : items) out += "- " + quoted(item) + "\n";
  return out;
}

std::string last_name(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string name = file_name(path);
  return name.empty() || name == "." || name == ".." ? "model" : name;
}

// One result: https://github.com/huggingface/hub-docs, modelcard.md, "model-index".
std::string model_index(const ModelCard& card) {
  std::string metrics;
  for (const CardMetric& metric : card.metrics)
    if (std::isfinite(metric.value))
      metrics += cat("    - type: ", quoted(metric.type), "\n      name: ", quoted(metric.name),
                     "\n      value: ", Json(metric.value).dump(), "\n");
  if (metrics.empty() || card.measured_on.empty()) return "";
  const std::string id = hub_id(card.measured_on);
  return cat("model-index:\n- name: ", quoted(card.name.empty() ? "model" : card.name),
             "\n  results:\n  - task:\n      type: text-generation\n    dataset:\n      name: ",
             quoted(last_name(card.measured_on)),
             "\n      type: ", quoted(id.empty() ? "custom" : id),
             "\n      split: ", quoted(card.split), "\n    metrics:\n", metrics);
}

std::string front_matter(const ModelCard& card) {
  std::vector<std::string> measures;
  for (const CardMetric& metric : card.metrics)
    if (std::isfinite(metric.value) &&
        std::find(measures.begin(), measures.end(), metric.type) == measures.end())
      measures.push_back(metric.type);
  const std::string base = hub_id(card.base);
  std::string out = "---\n";
  if (!card.licence.empty()) out += "license: " + quoted(card.licence) + "\n";
  if (!base.empty())
    out += cat("base_model: ", quoted(base), "\nbase_model_relation: ", card.relation, "\n");
  out += cat("library_name: ", card.library, "\npipeline_tag: text-generation\n",
             yaml_list("tags", card.tags), yaml_list("datasets", ids_of(card.data)),
             yaml_list("metrics", measures), model_index(card));
  return out + "---\n";
}

// A code span that holds any text.
std::string code(const std::string& text) {
  size_t longest = 0, run = 0;
  std::string line;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  const std::string fence(longest + 1, '`'), space = longest > 0 ? " " : "";
  return fence + space + line + space + fence;
}

}  // namespace

std::string hub_id(const std::string& path) {
  if (const std::string id = cached_id(path); !id.empty()) return id;
  std::error_code error;
  const std::filesystem::path resolved = std::filesystem::canonical(path, error);
  if (!error) return cached_id(resolved.string());
  return is_id(path) ? path : "";
}

std::string model_card_text(const ModelCard& card) {
  std::string out = front_matter(card) + "\n";
  if (!card.name.empty()) out += "# " + card.name + "\n\n";
  out += card.body;
  if (!card.base.empty() && hub_id(card.base).empty())
    out += cat("\nBase model: ", code(last_name(card.base)),
               ", a local folder; name its id on the hub as `base_model` before publishing.\n");
  if (!card.data.empty()) {
    out += "\nTrained on:";
    for (size_t i = 0; i < card.data.size(); ++i) {
      const std::string id = hub_id(card.data[i]);
      out += (i > 0 ? ", " : " ") + code(id.empty() ? last_name(card.data[i]) : id);
    }
    out += ".\n";
  }
  // Indented, which no content can end.
  if (!card.command.empty()) out += "\nMade by:\n\n    " + card.command + "\n";
  return out;
}

std::string shell_command(std::string_view program, const std::vector<std::string>& arguments) {
  std::string out(program);
  for (const std::string& argument : arguments) {
    const bool plain =
        !argument.empty() && std::all_of(argument.begin(), argument.end(), [](char c) {
          return is_id_character(c) || c == '/' || c == '=' || c == ':' || c == ',' || c == '+' ||
                 c == '@' || c == '%';
        });
    out += ' ';
    if (plain) {
      out += argument;
      continue;
    }
    out += '\'';
    for (const char c : argument) {
      if (c == '\'')
        out += "'\\''";
      else
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;  // stays one line
    }
    out += '\'';
  }
  return out;
}

}  // namespace laconic
