// SPDX-License-Identifier: Apache-2.0
#include "app/endpoint.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "app/endpoint_notes.h"
#include "app/http_client.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/philox.h"
#include "base/progress.h"
#include "base/signals.h"

namespace laconic {
namespace {

constexpr int64_t kShownRetries = 3;  // later ones are counted, not told one by one

}  // namespace

void EndpointOptions::add_to(Settings& settings) {
  settings.group("Endpoint");
  settings.add(
      "endpoint", &url,
      "sample from an OpenAI-compatible server at this URL (http://HOST:PORT[/v1]) instead "
      "of a folder; --model is then the name it serves");
  settings.metavar("URL");
  settings.advanced_group("Endpoint, more");
  settings.add("endpoint_mode", &mode,
               "chat: the server applies its template; completion: the prompt is text (of "
               "--tokenizer's template where that is given)");
  settings.choices({"chat", "completion"});
  settings.add("endpoint_key_env", &key_env,
               "environment variable that holds the API key; unset: none is sent");
  settings.add("endpoint_extra", &extra,
               "JSON object merged into each request, null removes a field: "
               "{\"chat_template_kwargs\": {\"enable_thinking\": false}}");
  settings.add(
      "tokenizer", &tokenizer,
      "model folder whose tokenizer counts thinking tokens, and all tokens where the server "
      "does not say");
  settings.model().existing();
  settings.add("concurrency", &concurrency, "requests in flight").range(1, 1024);
  settings
      .add("endpoint_retries", &retries,
           "times a request is asked again after 429, 5xx, a lost connection or an answer that "
           "is none; waits 0.5 s, doubling up to 30")
      .range(0, 1000);
  settings.add("endpoint_timeout_s", &timeout_s, "seconds for one whole answer").range(0.01, 1e6);
}

void EndpointOptions::validate(const Settings& settings,
                               const std::vector<std::string>& local) const {
  for (const char* name : {"endpoint_mode", "endpoint_key_env", "endpoint_extra", "tokenizer",
                           "concurrency", "endpoint_retries", "endpoint_timeout_s"})
    require(enabled() || !settings.given(name), ErrorKind::kUsage, "--", with_hyphens(name),
            ": expected --endpoint with it, got none");
  for (const std::string& name : local)
    require(!enabled() || !settings.given(name), ErrorKind::kUsage, "--", with_hyphens(name),
            ": expected a model folder, got --endpoint");
}

Endpoint::Endpoint(const EndpointOptions& options, std::string model, SamplingSettings sampling)
    : options_(options),
      model_(std::move(model)),
      sampling_(std::move(sampling)),
      address_(parse_endpoint(options.url)) {
  check_sampling_settings(sampling_);
  if (!options_.extra.empty()) {
    try {
      extra_ = Json::parse(options_.extra, "--endpoint-extra");
      extra_.as_object("--endpoint-extra");
    } catch (const Error& error) {
      throw Error(ErrorKind::kUsage, error.what());
    }
  }
  const char* key = std::getenv(options_.key_env.c_str());
  if (key) api_key_ = key;
  // A line end in it would be a header line of its own.
  require(std::all_of(api_key_.begin(), api_key_.end(), [](char c) { return c > ' ' && c < 0x7F; }),
          ErrorKind::kUsage, "--endpoint-key-env: expected a key of visible ASCII in ",
          options_.key_env, ", got other characters");
  if (!options_.tokenizer.empty()) builder_.emplace(PromptBuilder::from_folder(options_.tokenizer));
}

std::string Endpoint::path() const {
  return address_.base + (is_chat() ? "/chat/completions" : "/completions");
}

Json Endpoint::identity() const {
  Json identity = Json::object();
  identity["served_model"] = model_;
  identity["endpoint_mode"] = options_.mode;
  if (!extra_.is_null()) identity["endpoint_extra"] = extra_;
  if (builder_ && !is_chat()) identity["template_hash"] = builder_->template_hash();
  return identity;
}

EndpointJob Endpoint::job(const Problem& problem, int64_t sample_idx,
                          const std::string& instruction) const {
  EndpointJob job{problem.id, sample_idx, problem.messages, problem.prompt, problem.variables};
  if (!problem.problem.empty()) {
    const std::string text =
        instruction.empty() ? problem.problem : cat(problem.problem, "\n", instruction);
    job.messages = problem_messages(problem.problem, instruction, problem.system);
    job.prompt = text;
  }
  if (is_chat()) {
    require(!job.messages.is_null(), ErrorKind::kUsage, "problem ", problem.id,
            ": expected a problem or messages for a chat, got a prompt that is used as it is "
            "(--endpoint-mode completion)");
    return job;
  }
  if (!job.messages.is_null() && builder_ && builder_->has_template())
    job.prompt = builder_->render(job.messages, /*add_generation_prompt=*/true, job.variables);
  require(
      !job.prompt.empty(), ErrorKind::kUsage, "problem ", problem.id,
      ": expected text, got messages (--tokenizer FOLDER renders them, or --endpoint-mode chat)");
  job.messages = nullptr;
  return job;
}

// The threads of one sample() and what they share, under one lock.
class Endpoint::Work {
 public:
  Work(const Endpoint& endpoint, std::span<const EndpointJob> jobs, const OnReply& on_reply)
      : endpoint_(endpoint),
        jobs_(jobs),
        on_reply_(on_reply),
        max_tokens_(jobs.empty() ? -1 : max_tokens_of(body_of(jobs[0]))),
        notes_(endpoint.model_, max_tokens_) {}

