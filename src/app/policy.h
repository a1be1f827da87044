// The one owner of a model that is sampled while it is trained: the weights as they would be saved,
// their hash and version, and the sampler on them, which is refreshed in place.
//
// The weights are a copy in the saved dtype, so that what is measured is what is saved; what is
// trained on belongs to the trainer. Versions count the updates: replies carry the version that
// gave them. Not thread-safe. Memory between two updates: the sampler's packed weights and pages;
// release() gives the copy back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "nn/decode_weights.h"  // StorageChoice
#include "nn/weights.h"
#include "sample/decode_step_model.h"

namespace laconic {

class Policy {
 public:
  explicit Policy(StorageChoice storage) : storage_(storage) {}
  // On weights of someone else, who keeps them, unchanged, as long as the policy has them.
  Policy(const Weights& weights, StorageChoice storage);

  // The next version. `saved_dtype` is that which the weights are rounded to, for the hash.
  void update(Weights weights, const std::string& saved_dtype);
  void release();  // the weights; until the next update there are none

  int64_t version() const { return version_; }  // 0 before the first update
  // REQUIRES: weights.
  const Weights& weights() const;
  const std::string& hash() const;  // of an update's
  // With so many slots of that capacity; the same one, refreshed, as long as both are the same.
  DecodeSampler& sampler(int64_t num_slots, int64_t max_positions);

 private:
  const StorageChoice storage_;
  std::shared_ptr<const Weights> weights_;
  std::string hash_;
  int64_t version_ = 0;
  std::unique_ptr<DecodeSampler> sampler_;
  int64_t sampler_version_ = -1;
};

}  // namespace laconic
