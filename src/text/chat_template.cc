// SPDX-License-Identifier: Apache-2.0
#include "text/chat_template.h"

#include <utility>
#include <vector>

#include "text/jinja_ast.h"
#include "text/jinja_eval.h"

namespace laconic {

struct ChatTemplate::State {
  std::string place;
  jinja::Body body;
};

ChatTemplate::ChatTemplate(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

ChatTemplate ChatTemplate::parse(std::string_view source, const std::string& place,
                                 bool trim_blocks, bool lstrip_blocks) {
  auto state = std::make_unique<State>();
  state->place = place;
  const std::vector<jinja::Token> tokens =
      jinja::lex_template(source, place, {trim_blocks, lstrip_blocks});
  state->body = jinja::parse_template(tokens, place);
  return ChatTemplate(std::move(state));
}

ChatTemplate::Marked ChatTemplate::render_marked(const Json& context) const {
  std::vector<std::pair<std::string, jinja::Value>> variables;
  for (const auto& [name, value] : context.as_object(state_->place))
    variables.emplace_back(name, jinja::Value::from_json(value));
  jinja::Evaluator evaluator(state_->place, std::move(variables));
  Marked marked;
  marked.text = evaluator.render(state_->body);
  marked.generated = evaluator.generated();
  return marked;
}

}  // namespace laconic
