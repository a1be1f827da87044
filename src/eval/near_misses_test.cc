// Gold answers of benchmarks beside their neighbours: tests/golden/make_near_misses.py finds the
// pairs, and says by SymPy and mpmath whether their values differ.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/test_data.h"
#include "data/rows.h"
#include "eval/extract.h"
#include "eval/verify.h"

namespace laconic {
namespace {

// The gold answers of one benchmark, row by row; empty: the file is not there.
std::vector<std::string> read_golds(const std::string& name) {
  const std::string path = shared_data_path("benchmarks/" + name + ".jsonl");
  std::vector<std::string> out;
  if (!file_exists(path)) return out;
  const std::string text = read_file(path);
  for_each_line(text, [&](int64_t, std::string_view line) {
    const Json row = Json::parse(line, path);
    std::string gold;
    for (const char* field : {"answer", "ref_answer", "expected_answer", "Answer", "solution"}) {
      const Json* value = row.find(field);
      if (!value || value->is_null()) continue;
      gold = gold_answer(value->is_string() ? value->as_string(path) : value->dump());
      break;
    }
    out.push_back(gold);
  });
  return out;
}

struct Place {
  std::string file;
  size_t row = 0;
};

TEST(NearMisses, NoFalseRightAndNoFalseWrong) {
  const std::string path =
      std::string(LACONIC_SOURCE_DIR) + "/tests/cases/verifier/near_misses.csv";
  const std::string text = read_file(path);
  std::map<std::string, std::vector<std::string>> golds;
  size_t differ = 0, equal = 0;
  bool is_missing = false;
  for_each_line(text, [&](int64_t line, std::string_view row) {
    std::vector<std::string> cells(1);
    for (const char c : row) {
      if (c == ',')
        cells.emplace_back();
      else
        cells.back() += c;
    }
    ASSERT_EQ(cells.size(), 5u) << path << ":" << line;
    const Place places[2] = {{cells[0], std::stoul(cells[1])}, {cells[2], std::stoul(cells[3])}};
    std::string pair[2];
    for (size_t i = 0; i < 2 && !is_missing; ++i) {
      const auto [at, is_new] = golds.try_emplace(places[i].file);
      if (is_new) at->second = read_golds(places[i].file);
      is_missing = at->second.size() < places[i].row;
      if (!is_missing) pair[i] = at->second[places[i].row - 1];
    }
    if (is_missing) return;
    const bool is_equal = cells[4] == "equal";
    (is_equal ? equal : differ) += 1;
    for (const bool turned : {false, true}) {
      const Judgement got = compare_answers(pair[turned], pair[!turned]);
      EXPECT_NE(got.verdict, is_equal ? Verdict::kWrong : Verdict::kRight)
          << path << ":" << line << " " << pair[turned] << " | " << pair[!turned] << " "
          << got.reason;
    }
  });
  if (is_missing) GTEST_SKIP() << "no shared data: benchmarks/*.jsonl";
  EXPECT_GT(differ, 4000u);
  EXPECT_GT(equal, 400u);
}

}  // namespace
}  // namespace laconic