  bool run(const std::string& label) {
    const size_t count =
        std::min(jobs_.size(), static_cast<size_t>(endpoint_.options_.concurrency));
    for (size_t i = 0; i < count; ++i)
      clients_.push_back(std::make_unique<HttpClient>(
          HttpOptions{endpoint_.address_.origin, endpoint_.api_key_, endpoint_.options_.timeout_s,
                      max_answer_bytes(max_tokens_)}));
    {
      std::vector<std::jthread> threads;
      num_working_ = clients_.size();
      for (const auto& client : clients_) threads.emplace_back([this, &client] { serve(*client); });
      watch(label);
    }  // joins
    notes_.log(label);
    if (error_) std::rethrow_exception(error_);
    if (num_retries_ > 0) log_info(label, ": ", num_retries_, " requests were asked again");
    return num_done_ == jobs_.size();
  }

 private:
  Json body_of(const EndpointJob& job) const {
    return request_body(job, endpoint_.model_, endpoint_.sampling_, endpoint_.extra_);
  }

  // Draws progress until all is done or something asks to stop, and then ends what is in flight.
  void watch(const std::string& label) {
    Progress progress(label, static_cast<int64_t>(jobs_.size()), "samples");
    std::unique_lock lock(mutex_);
    while (!stopping_ && num_done_ < jobs_.size()) {
      changed_.wait_for(lock, std::chrono::milliseconds(200));
      progress.update(static_cast<int64_t>(num_done_), cat(num_tokens_, " tokens"));
      if (stop_requested()) stopping_ = true;
    }
    changed_.notify_all();
    // Again and again: a request may begin just after its connection was stopped.
    while (num_working_ > 0) {
      if (num_done_ < jobs_.size())
        for (const auto& client : clients_) client->stop();
      changed_.wait_for(lock, std::chrono::milliseconds(50));
    }
  }

  void serve(HttpClient& client) {
    std::exception_ptr error;
    try {
      while (const std::optional<size_t> job = take())
        if (!ask(client, *job)) break;
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    if (error && !error_) error_ = error;
    if (error) stopping_ = true;
    --num_working_;
    changed_.notify_all();
  }

  std::optional<size_t> take() {
    const std::lock_guard lock(mutex_);
    if (stopping_ || next_ == jobs_.size()) return std::nullopt;
    return next_++;
  }

  // false: it is time to stop.
  bool ask(HttpClient& client, size_t job_idx) {
    const EndpointJob& job = jobs_[job_idx];
    const std::string body = body_of(job).dump();
    for (int64_t attempt = 1;; ++attempt) {
      const HttpReply got = client.post_json(endpoint_.path(), body);
      std::string problem = got.error;
      if (got.status == 200) {
        try {
          ServedReply served = parse_one(got.body);
          deliver(job_idx, served);
          return true;
        } catch (const Error& error) {
          if (error.kind() != ErrorKind::kData) throw;
          problem = error.what();
        }
      } else if (got.status != 0) {
        problem = error_text(got.status, got.body);
        require(is_retryable(got.status), ErrorKind::kFailure, endpoint_.url(), ": ", problem);
      }
      if (!wait_before_retry(job, attempt, got.retry_after_s, problem)) return false;
    }
  }

  // One at a time: an answer's JSON may take forty times its bytes.
  ServedReply parse_one(const std::string& body) {
    const std::lock_guard lock(parse_mutex_);
    return parse_served(body, endpoint_.is_chat());
  }

  void deliver(size_t job_idx, ServedReply& served) {
    const PromptBuilder* builder = endpoint_.builder_ ? &*endpoint_.builder_ : nullptr;
    Reply reply = reply_of_served(served, builder);
    const std::lock_guard lock(mutex_);
    num_tokens_ += reply.num_tokens;
    notes_.add(served);
    on_reply_(job_idx, served, std::move(reply));
    ++num_done_;
    changed_.notify_all();
  }

  bool wait_before_retry(const EndpointJob& job, int64_t attempt, double retry_after_s,
                         const std::string& problem) {
    std::unique_lock lock(mutex_);
    if (stopping_) return false;
    const int64_t retries = endpoint_.options_.retries;
    require(attempt <= retries, ErrorKind::kFailure, endpoint_.url(), ": ", problem, " (problem ",
            job.id, ", asked ", attempt, attempt == 1 ? " time)" : " times)");
    const double jitter = philox_uniform(hash64(job.id), static_cast<uint64_t>(attempt),
                                         static_cast<uint64_t>(job.sample_idx));
    const double wait = backoff_s(attempt, retry_after_s, jitter);
    if (++num_retries_ <= kShownRetries)
      log_warning(endpoint_.url(), ": ", problem, "; asks again in ", wait, " s (", attempt, " of ",
                  retries, ")");
    return !changed_.wait_for(lock, std::chrono::duration<double>(wait), [&] { return stopping_; });
  }

  const Endpoint& endpoint_;
  std::span<const EndpointJob> jobs_;
  const OnReply& on_reply_;
  int64_t max_tokens_;
  EndpointNotes notes_;
  std::vector<std::unique_ptr<HttpClient>> clients_;
  std::mutex mutex_, parse_mutex_;
  std::condition_variable changed_;
  size_t next_ = 0, num_done_ = 0, num_working_ = 0;
  int64_t num_tokens_ = 0, num_retries_ = 0;
  bool stopping_ = false;
  std::exception_ptr error_;
};

bool Endpoint::sample(std::span<const EndpointJob> jobs, const std::string& label,
                      const OnReply& on_reply) const {
  return Work(*this, jobs, on_reply).run(label);
}

}  // namespace laconic
