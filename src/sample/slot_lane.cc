// SPDX-License-Identifier: Apache-2.0
#include "sample/slot_lane.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"
#include "base/profile.h"

namespace laconic {
namespace {

// Positions: a copy shares pages of the cache, of which the one written next is copied whole.
constexpr size_t kSharedWorthCopying = 16;

// The generator's key of a request: seed and id both mixed in, so that neither two seeds nor two
// ids share a stream.
uint64_t key_of(const SampleRequest& request, uint64_t seed) {
  const auto bits = philox(seed, hash64(request.id), 0);
  return uint64_t{bits[0]} << 32 | bits[1];
}

}  // namespace

SlotLane::SlotLane(StepModel& model, RequestQueue& queue)
    : model_(model),
      queue_(queue),
      vocab_size_(static_cast<size_t>(model.vocab_size())),
      logits_(static_cast<size_t>(model.num_slots()) * vocab_size_) {
  abandon();
  slots_.reserve(free_slots_.size());
  ids_.reserve(free_slots_.size());
}

template <typename Function>
bool SlotLane::guarded(const Function& function) {
  try {
    function();
    return true;
  } catch (...) {
    if (!error_) error_ = std::current_exception();
    return false;
  }
}

bool SlotLane::may_go_on() {
  bool may = false;
  guarded([&] { may = queue_.may_go_on(std::exchange(num_new_tokens_, 0)); });
  return may;
}

// Asks has_left(row) of each that runs, in order.
template <typename Function>
void SlotLane::keep_unless(const Function& has_left) {
  size_t kept = 0;
  for (size_t row = 0; row < running_.size(); ++row) {
    if (has_left(row)) continue;
    if (kept != row) running_[kept] = std::move(running_[row]);
    ++kept;
  }
  running_.resize(kept);
}

// Every slot is free again, and what was in it is gone without a call.
void SlotLane::abandon() {
  for (const Running& running : running_) queue_.finish(*running.entry);
  running_.clear();
  prompt_ = nullptr;
  free_slots_.clear();
  for (int64_t slot = model_.num_slots() - 1; slot >= 0; --slot)
    free_slots_.push_back(static_cast<int32_t>(slot));
}

// Those of `taken` that keep_going or an error leaves out wait again.
void SlotLane::admit_all(std::span<const Entry> taken) {
  for (; !taken.empty(); taken = taken.subspan(1)) {
    if (error_ || !may_go_on()) return queue_.give_back(taken);
    try {
      admit(taken[0]);
    } catch (...) {
      queue_.finish(*taken[0]);
      queue_.give_back(taken.subspan(1));
      throw;
    }
  }
}

SlotLane::Turn SlotLane::turn() {
  Turn done = Turn::kIdle;
  try {
    done = turn_of_all();
  } catch (...) {
    abandon();  // a model's error
    throw;
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return done;
}

SlotLane::Turn SlotLane::turn_of_all() {
  bool worked = drop_cancelled();
  while (!free_slots_.empty() && !error_) {
    const std::vector<Entry> taken = queue_.take(free_slots_.size());
    if (taken.empty()) break;
    worked = true;
    admit_all(taken);
    if (queue_.stopped()) break;
  }
  if (error_) return Turn::kWorked;
  if (queue_.stopped()) return Turn::kStopped;
  if (running_.empty()) return worked ? Turn::kWorked : Turn::kIdle;
  if (!may_go_on()) return Turn::kStopped;
  step();
  return Turn::kWorked;
}

bool SlotLane::drop_cancelled() {
  const std::vector<Entry> waited = queue_.take_cancelled();
  for (const Entry& entry : waited) {
    Running none{entry, -1, 0};
    finish(none, FinishReason::kCancelled);
  }
  const size_t num_before = running_.size();
  keep_unless([&](size_t row) {
    if (!running_[row].entry->cancelled) return false;
    finish(running_[row], FinishReason::kCancelled);
    return true;
  });
  return !waited.empty() || running_.size() < num_before;
}

// The slot admitted last still holds its prompt, even where it has finished: only an admission
// overwrites a slot. What the new prompt begins with alike (instruction, examples, earlier turns of
// a chat) is not run again.
void SlotLane::fill_slot(int32_t slot, const Entry& entry) {
  const std::span<const int32_t> prompt = entry->request->prompt;
  std::span<const int32_t> held;
  if (prompt_) held = prompt_->request->prompt;
  const auto differ = std::mismatch(prompt.begin(), prompt.end(), held.begin(), held.end());
  auto shared = static_cast<size_t>(differ.first - prompt.begin());
  prompt_logits_.resize(vocab_size_);
  if (shared == prompt.size() && shared == held.size()) {
    model_.copy_slot(prompt_slot_, slot, static_cast<int64_t>(shared));
  } else if (shared = std::min(shared, prompt.size() - 1); shared >= kSharedWorthCopying) {
    model_.copy_slot(prompt_slot_, slot, static_cast<int64_t>(shared));
    model_.extend(slot, prompt.subspan(shared), prompt_logits_);
  } else {
    model_.prefill(slot, prompt, prompt_logits_);
  }
  prompt_ = entry;
  prompt_slot_ = slot;
}

// Fills a free slot with a request and draws its first token from the prompt's logits.
void SlotLane::admit(Entry entry) {
  const int32_t slot = free_slots_.back();
  free_slots_.pop_back();
  fill_slot(slot, entry);
  const uint64_t key = key_of(*entry->request, entry->settings->seed);
  Running running{std::move(entry), slot, key};
  std::optional<FinishReason> end;
  const bool begun = guarded([&] {
    const ScheduledRequest& begun_with = *running.entry;
    if (!begun_with.make_control) return;
    running.sample.control = begun_with.make_control(*begun_with.request);
    if (running.sample.control) end = ask_control(running).finish;
  });
  if (!begun) return lose(running);
  if (end) return finish(running, *end);
  if (!append(running, draw(running, prompt_logits_))) running_.push_back(std::move(running));
}

Draw SlotLane::draw(const Running& running, std::span<const float> logits) const {
  const ProfileScope scope("draw of a token");
  if (!running.to_force.empty())
    return {running.to_force.front(), token_logprob(logits, running.to_force.front())};
  const auto sample_idx = static_cast<uint64_t>(running.entry->request->sample_idx);
  const double uniform = philox_uniform(running.key, running.sample.ids.size(), sample_idx);
  Control* const control = running.sample.control.get();
  if (!control || !control->changes_logits())
    return draw_token(logits, *running.entry->settings, uniform);
  std::vector<float> changed(logits.begin(), logits.end());
  control->on_logits(changed);
  const int32_t id = draw_token(changed, *running.entry->settings, uniform).id;
  return {id, token_logprob(logits, id)};
}

Control::Next SlotLane::ask_control(Running& running) {
  Control::Next next = running.sample.control->on_ids(running.sample.ids);
  for (const int32_t id : next.forced)
    LACONIC_CHECK(id >= 0 && static_cast<size_t>(id) < vocab_size_, "forced id ", id);
  running.to_force.insert(running.to_force.end(), next.forced.begin(), next.forced.end());
  if (next.num_dropped > 0) drop(running, next.num_dropped);
  return next;
}

// The slot goes back to before the last id that is left, which the next step feeds again.
void SlotLane::drop(Running& running, int64_t num_dropped) {
  Sample& sample = running.sample;
  LACONIC_CHECK(num_dropped <= std::ssize(sample.ids));
  const auto num_left = static_cast<size_t>(std::ssize(sample.ids) - num_dropped);
  sample.ids.resize(num_left);
  sample.logprobs.resize(num_left);
  while (!sample.forced.empty() && sample.forced.back() >= static_cast<int64_t>(num_left))
    sample.forced.pop_back();
  const size_t num_held = running.entry->request->prompt.size() + num_left - 1;
  model_.copy_slot(running.slot, running.slot, static_cast<int64_t>(num_held));
  // No longer a whole prompt that an admission could copy.
  if (num_left == 0 && running.slot == prompt_slot_) prompt_ = nullptr;
}

bool SlotLane::append(Running& running, const Draw& drawn) {
  std::optional<FinishReason> end;
  if (!guarded([&] { end = add(running, drawn); })) {
    lose(running);
    return true;
  }
  if (end) finish(running, *end);
  return end.has_value();
}

std::optional<FinishReason> SlotLane::add(Running& running, const Draw& drawn) {
  Sample& sample = running.sample;
  const ScheduledRequest& entry = *running.entry;
  const int64_t position = std::ssize(sample.ids);
  const bool forced = !running.to_force.empty();
  if (forced) {
    running.to_force.erase(running.to_force.begin());
    sample.forced.push_back(position);
  }
  sample.ids.push_back(drawn.id);
  sample.logprobs.push_back(drawn.logprob);
  ++num_new_tokens_;
  std::optional<FinishReason> end;
  if (sample.control) {
    const Control::Next next = ask_control(running);
    if (next.num_dropped > 0) return next.finish;
    end = next.finish;
  }
  entry.listener->on_token(entry.ticket, {drawn.id, drawn.logprob, position, forced});
  if (end) return end;
  const auto& stops = entry.settings->stop_ids;
  if (std::find(stops.begin(), stops.end(), drawn.id) != stops.end()) return FinishReason::kStop;
  if (std::ssize(sample.ids) >= entry.max_new_tokens()) return FinishReason::kLength;
  return std::nullopt;
}

// After an error of its listener or Control.
void SlotLane::lose(Running& running) {
  free_slots_.push_back(running.slot);
  queue_.finish(*running.entry);
}

void SlotLane::finish(Running& running, FinishReason reason) {
  const ScheduledRequest& entry = *running.entry;
  if (running.slot >= 0) free_slots_.push_back(running.slot);
  running.sample.finish_reason = reason;
  running.sample.request_idx = static_cast<size_t>(entry.ticket);
  guarded([&] { entry.listener->on_finish(entry.ticket, std::move(running.sample)); });
  queue_.finish(entry);  // after the call, which may submit the next one
}

void SlotLane::step() {
  slots_.clear();
  ids_.clear();
  for (const Running& running : running_) {
    slots_.push_back(running.slot);
    ids_.push_back(running.last_id());
  }
  model_.step(slots_, ids_, std::span(logits_).first(running_.size() * vocab_size_));
  drawn_.resize(running_.size());
  model_.for_each(std::ssize(running_), [&](int64_t i) {
    const auto row = static_cast<size_t>(i);
    drawn_[row] = draw(running_[row], std::span(logits_).subspan(row * vocab_size_, vocab_size_));
  });
  keep_unless([&](size_t row) { return append(running_[row], drawn_[row]); });
}

}  // namespace laconic
