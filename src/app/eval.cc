// laconic eval: accuracy and length of one model on problems or named benchmarks, or of two models
// compared in pairs.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "app/adapted_model.h"
#include "app/commands.h"
#include "app/endpoint.h"
#include "app/eval_output.h"
#include "app/eval_tasks.h"
#include "app/policy.h"
#include "app/profile_option.h"
#include "app/rollout.h"
#include "app/sample_journal.h"
#include "app/unfollowed_settings.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/signals.h"
#include "eval/statistics.h"
#include "nn/model_folder.h"

namespace laconic {
namespace {

struct EvalSettings {
  std::string model, adapter, compare, compare_adapter, out;
  EvalSource source;
  ControlOptions control;
  EndpointOptions endpoint;
  double margin = 0.05;
  bool check = false;
  bool json = false;
  bool profile = false;

  void add_to(Settings& settings) {
    settings.positional("MODEL", &model, "model folder; with --endpoint the served name");
    settings.model().alias("model_name_or_path").required();
    settings.add("adapter", &adapter, kAdapterHelp).folder().existing();
    settings.add("compare", &compare, "a second model: its paired difference to the first");
    settings.model();
    settings
        .add("compare_adapter", &compare_adapter,
             "the same for the second model (which may be the same folder)")
        .folder()
        .existing()
        .advanced();
    source.add_to(settings);
    settings
        .add("out", &out,
             "folder for the judged replies ([BENCHMARK/]first.jsonl, second.jsonl): the same "
             "command goes on where it was stopped, at the sample, and finds what is there")
        .folder()
        .alias("output");
    settings.add("margin", &margin, "accuracy that the second model may lose, as a share")
        .range(0, 1);
    settings.add("check", &check, "exit with 7 unless the second model is within the margin");
    settings.advanced();
    settings.add("json", &json, "numbers as one JSON object instead of tables");
    add_profile_option(settings, profile);
    settings.group("Sampler");
    source.measure.add_to(settings);
    settings.alias_of("sampler_seed", "seed");
    control.add_to(settings);
    endpoint.add_to(settings);
    settings.example("laconic eval MODEL --data problems.jsonl --samples 4");
    settings.example("laconic eval MODEL --bench gsm8k,math500 --data-dir D --out EVAL");
    settings.example("laconic eval MODEL --compare RUN/model --data problems.jsonl --out EVAL");
    settings.example(
        "laconic eval --endpoint http://localhost:8000 --model NAME --bench gsm8k --data-dir D");
  }

  // Before a file is read.
  void validate(const Settings& settings) const {
    require(!check || !compare.empty(), ErrorKind::kUsage,
            "--check: expected --compare with it, got none");
    require(compare_adapter.empty() || !compare.empty(), ErrorKind::kUsage,
            "--compare-adapter: expected --compare with it, got none");
    std::vector<std::string> local = {"adapter", "compare_adapter", "slots", "sampling_weights"};
    local.insert(local.end(), ControlOptions::names().begin(), ControlOptions::names().end());
    endpoint.validate(settings, local);
    if (endpoint.enabled()) return;
    require_model_folder(model, "MODEL");
    if (!compare.empty()) require_model_folder(compare, "--compare");
  }
};

// A model in memory, ready to be measured on any task.
struct LoadedModel {
  std::string folder, adapter;
  ModelFolder model;
  PromptBuilder builder;
  std::string weight_hash;

