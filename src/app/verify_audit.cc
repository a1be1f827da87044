// SPDX-License-Identifier: Apache-2.0
#include "app/verify_audit.h"

#include <cstdio>

#include "base/error.h"
#include "base/printable.h"

namespace laconic {
namespace {

std::string share(int64_t part, int64_t whole) {
  char text[32] = "-";
  if (whole > 0)
    std::snprintf(text, sizeof text, "%.2f %%",
                  100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

// One line of at most so many bytes, cut at a character.
std::string shortened(const std::string& text) {
  constexpr size_t kMaxShown = 120;
  std::string out;
  for (const char c : text) {
    const bool starts_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (out.size() >= kMaxShown && starts_character) return out + "...";
    out += c == '\n' || c == '\t' ? ' ' : c;
  }
  return out;
}

}  // namespace

void Audit::add(const AuditRow& row) {
  const Judgement& got = row.judgement;
  ++by_reason_[got.reason][row.label][static_cast<size_t>(got.verdict)];
  if ((got.verdict == Verdict::kRight) == row.label) return;
  auto& [count, examples] = kinds_[{row.label, got.reason}];
  ++count;
  if (static_cast<int64_t>(examples.size()) < examples_per_kind_)
    examples.push_back(cat(row.place, ": gold ", shortened(row.gold), " | answer ",
                           got.extracted.empty() ? "-" : shortened(got.extracted)));
}

void Audit::print(int64_t bad_rows) const {
  Counts all{};
  std::printf("%-22s %8s %8s %8s %9s %10s\n", "reason", "rows", "agree", "false", "false",
              "undecided");
  std::printf("%-22s %8s %8s %8s %9s %10s\n", "", "", "", "right", "wrong", "");
  const auto line = [](const char* name, const Counts& c) {
    int64_t rows = 0;
    for (const auto& row : c) rows += row[0] + row[1] + row[2];
    std::printf("%-22s %8lld %8lld %8lld %9lld %10lld\n", name, static_cast<long long>(rows),
                static_cast<long long>(c[1][0] + c[0][1]), static_cast<long long>(c[0][0]),
                static_cast<long long>(c[1][1]), static_cast<long long>(c[0][2] + c[1][2]));
  };
  for (const auto& [reason, counts] : by_reason_) {
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
  std::printf("agreement with labels, undecided as not right %s; bad rows %lld\n",
              share(agree + all[0][2], decided + undecided).c_str(),
              static_cast<long long>(bad_rows));
  if (!kinds_.empty()) std::printf("\ndisagreements by kind\n");
  for (const auto& [kind, found] : kinds_) {
    const auto& [count, examples] = found;
    std::printf("%6lld  label %s, %s\n", static_cast<long long>(count),
                kind.first ? "true" : "false", kind.second.c_str());
    for (const std::string& example : examples)
      print_text("          " + printable(example) + "\n");
  }
}

}  // namespace laconic
