// SPDX-License-Identifier: Apache-2.0
#include "app/chat_model.h"

#include <algorithm>
#include <chrono>

#include "app/adapted_model.h"
#include "base/error.h"
#include "nn/decode.h"
#include "nn/model_folder.h"
#include "nn/rope.h"
#include "sample/decode_step_model.h"
#include "sample/scheduler.h"
#include "text/prompt_builder.h"
#include "text/think_span.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

Json message(const char* role, const std::string& content) {
  Json out = Json::object();
  out["role"] = role;
  out["content"] = content;
  return out;
}

// The text of a reply as its ids come.
class ReplyText : public SampleListener {
 public:
  ReplyText(const Tokenizer& tokenizer, Scheduler& scheduler, const ChatModel::Listener& listener)
      : decoder_(tokenizer, /*skip_special=*/true), scheduler_(scheduler), listener_(listener) {}
  void on_token(Ticket ticket, const SampledToken& token) override {
    say(decoder_.push(token.id));
    if (!listener_.keep_going()) scheduler_.cancel(ticket);
  }
  void on_finish(Ticket, Sample&& done) override {
    say(decoder_.finish());
    sample = std::move(done);
  }

  Sample sample;

 private:
  void say(const std::string& text) const {
    if (!text.empty()) listener_.on_text(text);
  }
  IncrementalDecoder decoder_;
  Scheduler& scheduler_;
  const ChatModel::Listener& listener_;
};

}  // namespace

struct ChatModel::State {
  State(const std::string& folder, const std::string& adapter)
      : model(load_adapted_model(folder, adapter)),
        builder(load_prompts(folder, model.index.config)) {}

  ModelFolder model;
  PromptBuilder builder;
  SamplingSettings sampling;
  std::unique_ptr<DecodeModel> decode;
  std::unique_ptr<DecodeStepModel> steps;
  std::unique_ptr<Scheduler> scheduler;
  Json messages = Json::array();
  int64_t num_turns = 0;

  std::vector<int32_t> prompt(const std::string& user, Json& turns) const {
    if (!builder.has_template()) return builder.plain_prompt_ids(user);
    turns = messages;
    turns.push_back(message("user", user));
    return builder.prompt_ids(turns);
  }
};

ChatModel::ChatModel(const std::string& folder, const std::string& adapter,
                     const SamplingOptions& sampling)
    : state_(std::make_unique<State>(State(folder, adapter))) {
  state_->sampling = sampling_settings(sampling, state_->builder);
  state_->decode = std::make_unique<DecodeModel>(state_->model.weights, 1,
                                                 context_positions(state_->model.weights.config),
                                                 parse_storage_choice(sampling.sampling_weights));
  state_->steps = std::make_unique<DecodeStepModel>(*state_->decode);
  StepModel* const models[] = {state_->steps.get()};
  state_->scheduler = std::make_unique<Scheduler>(models);
}

ChatModel::~ChatModel() = default;

void ChatModel::reset(const std::string& system) {
  state_->messages = Json::array();
  state_->num_turns = 0;
  if (!system.empty()) state_->messages.push_back(message("system", system));
}

bool ChatModel::starts_thinking() const {
  return state_->builder.has_template() && state_->builder.prompt_opens_think();
}

ChatReply ChatModel::reply(const std::string& user, const Listener& listener) {
  const auto start = std::chrono::steady_clock::now();
  State& state = *state_;
  Json turns;
  const SampleRequest request = {cat(state.num_turns + 1), 0, state.prompt(user, turns)};
  SamplingSettings sampling = state.sampling;
  const int64_t room = state.decode->max_positions() - static_cast<int64_t>(request.prompt.size());
  require(room > 0, ErrorKind::kUsage, "chat: expected a conversation within ",
          state.decode->max_positions(), " tokens, got ", request.prompt.size(), " (try /reset)");
  sampling.max_new_tokens = std::min(sampling.max_new_tokens, room);

  ReplyText text(state.builder.tokenizer(), *state.scheduler, listener);
  state.scheduler->submit(request, sampling, text);
  state.scheduler->run();
  const std::vector<int32_t>& ids = text.sample.ids;

  ChatReply reply;
  reply.text = state.builder.has_template() ? state.builder.completion_text(ids)
                                            : state.builder.tokenizer().decode(ids, true);
  reply.num_tokens = static_cast<int64_t>(ids.size());
  reply.num_thinking_tokens =
      count_think_tokens(state.builder.tokenizer(), ids, starts_thinking()).thinking_tokens;
  reply.finish_reason = text.sample.finish_reason == FinishReason::kCancelled
                            ? "interrupted"
                            : finish_reason_name(text.sample.finish_reason);
  reply.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (state.builder.has_template()) {
    // What the model sampled of control tokens is no part of the conversation's text.
    std::vector<int32_t> said;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(said),
                 [&](int32_t id) { return !state.builder.is_control(id); });
    turns.push_back(message("assistant", state.builder.completion_text(said)));
    state.messages = std::move(turns);
  }
  ++state.num_turns;
  return reply;
}

}  // namespace laconic
