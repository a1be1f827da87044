// The shapes of rows that are recognised by their field names (docs/data-format.md lists them).
// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "base/error.h"
#include "data/row_fields.h"
#include "data/rows.h"

namespace laconic {
namespace {

constexpr std::string_view kFinalAnswerMark = "####";  // GSM8K

std::string row_id(const Json& row, const std::string& place) {
  const Field id = find_field(row, {"id", "ID", "unique_id"});
  if (!id) return "";
  require(id.value->is_string() || id.value->is_integer(), ErrorKind::kData, place, ": ", id.name,
          ": expected a string or an integer, got ", id.value->kind_name());
  std::string text = field_text(id, place);
  require(!text.empty(), ErrorKind::kData, place, ": ", id.name,
          ": expected text, got an empty id");
  return text;
}

void check_message(const Json& message, const std::string& where) {
  message.as_object(where);
  const std::string& role = message.at("role", where).as_string(where + ".role");
  require(role == "system" || role == "developer" || role == "user" || role == "assistant" ||
              role == "tool",
          ErrorKind::kData, where,
          ".role: expected system, developer, user, assistant or tool, got \"", role, "\"");
  const Json* content = message.find("content");
  const bool calls_tools = message.find("tool_calls") != nullptr;
  require((content && content->is_string()) || calls_tools, ErrorKind::kData, where,
          ".content: expected a string, got ", content ? content->kind_name() : "none");
}

// Checks an array of {role, content} and returns it.
Json checked_messages(const Field& field, const std::string& place) {
  const std::string where = cat(place, ": ", field.name);
  const Json::Array& messages = field.value->as_array(where);
  require(!messages.empty(), ErrorKind::kData, where, ": expected at least one message, got none");
  for (size_t i = 0; i < messages.size(); ++i) check_message(messages[i], cat(where, "[", i, "]"));
  return *field.value;
}

const std::string& role_of(const Json& message) { return message.at("role", "").as_string(""); }

// The text that the model has to write for an assistant message. Servers return the reasoning apart
// from the content; the templates of the R1 and Qwen3 families write it as this think span.
std::string assistant_text(const Json& message, const std::string& where) {
  const Json* content = message.find("content");
  require(content && content->is_string() && !message.find("tool_calls"), ErrorKind::kData, where,
          ".content: expected a string and no tool calls (a completion is text)");
  const std::string& text = content->as_string(where);
  const Json* reasoning = message.find("reasoning_content");
  if (!reasoning || reasoning->is_null()) return text;
  const std::string thought(trimmed(reasoning->as_string(where + ".reasoning_content")));
  return cat("<think>\n", thought, "\n</think>\n\n", trimmed(text));
}

void read_messages(const Field& field, const std::string& place, TrainingRow& row) {
  row.messages = checked_messages(field, place);
  Json::Array& messages = row.messages.items();
  const std::string where = cat(place, ": ", field.name);
  require(role_of(messages.back()) == "assistant", ErrorKind::kData, where,
          ": expected the last message from the assistant, got one from \"",
          role_of(messages.back()), "\"");
  require(messages.size() > 1, ErrorKind::kData, where,
          ": expected a message before the assistant's, got none");
  row.completion = assistant_text(messages.back(), cat(where, "[", messages.size() - 1, "]"));
  messages.pop_back();
}

// `prompt`: text that is used as it is, or messages.
template <typename Row>
void read_prompt(const Field& field, const std::string& place, Row& row) {
  if (field.value->is_array())
    row.messages = checked_messages(field, place);
  else
    row.prompt = field_string(field, place);
}

std::string read_completion(const Field& field, const std::string& place) {
  if (!field.value->is_array()) return field_string(field, place);
  const Json messages = checked_messages(field, place);
  const std::string where = cat(place, ": ", field.name);
  const Json& message = messages.as_array(where)[0];
  require(messages.size() == 1 && role_of(message) == "assistant", ErrorKind::kData, where,
          ": expected one message from the assistant, got ", messages.size());
  return assistant_text(message, where + "[0]");
}

// SVAMP and ASDiv tell the story in `body` and ask in `question`.
std::string problem_text(const Field& field, const Json& row, const std::string& place) {
  std::string text = field_string(field, place);
  if (field.name != "question" && field.name != "Question") return text;
  const Field body = find_field(row, {"body", "Body"});
  return body ? cat(trimmed(field_string(body, place)), " ", text) : text;
}

Field problem_field(const Json& row) {
  return find_field(row, {"problem", "Problem", "question", "Question", "query"});
}

// The worked solution of a problem's row.
std::string solution_text(const Json& row, const std::string& place) {
  if (const Field field =
          find_field(row, {"response", "completion", "solution", "Solution", "reference_solution"}))
    return read_completion(field, place);
  const Field answer = find_field(row, {"answer", "Answer"});
  require(static_cast<bool>(answer), ErrorKind::kData, place,
          ": completion: expected a field completion, response, solution or answer, got none");
  std::string text = field_text(answer, place);
  require(text.find(kFinalAnswerMark) != std::string::npos, ErrorKind::kData, place, ": ",
          answer.name,
          ": expected a worked solution that ends in \"#### answer\", got a bare answer (to train "
          "on it "
          "as it is, call the field completion)");
  return text;
}

std::string gold_text(const Json& row, const std::string& place) {
  Field field = find_field(row, {"gold", "answer", "Answer", "ref_answer", "expected_answer",
                                 "ground_truth", "final_answer", "target"});
  const Json* reward = row.find("reward_model");
  if (!field && reward) field = find_field(*reward, {"ground_truth"});
  if (!field) field = find_field(row, {"solution", "Solution", "reference_solution"});
  if (!field) return "";
  std::string text = field_text(field, place);
  const size_t mark = text.rfind(kFinalAnswerMark);
  if (mark != std::string::npos) text = text.substr(mark + kFinalAnswerMark.size());
  text = std::string(trimmed(text));
  require(!text.empty(), ErrorKind::kData, place, ": ", field.name,
          ": expected an answer, got an empty one");
  return text;
}

}  // namespace

TrainingRow parse_training_row(const Json& json, const std::string& place,
                               const TrainingRowOptions& options) {
  TrainingRow row;
  row.id = row_id(json, place);
  Field chosen;
  if (!options.completion_field.empty()) chosen = find_field(json, {options.completion_field});
  const Field problem = problem_field(json);
  const Field prompt = find_field(json, {"prompt", "messages"});
  if (const Field messages = find_field(json, {"messages"}); messages && !chosen) {
    read_messages(messages, place, row);
  } else if (problem) {
    row.problem = problem_text(problem, json, place);
    const bool two_chains = json.find("short") && json.find("long");
    require(chosen || !two_chains, ErrorKind::kData, place,
            ": completion: expected one, got a row with a short and a long chain (say which to "
            "train on)");
    row.completion = chosen ? read_completion(chosen, place) : solution_text(json, place);
  } else {
    require(static_cast<bool>(prompt), ErrorKind::kData, place,
            ": prompt: expected a field messages, prompt, query, problem or question, got none");
    read_prompt(prompt, place, row);
    const Field completion = chosen ? chosen : find_field(json, {"completion", "response"});
    require(static_cast<bool>(completion), ErrorKind::kData, place,
            ": completion: expected a field completion, got none");
    row.completion = read_completion(completion, place);
  }
  require(!trimmed(row.completion).empty(), ErrorKind::kData, place,
          ": completion: expected text, got an empty string");
  return row;
}

Problem parse_problem(const Json& json, const std::string& place, const ProblemOptions& options) {
  Problem problem;
  problem.id = row_id(json, place);
  const Field text = problem_field(json);
  const Field messages = find_field(json, {"messages"});
  const Field prompt = find_field(json, {"prompt"});
  if (text) {
    problem.problem = problem_text(text, json, place);
  } else if (messages) {
    problem.messages = checked_messages(messages, place);
    Json::Array& turns =
        problem.messages.items();  // of a training row: asked again without its reply
    if (turns.size() > 1 && role_of(turns.back()) == "assistant") turns.pop_back();
  } else {
    require(static_cast<bool>(prompt), ErrorKind::kData, place,
            ": problem: expected a field problem, question, query, messages or prompt, got none");
    read_prompt(prompt, place, problem);
  }
  problem.gold = gold_text(json, place);
  require(!options.require_gold || !problem.gold.empty(), ErrorKind::kData, place,
          ": answer: expected a field answer, solution, ref_answer or gold, got none");
  problem.extra = json;
  return problem;
}

}  // namespace laconic
