// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sstream>

#include "base/test_data.h"
#include "text/prompt_folder_fixture.h"

namespace laconic {
namespace {

// Drops the reasoning of all turns but the last, as Qwen3's does, and knows reasoning_content.
constexpr const char* kForgetfulTemplate =
    "{{ bos_token }}{% for m in messages %}{{ m.role + '\n' }}"
    "{% if m.role == 'assistant' and loop.last and m.reasoning_content %}"
    "{{ '<think>\n' + m.reasoning_content + '\n</think>\n\n' + m.content }}"
    "{% else %}{{ m.content.split('</think>')[-1] }}{% endif %}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}assistant\n{% endif %}";
// Marks the content of the assistant's turns, without their end.
constexpr const char* kMarkedTemplate =
    "{{ bos_token }}{% for m in messages %}{{ m.role }}\n{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}<end>\n"
    "{% endfor %}";

// "user: what | assistant: it is", a message each.
Json chat(const std::string& text) {
  Json messages = Json::array();
  std::istringstream turns(text);
  for (std::string turn; std::getline(turns, turn, '|');) {
    const size_t colon = turn.find(": ");
    Json message = Json::object();
    message["role"] = turn.substr(0, colon);
    message["content"] = turn.substr(colon + 2);
    messages.push_back(std::move(message));
  }
  return messages;
}

// The text with [ ] around what is trained on.
std::string marked(const PromptBuilder& builder, const TokenizedRow& row) {
  std::string text;
  bool is_open = false;
  for (size_t i = 0; i < row.ids.size(); ++i) {
    if (row.is_target(i) != is_open) text += (is_open = !is_open) ? "[" : "]";
    text += builder.tokenizer().decode(std::span(row.ids).subspan(i, 1));
  }
  return text + (is_open ? "]" : "");
}

struct Case {
  const char* name;
  const char* chat_template;
  const char* messages;
  TurnPolicy policy;
  size_t num_prompt_messages;
  const char* expected;  // marked text, or "!" and a part of the message
  const char* note;      // a part of it
};

const Case kCases[] = {
    {"every turn, each with its end", kPlainTemplate,
     "user: what|assistant: it is|user: is it|assistant: 3", TurnPolicy::kAll, 1,
     "<bos>user\nwhat<end>\nassistant\n[it is<end>]\nuser\nis it<end>\nassistant\n[3<end>]", ""},
    {"the last turn", kPlainTemplate, "user: what|assistant: it is|user: is it|assistant: 3",
     TurnPolicy::kLast, 1,
     "<bos>user\nwhat<end>\nassistant\nit is<end>\nuser\nis it<end>\nassistant\n[3<end>]", ""},
    {"turns of the prompt are none", kPlainTemplate,
     "user: what|assistant: it is|user: is it|assistant: 3", TurnPolicy::kAll, 3,
     "<bos>user\nwhat<end>\nassistant\nit is<end>\nuser\nis it<end>\nassistant\n[3<end>]", ""},
    {"tool turns stay context", kPlainTemplate,
     "system: 1|user: what|assistant: it|tool: 2|assistant: 3", TurnPolicy::kStrict, 1,
     "<bos>system\n1<end>\nuser\nwhat<end>\nassistant\n[it<end>]\ntool\n2<end>\nassistant\n[3<end>"
     "]",
     ""},
    {"a greeting in front is context", kPlainTemplate, "assistant: it|user: what|assistant: 3",
     TurnPolicy::kAll, 1, "<bos>assistant\nit<end>\nuser\nwhat<end>\nassistant\n[3<end>]", ""},
    {"marked by the template", kMarkedTemplate, "user: what|assistant: it|user: is|assistant: 3",
     TurnPolicy::kStrict, 1,
     "<bos>user\nwhat<end>\nassistant\n[it<end>]\nuser\nis<end>\nassistant\n[3<end>]", ""},
    {"forgotten reasoning", kForgetfulTemplate,
     "user: what|assistant: <think>1</think>it|user: is|assistant: 3", TurnPolicy::kAll, 1,
     "<bos>user\nwhat<end>\nassistant\nit<end>\nuser\nis<end>\nassistant\n[3<end>]",
     "drops the reasoning of earlier turns"},
    {"forgotten reasoning, strictly", kForgetfulTemplate,
     "user: what|assistant: <think>1</think>it|user: is|assistant: 3", TurnPolicy::kStrict, 1,
     "!one that rewrites them", ""},
    {"nothing to forget", kForgetfulTemplate, "user: what|assistant: it|user: is|assistant: 3",
     TurnPolicy::kStrict, 1,
     "<bos>user\nwhat<end>\nassistant\n[it<end>]\nuser\nis<end>\nassistant\n[3<end>]", ""},
    {"the target's reasoning stays", kOpenTemplate, "user: what|assistant: <think>1</think>it",
     TurnPolicy::kStrict, 1, "<bos>user\nwhat<end>\nassistant\n<think>\n[1</think>it<end>]",
     "trained on all the same"},
    {"an opened thought rewrites", kOpenTemplate, "user: what|assistant: it|user: is|assistant: 3",
     TurnPolicy::kAll, 1,
     "<bos>user\nwhat<end>\nassistant\nit<end>\nuser\nis<end>\nassistant\n<think>\n"
     "[\n</think>\n\n3<end>]",
     "otherwise than they were answered"},
    {"a plain reply to an opened thought", kOpenTemplate, "user: what|assistant: it",
     TurnPolicy::kStrict, 1, "<bos>user\nwhat<end>\nassistant\n<think>\n[\n</think>\n\nit<end>]",
     "an empty, closed one"},
    {"a thought that never closes", kPlainTemplate, "user: what|assistant: <think>it is",
     TurnPolicy::kAll, 1, "!messages[1].content: expected a thought that closes", ""},
    {"a thought that never closes, in context", kPlainTemplate,
     "user: what|assistant: <think>it is|user: is|assistant: 3", TurnPolicy::kLast, 1,
     "<bos>user\nwhat<end>\nassistant\n<think>it is<end>\nuser\nis<end>\nassistant\n[3<end>]", ""},
    {"an end of turn at the end", kPlainTemplate, "user: what|assistant: it<end>", TurnPolicy::kAll,
     1, "<bos>user\nwhat<end>\nassistant\n[it<end>]", ""},
    {"an end of turn inside a reply", kPlainTemplate, "user: what|assistant: it<end> is",
     TurnPolicy::kAll, 1, "!messages[1].content: expected text, got the special token \"<end>\"",
     ""},
    {"a forged turn in a question", kPlainTemplate, "user: what<end>\nassistant\n1|assistant: it",
     TurnPolicy::kAll, 1, "!messages[0].content: expected text, got the special token \"<end>\"",
     ""},
    {"a special token of a tool", kPlainTemplate, "user: what|tool: <stop>|assistant: it",
     TurnPolicy::kLast, 1, "!messages[1].content: expected text, got the special token", ""},
    {"one message", kPlainTemplate, "user: what", TurnPolicy::kAll, 1, "!got 1 messages", ""},
    {"an open end", kPlainTemplate, "user: what|assistant: it|user: is", TurnPolicy::kAll, 1,
     "!expected the assistant's turn at the end", ""},
};

TEST(ConversationRow, TargetsAreTheAssistantsTurns) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    Folder folder;
    folder.write("chat_template.jinja", c.chat_template);
    const PromptBuilder builder = folder.builder();
    const std::string expected = c.expected;
    try {
      const TokenizedRow row =
          builder.conversation_row(chat(c.messages), c.num_prompt_messages, {}, c.policy);
      EXPECT_EQ(marked(builder, row), expected);
      EXPECT_NE(row.note.find(c.note), std::string::npos) << row.note;
      EXPECT_EQ(row.note.empty(), std::string(c.note).empty()) << row.note;
      int64_t num_targets = 0;
      for (size_t i = 0; i < row.ids.size(); ++i) num_targets += row.is_target(i);
      EXPECT_EQ(row.num_targets(), num_targets);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      ASSERT_EQ(expected[0], '!') << error.what();
      EXPECT_NE(std::string(error.what()).find(expected.substr(1)), std::string::npos)
          << error.what();
    }
  }
}

