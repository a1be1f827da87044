// laconic verify: judges (gold, response) pairs, JSONL in, JSONL out in the same order, on all
// cores;
// --audit counts how the verdicts stand to labels, by kind of disagreement.
// SPDX-License-Identifier: Apache-2.0
#include "eval/verify.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/parallel_rows.h"
#include "app/row_writer.h"
#include "app/verify_audit.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/settings.h"
#include "data/row_fields.h"
#include "data/row_file.h"
#include "data/rows.h"

namespace laconic {
namespace {

// Rows judged between two writes.
constexpr int64_t kBlockRows = 4096;

struct VerifySettings {
  std::string input = "-", output = "-", bad_rows = "fail", answer_from = "box,hashes";
  std::string gold, answer;
  bool answers = false, audit = false, count_thinking = false, starts_in_thinking = false;
  int64_t threads = 0, show = 0;
};

// What a worker makes of one row.
struct JudgedRow {
  std::string error;  // not empty: a bad row
  std::string line;   // the row with its verdict
  std::string identity;
  AuditRow audit;
};

std::string text_of(const Json& row, std::initializer_list<std::string_view> names,
                    const std::string& place) {
  const Field field = find_field(row, names);
  const std::string_view name = *names.begin();
  require(static_cast<bool>(field), ErrorKind::kData, place, ": ", name,
          name == "gold" ? ": expected an answer, got none" : ": expected a text, got none");
  std::string text = field_text(field, place);
  require(text.find('\0') == std::string::npos, ErrorKind::kData, place, ": ", field.name,
          ": expected text, got a NUL character in it");
  return text;
}

// The row's text with the verdict's members behind its own, which stay byte for byte as they are.
std::string with_verdict(Json& row, std::string_view text, const Judgement& got,
                         const std::string& gold) {
  Json added = Json::object();
  added["verdict"] = verdict_name(got.verdict);
  added["reason"] = got.reason;
  added["extracted"] = got.extracted;
  added["gold_form"] = canonical_form(gold);
  added["answer_form"] = canonical_form(got.extracted);
  const bool judged_before = std::any_of(added.as_object("").begin(), added.as_object("").end(),
                                         [&](const Json::Member& m) { return row.find(m.first); });
  if (!judged_before) {
    std::string out(text.substr(0, text.rfind('}')));
    while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
    std::erase_if(out, [](char c) { return c == '\n' || c == '\r'; });
    return out + ", " + added.dump().substr(1) + "\n";
  }
  for (const auto& [key, value] : added.as_object("")) row[key] = value;
  return row.dump() + "\n";
}

// id, sample and source: two rows that agree in all of them are one row twice.
std::string identity_of(const Json& row) {
  std::string out;
  for (const std::string_view key : {"id", "sample", "sample_idx", "source"}) {
    const Json* value = row.find(key);
    if (key == "id" && (!value || value->is_null())) return "";
    if (value) out += value->dump() + "\n";
  }
  return out;
}

JudgedRow judge_row(const RowFile& file, int64_t index, const VerifySettings& s,
                    const AnswerRules& rules) {
  JudgedRow out;
  const std::string place = file.place(index);
  try {
    const std::string_view text = file.text(index);
    Json row = Json::parse(text, place);
    row.as_object(place);
    const std::string gold =
        text_of(row, {"gold", "answer", "ref_answer", "expected_answer"}, place);
    const std::string response = text_of(row, {"response", "completion", "pred"}, place);
    const Judgement got =
        s.answers ? compare_answers(gold, response) : judge(gold, response, rules);
    out.identity = identity_of(row);
    if (s.audit) {
      const Field label = find_field(row, {"label", "expected"});
      require(static_cast<bool>(label), ErrorKind::kData, place,
              ": label: expected a boolean, got none (--audit)");
      out.audit = {got, label.value->as_boolean(place + ": label"), place, gold};
    } else {
      out.line = with_verdict(row, text, got, gold);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    out.error = error.what();
  }
  return out;
}

// Rows whose id (with sample and source) came before: judged and counted all the same, but named.
class Repeats {
 public:
  void see(const std::string& identity, const std::string& place) {
    if (identity.empty()) return;
    const auto [at, is_new] = places_.emplace(identity, place);
    if (is_new) return;
    if (count_++ == 0)
      first_ =
          cat(place, ": id ", identity.substr(0, identity.find('\n')), " is that of ", at->second);
  }
  void report() const {
    if (count_)
      log_warning(cat(count_, count_ == 1 ? " row repeats" : " rows repeat",
                      " the id of an earlier one and counts as well (first: ", first_, ")"));
  }

 private:
  std::unordered_map<std::string, std::string> places_;
  int64_t count_ = 0;
  std::string first_;
};

// "right (equal-rational): 0.5 is 1/2"
std::string verdict_line(const Judgement& got, const std::string& gold) {
  std::string text = cat(verdict_name(got.verdict), " (", got.reason, ")");
  if (got.extracted.empty()) return text;
  const std::string answer_form = canonical_form(got.extracted), gold_form = canonical_form(gold);
  const bool same = answer_form == gold_form;
  const char* const relation = got.verdict == Verdict::kRight   ? " = "
                               : got.verdict == Verdict::kWrong ? " is not "
                                                                : " against ";
  return text + ": " + (same ? got.extracted : answer_form) + relation + (same ? gold : gold_form);
}

void add_settings(Settings& settings, VerifySettings& s) {
  settings.positional("GOLD", &s.gold, "the right answer: judges one ANSWER instead of rows");
  settings.positional("ANSWER", &s.answer,
                      "an answer, or a whole reply with its answer in a box or behind ####");
  settings.add("input", &s.input, "JSONL file with gold and response, - for stdin");
  settings.file().existing().alias("data");
  settings
      .add("output", &s.output,
           "JSONL file for the rows with verdict, reason, extracted, gold_form and answer_form "
           "behind their own fields, - for stdout")
      .file()
      .alias("out");
  settings.add("answers", &s.answers, "response is a bare answer, not a whole reply");
  settings.add("answer_from", &s.answer_from,
               "where a reply states its answer, tried in this order: box, hashes (####), phrase "
               "(the answer is ...), choice (a letter), math (the last formula), number (the last "
               "one), whole");
  settings.metavar("PLACES");
  settings.add("count_thinking", &s.count_thinking,
               "look for the answer between <think> and </think> too");
  settings.add("starts_in_thinking", &s.starts_in_thinking,
               "the prompts ended with <think>: a reply without </think> has no answer");
  settings.advanced();
  settings.add("audit", &s.audit,
               "print how the verdicts agree with each row's label, by reason, instead of rows");
  settings.add("show", &s.show, "examples of each kind of disagreement to print with --audit")
      .range(0, 1e6);
  settings.add("threads", &s.threads, "threads that judge, 0 for one a core")
      .range(0, 4096)
      .advanced();
  settings.add("bad_rows", &s.bad_rows, "a row that cannot be read: fail, skip or quarantine=PATH");
  settings.metavar("WHAT").advanced();
  settings.example("laconic verify 1/2 0.5");
  settings.example(
      "echo '{\"gold\": \"1/2\", \"response\": \"so \\\\boxed{0.5}\"}' | laconic verify");
  settings.example("laconic verify --audit --show 3 --input labelled.jsonl");
}

// `laconic verify GOLD ANSWER`: an answer with a box or "####" is a whole reply, any other is bare.
int verify_one(const VerifySettings& s, const AnswerRules& rules) {
  const bool is_reply = !s.answers && (s.answer.find("\\boxed") != std::string::npos ||
                                       s.answer.find("####") != std::string::npos);
  const Judgement got =
      is_reply ? judge(s.gold, s.answer, rules) : compare_answers(s.gold, s.answer);
  print_text(verdict_line(got, s.gold) + "\n");
  return got.verdict == Verdict::kRight ? 0 : static_cast<int>(ErrorKind::kCheck);
}

}  // namespace

int run_verify(Arguments arguments) {
  VerifySettings s;
  Settings settings("laconic verify",
                    "Judges (gold, response) pairs: right, wrong or undecided, with a reason.");
  add_settings(settings, s);
  if (!settings.parse(arguments)) return 0;
  AnswerRules rules;
  rules.sources = parse_answer_sources(s.answer_from);
  rules.count_thinking = s.count_thinking;
  rules.starts_in_thinking = s.starts_in_thinking;
  const bool has_gold = settings.given("gold"), has_answer = settings.given("answer");
  require(has_gold == has_answer, ErrorKind::kUsage,
          "laconic verify: expected GOLD and ANSWER, got ", has_gold ? "GOLD" : "ANSWER",
          " alone (rows of a file: --input FILE)");
  if (has_gold) {
    for (const char* name : {"input", "output", "audit", "show", "threads", "bad_rows"})
      require(!settings.given(name), ErrorKind::kUsage, "--", with_hyphens(name),
              ": expected rows of a file, got GOLD and ANSWER");
    return verify_one(s, rules);
  }
  BadRows bad_rows(parse_bad_row_policy(s.bad_rows));
  const RowFile file(s.input);
  std::unique_ptr<RowWriter> out;
  if (!s.audit) out = std::make_unique<RowWriter>(s.output);

  Audit audit(s.show);
  Repeats repeats;
  std::vector<JudgedRow> block;
  for (int64_t begin = 0; begin < file.size(); begin += kBlockRows) {
    const int64_t count = std::min(kBlockRows, file.size() - begin);
    block.assign(static_cast<size_t>(count), {});
    for_rows_in_parallel(count, s.threads, [&](int64_t i) {
      block[static_cast<size_t>(i)] = judge_row(file, begin + i, s, rules);
    });
    for (int64_t i = 0; i < count; ++i) {
      const JudgedRow& row = block[static_cast<size_t>(i)];
      if (!row.error.empty()) {
        bad_rows.add(file.shown(), file.line(begin + i), file.text(begin + i), row.error);
        continue;
      }
      repeats.see(row.identity, file.place(begin + i));
      if (s.audit)
        audit.add(row.audit);
      else
        out->write_line(row.line);
    }
  }
  bad_rows.close();
  if (bad_rows.count()) log_warning(bad_rows.summary());
  repeats.report();
  if (s.audit)
    audit.print(bad_rows.count());
  else
    out->close();
  return 0;
}

}  // namespace laconic
