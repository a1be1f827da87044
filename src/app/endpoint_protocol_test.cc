// SPDX-License-Identifier: Apache-2.0
#include "app/endpoint_protocol.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

TEST(EndpointProtocol, UrlsOfAllShapesGiveOriginAndBase) {
  const auto parts = [](const char* url) {
    const EndpointAddress address = parse_endpoint(url);
    return address.origin + " " + address.base;
  };
  EXPECT_EQ(parts("http://localhost:8000"), "http://localhost:8000 /v1");
  EXPECT_EQ(parts("http://localhost:8000/"), "http://localhost:8000 /v1");
  EXPECT_EQ(parts("http://localhost:8000/v1/"), "http://localhost:8000 /v1");
  EXPECT_EQ(parts("https://host/api/v3"), "https://host /api/v3");
  EXPECT_EQ(parts("https://host/v1/chat/completions"), "https://host /v1");
  for (const char* url : {"localhost:8000", "ftp://host", "http://", ""})
    EXPECT_THROW(parse_endpoint(url), Error) << url;
}

TEST(EndpointProtocol, ARequestHoldsTheSamplerAndASeedOfItsOwn) {
  SamplingSettings sampling;
  sampling.temperature = 0.6;
  sampling.top_p = 0.95;
  sampling.max_new_tokens = 32;
  sampling.seed = 1;
  EndpointJob job{"a", 0, Json::parse(R"([{"role": "user", "content": "1?"}])", ""), ""};
  const Json body = request_body(job, "m", sampling, {});
  EXPECT_EQ(body.at("temperature", ""), Json(0.6));
  EXPECT_EQ(body.at("max_tokens", ""), Json(32));
  EXPECT_EQ(body.find("prompt"), nullptr);
  EXPECT_EQ(body.find("top_k"), nullptr);  // no part of the protocol while it is off
  EXPECT_EQ(request_body(job, "m", sampling, {}), body);
  job.sample_idx = 1;
  EXPECT_NE(request_body(job, "m", sampling, {}).at("seed", ""), body.at("seed", ""));
  sampling.seed = 2;
  job.sample_idx = 0;
  EXPECT_NE(request_body(job, "m", sampling, {}).at("seed", ""), body.at("seed", ""));

  sampling.top_k = 20;
  job = {"a", 0, {}, "1?"};
  const Json extra = Json::parse(R"({"max_tokens": null, "max_completion_tokens": 9})", "");
  const Json merged = request_body(job, "m", sampling, extra);
  EXPECT_EQ(merged.find("max_tokens"), nullptr);
  EXPECT_EQ(merged.at("max_completion_tokens", ""), Json(9));
  EXPECT_EQ(merged.at("top_k", ""), Json(20));
  EXPECT_EQ(merged.at("prompt", ""), Json("1?"));
}

// Answers as vLLM, SGLang, llama.cpp and llama-cpp-python give them.
TEST(EndpointProtocol, TokensAreCountedByWhatTheServerGives) {
  struct Case {
    const char* fields;
    int64_t tokens;
    const char* counted_by;
  };
  const Case cases[] = {
      {R"("usage": {"prompt_tokens": 5, "completion_tokens": 7})", 7, "usage"},
      {R"("usage": null)", -1, ""},
      {R"("usage": {"prompt_tokens": 5})", -1, ""},
  };
  for (const Case& c : cases) {
    const std::string body = std::string(R"({"choices": [{"message": {"content": "hi"},
        "finish_reason": "stop"}], )") +
                             c.fields + "}";
    const ServedReply reply = parse_served(body, true);
    EXPECT_EQ(reply.num_tokens, c.tokens) << c.fields;
    EXPECT_EQ(reply.counted_by, c.counted_by) << c.fields;
  }
  const char* logprobs = R"({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop",
      "logprobs": {"content": [{"token": "h", "logprob": -1}, {"token": "i", "logprob": -2}]}}]})";
  EXPECT_EQ(parse_served(logprobs, true).num_tokens, 2);
  EXPECT_EQ(parse_served(logprobs, true).counted_by, "logprobs");
  const char* ids = R"({"choices": [{"text": "hi", "finish_reason": "length",
      "token_ids": [1, 2, 3], "logprobs": {"tokens": ["h", "i"]}}]})";
  EXPECT_EQ(parse_served(ids, false).num_tokens, 3);
  EXPECT_EQ(parse_served(ids, false).counted_by, "token_ids");
  EXPECT_EQ(parse_served(ids, false).finish_reason, "length");
}

