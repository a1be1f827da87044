// Budget forcing: thinking is cut at a number of tokens, or made to go on (s1).
//
// Source: arXiv 2501.19393 and simplescaling/s1. A reply that has thought for `thinking_budget`
// tokens is given the end of thinking (on a line of its own) and what begins its answer; one that
// ends its thinking earlier has that end taken back and "Wait" put in its place, `extensions` times
// at most. As in s1, what is appended counts as sampled. Departures: an end of the whole reply
// within the thinking is treated as an end of the thinking, so that there is an answer; the tag may
// be several tokens, which are all taken back, with the text in front of it in the same token given
// back; `answer_budget` ends the answer (finish_reason "length").
// What counts as thinking: text/think_span.h's span, from the first id where the prompt ends with
// the opening tag. A reply that never opens one is left alone. Deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/settings.h"
#include "data/records.h"  // ControlRecord
#include "sample/control.h"
#include "text/prompt_builder.h"
#include "text/tokenizer.h"

namespace laconic {

struct BudgetForcingSettings {
  int64_t thinking_budget = 0;  // tokens of thinking, at most
  int64_t extensions = 0;       // ends of thinking that are replaced
  int64_t answer_budget = 0;    // tokens behind the end of thinking; 0: what max_new_tokens leaves
  std::string thinking_end = "</think>\n\n**Final Answer:**\n\n";  // forced at the budget
  std::string wait_text = "Wait";                                  // in place of an early end
  Json describe() const;
};

// The settings of the command line: --control budget and what belongs to it.
struct ControlOptions {
  std::string control = "none";
  BudgetForcingSettings budget;

  void add_to(Settings& settings);
  // nullopt for none. Error(kUsage) for an option that would do nothing or cannot work.
  std::optional<BudgetForcingSettings> resolve(const Settings& settings,
                                               int64_t max_new_tokens) const;
  static const std::vector<std::string>& names();  // of the options
};

class BudgetForcing : public Control {
 public:
  // `settings` and `builder` outlive it.
  BudgetForcing(const BudgetForcingSettings& settings, const PromptBuilder& builder,
                std::span<const int32_t> prompt);
  Next on_ids(std::span<const int32_t> ids) override;

  ControlRecord record(const Sample& sample) const;

 private:
  enum class Phase { kBefore, kThinking, kAnswer };

  void follow(std::span<const int32_t> ids);
  Next next_of(std::span<const int32_t> ids);
  void look_for_thinking();
  size_t find_new(std::string_view tag, size_t from) const;
  Next take_back(size_t text_begin);
  Next end_thinking(int64_t num_dropped);
  size_t text_end(size_t num_ids) const { return num_ids == 0 ? 0 : ends_[num_ids - 1]; }

  const BudgetForcingSettings& settings_;
  const Tokenizer& tokenizer_;
  const std::vector<int32_t> stop_ids_;
  bool prompt_ends_line_ = false;
  std::optional<IncrementalDecoder> decoder_;
  std::string text_;          // of the ids
  std::vector<size_t> ends_;  // of the text of each id
  size_t num_searched_ = 0;   // bytes of text_ without the tag that is looked for
  Phase phase_ = Phase::kBefore;
  size_t think_begin_ = 0;       // index of the first id that thinks
  size_t think_text_begin_ = 0;  // in text_, behind the opening tag
  size_t all_forced_ = 0;        // number of ids once those that are forced are all there
  size_t answer_begin_ = 0;      // index of the first id that answers
  int64_t num_thinking_ = 0, num_extensions_ = 0;
  bool capped_ = false;
};

// Null without settings. `settings` and `builder` outlive what it makes.
ControlMaker budget_forcing_maker(const std::optional<BudgetForcingSettings>& settings,
                                  const PromptBuilder& builder);

// Of a sample that BudgetForcing has steered; nullopt of any other.
std::optional<ControlRecord> control_record(const Sample& sample);

}  // namespace laconic
