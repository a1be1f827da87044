// laconic eval: accuracy and length of one model on a file of problems, or of two models compared
// in pairs.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "app/commands.h"
#include "app/measure_settings.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/signals.h"
#include "eval/summary.h"
#include "nn/model_folder.h"

namespace laconic {
namespace {

constexpr const char* kOnlyModel = "model";

struct EvalSettings {
  std::string model, compare, data, out, instruction;
  std::string bad_rows = "fail";
  MeasureOptions measure;
  int64_t limit = 0;
  double margin = 0.05;
  bool check = false;
  bool json = false;

  void add_to(Settings& settings) {
    settings.add("model", &model, "model folder").alias("model_name_or_path").required();
    settings.add("compare", &compare, "a second model: its paired difference to the first");
    settings.add("data", &data, "JSONL of problems with answers").required();
    settings.add("limit", &limit, "take only the first problems; 0: all").range(0, 1e12);
    settings.add(
        "out", &out,
        "folder for the judged replies (first.jsonl, second.jsonl); those that are there are used "
        "again");
    settings.add("instruction", &instruction, "line added to the user turn of a problem");
    settings.add("bad_rows", &bad_rows, "fail | skip | quarantine=PATH");
    settings.add("margin", &margin, "accuracy that the second model may lose, as a share")
        .range(0, 1);
    settings.add("check", &check, "exit with 7 unless the second model is within the margin");
    settings.add("json", &json, "numbers as one JSON object instead of tables");
    settings.group("Sampler");
    measure.add_to(settings);
    settings.example("laconic eval --model M --data problems.jsonl --samples 4");
    settings.example("laconic eval --model M --compare RUN/model --data problems.jsonl --out EVAL");
  }
};

struct Evaluated {
  Json setting;
  std::vector<SampleRecord> records;
};

// Replies that an earlier call left in `path`, if they are of the same weights, problems and
// setting.
bool reuse(const std::string& path, const Json& header, Evaluated& evaluated) {
  if (path.empty() || !file_exists(path)) return false;
  SampleFile file = read_sample_file(path);
  for (const char* name : {"weight_hash", "setting"}) {
    const Json* value = file.header.find(name);
    if (!value || !(*value == *header.find(name))) {
      log_info(path, ": of another ", name, ", sampled again");
      return false;
    }
  }
  log_info(path, ": used again");
  evaluated.records = std::move(file.records);
  return true;
}

// false: a signal asked to stop.
bool evaluate(const EvalSettings& settings, const std::string& folder, const std::string& name,
              const std::vector<Problem>& problems, Evaluated& evaluated) {
  const ModelFolder model = load_model(folder);
  const PromptBuilder builder = PromptBuilder::from_folder(folder);
  const MeasureSettings measure = settings.measure.resolve(settings.instruction);
  const DevSet dev_set = make_dev_set(problems, builder, settings.instruction);
  evaluated.setting = measure.describe();
  evaluated.setting["template_hash"] = builder.template_hash();
  evaluated.setting["problems_hash"] = dev_set.hash;
  Json header = Json::object();
  header["model"] = folder;
  header["weight_hash"] = hash_weights(model.weights, model.index.config.dtype);
  header["setting"] = evaluated.setting;
  // The first model's replies have one name with --compare and without, so that either finds them.
  const std::string stem = name == kOnlyModel ? "first" : name;
  const std::string path = settings.out.empty() ? "" : join_path(settings.out, stem + ".jsonl");
  if (reuse(path, header, evaluated)) return true;
  std::optional<MeasureResult> result =
      sample_dev_set(model.weights, dev_set, builder, measure, name);
  if (!result) return false;
  header["max_logprob_difference"] = result->max_logprob_difference;
  log_info(name, ": ", result->num_tokens, " tokens in ", result->seconds, " s (",
           static_cast<int64_t>(static_cast<double>(result->num_tokens) / result->seconds),
           " tokens/s); sampler and trainer differ by at most ", result->max_logprob_difference,
           " nats");
  evaluated.records = std::move(result->records);
  if (!path.empty()) write_sample_file(path, {header, evaluated.records});
  return true;
}

std::vector<Problem> read_limited(const EvalSettings& settings) {
  BadRows bad_rows(parse_bad_row_policy(settings.bad_rows));
  std::vector<Problem> problems = read_problems(settings.data, bad_rows);
  bad_rows.close();
  if (bad_rows.count() > 0) log_warning(bad_rows.summary());
  const size_t limit = static_cast<size_t>(settings.limit);
  if (limit > 0 && problems.size() > limit) problems.resize(limit);
  return problems;
}

void print_tables(const EvalSettings& settings, const std::vector<Evaluated>& sets,
                  const std::vector<std::string>& names) {
  std::vector<Summary> summaries;
  std::vector<std::vector<GroupSummary>> groups;
  for (size_t i = 0; i < sets.size(); ++i) {
    summaries.push_back(summarise(names[i], sets[i].records));
    groups.push_back(summarise_by_difficulty(sets[i].records));
  }
  std::string text = summary_table(summaries);
  if (!groups.front().empty()) text += "\n" + difficulty_table(names, groups);
  if (sets.size() == 2)
    text +=
        "\n" + comparison_text(compare_samples(sets[0].records, sets[1].records), settings.margin);
  text += "\n" + setting_text(sets.front().setting) + "\n";
  std::fputs(text.c_str(), stdout);
}

void print_json(const std::vector<Evaluated>& sets, const std::vector<std::string>& names) {
  Json out = Json::object();
  out["setting"] = sets.front().setting;
  for (size_t i = 0; i < sets.size(); ++i)
    out["models"].push_back(summary_to_json(summarise(names[i], sets[i].records)));
  if (sets.size() == 2)
    out["comparison"] = comparison_to_json(compare_samples(sets[0].records, sets[1].records));
  std::printf("%s\n", out.dump(2).c_str());
}

}  // namespace

int run_eval(Arguments arguments) {
  EvalSettings settings;
  Settings all("laconic eval",
               "Accuracy with its standard error and tokens of a model on a file of problems; two "
               "models are compared in pairs.");
  settings.add_to(all);
  if (!all.parse(arguments)) return 0;
  require(!settings.check || !settings.compare.empty(), ErrorKind::kUsage,
          "--check: expected --compare with it, got none");
  install_signal_handlers();
  if (!settings.out.empty()) make_folders(settings.out);
  const std::vector<Problem> problems = read_limited(settings);
  std::vector<std::string> folders = {settings.model}, names = {kOnlyModel};
  if (!settings.compare.empty()) {
    folders.push_back(settings.compare);
    names = {"first", "second"};
  }
  std::vector<Evaluated> sets(folders.size());
  for (size_t i = 0; i < folders.size(); ++i)
    if (!evaluate(settings, folders[i], names[i], problems, sets[i])) return kExitSavedOnSignal;
  settings.json ? print_json(sets, names) : print_tables(settings, sets, names);
  if (!settings.check) return 0;
  const Comparison comparison = compare_samples(sets[0].records, sets[1].records);
  require(comparison.within_margin(settings.margin), ErrorKind::kCheck, settings.compare,
          ": expected accuracy within ", 100 * settings.margin, " points of ", settings.model,
          ", got a 95 % interval that begins at ", 100 * comparison.accuracy.interval.low);
  return 0;
}

}  // namespace laconic
