// For tests: a model folder's text files with a tokenizer of a few hundred ids, and two templates.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "text/bpe_trainer.h"
#include "text/prompt_builder.h"
#include "text/tokenizer.h"

namespace laconic {

// A model folder's text files with a small tokenizer, gone with the test.
class Folder {
 public:
  Folder() : path_(testing::TempDir() + "laconic_prompts_" + std::to_string(::getpid())) {
    remove_all(path_);
    make_folders(path_);
    BpeTrainerSettings settings;
    settings.special_tokens = {"<bos>", "<end>", "<stop>"};
    settings.plain_tokens = {"<think>", "</think>"};
    const std::vector<std::string> texts = {"user assistant what is 1 + 2 ?", "it is it is 3 is"};
    write("tokenizer.json", train_bpe(texts, settings).dump());
    write("tokenizer_config.json", R"({"bos_token": {"content": "<bos>"}, "eos_token": "<stop>"})");
  }
  ~Folder() { remove_all(path_); }
  void write(const std::string& name, const std::string& text) {
    write_file_atomic(join_path(path_, name), text);
  }
  const std::string& path() const { return path_; }
  PromptBuilder builder() const { return PromptBuilder::from_folder(path_); }

 private:
  std::string path_;
};

inline constexpr const char* kPlainTemplate =
    "{{ bos_token }}{% for m in messages %}{{ m.role }}\n{{ m.content }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}assistant\n{% endif %}";
inline constexpr const char* kOpenTemplate =
    "{{ bos_token }}{% for m in messages %}{{ m.role }}\n{{ m.content.split('</think>')[-1] "
    "}}<end>\n"
    "{% endfor %}{% if add_generation_prompt %}assistant\n<think>\n{% endif %}";

inline Json user(const std::string& text) {
  return Json::parse(R"([{"role": "user", "content": )" + Json(text).dump() + "}]", "test");
}

template <typename Call>
std::string fault_of(Call call, ErrorKind kind = ErrorKind::kData) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "no error";
}

}  // namespace laconic
