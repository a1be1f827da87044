// What a server's answers say that a user must hear once, not once an answer: another model's name,
// counts above what was asked for, endings that are neither stop nor length.
//
// Nothing is refused here (app/endpoint_protocol.h refuses what cannot be). Not thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "app/endpoint_protocol.h"

namespace laconic {

class EndpointNotes {
 public:
  // max_tokens: what the request asked for; -1: no bound.
  EndpointNotes(std::string model, int64_t max_tokens);
  // Logs a model's name that differs, the first time it is seen.
  void add(const ServedReply& served);
  // Logs the rest, with counts; `label` begins each line.
  void log(const std::string& label) const;

 private:
  static constexpr size_t kMaxNames = 8;  // a hostile server may invent a new one each time
  std::string model_;
  int64_t max_tokens_;
  int64_t num_answers_ = 0, num_above_ = 0, most_tokens_ = 0;
  std::map<std::string, int64_t> models_, endings_;
};

}  // namespace laconic
