// Choosing the checkpoint, publishing it and writing the page.
// SPDX-License-Identifier: Apache-2.0
#include "app/measurement_json.h"
#include "app/tldr_run.h"
#include "base/log.h"
#include "eval/report.h"

namespace laconic {

Choice TldrRun::choose() const {
  std::vector<CheckpointCandidate> candidates;
  for (const Evaluation& evaluation : evaluations_)
    if (evaluation.is_candidate())
      candidates.push_back(
          {evaluation.step, evaluation.measured, evaluation.accuracy_difference_low});
  ChoiceSettings settings;
  settings.rule = parse_choice_rule(settings_.choice);
  settings.margin = settings_.margin;
  settings.accuracy_share = settings_.paper_fraction;
  return choose_checkpoint(candidates, long_bound_->measured, settings);
}

void TldrRun::finish(TrainingRun& run) {
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
  write_file_atomic(folder_.file("choice.json"), file.dump(2) + "\n");
  run.publish(chosen.step, model_card(choice));
  log_info("chosen: step ", chosen.step, ", ", describe_measurement(chosen.measured), " (",
           choice.explanation, ")");
  log_info("long model: ", describe_measurement(long_bound_->measured));
  ReportInput input;
  input.title = cat("laconic tldr: ", file_name(folder_.path()));
  input.runs = {read_run(folder_.path())};
  input.margin = settings_.margin;
  write_file_atomic(folder_.file("report.html"), write_report(input));
  log_info("wrote ", folder_.file("model"), " and ", folder_.file("report.html"));
}

std::string TldrRun::model_card(const Choice& choice) const {
  const Evaluation& chosen = candidate(choice.index);
  std::ostringstream card;
  card << "---\nbase_model: " << settings_.train.model
       << "\nbase_model_relation: finetune\nlibrary_name: transformers\n"
          "pipeline_tag: text-generation\ntags: [laconic, tldr, reasoning]\n---\n\n"
       << "Made by laconic " << LACONIC_VERSION << " (`laconic tldr`, arXiv 2506.02678), step "
       << chosen.step << ". On " << dev_.problems.size() << " development problems, "
       << measure_.samples_per_problem << " sample(s) each, temperature "
       << measure_.sampling.temperature << ", top_p " << measure_.sampling.top_p << ", cap "
       << measure_.sampling.max_new_tokens << " tokens, seed " << measure_.sampling.seed
       << ":\n\n| model | result |\n|---|---|\n| before | "
       << describe_measurement(long_bound_->measured) << " |\n| this | "
       << describe_measurement(chosen.measured) << " |\n\n"
       << choice.explanation
       << "\n\nThese problems also chose the checkpoint; measure on others before publishing a "
          "number. The command's settings are in the run's config.yaml.\n";
  return card.str();
}

}  // namespace laconic
