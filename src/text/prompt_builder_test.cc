// SPDX-License-Identifier: Apache-2.0
#include "text/prompt_builder.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/test_data.h"
#include "text/prompt_files.h"
#include "text/prompt_folder_fixture.h"
#include "text/special_ends.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

std::string target_text(const PromptBuilder& builder, const TokenizedRow& row) {
  return builder.tokenizer().decode(std::span(row.ids).subspan(row.num_prompt_tokens));
}

TEST(PromptBuilderTest, JoinsPromptCompletionAndEndOfTurnAsIds) {
  Folder folder;
  folder.write("chat_template.jinja", kPlainTemplate);
  const PromptBuilder builder = folder.builder();
  const TokenizedRow row = builder.training_row(user("what"), "it is 3");
  EXPECT_EQ(builder.tokenizer().decode(row.ids), "<bos>user\nwhat<end>\nassistant\nit is 3<end>");
  EXPECT_EQ(target_text(builder, row), "it is 3<end>");
  EXPECT_EQ(row.ids.back(), builder.tokenizer().token_to_id("<end>"));
  EXPECT_EQ(builder.training_row(user("what"), "it is 3<end>").ids, row.ids);
  EXPECT_FALSE(builder.prompt_opens_think());
  EXPECT_FALSE(builder.template_drops_reasoning());
  EXPECT_EQ(target_text(builder, builder.training_row(user("what"), "<think>\nit</think>3")),
            "<think>\nit</think>3<end>");
}

// Loading data tokenizes many rows at once.
TEST(PromptBuilderTest, ManyThreadsMayAsk) {
  Folder folder;
  folder.write("chat_template.jinja", kPlainTemplate);
  const PromptBuilder builder = folder.builder();
  std::vector<std::vector<int32_t>> rows(64);
  const auto row = [&](size_t i) {
    return builder.training_row(user(cat("what is ", i)), cat("it is ", i)).ids;
  };
  parallel_for(
      rows.size(), [&](size_t i) { rows[i] = row(i); }, 4);
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], row(i));
}

TEST(PromptBuilderTest, KeepsTheTextOfAMetaspaceTokenizer) {
  Folder folder;
  folder.write("chat_template.jinja", "{% for m in messages %}{{ m.content }}</s>{% endfor %}");
  folder.write("tokenizer.json",
               read_file(LACONIC_SOURCE_DIR "/tests/golden/tokenizer_layouts.json"));
  folder.write("tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": "</s>"})");
  const PromptBuilder builder = folder.builder();
  const TokenizedRow row = builder.training_row(builder.text_ids("<s>what"), " it  is\n\u4f603");
  EXPECT_EQ(target_text(builder, row), " it  is\n\u4f603</s>");
}

TEST(PromptBuilderTest, PutsTheInstructionOnTheNextLine) {
  Folder folder;
  folder.write("chat_template.jinja", kPlainTemplate);
  const PromptBuilder builder = folder.builder();
  EXPECT_EQ(builder.tokenizer().decode(builder.problem_ids("1 + 2", "Box it.")),
            "<bos>user\n1 + 2\nBox it.<end>\nassistant\n");
  EXPECT_EQ(builder.tokenizer().decode(builder.problem_ids("1 + 2", "")),
            "<bos>user\n1 + 2<end>\nassistant\n");
}

TEST(PromptBuilderTest, DropsTheTagThatThePromptOpens) {
  Folder folder;
  folder.write("chat_template.jinja", kOpenTemplate);
  const PromptBuilder builder = folder.builder();
  EXPECT_TRUE(builder.prompt_opens_think());
  EXPECT_TRUE(builder.template_drops_reasoning());
  for (const char* completion :
       {"<think>\nit</think>3", "<think>it</think>3", "it</think>3", " <think>\nit</think>3"}) {
    const TokenizedRow row = builder.training_row(user("what"), completion);
    EXPECT_EQ(target_text(builder, row), "it</think>3<end>") << completion;
    EXPECT_EQ(builder.completion_text(std::span(row.ids).subspan(row.num_prompt_tokens)),
              "<think>\nit</think>3");
  }
  const std::vector<int32_t> plain = builder.text_ids("what");
  const std::vector<int32_t> reply = builder.text_ids("it<stop>");
  EXPECT_EQ(builder.completion_text(plain, reply), "it");
}

