// What a PromptBuilder is made of: for prompt_builder.cc and conversation_row.cc only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "text/chat_template.h"
#include "text/prompt_builder.h"
#include "text/prompt_files.h"
#include "text/special_ends.h"
#include "text/template_form.h"
#include "text/tokenizer.h"

namespace laconic {

struct PromptBuilder::State {
  State(Tokenizer t, PromptFiles f, std::string place)
      : tokenizer(std::move(t)), files(std::move(f)), folder(std::move(place)) {}

  Tokenizer tokenizer;
  PromptFiles files;
  std::string folder;
  std::optional<ChatTemplate> chat;
  std::optional<int32_t> bos_id, end_of_turn;
  std::string no_end_of_turn;  // why there is none
  std::string think_tail;      // of the generation prompt
  bool drops_reasoning = false, drops_earlier_reasoning = false;
  TemplateForm form;              // how the template wants messages
  SpecialEnds ends;               // of texts that no template makes
  std::set<int32_t> controls;     // ids that no message may spell
  bool encodes_by_place = false;  // a text's ids depend on what stands before it

  ChatTemplate::Marked render(const Json& messages, bool add_generation_prompt,
                              const Json& variables) const;
  std::vector<int32_t> encode(std::string_view text, const char* what) const;
  // The ids of `text` behind `before`, whose ids are `before_ids`.
  std::vector<int32_t> encode_behind(std::string_view before, std::span<const int32_t> before_ids,
                                     std::string_view text, const char* what) const;
  void check_one_bos(std::span<const int32_t> ids) const;
  void find_bos();
  void find_end_of_turn();
  void probe_thinking();
  void probe_joining();
  // prompt_controls.cc
  void find_controls();
  std::optional<std::string> control_in(std::string_view text) const;
  void refuse_controls(const Json& value, const std::string& place) const;
  // Messages that spell no control token; an end of turn at the end of an assistant's content,
  // which the template writes itself, is taken off.
  Json checked_messages(const Json& messages) const;
  std::optional<int32_t> first_special(std::string_view text) const;
};

}  // namespace laconic
