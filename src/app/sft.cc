// laconic sft: supervised fine-tuning of all weights or of a LoRA adapter, on one file or on a
// fixed mixture of several.
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>

#include "app/adapted_model.h"
#include "app/checkpoint.h"
#include "app/commands.h"
#include "app/profile_option.h"
#include "app/run_content.h"
#include "app/training_run.h"
#include "base/log.h"
#include "base/signals.h"

namespace laconic {
namespace {

struct SftSettings {
  TrainSettings train;
  std::vector<std::string> files;

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
        .example("laconic sft MODEL --train a.jsonl=0.3 --train b.jsonl=0.7 --out RUN");
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

bool train(TrainingRun& run, const TrainSettings& settings, const std::vector<double>& shares) {
  while (run.num_steps() < settings.max_steps) {
    if (!run.step(shares) || stop_requested()) {
      run.save_or_wait(Json());
      return false;
    }
    run.retry_postponed_save(Json());
    const bool due = settings.save_steps > 0 && run.num_steps() % settings.save_steps == 0;
    if (due && run.num_steps() < settings.max_steps) run.save(Json());
  }
  return true;
}

std::string card_of(const SftSettings& settings) {
  return cat("---\nbase_model: ", settings.train.model,
             "\nlibrary_name: transformers\npipeline_tag: text-generation\ntags: [laconic, sft]\n"
             "---\n\nFine-tuned by laconic ",
             LACONIC_VERSION, " (sft) for ", settings.train.max_steps,
             " steps; the whole configuration is in the run's config.yaml.\n");
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
  settings.train.validate(all);

  const ProfileReport report(settings.train.profile);
  install_signal_handlers();
  ModelFolder model = load_for_training(settings.train);
  const PromptBuilder builder = load_prompts(settings.train.model, model.index.config);
  std::vector<SharedSource> sources;
  std::vector<Domain> domains;
  RunParts parts{{settings.train.model}, {}};
  const RowLimits limits = settings.train.row_limits();
  BadRows bad_rows(parse_bad_row_policy(settings.train.bad_rows));
  for (const std::string& text : settings.files) {
    sources.push_back(parse_source(text));
    // Files of one name in two folders would share a row of the log.
    for (size_t k = 0; k + 1 < sources.size(); ++k)
      if (sources[k].source.name == sources.back().source.name) sources.back().source.name = text;
    sources.back().source.index_path = index_path(settings.train.out, domains.size());
    domains.emplace_back(sources.back().source, builder, limits, bad_rows);
    for (const std::string& path : files_of(sources.back().source)) parts.files.push_back(path);
    log_domain(domains.back());
  }
  bad_rows.close();
  if (bad_rows.count() > 0) log_warning(bad_rows.summary());
  const std::vector<double> shares = mixture_of(sources, domains);
  settings.train.resolve_steps(domains);

  Json identity = all.to_json();
  for (const char* name :
       {"out", "logging_steps", "report_to", "save_total_limit", "profile", "num_train_epochs"})
    if (identity.find(name)) identity.erase(name);
  identity["content"] = run_content(parts);
  RunFolder folder(settings.train.out, {"sft", identity}, all.to_yaml());
  for (size_t k = 0; k < domains.size(); ++k) domains[k].save_index(index_path(folder.path(), k));
  TrainingRun run(settings.train, folder, model, std::move(domains));
  run.resume();
  if (!train(run, settings.train, shares)) {
    log_info("stopped by a signal; saved: run the same command to continue");
    return kExitSavedOnSignal;
  }
  if (latest_checkpoint(folder.path()) != run.num_steps()) run.save_or_wait(Json());
  run.publish(run.num_steps(), card_of(settings));
  const bool adapter = settings.train.lora.enabled() && settings.train.lora.writes_adapter();
  if (adapter) log_info("wrote ", folder.file("adapter"));
  if (!adapter || settings.train.lora.writes_merged()) log_info("wrote ", folder.file("model"));
  return 0;
}

}  // namespace laconic