TEST(EndpointProtocol, ReasoningThatComesApartIsPutBackAsAThinkSpan) {
  const auto reply = [](const char* message, const char* finish) {
    ServedReply served = parse_served(
        std::string(R"({"choices": [{"message": )") + message + R"(, "finish_reason": ")" + finish +
            R"("}], "usage": {"completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": 80}}})",
        true);
    return reply_of_served(served, nullptr);
  };
  const Reply both = reply(R"({"content": "4", "reasoning_content": "2+2"})", "stop");
  EXPECT_EQ(both.completion, "<think>\n2+2\n</think>\n\n4");
  EXPECT_EQ(both.think_state, "closed");
  EXPECT_EQ(both.num_tokens, 100);
  EXPECT_EQ(both.num_thinking_tokens, 80);
  const Reply cut = reply(R"({"content": null, "reasoning": "2+"})", "length");
  EXPECT_EQ(cut.completion, "<think>\n2+");
  EXPECT_EQ(cut.think_state, "unterminated");
  EXPECT_EQ(cut.finish_reason, "length");
  EXPECT_EQ(reply(R"({"content": [{"type": "text", "text": "4"}]})", "eos").finish_reason, "stop");
  EXPECT_EQ(reply(R"({"content": ""})", "content_filter").finish_reason, "content_filter");
}

TEST(EndpointProtocol, WithoutTheServersSplitThinkingIsAShareOfTheText) {
  ServedReply served{"<think>aaaa</think>bbbbbb bbbbbbbbbbbb", 38, "usage", -1, "stop"};
  EXPECT_EQ(reply_of_served(served, nullptr).num_thinking_tokens, 19);
  served.num_tokens = -1;
  EXPECT_THROW(reply_of_served(served, nullptr), Error);  // nobody counts
}

TEST(EndpointProtocol, WhatIsNoCompletionIsAnError) {
  for (
      const char* body :
      {"", "{", "[]", "{}", R"({"choices": []})", R"({"choices": [{"finish_reason": "stop"}]})",
       R"({"choices": [{"message": {"content": "x"}, "finish_reason": null}]})",
       R"({"choices": [{"message": {"content": 7}, "finish_reason": "stop"}]})",
       R"({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {"completion_tokens": -3}})",
       R"({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {"completion_tokens": 2147483648}})",
       R"({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {"completion_tokens_details": {"reasoning_tokens": -1}}})",
       "{\"choices\": [{\"message\": {\"content\": \"\xff\"}, \"finish_reason\": \"stop\"}]}"}) {
    try {
      parse_served(body, true);
      ADD_FAILURE() << body;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData) << body;
    }
  }
}

TEST(EndpointProtocol, TheLongestAnswerFollowsWhatWasAskedFor) {
  const auto asked = [](const char* body) { return max_tokens_of(Json::parse(body, "body")); };
  EXPECT_EQ(asked(R"({"max_tokens": 64})"), 64);
  EXPECT_EQ(asked(R"({"max_completion_tokens": 32, "max_tokens": 64})"), 32);
  EXPECT_EQ(asked(R"({"n_predict": 5})"), -1);
  EXPECT_EQ(asked(R"({"max_tokens": -7})"), -1);
  EXPECT_EQ(max_answer_bytes(0), size_t{2} << 20);
  EXPECT_EQ(max_answer_bytes(1024), size_t{4} << 20);
  EXPECT_EQ(max_answer_bytes(-1), size_t{256} << 20);
  EXPECT_EQ(max_answer_bytes(INT64_MAX), size_t{256} << 20);
}

TEST(EndpointProtocol, BackOffDoublesAndHonoursTheServer) {
  EXPECT_DOUBLE_EQ(backoff_s(1, -1, 0.5), 0.5);
  EXPECT_DOUBLE_EQ(backoff_s(2, -1, 0.5), 1);
  EXPECT_DOUBLE_EQ(backoff_s(5, -1, 0.5), 8);
  EXPECT_DOUBLE_EQ(backoff_s(100, -1, 0.5), 30);
  EXPECT_LT(backoff_s(3, -1, 0), backoff_s(3, -1, 0.9));
  EXPECT_DOUBLE_EQ(backoff_s(1, 7, 0.5), 7);
  EXPECT_DOUBLE_EQ(backoff_s(1, 1e9, 0.5), 120);
  for (const int status : {408, 425, 429, 500, 502, 503, 504}) EXPECT_TRUE(is_retryable(status));
  for (const int status : {200, 301, 400, 401, 403, 404, 413, 422})
    EXPECT_FALSE(is_retryable(status));
}

TEST(EndpointProtocol, AnErrorIsToldInTheServersWords) {
  EXPECT_EQ(error_text(401, R"({"error": {"message": "no such key", "code": 1}})"),
            "HTTP 401: no such key");
  EXPECT_EQ(error_text(422, R"({"detail": "bad\nfield"})"), "HTTP 422: bad field");
  EXPECT_EQ(error_text(502, "<html>Bad gateway</html>"), "HTTP 502: <html>Bad gateway</html>");
  EXPECT_EQ(error_text(503, ""), "HTTP 503");
}

}  // namespace
}  // namespace laconic