// What the prompt opens, the row closes; what a row opens, it has to close.
TEST(PromptBuilderTest, EveryThoughtCloses) {
  Folder folder;
  folder.write("chat_template.jinja", kOpenTemplate);
  const PromptBuilder open = folder.builder();
  const TokenizedRow plain = open.training_row(user("what"), " it is 3");
  EXPECT_EQ(target_text(open, plain), "\n</think>\n\nit is 3<end>");
  EXPECT_NE(plain.note.find("an empty, closed one"), std::string::npos);
  EXPECT_EQ(open.completion_text(std::span(plain.ids).subspan(plain.num_prompt_tokens)),
            "<think>\n\n</think>\n\nit is 3");
  EXPECT_EQ(open.training_row(user("what"), "it</think>3").note, "");
  EXPECT_NE(fault_of([&] { open.training_row(user("what"), "<think>it"); }).find("that closes"),
            std::string::npos);
  EXPECT_NE(fault_of([&] { open.training_row(user("what"), "  "); }).find("masked"),
            std::string::npos);
  // By the prompt at hand, whatever the template does.
  EXPECT_EQ(target_text(open, open.training_row(open.text_ids("what"), "it")), "it<end>");
  EXPECT_EQ(target_text(open, open.training_row(open.text_ids("what<think>"), "it")),
            "\n\n</think>\n\nit<end>");
  EXPECT_NE(fault_of([&] {
              open.training_row(open.text_ids("<think>\n\n</think>\n\n"), "<think>1</think>it");
            }).find("behind a prompt that has closed one"),
            std::string::npos);
  folder.write("chat_template.jinja", kPlainTemplate);
  const PromptBuilder builder = folder.builder();
  EXPECT_NE(fault_of([&] { builder.training_row(user("what"), "<think>it"); }).find("that closes"),
            std::string::npos);
}

// One rule for every role: what a tokenizer would read as more than text is no text.
TEST(PromptBuilderTest, MessagesSpellNoControlTokens) {
  Folder folder;
  folder.write("chat_template.jinja", kPlainTemplate);
  const PromptBuilder builder = folder.builder();
  for (const char* text : {"a<end>", "<bos>", "<stop>x"}) {
    EXPECT_NE(fault_of([&] { builder.prompt_ids(user(text)); }).find("got the special token"),
              std::string::npos);
    EXPECT_NE(fault_of([&] { builder.problem_ids(text, ""); }).find("messages[0].content"),
              std::string::npos);
    EXPECT_TRUE(builder.control_in(text));
    // Shown as it would stand; used as it is.
    EXPECT_NE(builder.render(user(text), false, {}).find(text), std::string::npos);
  }
  EXPECT_EQ(builder.text_ids("a<end>").size(), 2u);
  EXPECT_FALSE(builder.control_in("<think>it</think><endless>"));
  const Json tools = Json::parse(R"({"tools": [{"name": "a<end>"}]})", "test");
  EXPECT_NE(fault_of([&] { builder.prompt_ids(user("x"), tools); }).find("tools[0].name"),
            std::string::npos);
}

