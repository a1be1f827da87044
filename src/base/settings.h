// The settings of one command: each field is named once, with its default in place, and from that
// come the command line, the YAML file, --help, --print-config, run.json and the resolved
// config.yaml.
//
// Long options with hyphens (underscores accepted); YAML keys are the names with underscores, or a
// Hugging Face TrainingArguments alias. Precedence: default < --config FILE.yaml < command line. An
// unknown option or key is Error(kUsage) with the nearest match; so is a value of the wrong type or
// outside its choices. A field points into the caller's struct, which must outlive this object. Not
// thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace laconic {

class Json;

class Settings {
 public:
  // command: "laconic sft"; summary: one sentence for --help.
  Settings(std::string command, std::string summary);

  using Target = std::variant<bool*, int64_t*, double*, std::string*, std::vector<std::string>*>;
  // The value in *field at this moment is the default. `help` says unit and trade-off. bool: --name
  // / --no-name. vector: the option may be repeated, or given comma-separated.
  Settings& add(std::string name, Target field, std::string help);
  // The following refine the field added last.
  Settings& alias(std::string name);  // a further spelling, in YAML and as an option
  Settings& choices(std::vector<std::string> allowed);
  Settings& required();                      // no default: must be given
  Settings& range(double low, double high);  // inclusive
  Settings& group(std::string title);        // heading in --help for fields added from here on
  // The one positional argument, if the command takes it: ("MODEL", &field, help).
  Settings& positional(std::string metavar, std::string* field, std::string help);
  Settings& example(std::string text);  // shown at the end of --help

  // Returns false when --help or --print-config was asked for and printed: the command then ends
  // with 0.
  bool parse(std::span<const std::string> args);

  bool given(const std::string& name) const;  // set by file or command line, not by default
  std::string to_yaml() const;                // the resolved settings, loadable by --config
  Json to_json() const;

 private:
  struct Field;
  std::string command_, summary_;
  std::vector<Field> fields_;
  std::string group_;
  std::vector<std::string> examples_;
};

}  // namespace laconic
