// laconic sft: supervised fine-tuning of all weights or of a LoRA adapter, on one file or on a
// fixed mixture of several; with a development set measured as it goes (app/measured_run.h).
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>

#include "app/adapted_model.h"
#include "app/commands.h"
#include "app/measured_run.h"
#include "app/profile_option.h"
#include "app/run_content.h"
#include "app/sampling_options.h"
#include "base/log.h"
#include "base/signals.h"

namespace laconic {
namespace {

struct SftSettings {
  TrainSettings train;
  EvaluationSettings evaluation;
  std::vector<std::string> files;
  std::vector<std::string> evaluation_names;  // of the settings that need a development set

  void add_to(Settings& settings) {
    train.learning_rate = 1e-5;
    train.add_to(settings);
    settings.group("Training files")
        .add("train", &files,
             "rows (JSONL, JSON array, Parquet; also gzip, zstd), FILE or FILE=SHARE (repeat for a "
             "mixture: the share is the probability that the next row comes from it); FILE:FIELD "
             "takes the completion from that field, dataset_info.json:NAME reads LLaMA-Factory's")
        .file()
        .alias("data")
        .alias("input")
        .required()
        .example("laconic sft MODEL --train rows.jsonl --out RUN --num-train-epochs 3")
        .example("laconic sft MODEL --train rows.jsonl --out RUN --lora-r 16 --learning-rate 1e-4")
        .example("laconic sft MODEL --train a.jsonl=0.3 --train b.jsonl=0.7 --out RUN")
        .example("laconic sft MODEL --train rows.jsonl --dev dev.jsonl --out RUN");
    const Json before = settings.to_json();
    settings.group("Evaluation in the loop (with --dev)");
    evaluation.add_dev(settings);
    evaluation.add_steps(settings);
    evaluation.add_choice(settings);
    evaluation.add_sampler(settings);
    const Json after = settings.to_json();
    for (const Json::Member& member : after.as_object(""))
      if (!before.find(member.first)) evaluation_names.push_back(member.first);
  }

  void validate(const Settings& settings) const {
    train.validate(settings);
    if (!evaluation.dev.empty()) return;
    for (const std::string& name : evaluation_names)
      require(!settings.given(name), ErrorKind::kUsage, "laconic sft: --", with_hyphens(name),
              ": expected --dev with it, got none (without it nothing is evaluated)");
  }
};

struct SharedSource {
  DomainSource source;
  double share = -1;  // -1: none given
};

// FILE[:FIELD][=SHARE]
SharedSource parse_source(const std::string& text) {
  SharedSource parsed;
  std::string path = text;
  if (const size_t equals = path.rfind('='); equals != std::string::npos && !file_exists(path)) {
    const char* const end = path.data() + path.size();
    const auto result = std::from_chars(path.data() + equals + 1, end, parsed.share);
    require(result.ec == std::errc() && result.ptr == end && parsed.share >= 0, ErrorKind::kUsage,
            "--train ", text, ": expected FILE=SHARE with a number >= 0");
    path.resize(equals);
  }
  if (const size_t colon = path.rfind(':'); colon != std::string::npos && !file_exists(path)) {
    parsed.source.completion_field = path.substr(colon + 1);
    path.resize(colon);
  }
  parsed.source.path = path;
  parsed.source.name = file_name(path);
  if (!parsed.source.completion_field.empty())
    parsed.source.name += ":" + parsed.source.completion_field;
  return parsed;
}

// Shares as given, or in proportion to rows where none is.
std::vector<double> mixture_of(const std::vector<SharedSource>& sources,
                               const std::vector<Domain>& domains) {
  std::vector<double> shares;
  double sum = 0;
  bool any_given = false, any_missing = false;
  for (size_t k = 0; k < sources.size(); ++k) {
    const bool given = sources[k].share >= 0;
    (given ? any_given : any_missing) = true;
    shares.push_back(given ? sources[k].share : static_cast<double>(domains[k].size()));
    sum += shares.back();
  }
  require(!(any_given && any_missing), ErrorKind::kUsage,
          "--train: expected a share for every file or for none");
  require(!any_given || std::abs(sum - 1) < 1e-6, ErrorKind::kUsage,
          "--train: expected shares that sum to 1, got ", sum);
  for (double& share : shares) share /= sum;
  return shares;
}

class SftController final : public Controller {
 public:
  explicit SftController(std::vector<double> shares) : shares_(std::move(shares)) {}
  MethodName name() const override { return {"sft", "`laconic sft`", {"laconic", "sft"}}; }
  const std::vector<double>& mixture() const override { return shares_; }