// The tokenizer's own opinion, or that of tokenizer_config.json where it has one.
TEST(PromptBuilderTest, TextsBeginAsTheTokenizerSays) {
  const std::string processor =
      R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}},
          {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens":
          {"<bos>": {"id": "<bos>", "ids": [BOS], "tokens": ["<bos>"]}}})";
  for (const bool is_processed : {false, true}) {
    for (const char* flag : {"", R"(, "add_bos_token": true)", R"(, "add_bos_token": false)"}) {
      Folder folder;
      const int32_t bos = *folder.builder().tokenizer().token_to_id("<bos>");
      Json tokenizer = Json::parse(read_file(folder.path() + "/tokenizer.json"), "test");
      std::string text = processor;
      text.replace(text.find("BOS"), 3, std::to_string(bos));
      if (is_processed) tokenizer["post_processor"] = Json::parse(text, "test");
      folder.write("tokenizer.json", tokenizer.dump());
      folder.write("tokenizer_config.json",
                   cat(R"({"bos_token": "<bos>", "eos_token": "<stop>")", flag, "}"));
      const PromptBuilder builder = folder.builder();
      const bool has_bos = *flag ? std::string_view(flag).ends_with("true") : is_processed;
      EXPECT_EQ(builder.plain_prompt_ids("it").front() == bos, has_bos) << is_processed << flag;
      EXPECT_EQ(builder.text_row("it").ids.front() == bos, has_bos) << is_processed << flag;
      EXPECT_EQ(builder.plain_prompt_ids("<bos>it"), builder.text_ids("<bos>it"));
      EXPECT_EQ(special_ends(builder.tokenizer(), read_prompt_files(folder.path())).before,
                has_bos ? std::vector<int32_t>{bos} : std::vector<int32_t>());
    }
  }
}

TEST(PromptBuilderTest, RefusesRowsThatCannotBeTrainedOn) {
  Folder folder;
  folder.write("chat_template.jinja", kPlainTemplate);
  const PromptBuilder builder = folder.builder();
  EXPECT_EQ(fault_of([&] {
              builder.prompt_ids(user("x"), Json::parse(R"({"bos_token": "<bos><bos>"})", "t"));
            }),
            "prompt: expected one beginning-of-sequence token, got two (the template writes it; "
            "leave it out of the text)");
  EXPECT_NE(
      fault_of([&] { builder.training_row(user("x"), ""); }).find("all targets would be masked"),
      std::string::npos);
  EXPECT_NE(fault_of([&] { builder.training_row(user("x"), "<end>"); }).find("masked"),
            std::string::npos);
  EXPECT_NE(fault_of([&] { builder.training_row(user("x"), "it<end>is"); }).find("inside"),
            std::string::npos);
  EXPECT_NE(
      fault_of([&] { builder.training_row(user("x"), "<bos>it"); }).find("beginning-of-sequence"),
      std::string::npos);
  EXPECT_NE(fault_of([&] {
              builder.training_row(std::vector<int32_t>{}, "it");
            }).find("prompt: expected a token"),
            std::string::npos);
}

TEST(PromptBuilderTest, WorksWithoutATemplateUntilMessagesCome) {
  Folder folder;
  const PromptBuilder builder = folder.builder();
  EXPECT_EQ(builder.template_hash(), "none");
  EXPECT_EQ(builder.end_of_turn_id(), builder.tokenizer().token_to_id("<stop>"));
  EXPECT_EQ(target_text(builder, builder.training_row(builder.text_ids("what"), "it")), "it<stop>");
  EXPECT_NE(
      fault_of([&] { builder.prompt_ids(user("x")); }, ErrorKind::kModel).find("chat template"),
      std::string::npos);
}

TEST(PromptBuilderTest, RefusesATemplateWithoutAnEndOfTurn) {
  Folder folder;
  folder.write("chat_template.jinja", "{% for m in messages %}{{ m.content }}\n{% endfor %}");
  const PromptBuilder builder = folder.builder();
  EXPECT_NE(fault_of([&] { builder.end_of_turn_id(); }, ErrorKind::kModel).find("no special token"),
            std::string::npos);
  EXPECT_NE(fault_of([&] { builder.training_row(user("x"), "it"); }, ErrorKind::kModel)
                .find("end-of-turn"),
            std::string::npos);
}