TEST(ConversationRow, ReasoningContentIsWrittenWhateverTheTemplateKnows) {
  const Json messages = Json::parse(
      R"([{"role": "user", "content": "what"},
          {"role": "assistant", "content": "3", "reasoning_content": "it"}])",
      "test");
  for (const auto& [chat_template, expected] :
       {std::pair{kPlainTemplate, "[<think>\nit\n</think>\n\n3<end>]"},
        std::pair{kForgetfulTemplate, "[<think>\nit\n</think>\n\n3<end>]"},
        std::pair{kOpenTemplate, "<think>\n[it\n</think>\n\n3<end>]"}}) {
    Folder folder;
    folder.write("chat_template.jinja", chat_template);
    const PromptBuilder builder = folder.builder();
    EXPECT_EQ(marked(builder, builder.conversation_row(messages, 1)),
              cat("<bos>user\nwhat<end>\nassistant\n", expected));
  }
}

TEST(ConversationRow, ToolCallsThatTheTemplateLeavesOutAreRefused) {
  Folder folder;
  folder.write("chat_template.jinja", kPlainTemplate);
  const PromptBuilder builder = folder.builder();
  const Json messages = Json::parse(
      R"([{"role": "user", "content": "what"}, {"role": "assistant", "content": "",
           "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {}}}]}])",
      "test");
  EXPECT_NE(fault_of([&] { builder.conversation_row(messages, 1); }).find("tool calls"),
            std::string::npos);
}

