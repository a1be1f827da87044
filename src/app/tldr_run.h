// TL;DR as the controller of a measured run: two bounds, and a mixture of a short and a long domain
// that each evaluation re-weights by its gains.
//
// Source: arXiv 2506.02678 and docs/tldr.md. State across a restart: the mixture, and whether it
// was seen to swing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/measured_run.h"
#include "app/tldr_settings.h"
#include "method/mixture.h"

namespace laconic {

class TldrController final : public Controller {
 public:
  explicit TldrController(const TldrSettings& settings);

  MethodName name() const override {
    return {"tldr", "`laconic tldr`, arXiv 2506.02678", {"laconic", "tldr", "reasoning"}};
  }
  const std::vector<double>& mixture() const override { return alpha_; }
  // tldr_bounds.cc
  bool prepare(MeasuredRun& run) override;
  // The update of the mixture, and its row in mixture.jsonl.
  void on_evaluation(MeasuredRun& run, const Evaluation& evaluation,
                     const std::vector<SampleRecord>& records) override;
  void save(Json& extra) const override;
  void restore(const Json& extra, const std::string& place) override;

 private:
  void use_given_bounds(MeasuredRun& run);
  void warn_of_swings();

  const TldrSettings& settings_;
  std::optional<Bound> short_bound_;        // none: no scale, so the mixture stays
  std::vector<double> alpha_ = {0.5, 0.5};  // short, long
  bool was_low_ = false, was_high_ = false, warned_of_swings_ = false;
};

}  // namespace laconic
