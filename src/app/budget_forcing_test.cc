// Budget forcing on replies that are written down, with the tags as one token and as several.
// SPDX-License-Identifier: Apache-2.0
#include "app/budget_forcing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "text/prompt_folder_fixture.h"

namespace laconic {
namespace {

using Ids = std::vector<int32_t>;

struct Played {
  Ids ids;
  Sample sample;
  std::optional<FinishReason> finish;
};

// The sampler's part: what is forced comes first, then the next of what the model `says`.
Played play(BudgetForcing& control, const Ids& says) {
  Played played;
  Ids to_force;
  size_t next_said = 0;
  while (true) {
    const Control::Next next = control.on_ids(played.ids);
    EXPECT_LE(next.num_dropped, std::ssize(played.ids));
    played.ids.resize(played.ids.size() - static_cast<size_t>(next.num_dropped));
    auto& forced = played.sample.forced;
    while (!forced.empty() && forced.back() >= std::ssize(played.ids)) forced.pop_back();
    to_force.insert(to_force.end(), next.forced.begin(), next.forced.end());
    played.finish = next.finish;
    if (next.finish || (to_force.empty() && next_said == says.size())) return played;
    if (to_force.empty()) {
      played.ids.push_back(says[next_said++]);
    } else {
      forced.push_back(std::ssize(played.ids));
      played.ids.push_back(to_force.front());
      to_force.erase(to_force.begin());
    }
  }
}

// A model whose prompt opens the thinking, or not; with the tags as tokens, or not.
class Model {
 public:
  Model(bool opens, bool tags_are_tokens) {
    BpeTrainerSettings settings;
    settings.special_tokens = {"<bos>", "<end>", "<stop>"};
    if (tags_are_tokens) settings.plain_tokens = {"<think>", "</think>"};
    const std::vector<std::string> texts = {"user assistant what is 1 + 2 ? it is it is 3 is",
                                            "so.</so.</so.</ </think </think <think <think"};
    folder_.write("tokenizer.json", train_bpe(texts, settings).dump());
    folder_.write("chat_template.jinja", opens ? kOpenTemplate : kPlainTemplate);
    builder_.emplace(folder_.builder());
    prompt_ = builder_->prompt_ids(user("what is 1 + 2 ?"));
  }

  const PromptBuilder& builder() const { return *builder_; }
  Ids encode(const std::string& text) const { return builder_->tokenizer().encode(text); }
  std::string decode(const Ids& ids) const { return builder_->tokenizer().decode(ids); }
  BudgetForcing control(const BudgetForcingSettings& settings) const {
    return BudgetForcing(settings, *builder_, prompt_);
  }

