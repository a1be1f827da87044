// SPDX-License-Identifier: Apache-2.0
#include "text/think_span.h"

#include <gtest/gtest.h>

#include "text/bpe_trainer.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

struct Case {
  const char* text;
  bool opened;
  ThinkState state;
  const char* thinking;
  const char* answer;
};

const Case kCases[] = {
    {"<think>\nhm\n</think>\n\n4", false, ThinkState::kClosed, "\nhm\n", "\n\n4"},
    {"hm\n</think>\n\n4", true, ThinkState::kClosed, "hm\n", "\n\n4"},
    {"<think>\nhm</think>4", true, ThinkState::kClosed, "\nhm", "4"},
    {"hm</think>4", false, ThinkState::kClosed, "hm", "4"},
    {"<think>\n\n</think>\n\n4", false, ThinkState::kEmpty, "\n\n", "\n\n4"},
    {"</think>4", true, ThinkState::kEmpty, "", "4"},
    {"<think>hm", false, ThinkState::kUnterminated, "hm", ""},
    {"hm", true, ThinkState::kUnterminated, "hm", ""},
    {"", true, ThinkState::kUnterminated, "", ""},
    {"4", false, ThinkState::kNone, "", "4"},
    {"", false, ThinkState::kNone, "", ""},
    {"So: <think>a</think>b</think>c", false, ThinkState::kClosed, "a", "b</think>c"},
    {"a <think> b </think> c", true, ThinkState::kClosed, "a <think> b ", " c"},
    {"a</think>b<think>c", false, ThinkState::kClosed, "a", "b<think>c"},
};

TEST(ThinkSpanTest, SplitsText) {
  for (const Case& c : kCases) {
    const ThinkSpan span = find_think_span(c.text, c.opened);
    EXPECT_EQ(span.state, c.state) << c.text;
    EXPECT_EQ(span.thinking, c.thinking) << c.text;
    EXPECT_EQ(span.answer, c.answer) << c.text;
  }
}

// The same counts whether the tags are one token, special or not, or spelled in bytes.
TEST(ThinkTokensTest, CountsTokensOfBothParts) {
  BpeTrainerSettings plain, special, spelled;
  plain.special_tokens = spelled.special_tokens = {"<end>"};
  plain.plain_tokens = {"<think>", "</think>"};
  special.special_tokens = {"<end>", "<think>", "</think>"};
  for (auto* settings : {&plain, &special, &spelled}) settings->vocab_size = 300;
  const std::vector<std::string> texts = {"a b c"};
  for (const auto& [settings, tag] :
       {std::pair(plain, 1), std::pair(special, 1), std::pair(spelled, 0)}) {
    const Tokenizer tokenizer = Tokenizer::from_json(train_bpe(texts, settings), "test");
    const auto count = [&](const char* text, bool opened) {
      return count_think_tokens(tokenizer, tokenizer.encode(text), opened);
    };
    const int open = tag ? 1 : 7;
    const int close = tag ? 1 : 8;
    ThinkTokens tokens = count("<think>xyz</think>12<end>", false);
    EXPECT_EQ(tokens.state, ThinkState::kClosed);
    EXPECT_EQ(tokens.thinking_tokens, open + 3 + close);
    EXPECT_EQ(tokens.answer_tokens, 3);
    tokens = count("xyz</think>12<end>", true);
    EXPECT_EQ(tokens.thinking_tokens, 3 + close);
    EXPECT_EQ(tokens.answer_tokens, 3);
    tokens = count("xyz<end>", true);
    EXPECT_EQ(tokens.state, ThinkState::kUnterminated);
    EXPECT_EQ(tokens.thinking_tokens, 4);
    EXPECT_EQ(tokens.answer_tokens, 0);
    tokens = count("12<end>", false);
    EXPECT_EQ(tokens.state, ThinkState::kNone);
    EXPECT_EQ(tokens.answer_tokens, 3);
    tokens = count("<think></think>é<end>", false);
    EXPECT_EQ(tokens.state, ThinkState::kEmpty);
    EXPECT_EQ(tokens.thinking_tokens, open + close);
  }
}

}  // namespace
}  // namespace laconic