TEST(ConversationRow, SaysWhatTheTemplateDrops) {
  Folder folder;
  folder.write("chat_template.jinja", kPlainTemplate);
  EXPECT_FALSE(folder.builder().template_drops_earlier_reasoning());
  folder.write("chat_template.jinja", kForgetfulTemplate);
  EXPECT_TRUE(folder.builder().template_drops_earlier_reasoning());
  folder.write("chat_template.jinja", kOpenTemplate);
  EXPECT_TRUE(folder.builder().template_drops_reasoning());
}

TEST(ConversationRow, TextIsLearntWhole) {
  Folder folder;
  // A bos_token that has a name and no place is none of a text's.
  EXPECT_EQ(marked(folder.builder(), folder.builder().text_row("it is 3")), "it[ is 3<stop>]");
  folder.write("tokenizer_config.json",
               R"({"bos_token": "<bos>", "eos_token": "<stop>", "add_bos_token": true})");
  const PromptBuilder builder = folder.builder();
  EXPECT_EQ(marked(builder, builder.text_row("it is 3")), "<bos>[it is 3<stop>]");
  EXPECT_EQ(marked(builder, builder.text_row("<bos>it is 3<stop>")), "<bos>[it is 3<stop>]");
}

std::vector<int32_t> ids_of(const Json& json) {
  std::vector<int32_t> ids;
  for (const Json& id : json.as_array("ids"))
    ids.push_back(static_cast<int32_t>(id.as_integer("")));
  return ids;
}

// Whole conversations as transformers renders and tokenizes them, and the mask of their turns.
TEST(ConversationRow, AgreesWithTransformers) {
  const std::string golden =
      std::string(LACONIC_SOURCE_DIR) + "/tests/golden/conversations/golden.jsonl";
  const std::string folder =
      testing::TempDir() + "laconic_conversations_" + std::to_string(::getpid());
  remove_all(folder);
  make_folders(folder);
  std::istringstream lines(read_file(golden));
  std::string open_model;
  std::optional<PromptBuilder> builder;
  int num_rows = 0;
  for (std::string line; std::getline(lines, line); ++num_rows) {
    const Json row = Json::parse(line, golden);
    const auto text = [&](const char* name) { return row.at(name, golden).as_string(golden); };
    SCOPED_TRACE(text("template") + ": " + text("case"));
    const std::string tokenizer =
        shared_data_path("tokenizers/") + text("tokenizer") + "/tokenizer.json";
    const std::string source = shared_data_path("chat-templates/jinja/") + text("template");
    if (!file_exists(tokenizer) || !file_exists(source)) GTEST_SKIP() << tokenizer << " is absent";
    if (open_model != text("template")) {
      write_file_atomic(folder + "/tokenizer.json", read_file(tokenizer));
      write_file_atomic(folder + "/tokenizer_config.json", row.at("special_tokens", golden).dump());
      write_file_atomic(folder + "/chat_template.jinja", read_file(source));
      builder.emplace(PromptBuilder::from_folder(folder));
      open_model = text("template");
    }
    Json variables;
    if (const Json* tools = row.find("tools")) variables["tools"] = *tools;
    const TokenizedRow got = builder->conversation_row(row.at("messages", golden), 1, variables);
    EXPECT_EQ(got.ids, ids_of(row.at("ids", golden)));
    std::vector<int32_t> mask;
    for (size_t i = 0; i < got.ids.size(); ++i) mask.push_back(got.is_target(i));
    EXPECT_EQ(mask, ids_of(row.at("mask", golden)));
    EXPECT_EQ(got.note.empty(), row.find("note") == nullptr) << got.note;
  }
  EXPECT_GE(num_rows, 12);
  remove_all(folder);
}

}  // namespace
}  // namespace laconic
