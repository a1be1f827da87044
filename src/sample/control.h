// What steers one request while it is sampled: ids that are forced, taken back or kept from being
// drawn, an end of its own.
//
// Speaks ids; who needs text builds a Control with a decoder of its own (app/budget_forcing.h). The
// sampler asks after every id, drawn or forced. A forced id takes a step like a drawn one and has
// the log-probability that the model gave it; ids that are taken back are gone from the sample, as
// if they had never been drawn, and the next id is the model's (or a forced one) for what is left.
// Not thread-safe: one request has one Control, called by one thread at a time. A Control must be a
// function of the ids alone: samples must not depend on anything else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sample/sample.h"

namespace laconic {

class Control {
 public:
  struct Next {
    int64_t num_dropped = 0;             // of the last ids; at most as many as there are
    std::vector<int32_t> forced;         // come next, behind those that are still to come
    std::optional<FinishReason> finish;  // ends the sample here, once the ids are dropped
  };

  virtual ~Control() = default;
  // `ids`: all new ones so far. Called once without any, before the first is drawn, then after
  // each; fewer than before were dropped by this Control or by another beside it. Ids still to come
  // are not dropped. A stop id ends the sample unless it is dropped.
  virtual Next on_ids(std::span<const int32_t> ids) = 0;
  // Whether on_logits changes the logits of the next id.
  virtual bool changes_logits() const { return false; }
  // Changes what the next id is drawn from, [V]; log-probabilities stay those of the model.
  virtual void on_logits(std::span<float>) {}
};

// Makes the Control of a request as it is admitted; may be empty, or give nullptr for none. Called
// by several threads at once where there are several models.
using ControlMaker = std::function<std::shared_ptr<Control>(const SampleRequest&)>;

// Several as one. All see every id; of those that want something after it the first has its way,
// but for `finish`, which any may ask for. Logits go through all, in order.
class ControlChain : public Control {
 public:
  explicit ControlChain(std::vector<std::shared_ptr<Control>> parts) : parts_(std::move(parts)) {}
  Next on_ids(std::span<const int32_t> ids) override;
  bool changes_logits() const override;
  void on_logits(std::span<float> logits) override;

 private:
  std::vector<std::shared_ptr<Control>> parts_;
};

// Adds `bias` to the logits of some ids; minus infinity forbids one.
class LogitBias : public Control {
 public:
  // Error(kUsage) for an id that is negative and a bias that is NaN or plus infinity.
  explicit LogitBias(std::vector<std::pair<int32_t, float>> biases);
  Next on_ids(std::span<const int32_t>) override { return {}; }
  bool changes_logits() const override { return !biases_.empty(); }
  void on_logits(std::span<float> logits) override;

 private:
  std::vector<std::pair<int32_t, float>> biases_;
};

}  // namespace laconic
