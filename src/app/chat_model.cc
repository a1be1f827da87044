// SPDX-License-Identifier: Apache-2.0
#include "app/chat_model.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "app/adapted_model.h"
#include "base/error.h"
#include "base/file.h"
#include "nn/decode.h"
#include "nn/model_folder.h"
#include "nn/rope.h"
#include "sample/decode_step_model.h"
#include "sample/sampler.h"
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

// Tells each id when it is fed back: the sampler itself hands out whole samples only.
class Streaming : public DecodeStepModel {
 public:
  Streaming(DecodeModel& model, std::function<void(int32_t)> on_id)
      : DecodeStepModel(model), on_id_(std::move(on_id)) {}
  void step(std::span<const int32_t> slots, std::span<const int32_t> ids,
            std::span<float> logits) override {
    on_id_(ids[0]);
    DecodeStepModel::step(slots, ids, logits);
  }

 private:
  std::function<void(int32_t)> on_id_;
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
  Json messages = Json::array();
  int64_t num_turns = 0;

  std::vector<int32_t> prompt(const std::string& user, Json& turns) const {
    if (!builder.has_template()) return builder.text_ids(user);
    turns = messages;
    turns.push_back(message("user", user));
    return builder.prompt_ids(turns);
  }
};

ChatModel::ChatModel(const std::string& folder, const std::string& adapter, const Settings& all,
                     SamplingOptions sampling)
    : state_(std::make_unique<State>(State(folder, adapter))) {
  use_generation_config(all, state_->model.index.generation_config,
                        join_path(folder, "generation_config.json"), sampling);
  state_->sampling = sampling_settings(sampling, state_->builder);
  state_->decode = std::make_unique<DecodeModel>(state_->model.weights, 1,
                                                 context_positions(state_->model.weights.config),
                                                 parse_storage_choice(sampling.sampling_weights));
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

  IncrementalDecoder decoder(state.builder.tokenizer(), /*skip_special=*/true);
  std::vector<int32_t> ids;
  const auto say = [&](const std::string& text) {
    if (!text.empty()) listener.on_text(text);
  };
  const auto take = [&](int32_t id) {
    ids.push_back(id);
    say(decoder.push(id));
  };
  std::optional<Sample> sample;
  SamplerCallbacks callbacks;
  callbacks.on_sample = [&](Sample&& done) { sample = std::move(done); };
  callbacks.keep_going = [&](const SamplerProgress&) { return listener.keep_going(); };
  Streaming streaming(*state.decode, take);
  sample_all(streaming, {&request, 1}, sampling, callbacks);
  if (sample) take(sample->ids.back());  // the last id is never fed back
  say(decoder.finish());

  ChatReply reply;
  reply.text = state.builder.has_template() ? state.builder.completion_text(ids)
                                            : state.builder.tokenizer().decode(ids, true);
  reply.num_tokens = static_cast<int64_t>(ids.size());
  reply.num_thinking_tokens =
      count_think_tokens(state.builder.tokenizer(), ids, starts_thinking()).thinking_tokens;
  reply.finish_reason = sample ? finish_reason_name(sample->finish_reason) : "interrupted";
  reply.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (state.builder.has_template()) {
    turns.push_back(message("assistant", reply.text));
    state.messages = std::move(turns);
  }
  ++state.num_turns;
  return reply;
}

}  // namespace laconic
