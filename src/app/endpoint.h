// Sampling from any OpenAI-compatible server (vLLM, SGLang, llama.cpp) with the records of local
// sampling.
//
// One request a sample (not every server knows n), `concurrency` of them in flight, each on a
// connection of its own. What may go away is asked again with exponential back-off (app/
// endpoint_protocol.h); what may not, and what does not go away, is Error(kFailure) with the
// server's own words, and nothing is left out of a count silently. Not deterministic: the seed is
// sent with each request, what the server does with it is its own. The API key comes from the
// environment and is never logged.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/endpoint_protocol.h"
#include "base/json.h"
#include "base/settings.h"
#include "data/rows.h"       // Problem
#include "sample/sampler.h"  // SamplingSettings

namespace laconic {

struct EndpointOptions {
  std::string url;  // empty: no endpoint
  std::string mode = "chat";
  std::string key_env = "OPENAI_API_KEY";
  std::string extra;      // JSON object, merged into each request
  std::string tokenizer;  // model folder
  int64_t concurrency = 16;
  int64_t retries = 6;
  double timeout_s = 600;

  void add_to(Settings& settings);
  bool enabled() const { return !url.empty(); }
  // Error(kUsage) for an option that would do nothing: of an endpoint without one, or one of
  // `local`, which are those of a model in memory, with one.
  void validate(const Settings& settings, const std::vector<std::string>& local) const;
};

// Error(kUsage) for options that cannot be, before anything is asked.
class Endpoint {
 public:
  Endpoint(const EndpointOptions& options, std::string model, SamplingSettings sampling);

  // The request of one sample; `instruction` goes on a line of its own after a problem's text.
  EndpointJob job(const Problem& problem, int64_t sample_idx, const std::string& instruction) const;
  // What the replies depend on beside the sampler's numbers.
  Json identity() const;
  const std::string& url() const { return options_.url; }

  using OnReply = std::function<void(size_t job_idx, ServedReply& served, Reply&& reply)>;
  // on_reply is never called by two threads at once. false: a signal asked to stop.
  bool sample(std::span<const EndpointJob> jobs, const std::string& label,
              const OnReply& on_reply) const;

 private:
  class Work;
  bool is_chat() const { return options_.mode == "chat"; }
  std::string path() const;

  EndpointOptions options_;
  std::string model_;
  SamplingSettings sampling_;
  EndpointAddress address_;
  Json extra_;
  std::string api_key_;
  std::optional<PromptBuilder> builder_;
};

}  // namespace laconic
