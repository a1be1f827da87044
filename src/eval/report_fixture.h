// A made-up run for tests of the report, with text that must be escaped.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "eval/run_data.h"

namespace laconic {

inline SampleRecord reply(int problem, int sample, bool is_after) {
  SampleRecord out;
  out.id = "p" + std::to_string(problem);
  out.sample_idx = sample;
  out.problem = "What is <script>alert(" + std::to_string(problem) + ")</script> & \"more\"?";
  out.gold = "7";
  out.num_tokens = is_after ? 40 + problem : 100 + 3 * problem;
  out.num_thinking_tokens = out.num_tokens - 5;
  out.num_answer_tokens = 5;
  out.completion = "<think>\nhm</think>\\boxed{7}";
  out.finish_reason = "stop";
  out.think_state = "closed";
  out.verdict = problem == 3 && is_after ? "wrong" : "right";
  out.difficulty = std::to_string(problem % 2 + 1);
  return out;
}

inline RunData run_fixture() {
  RunData run;
  run.name = "run <1>";
  run.config = "eta: 4 # <b>\n";
  run.run = Json::parse(R"({"version": "0.1.0", "machine": "a <b> c"})", "run.json");
  const Json header =
      Json::parse(R"({"n": 2, "temperature": 0.7, "max_new_tokens": 512, "seed": 7})", "h");
  for (const char* name : {"before", "after", "long-bound"}) {
    SampleFile& file = run.samples[name];
    file.header = header;
    for (int i = 0; i < 12; ++i)
      file.records.push_back(reply(i / 2, i % 2, std::string(name) == "after"));
  }
  for (int step = 1; step <= 1500; ++step)
    run.steps.push_back(Json::parse("{\"type\": \"step\", \"step\": " + std::to_string(step) +
                                        ", \"loss\": 1.5, \"gradient_norm\": null}",
                                    "log"));
  run.evals.push_back(
      Json::parse(R"({"step": 32, "accuracy": 0.9, "tokens": 60, "chosen": true})", "log"));
  run.mixture.push_back(
      Json::parse(R"({"step": 32, "alpha": {"short": 0.3, "long": 0.7}})", "mixture"));
  return run;
}

// Opening and closing tags match; attributes hold no raw brackets. What scripts hold is no markup.
inline void expect_balanced(const std::string& page) {
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const size_t end = page.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" />", 1));
    if (tag[0] == '!' || name == "meta" || tag.back() == '/') continue;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty()) << tag;
      ASSERT_EQ("/" + open.back(), tag);
      open.pop_back();
    } else {
      open.push_back(name);
      if (name == "script") at = page.find("</script>", end) - 1;
    }
  }
  EXPECT_TRUE(open.empty());
}

}  // namespace laconic
