// SPDX-License-Identifier: Apache-2.0
#include "data/records.h"

#include "base/error.h"
#include "base/file.h"
#include "data/row_fields.h"

namespace laconic {
namespace {

struct TextField {
  const char* name;
  std::string SampleRecord::*member;
};

constexpr TextField kTextFields[] = {
    {"problem", &SampleRecord::problem},         {"gold", &SampleRecord::gold},
    {"completion", &SampleRecord::completion},   {"finish_reason", &SampleRecord::finish_reason},
    {"think_state", &SampleRecord::think_state}, {"verdict", &SampleRecord::verdict},
    {"reason", &SampleRecord::reason},           {"extracted", &SampleRecord::extracted},
    {"difficulty", &SampleRecord::difficulty},
};

struct CountField {
  const char* name;
  int64_t SampleRecord::*member;
};

constexpr CountField kCountFields[] = {
    {"sample", &SampleRecord::sample_idx},
    {"num_tokens", &SampleRecord::num_tokens},
    {"num_thinking_tokens", &SampleRecord::num_thinking_tokens},
    {"num_answer_tokens", &SampleRecord::num_answer_tokens},
};

ControlRecord control_from_json(const Json& json, const std::string& place) {
  ControlRecord control;
  const auto count = [&](const char* name) {
    return field_count(json.at(name, place), cat(place, ": ", name));
  };
  control.num_forced_tokens = count("forced_tokens");
  control.num_extensions = count("extensions");
  control.capped = json.at("capped", place).as_boolean(place);
  control.within_budget = json.at("within_budget", place).as_boolean(place);
  return control;
}

}  // namespace

Json control_to_json(const ControlRecord& control) {
  Json json = Json::object();
  json["forced_tokens"] = control.num_forced_tokens;
  json["extensions"] = control.num_extensions;
  json["capped"] = control.capped;
  json["within_budget"] = control.within_budget;
  return json;
}

Json record_to_json(const SampleRecord& record) {
  Json row = Json::object();
  row["id"] = record.id;
  for (const CountField& field : kCountFields) row[field.name] = record.*field.member;
  for (const TextField& field : kTextFields) row[field.name] = record.*field.member;
  if (record.control) row["control"] = control_to_json(*record.control);
  return row;
}

SampleRecord record_from_json(const Json& row, const std::string& place) {
  require(row.find("verdict"), ErrorKind::kData, place,
          ": expected a judged reply, got none with a field \"verdict\" (eval --out writes them)");
  SampleRecord record;
  record.id = row.at("id", place).as_string(place + ": id");
  for (const CountField& field : kCountFields)
    record.*field.member = field_count(row.at(field.name, place), cat(place, ": ", field.name));
  for (const TextField& field : kTextFields) {
    const Json* value = row.find(field.name);
    if (value) record.*field.member = value->as_string(cat(place, ": ", field.name));
  }
  if (const Json* control = row.find("control"))
    record.control = control_from_json(*control, place + ": control");
  require(!record.verdict.empty(), ErrorKind::kData, place,
          ": verdict: expected right, wrong or undecided, got none");
  return record;
}

void spell_setting(Json& setting) {
  if (!setting.is_object()) return;
  for (Json::Member& member : setting.members())
    if (member.first == "sampler_seed") member.first = "seed";
}

SampleFile read_sample_file(const std::string& path) {
  const std::string text = read_file(path);
  SampleFile file;
  size_t start = 0;
  for (int64_t line = 1; start < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const std::string place = cat(path, ":", line);
    const Json row = Json::parse(std::string_view(text).substr(start, end - start), place);
    start = end + 1;
    const Json* type = row.find("type");
    if (line == 1 && type && type->is_string() && type->as_string(place) == "header")
      file.header = row;
    else
      file.records.push_back(record_from_json(row, place));
  }
  if (file.header.find("setting")) spell_setting(file.header["setting"]);
  return file;
}

std::string sample_file_text(const SampleFile& file) {
  std::string text;
  if (!file.header.is_null()) {
    Json header = Json::object();
    header["type"] = "header";
    for (const Json::Member& member : file.header.as_object("header"))
      header[member.first] = member.second;
    text += header.dump() + "\n";
  }
  for (const SampleRecord& record : file.records) text += record_to_json(record).dump() + "\n";
  return text;
}

void write_sample_file(const std::string& path, const SampleFile& file) {
  write_file_atomic(path, sample_file_text(file));
}

}  // namespace laconic
