// SPDX-License-Identifier: Apache-2.0
#include "app/http_client.h"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

#include "base/error.h"

namespace laconic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kConnectSeconds = 10;
constexpr size_t kMaxBodyBytes = size_t{256} << 20;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string reason_of(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
      return "cannot connect";
    case httplib::Error::ConnectionTimeout:
      return "no connection within 10 s";
    case httplib::Error::Read:
      return "the connection was closed or no answer came";
    case httplib::Error::SSLServerVerification:
      return "the server's certificate cannot be verified";
    default:
      return httplib::to_string(error);
  }
}

// Retry-After in seconds; its other form, a date, counts as none.
double retry_after(const httplib::Response& response) {
  const std::string text = response.get_header_value("Retry-After");
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && seconds >= 0 ? seconds : -1;
}

}  // namespace

struct HttpClient::State {
  HttpOptions options;
  httplib::Client client;
  std::atomic<bool> stopped = false;

  explicit State(HttpOptions given) : options(std::move(given)), client(options.origin) {
    const auto timeout = std::chrono::milliseconds(static_cast<int64_t>(options.timeout_s * 1e3));
    client.set_connection_timeout(
        std::chrono::milliseconds(static_cast<int64_t>(kConnectSeconds * 1e3)));
    client.set_read_timeout(timeout);
    client.set_write_timeout(timeout);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    httplib::Headers headers = {{"Accept", "application/json"}};
    if (!options.api_key.empty()) headers.emplace("Authorization", "Bearer " + options.api_key);
    client.set_default_headers(headers);
  }
};

HttpClient::HttpClient(HttpOptions options) : state_(std::make_unique<State>(std::move(options))) {}
HttpClient::~HttpClient() = default;

HttpReply HttpClient::post_json(const std::string& path, const std::string& body) {
  HttpReply reply;
  const auto start = Clock::now();
  bool is_late = false;
  bool is_large = false;
  httplib::Request request;
  request.method = "POST";
  request.path = path;
  request.body = body;
  request.set_header("Content-Type", "application/json");
  // A server that sends a byte now and then never meets the read timeout: the whole is timed here.
  request.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    is_late = seconds_since(start) > state_->options.timeout_s;
    is_large = reply.body.size() + size > kMaxBodyBytes;
    if (is_late || is_large || state_->stopped) return false;
    reply.body.append(data, size);
    return true;
  };
  httplib::Response response;
  httplib::Error error = httplib::Error::Success;
  if (state_->client.send(request, response, error)) {
    reply.status = response.status;
    reply.retry_after_s = retry_after(response);
    return reply;
  }
  reply.body.clear();
  if (is_large)
    reply.error = "an answer of more than 256 MB";
  else if (is_late || seconds_since(start) > state_->options.timeout_s)
    reply.error = cat("no whole answer within ", state_->options.timeout_s, " s");
  else
    reply.error = reason_of(error);
  return reply;
}

void HttpClient::stop() {
  state_->stopped = true;
  state_->client.stop();
}

}  // namespace laconic
