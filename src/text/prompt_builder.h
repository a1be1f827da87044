// The one place where messages become prompt ids and training rows become ids with a mask; data
// building, training, evaluation and serving all call it, so that they cannot drift apart.
//
// A row is prompt ids ++ completion ids ++ end-of-turn id, joined as ids, never re-tokenised as
// text. End-of-turn: the first special id that the template puts after the assistant's content
// (found by rendering); the tokenizer's eos where there is no template. A completion that already
// ends with it gets no second one. Where the prompt already ends with the opening think tag (R1
// distills), a completion's own is dropped, and one that thinks nothing gets an empty, closed
// thought; a thought that never closes is refused. No message may spell a control token: a special
// one, an end of replies, or what the template writes around turns. Template: chat_template.jinja,
// else
// tokenizer_config.json's chat_template. It sees what transformers gives it: messages, tools,
// documents, add_generation_prompt and the special tokens of tokenizer_config.json. Errors (kData
// unless said): doubled BOS; a row without a target or without a prompt; an end of turn inside a
// completion; a control token in a message; ids that do not decode to the normalised text; no
// end-of-turn id (kModel); messages without a template (kModel). Thread-safe after construction.
// Deterministic unless the template asks for the date. Source: transformers' apply_chat_template;
// docs/chat-templates.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/token_row.h"

namespace laconic {

class Tokenizer;
class ChatTemplate;

// `context` is what stands between the targets of a conversation of several turns.
struct TokenizedRow : TokenRow {
  // What the user should know about how the row was made; one of a few sentences, or empty.
  std::string note;
};

// Which assistant turns of a conversation are trained on.
enum class TurnPolicy {
  kAll,    // every one; where the template rewrites earlier turns, the last alone, with a note
  kLast,   // the last alone
  kStrict  // every one; where the template rewrites earlier turns, Error(kData)
};
TurnPolicy parse_turn_policy(const std::string& name);  // "all", "last", "strict"

// A user turn of `problem` and, on the next line, `instruction`, behind a system turn; either may
// be empty.
Json problem_messages(std::string_view problem, std::string_view instruction,
                      std::string_view system = {});

class PromptBuilder {
 public:
  // Reads tokenizer.json, tokenizer_config.json, chat_template.jinja, special_tokens_map.json and
  // generation_config.json of a model folder. A missing chat template is an error only when
  // messages are rendered.
  static PromptBuilder from_folder(const std::string& folder);
  ~PromptBuilder();
  PromptBuilder(PromptBuilder&&) noexcept;

  const Tokenizer& tokenizer() const;
  bool has_template() const;
  std::string template_hash() const;  // XXH3-64 (hex) of the template's source, "none" without one

  // `messages`: array of {role, content} in the form of data/row_messages.h; the template gets what
  // it reads (text/template_form.h). `variables`: further template variables (tools,
  // enable_thinking), may be null. Control tokens in messages are rendered as they stand.
  std::string render(const Json& messages, bool add_generation_prompt, const Json& variables) const;
  // render + encode with special tokens matched and none added; checks for a doubled BOS.
  std::vector<int32_t> prompt_ids(const Json& messages, const Json& variables = {}) const;
  // A user turn of `problem` and, on the next line, `instruction` (may be empty), ready to sample
  // from.
  std::vector<int32_t> problem_ids(std::string_view problem, std::string_view instruction) const;
  // A text that is ready: rendered, or with its special tokens written out.
  std::vector<int32_t> text_ids(std::string_view prompt) const;
  // A prompt that no template makes, for training and sampling alike: with a beginning of sequence
  // where the model's texts have one (text/special_ends.h) and the prompt does not.
  std::vector<int32_t> plain_prompt_ids(std::string_view prompt) const;

  // One training row from a conversation that ends before the assistant's turn, and its completion.
  TokenizedRow training_row(const Json& messages, std::string_view completion,
                            const Json& variables = {}) const;
  TokenizedRow training_row(std::vector<int32_t> prompt, std::string_view completion) const;
  // One training row from a whole conversation that ends with the assistant. Its turns behind the
  // first `num_prompt_messages` messages are targets, in the template's own tokens, each with its
  // end of turn; between them stands what the template writes. A target whose reasoning the
  // template would drop keeps it, with a note.
  TokenizedRow conversation_row(const Json& messages, size_t num_prompt_messages,
                                const Json& variables = {},
                                TurnPolicy policy = TurnPolicy::kAll) const;
  // A row that is one text, all of it learnt: beginning of sequence (where the model's texts have
  // one), the text, the tokenizer's end of sequence. Special tokens in it mean themselves.
  TokenizedRow text_row(std::string_view text) const;

  bool opens_think(std::span<const int32_t> prompt) const;
  bool prompt_opens_think() const;  // the generation prompt ends with the opening think tag
  // Found by rendering: a think block in the last, in an earlier assistant turn is not in the text.
  bool template_drops_reasoning() const;
  bool template_drops_earlier_reasoning() const;
  // The template's source has the name: a variable or member of another one is never read.
  bool template_reads(std::string_view name) const;
  // The first control token that a message's text spells.
  std::optional<std::string> control_in(std::string_view text) const;
  bool is_control(int32_t id) const;
  int32_t end_of_turn_id() const;
  std::optional<int32_t> end_of_turn() const;  // the same; nothing instead of an error
  // End of turn, generation_config's eos ids and the tokenizer's eos_token.
  std::vector<int32_t> stop_ids() const;
  // The reply's text without its stop id; the opening think tag that the generation prompt held is
  // put back in front.
  std::string completion_text(std::span<const int32_t> ids) const;
  // The same after a prompt of any kind.
  std::string completion_text(std::span<const int32_t> prompt, std::span<const int32_t> ids) const;

  struct State;  // prompt_state.h

 private:
  explicit PromptBuilder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace laconic
