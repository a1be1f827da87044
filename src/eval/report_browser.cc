// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "eval/packed_json.h"
#include "eval/report_page_script.h"
#include "eval/report_parts.h"
#include "eval/report_script.h"
#include "eval/tail_loop.h"

namespace laconic {
namespace {

constexpr size_t kChunk = 64;       // replies or problems in one element, unpacked when looked at
constexpr size_t kHeadBytes = 110;  // of a problem's text in the list

bool is_boundary(const std::string& text, size_t at) {
  return at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

// At most `bytes` of a text, its end kept: that is where answers stand.
std::string shortened(const std::string& text, size_t bytes) {
  if (text.size() <= bytes) return text;
  size_t head = bytes / 2, tail = text.size() - bytes / 2;
  while (head > 0 && !is_boundary(text, head)) --head;
  while (!is_boundary(text, tail)) ++tail;
  return cat(text.substr(0, head), "\n\n[... ", tail - head, " bytes left out ...]\n\n",
             text.substr(tail));
}

std::string head_of(const std::string& problem) {
  const std::string line = problem.substr(0, problem.find('\n'));
  return cut_text(line, kHeadBytes);
}

// JSON that cannot end its script element, nor a line of a script that a reader pastes it into.
std::string script_json(const Json& value) {
  const std::string text = value.dump();
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<') {
      out += "\\u003c";
    } else if (text.compare(i, 3, "\u2028") == 0 || text.compare(i, 3, "\u2029") == 0) {
      out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string data_element(const std::string& id, const Json& value) {
  return cat("<script type=\"application/json\" id=\"", id, "\">", script_json(value),
             "</script>\n");
}

// Rows of one kind in elements of kChunk each: PREFIX0, PREFIX1, ...
class Chunks {
 public:
  explicit Chunks(std::string prefix) : prefix_(std::move(prefix)) {}
  void add(Json row) {
    open_.push_back(std::move(row));
    if (open_.size() == kChunk) close();
  }
  std::string finish() {
    if (open_.size() > 0) close();
    return std::move(html_);
  }

 private:
  void close() {
    html_ += cat("<script type=\"text/plain\" id=\"", prefix_, num_++, "\">", packed_json(open_),
                 "</script>\n");
    open_ = Json::array();
  }
  std::string prefix_, html_;
  Json open_ = Json::array();
  size_t num_ = 0;
};

// Texts by number, each once.
class Names {
 public:
  int64_t index(const std::string& name) {
    const auto [at, is_new] = index_.try_emplace(name, static_cast<int64_t>(index_.size()));
    if (is_new) list_.push_back(name);
    return at->second;
  }
  Json list() const { return list_; }

 private:
  std::map<std::string, int64_t> index_;
  Json list_ = Json::array();
};

Json columns(std::initializer_list<const char*> names) {
  Json out = Json::object();
  for (const char* name : names) out[name] = Json::array();
  return out;
}

class BrowserData {
 public:
  BrowserData(const ReportSystems& systems, size_t max_reply_bytes)
      : systems_(systems), max_reply_bytes_(max_reply_bytes) {
    for (const ReportGroup& group : systems.groups) {
      count_first_tokens(group);
      for (const ReportSet& set : group.sets)
        for (const SampleRecord& record : set.file->records) add(record, set);
      ++group_;
    }
  }

  std::string html() {
    Json index = Json::object();
    for (const char* name : {"systems", "groups"}) index[name] = Json::array();
    for (const std::string& name : systems_.names) index["systems"].push_back(name);
    for (const ReportGroup& group : systems_.groups) index["groups"].push_back(group.benchmark);
    index["difficulties"] = difficulties_.list();
    index["reasons"] = reasons_.list();
    index["problems"] = std::move(problems_);
    index["rows"] = std::move(rows_);
    index["colours"] = kNumColours - 1;
    index["chunk"] = static_cast<int64_t>(kChunk);
    index["ends"] = Json::array();
    for (const std::string& end : thinking_ends()) index["ends"].push_back(end);
    return data_element("index", index) + problem_texts_.finish() + reply_texts_.finish();
  }

 private:
  struct Tokens {
    double sum = 0, count = 0;
  };

  // In double, where no two counts overflow.
  static int64_t saved(const Tokens& first, int64_t tokens) {
    const double mean = std::floor(first.sum / first.count);
    return static_cast<int64_t>(std::clamp(mean - static_cast<double>(tokens), -9e18, 9e18));
  }

  void count_first_tokens(const ReportGroup& group) {
    first_tokens_.clear();
    for (const SampleRecord& record : group.sets.front().file->records) {
      Tokens& tokens = first_tokens_[record.id];
      tokens.sum += static_cast<double>(record.num_tokens);
      tokens.count += 1;
    }
  }

  int64_t problem_of(const SampleRecord& record) {
    const auto [at, is_new] =
        problem_idx_.try_emplace({group_, record.id}, static_cast<int64_t>(problem_idx_.size()));
    if (!is_new) return at->second;
    problems_["id"].push_back(record.id);
    problems_["head"].push_back(head_of(record.problem));
    problems_["group"].push_back(group_);
    problems_["difficulty"].push_back(
        record.difficulty.empty() ? int64_t{-1} : difficulties_.index(record.difficulty));
    Json text = Json::array();
    text.push_back(shortened(record.problem, max_reply_bytes_));
    text.push_back(shortened(record.gold, max_reply_bytes_));
    problem_texts_.add(std::move(text));
    return at->second;
  }

  void add(const SampleRecord& record, const ReportSet& set) {
    rows_["problem"].push_back(problem_of(record));
    rows_["system"].push_back(static_cast<int64_t>(set.system));
    rows_["sample"].push_back(record.sample_idx);
    rows_["verdict"].push_back(record.right() ? 0 : record.verdict == "wrong" ? 1 : 2);
    rows_["tokens"].push_back(record.num_tokens);
    rows_["thinking"].push_back(record.num_thinking_tokens);
    const bool loops = static_cast<bool>(find_tail_loop(record.completion));
    rows_["flags"].push_back((record.truncated() ? 1 : 0) + (loops ? 2 : 0));
    rows_["reason"].push_back(reasons_.index(record.reason));
    const auto first = first_tokens_.find(record.id);
    const bool is_first = set.system == systems_.groups[static_cast<size_t>(group_)].sets[0].system;
    rows_["saved"].push_back(is_first || first == first_tokens_.end()
                                 ? Json()
                                 : Json(saved(first->second, record.num_tokens)));
    Json text = Json::array();
    text.push_back(shortened(record.completion, max_reply_bytes_));
    text.push_back(shortened(record.extracted, 200));
    reply_texts_.add(std::move(text));
  }

  const ReportSystems& systems_;
  size_t max_reply_bytes_;
  int64_t group_ = 0;
  std::map<std::string, Tokens> first_tokens_;  // of the group's first system, by problem
  std::map<std::pair<int64_t, std::string>, int64_t> problem_idx_;
  Names difficulties_, reasons_;
  Json problems_ = columns({"id", "head", "group", "difficulty"});
  Json rows_ = columns(
      {"problem", "system", "sample", "verdict", "tokens", "thinking", "flags", "reason", "saved"});
  Chunks problem_texts_{"q"}, reply_texts_{"r"};
};

}  // namespace

std::string cut_text(const std::string& text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t cut = max_bytes;
  while (cut > 0 && !is_boundary(text, cut)) --cut;
  return text.substr(0, cut) + "\u2026";
}

std::string browser_section(const ReportSystems& systems, size_t max_reply_bytes) {
  return cat(
      "<section>", heading(2, "replies", "All replies"),
      "<div id=\"chips\" class=\"chips\"></div>\n",
      "<div id=\"filters\" class=\"filters\"></div>\n<p id=\"count\" class=\"muted\">",
      "<noscript>Browsing replies needs scripts; the tables and charts do not.</noscript></p>\n",
      "<div class=\"browser\"><div id=\"list\" class=\"list\" role=\"listbox\" tabindex=\"0\" ",
      "aria-label=\"replies\"><div id=\"rows\"></div></div><div id=\"detail\"></div></div>\n",
      BrowserData(systems, max_reply_bytes).html(), "<script>", kReportPageScript, kReportScript,
      "</script></section>\n");
}

}  // namespace laconic
