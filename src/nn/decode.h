// The decoder as the sampler sees it: a KV cache of slots, prefill of a prompt, one step for many
// slots.
//
// The result for a slot does not depend on the other slots, bit for bit: rows are padded to a fixed
// multiple for the matrix products, and attention is computed slot by slot. Reads `weights` by
// reference: whoever changes them calls `weights_changed()`, which drops cached packing and keys.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "nn/weights.h"

namespace laconic {

class DecodeModel {
 public:
  // max_positions: capacity of a slot in tokens, prompt included. Memory: 2 L K E max_positions
  // num_slots floats, claimed as slots grow.
  DecodeModel(const Weights& weights, int64_t num_slots, int64_t max_positions);
  ~DecodeModel();

  int64_t num_slots() const;
  int64_t vocab_size() const;
  // Empties the slot, runs the prompt and writes the logits [V] of its last position.
  void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits);
  // One more token for each named slot; writes logits [slots.size(), V], row i for slots[i]. Slots
  // are distinct.
  void step(std::span<const int32_t> slots, std::span<const int32_t> ids, std::span<float> logits);
  // Makes `to` a copy of `from` (samples of one problem share their prompt's work).
  void copy_slot(int64_t from, int64_t to);
  void weights_changed();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace laconic
