// The OpenAI-compatible protocol as text: a request's body, an answer's meaning, when to ask again.
//
// No network here (app/endpoint.h has it). What servers differ in and how it is taken: reasoning
// that comes apart (reasoning_content, vLLM's and llama.cpp's reasoning) is put back as a think
// span; tokens are counted by usage.completion_tokens, else by token_ids, else by the entries of
// logprobs, and which it was is told; a finish_reason other than stop and length is kept as it is.
// Errors: Error(kData) for an answer that is no completion (asked again by the caller);
// Error(kUsage) for a URL or options that cannot be. Pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/judge_reply.h"  // Reply
#include "base/json.h"
#include "sample/sampler.h"  // SamplingSettings
#include "text/prompt_builder.h"

namespace laconic {

struct EndpointAddress {
  std::string origin;  // "http://host:8000"
  std::string base;    // "/v1", without a slash at the end
};
// Without a path the base is /v1; "/chat/completions" at the end is cut off.
EndpointAddress parse_endpoint(const std::string& url);

// One completion to ask for: `messages` (chat) or `prompt` (completion).
struct EndpointJob {
  std::string id;
  int64_t sample_idx = 0;
  Json messages;
  std::string prompt;
  Json variables;  // of the template: tools, and what goes as chat_template_kwargs; or null
};

// temperature, top_p, max_tokens and a seed made of (seed, id, sample); top_k and min_p, which are
// no part of OpenAI's protocol, only where they are on. Members of `extra` win; null removes one.
Json request_body(const EndpointJob& job, const std::string& model,
                  const SamplingSettings& sampling, const Json& extra);

struct ServedReply {
  std::string text;               // with its think span
  int64_t num_tokens = -1;        // -1: the server does not say
  std::string counted_by;         // "usage", "token_ids", "logprobs"; "" without a count
  int64_t reasoning_tokens = -1;  // -1: the server does not say
  std::string finish_reason;
  std::string model;  // the name it answers with; "" where it does not say
};
// A count is 0 or more and below 2^31; what is stated otherwise is no answer.
ServedReply parse_served(std::string_view body, bool chat);

// A reply as local sampling gives it. Without the server's count `builder`'s tokenizer counts
// ("tokenizer"; Error(kUsage) without one). Thinking tokens: the server's count, else the
// tokenizer's share of the text, else the share of the text's bytes.
Reply reply_of_served(ServedReply& served, const PromptBuilder* builder);

// HTTP statuses that may go away: 408, 425, 429, 5xx.
bool is_retryable(int status);
// The most tokens that a request asks for: max_tokens or max_completion_tokens; -1: no bound.
int64_t max_tokens_of(const Json& body);
// Bytes of the longest answer that is read: room for a thousand tokens' text, ids and
// log-probabilities at 2 kB a token, and for as many as `max_tokens`.
size_t max_answer_bytes(int64_t max_tokens);
// Seconds before attempt 2, 3, ...: 0.5 doubling up to 30, +- 25 % by `jitter` in [0, 1); what the
// server asks for with Retry-After (negative: it did not) if that is longer, up to 120.
double backoff_s(int64_t attempt, double retry_after_s, double jitter);
// "HTTP 401: invalid api key": the message of an error's body, or its beginning.
std::string error_text(int status, std::string_view body);

}  // namespace laconic
