// SPDX-License-Identifier: Apache-2.0
#include "app/measured_run.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <utility>

#include "app/measurement_json.h"
#include "base/error.h"
#include "base/log.h"
#include "base/signals.h"
#include "eval/statistics.h"

namespace laconic {

bool Controller::prepare(MeasuredRun& run) {
  if (!run.measure_start()) return false;
  run.write_bounds(nullptr);
  return true;
}

MeasuredRun::MeasuredRun(const MeasuredRunParts& parts, DevSet dev, std::vector<Domain> domains,
                         Controller& controller)
    : parts_(parts),
      policy_(parts.measure.weights),
      dev_(std::move(dev)),
      controller_(controller),
      training_(parts.train, parts.folder, parts.model, std::move(domains)) {}

int MeasuredRun::run() {
  if ((has_dev() && !controller_.prepare(*this)) || !train()) {
    log_info("stopped by a signal; saved: run the same command to continue");
    return kExitSavedOnSignal;
  }
  has_dev() ? finish() : finish_unmeasured();
  return 0;
}

Json MeasuredRun::sampler_setting() const {
  Json setting = parts_.measure.describe();
  setting["template_hash"] = parts_.builder.template_hash();
  setting["problems_hash"] = dev_.hash;
  return setting;
}

Json MeasuredRun::extra() const {
  if (!has_dev()) return Json();
  Json extra = Json::object();
  controller_.save(extra);
  extra["evaluation_pending"] = evaluation_pending_;
  extra["evaluations"] = Json::array();
  for (const Evaluation& evaluation : evaluations_) {
    Json row = measurement_to_json(evaluation.measured);
    row["step"] = evaluation.step;
    row["accuracy_difference_low"] = evaluation.accuracy_difference_low;
    row["file"] = evaluation.file;
    row["saved"] = evaluation.saved;
    extra["evaluations"].push_back(std::move(row));
  }
  return extra;
}

void MeasuredRun::restore(const Json& extra) {
  const std::string place = "training_state.json: extra";
  controller_.restore(extra, place);
  evaluation_pending_ = extra.at("evaluation_pending", place).as_boolean(place);
  for (const Json& row : extra.at("evaluations", place).as_array(place)) {
    Evaluation evaluation;
    evaluation.step = row.at("step", place).as_integer(place);
    evaluation.measured = measurement_from_json(row, place);
    // null: of an interval without end, which a single development problem gives.
    const Json& low = row.at("accuracy_difference_low", place);
    evaluation.accuracy_difference_low =
        low.is_null() ? -std::numeric_limits<double>::infinity() : low.as_number(place);
    evaluation.file = row.at("file", place).as_string(place);
    evaluation.saved = row.at("saved", place).as_boolean(place);
    evaluations_.push_back(evaluation);
  }
}

bool MeasuredRun::train() {
  const std::optional<Json> state = training_.resume();
  if (has_dev()) {
    if (state)
      restore(*state);
    else
      evaluation_pending_ = parts_.evaluation.initial_eval;
    keep_best();
  }
  const int64_t max_steps = parts_.train.max_steps, save_steps = parts_.train.save_steps;
  while (true) {
    if (evaluation_pending_ && !evaluate()) {
      // The interrupted evaluation is done again, whole, after the restart.
      if (training_.num_steps() > 0) training_.save_or_wait(extra());
      return false;
    }
    if (training_.num_steps() >= max_steps) return true;
    const bool done = training_.step(controller_.mixture());
    const int64_t step = training_.num_steps();
    if (done)
      evaluation_pending_ =
          has_dev() && (step >= max_steps || step % parts_.evaluation.eval_steps == 0);
    if (!done || stop_requested()) {
      training_.save_or_wait(extra());
      return false;
    }
    training_.retry_postponed_save(extra());
    const bool due = save_steps > 0 && step % save_steps == 0 && step < max_steps;
    if (due && !evaluation_pending_) training_.save(extra());
  }
}

std::optional<MeasureResult> MeasuredRun::measure_step() {
  const int64_t step = training_.num_steps();
  if (!start_->records.empty() && start_->weight_hash == policy_.hash()) {
    log_info("step ", step, ": the weights are the long bound's, and so are its replies");
    MeasureResult same;
    same.records = start_->records;
    same.max_logprob_difference = start_->max_logprob_difference;
    return same;
  }
  return sample_dev_set(policy_, dev_, parts_.builder, parts_.measure,
                        {cat("evaluate step ", step)});
}

bool MeasuredRun::evaluate() {
  const int64_t step = training_.num_steps();
  training_.release_memory();
  policy_.update(training_.saved_weights(), training_.saved_dtype());
  const std::string hash = policy_.hash();
  const std::optional<MeasureResult> result = measure_step();
  policy_.release();
  if (!result) return false;
  std::ostringstream name;
  name << "samples/step-" << std::setw(6) << std::setfill('0') << step << ".jsonl";
  Evaluation evaluation;
  evaluation.step = step;
  evaluation.measured = measure(result->records);
  evaluation.accuracy_difference_low = difference_low(evaluation.measured, result->records);
  evaluation.file = name.str();
  Json header = Json::object();
  header["step"] = step;
  header["weight_hash"] = hash;
  header["setting"] = sampler_setting();
  training_.write_file(evaluation.file, sample_file_text({header, result->records}));
  training_.log().append(evaluation_row(evaluation, *result, hash));
  log_info("step ", step, ": ", describe_measurement(evaluation.measured), "; weights ",
           hash.substr(0, 8), ", sampler and trainer differ by at most ",
           result->max_logprob_difference, " nats");
  controller_.on_evaluation(*this, evaluation, result->records);
  evaluations_.push_back(std::move(evaluation));
  evaluation_pending_ = false;
  if (step == 0) return true;
  evaluations_.back().saved = true;
  keep_best();
  if (step >= parts_.train.max_steps)
    training_.save_or_wait(extra());
  else
    evaluations_.back().saved = training_.save(extra());
  if (!evaluations_.back().saved) keep_best();
  return true;
}

void MeasuredRun::keep_best() {
  const bool any = std::any_of(evaluations_.begin(), evaluations_.end(),
                               [](const Evaluation& e) { return e.is_candidate(); });
  training_.keep_checkpoints(any ? std::vector<int64_t>{candidate(choose().index).step}
                                 : std::vector<int64_t>());
}

Json MeasuredRun::evaluation_row(const Evaluation& evaluation, const MeasureResult& result,
                                 const std::string& hash) const {
  int64_t num_truncated = 0, num_empty = 0;
  for (const SampleRecord& record : result.records) {
    num_truncated += record.truncated();
    num_empty += record.think_state == "empty" || record.think_state == "none";
  }
  const double n = static_cast<double>(result.records.size());
  Json row = Json::object();
  row["type"] = "eval";
  row["step"] = evaluation.step;
  Json numbers = measurement_to_json(evaluation.measured);
  for (Json::Member& member : numbers.members()) row[member.first] = std::move(member.second);
  row["accuracy_difference_low"] = evaluation.accuracy_difference_low;
  row["truncated_share"] = static_cast<double>(num_truncated) / n;
  row["no_thinking_share"] = static_cast<double>(num_empty) / n;
  row["weight_hash"] = hash;
  row["max_logprob_difference"] = result.max_logprob_difference;
  row["n"] = static_cast<int64_t>(result.records.size());
  row["sampled_tokens"] = result.num_tokens;
  row["seconds"] = result.seconds;
  return row;
}

double MeasuredRun::difference_low(const Measurement& now,
                                   const std::vector<SampleRecord>& records) const {
  if (!start_->records.empty())
    return compare_samples(start_->records, records).accuracy.interval.low;
  // A given bound has no replies to pair with: the errors add up as independent ones.
  constexpr double kNormal975 = 1.959963984540054;
  return now.accuracy - start_->measured.accuracy -
         kNormal975 * std::hypot(now.accuracy_se, start_->measured.accuracy_se);
}

}  // namespace laconic
