// SPDX-License-Identifier: Apache-2.0
#include "app/reply_source.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/problem_prompt.h"
#include "app/sampling_options.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/signals.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

std::string rate_note(const SamplerProgress& progress, double elapsed_s) {
  return cat(
      progress.num_tokens, " tokens, ",
      static_cast<int64_t>(static_cast<double>(progress.num_tokens) / std::max(elapsed_s, 1e-3)),
      " tokens/s");
}

// A bar of `count` samples that moves a few times a second.
class SampleBar {
 public:
  SampleBar(const std::string& label, size_t count)
      : progress_(label, static_cast<int64_t>(count), "samples"),
        count_(static_cast<int64_t>(count)) {}
  void update(const SamplerProgress& now) {
    const auto time = std::chrono::steady_clock::now();
    if (time - last_update_ < std::chrono::milliseconds(200)) return;
    last_update_ = time;
    const std::chrono::duration<double> elapsed = time - start_;
    progress_.update(static_cast<int64_t>(now.num_finished), rate_note(now, elapsed.count()));
  }
  void finish() {
    progress_.update(count_);
    progress_.finish();
  }

 private:
  Progress progress_;
  const int64_t count_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_update_ = start_;
};

}  // namespace

LocalReplies::LocalReplies(Policy& policy, const PromptBuilder& builder,
                           LocalReplySettings settings,
                           const std::vector<std::vector<int32_t>>* prompts)
    : policy_(policy), builder_(builder), settings_(std::move(settings)), prompts_(prompts) {}

std::vector<SampleRequest> LocalReplies::requests(std::span<const Problem> problems,
                                                  std::span<const ReplyJob> jobs) const {
  std::vector<SampleRequest> requests;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const size_t p = jobs[i].problem_idx;
    std::vector<int32_t> prompt;
    if (prompts_)
      prompt = (*prompts_)[p];
    else if (i > 0 && jobs[i - 1].problem_idx == p)
      prompt = requests.back().prompt;
    else
      prompt = prompt_of(problems[p], builder_, settings_.instruction);
    requests.push_back({problems[p].id, jobs[i].sample_idx, std::move(prompt)});
  }
  return requests;
}

bool LocalReplies::replies(std::span<const Problem> problems, std::span<const ReplyJob> jobs,
                           const std::string& label, const OnReply& on_reply) {
  if (jobs.empty()) return true;
  const std::vector<SampleRequest> asked = requests(problems, jobs);
  SamplingSettings sampling = settings_.sampling;
  sampling.stop_ids = builder_.stop_ids();
  sampling.allowed_ids = builder_.tokenizer().size();
  DecodeSampler& sampler =
      policy_.sampler(std::min(settings_.num_slots, std::ssize(asked)),
                      slot_capacity(label, asked, sampling, policy_.weights().config));
  SampleBar bar(label, asked.size());
  SamplerCallbacks callbacks;
  callbacks.on_sample = [&](Sample&& sample) {
    const size_t job = sample.request_idx;
    const char* const reason = finish_reason_name(sample.finish_reason);
    SourcedReply reply;
    reply.reply = reply_of_ids(asked[job].prompt, sample.ids, reason, builder_);
    reply.control = control_record(sample);
    reply.ids = std::move(sample.ids);
    reply.logprobs = std::move(sample.logprobs);
    on_reply(job, std::move(reply));
  };
  callbacks.make_control = budget_forcing_maker(settings_.control, builder_);
  callbacks.keep_going = [&](const SamplerProgress& now) {
    bar.update(now);
    return !stop_requested();
  };
  if (!sampler.sample(asked, sampling, callbacks)) return false;
  bar.finish();
  return true;
}

bool ServedReplies::replies(std::span<const Problem> problems, std::span<const ReplyJob> jobs,
                            const std::string& label, const OnReply& on_reply) {
  std::vector<EndpointJob> asked;
  for (const ReplyJob& job : jobs)
    asked.push_back(endpoint_.job(problems[job.problem_idx], job.sample_idx, instruction_));
  return endpoint_.sample(asked, label, [&](size_t job, ServedReply& served, Reply&& reply) {
    SourcedReply sourced;
    sourced.reply = std::move(reply);
    sourced.counted_by = served.counted_by;
    on_reply(job, std::move(sourced));
  });
}

}  // namespace laconic
