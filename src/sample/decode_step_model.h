// DecodeModels behind the interface that the sampler knows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "nn/decode.h"
#include "sample/sampler.h"

namespace laconic {

class DecodeStepModel : public StepModel {
 public:
  explicit DecodeStepModel(DecodeModel& model) : model_(model) {}
  int64_t num_slots() const override { return model_.num_slots(); }
  int64_t vocab_size() const override { return model_.vocab_size(); }
  int64_t max_positions() const override { return model_.max_positions(); }
  void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) override {
    model_.prefill(slot, prompt, logits);
  }
  void step(std::span<const int32_t> slots, std::span<const int32_t> ids,
            std::span<float> logits) override {
    model_.step(slots, ids, logits);
  }
  void extend(int64_t slot, std::span<const int32_t> ids, std::span<float> logits) override {
    model_.extend(slot, ids, logits);
  }
  void copy_slot(int64_t from, int64_t to, int64_t num_positions) override {
    model_.copy_slot(from, to, num_positions);
  }
  void for_each(int64_t count, const std::function<void(int64_t)>& function) override {
    model_.for_each(count, function);
  }

 private:
  DecodeModel& model_;
};

// sample_all on `weights`, which it reads by reference, with num_slots slots of max_positions each,
// or fewer (slots_made).
class DecodeSampler {
 public:
  DecodeSampler(const Weights& weights, int64_t num_slots, int64_t max_positions,
                StorageChoice storage = StorageChoice::kAuto)
      : num_slots_(num_slots),
        max_positions_(max_positions),
        models_(make_decode_models(weights, num_slots, max_positions, storage)) {
    steps_.reserve(models_.size());  // pointers_ points into it
    for (const auto& model : models_) pointers_.push_back(&steps_.emplace_back(*model));
  }
  // Other weights of the same shapes, or changed ones, in the memory of the old ones.
  void refresh(const Weights& weights) { refresh_decode_models(models_, weights); }
  // As asked for.
  int64_t num_slots() const { return num_slots_; }
  int64_t max_positions() const { return max_positions_; }
  bool sample(std::span<const SampleRequest> requests, const SamplingSettings& settings,
              const SamplerCallbacks& callbacks) {
    return sample_all(pointers_, requests, settings, callbacks);
  }

 private:
  int64_t num_slots_, max_positions_;
  std::vector<std::unique_ptr<DecodeModel>> models_;
  std::vector<DecodeStepModel> steps_;
  std::vector<StepModel*> pointers_;
};

}  // namespace laconic
