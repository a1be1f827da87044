// Where replies come from: a model in memory or a server, asked in the same way.
//
// What is common: a job is a sample of a problem; replies come in the order in which they are done,
// never two at once; progress is shown; a signal ends it. A method that makes its replies otherwise
// (an outline first, two models in turn) is a further source.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/budget_forcing.h"
#include "app/endpoint.h"
#include "app/judge_reply.h"  // Reply
#include "app/policy.h"
#include "data/rows.h"  // Problem
#include "sample/sample.h"
#include "text/prompt_builder.h"

namespace laconic {

struct ReplyJob {
  size_t problem_idx = 0;  // in the problems given beside
  int64_t sample_idx = 0;
};

struct SourcedReply {
  Reply reply;
  // Of local sampling; empty from a server.
  std::vector<int32_t> ids;
  std::vector<float> logprobs;
  std::optional<ControlRecord> control;
  std::string counted_by;  // who counted a served reply's tokens; "" for local sampling
};

class ReplySource {
 public:
  using OnReply = std::function<void(size_t job_idx, SourcedReply&& reply)>;
  virtual ~ReplySource() = default;
  // `label` heads the progress bar and messages. false: a signal asked to stop.
  virtual bool replies(std::span<const Problem> problems, std::span<const ReplyJob> jobs,
                       const std::string& label, const OnReply& on_reply) = 0;
};

struct LocalReplySettings {
  SamplingSettings sampling;  // stop_ids and allowed_ids come from the model's tokenizer
  int64_t num_slots = 64;
  std::string instruction;
  std::optional<BudgetForcingSettings> control;
};

// A policy's replies: a function of (weights, prompt, settings, problem id, sample index) alone.
class LocalReplies : public ReplySource {
 public:
  // All outlive it. `prompts`: those of the problems that replies() is given, where they are there
  // already.
  LocalReplies(Policy& policy, const PromptBuilder& builder, LocalReplySettings settings,
               const std::vector<std::vector<int32_t>>* prompts = nullptr);
  bool replies(std::span<const Problem> problems, std::span<const ReplyJob> jobs,
               const std::string& label, const OnReply& on_reply) override;

 private:
  std::vector<SampleRequest> requests(std::span<const Problem> problems,
                                      std::span<const ReplyJob> jobs) const;
  Policy& policy_;
  const PromptBuilder& builder_;
  const LocalReplySettings settings_;
  const std::vector<std::vector<int32_t>>* const prompts_;
};

// A server's replies.
class ServedReplies : public ReplySource {
 public:
  // `endpoint` outlives it.
  ServedReplies(const Endpoint& endpoint, std::string instruction)
      : endpoint_(endpoint), instruction_(std::move(instruction)) {}
  bool replies(std::span<const Problem> problems, std::span<const ReplyJob> jobs,
               const std::string& label, const OnReply& on_reply) override;

 private:
  const Endpoint& endpoint_;
  const std::string instruction_;
};

}  // namespace laconic
