// SPDX-License-Identifier: Apache-2.0
#include "data/row_unused.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "data/row_fields.h"

namespace laconic {
namespace {

constexpr const char* kVariables[] = {"tools", "documents", "chat_template_kwargs", "kwargs"};
// Members of a message that every row's reader knows.
constexpr const char* kMessageMembers[] = {"role",
                                           "content",
                                           "from",
                                           "value",
                                           "tool_calls",
                                           "function_call",
                                           "tool_call_id",
                                           "name",
                                           "reasoning_content",
                                           "reasoning",
                                           "thinking",
                                           "reasoning_details",
                                           "thinking_blocks",
                                           "weight",
                                           "train",
                                           "loss"};

bool is_empty(const Json& value) {
  return value.is_null() || value == Json("") ||
         ((value.is_array() || value.is_object()) && value.size() == 0);
}

// The names that the row's shape reads, as data/row_shapes.cc does it.
class UsedNames {
 public:
  UsedNames(const Json& json, std::string_view chosen, const TrainingRow& row) : json_(json) {
    use({"id", "ID", "unique_id", "uuid"});
    if (!chosen.empty()) names_.insert(chosen);
    const std::string_view shape = row.shape;
    if (shape == "text") {
      use({"text"});
      return;
    }
    if (row.prompt.empty()) use({"system"});
    if (shape == "messages" || shape == "sharegpt conversations") {
      use({"messages", "conversations"});
      return;
    }
    if (chosen.empty()) use_reasoning(row);
    if (shape == "alpaca") {
      use({"instruction"});
      use({"input", "context"});
      use({"output", "response"});
      use({"history"});
    } else if (shape == "prompt and completion" || shape == "verl") {
      use({"prompt", "messages"});
      if (chosen.empty()) use({"completion", "response"});
      if (shape == "verl") names_.insert({"reward_model", "extra_info"});
    } else {
      use_problem(shape, chosen);
    }
  }
  bool contains(std::string_view name) const { return names_.contains(name); }

 private:
  void use(std::initializer_list<std::string_view> names) {
    if (const Field field = find_field(json_, names)) names_.insert(field.name);
  }
  void use_problem(std::string_view shape, std::string_view chosen) {
    use({"problem", "Problem", "question", "Question", "query"});
    if (names_.contains("question") || names_.contains("Question")) use({"body", "Body"});
    if (!chosen.empty()) return;
    if (shape == "open-r1 generations")
      names_.insert({"generations", "correctness_math_verify", "is_reasoning_complete"});
    else
      use({"response", "completion", "solution", "Solution", "reference_solution", "answer",
           "Answer"});
  }
  // A column is used where its text has become the reply's thought.
  void use_reasoning(const TrainingRow& row) {
    std::string reply = row.completion;
    if (reply.empty() && row.messages.is_array() && row.messages.size() > 0)
      if (const Json* content = row.messages.as_array("messages").back().find("content"))
        if (content->is_string()) reply = content->as_string("content");
    for (const char* name : {"reasoning_content", "reasoning", "thinking"}) {
      const Json* value = json_.find(name);
      if (!value || !value->is_string()) continue;
      const std::string_view thought = trimmed(value->as_string(name));
      if (!thought.empty() && reply.find(thought) != std::string::npos) names_.insert(name);
    }
  }

  const Json& json_;
  std::set<std::string_view> names_;
};

void add_message_members(const std::string& field, const Json& messages, TrainingRow& row) {
  if (!messages.is_array()) return;
  for (const Json& message : messages.as_array(field)) {
    if (!message.is_object()) continue;
    for (const auto& [name, value] : message.as_object(field)) {
      const bool known = std::find(std::begin(kMessageMembers), std::end(kMessageMembers), name) !=
                         std::end(kMessageMembers);
      if (!known && !is_empty(value)) row.template_reads.push_back(cat(field, "[].", name));
    }
  }
}

void sort_once(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace

void refuse_media(const Json& json, const std::string& place) {
  for (const char* name : {"images", "image", "videos", "video", "audios", "audio"}) {
    const Json* value = json.find(name);
    require(!value || is_empty(*value), ErrorKind::kData, place, ": ", name,
            ": expected text alone, got a row with media");
  }
  const Json* label = json.find("label");
  require(!label || *label != Json(false), ErrorKind::kData, place,
          ": label: expected a reply that is wanted, got false (rows of preferences are not "
          "trained on)");
}

void find_unused(const Json& json, std::string_view chosen, TrainingRow& row) {
  const UsedNames used(json, chosen, row);
  const bool is_raw = !row.text.empty() || !row.prompt.empty();
  for (const auto& [name, value] : json.as_object("row")) {
    if (is_empty(value)) continue;
    const bool is_variable =
        std::find(std::begin(kVariables), std::end(kVariables), name) != std::end(kVariables);
    if (is_variable && !is_raw) {
      if (!name.ends_with("kwargs")) row.template_reads.push_back(name);
    } else if (is_variable || !used.contains(name)) {
      row.unused.push_back(name);
    } else {
      add_message_members(name, value, row);
    }
  }
  if (!is_raw && row.variables.is_object())
    for (const auto& [name, value] : row.variables.as_object("variables"))
      if (!json.find(name)) row.template_reads.push_back(cat("chat_template_kwargs.", name));
  sort_once(row.unused);
  sort_once(row.template_reads);
}

}  // namespace laconic
