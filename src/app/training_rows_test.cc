// SPDX-License-Identifier: Apache-2.0
#include "app/training_rows.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "text/prompt_folder_fixture.h"

namespace laconic {
namespace {

bool same(const TokenRow& a, const TokenRow& b) {
  return a.ids == b.ids && a.num_prompt_tokens == b.num_prompt_tokens && a.context == b.context;
}

class DomainTest : public testing::Test {
 protected:
  DomainTest() { folder_.write("chat_template.jinja", kPlainTemplate); }
  std::string write(const std::string& name, const std::string& text) {
    folder_.write(name, text);
    return folder_.path() + "/" + name;
  }
  Folder folder_;
};

// Row i says i; row 3 has two turns, row 5 is too long.
std::string twenty_rows() {
  std::string text;
  for (int i = 0; i < 20; ++i) {
    const std::string answer = i == 5 ? std::string(400, '3') : cat(i);
    text +=
        R"({"messages": [{"role": "user", "content": "what"}, {"role": "assistant", "content": ")" +
        answer + "\"}";
    if (i == 3)
      text += R"(, {"role": "user", "content": "is"}, {"role": "assistant", "content": "it"})";
    text += "]}\n";
  }
  return text;
}

TEST_F(DomainTest, RowsBeyondTheCacheAreTheSame) {
  const PromptBuilder builder = folder_.builder();
  const DomainSource source{"rows", write("rows.jsonl", twenty_rows()), "", ""};
  RowLimits limits;
  limits.max_length = 100;
  BadRows bad;
  Domain cached(source, builder, limits, bad);
  EXPECT_EQ(cached.size(), 19);
  EXPECT_NE(cached.summary().find("rows: 19 rows, messages; "), std::string::npos);
  EXPECT_NE(cached.summary().find("dropped 1 longer"), std::string::npos) << cached.summary();
  for (const int64_t cache_bytes : {int64_t{0}, int64_t{300}}) {
    limits.cache_bytes = cache_bytes;
    Domain made(source, builder, limits, bad);
    EXPECT_EQ(made.summary(), cached.summary());
    for (int64_t i = 0; i < cached.size(); ++i) EXPECT_TRUE(same(made.row(i), cached.row(i))) << i;
  }
  EXPECT_EQ(cached.row(3).context.size(), 1u);
  limits.turns = TurnPolicy::kLast;
  EXPECT_EQ(Domain(source, builder, limits, bad).row(3).context.size(), 0u);
}

TEST_F(DomainTest, AnIndexSparesReadingTheSameFile) {
  const PromptBuilder builder = folder_.builder();
  const std::string path = write("rows.jsonl", twenty_rows());
  const DomainSource source{"rows", path, "", folder_.path() + "/rows-0.index"};
  RowLimits limits;
  limits.max_length = 100;
  BadRows bad;
  Domain first(source, builder, limits, bad);
  first.save_index(source.index_path);
  Domain second(source, builder, limits, bad);
  EXPECT_EQ(second.summary(), first.summary());
  for (int64_t i = 0; i < first.size(); ++i) EXPECT_TRUE(same(second.row(i), first.row(i))) << i;

  // Other contents under the same size and time are not noticed: so nothing was read.
  const auto time = std::filesystem::last_write_time(path);
  write("rows.jsonl", std::string(twenty_rows().size(), 'x'));
  std::filesystem::last_write_time(path, time);
  EXPECT_EQ(Domain(source, builder, limits, bad).summary(), first.summary());
  // Another setting, or a file changed since, is.
  limits.max_length = 101;
  EXPECT_THROW(Domain(source, builder, limits, bad), Error);
  limits.max_length = 100;
  std::filesystem::last_write_time(path, time + std::chrono::seconds(1));
  EXPECT_THROW(Domain(source, builder, limits, bad), Error);
  // A damaged index is none.
  std::filesystem::last_write_time(path, time);
  std::string index = read_file(source.index_path);
  index[index.size() / 2] = static_cast<char>(index[index.size() / 2] + 1);
  write("rows-0.index", index);
  EXPECT_THROW(Domain(source, builder, limits, bad), Error);
}

TEST_F(DomainTest, DatasetInfoNamesFilesColumnsAndRoles) {
  const PromptBuilder builder = folder_.builder();
  const std::string info = write("dataset_info.json", R"({
    "plain": {"file_name": "alpaca.json"},
    "renamed": {"file_name": "renamed.jsonl", "columns": {"prompt": "q", "response": "a", "system": "s"}},
    "chats": {"file_name": "chats.json", "formatting": "sharegpt", "columns": {"messages": "turns"},
              "tags": {"role_tag": "who", "content_tag": "says", "user_tag": "me", "assistant_tag": "it"}},
    "openai": {"file_name": "openai.jsonl", "formatting": "openai", "columns": {"messages": "turns"}},
    "ranked": {"file_name": "x", "ranking": true},
    "hub": {"hf_hub_url": "x/y"}})");
  write("alpaca.json", R"([{"instruction": "what", "input": "", "output": "it"}])");
  write("renamed.jsonl", R"({"q": "what", "a": "it", "s": "is", "output": "no"})");
  write("chats.json",
        R"([{"turns": [{"who": "me", "says": "what"}, {"who": "it", "says": "it"}]}])");
  write(
      "openai.jsonl",
      R"({"turns": [{"role": "user", "content": "what"}, {"role": "assistant", "content": "it"}]})");
  const auto text_of = [&](const char* name) {
    BadRows bad;
    Domain domain({name, info, name, ""}, builder, {}, bad);
    return builder.tokenizer().decode(domain.row(0).ids);
  };
  const std::string plain = "<bos>user\nwhat<end>\nassistant\nit<end>";
  EXPECT_EQ(text_of("plain"), plain);
  EXPECT_EQ(text_of("renamed"), "<bos>system\nis<end>\nuser\nwhat<end>\nassistant\nit<end>");
  EXPECT_EQ(text_of("chats"), plain);
  EXPECT_EQ(text_of("openai"), plain);
  EXPECT_NE(fault_of([&] { text_of("ranked"); }).find("dataset_info.json: ranked.ranking"),
            std::string::npos);
  EXPECT_NE(fault_of([&] { text_of("hub"); }).find("download it first"), std::string::npos);
  EXPECT_NE(fault_of([&] { text_of("other"); }, ErrorKind::kUsage).find("one of plain, renamed"),
            std::string::npos);
}

}  // namespace
}  // namespace laconic
