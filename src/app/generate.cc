// laconic generate: samples n completions for each problem, JSONL in, JSONL out, resumable.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "app/adapted_model.h"
#include "app/budget_forcing.h"
#include "app/commands.h"
#include "app/endpoint.h"
#include "app/problem_prompt.h"
#include "app/profile_option.h"
#include "app/sample_output.h"
#include "app/sampling_options.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/settings.h"
#include "base/signals.h"
#include "data/rows.h"
#include "nn/model_folder.h"
#include "sample/decode_step_model.h"
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

// The requests that `output` does not have yet; samples of a problem one behind the other, so that
// they share its prompt. `problem_idx` says whose each is.
std::vector<SampleRequest> open_requests(const std::vector<Problem>& problems,
                                         const GenerateOptions& options,
                                         const PromptBuilder& builder, const SampleOutput& output,
                                         std::vector<size_t>& problem_idx) {
  // --prompt to a model without a chat template is text to go on with.
  const bool is_bare = !options.prompt.empty() && !builder.has_template();
  std::vector<SampleRequest> requests;
  for (size_t i = 0; i < problems.size(); ++i) {
    const Problem& problem = problems[i];
    std::vector<int32_t> prompt;
    for (int64_t sample = 0; sample < options.num_samples; ++sample) {
      if (output.has(problem.id, sample)) continue;
      if (prompt.empty())
        prompt = is_bare ? builder.text_ids(problem.problem)
                         : prompt_of(problem, builder, options.instruction);
      requests.push_back({problem.id, sample, prompt});
      problem_idx.push_back(i);
    }
  }
  return requests;
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

Json output_row(const Problem& problem, const SampleRequest& request, const Sample& sample,
                const PromptBuilder& builder) {
  Json row = problem.extra;
  row["id"] = problem.id;
  row["sample"] = request.sample_idx;
  row["completion"] = builder.completion_text(request.prompt, sample.ids);
  row["ids"] = Json::array();
  for (int32_t id : sample.ids) row["ids"].push_back(int64_t{id});
  row["num_tokens"] = static_cast<int64_t>(sample.ids.size());
  row["finish_reason"] = finish_reason_name(sample.finish_reason);
  if (const auto control = control_record(sample)) row["control"] = control_to_json(*control);
  return row;
}

// The same from a server: "counted_by" says who counted the tokens, and there are no ids.
bool sample_served(const Endpoint& endpoint, const std::vector<Problem>& problems,
                   const GenerateOptions& options, SampleOutput& output) {
  std::vector<EndpointJob> jobs;
  std::vector<size_t> problem_idx;
  for (size_t i = 0; i < problems.size(); ++i) {
    for (int64_t sample = 0; sample < options.num_samples; ++sample) {
      if (output.has(problems[i].id, sample)) continue;
      jobs.push_back(endpoint.job(problems[i], sample, options.instruction));
      problem_idx.push_back(i);
    }
  }
  log_info("generate: ", output.num_done(), " samples are there already, ", jobs.size(), " to go");
  return endpoint.sample(jobs, "generate", [&](size_t job, ServedReply& served, Reply&& reply) {
    Json row = problems[problem_idx[job]].extra;
    row["id"] = jobs[job].id;
    row["sample"] = jobs[job].sample_idx;
    row["completion"] = reply.completion;
    row["num_tokens"] = reply.num_tokens;
    row["counted_by"] = served.counted_by;
    row["finish_reason"] = reply.finish_reason;
    output.write(row);
  });
}

std::string rate_note(const SamplerProgress& progress, double elapsed_s) {
  return cat(
      progress.num_tokens, " tokens, ",
      static_cast<int64_t>(static_cast<double>(progress.num_tokens) / std::max(elapsed_s, 1e-3)),
      " tokens/s");
}

struct Run {
  const GenerateOptions& options;
  const SamplingSettings& sampling;
  const std::optional<BudgetForcingSettings>& control;
  const std::vector<Problem>& problems;
  const PromptBuilder& builder;
  SampleOutput& output;
};

// Returns false when a signal ended it.
bool sample_and_write(const Weights& weights, const Run& run) {
  std::vector<size_t> problem_idx;
  const auto requests =
      open_requests(run.problems, run.options, run.builder, run.output, problem_idx);
  if (run.output.num_done() > 0)
    log_info("generate: ", run.output.num_done(), " samples are there already, ", requests.size(),
             " to go");
  if (requests.empty()) return true;
  const int64_t num_slots = std::min(run.options.slots, static_cast<int64_t>(requests.size()));
  const StorageChoice storage = parse_storage_choice(run.options.sampling.sampling_weights);
  DecodeSampler sampler(weights, num_slots,
                        slot_capacity("generate", requests, run.sampling, weights.config), storage);
  Progress bar("generate", static_cast<int64_t>(requests.size()), "samples");
  const auto start = std::chrono::steady_clock::now();
  auto last_update = start;
  SamplerCallbacks callbacks;
  callbacks.make_control = budget_forcing_maker(run.control, run.builder);
  callbacks.on_sample = [&](Sample&& sample) {
    Json row = output_row(run.problems[problem_idx[sample.request_idx]],
                          requests[sample.request_idx], sample, run.builder);
    if (run.options.logprobs) {
      row["logprobs"] = Json::array();
      for (float logprob : sample.logprobs) row["logprobs"].push_back(double{logprob});
    }
    run.output.write(row);
  };
  callbacks.keep_going = [&](const SamplerProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_update > std::chrono::milliseconds(200)) {
      last_update = now;
      bar.update(static_cast<int64_t>(progress.num_finished),
                 rate_note(progress, std::chrono::duration<double>(now - start).count()));
    }
    return !stop_requested();
  };
  const bool finished = sampler.sample(requests, run.sampling, callbacks);
  if (finished) bar.update(static_cast<int64_t>(requests.size()));
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
  const bool finished = sample_served(endpoint, problems, options, output);
  output.close();
  return finished;
}

bool run_local(GenerateOptions& options, const Settings& settings,
               const std::vector<Problem>& problems) {
  const ModelFolder model = load_adapted_model(options.model, options.adapter);
  const PromptBuilder builder = load_prompts(options.model, model.index.config);
  use_generation_config(settings, options.model, options.sampling);
  const SamplingSettings sampling = sampling_settings(options.sampling, builder);
  Json identity = sampling_to_json(sampling);
  log_info("generate: sampling with ", identity.dump());
  if (options.sampling.sampling_weights != "auto")
    identity["sampling_weights"] = options.sampling.sampling_weights;
  const auto control = options.control.resolve(settings, sampling.max_new_tokens);
  if (control) identity["control"] = control->describe();
  identity["instruction"] = options.instruction;
  identity["template_hash"] = builder.template_hash();
  identity["weight_hash"] = hash_weights(model.weights, model.index.config.dtype);
  SampleOutput output(options.output, identity, options.shows_text());
  const bool finished =
      sample_and_write(model.weights, {options, sampling, control, problems, builder, output});
  output.close();
  return finished;
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