 private:
  Folder folder_;
  std::optional<PromptBuilder> builder_;
  Ids prompt_;
};

BudgetForcingSettings settings_of(int64_t budget, int64_t extensions = 0,
                                  int64_t answer_budget = 0) {
  BudgetForcingSettings settings;
  settings.thinking_budget = budget;
  settings.extensions = extensions;
  settings.answer_budget = answer_budget;
  settings.thinking_end = "</think>\nso ";
  settings.wait_text = " Wait";
  return settings;
}

class BudgetForcingTest : public testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  const bool opens_ = std::get<0>(GetParam());
  const Model model_{opens_, std::get<1>(GetParam())};
  const std::string open_ = opens_ ? "" : "<think>\n";
  // Tokens of `text` as thinking: from the reply's first id, whichever opens it.
  int64_t num_tokens(const std::string& text) const {
    return std::ssize(model_.encode(open_ + text));
  }
};

INSTANTIATE_TEST_SUITE_P(Tags, BudgetForcingTest,
                         testing::Combine(testing::Bool(), testing::Bool()), [](const auto& info) {
                           return std::string(std::get<0>(info.param) ? "Opened" : "Own") +
                                  (std::get<1>(info.param) ? "OneToken" : "Pieces");
                         });

TEST_P(BudgetForcingTest, CutsAtTheBudget) {
  const auto settings = settings_of(num_tokens("it is it is"));
  BudgetForcing control = model_.control(settings);
  const Ids says = model_.encode(open_ + "it is it is");
  Ids more = says;
  const Ids answer = model_.encode("3");
  more.insert(more.end(), answer.begin(), answer.end());
  const Played played = play(control, more);
  EXPECT_EQ(model_.decode(played.ids), open_ + "it is it is\n</think>\nso 3");
  const Ids end = model_.encode("\n</think>\nso ");
  ASSERT_EQ(played.sample.forced.size(), end.size());
  EXPECT_EQ(played.sample.forced.front(), std::ssize(says));
  const ControlRecord record = control.record(played.sample);
  EXPECT_TRUE(record.capped);
  EXPECT_TRUE(record.within_budget);
  EXPECT_EQ(record.num_forced_tokens, std::ssize(end));
  EXPECT_EQ(record.num_extensions, 0);
}

TEST_P(BudgetForcingTest, BehindALineThereIsNoSecondNewline) {
  const auto settings = settings_of(num_tokens("it is\n"));
  BudgetForcing control = model_.control(settings);
  const Played played = play(control, model_.encode(open_ + "it is\n"));
  EXPECT_EQ(model_.decode(played.ids), open_ + "it is\n</think>\nso ");
}

TEST_P(BudgetForcingTest, AnEarlyEndStandsWithoutExtensions) {
  const auto settings = settings_of(100);
  BudgetForcing control = model_.control(settings);
  const std::string text = open_ + "it is</think> 3";
  const Played played = play(control, model_.encode(text));
  EXPECT_EQ(model_.decode(played.ids), text);
  const ControlRecord record = control.record(played.sample);
  EXPECT_FALSE(record.capped);
  EXPECT_TRUE(record.within_budget);
  EXPECT_EQ(record.num_forced_tokens, 0);
}

// "so.</" may be one token: its text in front of the tag stays.
TEST_P(BudgetForcingTest, AnEarlyEndIsTakenBackAsOftenAsAllowed) {
  const auto settings = settings_of(100, 2);
  BudgetForcing control = model_.control(settings);
  Ids says = model_.encode(open_ + "so.</think>");
  for (const char* const more : {" it so.</think>", " is so.</think>", " 3"}) {
    const Ids ids = model_.encode(more);
    says.insert(says.end(), ids.begin(), ids.end());
  }
  const Played played = play(control, says);
  EXPECT_EQ(model_.decode(played.ids), open_ + "so. Wait it so. Wait is so.</think> 3");
  const ControlRecord record = control.record(played.sample);
  EXPECT_EQ(record.num_extensions, 2);
  EXPECT_FALSE(record.capped);
  EXPECT_TRUE(record.within_budget);
  EXPECT_GE(record.num_forced_tokens, 2 * std::ssize(model_.encode(" Wait")));
}

TEST_P(BudgetForcingTest, AnEndOfTheReplyWithinTheThinkingIsOneOfTheThinking) {
  const Ids stop = model_.encode("<end>");
  ASSERT_EQ(stop.size(), 1u);
  for (const int64_t extensions : {0, 1}) {
    const auto settings = settings_of(100, extensions);
    BudgetForcing control = model_.control(settings);
    Ids says = model_.encode(open_ + "it is");
    says.push_back(stop[0]);
    if (extensions > 0) says.push_back(stop[0]);
    const Played played = play(control, says);
    EXPECT_EQ(model_.decode(played.ids),
              open_ + (extensions > 0 ? "it is Wait" : "it is") + "\n</think>\nso ");
    EXPECT_TRUE(control.record(played.sample).capped);
    EXPECT_EQ(control.record(played.sample).num_extensions, extensions);
  }
}

TEST_P(BudgetForcingTest, TheAnswerHasABudgetOfItsOwn) {
  const auto settings = settings_of(100, 0, 3);
  BudgetForcing control = model_.control(settings);
  const Ids head = model_.encode(open_ + "it is</think>");
  Ids says = head;
  for (int i = 0; i < 9; ++i) says.push_back(model_.encode("3")[0]);
  const Played played = play(control, says);
  EXPECT_EQ(played.finish, FinishReason::kLength);
  EXPECT_EQ(played.ids.size(), head.size() + 3);
}

TEST_P(BudgetForcingTest, NoThinkingAtAll) {
  const auto settings = settings_of(0);
  BudgetForcing control = model_.control(settings);
  const Played played = play(control, opens_ ? Ids() : model_.encode("<think>"));
  // The template's own newline stands behind its tag.
  EXPECT_EQ(model_.decode(played.ids), opens_ ? "</think>\nso " : "<think>\n</think>\nso ");
  EXPECT_TRUE(control.record(played.sample).capped);
}

TEST(BudgetForcingOfNoThinking, AReplyThatNeverThinksIsLeftAlone) {
  const Model model(/*opens=*/false, /*tags_are_tokens=*/true);
  const auto settings = settings_of(3, 2);
  BudgetForcing control = model.control(settings);
  Ids says = model.encode("it is it is it is 3");
  says.push_back(model.encode("<end>")[0]);
  const Played played = play(control, says);
  EXPECT_EQ(played.ids, says);
  EXPECT_TRUE(control.record(played.sample).within_budget);
  EXPECT_FALSE(control.record(played.sample).capped);
}

}  // namespace
}  // namespace laconic
