// One side of a chat: a model in memory, what was said so far, and the next reply as it is drawn.
//
// A reply's ids are those that `laconic generate` draws for the same prompt, setting and seed with
// the turn's number as id ("1", "2", ...). A turn runs the conversation from where its prompt
// differs from the turn's before. A model without chat template continues each line as it is. Not
// thread-safe; two objects may work side by side. Errors: Error(kModel) for the folder;
// Error(kUsage) for a conversation that is too long.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/sampling_options.h"
#include "base/json.h"

namespace laconic {

struct ChatReply {
  std::string text;
  int64_t num_tokens = 0;
  int64_t num_thinking_tokens = 0;
  std::string finish_reason;  // "stop", "length", "interrupted"
  double seconds = 0;
};

class ChatModel {
 public:
  // `adapter`: a PEFT folder that is merged, "" for none.
  ChatModel(const std::string& folder, const std::string& adapter, const SamplingOptions& sampling);
  ~ChatModel();

  void reset(const std::string& system);  // forgets all; "" is no system turn
  bool starts_thinking() const;           // the prompt already opens the think span

  struct Listener {
    std::function<void(std::string_view piece)> on_text;  // may be called from another thread
    std::function<bool()> keep_going;
  };
  // Adds the user's turn and the reply to the conversation; after an Error it is as before.
  ChatReply reply(const std::string& user, const Listener& listener);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace laconic
