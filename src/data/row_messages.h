// Conversations in the spellings that data sets have, checked and brought into one: an array of
// {role, content, reasoning_content?, tool_calls?, ...} as chat templates read it.
//
// TRL's messages (role, content), sharegpt's conversations (from, value), alpaca's instruction,
// input, output, system and history. Members that are null are left out (Parquet makes them);
// reasoning under any of its names becomes reasoning_content (data/row_reasoning.h); a call's
// arguments become an object, its absent content "" (text/template_form.h gives a template what it
// reads); content in text parts becomes one string; other parts are refused by type, and so is a
// turn whose weight says that it is not to be learnt. Errors: Error(kData)
// "place: field[i].member: expected X, got Y". Sources: TRL's dataset formats, LLaMA-Factory's data
// README, OpenAI's chat messages.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "data/row_fields.h"

namespace laconic {

// One message in that form, its role and content not looked at.
Json normal_message(const Json& message, const std::string& where);

// At least one message; the spelling is told from the first one.
Json read_messages(const Field& field, const std::string& place);
bool is_sharegpt(const Field& field);

// A user turn of instruction and, on the next line, input; in front of it system and history (pairs
// of question and answer), behind it the output (also "response").
Json alpaca_messages(const Json& row, const std::string& place);

// The row's "system"; "" where there is none.
std::string system_text(const Json& row, const std::string& place);
// In front of `messages`, unless the row's "system" (text) is absent or empty.
void add_system_turn(const Json& row, const std::string& place, Json& messages);

// The row's "tools": an array, or the JSON text of one; null where there are none.
Json read_tools(const Json& row, const std::string& place);
// What the template is given beside the messages: tools, documents, and the members of
// chat_template_kwargs or kwargs (an object, or the JSON text of one; nulls are left out). Null
// where there is nothing.
Json read_variables(const Json& row, const std::string& place);

const std::string& role_of(const Json& message);
Json chat_message(std::string_view role, std::string_view content);

}  // namespace laconic
