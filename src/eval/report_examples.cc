// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "base/error.h"
#include "eval/report_parts.h"

namespace laconic {
namespace {

constexpr size_t kMaxReplyBytes = 12000;

struct Example {
  const SampleRecord* before = nullptr;
  const SampleRecord* after = nullptr;
  int64_t saved() const { return before->num_tokens - after->num_tokens; }
};

// Sample 0 of every problem that both sets have, the largest saving first.
std::vector<Example> all_examples(const RunData::Pair& pair) {
  std::map<std::string, Example> by_id;
  for (const SampleRecord& record : pair.before->records) {
    if (record.sample_idx == 0) by_id[record.id].before = &record;
  }
  for (const SampleRecord& record : pair.after->records) {
    if (record.sample_idx == 0) by_id[record.id].after = &record;
  }
  std::vector<Example> out;
  for (const auto& [id, example] : by_id) {
    if (example.before && example.after) out.push_back(example);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Example& a, const Example& b) { return a.saved() > b.saved(); });
  return out;
}

// Not only what went well: right before and wrong after comes second, the least saving third; the
// rest are evenly spaced over the order by saving.
std::vector<Example> choose_examples(const std::vector<Example>& all, int64_t count) {
  std::vector<Example> out;
  const auto add = [&](const Example& one) {
    const auto same = [&](const Example& other) { return other.before == one.before; };
    if (static_cast<int64_t>(out.size()) < count && std::none_of(out.begin(), out.end(), same))
      out.push_back(one);
  };
  const auto add_first = [&](bool before_right, bool after_right) {
    for (const Example& one : all) {
      if (one.before->right() != before_right || one.after->right() != after_right) continue;
      add(one);
      return;
    }
  };
  add_first(true, true);
  add_first(true, false);
  add_first(false, true);
  if (!all.empty()) add(all.back());
  for (int64_t i = 1; i <= count && !all.empty(); ++i)
    add(all[static_cast<size_t>(i) * (all.size() - 1) / static_cast<size_t>(count + 1)]);
  return out;
}

// At most kMaxReplyBytes, cut between characters, with what is left out said.
std::string reply_text(const std::string& text) {
  if (text.size() <= kMaxReplyBytes) return escape_html(text);
  size_t cut = kMaxReplyBytes;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return escape_html(text.substr(0, cut)) + cat("\n[", text.size() - cut, " more bytes]");
}

std::string reply_html(const char* name, const SampleRecord& record) {
  return cat("<div class=\"reply\"><p><b>", name, "</b> <span class=\"tag ",
             escape_html(record.verdict), "\">", escape_html(record.verdict), "</span> ",
             record.num_tokens, " tokens", record.truncated() ? ", truncated" : "",
             "</p><pre tabindex=\"0\">", reply_text(record.completion), "</pre></div>");
}

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.size() <= 110) return line;
  size_t cut = line.rfind(' ', 107);
  if (cut == std::string::npos || cut < 40) {
    cut = 107;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;
  }
  return line.substr(0, cut) + " \u2026";
}

}  // namespace

std::string paired_examples(const RunData::Pair& pair, int64_t count) {
  std::string out;
  for (const Example& one : choose_examples(all_examples(pair), count)) {
    const SampleRecord& shown = *one.before;
    const std::string difficulty =
        shown.difficulty.empty() ? "" : cat("difficulty ", shown.difficulty, ", ");
    out += cat("<details", out.empty() ? " open" : "", "><summary>",
               escape_html(first_line(shown.problem.empty() ? shown.id : shown.problem)),
               "<span class=\"muted\"> ", escape_html(difficulty), one.before->num_tokens,
               " \u2192 ", one.after->num_tokens, " tokens</span></summary>");
    if (!shown.problem.empty())
      out += "<p class=\"problem\">" + escape_html(shown.problem) + "</p>";
    if (!shown.gold.empty())
      out += "<p class=\"muted\">Gold answer: " + escape_html(shown.gold) + "</p>";
    out += "<div class=\"pair\">" + reply_html("before", *one.before) +
           reply_html("after", *one.after) + "</div></details>\n";
  }
  return out;
}

}  // namespace laconic
