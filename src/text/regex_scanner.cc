// SPDX-License-Identifier: Apache-2.0
#include "text/regex_scanner.h"

#include <utf8proc.h>

#include <map>
#include <string>

#include "text/unicode_age.h"
#include "text/utf8.h"

namespace laconic {
namespace {

constexpr char32_t kNumCodePoints = 0x110000;
constexpr size_t kMaxStates = 2000, kMaxClasses = 200;

// The general category of every code point, made once.
const std::vector<uint8_t>& category_table() {
  static const std::vector<uint8_t> table = [] {
    std::vector<uint8_t> categories(kNumCodePoints);
    for (char32_t c = 0; c < kNumCodePoints; ++c)
      categories[c] =
          static_cast<uint8_t>(utf8proc_category(static_cast<utf8proc_int32_t>(stand_in(c))));
    return categories;
  }();
  return table;
}

}  // namespace

class ScannerBuilder {
 public:
  explicit ScannerBuilder(const RegexProgram& program) : program_(program) {}

  std::optional<RegexScanner> run() {
    if (!find_classes()) return std::nullopt;
    scanner_.num_classes_ = members_.size() + 1;
    scanner_.start_ = state_of({program_.start});
    for (size_t state = 0; state < states_.size(); ++state) {
      for (size_t c = 0; c < scanner_.num_classes_; ++c)
        scanner_.table_.push_back(transition(state, c));
      if (states_.size() > kMaxStates) return std::nullopt;
    }
    return std::move(scanner_);
  }

 private:
  using Threads = std::vector<size_t>;  // steps of the program in order of preference

  // Which sets hold the character: what tells classes apart.
  uint64_t signature(char32_t c, int category) const {
    uint64_t bits = 0;
    const bool blank = is_white_space(c);
    for (size_t i = 0; i < program_.sets.size(); ++i)
      bits |= uint64_t{program_.sets[i].contains(c, category, blank)} << i;
    return bits;
  }

  // Characters outside all ranges are told apart by their category alone.
  bool find_classes() {
    const std::vector<uint8_t>& categories = category_table();
    std::vector<bool> needs_look(kNumCodePoints);
    for (const CharacterSet& set : program_.sets)
      for (const auto& [first, last] : set.ranges)
        for (char32_t c = first; c <= last; ++c) needs_look[c] = true;
    std::array<int, 32> by_category;
    by_category.fill(-1);
    std::map<std::string, uint16_t> known_pages;
    std::string page(256, '\0');
    for (char32_t c = 0; c < kNumCodePoints; ++c) {
      int& shared = by_category[categories[c]];
      const bool looks = needs_look[c] || is_white_space(c);
      if (looks || shared < 0) {
        const int own = class_for(signature(c, categories[c]));
        if (!looks) shared = own;
        page[c & 0xFF] = static_cast<char>(own);
      } else {
        page[c & 0xFF] = static_cast<char>(shared);
      }
      if (members_.size() > kMaxClasses) return false;
      if (c < 128) scanner_.ascii_[c] = static_cast<uint8_t>(page[c]);
      if ((c & 0xFF) == 0xFF) put_page(known_pages, page);
    }
    return true;
  }

  int class_for(uint64_t bits) {
    const auto [it, is_new] = class_ids_.try_emplace(bits, static_cast<int>(members_.size()));
    if (is_new) members_.push_back(bits);
    return it->second;
  }

  void put_page(std::map<std::string, uint16_t>& known, const std::string& page) {
    const auto [it, is_new] = known.try_emplace(page, static_cast<uint16_t>(known.size()));
    if (is_new) scanner_.pages_.insert(scanner_.pages_.end(), page.begin(), page.end());
    scanner_.page_of_.push_back(it->second);
  }

  uint16_t state_of(const Threads& threads) {
    if (states_.empty()) states_.emplace_back();  // kDead: no threads
    if (threads.empty()) return RegexScanner::kDead;
    const auto [it, is_new] =
        state_ids_.try_emplace(threads, static_cast<uint16_t>(states_.size()));
    if (is_new) states_.push_back(threads);
    return it->second;
  }

  uint16_t transition(size_t state, size_t next_class) {
    const Threads threads = states_[state];
    Threads after;
    std::vector<bool> seen(program_.steps.size()), queued(program_.steps.size());
    bool matched = false;
    for (const size_t thread : threads) {
      matched = follow(thread, next_class, {seen, queued, after});
      if (matched) break;  // what comes later in the order cannot win any more
    }
    return static_cast<uint16_t>(state_of(after) | (matched ? RegexScanner::kMatchBit : 0));
  }

  struct Walk {
    std::vector<bool>& seen;
    std::vector<bool>& queued;
    Threads& after;
  };
  // Runs a thread until it takes the next character or dies; true if it matches instead.
  bool follow(size_t step_index, size_t next_class, Walk walk) const {
    if (walk.seen[step_index]) return false;
    walk.seen[step_index] = true;
    const RegexProgram::Step& step = program_.steps[step_index];
    const bool inside = next_class < members_.size() && (members_[next_class] >> step.set & 1) != 0;
    switch (step.kind) {
      case RegexProgram::Kind::kMatch:
        return true;
      case RegexProgram::Kind::kSplit:
        return follow(step.next, next_class, walk) || follow(step.alternative, next_class, walk);
      case RegexProgram::Kind::kAhead:
        return inside && follow(step.next, next_class, walk);
      case RegexProgram::Kind::kNotAhead:
        return !inside && follow(step.next, next_class, walk);
      case RegexProgram::Kind::kSet:
        if (inside && !walk.queued[step.next]) {
          walk.queued[step.next] = true;
          walk.after.push_back(step.next);
        }
        return false;
    }
    return false;
  }

  const RegexProgram& program_;
  RegexScanner scanner_;
  std::vector<uint64_t> members_;  // by class: the sets that hold it
  std::map<uint64_t, int> class_ids_;
  std::vector<Threads> states_;
  std::map<Threads, uint16_t> state_ids_;
};

std::optional<RegexScanner> RegexScanner::compile(std::string_view pattern) {
  const auto program = RegexProgram::parse(pattern);
  return program ? ScannerBuilder(*program).run() : std::nullopt;
}

// Where the match at `begin` ends; `begin` if there is none.
size_t RegexScanner::match_end(std::string_view text, size_t begin, Work& work) const {
  size_t end = begin;
  size_t state = start_;
  for (size_t pos = begin;;) {
    const size_t here = pos;
    size_t next_class = num_classes_ - 1;
    if (pos < text.size()) {
      const auto byte = static_cast<uint8_t>(text[pos]);
      next_class = byte < 0x80 ? ascii_[byte] : class_of(next_code_point(text, pos));
      pos += byte < 0x80;
    }
    const uint16_t entry = table_[state * num_classes_ + next_class];
    if ((entry & kMatchBit) != 0) end = here;
    state = entry & (kMatchBit - 1);
    if (state == kDead) {
      work.looked_at += pos - begin;
      return end;
    }
  }
}

std::optional<TextRange> RegexScanner::find(std::string_view text, size_t from, Work& work) const {
  while (from < text.size() && work.looked_at <= work.limit) {
    const size_t end = match_end(text, from, work);
    if (end > from) return TextRange{from, end};
    next_code_point(text, from);
  }
  return std::nullopt;
}

}  // namespace laconic
