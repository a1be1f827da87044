// The one place where messages become prompt ids and training rows become ids with a mask; data
// building, training, evaluation and serving all call it, so that they cannot drift apart.
//
// A row is prompt ids ++ completion ids ++ end-of-turn id, joined as ids, never re-tokenised as
// text. End-of-turn: the first special id that the template puts after the assistant's content
// (found by rendering). Where the generation prompt already ends with the opening think tag (R1
// distills), a completion's own is dropped. Errors (kData unless said): doubled BOS; a template
// that drops reasoning from a target row's text; all targets masked; no end-of-turn id (kModel);
// ids that do not decode to the normalised text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"

namespace laconic {

class Tokenizer;
class ChatTemplate;

struct TokenizedRow {
  std::vector<int32_t> ids;      // prompt, completion, end of turn
  size_t num_prompt_tokens = 0;  // targets are ids[num_prompt_tokens..]
};

class PromptBuilder {
 public:
  // Reads tokenizer.json, tokenizer_config.json, chat_template.jinja, special_tokens_map.json and
  // generation_config.json of a model folder. A missing chat template is an error only when
  // messages are rendered.
  static PromptBuilder from_folder(const std::string& folder);
  ~PromptBuilder();
  PromptBuilder(PromptBuilder&&) noexcept;

  const Tokenizer& tokenizer() const;
  std::string template_hash() const;  // XXH3-64 (hex) of the template's source, "none" without one

  // `messages`: array of {role, content}. `variables`: further template variables (tools,
  // enable_thinking), may be null.
  std::string render(const Json& messages, bool add_generation_prompt, const Json& variables) const;
  // render + encode with special tokens matched and none added; checks for a doubled BOS.
  std::vector<int32_t> prompt_ids(const Json& messages, const Json& variables = {}) const;
  // A user turn of `problem` and, on the next line, `instruction` (may be empty), ready to sample
  // from.
  std::vector<int32_t> problem_ids(std::string_view problem, std::string_view instruction) const;
  // `prompt` is used as it is (plumbing and base models).
  std::vector<int32_t> text_ids(std::string_view prompt) const;

  // One training row from a rendered conversation that ends before the assistant's turn, and its
  // completion.
  TokenizedRow training_row(const Json& messages, std::string_view completion,
                            const Json& variables = {}) const;
  TokenizedRow training_row(std::vector<int32_t> prompt, std::string_view completion) const;

  bool prompt_opens_think() const;  // the generation prompt ends with the opening think tag
  int32_t end_of_turn_id() const;
  std::vector<int32_t> stop_ids() const;  // end of turn and generation_config's eos ids
  // The reply's text; the opening think tag that the prompt held is put back in front.
  std::string completion_text(std::span<const int32_t> ids) const;

 private:
  struct State;
  explicit PromptBuilder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace laconic
