// SPDX-License-Identifier: Apache-2.0
#include "app/budget_forcing.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "text/think_span.h"

namespace laconic {
namespace {

// Ids whose text shows how a prompt ends.
constexpr size_t kPromptTail = 32;

std::string_view without_final_space(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

}  // namespace

Json BudgetForcingSettings::describe() const {
  Json json = Json::object();
  json["kind"] = "budget";
  json["thinking_budget"] = thinking_budget;
  json["extensions"] = extensions;
  json["answer_budget"] = answer_budget;
  json["thinking_end"] = thinking_end;
  json["wait_text"] = wait_text;
  return json;
}

void ControlOptions::add_to(Settings& settings) {
  settings.advanced_group("Control");
  settings.add("control", &control,
               "budget: budget forcing (s1): thinking is cut at --thinking-budget tokens, and ends "
               "of thinking before it are taken back --extensions times");
  settings.choices({"none", "budget"});
  settings.add("thinking_budget", &budget.thinking_budget,
               "tokens of thinking at most; then --thinking-end is forced");
  settings.range(0, 1e9);
  settings.add("extensions", &budget.extensions,
               "times that an end of thinking is replaced by --wait-text; longer replies");
  settings.range(0, 1e6);
  settings.add("answer_budget", &budget.answer_budget,
               "tokens behind the thinking at most; 0: as --max-new-tokens allows");
  settings.range(0, 1e9);
  settings.add("thinking_end", &budget.thinking_end,
               "text that is forced when the budget is used up, on a line of its own: the closing "
               "tag and the head of the answer");
  settings.add("wait_text", &budget.wait_text, "text in place of an end of thinking");
}

const std::vector<std::string>& ControlOptions::names() {
  static const std::vector<std::string> all = {"control",       "thinking_budget", "extensions",
                                               "answer_budget", "thinking_end",    "wait_text"};
  return all;
}

std::optional<BudgetForcingSettings> ControlOptions::resolve(const Settings& settings,
                                                             int64_t max_new_tokens) const {
  if (control == "none") {
    for (const std::string& name : names())
      require(name == "control" || !settings.given(name), ErrorKind::kUsage, "--",
              with_hyphens(name), ": expected --control budget with it, got none");
    return std::nullopt;
  }
  require(settings.given("thinking_budget"), ErrorKind::kUsage,
          "--control budget: expected --thinking-budget N with it, got none");
  require(budget.thinking_end.find(kThinkClose) != std::string::npos, ErrorKind::kUsage,
          "--thinking-end: expected a text with ", kThinkClose, ", got \"", budget.thinking_end,
          "\"");
  require(!budget.wait_text.empty(), ErrorKind::kUsage,
          "--wait-text: expected a text, got none (--extensions 0 for no extension)");
  require(budget.thinking_budget + budget.answer_budget < max_new_tokens, ErrorKind::kUsage,
          "--max-new-tokens: expected more than the ",
          budget.thinking_budget + budget.answer_budget,
          " tokens of --thinking-budget and --answer-budget, got ", max_new_tokens,
          " (what is forced counts too)");
  return budget;
}

BudgetForcing::BudgetForcing(const BudgetForcingSettings& settings, const PromptBuilder& builder,
                             std::span<const int32_t> prompt)
    : settings_(settings), tokenizer_(builder.tokenizer()), stop_ids_(builder.stop_ids()) {
  decoder_.emplace(tokenizer_);
  const std::string tail = tokenizer_.decode(prompt.last(std::min(prompt.size(), kPromptTail)));
  prompt_ends_line_ = tail.ends_with('\n');
  if (without_final_space(tail).ends_with(kThinkOpen)) phase_ = Phase::kThinking;
}

// text_ and ends_ for these ids; from the start again where some were taken back.
void BudgetForcing::follow(std::span<const int32_t> ids) {
  if (ids.size() < ends_.size() || (ids.size() == ends_.size() && !ids.empty())) {
    decoder_.emplace(tokenizer_);
    text_.clear();
    ends_.clear();
    num_searched_ = 0;
  }
  while (ends_.size() < ids.size()) {
    text_ += decoder_->push(ids[ends_.size()]);
    ends_.push_back(text_.size());
  }
}

// Where the tag stands, if it ends in text that is new since the last search.
size_t BudgetForcing::find_new(std::string_view tag, size_t from) const {
  return text_.find(tag, std::max(from, num_searched_ - std::min(num_searched_, tag.size() - 1)));
}

void BudgetForcing::look_for_thinking() {
  const size_t open = find_new(kThinkOpen, 0);
  if (open == std::string::npos) return;
  phase_ = Phase::kThinking;
  think_text_begin_ = open + kThinkOpen.size();
  const auto first = std::upper_bound(ends_.begin(), ends_.end(), open);
  think_begin_ = static_cast<size_t>(first - ends_.begin());
}

Control::Next BudgetForcing::on_ids(std::span<const int32_t> ids) {
  follow(ids);
  Next next = next_of(ids);
  num_searched_ = text_.size();
  return next;
}

Control::Next BudgetForcing::next_of(std::span<const int32_t> ids) {
  if (phase_ == Phase::kBefore) look_for_thinking();
  if (ids.size() < all_forced_ || phase_ == Phase::kBefore) return {};
  if (phase_ == Phase::kAnswer) {
    const auto num_answer = static_cast<int64_t>(ids.size() - std::min(ids.size(), answer_begin_));
    Next next;
    if (settings_.answer_budget > 0 && num_answer >= settings_.answer_budget)
      next.finish = FinishReason::kLength;
    return next;
  }
  num_thinking_ = static_cast<int64_t>(ids.size() - think_begin_);
  const bool may_extend =
      num_extensions_ < settings_.extensions && num_thinking_ < settings_.thinking_budget;
  const size_t close = find_new(kThinkClose, think_text_begin_);
  if (close != std::string::npos) {
    if (may_extend) return take_back(close);
    phase_ = Phase::kAnswer;
    answer_begin_ = ids.size();
    return {};
  }
  const bool stops =
      !ids.empty() && std::find(stop_ids_.begin(), stop_ids_.end(), ids.back()) != stop_ids_.end();
  if (stops && may_extend) return take_back(text_end(ids.size() - 1));
  if (stops || num_thinking_ >= settings_.thinking_budget) return end_thinking(stops ? 1 : 0);
  return {};
}

// The ids that reach beyond text_begin go; "Wait" comes, behind what they had in front of it.
Control::Next BudgetForcing::take_back(size_t text_begin) {
  Next next;
  const auto first = std::upper_bound(ends_.begin(), ends_.end(), text_begin) - ends_.begin();
  const size_t num_left = std::min(static_cast<size_t>(first), ends_.size() - 1);
  next.num_dropped = static_cast<int64_t>(ends_.size() - num_left);
  const size_t kept = std::min(text_end(num_left), text_begin);
  next.forced = tokenizer_.encode(text_.substr(kept, text_begin - kept) + settings_.wait_text);
  ++num_extensions_;
  all_forced_ = num_left + next.forced.size();
  return next;
}

Control::Next BudgetForcing::end_thinking(int64_t num_dropped) {
  Next next;
  next.num_dropped = num_dropped;
  const size_t num_left = ends_.size() - static_cast<size_t>(num_dropped);
  const std::string_view left = std::string_view(text_).substr(0, text_end(num_left));
  const bool at_line = left.empty() ? prompt_ends_line_ : left.ends_with('\n');
  next.forced = tokenizer_.encode((at_line ? "" : "\n") + settings_.thinking_end);
  num_thinking_ -= num_dropped;
  capped_ = true;
  phase_ = Phase::kAnswer;
  answer_begin_ = all_forced_ = num_left + next.forced.size();
  return next;
}

ControlRecord BudgetForcing::record(const Sample& sample) const {
  ControlRecord record;
  record.num_forced_tokens = std::ssize(sample.forced);
  record.num_extensions = num_extensions_;
  record.capped = capped_;
  record.within_budget = phase_ != Phase::kThinking && num_thinking_ <= settings_.thinking_budget;
  return record;
}

ControlMaker budget_forcing_maker(const std::optional<BudgetForcingSettings>& settings,
                                  const PromptBuilder& builder) {
  if (!settings) return {};
  return [&settings = *settings, &builder](const SampleRequest& request) {
    return std::make_shared<BudgetForcing>(settings, builder, request.prompt);
  };
}

std::optional<ControlRecord> control_record(const Sample& sample) {
  const auto* const forcing = dynamic_cast<const BudgetForcing*>(sample.control.get());
  if (!forcing) return std::nullopt;
  return forcing->record(sample);
}

}  // namespace laconic
