// SPDX-License-Identifier: Apache-2.0
#include "app/endpoint_notes.h"

#include <algorithm>

#include "base/log.h"
#include "base/printable.h"

namespace laconic {
namespace {

constexpr size_t kMaxNameBytes = 80;

// false: too many names already.
bool count(std::map<std::string, int64_t>& names, const std::string& name, size_t most) {
  const std::string shown = printable_line(name, kMaxNameBytes);
  if (names.size() >= most && !names.contains(shown)) return false;
  return ++names[shown] == 1;
}

}  // namespace

EndpointNotes::EndpointNotes(std::string model, int64_t max_tokens)
    : model_(std::move(model)), max_tokens_(max_tokens) {}

void EndpointNotes::add(const ServedReply& served) {
  ++num_answers_;
  if (!served.model.empty() && served.model != model_ && count(models_, served.model, kMaxNames))
    log_warning("the server's answer: model: expected \"", model_, "\", got \"",
                printable_line(served.model, kMaxNameBytes), "\"");
  if (max_tokens_ >= 0 && served.num_tokens > max_tokens_) {
    ++num_above_;
    most_tokens_ = std::max(most_tokens_, served.num_tokens);
  }
  if (served.finish_reason != "stop" && served.finish_reason != "length")
    count(endings_, served.finish_reason, kMaxNames);
}

void EndpointNotes::log(const std::string& label) const {
  if (num_above_ > 0)
    log_warning(label, ": ", num_above_, " of ", num_answers_, " answers count more than the ",
                max_tokens_, " tokens that were asked for, up to ", most_tokens_,
                " (their lengths are the server's word)");
  for (const auto& [reason, number] : endings_)
    log_warning(label, ": ", number, " of ", num_answers_, " answers ended with finish_reason \"",
                reason, "\" (expected stop or length; they are judged as they came)");
}

}  // namespace laconic