TEST(PromptBuilderTest, ReadsStopIdsAndFaultyFiles) {
  Folder folder;
  folder.write("chat_template.jinja", kPlainTemplate);
  const auto id = [&](const char* token) {
    return *folder.builder().tokenizer().token_to_id(token);
  };
  EXPECT_EQ(folder.builder().stop_ids(), (std::vector<int32_t>{id("<end>"), id("<stop>")}));
  folder.write("generation_config.json", R"({"eos_token_id": [5, 7]})");
  EXPECT_EQ(folder.builder().stop_ids(), (std::vector<int32_t>{id("<end>"), 5, 7, id("<stop>")}));
  folder.write("generation_config.json", R"({"eos_token_id": "x"})");
  EXPECT_NE(fault_of([&] { folder.builder(); }, ErrorKind::kModel)
                .find("eos_token_id: expected a token id, got \"x\""),
            std::string::npos);
  folder.write("generation_config.json", "{}");
  folder.write("tokenizer_config.json", "[");
  EXPECT_NE(fault_of([&] { folder.builder(); }, ErrorKind::kModel).find("tokenizer_config.json"),
            std::string::npos);
  folder.write("tokenizer_config.json",
               R"({"chat_template": [{"name": "default", "template": "{% x %}"}]})");
  folder.write("chat_template.jinja", "{% y %}");
  EXPECT_NE(fault_of([&] { folder.builder(); }, ErrorKind::kModel).find("chat_template.jinja:1:4"),
            std::string::npos);
}

// Ids of four families against transformers (tests/golden/prompts/make.py).
TEST(PromptBuilderTest, GivesTheIdsOfTransformers) {
  const std::string tokenizers = shared_data_path("tokenizers/");
  const std::string templates = shared_data_path("chat-templates/jinja/");
  if (!folder_exists(tokenizers)) GTEST_SKIP() << "no shared data at " << tokenizers;
  struct Model {
    std::string name, tokenizer, chat_template, config, end;
  };
  const std::string qwen =
      R"({"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "bos_token": null})";
  const std::vector<Model> models = {
      {"qwen2.5", "qwen2.5", "Qwen-Qwen2.5-7B-Instruct.jinja", qwen, "<|im_end|>"},
      {"qwen3", "qwen2.5", "Qwen-Qwen3-0.6B.jinja", qwen, "<|im_end|>"},
      {"deepseek-r1-distill-qwen", "deepseek-r1-distill-qwen", "", "", "<｜end▁of▁sentence｜>"},
      {"llama3", "llama3", "meta-llama-Llama-3.1-8B-Instruct.jinja",
       R"({"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"})", "<|eot_id|>"}};
  const std::string golden = LACONIC_SOURCE_DIR "/tests/golden/prompts/golden.jsonl";
  const std::string folder =
      testing::TempDir() + "laconic_prompt_families_" + std::to_string(::getpid());
  for (const Model& model : models) {
    remove_all(folder);
    make_folders(folder);
    const std::string source = tokenizers + model.tokenizer;
    write_file_atomic(folder + "/tokenizer.json", read_file(source + "/tokenizer.json"));
    write_file_atomic(
        folder + "/tokenizer_config.json",
        model.config.empty() ? read_file(source + "/tokenizer_config.json") : model.config);
    if (!model.chat_template.empty())
      write_file_atomic(folder + "/chat_template.jinja",
                        read_file(templates + model.chat_template));
    const PromptBuilder builder = PromptBuilder::from_folder(folder);
    EXPECT_EQ(builder.end_of_turn_id(), builder.tokenizer().token_to_id(model.end));
    EXPECT_EQ(builder.prompt_opens_think(), model.config.empty());
    std::istringstream lines(read_file(golden));
    int num_rows = 0;
    for (std::string line; std::getline(lines, line);) {
      const Json row = Json::parse(line, golden);
      if (row.at("model", golden) != Json(model.name)) continue;
      ++num_rows;
      SCOPED_TRACE(model.name + ": " + row.at("case", golden).as_string(golden));
      std::vector<int32_t> ids;
      for (const Json& id : row.at("ids", golden).as_array(golden))
        ids.push_back(static_cast<int32_t>(id.as_integer(golden)));
      const auto got = builder.training_row(row.at("messages", golden),
                                            row.at("completion", golden).as_string(golden));
      EXPECT_EQ(got.ids, ids);
      EXPECT_EQ(static_cast<size_t>(got.num_prompt_tokens), row.at("prompt_ids", golden).size());
    }
    EXPECT_EQ(num_rows, 5);
  }
  remove_all(folder);
}

}  // namespace
}  // namespace laconic
