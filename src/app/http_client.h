// One connection to an HTTP(S) server: post a body, get status and body back. cpp-httplib lives
// behind http_client.cc.
//
// A request ends after timeout_s seconds whatever the server does in between. stop() may be called
// from another thread and ends the request at hand. Nothing is thrown: what went wrong is `error`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

namespace laconic {

struct HttpReply {
  int status = 0;     // 0: no answer, `error` says why
  std::string error;  // "connection refused or closed", "no answer within 600 s", ...
  std::string body;
  double retry_after_s = -1;  // the header in seconds; -1: none
};

struct HttpOptions {
  std::string origin;   // "http://host:8000"
  std::string api_key;  // sent as a bearer token; "": none
  double timeout_s = 600;
};

class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  HttpReply post_json(const std::string& path, const std::string& body);
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace laconic