 private:
  std::vector<double> shares_;
};

// The settings that decide the result, and what the run is made of.
Json identity_of(const SftSettings& settings, const Settings& all,
                 const std::vector<SharedSource>& sources) {
  Json identity = all.to_json();
  for (const char* name : {"out", "logging_steps", "report_to", "save_total_limit", "profile",
                           "slots", "num_train_epochs"})
    if (identity.find(name)) identity.erase(name);
  if (settings.evaluation.dev.empty())
    for (const std::string& name : settings.evaluation_names)
      if (identity.find(name)) identity.erase(name);
  RunParts parts{{settings.train.model}, {}};
  for (const SharedSource& shared : sources)
    for (const std::string& path : files_of(shared.source)) parts.files.push_back(path);
  if (!settings.evaluation.dev.empty()) parts.files.push_back(settings.evaluation.dev);
  identity["content"] = run_content(parts);
  return identity;
}

std::vector<Domain> read_domains(const SftSettings& settings, const PromptBuilder& builder,
                                 std::vector<SharedSource>& sources, BadRows& bad_rows) {
  std::vector<Domain> domains;
  const RowLimits limits = settings.train.row_limits();
  for (const std::string& text : settings.files) {
    sources.push_back(parse_source(text));
    // Files of one name in two folders would share a row of the log.
    for (size_t k = 0; k + 1 < sources.size(); ++k)
      if (sources[k].source.name == sources.back().source.name) sources.back().source.name = text;
    sources.back().source.index_path = index_path(settings.train.out, domains.size());
    domains.emplace_back(sources.back().source, builder, limits, bad_rows);
    log_domain(domains.back());
  }
  return domains;
}

int train(SftSettings& settings, const Settings& all, const std::string& command) {
  BadRows bad_rows(parse_bad_row_policy(settings.train.bad_rows));  // of all files
  ModelFolder model = load_for_training(settings.train);
  const PromptBuilder builder = load_prompts(settings.train.model, model.index.config);
  const EvaluationSettings& evaluation = settings.evaluation;
  const MeasureSettings measure = evaluation.measure.resolve(settings.train.instruction);
  DevSet dev;
  if (!evaluation.dev.empty())
    dev = read_dev_set(evaluation.dev, builder, settings.train.instruction, bad_rows);
  std::vector<SharedSource> sources;
  std::vector<Domain> domains = read_domains(settings, builder, sources, bad_rows);
  bad_rows.close();
  if (bad_rows.count() > 0) log_warning(bad_rows.summary());
  SftController controller(mixture_of(sources, domains));
  settings.train.resolve_steps(domains);
  RunFolder folder(settings.train.out, {"sft", identity_of(settings, all, sources)}, all.to_yaml());
  save_indices(domains, folder.path());
  CardFacts card{{}, command};
  for (const SharedSource& shared : sources) card.data.push_back(shared.source.path);
  return MeasuredRun({settings.train, evaluation, folder, model, builder, measure, card},
                     std::move(dev), std::move(domains), controller)
      .run();
}

}  // namespace

int run_sft(Arguments arguments) {
  SftSettings settings;
  Settings all(
      "laconic sft",
      "Supervised fine-tuning of all weights, or of a LoRA adapter, on one file or a fixed "
      "mixture.");
  settings.add_to(all);
  if (!all.parse(arguments)) return 0;
  settings.validate(all);
  if (!settings.evaluation.dev.empty())
    use_generation_config(all, settings.train.model, settings.evaluation.measure);
  const ProfileReport report(settings.train.profile);
  install_signal_handlers();
  return train(settings, all, shell_command("laconic sft", {arguments.begin(), arguments.end()}));
}

}  // namespace laconic
