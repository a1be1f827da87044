// The same content in every shape of a row gives the same ids and targets, whatever the template:
// tests/cases/data/row-shapes.json on published templates and on small ones of our own.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "app/training_rows.h"
#include "base/error.h"
#include "base/file.h"
#include "base/test_data.h"
#include "text/bpe_trainer.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

struct Template {
  const char* name;
  const char* file;  // of the shared data; nullptr: `source`
  const char* source;
  const char* end;  // of a turn
};

constexpr const char* kEos = "<｜end▁of▁sentence｜>";

// ChatML as SmolLM2 has it; as Phi-4 has it; with a thought that the prompt opens and a member for
// reasoning, as the thinking models of Qwen have it.
const Template kTemplates[] = {
    {"Qwen3", "Qwen-Qwen3-0.6B.jinja", "", "<|im_end|>"},
    {"R1", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja", "", kEos},
    {"Llama 3.1", "meta-llama-Llama-3.1-8B-Instruct.jinja", "", "<|eot_id|>"},
    {"Mistral", "mistralai-Mistral-Nemo-Instruct-2407.jinja", "", kEos},
    {"Qwen2.5", "Qwen-Qwen2.5-7B-Instruct.jinja", "", "<|im_end|>"},
    {"SmolLM2", nullptr,
     "{% for m in messages %}{% if loop.first and messages[0].role != 'system' %}"
     "{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}"
     "{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
     "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
     "<|im_end|>"},
    {"Phi-4", nullptr,
     "{% for m in messages %}{{ '<|im_start|>' + m.role + '<|im_sep|>' + m.content + '<|im_end|>' "
     "}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}"
     "{% endif %}",
     "<|im_end|>"},
    {"opens", nullptr,
     "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}"
     "{% if m.role == 'assistant' and m.reasoning %}"
     "{{ '<think>\n' + m.reasoning + '\n</think>\n\n' }}{% endif %}"
     "{{ m.content + '<|im_end|>\n' }}{% endfor %}"
     "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>\n' }}{% endif %}",
     "<|im_end|>"},
};

class RowShapes : public testing::Test {
 protected:
  RowShapes() : folder_(testing::TempDir() + "laconic_row_shapes_" + std::to_string(::getpid())) {
    make_folders(folder_);
    BpeTrainerSettings settings;
    settings.special_tokens = {"<bos>",      kEos,         "<|im_start|>",        "<|im_end|>",
                               "<|im_sep|>", "<|eot_id|>", "<|start_header_id|>", "[INST]",
                               "[/INST]"};
    settings.plain_tokens = {"<think>", "</think>", "<｜User｜>", "<｜Assistant｜>"};
    const std::vector<std::string> texts = {"user assistant what is 1 + 2 ?", "it is it is 3 is"};
    write("tokenizer.json", train_bpe(texts, settings).dump());
    write("tokenizer_config.json", cat(R"({"bos_token": "<bos>", "eos_token": ")", kEos, "\"}"));
  }
  ~RowShapes() override { remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    write_file_atomic(join_path(folder_, name), text);
  }

  // Nothing where the shared data is absent.
  std::optional<PromptBuilder> builder(const Template& one) {
    std::string source = one.source;
    if (one.file) {
      const std::string path = shared_data_path("chat-templates/jinja/") + one.file;
      if (!file_exists(path)) return std::nullopt;
      source = read_file(path);
    }
    write("chat_template.jinja", source);
    return PromptBuilder::from_folder(folder_);
  }

  static std::string with_end(std::string text, const Template& one) {
    for (size_t at = text.find("<END>"); at != std::string::npos; at = text.find("<END>"))
      text.replace(at, 5, one.end);
    return text;
  }

  // The row's ids and mask; its fault, where it has one.
  static std::string trained(const Json& row, const Template& one, const PromptBuilder& builder,
                             std::string* targets = nullptr) {
    const std::string text = with_end(row.dump(), one);
    try {
      const TrainingRow parsed = parse_training_row(Json::parse(text, "row"), "row");
      const TokenizedRow made = tokenize_row(parsed, builder, {});
      std::string out;
      for (size_t i = 0; i < made.ids.size(); ++i) {
        out += cat(made.is_target(i) ? "+" : " ", made.ids[i]);
        if (targets && made.is_target(i))
          *targets += builder.tokenizer().decode(std::span(made.ids).subspan(i, 1));
      }
      return out;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;
      return cat("refused: ", error.what());
    }
  }

  std::string folder_;
};

TEST_F(RowShapes, TheSameContentIsTheSameRow) {
  const std::string path = std::string(LACONIC_SOURCE_DIR) + "/tests/cases/data/row-shapes.json";
  const Json groups = Json::parse(read_file(path), path);
  int num_templates = 0;
  for (const Template& one : kTemplates) {
    const std::optional<PromptBuilder> made = builder(one);
    if (!made) continue;
    ++num_templates;
    for (const Json& group : groups.as_array(path)) {
      const std::string name = cat(one.name, ": ", group.at("name", path).as_string(path));
      const Json* refused = group.find("refused");
      const Json* targets = group.find("targets");
      const Json* expected = targets ? targets->find(one.name) : nullptr;
      std::string first;
      for (const Json& row : group.at("rows", path).as_array(path)) {
        SCOPED_TRACE(name + ": " + row.dump());
        std::string text;
        const std::string got = trained(row, one, *made, &text);
        if (refused) {
          EXPECT_NE(got.find(refused->as_string(path)), std::string::npos) << got;
          continue;
        }
        if (expected) {
          EXPECT_EQ(text, with_end(expected->as_string(path), one)) << got;
        }
        if (first.empty()) first = got;
        const bool both_refused = first.starts_with("refused") && got.starts_with("refused");
        EXPECT_TRUE(got == first || both_refused) << first << "\n" << got;
      }
    }
  }
  EXPECT_GE(num_templates, 3);
}

}  // namespace
}  // namespace laconic
