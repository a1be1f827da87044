// SPDX-License-Identifier: Apache-2.0
#include "nn/decode.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "nn/decode_pass.h"
#include "nn/decode_weights.h"
#include "nn/kv_cache.h"

namespace laconic {
namespace {

void check_arguments(const Weights& weights, int64_t num_slots, int64_t max_positions) {
  require(weights.flat.device().is_cpu(), ErrorKind::kUsage,
          "sampler: expected weights on the CPU, got ", weights.flat.device().str(),
          " (sampling runs on the CPU only)");
  require(num_slots >= 1, ErrorKind::kUsage, "slots: expected 1 or more, got ", num_slots);
  require(max_positions >= 1, ErrorKind::kUsage,
          "sampler: expected room for 1 position or more, got ", max_positions);
}

void check_same_shapes(const Weights& weights, const ModelConfig& config) {
  const ModelConfig& given = weights.config;
  LACONIC_CHECK(weights.flat.device().is_cpu());
  LACONIC_CHECK(
      given.num_layers == config.num_layers && given.hidden_size == config.hidden_size &&
          given.vocab_size == config.vocab_size && given.qkv_width() == config.qkv_width() &&
          given.intermediate_size == config.intermediate_size &&
          given.num_experts == config.num_experts && given.architecture == config.architecture,
      "weights of other shapes");
}

std::shared_ptr<DecodeWeights> pack_for_decoding(const Weights& weights, StorageChoice storage) {
  auto packed = std::make_shared<DecodeWeights>();
  packed->choice = storage;
  packed->pack(weights);
  return packed;
}

// What a slot must remember where its rotation depends on the length.
struct History {
  std::vector<int32_t> ids;
  int64_t num_prompt = 0;
};

}  // namespace

struct DecodeModel::State {
  State(const Weights& weights, int64_t num_slots, int64_t max_positions,
        std::shared_ptr<DecodeWeights> packed)
      : config(weights.config),
        cache(config, num_slots, max_positions, kv_storage(packed->choice)),
        pass(weights, cache, std::move(packed)),
        by_length(pass.regime(max_positions) != 0),
        reruns(by_length && config.architecture == "Phi3ForCausalLM"),
        histories(by_length ? static_cast<size_t>(num_slots) : 0) {}

  History& history(int64_t slot) { return histories[static_cast<size_t>(slot)]; }
  // The length that the position is rotated for, when it comes to a slot by a step.
  int64_t step_length(int64_t slot, int64_t position) {
    return by_length && !reruns ? std::max(history(slot).num_prompt, position + 1) : position + 1;
  }
  // Empties the slot and runs the prompt; writes the logits of the last position unless empty.
  void run_prompt(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits);
  void run_on(int64_t slot, std::span<const int32_t> ids, std::span<float> logits);
  void extend(int64_t slot, std::span<const int32_t> ids, std::span<float> logits);
  void append(int64_t slot, int32_t id);
  bool crosses(int64_t slot) const;
  void copy_slot(int64_t from, int64_t to, int64_t num_positions);

  // What was packed from these weights is there; no slot holds anything of the old ones.
  void take(const Weights& weights);

