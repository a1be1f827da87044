// Judging speed: bench_verifier FILE.jsonl [SOURCES]; rows with gold and response. One thread.
// Prints rows, CPU seconds of judge() (the mean of kRuns runs, nothing read or written in between),
// CPU microseconds of a row at the median, 99 %, 99.9 % and the most; then one line a row: its
// verdict. bench/verifier.py runs it beside math-verify.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "data/row_fields.h"
#include "data/row_file.h"
#include "eval/verify.h"

namespace laconic {
namespace {

constexpr int kRuns = 5;

double cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

int run(const std::string& path, const std::string& sources) {
  const RowFile file(path);
  AnswerRules rules;
  rules.sources = parse_answer_sources(sources);
  std::vector<std::pair<std::string, std::string>> rows;
  for (int64_t i = 0; i < file.size(); ++i) {
    const std::string place = file.place(i);
    const Json row = Json::parse(file.text(i), place);
    const Field gold = find_field(row, {"gold"}), response = find_field(row, {"response", "pred"});
    rows.emplace_back(gold ? field_text(gold, place) : "",
                      response ? field_text(response, place) : "");
  }
  std::vector<const char*> verdicts(rows.size());
  std::vector<double> each(rows.size(), 1e9);
  double total = 0;
  for (int run = 0; run < kRuns; ++run) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const double begin = cpu_s();
      verdicts[i] = verdict_name(judge(rows[i].first, rows[i].second, rules).verdict);
      const double spent = cpu_s() - begin;
      total += spent;
      each[i] = std::min(each[i], spent);
    }
  }
  std::sort(each.begin(), each.end());
  const auto at = [&](double share) {
    return 1e6 * each[static_cast<size_t>(share * static_cast<double>(each.size() - 1))];
  };
  std::printf("%zu %.6f %.2f %.2f %.2f %.2f\n", rows.size(), total / kRuns, at(0.5), at(0.99),
              at(0.999), at(1));
  for (const char* verdict : verdicts) std::printf("%s\n", verdict);
  return 0;
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_verifier FILE.jsonl [box,hashes,...]\n");
    return 2;
  }
  try {
    return laconic::run(argv[1], argc > 2 ? argv[2] : "box,hashes");
  } catch (const laconic::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
