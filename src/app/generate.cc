// laconic generate: samples n completions for each problem, JSONL in, JSONL out, resumable.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "app/adapted_model.h"
#include "app/budget_forcing.h"
#include "app/commands.h"
#include "app/endpoint.h"
#include "app/profile_option.h"
#include "app/reply_source.h"
#include "app/sample_output.h"
#include "app/sampling_options.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/signals.h"
#include "data/rows.h"
#include "nn/model_folder.h"
#include "text/prompt_builder.h"

namespace laconic {
namespace {

struct GenerateOptions {
  std::string model, adapter, prompt, input = "-", output = "-", instruction, bad_rows = "fail";
  int64_t num_samples = 1, slots = 64;
  bool logprobs = false, profile = false;
  SamplingOptions sampling;
  ControlOptions control;
  EndpointOptions endpoint;

  // One question asked by a person gets its answer to read, not a row.
  bool shows_text() const { return !prompt.empty() && output == "-" && isatty(STDOUT_FILENO) != 0; }
};

Settings settings_of(GenerateOptions& options) {
  Settings settings(
      "laconic generate",
      "Samples completions for problems. A file given as --output is continued where an "
      "earlier call ended.");
  settings.positional("MODEL", &options.model, "model folder; with --endpoint the served name");
  settings.model().alias("model_name_or_path").required();
  settings.add("adapter", &options.adapter, kAdapterHelp).folder().existing();
  settings.add("prompt", &options.prompt,
               "one question, instead of --input. On a terminal the replies come as text");
  settings
      .add("input", &options.input,
           "JSONL file, - for stdin: {\"id\", \"problem\" or \"messages\" or \"prompt\"}; further "
           "fields are passed through")
      .file()
      .existing()
      .alias("data");
  settings.add("output", &options.output,
               "JSONL file, - for stdout: one row a sample, as it finishes");
  settings.file().alias("out");
  settings.add("samples", &options.num_samples, "samples of each problem");
  settings.alias("n").alias("num_samples").range(1, 1e6);
  settings.add("instruction", &options.instruction,
               "put on a line of its own after each problem's text");
  settings.add("logprobs", &options.logprobs,
               "add \"logprobs\": of each sampled id, at temperature 1 without filters");
  settings.advanced();
  settings.add("bad_rows", &options.bad_rows,
               "a row that cannot be read: fail, skip or quarantine=PATH");
  settings.metavar("WHAT").advanced();
  add_sampling_options(settings, options.sampling);
  settings
      .add("slots", &options.slots,
           "samples in flight: more is faster and takes more memory; changes no sample. A small "
           "model takes six a thread at most")
      .range(1, 65536)
      .advanced();
  add_profile_option(settings, options.profile);
  options.control.add_to(settings);
  options.endpoint.add_to(settings);
  settings.example("laconic generate MODEL --prompt 'What is 17 * 23?'");
  settings.example(
      "laconic generate MODEL --input problems.jsonl --output samples.jsonl --samples 4");
  return settings;
}

// --prompt is a problem of its own.
std::vector<Problem> problems_of(const GenerateOptions& options) {
  if (!options.prompt.empty()) {
    Problem problem;
    problem.id = "1";
    problem.problem = options.prompt;
    problem.extra = Json::object();
    problem.extra["problem"] = options.prompt;
    return {problem};
  }
  BadRows bad_rows(parse_bad_row_policy(options.bad_rows));
  ProblemOptions problem_options;
  problem_options.require_gold = false;
  std::vector<Problem> problems = read_problems(options.input, bad_rows, problem_options);
  bad_rows.close();
  if (bad_rows.count()) log_warning(bad_rows.summary());
  return problems;
}

// The samples that `output` does not have yet; those of a problem one behind the other, so that
// they share its prompt.
std::vector<ReplyJob> open_jobs(const std::vector<Problem>& problems, int64_t num_samples,
                                const SampleOutput& output) {
  std::vector<ReplyJob> jobs;
  for (size_t i = 0; i < problems.size(); ++i)
    for (int64_t sample = 0; sample < num_samples; ++sample)
      if (!output.has(problems[i].id, sample)) jobs.push_back({i, sample});
  return jobs;
}

// A server gives no ids, but "counted_by": who counted the tokens.
Json output_row(const Problem& problem, int64_t sample_idx, const SourcedReply& sourced,
                bool logprobs) {
  Json row = problem.extra;
  row["id"] = problem.id;
  row["sample"] = sample_idx;
  row["completion"] = sourced.reply.completion;
  if (sourced.counted_by.empty()) {
    row["ids"] = Json::array();
    for (int32_t id : sourced.ids) row["ids"].push_back(int64_t{id});
  }
  row["num_tokens"] = sourced.reply.num_tokens;
  if (!sourced.counted_by.empty()) row["counted_by"] = sourced.counted_by;
  row["finish_reason"] = sourced.reply.finish_reason;
  if (sourced.control) row["control"] = control_to_json(*sourced.control);
  if (!logprobs) return row;
  row["logprobs"] = Json::array();
  for (float logprob : sourced.logprobs) row["logprobs"].push_back(double{logprob});
  return row;
}

// false: a signal ended it.
bool sample_and_write(ReplySource& source, const std::vector<Problem>& problems,
                      const GenerateOptions& options, SampleOutput& output) {
  const std::vector<ReplyJob> jobs = open_jobs(problems, options.num_samples, output);
  if (output.num_done() > 0)
    log_info("generate: ", output.num_done(), " samples are there already, ", jobs.size(),
             " to go");
  const bool finished =
      source.replies(problems, jobs, "generate", [&](size_t job, SourcedReply&& reply) {
        output.write(output_row(problems[jobs[job].problem_idx], jobs[job].sample_idx, reply,
                                options.logprobs));
      });
  output.close();
  return finished;
}

bool run_served(const GenerateOptions& options, const std::vector<Problem>& problems) {
  const SamplingSettings sampling = numbers_of(options.sampling);
  const Endpoint endpoint(options.endpoint, options.model, sampling);
  Json identity = sampling_to_json(sampling);
  log_info("generate: sampling with ", identity.dump());
  const Json served = endpoint.identity();
  for (const auto& [name, value] : served.as_object("identity")) identity[name] = value;
  identity["instruction"] = options.instruction;
  SampleOutput output(options.output, identity, options.shows_text());
  ServedReplies source(endpoint, options.instruction);
  return sample_and_write(source, problems, options, output);
}

bool run_local(GenerateOptions& options, const Settings& settings, std::vector<Problem> problems) {
  const ModelFolder model = load_adapted_model(options.model, options.adapter);
  const PromptBuilder builder = load_prompts(options.model, model.index.config);
  use_generation_config(settings, options.model, options.sampling);
  const SamplingSettings sampling = sampling_settings(options.sampling, builder);
  const auto control = options.control.resolve(settings, sampling.max_new_tokens);
  Json identity = sampling_to_json(sampling);
  log_info("generate: sampling with ", identity.dump());
  if (options.sampling.sampling_weights != "auto")
    identity["sampling_weights"] = options.sampling.sampling_weights;
  if (control) identity["control"] = control->describe();
  identity["instruction"] = options.instruction;
  identity["template_hash"] = builder.template_hash();
  identity["weight_hash"] = hash_weights(model.weights, model.index.config.dtype);
  SampleOutput output(options.output, identity, options.shows_text());
  // --prompt to a model without a chat template is text to go on with.
  if (!options.prompt.empty() && !builder.has_template())
    problems[0].prompt = std::exchange(problems[0].problem, "");
  Policy policy(model.weights, parse_storage_choice(options.sampling.sampling_weights));
  LocalReplies source(policy, builder, {sampling, options.slots, options.instruction, control});
  return sample_and_write(source, problems, options, output);
}

}  // namespace

int run_generate(Arguments arguments) {
  GenerateOptions options;
  Settings settings = settings_of(options);
  if (!settings.parse(arguments)) return 0;
  std::vector<std::string> local = {"adapter", "logprobs", "slots", "sampling_weights"};
  local.insert(local.end(), ControlOptions::names().begin(), ControlOptions::names().end());
  options.endpoint.validate(settings, local);
  if (!options.endpoint.enabled()) require_model_folder(options.model, "MODEL");
  const ProfileReport report(options.profile);
  install_signal_handlers();

  require(options.prompt.empty() || !settings.given("input"), ErrorKind::kUsage,
          "--prompt: expected it without --input, got both");
  const std::vector<Problem> problems = problems_of(options);
  const bool finished = options.endpoint.enabled() ? run_served(options, problems)
                                                   : run_local(options, settings, problems);
  if (finished) return 0;
  log_warning("generate: stopped by a signal; the same command goes on from here");
  return kExitSavedOnSignal;
}

}  // namespace laconic
