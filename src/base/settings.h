// The settings of one command: each field is named once, with its default in place, and from that
// come the command line, the YAML file, --help, --print-config, run.json and the resolved
// config.yaml.
//
// Long options with hyphens (underscores accepted); YAML keys are the names with underscores, or a
// Hugging Face TrainingArguments alias. Precedence: default < --config FILE.yaml < command line; an
// option given twice counts once, the last time (lists: all times). An unknown option or key is
// Error(kUsage) with the nearest match; so is a value of the wrong type or outside its choices, and
// an .existing() path that is not there. A YAML null leaves the default. Files: settings.cc
// (fields, values), settings_command_line.cc, settings_yaml.cc (yaml-cpp), settings_help.cc
// (--help), settings_man.cc and settings_completion.cc (from the same fields). A field points into
// the caller's struct, which must outlive this object. Not thread-safe.
//
//   SftSettings s;
//   Settings settings("laconic sft", "Fine-tunes a model on rows.");
//   settings.positional("MODEL", &s.model, "model folder").required().alias("model_name_or_path");
//   settings.add("data", &s.data, "rows").file().existing();
//   settings.advanced_group("Optimizer").add("learning_rate", &s.learning_rate, "peak rate");
//   if (!settings.parse(arguments)) return 0;
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
  using Value = std::variant<bool, int64_t, double, std::string, std::vector<std::string>>;

  // The value in *field at this moment is the default. `help` says unit and trade-off. bool: --name
  // / --no-name; `help` says what the flag does where it is on, whatever its default. vector: the
  // option may be repeated, or given comma-separated.
  Settings& add(std::string name, Target field, std::string help);
  // The following refine the field added last.
  Settings& alias(std::string name);  // a further spelling, in YAML and as an option
  Settings& alias_of(const std::string& field, std::string name);  // the same of an earlier field
  Settings& choices(std::vector<std::string> allowed);             // the default is always allowed
  Settings& required();                                            // no default: must be given
  Settings& range(double low, double high);  // inclusive; the default is always allowed
  // What --help calls the value: "LOW-HIGH". Default: N, X, TEXT, NAME (of choices), A,B.
  Settings& metavar(std::string text);
  Settings& file();      // the value is a path of a file (FILE); completion offers files
  Settings& folder();    // ... of a folder (FOLDER)
  Settings& model();     // ... of a model folder (MODEL)
  Settings& path();      // ... of either (PATH)
  Settings& existing();  // the path must be there ("" and "-" aside), else Error(kUsage) at once
  Settings& advanced();  // --help leaves it out, --help-all shows it
  Settings& group(std::string title);           // heading in --help for fields added from here on
  Settings& advanced_group(std::string title);  // the same, all of them .advanced()
  // A positional argument: ("MODEL", &field, help); several are filled in order. Also an option
  // and a YAML key, by its name in lower case. Optional unless .required() follows. A vector (the
  // last one) takes any number of words, each as it is (no commas).
  Settings& positional(std::string metavar, Target field, std::string help);
  Settings& example(std::string text);  // shown at the end of --help, broken with " \\" where long

  // Returns false when --help, --help-all, --print-config, --man-page or --completion SHELL was
  // asked for and printed: the command then ends with 0.
  bool parse(std::span<const std::string> args);

  // Set by file or command line. A file's value that equals the default does not count, so that a
  // resolved config.yaml fed back through --config means the same.
  bool given(const std::string& name) const;
  std::string to_yaml() const;  // the resolved settings, loadable by --config
  Json to_json() const;
  std::string help(int columns, bool everything) const;
  std::string man_page() const;                            // roff, man(7)
  std::string completion(const std::string& shell) const;  // this command's part of the script

 private:
  enum class PathKind { kNone, kFile, kFolder, kModel, kAny };
  struct Field {
    std::string name;  // with underscores
    Target target;
    std::string help;
    Value default_value;
    std::vector<std::string> aliases;  // with underscores
    std::vector<std::string> allowed;
    bool is_required = false, has_range = false, is_positional = false, is_advanced = false;
    PathKind path_kind = PathKind::kNone;
    bool must_exist = false;
    double low = 0, high = 0;
    std::string group, metavar;
    bool is_set = false, is_given = false;
  };

  // One option of the command line. `negated` instead of `field` for --no-name.
  struct Option {
    std::string name, text, spelt;
    Field* field = nullptr;
    bool takes_value = false;
    Field* negated = nullptr;
    bool is_word = false;  // a positional argument
  };

  std::vector<Option> read_options(std::span<const std::string> args);
  Option positional_option(const std::string& word, const std::vector<Option>& before);
  Option named_option(const std::string& word);
  void apply(const std::vector<Option>& options);
  Field& last();
  Field* find(std::string_view name);
  static bool is_flag(const Field& field);
  static bool is_list(const Field& field);
  // Stores texts in *target after checking. place: "--name" or "run.yaml:3: name".
  void assign(Field& field, const std::vector<std::string>& texts, const std::string& place);
  void check_value(const Field& field, const Value& value, const std::string& place) const;
  void load_yaml(const std::string& path);
  void check_required() const;
  void check_paths() const;
  bool print_page(const Option& option);
  std::string nearest_option(std::string_view word) const;
  static std::string default_text(const Field& field);
  static bool is_on_by_default(const Field& field);
  static bool is_hidden(const Field& field) { return field.is_advanced && !field.is_required; }
  static bool is_folder(const Field& field);
  static std::string metavar_of(const Field& field);
  static std::string field_label(const Field& field);  // as an error says it
  static std::string help_label(const Field& field);   // as --help lists it
  static std::string help_text(const Field& field);
  std::string usage_line() const;
  static std::vector<std::string> spellings(const Field& field);  // "--data", "--input"
  std::string bash_completion() const;
  std::string zsh_completion() const;
  std::string fish_completion() const;

  std::string command_, summary_;
  std::vector<Field> fields_;
  std::string group_ = "Options";
  bool group_is_advanced_ = false;
  std::vector<std::string> examples_;
};

std::string with_hyphens(std::string name);       // learning_rate -> learning-rate
std::string with_underscores(std::string name);   // the other way round
std::string real_text(double value);              // the shortest text that reads back the same
std::string roff_text(const std::string& text);   // with what roff would read escaped
std::string roff_title(const std::string& page);  // the .TH line of section 1
int help_columns();  // the terminal's width, or COLUMNS, at least 60 and at most 100; 80 elsewhere
// Breaks text at spaces; each line begins with `indent` spaces, except that the first continues a
// line of length `begun`.
std::string wrap_text(const std::string& text, int indent, int columns, int begun);

}  // namespace laconic
