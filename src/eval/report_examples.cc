// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "eval/report_parts.h"

namespace laconic {
namespace {

constexpr size_t kMaxReplyBytes = 12000;

// Not only what went well: right before and wrong after comes second, the least saving third; the
// rest are evenly spaced over the order by saving.
std::vector<ReplyPair> choose_examples(const std::vector<ReplyPair>& all, int64_t count) {
  std::vector<ReplyPair> out;
  const auto add = [&](const ReplyPair& one) {
    const auto same = [&](const ReplyPair& other) { return other.before == one.before; };
    if (static_cast<int64_t>(out.size()) < count && std::none_of(out.begin(), out.end(), same))
      out.push_back(one);
  };
  const auto add_first = [&](bool before_right, bool after_right) {
    for (const ReplyPair& one : all) {
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

size_t boundary_before(const std::string& text, size_t cut) {
  while (cut > 0 && cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
    --cut;
  return cut;
}

int64_t utf16_length(std::string_view text) {
  int64_t length = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    length += (byte & 0xC0) != 0x80 ? (byte >= 0xF0 ? 2 : 1) : 0;
  }
  return length;
}

// At most kMaxReplyBytes, thinking and answer apart, with what is left out said. The attribute is
// for the script, which counts as JavaScript does.
std::string reply_text(const SampleRecord& record) {
  const std::string& text = record.completion;
  const size_t cut =
      text.size() <= kMaxReplyBytes ? text.size() : boundary_before(text, kMaxReplyBytes);
  const size_t end = boundary_before(text, std::min(thinking_end(record), cut));
  const std::string_view view = text;
  std::string out =
      cat("<pre tabindex=\"0\" data-think=\"", utf16_length(view.substr(0, end)), "\">");
  if (end > 0) out += "<span class=\"think\">" + escape_html(view.substr(0, end)) + "</span>";
  out += "<span class=\"answer\">" + escape_html(view.substr(end, cut - end));
  if (cut < text.size()) out += cat("\n[", text.size() - cut, " more bytes]");
  return out + "</span></pre>";
}

std::string reply_html(const std::string& name, const SampleRecord& record) {
  return cat("<div class=\"reply\"><p><b>", escape_html(name), "</b> <span class=\"tag ",
             escape_html(slug(record.verdict)), "\">", escape_html(record.verdict),
             "</span> <span class=\"muted\">", record.num_tokens, " tokens",
             record.truncated() ? ", truncated" : "", "</span></p>", reply_text(record), "</div>");
}

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.size() <= 110) return line;
  size_t cut = line.rfind(' ', 107);
  if (cut == std::string::npos || cut < 40) cut = boundary_before(line, 107);
  return line.substr(0, cut) + " \u2026";
}

std::string facts_of(const ReplyPair& pair) {
  const SampleRecord& shown = *pair.before;
  return cat(shown.difficulty.empty() ? "" : cat("difficulty ", shown.difficulty, ", "),
             pair.before->num_tokens, " \u2192 ", pair.after->num_tokens, " tokens");
}

}  // namespace

// In double, where no two counts overflow.
int64_t ReplyPair::saved() const {
  const double saved =
      static_cast<double>(before->num_tokens) - static_cast<double>(after->num_tokens);
  return static_cast<int64_t>(std::clamp(saved, -9e18, 9e18));
}

const std::vector<std::string>& thinking_ends() {
  static const std::vector<std::string> ends = {"</think>", "</thinking>", "</seed:think>",
                                                "[/THINK]", "<|end_of_thought|>"};
  return ends;
}

size_t thinking_end(const SampleRecord& record) {
  for (const std::string& end : thinking_ends())
    if (const size_t at = record.completion.find(end); at != std::string::npos)
      return at + end.size();
  return record.num_thinking_tokens > 0 ? record.completion.size() : 0;
}

std::vector<ReplyPair> reply_pairs(const SampleFile& before, const SampleFile& after) {
  std::map<std::string_view, ReplyPair> by_id;
  for (const SampleRecord& record : before.records)
    if (record.sample_idx == 0) by_id[record.id].before = &record;
  for (const SampleRecord& record : after.records)
    if (record.sample_idx == 0) by_id[record.id].after = &record;
  std::vector<ReplyPair> out;
  for (const auto& [id, pair] : by_id)
    if (pair.before && pair.after) out.push_back(pair);
  std::stable_sort(out.begin(), out.end(),
                   [](const ReplyPair& a, const ReplyPair& b) { return a.saved() > b.saved(); });
  return out;
}

ReplyPair typical_pair(const std::vector<ReplyPair>& pairs, double ratio) {
  ReplyPair best;
  double nearest = 0;
  bool best_right = false;
  for (const ReplyPair& pair : pairs) {
    const bool right = pair.before->right() && pair.after->right();
    const double saving = std::log(std::max(1.0, static_cast<double>(pair.after->num_tokens)) /
                                   std::max(1.0, static_cast<double>(pair.before->num_tokens)));
    const double distance = std::abs(saving - std::log(std::max(ratio, 1e-9)));
    if (best.before && (right < best_right || (right == best_right && !(distance < nearest))))
      continue;
    best = pair;
    nearest = distance;
    best_right = right;
  }
  return best;
}

std::string pair_html(const ReplyPair& pair, const PairNames& names) {
  const SampleRecord& shown = *pair.before;
  std::string out;
  if (!shown.problem.empty())
    out += "<p class=\"problem\">" + escape_html(cut_text(shown.problem, kMaxReplyBytes)) + "</p>";
  out += "<p class=\"key\">";
  if (!shown.gold.empty()) out += "gold answer " + escape_html(cut_text(shown.gold, 400)) + "; ";
  out += escape_html(facts_of(pair)) +
         "; <span class=\"think\">thinking</span>, <span class=\"answer\">answer</span></p>";
  return out + "<div class=\"pair\">" + reply_html(names.before, *pair.before) +
         reply_html(names.after, *pair.after) + "</div>";
}

std::string paired_examples(const std::vector<ReplyPair>& pairs, const PairNames& names,
                            int64_t count) {
  std::string out;
  for (const ReplyPair& one : choose_examples(pairs, count)) {
    const SampleRecord& shown = *one.before;
    out += cat("<details><summary>",
               escape_html(first_line(shown.problem.empty() ? shown.id : shown.problem)),
               "<span class=\"muted\"> ", escape_html(facts_of(one)), "</span></summary>",
               pair_html(one, names), "</details>\n");
  }
  return out;
}

}  // namespace laconic
