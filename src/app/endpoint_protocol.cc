// SPDX-License-Identifier: Apache-2.0
#include "app/endpoint_protocol.h"

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"
#include "text/think_span.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

constexpr std::string_view kPlace = "the server's answer";

// A field that may be absent or null.
const Json* find_value(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value && !value->is_null() ? value : nullptr;
}

std::string optional_text(const Json& object, std::string_view name) {
  const Json* value = find_value(object, name);
  return value ? value->as_string(cat(kPlace, ": ", name)) : "";
}

// A string, or parts of which those of type text count.
std::string content_text(const Json& message) {
  const Json* content = find_value(message, "content");
  if (!content || !content->is_array()) return optional_text(message, "content");
  std::string text;
  for (const Json& part : content->as_array(kPlace)) text += optional_text(part, "text");
  return text;
}

std::string message_text(const Json& message, const std::string& finish_reason) {
  std::string content = content_text(message);
  std::string reasoning = optional_text(message, "reasoning_content");
  if (reasoning.empty()) reasoning = optional_text(message, "reasoning");
  if (reasoning.empty()) return content;
  const bool cut_in_thought = content.empty() && finish_reason == "length";
  return cat(kThinkOpen, "\n", reasoning, cut_in_thought ? "" : "\n</think>\n\n", content);
}

// logprobs of chat ({"content": [...]}) and of completion ({"tokens": [...]}).
const Json* logprob_entries(const Json& choice) {
  const Json* logprobs = find_value(choice, "logprobs");
  if (!logprobs) return nullptr;
  for (const char* name : {"content", "tokens", "token_logprobs"}) {
    const Json* entries = find_value(*logprobs, name);
    if (entries && entries->is_array()) return entries;
  }
  return nullptr;
}

// Below 2^31, so that no sum over answers ever overflows.
int64_t count_of(const Json& value, std::string_view name) {
  const int64_t count = value.as_integer(cat(kPlace, ": ", name));
  require(count >= 0 && count <= INT32_MAX, ErrorKind::kData, kPlace, ": ", name,
          ": expected 0 to ", INT32_MAX, ", got ", count);
  return count;
}

void count_tokens(const Json& answer, const Json& choice, ServedReply& reply) {
  if (const Json* usage = find_value(answer, "usage")) {
    if (const Json* count = find_value(*usage, "completion_tokens")) {
      reply.num_tokens = count_of(*count, "usage.completion_tokens");
      reply.counted_by = "usage";
    }
    const Json* details = find_value(*usage, "completion_tokens_details");
    const Json* reasoning = details ? find_value(*details, "reasoning_tokens") : nullptr;
    if (reasoning) reply.reasoning_tokens = count_of(*reasoning, "usage.reasoning_tokens");
  }
  if (reply.num_tokens >= 0) return;
  const Json* ids = find_value(choice, "token_ids");
  const Json* entries = ids && ids->is_array() ? ids : logprob_entries(choice);
  if (!entries) return;
  reply.num_tokens = static_cast<int64_t>(entries->size());
  reply.counted_by = entries == ids ? "token_ids" : "logprobs";
}

// The seed of one request: 31 bits, which every server takes.
int64_t seed_of(const EndpointJob& job, uint64_t seed) {
  const auto bits = philox(seed, hash64(job.id), static_cast<uint64_t>(job.sample_idx));
  return bits[0] & 0x7FFFFFFF;
}

int64_t share_of(int64_t tokens, size_t part, size_t whole) {
  if (whole == 0) return 0;
  const double share = static_cast<double>(part) / static_cast<double>(whole);
  return std::clamp<int64_t>(static_cast<int64_t>(static_cast<double>(tokens) * share + 0.5), 0,
                             tokens);
}

}  // namespace

EndpointAddress parse_endpoint(const std::string& url) {
  const size_t scheme = url.find("://");
  const bool known = url.starts_with("http://") || url.starts_with("https://");
  require(known && url.size() > scheme + 3, ErrorKind::kUsage,
          "--endpoint: expected http://HOST:PORT[/v1] or https://..., got \"", url, "\"");
  const size_t path = url.find('/', scheme + 3);
  EndpointAddress address{url.substr(0, path), path == std::string::npos ? "" : url.substr(path)};
  while (address.base.ends_with('/')) address.base.pop_back();
  for (const std::string_view tail : {"/chat/completions", "/completions"})
    if (address.base.ends_with(tail)) address.base.resize(address.base.size() - tail.size());
  if (address.base.empty()) address.base = "/v1";
  return address;
}

namespace {

// vLLM's and SGLang's servers take the template's variables in this member.
void add_chat(const EndpointJob& job, Json& body) {
  body["messages"] = job.messages;
  if (!job.variables.is_object()) return;
  Json variables = job.variables;
  if (const Json* tools = variables.find("tools")) body["tools"] = *tools;
  variables.erase("tools");
  if (variables.size() > 0) body["chat_template_kwargs"] = variables;
}

}  // namespace

