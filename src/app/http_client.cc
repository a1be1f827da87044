// SPDX-License-Identifier: Apache-2.0
#include "app/http_client.h"

#include <curl/curl.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "base/error.h"

namespace laconic {
namespace {

constexpr long kConnectMs = 10'000;
constexpr int kPollMs = 1000;  // stop() wakes a poll at once

// CURL and CURLM are both void.
struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// What the request at hand has brought.
struct Transfer {
  size_t header_bytes = 0, header_lines = 0, max_body_bytes = 0;
  bool large_header = false, large_body = false;
  std::string body;
};

size_t take_header(char*, size_t size, size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  transfer.header_bytes += size * count;
  ++transfer.header_lines;
  transfer.large_header =
      transfer.header_bytes > kMaxHeaderBytes || transfer.header_lines > kMaxHeaderLines;
  return transfer.large_header ? 0 : size * count;
}

size_t take_body(char* data, size_t size, size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  transfer.large_body = transfer.body.size() + size * count > transfer.max_body_bytes;
  if (transfer.large_body) return 0;
  transfer.body.append(data, size * count);
  return size * count;
}

std::string reason_of(CURLcode code, const Transfer& transfer, double timeout_s) {
  // A line above libcurl's own limit: out of memory to older versions, CURLE_TOO_LARGE (100, which
  // their headers lack) to newer ones.
  const bool long_line = static_cast<int>(code) == 100 || code == CURLE_OUT_OF_MEMORY;
  if (transfer.large_header || (long_line && transfer.body.empty()))
    return cat("a header of more than ", kMaxHeaderBytes >> 10, " kB or ", kMaxHeaderLines,
               " lines");
  if (transfer.large_body || code == CURLE_FILESIZE_EXCEEDED)
    return cat("an answer of more than ", transfer.max_body_bytes >> 20, " MB");
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return cat("no whole answer within ", timeout_s, " s");
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return "cannot connect";
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return "the connection was closed or no answer came";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the server's certificate cannot be verified";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return "an answer that is no HTTP";
    default:
      return curl_easy_strerror(code);
  }
}

}  // namespace

struct HttpClient::State {
  HttpOptions options;
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<CURLM, MultiDeleter> multi;
  std::unique_ptr<curl_slist, ListDeleter> headers;
  std::atomic<bool> stopped = false;

  explicit State(HttpOptions given) : options(std::move(given)) {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (global == CURLE_OK) {
      easy.reset(curl_easy_init());
      multi.reset(curl_multi_init());
    }
    require(easy && multi, ErrorKind::kFailure, "libcurl: expected to start, got an error");
    add_header("Accept: application/json");
    add_header("Content-Type: application/json");
    add_header("Expect:");  // none: the server need not be asked before a long prompt
    if (!options.api_key.empty()) add_header("Authorization: Bearer " + options.api_key);
    set_options();
  }

  void add_header(const std::string& line) {
    curl_slist* list = curl_slist_append(headers.get(), line.c_str());
    if (!list) throw std::bad_alloc();
    static_cast<void>(headers.release());
    headers.reset(list);
  }

  void set_options() {
    CURL* curl = easy.get();
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    curl_easy_setopt(curl, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout_s * 1e3));
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE,
                     static_cast<curl_off_t>(options.max_body_bytes));
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    if (const char* file = std::getenv("SSL_CERT_FILE"))
      curl_easy_setopt(curl, CURLOPT_CAINFO, file);
    if (const char* folder = std::getenv("SSL_CERT_DIR"))
      curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
  }

  CURLcode perform() {
    if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return CURLE_FAILED_INIT;
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;  // stopped
    int num_running = 1;
    while (num_running > 0 && !stopped) {
      if (curl_multi_perform(multi.get(), &num_running) != CURLM_OK) break;
      if (num_running > 0) curl_multi_poll(multi.get(), nullptr, 0, kPollMs, nullptr);
    }
    int num_left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &num_left))
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    curl_multi_remove_handle(multi.get(), easy.get());
    return code;
  }
};

HttpClient::HttpClient(HttpOptions options) : state_(std::make_unique<State>(std::move(options))) {}
HttpClient::~HttpClient() = default;

HttpReply HttpClient::post_json(const std::string& path, const std::string& body) {
  CURL* curl = state_->easy.get();
  Transfer transfer;
  transfer.max_body_bytes = state_->options.max_body_bytes;
  curl_easy_setopt(curl, CURLOPT_URL, (state_->options.origin + path).c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  const CURLcode code = state_->perform();
  HttpReply reply;
  if (code != CURLE_OK) {
    reply.error = reason_of(code, transfer, state_->options.timeout_s);
    return reply;
  }
  long status = 0;
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after_s);
  reply.status = static_cast<int>(status);
  if (retry_after_s > 0) reply.retry_after_s = static_cast<double>(retry_after_s);
  reply.body = std::move(transfer.body);
  if (status == 0) reply.error = "an answer that is no HTTP";
  return reply;
}

void HttpClient::stop() {
  state_->stopped = true;
  curl_multi_wakeup(state_->multi.get());
}

}  // namespace laconic
