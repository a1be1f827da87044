// What the sampler needs of a model. DecodeModel fits (sample/decode_step_model.h), tests use a
// mock.
//
// Each slot holds a sequence of positions that only grows, until prefill or copy_slot replaces it.
// The logits of a slot must not depend on the other slots, nor on how its positions were split into
// calls. Not thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace laconic {

class StepModel {
 public:
  virtual ~StepModel() = default;
  virtual int64_t num_slots() const = 0;
  virtual int64_t vocab_size() const = 0;
  // Capacity of a slot in tokens, prompt included.
  virtual int64_t max_positions() const = 0;
  // Replaces what the slot holds; writes the logits [V] of the last position.
  virtual void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) = 0;
  // One more id for each of the distinct slots; writes logits [slots.size(), V].
  virtual void step(std::span<const int32_t> slots, std::span<const int32_t> ids,
                    std::span<float> logits) = 0;
  // Appends ids to what the slot holds; writes the logits [V] of the last one. The same logits as a
  // prefill of the whole. REQUIRES: ids, and a slot that is not empty.
  virtual void extend(int64_t slot, std::span<const int32_t> ids, std::span<float> logits) = 0;
  // Makes `to` hold the first num_positions positions of `from`; from == to cuts the slot back to
  // them.
  virtual void copy_slot(int64_t from, int64_t to, int64_t num_positions) = 0;
  // function(i) once for each of [0, count), on as many threads as a step of the model takes, in
  // any order: the draws of a step, which do not touch each other. Passes on what it throws.
  virtual void for_each(int64_t count, const std::function<void(int64_t)>& function) {
    for (int64_t i = 0; i < count; ++i) function(i);
  }
};

}  // namespace laconic