Json request_body(const EndpointJob& job, const std::string& model,
                  const SamplingSettings& sampling, const Json& extra) {
  Json body = Json::object();
  body["model"] = model;
  if (job.messages.is_null())
    body["prompt"] = job.prompt;
  else
    add_chat(job, body);
  body["temperature"] = sampling.temperature;
  body["top_p"] = sampling.top_p;
  if (sampling.top_k > 0) body["top_k"] = sampling.top_k;
  if (sampling.min_p > 0) body["min_p"] = sampling.min_p;
  body["max_tokens"] = sampling.max_new_tokens;
  body["seed"] = seed_of(job, sampling.seed);
  if (extra.is_null()) return body;
  for (const auto& [name, value] : extra.as_object("--endpoint-extra")) {
    if (value.is_null())
      body.erase(name);
    else
      body[name] = value;
  }
  return body;
}

ServedReply parse_served(std::string_view body, bool chat) {
  const Json answer = Json::parse(body, kPlace);
  const Json::Array& choices = answer.at("choices", kPlace).as_array(cat(kPlace, ": choices"));
  require(!choices.empty(), ErrorKind::kData, kPlace, ": choices: expected one, got none");
  const Json& choice = choices[0];
  ServedReply reply;
  reply.finish_reason =
      choice.at("finish_reason", kPlace).as_string(cat(kPlace, ": finish_reason"));
  if (reply.finish_reason == "eos" || reply.finish_reason == "eos_token")
    reply.finish_reason = "stop";
  reply.text = chat ? message_text(choice.at("message", kPlace), reply.finish_reason)
                    : choice.at("text", kPlace).as_string(cat(kPlace, ": text"));
  count_tokens(answer, choice, reply);
  const Json* model = find_value(answer, "model");
  if (model && model->is_string()) reply.model = model->as_string(kPlace);
  return reply;
}

Reply reply_of_served(ServedReply& served, const PromptBuilder* builder) {
  const auto count = [&](std::string_view text) {
    return builder->tokenizer().encode(text).size();
  };
  Reply reply;
  reply.completion = served.text;
  reply.finish_reason = served.finish_reason;
  // As in local sampling: a prompt that opens the think span is part of what is judged.
  if (builder && builder->prompt_opens_think() &&
      reply.completion.find(kThinkOpen) == std::string::npos)
    reply.completion = cat(kThinkOpen, "\n", reply.completion);
  if (served.num_tokens < 0) {
    require(builder != nullptr, ErrorKind::kUsage,
            "--endpoint: expected usage, token_ids or logprobs in the server's answer, got none "
            "(--tokenizer FOLDER counts the tokens instead)");
    served.num_tokens = static_cast<int64_t>(count(served.text));
    served.counted_by = "tokenizer";
  }
  reply.num_tokens = served.num_tokens;
  const ThinkSpan span = find_think_span(reply.completion, false);
  reply.think_state = think_state_name(span.state);
  const std::string_view text = reply.completion;
  if (served.reasoning_tokens >= 0)
    reply.num_thinking_tokens = std::min(served.reasoning_tokens, reply.num_tokens);
  else if (builder)
    reply.num_thinking_tokens = share_of(
        reply.num_tokens, count(text.substr(span.begin, span.end - span.begin)), count(text));
  else
    reply.num_thinking_tokens = share_of(reply.num_tokens, span.end - span.begin, text.size());
  return reply;
}

int64_t max_tokens_of(const Json& body) {
  for (const char* name : {"max_completion_tokens", "max_tokens"}) {
    const Json* value = find_value(body, name);
    if (value && value->is_integer()) return std::max<int64_t>(value->as_integer(name), -1);
  }
  return -1;
}

size_t max_answer_bytes(int64_t max_tokens) {
  constexpr int64_t kBytesPerToken = 2 << 10, kMostBytes = 256 << 20;
  constexpr int64_t kUnbounded = kMostBytes / kBytesPerToken;
  const int64_t tokens = max_tokens < 0 ? kUnbounded : std::min(max_tokens, kUnbounded);
  return static_cast<size_t>(std::min(kBytesPerToken * (tokens + 1024), kMostBytes));
}

bool is_retryable(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status < 600);
}

double backoff_s(int64_t attempt, double retry_after_s, double jitter) {
  double wait = 0.5;
  for (int64_t i = 1; i < attempt && wait < 30; ++i) wait *= 2;
  wait = std::min(wait, 30.0) * (0.75 + 0.5 * jitter);
  return std::max(wait, std::min(retry_after_s, 120.0));
}

std::string error_text(int status, std::string_view body) {
  std::string message;
  try {
    const Json json = Json::parse(body, kPlace);
    const Json* error = find_value(json, "error");
    if (!error) error = find_value(json, "detail");
    if (error && error->is_object()) error = find_value(*error, "message");
    if (!error) error = find_value(json, "message");
    if (error) message = error->is_string() ? error->as_string(kPlace) : error->dump();
  } catch (const Error&) {
    message = std::string(body.substr(0, 200));  // not every server's error is JSON
  }
  std::replace_if(
      message.begin(), message.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; },
      ' ');
  if (message.size() > 300) message = message.substr(0, 300) + "...";
  return cat("HTTP ", status, message.empty() ? "" : ": ", message);
}

}  // namespace laconic
