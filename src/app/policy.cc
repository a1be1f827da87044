// SPDX-License-Identifier: Apache-2.0
#include "app/policy.h"

#include <utility>

#include "base/error.h"

namespace laconic {

Policy::Policy(const Weights& weights, StorageChoice storage)
    : storage_(storage), weights_(std::shared_ptr<const Weights>(), &weights) {}

void Policy::update(Weights weights, const std::string& saved_dtype) {
  weights_ = std::make_shared<const Weights>(std::move(weights));
  hash_ = hash_weights(*weights_, saved_dtype);
  ++version_;
}

void Policy::release() { weights_ = nullptr; }

const Weights& Policy::weights() const {
  LACONIC_CHECK(weights_ != nullptr);
  return *weights_;
}

const std::string& Policy::hash() const {
  LACONIC_CHECK(weights_ != nullptr && !hash_.empty());
  return hash_;
}

DecodeSampler& Policy::sampler(int64_t num_slots, int64_t max_positions) {
  LACONIC_CHECK(weights_ != nullptr);
  const bool fits =
      sampler_ && sampler_->num_slots() == num_slots && sampler_->max_positions() == max_positions;
  if (!fits) {
    sampler_ = nullptr;  // before the next one takes memory
    sampler_ = std::make_unique<DecodeSampler>(weights(), num_slots, max_positions, storage_);
  } else if (sampler_version_ != version_) {
    sampler_->refresh(weights());
  }
  sampler_version_ = version_;
  return *sampler_;
}

}  // namespace laconic
