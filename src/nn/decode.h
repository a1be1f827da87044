// The decoder as the sampler sees it: a KV cache of slots, prefill of a prompt, one step for many
// slots.
//
// The result for a slot does not depend on the other slots, on how its positions were split into
// calls (but see below), or on the number of threads, bit for bit: every output of a matrix product
// is one chain of multiply-adds over the inner dimension in order, whatever the number of rows
// (nn/decode_matrix.h), and attention is computed query by query over the slot's own cache.
//
// Where the rotation depends on the sequence's length, this follows transformers' generate: a
// prompt is rotated for its own length; a key keeps the rotation that it was stored with, which a
// step makes for the length then (dynamic; longrope); but a Phi-3 that outgrows its original
// context is run again from its first token, with the long factors. Slots of such models keep their
// ids, and copy_slot runs them again where the copy is shorter than what its keys are rotated for.
//
// Reads `weights` by reference (the embedding) and keeps a packed copy of its matrices: weights
// that change want a refresh. Adapters beside the weights are not seen: merge them first. CPU
// only, computed in fp32 (with kBfloat16 the products in bf16, their sums in fp32); weights
// elsewhere are Error(kUsage). Not thread-safe; uses ATen's intra-op threads. Memory beside the
// weights: the packed ones (4 bytes a weight in fp32, 2 in bf16, 1 in int8; kAuto chooses for each
// matrix), 8 L K E bytes a cached position (4 with kBfloat16 and kInt8, which round keys and values
// to bf16) in pages of 64 that slots take as they grow and share after copy_slot, and S V logits of
// the caller.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "nn/decode_weights.h"  // StorageChoice
#include "nn/weights.h"

namespace laconic {

struct DecodeOptions {
  DecodeOptions(StorageChoice chosen = StorageChoice::kAuto) : storage(chosen) {}  // implicit
  StorageChoice storage;
  // Sends small models the large ones' way, where threads split the outputs of each matrix: for
  // tests, the same bits.
  bool always_by_columns = false;
};

class DecodeModel {
 public:
  // max_positions: capacity of a slot in tokens, prompt included.
  DecodeModel(const Weights& weights, int64_t num_slots, int64_t max_positions,
              const DecodeOptions& options = {});
  ~DecodeModel();

  // Takes these weights, of the same shapes, in the memory of the old ones, and empties every slot:
  // the same bits as a model made of them. `weights` may be the old ones, changed. Not for one of
  // make_decode_models, which are refreshed together.
  void refresh(const Weights& weights);

  int64_t num_slots() const;
  int64_t vocab_size() const;
  int64_t max_positions() const;
  int64_t num_positions(int64_t slot) const;  // now in the slot
  // Empties the slot, runs the prompt and writes the logits [V] of its last position.
  void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits);
  // Appends ids to what the slot holds and writes the logits [V] of the last one: the same bits as
  // a prefill of the whole, without running what is there again. A slot that would be more than
  // full is Error(kUsage) and stays as it was.
  void extend(int64_t slot, std::span<const int32_t> ids, std::span<float> logits);
  // One more token for each named slot; writes logits [slots.size(), V], row i for slots[i]. Slots
  // are distinct. A slot that is full is Error(kUsage).
  void step(std::span<const int32_t> slots, std::span<const int32_t> ids, std::span<float> logits);
  // Makes `to` hold the first num_positions positions of `from` (samples of one problem share their
  // prompt's work); from == to cuts the slot back. No cache is copied until one of the two writes.
  void copy_slot(int64_t from, int64_t to, int64_t num_positions);
  // function(i) once for each of [0, count), by the threads that a step uses, in any order.
  void for_each(int64_t count, const std::function<void(int64_t)>& function);

 private:
  struct State;
  explicit DecodeModel(std::unique_ptr<State> state);
  friend std::vector<std::unique_ptr<DecodeModel>> make_decode_models(const Weights& weights,
                                                                      int64_t num_slots,
                                                                      int64_t max_positions,
                                                                      const DecodeOptions& options);
  friend void refresh_decode_models(std::span<const std::unique_ptr<DecodeModel>> models,
                                    const Weights& weights);
  std::unique_ptr<State> state_;
};

// The slots that make_decode_models makes where num_slots are asked for: a model of few packed
// weights gets six a thread at most, with which it is fastest.
int64_t slots_made(int64_t num_packed_weights, int64_t num_slots);

// Models for sample_all, slots_made in all: for small weights one for each of ATen's threads, which
// share the packed weights and each stay on the thread that calls them (no thread ever waits for
// another); otherwise a single one, whose operations are shared by the threads. The same bits.
std::vector<std::unique_ptr<DecodeModel>> make_decode_models(const Weights& weights,
                                                             int64_t num_slots,
                                                             int64_t max_positions,
                                                             const DecodeOptions& options = {});

// DecodeModel::refresh of all that one make_decode_models made; packs once.
void refresh_decode_models(std::span<const std::unique_ptr<DecodeModel>> models,
                           const Weights& weights);

}  // namespace laconic