  LoadedModel(const std::string& path, const std::string& adapter_path)
      : folder(path),
        adapter(adapter_path),
        model(load_adapted_model(path, adapter_path)),
        builder(load_prompts(path, model.index.config)),
        weight_hash(hash_weights(model.weights, model.index.config.dtype)) {
    say_unfollowed(model.index.generation_config, join_path(path, "generation_config.json"));
  }
};

// What the replies depend on: a file of another identity is never continued.
Json identity_of(const LoadedModel& loaded, const EvalTask& task, const DevSet& dev_set) {
  Json identity = Json::object();
  identity["weight_hash"] = loaded.weight_hash;
  identity["setting"] = task.measure.describe();
  identity["setting"]["template_hash"] = loaded.builder.template_hash();
  identity["setting"]["problems_hash"] = dev_set.hash;
  identity["setting"]["answer_from"] = describe(task.measure.rules);
  return identity;
}

std::string sample_path(const EvalSettings& settings, const EvalTask& task,
                        const std::string& name) {
  if (settings.out.empty()) return "";
  const std::string folder = join_path(settings.out, task.name);
  make_folders(folder);
  return join_path(folder, name + ".jsonl");
}

// One model on one task: `path` of its file ("" keeps none), `label` of its progress bar.
struct Place {
  std::string path, label;
};

Json header_of(const EvalTask& task, const std::string& model) {
  Json header = Json::object();
  header["model"] = model;
  if (!task.name.empty()) header["benchmark"] = task.name;
  if (!task.preset.empty()) header["preset"] = task.preset;
  if (task.num_bad_rows > 0) header["bad_rows"] = task.num_bad_rows;
  return header;
}

bool found_finished(const SampleJournal& journal, const Place& place, Evaluated& evaluated) {
  if (!journal.finished()) return false;
  log_info(place.path, ": used again");
  evaluated = {journal.file().header, journal.file().records};
  return true;
}

void keep(SampleJournal& journal, const Json& identity, Json header,
          std::vector<SampleRecord> records, Evaluated& evaluated) {
  journal.finish(header, records);
  header["setting"] = identity.at("setting", "identity");
  evaluated = {std::move(header), std::move(records)};
}

// false: a signal asked to stop.
bool evaluate(const LoadedModel& loaded, const EvalTask& task, const Place& place,
              Evaluated& evaluated) {
  const DevSet dev_set = make_dev_set(task.problems, loaded.builder, task.measure.instruction);
  const Json identity = identity_of(loaded, task, dev_set);
  SampleJournal journal(place.path, identity);
  if (found_finished(journal, place, evaluated)) return true;
  Policy policy(loaded.model.weights, task.measure.weights);
  std::optional<MeasureResult> result =
      sample_dev_set(policy, dev_set, loaded.builder, task.measure, {place.label, &journal});
  if (!result) return false;
  Json header = header_of(task, loaded.folder);
  if (!loaded.adapter.empty()) header["adapter"] = loaded.adapter;
  header["max_logprob_difference"] = result->max_logprob_difference;
  log_info(place.label, ": ", result->num_tokens, " tokens in ", result->seconds, " s (",
           static_cast<int64_t>(static_cast<double>(result->num_tokens) / result->seconds),
           " tokens/s); sampler and trainer differ by at most ", result->max_logprob_difference,
           " nats");
  keep(journal, identity, std::move(header), std::move(result->records), evaluated);
  return true;
}

// The same from a server. Who counted the tokens goes into the header.
bool evaluate_served(const EvalSettings& settings, const std::string& model, const EvalTask& task,
                     const Place& place, Evaluated& evaluated) {
  const Endpoint endpoint(settings.endpoint, model, task.measure.sampling);
  Json identity = endpoint.identity();
  identity["setting"] = task.measure.describe();
  identity["setting"]["problems_hash"] = hash_problems(task.problems);
  identity["setting"]["answer_from"] = describe(task.measure.rules);
  SampleJournal journal(place.path, identity);
  if (found_finished(journal, place, evaluated)) return true;

  ServedReplies source(endpoint, task.measure.instruction);
  std::optional<Rollouts> rollouts = roll_out(
      source,
      {task.problems, task.measure.samples_per_problem, task.measure.rules, place.label, &journal});
  if (!rollouts) return false;
  Json header = header_of(task, model);
  header["endpoint"] = endpoint.url();
  header["token_counts"] = Json::object();
  std::vector<SampleRecord> records;
  for (JournalEntry& entry : rollouts->entries) {
    Json& count = header["token_counts"][entry.counted_by];
    count = (count.is_null() ? 0 : count.as_integer("token_counts")) + 1;
    records.push_back(std::move(entry.record));
  }
  keep(journal, identity, std::move(header), std::move(records), evaluated);
  return true;
}

void check_margin(const EvalSettings& settings, const EvaluatedTask& task) {
  const Comparison comparison = compare_samples(task.models[0].records, task.models[1].records);
  require(comparison.within_margin(settings.margin), ErrorKind::kCheck,
          task.name.empty() ? "" : task.name + ": ", settings.compare,
          ": expected accuracy within ", 100 * settings.margin, " points of ", settings.model,
          ", got a 95 % interval that begins at ", 100 * comparison.accuracy.interval.low);
}

}  // namespace

int run_eval(Arguments arguments) {
  EvalSettings settings;
  Settings all("laconic eval",
               "Accuracy with its standard error and tokens of a model on a file of problems or on "
               "named benchmarks; two models are compared in pairs.");
  settings.add_to(all);
  if (!all.parse(arguments)) return 0;
  settings.validate(all);
  const ProfileReport report(settings.profile);
  install_signal_handlers();
  if (!settings.endpoint.enabled()) settings.source.model_folder = settings.model;
  std::vector<EvalTask> tasks = read_eval_tasks(settings.source, all);
  for (EvalTask& task : tasks)
    task.measure.control = settings.control.resolve(all, task.measure.sampling.max_new_tokens);
  std::vector<std::string> folders = {settings.model};
  const std::vector<std::string> adapters = {settings.adapter, settings.compare_adapter};
  if (!settings.compare.empty()) folders.push_back(settings.compare);
  const std::vector<std::string> names = system_names(folders, adapters);
  std::vector<EvaluatedTask> evaluated(tasks.size());
  for (size_t i = 0; i < folders.size(); ++i) {
    std::optional<LoadedModel> loaded;
    if (!settings.endpoint.enabled()) loaded.emplace(folders[i], adapters[i]);
    for (size_t t = 0; t < tasks.size(); ++t) {
      const EvalTask& task = tasks[t];
      evaluated[t].name = task.name;
      Evaluated& into = evaluated[t].models.emplace_back();
      // The first model's file has one name with --compare and without, so that either finds it.
      const Place place = {sample_path(settings, task, i == 0 ? "first" : "second"),
                           task.name.empty() ? names[i] : task.name + " " + names[i]};
      if (loaded ? evaluate(*loaded, task, place, into)
                 : evaluate_served(settings, folders[i], task, place, into))
        continue;
      log_warning("eval: stopped by a signal",
                  place.path.empty() ? "" : "; the same command goes on from here");
      return kExitSavedOnSignal;
    }
  }
  const std::string text = settings.json ? eval_json(evaluated, names).dump(2) + "\n"
                                         : eval_text(evaluated, names, settings.margin);
  print_text(text);
  if (settings.check)
    for (const EvaluatedTask& task : evaluated) check_margin(settings, task);
  return 0;
}

}  // namespace laconic
