// One connection to an HTTP(S) server: post a body, get status and body back. libcurl lives behind
// http_client.cc.
//
// The server is not trusted. timeout_s bounds the whole request (name, connection, TLS, 1xx
// answers, header, body), at most kMaxHeaderBytes and kMaxHeaderLines of header lines (those of 1xx
// answers and trailers with them) and max_body_bytes of body are read, and what is no HTTP/1 is
// refused. Redirects are not followed (the key would go along), answers are not decompressed,
// certificates are verified (against SSL_CERT_FILE and SSL_CERT_DIR where set), proxy variables are
// ignored. stop() may be called from another thread and ends the request at hand; otherwise one
// thread at a time. Nothing is thrown once constructed: what went wrong is `error`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace laconic {

inline constexpr size_t kMaxHeaderBytes = size_t{64} << 10;
inline constexpr size_t kMaxHeaderLines = 256;

struct HttpReply {
  int status = 0;     // 0: no answer, `error` says why
  std::string error;  // "cannot connect", "no whole answer within 600 s", ...
  std::string body;
  double retry_after_s = -1;  // the header, a date too; -1: none
};

struct HttpOptions {
  std::string origin;   // "http://host:8000"
  std::string api_key;  // sent as a bearer token; "": none
  double timeout_s = 600;
  size_t max_body_bytes = size_t{64} << 20;
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
