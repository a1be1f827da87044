// Choosing the checkpoint, publishing it and writing the page.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <sstream>

#include "app/checkpoint.h"
#include "app/measured_run.h"
#include "app/measurement_json.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "eval/report.h"

namespace laconic {

Choice MeasuredRun::choose() const {
  std::vector<CheckpointCandidate> candidates;
  for (const Evaluation& evaluation : evaluations_)
    if (evaluation.is_candidate())
      candidates.push_back(
          {evaluation.step, evaluation.measured, evaluation.accuracy_difference_low});
  return choose_checkpoint(candidates, start_->measured, parts_.evaluation.choice_settings());
}

const Evaluation& MeasuredRun::candidate(size_t candidate_idx) const {
  for (const Evaluation& evaluation : evaluations_)
    if (evaluation.is_candidate() && candidate_idx-- == 0) return evaluation;
  fail(ErrorKind::kInternal, "no such candidate");
}

void MeasuredRun::finish() {
  const Choice choice = choose();
  const Evaluation& chosen = candidate(choice.index);
  Json file = Json::object();
  file["step"] = chosen.step;
  file["qualified"] = choice.qualified;
  file["explanation"] = choice.explanation;
  file["measured"] = measurement_to_json(chosen.measured);
  file["rejected"] = Json::array();
  for (const Rejection& rejection : choice.rejected) {
    Json row = Json::object();
    row["step"] = rejection.step;
    row["reason"] = rejection.reason;
    file["rejected"].push_back(std::move(row));
  }
  write_file_atomic(parts_.folder.file("choice.json"), file.dump(2) + "\n");
  training_.publish(chosen.step, measured_card(choice));
  log_info("chosen: step ", chosen.step, ", ", describe_measurement(chosen.measured), " (",
           choice.explanation, ")");
  log_info("long model: ", describe_measurement(start_->measured));
  ReportInput input;
  input.title = cat("laconic ", controller_.name().command, ": ", file_name(parts_.folder.path()));
  input.runs = {read_run(parts_.folder.path())};
  input.margin = parts_.evaluation.margin;
  write_file_atomic(parts_.folder.file("report.html"), write_report(input));
  log_written();
  log_info("wrote ", parts_.folder.file("report.html"));
}

void MeasuredRun::finish_unmeasured() {
  const int64_t step = training_.num_steps();
  if (latest_checkpoint(parts_.folder.path()) != step) training_.save_or_wait(extra());
  ModelCard card = this->card();
  const double loss = training_.last_loss();
  if (!card.data.empty()) card.measured_on = card.data.front();
  card.split = "train";
  card.metrics = {{"loss", "training loss of the last step, nats per target token", loss}};
  card.body = cat("Fine-tuned by laconic ", LACONIC_VERSION, " (", controller_.name().command,
                  ") for ", parts_.train.max_steps, " steps",
                  std::isfinite(loss) ? cat(", training loss ", fixed(loss, 4)) : "",
                  "; the whole configuration is in the run's config.yaml.\n");
  training_.publish(step, card);
  log_written();
}

void MeasuredRun::log_written() const {
  const LoraSettings& lora = parts_.train.lora;
  const bool adapter = lora.enabled() && lora.writes_adapter();
  if (adapter) log_info("wrote ", parts_.folder.file("adapter"));
  if (!adapter || lora.writes_merged()) log_info("wrote ", parts_.folder.file("model"));
}

ModelCard MeasuredRun::card() const {
  ModelCard card;
  card.tags = controller_.name().tags;
  card.data = parts_.card.data;
  card.command = parts_.card.command;
  return card;
}

ModelCard MeasuredRun::measured_card(const Choice& choice) const {
  const Evaluation& chosen = candidate(choice.index);
  std::ostringstream body;
  body << "Made by laconic " << LACONIC_VERSION << " (" << controller_.name().source << "), step "
       << chosen.step << ". On " << dev_.problems.size() << " development problems, "
       << parts_.measure.samples_per_problem << " sample(s) each, temperature "
       << parts_.measure.sampling.temperature << ", top_p " << parts_.measure.sampling.top_p
       << ", cap " << parts_.measure.sampling.max_new_tokens << " tokens, seed "
       << parts_.measure.sampling.seed << ":\n\n| model | result |\n|---|---|\n| before | "
       << describe_measurement(start_->measured) << " |\n| this | "
       << describe_measurement(chosen.measured) << " |\n\n"
       << choice.explanation
       << "\n\nThese problems also chose the checkpoint; measure on others before publishing a "
          "number. The command's settings are in the run's config.yaml.\n";
  ModelCard card = this->card();
  card.measured_on = parts_.evaluation.dev;
  card.split = "validation";
  card.metrics = {{"accuracy", "accuracy", chosen.measured.accuracy},
                  {"tokens", "mean tokens a reply", chosen.measured.tokens}};
  card.body = body.str();
  return card;
}

}  // namespace laconic
