// A Hugging Face chat template: Jinja source in, prompt text out.
//
// An interpreter of our own (lexer, parser, evaluator) for the language that chat templates use; no
// template is recognised by its text. Whitespace as transformers sets it: trim_blocks and
// lstrip_blocks on. What is outside the language is Error(kModel) with `place:line:column`.
// Bounded: steps, output bytes and recursion have limits. Source: Jinja 3.1 language reference;
// transformers' chat_template_utils.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"

namespace laconic {

class ChatTemplate {
 public:
  static ChatTemplate parse(std::string_view source, const std::string& place);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;

  // `context`: an object with messages, add_generation_prompt, bos_token, tools, and any further
  // variable. raise_exception(...) in the template is Error(kData) with its message.
  std::string render(const Json& context) const;

 private:
  struct State;
  explicit ChatTemplate(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace laconic
