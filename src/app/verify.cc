// laconic verify: judges (gold, response) pairs, JSONL in, JSONL out; --audit counts agreement with
// a label.
// SPDX-License-Identifier: Apache-2.0
#include "eval/verify.h"

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "app/commands.h"
#include "app/row_writer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/settings.h"
#include "data/row_fields.h"
#include "data/rows.h"

namespace laconic {
namespace {

struct VerifySettings {
  std::string input = "-", output = "-", bad_rows = "fail";
  bool answers = false;
  bool audit = false;
};

// Counts of one kind: by label (false, true) and verdict.
using Counts = std::array<std::array<int64_t, 3>, 2>;

Judgement judge_row(const Json& row, const std::string& place, bool answers) {
  const Field gold = find_field(row, {"gold", "answer", "ref_answer", "expected_answer"});
  const Field response = find_field(row, {"response", "completion", "pred"});
  require(static_cast<bool>(gold), ErrorKind::kData, place, ": gold: expected an answer, got none");
  require(static_cast<bool>(response), ErrorKind::kData, place,
          ": response: expected a text, got none");
  const std::string gold_value = field_text(gold, place);
  const std::string text = field_text(response, place);
  return answers ? compare_answers(gold_value, text) : judge(gold_value, text);
}

bool label_of(const Json& row, const std::string& place) {
  const Field label = find_field(row, {"label", "expected"});
  require(static_cast<bool>(label), ErrorKind::kData, place,
          ": label: expected a boolean, got none (--audit)");
  return label.value->as_boolean(place + ": label");
}

std::string share(int64_t part, int64_t whole) {
  char text[32] = "-";
  if (whole > 0)
    std::snprintf(text, sizeof text, "%.2f %%",
                  100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

// One line a kind of reason: how many rows, and how the verdicts stand to the labels.
void print_audit(const std::map<std::string, Counts>& by_reason) {
  Counts all{};
  std::printf("%-18s %8s %8s %8s %9s %10s\n", "reason", "rows", "agree", "false", "false",
              "undecided");
  std::printf("%-18s %8s %8s %8s %9s %10s\n", "", "", "", "right", "wrong", "");
  const auto line = [](const char* name, const Counts& c) {
    int64_t rows = 0;
    for (const auto& row : c) rows += row[0] + row[1] + row[2];
    std::printf("%-18s %8lld %8lld %8lld %9lld %10lld\n", name, static_cast<long long>(rows),
                static_cast<long long>(c[1][0] + c[0][1]), static_cast<long long>(c[0][0]),
                static_cast<long long>(c[1][1]), static_cast<long long>(c[0][2] + c[1][2]));
  };
  for (const auto& [reason, counts] : by_reason) {
    line(reason.c_str(), counts);
    for (size_t label = 0; label < 2; ++label) {
      for (size_t verdict = 0; verdict < 3; ++verdict)
        all[label][verdict] += counts[label][verdict];
    }
  }
  line("all", all);
  const int64_t agree = all[1][0] + all[0][1];
  const int64_t decided = agree + all[0][0] + all[1][1];
  const int64_t undecided = all[0][2] + all[1][2];
  std::printf("\nagreement where decided %s, undecided %s, label true but undecided %lld\n",
              share(agree, decided).c_str(), share(undecided, decided + undecided).c_str(),
              static_cast<long long>(all[1][2]));
}

}  // namespace

int run_verify(Arguments arguments) {
  VerifySettings s;
  Settings settings("laconic verify",
                    "Judges (gold, response) pairs: right, wrong or undecided, with a reason.");
  settings.add("input", &s.input, "JSONL file with gold and response, - for stdin");
  settings.add("output", &s.output,
               "JSONL file for the rows with verdict, reason and extracted, - for stdout");
  settings.add("answers", &s.answers, "response is a bare answer, not a whole reply with a box");
  settings.add("audit", &s.audit,
               "print how the verdicts agree with each row's label, by reason, instead of rows");
  settings.add("bad_rows", &s.bad_rows, "a row that cannot be read: fail, skip or quarantine=PATH");
  settings.example(
      "echo '{\"gold\": \"1/2\", \"response\": \"so \\\\boxed{0.5}\"}' | laconic verify");
  if (!settings.parse(arguments)) return 0;

  const std::string shown = s.input == "-" ? "stdin" : s.input;
  const std::string text = read_input(s.input);
  BadRows bad_rows(parse_bad_row_policy(s.bad_rows));
  std::unique_ptr<RowWriter> out;
  if (!s.audit) out = std::make_unique<RowWriter>(s.output);
  std::map<std::string, Counts> by_reason;
  for_each_line(text, [&](int64_t line, std::string_view row_text) {
    const std::string place = cat(shown, ":", line);
    try {
      Json row = Json::parse(row_text, place);
      row.as_object(place);
      const Judgement got = judge_row(row, place, s.answers);
      if (s.audit) {
        ++by_reason[got.reason][label_of(row, place)][static_cast<size_t>(got.verdict)];
        return;
      }
      row["verdict"] = verdict_name(got.verdict);
      row["reason"] = got.reason;
      row["extracted"] = got.extracted;
      out->write(row);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;
      bad_rows.add(shown, line, row_text, error.what());
    }
  });
  bad_rows.close();
  if (bad_rows.count()) log_warning(bad_rows.summary());
  if (s.audit)
    print_audit(by_reason);
  else
    out->close();
  return 0;
}

}  // namespace laconic
