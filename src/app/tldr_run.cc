// SPDX-License-Identifier: Apache-2.0
#include "app/tldr_run.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>

#include "app/adapted_model.h"
#include "app/checkpoint.h"
#include "app/measurement_json.h"
#include "base/error.h"
#include "base/log.h"
#include "base/signals.h"
#include "eval/statistics.h"

namespace laconic {
namespace {

constexpr const char* kDomainNames[] = {"short", "long"};
constexpr size_t kShort = 0;

// Crossing both is what a mixture does that swings instead of settling.
constexpr double kLowShare = 0.1, kHighShare = 0.9;

Json by_domain(double short_value, double long_value) {
  Json json = Json::object();
  json[kDomainNames[0]] = short_value;
  json[kDomainNames[1]] = long_value;
  return json;
}

DevSet read_dev_set(const TldrSettings& settings, const PromptBuilder& builder, BadRows& bad_rows) {
  std::vector<Problem> problems = read_problems(settings.dev, bad_rows);
  return make_dev_set(std::move(problems), builder, settings.train.instruction);
}

// And settles how many steps their rows are trained for.
std::vector<Domain> read_domains(TldrSettings& settings, const PromptBuilder& builder,
                                 BadRows& bad_rows) {
  const RowLimits limits = settings.train.row_limits();
  std::vector<Domain> domains;
  for (DomainSource source : {DomainSource{"short", settings.short_rows, "short", ""},
                              DomainSource{"long", settings.long_rows, "long", ""}}) {
    source.index_path = index_path(settings.train.out, domains.size());
    domains.emplace_back(source, builder, limits, bad_rows);
    log_domain(domains.back());
  }
  bad_rows.close();
  if (bad_rows.count() > 0) log_warning(bad_rows.summary());
  settings.train.resolve_steps(domains);
  return domains;
}

}  // namespace

TldrRun::TldrRun(TldrSettings& settings, const Settings& all)
    : settings_(settings),
      bad_rows_(parse_bad_row_policy(settings.train.bad_rows)),
      model_(load_for_training(settings.train)),
      builder_(load_prompts(settings.train.model, model_.index.config)),
      measure_(settings.measure.resolve(settings.train.instruction)),
      policy_(measure_.weights),
      dev_(read_dev_set(settings, builder_, bad_rows_)),
      domains_(read_domains(settings, builder_, bad_rows_)),
      folder_(settings.train.out, {"tldr", settings.identity(all)}, all.to_yaml()) {
  if (!settings.static_mixture.empty())
    alpha_ = parse_mixture(settings.static_mixture, {kDomainNames[0], kDomainNames[1]});
}

int TldrRun::run() {
  for (size_t k = 0; k < domains_.size(); ++k)
    domains_[k].save_index(index_path(folder_.path(), k));
  TrainingRun run(settings_.train, folder_, model_, std::move(domains_));
  if (!find_bounds() || !train(run)) {
    log_info("stopped by a signal; saved: run the same command to continue");
    return kExitSavedOnSignal;
  }
  finish(run);
  return 0;
}

Json TldrRun::sampler_setting() const {
  Json setting = measure_.describe();
  setting["template_hash"] = builder_.template_hash();
  setting["problems_hash"] = dev_.hash;
  return setting;
}

Json TldrRun::extra() const {
  Json extra = Json::object();
  extra["alpha"] = Json::array();
  for (double share : alpha_) extra["alpha"].push_back(share);
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
  extra["was_low"] = was_low_;
  extra["was_high"] = was_high_;
  extra["warned_of_swings"] = warned_of_swings_;
  return extra;
}

void TldrRun::restore(const Json& extra) {
  const std::string place = "training_state.json: extra";
  const auto& shares = extra.at("alpha", place).as_array(place);
  require(shares.size() == alpha_.size(), ErrorKind::kData, place, ": alpha: expected ",
          alpha_.size(), " shares, got ", shares.size());
  for (size_t k = 0; k < alpha_.size(); ++k) alpha_[k] = shares[k].as_number(place);
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
  was_low_ = extra.at("was_low", place).as_boolean(place);
  was_high_ = extra.at("was_high", place).as_boolean(place);
  warned_of_swings_ = extra.at("warned_of_swings", place).as_boolean(place);
}

bool TldrRun::train(TrainingRun& run) {
  const std::optional<Json> state = run.resume();
  if (state) restore(*state);
  if (!state) evaluation_pending_ = settings_.initial_eval;
  keep_best(run);
  const int64_t max_steps = settings_.train.max_steps, save_steps = settings_.train.save_steps;
  while (true) {
    if (evaluation_pending_ && !evaluate(run)) {
      // The interrupted evaluation is done again, whole, after the restart.
      if (run.num_steps() > 0) run.save_or_wait(extra());
      return false;
    }
    if (run.num_steps() >= max_steps) return true;
    const bool done = run.step(alpha_);
    if (done)
      evaluation_pending_ =
          run.num_steps() >= max_steps || run.num_steps() % settings_.eval_steps == 0;
    if (!done || stop_requested()) {
      run.save_or_wait(extra());
      return false;
    }
    run.retry_postponed_save(extra());
    if (!evaluation_pending_ && save_steps > 0 && run.num_steps() % save_steps == 0)
      run.save(extra());
  }
}

std::optional<MeasureResult> TldrRun::measure_step(int64_t step) {
  if (long_bound_ && !long_bound_->records.empty() && long_bound_->weight_hash == policy_.hash()) {
    log_info("step ", step, ": the weights are the long bound's, and so are its replies");
    MeasureResult same;
    same.records = long_bound_->records;
    same.max_logprob_difference = long_bound_->max_logprob_difference;
    return same;
  }
  return sample_dev_set(policy_, dev_, builder_, measure_, {cat("evaluate step ", step)});
}

bool TldrRun::evaluate(TrainingRun& run) {
  const int64_t step = run.num_steps();
  run.release_memory();
  policy_.update(run.saved_weights(), run.saved_dtype());
  const std::string hash = policy_.hash();
  const std::optional<MeasureResult> result = measure_step(step);
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
  run.write_file(evaluation.file, sample_file_text({header, result->records}));
  run.log().append(evaluation_row(evaluation, *result, hash));
  log_info("step ", step, ": ", describe_measurement(evaluation.measured), "; weights ",
           hash.substr(0, 8), ", sampler and trainer differ by at most ",
           result->max_logprob_difference, " nats");
  update(run, step, evaluation.measured, result->records);
  evaluations_.push_back(std::move(evaluation));
  evaluation_pending_ = false;
  if (step == 0) return true;
  evaluations_.back().saved = true;
  keep_best(run);
  if (step >= settings_.train.max_steps)
    run.save_or_wait(extra());
  else
    evaluations_.back().saved = run.save(extra());
  if (!evaluations_.back().saved) keep_best(run);
  return true;
}

void TldrRun::keep_best(TrainingRun& run) const {
  const bool any = std::any_of(evaluations_.begin(), evaluations_.end(),
                               [](const Evaluation& e) { return e.is_candidate(); });
  run.keep_checkpoints(any ? std::vector<int64_t>{candidate(choose().index).step}
                           : std::vector<int64_t>());
}

Json TldrRun::evaluation_row(const Evaluation& evaluation, const MeasureResult& result,
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

double TldrRun::difference_low(const Measurement& now,
                               const std::vector<SampleRecord>& records) const {
  if (!long_bound_->records.empty())
    return compare_samples(long_bound_->records, records).accuracy.interval.low;
  // Given bounds have no replies to pair with: the errors add up as independent ones.
  constexpr double kNormal975 = 1.959963984540054;
  return now.accuracy - long_bound_->measured.accuracy -
         kNormal975 * std::hypot(now.accuracy_se, long_bound_->measured.accuracy_se);
}

void TldrRun::update(TrainingRun& run, int64_t step, const Measurement& now,
                     const std::vector<SampleRecord>& records) {
  Json row = Json::object();
  row["step"] = step;
  row["alpha_before"] = by_domain(alpha_[0], alpha_[1]);
  if (has_scale()) {
    const Gains raw = raw_gains(bounds(), now);
    const bool paired = !long_bound_->records.empty() && !short_bound_->records.empty();
    const GainErrors errors =
        paired ? gain_errors(long_bound_->records, short_bound_->records, records)
               : gain_errors(bounds(), now);
    const Gains used = settings_.shrink ? shrunk_gains(raw, errors) : raw;
    row["gain_raw"] = by_domain(raw.short_gain, raw.long_gain);
    row["gain_se"] = by_domain(errors.short_se, errors.long_se);
    row["gain_used"] = by_domain(used.short_gain, used.long_gain);
    if (settings_.static_mixture.empty())
      alpha_ = update_mixture(alpha_, {used.short_gain, used.long_gain},
                              {settings_.eta, settings_.smoothing});
  }
  row["alpha"] = by_domain(alpha_[0], alpha_[1]);
  run.mixture_log().append(row);
  warn_of_swings();
}

void TldrRun::warn_of_swings() {
  if (!settings_.static_mixture.empty()) return;
  was_low_ = was_low_ || alpha_[kShort] < kLowShare;
  was_high_ = was_high_ || alpha_[kShort] > kHighShare;
  if (!was_low_ || !was_high_ || warned_of_swings_) return;
  warned_of_swings_ = true;
  log_warning("the short share has been below ", kLowShare, " and above ", kHighShare,
              ": the mixture swings instead of settling; a smaller --eta, a smaller learning rate "
              "or more --eval-steps calm it");
}

const TldrRun::Evaluation& TldrRun::candidate(size_t candidate_idx) const {
  for (const Evaluation& evaluation : evaluations_)
    if (evaluation.is_candidate() && candidate_idx-- == 0) return evaluation;
  fail(ErrorKind::kInternal, "no such candidate");
}

}  // namespace laconic
