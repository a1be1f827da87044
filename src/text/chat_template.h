// A Hugging Face chat template: Jinja source in, prompt text out.
//
// An interpreter of our own (lexer, parser, evaluator) for the language that chat templates use; no
// template is recognised by its text. Whitespace as transformers sets it: trim_blocks and
// lstrip_blocks on; another setting is for templates of other programs. What is outside the
// language is Error(kModel) with `place:line:column`, at parse time. What goes wrong with the
// messages at hand (undefined names, raise_exception) is Error(kData) with the same place. Bounded:
// steps, output bytes, recursion and nesting have limits. Deterministic but for strftime_now.
// Source: Jinja 3.1 language reference; transformers' chat_template_utils (tojson, raise_exception,
// strftime_now, break and continue, generation blocks, the sandbox that refuses to change lists and
// dicts).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/span.h"

namespace laconic {

class ChatTemplate {
 public:
  static ChatTemplate parse(std::string_view source, const std::string& place,
                            bool trim_blocks = true, bool lstrip_blocks = true);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  // `context`: an object with messages, add_generation_prompt, bos_token, tools, and any further
  // variable.
  std::string render(const Json& context) const { return render_marked(context).text; }
  // The same with where its generation blocks stand: what transformers' assistant mask is made of.
  struct Marked {
    std::string text;
    std::vector<Span> generated;  // bytes
  };
  Marked render_marked(const Json& context) const;

 private:
  struct State;
  explicit ChatTemplate(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace laconic