  const ModelConfig config;
  KvCache cache;
  DecodePass pass;
  const bool by_length;  // somewhere within a slot's capacity
  const bool reruns;     // a slot that outgrows the original context
  std::vector<History> histories;
};

void DecodeModel::State::run_prompt(int64_t slot, std::span<const int32_t> prompt,
                                    std::span<float> logits) {
  cache.clear(slot);
  if (by_length) history(slot) = {};
  run_on(slot, prompt, logits);
}

// Behind what the slot holds, in chunks, rotated for the length of the whole.
void DecodeModel::State::run_on(int64_t slot, std::span<const int32_t> ids,
                                std::span<float> logits) {
  const int64_t held = cache.num_positions(slot), length = held + std::ssize(ids);
  cache.grow(slot, std::ssize(ids));
  if (by_length) {
    history(slot).ids.insert(history(slot).ids.end(), ids.begin(), ids.end());
    history(slot).num_prompt = length;
  }
  for (int64_t begin = held; begin < length; begin += kPrefillRows) {
    const int64_t end = std::min(length, begin + kPrefillRows);
    pass.clear();
    for (int64_t i = begin; i < end; ++i)
      pass.add_row(cache.pages(slot), i, ids[static_cast<size_t>(i - held)], length);
    const bool wanted = end == length && !logits.empty();
    pass.run_prompt({pass.num_rows() - (wanted ? 1 : 0), pass.num_rows()}, logits.data());
  }
}

// As a prompt of the whole would be rotated: where the keys that the slot holds are not, all of it
// is run again.
void DecodeModel::State::extend(int64_t slot, std::span<const int32_t> ids,
                                std::span<float> logits) {
  if (by_length) {
    const int64_t held = cache.num_positions(slot), length = held + std::ssize(ids);
    const int64_t rotated_for = reruns ? held : history(slot).num_prompt;
    if (held > 0 && pass.regime(rotated_for) != pass.regime(length)) {
      cache.require_room(slot, std::ssize(ids));
      std::vector<int32_t> all = history(slot).ids;
      all.insert(all.end(), ids.begin(), ids.end());
      return run_prompt(slot, all, logits);
    }
  }
  run_on(slot, ids, logits);
}

void DecodeModel::State::append(int64_t slot, int32_t id) {
  const int64_t position = cache.num_positions(slot);
  cache.grow(slot, 1);
  pass.add_row(cache.pages(slot), position, id, step_length(slot, position));
  if (by_length) history(slot).ids.push_back(id);
}

// Whether the slot's last position took it out of the original context, and all must be rotated
// anew.
bool DecodeModel::State::crosses(int64_t slot) const {
  const int64_t length = cache.num_positions(slot);
  return reruns && pass.regime(length) != pass.regime(length - 1);
}

void DecodeModel::State::copy_slot(int64_t from, int64_t to, int64_t num_positions) {
  if (!by_length) return cache.copy(from, to, num_positions);
  LACONIC_CHECK(num_positions <= cache.num_positions(from));
  History copied = history(from);
  copied.ids.resize(static_cast<size_t>(num_positions));
  // The length that the first positions were rotated for, and the one that they would be alone.
  const int64_t held = reruns ? cache.num_positions(from) : copied.num_prompt;
  const int64_t wanted = std::min(held, num_positions);
  if (pass.regime(held) != pass.regime(wanted)) return run_prompt(to, copied.ids, {});
  cache.copy(from, to, num_positions);
  copied.num_prompt = std::min(copied.num_prompt, num_positions);
  history(to) = std::move(copied);
}

DecodeModel::DecodeModel(const Weights& weights, int64_t num_slots, int64_t max_positions,
                         const DecodeOptions& options) {
  check_arguments(weights, num_slots, max_positions);
  auto packed = pack_for_decoding(weights, options.storage);
  state_ = std::make_unique<State>(weights, num_slots, max_positions, std::move(packed));
  state_->pass.always_by_columns = options.always_by_columns;
}

void DecodeModel::State::take(const Weights& weights) {
  pass.set_weights(weights);
  for (int64_t slot = 0; slot < cache.num_slots(); ++slot) cache.clear(slot);
  for (History& each : histories) each = {};
}

void DecodeModel::refresh(const Weights& weights) {
  LACONIC_CHECK(state_->pass.packed.use_count() == 1, "models that share their packed weights");
  check_same_shapes(weights, state_->config);
  state_->pass.packed->pack(weights);
  state_->take(weights);
}

void refresh_decode_models(std::span<const std::unique_ptr<DecodeModel>> models,
                           const Weights& weights) {
  LACONIC_CHECK(!models.empty());
  const std::shared_ptr<DecodeWeights> packed = models[0]->state_->pass.packed;
  check_same_shapes(weights, models[0]->state_->config);
  packed->pack(weights);
  for (const auto& model : models) {
    LACONIC_CHECK(model->state_->pass.packed == packed, "models of one make_decode_models");
    model->state_->take(weights);
  }
}

DecodeModel::DecodeModel(std::unique_ptr<State> state) : state_(std::move(state)) {}

int64_t slots_made(int64_t num_packed_weights, int64_t num_slots) {
  if (!splits_rows(num_packed_weights)) return num_slots;
  return std::min<int64_t>(num_slots, kRowSplitSlots * at::get_num_threads());
}

std::vector<std::unique_ptr<DecodeModel>> make_decode_models(const Weights& weights,
                                                             int64_t num_slots,
                                                             int64_t max_positions,
                                                             const DecodeOptions& options) {
  check_arguments(weights, num_slots, max_positions);
  auto packed = pack_for_decoding(weights, options.storage);
  num_slots = slots_made(packed->num_weights, num_slots);
  const int64_t num_models =
      splits_rows(packed->num_weights) ? std::min<int64_t>(at::get_num_threads(), num_slots) : 1;
  std::vector<std::unique_ptr<DecodeModel>> models;
  for (int64_t i = 0; i < num_models; ++i) {
    const int64_t share = num_slots * (i + 1) / num_models - num_slots * i / num_models;
    auto state = std::make_unique<DecodeModel::State>(weights, share, max_positions, packed);
    state->pass.one_thread = num_models > 1;
    state->pass.always_by_columns = options.always_by_columns;
    models.emplace_back(new DecodeModel(std::move(state)));
  }
  return models;
}

DecodeModel::~DecodeModel() = default;

int64_t DecodeModel::num_slots() const { return state_->cache.num_slots(); }
int64_t DecodeModel::vocab_size() const { return state_->config.vocab_size; }
int64_t DecodeModel::max_positions() const { return state_->cache.max_positions(); }
int64_t DecodeModel::num_positions(int64_t slot) const { return state_->cache.num_positions(slot); }

void DecodeModel::prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) {
  LACONIC_CHECK(static_cast<int64_t>(logits.size()) == vocab_size());
  LACONIC_CHECK(!prompt.empty());
  state_->run_prompt(slot, prompt, logits);
}

void DecodeModel::extend(int64_t slot, std::span<const int32_t> ids, std::span<float> logits) {
  LACONIC_CHECK(static_cast<int64_t>(logits.size()) == vocab_size());
  LACONIC_CHECK(!ids.empty());
  state_->extend(slot, ids, logits);
}

void DecodeModel::step(std::span<const int32_t> slots, std::span<const int32_t> ids,
                       std::span<float> logits) {
  State& s = *state_;
  const auto vocab = static_cast<size_t>(vocab_size());
  LACONIC_CHECK(slots.size() == ids.size());
  LACONIC_CHECK(logits.size() == slots.size() * vocab);
  for (int32_t slot : slots) s.cache.require_room(slot, 1);
  s.pass.clear();
  for (size_t i = 0; i < slots.size(); ++i) s.append(slots[i], ids[i]);
  s.pass.run_slots(logits.data());
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!s.crosses(slots[i])) continue;
    const std::vector<int32_t> all = s.history(slots[i]).ids;
    s.run_prompt(slots[i], all, logits.subspan(i * vocab, vocab));
  }
}

void DecodeModel::copy_slot(int64_t from, int64_t to, int64_t num_positions) {
  state_->copy_slot(from, to, num_positions);
}

void DecodeModel::for_each(int64_t count, const std::function<void(int64_t)>& function) {
  state_->pass.for_each(count, function);
}

}  // namespace laconic
