// SPDX-License-Identifier: Apache-2.0
#include "app/tldr_run.h"

#include "base/error.h"
#include "base/log.h"
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

}  // namespace

TldrController::TldrController(const TldrSettings& settings) : settings_(settings) {
  if (!settings.static_mixture.empty())
    alpha_ = parse_mixture(settings.static_mixture, {kDomainNames[0], kDomainNames[1]});
}

void TldrController::save(Json& extra) const {
  extra["alpha"] = Json::array();
  for (double share : alpha_) extra["alpha"].push_back(share);
  extra["was_low"] = was_low_;
  extra["was_high"] = was_high_;
  extra["warned_of_swings"] = warned_of_swings_;
}

void TldrController::restore(const Json& extra, const std::string& place) {
  const auto& shares = extra.at("alpha", place).as_array(place);
  require(shares.size() == alpha_.size(), ErrorKind::kData, place, ": alpha: expected ",
          alpha_.size(), " shares, got ", shares.size());
  for (size_t k = 0; k < alpha_.size(); ++k) alpha_[k] = shares[k].as_number(place);
  was_low_ = extra.at("was_low", place).as_boolean(place);
  was_high_ = extra.at("was_high", place).as_boolean(place);
  warned_of_swings_ = extra.at("warned_of_swings", place).as_boolean(place);
}

void TldrController::on_evaluation(MeasuredRun& run, const Evaluation& evaluation,
                                   const std::vector<SampleRecord>& records) {
  const Bound& start = run.start();
  const Measurement& now = evaluation.measured;
  Json row = Json::object();
  row["step"] = evaluation.step;
  row["alpha_before"] = by_domain(alpha_[0], alpha_[1]);
  if (short_bound_) {
    const Bounds bounds = {start.measured, short_bound_->measured};
    const Gains raw = raw_gains(bounds, now);
    const bool paired = !start.records.empty() && !short_bound_->records.empty();
    const GainErrors errors = paired ? gain_errors(start.records, short_bound_->records, records)
                                     : gain_errors(bounds, now);
    const Gains used = settings_.shrink ? shrunk_gains(raw, errors) : raw;
    row["gain_raw"] = by_domain(raw.short_gain, raw.long_gain);
    row["gain_se"] = by_domain(errors.short_se, errors.long_se);
    row["gain_used"] = by_domain(used.short_gain, used.long_gain);
    if (settings_.static_mixture.empty())
      alpha_ = update_mixture(alpha_, {used.short_gain, used.long_gain},
                              {settings_.eta, settings_.smoothing});
  }
  row["alpha"] = by_domain(alpha_[0], alpha_[1]);
  run.training().mixture_log().append(row);
  warn_of_swings();
}

void TldrController::warn_of_swings() {
  if (!settings_.static_mixture.empty()) return;
  was_low_ = was_low_ || alpha_[kShort] < kLowShare;
  was_high_ = was_high_ || alpha_[kShort] > kHighShare;
  if (!was_low_ || !was_high_ || warned_of_swings_) return;
  warned_of_swings_ = true;
  log_warning("the short share has been below ", kLowShare, " and above ", kHighShare,
              ": the mixture swings instead of settling; a smaller --eta, a smaller learning rate "
              "or more --eval-steps calm it");
}

}  // namespace laconic
