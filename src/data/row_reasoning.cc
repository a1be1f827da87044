// SPDX-License-Identifier: Apache-2.0
#include "data/row_reasoning.h"

#include "base/error.h"
#include "data/row_fields.h"

namespace laconic {
namespace {

constexpr const char* kTexts[] = {"reasoning_content", "reasoning", "thinking"};
constexpr const char* kBlocks[] = {"reasoning_details", "thinking_blocks"};
constexpr std::string_view kOpen = "<think>", kClose = "</think>";

std::string type_of(const Json& block) {
  const Json* type = block.find("type");
  return type && type->is_string() ? type->as_string("type") : "";
}

// A text, a block with one, or a list of these.
std::string text_of(const Json& value, const std::string& where) {
  if (value.is_string()) return value.as_string(where);
  if (value.is_array()) {
    std::string text;
    for (const Json& item : value.as_array(where)) {
      const std::string part = text_of(item, where);
      if (!text.empty() && !part.empty()) text += "\n\n";
      text += part;
    }
    return text;
  }
  value.as_object(where);
  if (type_of(value) == "reasoning.summary") return "";  // not the chain itself
  for (const char* name : {"text", "thinking", "reasoning", "content"})
    if (const Json* text = value.find(name); text && !text->is_null())
      return text_of(*text, cat(where, ".", name));
  return "";
}

std::string first_type(const Json& blocks) {
  const Json* block = &blocks;
  if (blocks.is_array() && blocks.size() > 0) block = &blocks.as_array("blocks")[0];
  const std::string type = type_of(*block);
  return type.empty() ? std::string(block->kind_name()) : type;
}

// The thought that the content holds already, between its tags.
bool holds_span(const std::string& content) {
  return content.find(kOpen) != std::string::npos || content.find(kClose) != std::string::npos;
}

std::string_view span_of(std::string_view content) {
  const size_t close = content.find(kClose);
  const size_t open = content.find(kOpen);
  const size_t begin = open < close ? open + kOpen.size() : 0;
  return trimmed(content.substr(begin, close == std::string_view::npos ? close : close - begin));
}

struct Found {
  const char* name = "";
  std::string text;
};

Found find_text(const Json& object, const std::string& where) {
  Found found;
  for (const char* name : kTexts) {
    const Json* value = object.find(name);
    if (!value || value->is_null()) continue;
    const std::string place = cat(where, ".", name);
    require(value->is_string() || value->is_array() || value->is_object(), ErrorKind::kData, place,
            ": expected a string, got ", value->kind_name());
    std::string text = text_of(*value, place);
    if (trimmed(text).empty()) continue;
    require(found.text.empty() || trimmed(found.text) == trimmed(text), ErrorKind::kData, place,
            ": expected the reasoning once, got another text than in ", found.name);
    if (found.text.empty()) found = {name, std::move(text)};
  }
  return found;
}

}  // namespace

void take_reasoning(Json& message, const std::string& where) {
  const Json* role = message.find("role");
  if (!role || *role != Json("assistant")) return;
  Found found = find_text(message, where);
  for (const char* name : kBlocks) {
    const Json* blocks = message.find(name);
    if (!found.text.empty() || !blocks || blocks->is_null()) continue;
    const std::string place = cat(where, ".", name);
    std::string text = text_of(*blocks, place);
    require(!trimmed(text).empty() || blocks->size() == 0, ErrorKind::kData, place,
            ": expected the reasoning's text, got only ", first_type(*blocks));
    found = {name, std::move(text)};
  }
  for (const char* name : kTexts) message.erase(name);
  for (const char* name : kBlocks) message.erase(name);
  if (trimmed(found.text).empty()) return;
  const Json* content = message.find("content");
  if (content && content->is_string() && holds_span(content->as_string(where))) {
    require(span_of(content->as_string(where)) == trimmed(found.text), ErrorKind::kData, where, ".",
            found.name, ": expected the reasoning once, got another thought in the content");
    return;
  }
  message["reasoning_content"] = std::move(found.text);
}

bool is_reasoning_part(const Json& part) {
  const std::string type = type_of(part);
  return type == "thinking" || type == "reasoning" || type == "redacted_thinking";
}

std::string reasoning_part_text(const Json& part, const std::string& where) {
  return text_of(part, where);
}

std::string row_reasoning(const Json& row, const std::string& place) {
  Json texts = Json::object();  // columns that say whether there is reasoning are not what it is
  for (const char* name : kTexts) {
    const Json* value = row.find(name);
    if (value && value->is_string() && *value != Json("on") && *value != Json("off"))
      texts[name] = *value;
  }
  return find_text(texts, cat(place, ": row")).text;
}

std::string with_think_span(std::string_view reasoning, std::string_view reply) {
  return cat(kOpen, "\n", trimmed(reasoning), "\n", kClose, "\n\n", trimmed(reply));
}

}  // namespace laconic
