// The shapes of rows that are recognised by their field names (docs/data-format.md lists them).
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "data/dataset_info.h"
#include "data/row_fields.h"
#include "data/row_messages.h"
#include "data/row_reasoning.h"
#include "data/row_unused.h"
#include "data/rows.h"

namespace laconic {
namespace {

constexpr std::string_view kFinalAnswerMark = "####";  // GSM8K

std::string row_id(const Json& row, const std::string& place) {
  const Field id = find_field(row, {"id", "ID", "unique_id", "uuid"});
  if (!id) return "";
  require(id.value->is_string() || id.value->is_integer(), ErrorKind::kData, place, ": ", id.name,
          ": expected a string or an integer, got ", id.value->kind_name());
  std::string text = field_text(id, place);
  require(!text.empty(), ErrorKind::kData, place, ": ", id.name,
          ": expected text, got an empty id");
  return text;
}

// `prompt`: text that is used as it is, or messages.
template <typename Row>
void read_prompt(const Field& field, const std::string& place, Row& row) {
  if (field.value->is_array())
    row.messages = read_messages(field, place);
  else
    row.prompt = field_string(field, place);
}

// The text that the model has to write for an assistant message.
std::string assistant_text(const Json& message, const std::string& where) {
  require(!message.find("tool_calls"), ErrorKind::kData, where,
          ".content: expected a string and no tool calls (a completion is text)");
  const std::string& text = message.at("content", where).as_string(where);
  const Json* reasoning = message.find("reasoning_content");
  return reasoning ? with_think_span(reasoning->as_string(where), text) : text;
}

// The reply with the reasoning that a column of its own holds, where it has no thought of its own.
std::string with_row_reasoning(std::string reply, const Json& row, const std::string& place) {
  if (reply.find("<think>") != std::string::npos || reply.find("</think>") != std::string::npos)
    return reply;
  const std::string thought = row_reasoning(row, place);
  return thought.empty() ? reply : with_think_span(thought, reply);
}

// A completion in text, or as one message of the assistant.
std::string read_completion(const Field& field, const std::string& place) {
  if (!field.value->is_array()) return field_string(field, place);
  const Json messages = read_messages(field, place);
  const std::string where = cat(place, ": ", field.name);
  const Json& message = messages.as_array(where)[0];
  require(messages.size() == 1 && role_of(message) == "assistant", ErrorKind::kData, where,
          ": expected one message from the assistant, got ", messages.size());
  return assistant_text(message, where + "[0]");
}

// What the assistant says in messages[first..] is trained on; the row has to end with it.
void check_conversation(const std::string& where, size_t first, TrainingRow& row) {
  const Json::Array& messages = row.messages.as_array(where);
  require(role_of(messages.back()) == "assistant", ErrorKind::kData, where,
          ": expected the last message from the assistant, got one from \"",
          role_of(messages.back()), "\"");
  require(messages.size() > 1, ErrorKind::kData, where,
          ": expected a message before the assistant's, got none");
  const Json& target = messages.back();
  require(target.find("tool_calls") || target.find("reasoning_content") ||
              !trimmed(target.at("content", where).as_string(where)).empty(),
          ErrorKind::kData, where, ": expected text from the assistant at the end, got none");
  row.num_prompt_messages = static_cast<int64_t>(std::max<size_t>(first, 1));
}

void read_conversation(const Field& field, const Json& json, const std::string& place,
                       TrainingRow& row) {
  row.messages = read_messages(field, place);
  row.shape = is_sharegpt(field) ? "sharegpt conversations" : "messages";
  check_conversation(cat(place, ": ", field.name), 0, row);
  add_system_turn(json, place, row.messages);
}

void read_alpaca(const Json& json, const std::string& place, TrainingRow& row) {
  row.shape = "alpaca";
  row.messages = alpaca_messages(json, place);
  Json& reply = row.messages.items().back();
  reply["content"] = with_row_reasoning(reply.at("content", place).as_string(place), json, place);
  check_conversation(place + ": output", 0, row);
}

// Prompt and completion both as messages: only what stands in the completion is trained on.
void join_completion(const Field& completion, const std::string& place, TrainingRow& row) {
  const Json behind = read_messages(completion, place);
  const size_t num_prompt = row.messages.size();
  for (const Json& message : behind.as_array(place)) row.messages.push_back(message);
  check_conversation(cat(place, ": ", completion.name), num_prompt, row);
}

// open-r1's generations of one problem: the first that was judged right and complete.
std::string verified_generation(const Json& json, const Field& field, const std::string& place) {
  const std::string where = cat(place, ": ", field.name);
  const Json::Array& generations = field.value->as_array(where);
  const Json* right = json.find("correctness_math_verify");
  const Json* complete = json.find("is_reasoning_complete");
  const auto holds = [&](const Json* flags, size_t i) {
    if (!flags || !flags->is_array() || i >= flags->size()) return true;
    return flags->as_array(where)[i] == Json(true);
  };
  for (size_t i = 0; i < generations.size(); ++i)
    if (holds(right, i) && holds(complete, i))
      return generations[i].as_string(cat(where, "[", i, "]"));
  fail(ErrorKind::kData, where, ": expected a generation that was judged right and complete, got ",
       generations.size(), " others");
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

void read_problem_row(const Field& problem, const Field& chosen, const Json& json,
                      const std::string& place, TrainingRow& row) {
  row.problem = problem_text(problem, json, place);
  row.system = system_text(json, place);
  row.shape = problem.name == "query" ? "query and response" : "problem and solution";
  const bool two_chains = json.find("short") && json.find("long");
  require(chosen || !two_chains, ErrorKind::kData, place,
          ": completion: expected one, got a row with a short and a long chain (say which to "
          "train on)");
  const Field generations = find_field(json, {"generations"});
  if (chosen) {
    row.completion = read_completion(chosen, place);
  } else if (generations) {
    row.shape = "open-r1 generations";
    row.completion = verified_generation(json, generations, place);
  } else {
    row.completion = with_row_reasoning(solution_text(json, place), json, place);
  }
}

void read_prompt_row(const Field& prompt, const Field& chosen, const Json& json,
                     const std::string& place, TrainingRow& row) {
  read_prompt(prompt, place, row);
  if (!row.messages.is_null()) add_system_turn(json, place, row.messages);
  Field completion = chosen ? chosen : find_field(json, {"completion", "response"});
  row.shape = "prompt and completion";
  const Json* extra = json.find("extra_info");
  if (!completion && json.find("reward_model")) {
    // verl's rows are made for reinforcement learning; its examples keep the worked solution here.
    row.shape = "verl";
    if (extra) completion = find_field(*extra, {"answer"});
  }
  require(static_cast<bool>(completion), ErrorKind::kData, place,
          ": completion: expected a field completion, got none",
          json.find("chosen") ? " (a preference row: name the field, as FILE:chosen)" : "");
  if (completion.value->is_array() && !row.messages.is_null()) {
    join_completion(completion, place, row);
  } else {
    row.completion = read_completion(completion, place);
    if (!chosen) row.completion = with_row_reasoning(std::move(row.completion), json, place);
  }
}

}  // namespace

TrainingRow parse_training_row(const Json& json, const std::string& place,
                               const TrainingRowOptions& options) {
  if (options.mapping) {
    TrainingRowOptions plain = options;
    plain.mapping = nullptr;
    return parse_training_row(options.mapping->apply(json, place), place, plain);
  }
  TrainingRow row;
  row.id = row_id(json, place);
  Field chosen;
  if (!options.completion_field.empty()) chosen = find_field(json, {options.completion_field});
  const Field messages = find_field(json, {"messages", "conversations"});
  const Field problem = problem_field(json);
  const Field prompt = find_field(json, {"prompt", "messages"});
  row.variables = read_variables(json, place);
  refuse_media(json, place);
  if (messages && !chosen) {
    read_conversation(messages, json, place, row);
  } else if (problem) {
    read_problem_row(problem, chosen, json, place, row);
  } else if (prompt) {
    read_prompt_row(prompt, chosen, json, place, row);
  } else if (json.find("instruction")) {
    read_alpaca(json, place, row);
  } else {
    const Field text = find_field(json, {"text"});
    require(static_cast<bool>(text), ErrorKind::kData, place,
            ": prompt: expected a field messages, conversations, prompt, query, problem, question, "
            "instruction or text, got none");
    row.shape = "text";
    row.text = field_string(text, place);
  }
  const bool is_whole = row.num_prompt_messages > 0 || !row.text.empty();
  require(is_whole || !trimmed(row.completion).empty(), ErrorKind::kData, place,
          ": completion: expected text, got an empty string");
  find_unused(json, chosen.name, row);
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
    problem.system = system_text(json, place);
  } else if (messages) {
    problem.messages = read_messages(messages, place);
    Json::Array& turns =
        problem.messages.items();  // of a training row: asked again without its reply
    if (turns.size() > 1 && role_of(turns.back()) == "assistant") turns.pop_back();
  } else {
    require(static_cast<bool>(prompt), ErrorKind::kData, place,
            ": problem: expected a field problem, question, query, messages or prompt, got none");
    read_prompt(prompt, place, problem);
  }
  if (!problem.messages.is_null()) add_system_turn(json, place, problem.messages);
  problem.variables = read_variables(json, place);
  problem.gold = gold_text(json, place);
  require(!options.require_gold || !problem.gold.empty(), ErrorKind::kData, place,
          ": answer: expected a field answer, solution, ref_answer or gold, got none");
  problem.extra = json;
  return problem;
}

}  // namespace laconic
