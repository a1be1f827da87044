// One model's slots at work. Internal to the scheduler.
//
// Not thread-safe: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <vector>

#include "sample/request_queue.h"
#include "sample/sample.h"
#include "sample/step_model.h"

namespace laconic {

class SlotLane {
 public:
  SlotLane(StepModel& model, RequestQueue& queue);

  enum class Turn { kWorked, kIdle, kStopped };
  // Cancelled requests leave, waiting ones are admitted, those that run get a token. Throws what a
  // listener threw once all of it is done; after what a model threw all slots are free.
  Turn turn();

 private:
  using Entry = RequestQueue::Entry;
  // A slot at work: it holds the prompt and the ids but the last of them, which the next step
  // feeds.
  struct Running {
    Entry entry;
    int32_t slot = 0;
    uint64_t key = 0;
    Sample sample = {};
    std::vector<int32_t> to_force = {};  // come next

    int32_t last_id() const {
      return sample.ids.empty() ? entry->request->prompt.back() : sample.ids.back();
    }
  };

  Turn turn_of_all();
  bool drop_cancelled();
  void abandon();
  void admit_all(std::span<const Entry> taken);
  void admit(Entry entry);
  void fill_slot(int32_t slot, const Entry& entry);
  Draw draw(const Running& running, std::span<const float> logits) const;
  // Whether the id ends the sample, which has then been handed out and its slot freed.
  bool append(Running& running, const Draw& drawn);
  std::optional<FinishReason> add(Running& running, const Draw& drawn);
  Control::Next ask_control(Running& running);
  void drop(Running& running, int64_t num_dropped);
  void lose(Running& running);
  void finish(Running& running, FinishReason reason);
  void step();
  // Runs the function, keeping the first error that it throws.
  template <typename Function>
  bool guarded(const Function& function);
  template <typename Function>
  void keep_unless(const Function& has_left);
  bool may_go_on();

  StepModel& model_;
  RequestQueue& queue_;
  const size_t vocab_size_;
  std::vector<float> logits_;         // [S, V]
  std::vector<float> prompt_logits_;  // [V], of the prompt admitted last
  Entry prompt_;                      // whose that is
  int32_t prompt_slot_ = 0;           // which holds that prompt
  std::vector<int32_t> free_slots_, slots_, ids_;
  std::vector<Running> running_;
  std::vector<Draw> drawn_;     // by the last step
  int64_t num_new_tokens_ = 0;  // not reported yet
  std::exception_ptr error_;    // of a listener
};

}  // namespace laconic
