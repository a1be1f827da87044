// How a chat template wants what messages may say in more than one way.
//
// Rows come in one form (data/row_messages.h): reasoning in `reasoning_content`, a call's arguments
// as an object, no content beside calls. Templates differ: some read another member or none, some
// join arguments as text, some ask whether the content is none and some add to it. Which of these a
// template does is found by rendering, so that every spelling of a message gives one rendering,
// the one in which nothing of it is lost. Not a judge of templates: where no form shows a call, the
// caller finds it missing. Source: OpenAI's chat messages; the templates of Qwen, Llama, Mistral
// and the R1 distills. Deterministic; adapting is thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace laconic {

class ChatTemplate;

struct TemplateForm {
  // The member of an assistant's message that the template shows as its reasoning; "": none, and
  // the reasoning stands in the content, between think tags.
  std::string reasoning_member;
  bool arguments_as_text = false;  // of a call: JSON text instead of an object
  bool null_content = false;       // of a message with calls and no text: null instead of ""

  Json adapt(Json messages) const;
};

// `special_tokens`: the template's variables beside the messages.
TemplateForm probe_template_form(const ChatTemplate& chat, const Json& special_tokens);

// The content of an assistant's message with its reasoning in front, as the templates of the R1 and
// Qwen3 families write it.
std::string text_with_reasoning(const Json& message);

}  // namespace laconic
