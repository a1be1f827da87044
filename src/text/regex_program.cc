// SPDX-License-Identifier: Apache-2.0
#include "text/regex_program.h"

#include <utf8proc.h>

#include <algorithm>

#include "text/utf8.h"

namespace laconic {
namespace {

constexpr size_t kMaxSteps = 4096, kMaxSets = 64, kMaxRepeats = 64;

struct Unsupported {};

uint32_t category_bit(int category) { return uint32_t{1} << category; }

// The bits of a general category or a group of them.
uint32_t categories_of(std::string_view name) {
  struct Entry {
    std::string_view name;
    int category;
  };
  static constexpr Entry kEntries[] = {
      {"Lu", UTF8PROC_CATEGORY_LU}, {"Ll", UTF8PROC_CATEGORY_LL}, {"Lt", UTF8PROC_CATEGORY_LT},
      {"Lm", UTF8PROC_CATEGORY_LM}, {"Lo", UTF8PROC_CATEGORY_LO}, {"Mn", UTF8PROC_CATEGORY_MN},
      {"Mc", UTF8PROC_CATEGORY_MC}, {"Me", UTF8PROC_CATEGORY_ME}, {"Nd", UTF8PROC_CATEGORY_ND},
      {"Nl", UTF8PROC_CATEGORY_NL}, {"No", UTF8PROC_CATEGORY_NO}, {"Pc", UTF8PROC_CATEGORY_PC},
      {"Pd", UTF8PROC_CATEGORY_PD}, {"Ps", UTF8PROC_CATEGORY_PS}, {"Pe", UTF8PROC_CATEGORY_PE},
      {"Pi", UTF8PROC_CATEGORY_PI}, {"Pf", UTF8PROC_CATEGORY_PF}, {"Po", UTF8PROC_CATEGORY_PO},
      {"Sm", UTF8PROC_CATEGORY_SM}, {"Sc", UTF8PROC_CATEGORY_SC}, {"Sk", UTF8PROC_CATEGORY_SK},
      {"So", UTF8PROC_CATEGORY_SO}, {"Zs", UTF8PROC_CATEGORY_ZS}, {"Zl", UTF8PROC_CATEGORY_ZL},
      {"Zp", UTF8PROC_CATEGORY_ZP}};
  uint32_t bits = 0;
  if (!name.empty() && name.size() <= 2)
    for (const Entry& entry : kEntries)
      if (entry.name.starts_with(name)) bits |= category_bit(entry.category);
  if (bits == 0) throw Unsupported();
  return bits;
}

// A part of the pattern, still without its place in the program.
struct Node {
  enum class Kind { kEmpty, kSet, kAhead, kNotAhead, kSequence, kChoice, kRepeat } kind;
  size_t set = 0;
  std::vector<Node> parts{};
  size_t low = 0, high = 0;  // kRepeat; high 0: no limit

  bool can_be_empty() const {
    const auto is_empty = [](const Node& part) { return part.can_be_empty(); };
    switch (kind) {
      case Kind::kSet:
        return false;
      case Kind::kSequence:
        return std::all_of(parts.begin(), parts.end(), is_empty);
      case Kind::kChoice:
        return std::any_of(parts.begin(), parts.end(), is_empty);
      case Kind::kRepeat:
        return low == 0;
      default:
        return true;
    }
  }
};

class Parser {
 public:
  Parser(std::string_view pattern, std::vector<CharacterSet>& sets) : in_(pattern), sets_(sets) {}

  Node run() {
    Node node = choice(false);
    if (pos_ != in_.size()) throw Unsupported();
    return node;
  }

 private:
  bool at(std::string_view text) const { return in_.substr(pos_).starts_with(text); }
  bool take(std::string_view text) {
    if (!at(text)) return false;
    pos_ += text.size();
    return true;
  }
  char32_t next() {
    if (pos_ >= in_.size()) throw Unsupported();
    return next_code_point(in_, pos_);
  }

  Node choice(bool ignore_case) {
    Node node{Node::Kind::kChoice};
    do node.parts.push_back(sequence(ignore_case));
    while (take("|"));
    return node;
  }

  Node sequence(bool ignore_case) {
    Node node{Node::Kind::kSequence};
    while (pos_ < in_.size() && !at("|") && !at(")")) node.parts.push_back(item(ignore_case));
    return node;
  }

  Node item(bool ignore_case) {
    Node node = atom(ignore_case);
    size_t low = 0, high = 0;
    if (!quantifier(low, high)) return node;
    if (at("+") || at("?") || at("*") || at("{") || node.can_be_empty()) throw Unsupported();
    Node repeat{Node::Kind::kRepeat};
    repeat.low = low;
    repeat.high = high;
    repeat.parts.push_back(std::move(node));
    return repeat;
  }

  bool quantifier(size_t& low, size_t& high) {
    if (take("?")) return high = 1, true;
    if (take("*")) return true;
    if (take("+")) return low = 1, true;
    if (!take("{")) return false;
    low = number();
    high = low;
    if (take(",")) high = at("}") ? 0 : number();
    if (!take("}") || low > kMaxRepeats || high > kMaxRepeats || (high != 0 && high < low))
      throw Unsupported();
    if (high == 0 && low == 0 && in_[pos_ - 2] != ',') throw Unsupported();
    return true;
  }

  size_t number() {
    size_t value = 0;
    const size_t begin = pos_;
    while (pos_ < in_.size() && in_[pos_] >= '0' && in_[pos_] <= '9' && value <= kMaxRepeats)
      value = 10 * value + static_cast<size_t>(in_[pos_++] - '0');
    if (pos_ == begin) throw Unsupported();
    return value;
  }

  Node atom(bool ignore_case) {
    if (take("(?!")) return ahead(Node::Kind::kNotAhead, ignore_case);
    if (take("(?=")) return ahead(Node::Kind::kAhead, ignore_case);
    if (take("(?:")) return group(ignore_case);
    if (take("(?i:")) return group(true);
    if (at("(?") || at("(*")) throw Unsupported();
    if (take("(")) return group(ignore_case);
    return {Node::Kind::kSet, add(set(ignore_case)), {}, 0, 0};
  }

  Node group(bool ignore_case) {
    Node node = choice(ignore_case);
    if (!take(")")) throw Unsupported();
    return node;
  }

  Node ahead(Node::Kind kind, bool ignore_case) {
    const Node node{kind, add(set(ignore_case)), {}, 0, 0};
    if (!take(")")) throw Unsupported();
    return node;
  }

  size_t add(CharacterSet set) {
    const auto found = std::find(sets_.begin(), sets_.end(), set);
    if (found != sets_.end()) return static_cast<size_t>(found - sets_.begin());
    if (sets_.size() == kMaxSets) throw Unsupported();
    sets_.push_back(std::move(set));
    return sets_.size() - 1;
  }

  CharacterSet set(bool ignore_case) {
    CharacterSet set;
    if (take("[")) {
      if (ignore_case) throw Unsupported();
      set.negated = take("^");
      do class_member(set);
      while (!take("]"));
      return set;
    }
    constexpr std::string_view kSpecial = ".^$*+?{}()|]#";
    if (pos_ < in_.size() && kSpecial.find(in_[pos_]) != kSpecial.npos) throw Unsupported();
    if (!at("\\")) {
      add_letter(set, next(), ignore_case);
    } else if (const auto c = escape(set)) {
      add_letter(set, *c, ignore_case);
    } else if (ignore_case && set.categories != 0) {
      throw Unsupported();
    }
    return set;
  }

  // With the characters that fold to an ASCII letter.
  static void add_letter(CharacterSet& set, char32_t c, bool ignore_case) {
    set.ranges.emplace_back(c, c);
    if (!ignore_case) return;
    if (c >= 0x80) throw Unsupported();
    const char32_t low = c | 0x20;
    if (low < 'a' || low > 'z') return;
    set.ranges.emplace_back(c ^ 0x20, c ^ 0x20);
    if (low == 's') set.ranges.emplace_back(0x17F, 0x17F);
    if (low == 'k') set.ranges.emplace_back(0x212A, 0x212A);
  }

  void class_member(CharacterSet& set) {
    if (at("[")) throw Unsupported();
    std::optional<char32_t> first;
    if (at("\\"))
      first = escape(set);
    else
      first = next();
    const bool is_range = at("-") && in_.substr(pos_ + 1, 1) != "]";
    if (!first) {
      if (is_range) throw Unsupported();
      return;
    }
    char32_t last = *first;
    if (is_range) {
      ++pos_;
      CharacterSet none;
      const auto end = at("\\") ? escape(none) : std::optional(next());
      if (!end || *end < *first) throw Unsupported();
      last = *end;
    }
    set.ranges.emplace_back(*first, last);
  }

  // A character, or none and the set has grown by a property.
  std::optional<char32_t> escape(CharacterSet& set) {
    take("\\");
    const char32_t c = next();
    switch (c) {
      case 'n':
        return U'\n';
      case 'r':
        return U'\r';
      case 't':
        return U'\t';
      case 'f':
        return U'\f';
      case 'x':
        return code_point();
      case 'd':
        set.categories |= categories_of("Nd");
        return std::nullopt;
      case 'p':
      case 'P':
        property(set, c == 'P');
        return std::nullopt;
      default:
        break;
    }
    const bool is_word = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (c >= 0x80 || is_word || (c >= '0' && c <= '9')) throw Unsupported();
    return c;
  }

  char32_t code_point() {
    const bool braces = take("{");
    char32_t value = 0;
    for (size_t digits = 0; braces ? !take("}") : digits < 2; ++digits) {
      const char32_t c = next(), low = c | 0x20;
      const bool decimal = c >= '0' && c <= '9';
      if (!decimal && (low < 'a' || low > 'f')) throw Unsupported();
      value = 16 * value + (decimal ? c - '0' : low - 'a' + 10);
      if (value > 0x10FFFF) throw Unsupported();
    }
    return value;
  }

  void property(CharacterSet& set, bool negated) {
    const size_t end = in_.find('}', pos_);
    if (!take("{") || end == in_.npos) throw Unsupported();
    std::string_view name = in_.substr(pos_, end - pos_);
    pos_ = end + 1;
    if (name.starts_with("^")) negated = !negated, name.remove_prefix(1);
    if (name == "White_Space")
      (negated ? set.no_white_space : set.white_space) = true;
    else
      set.categories |= negated ? ~categories_of(name) : categories_of(name);
  }

  std::string_view in_;
  std::vector<CharacterSet>& sets_;
  size_t pos_ = 0;
};

// Writes the steps from the end: each part is given what follows it.
class Writer {
 public:
  explicit Writer(RegexProgram& program) : program_(program) {}

  size_t write(const Node& node, size_t next) {
    using Kind = RegexProgram::Kind;
    switch (node.kind) {
      case Node::Kind::kSet:
        return put({Kind::kSet, node.set, next, 0});
      case Node::Kind::kAhead:
        return put({Kind::kAhead, node.set, next, 0});
      case Node::Kind::kNotAhead:
        return put({Kind::kNotAhead, node.set, next, 0});
      case Node::Kind::kSequence:
        for (size_t i = node.parts.size(); i > 0; --i) next = write(node.parts[i - 1], next);
        return next;
      case Node::Kind::kChoice:
        return write_choice(node, next);
      case Node::Kind::kRepeat:
        return write_repeat(node, next);
      default:
        return next;
    }
  }

  size_t put(RegexProgram::Step step) {
    if (program_.steps.size() == kMaxSteps) throw Unsupported();
    program_.steps.push_back(step);
    return program_.steps.size() - 1;
  }

 private:
  size_t write_choice(const Node& node, size_t next) {
    size_t start = write(node.parts.back(), next);
    for (size_t i = node.parts.size() - 1; i > 0; --i)
      start = put({RegexProgram::Kind::kSplit, 0, write(node.parts[i - 1], next), start});
    return start;
  }

  size_t write_repeat(const Node& node, size_t next) {
    const Node& part = node.parts.front();
    size_t start = next;
    if (node.high == 0) {
      start = put({RegexProgram::Kind::kSplit, 0, 0, next});
      program_.steps[start].next = write(part, start);
    }
    for (size_t i = node.low; i < node.high; ++i)
      start = put({RegexProgram::Kind::kSplit, 0, write(part, start), next});
    for (size_t i = 0; i < node.low; ++i) start = write(part, start);
    return start;
  }

  RegexProgram& program_;
};

}  // namespace

bool CharacterSet::contains(char32_t c, int category, bool is_white_space) const {
  bool inside = (categories >> category & 1) != 0 || (white_space && is_white_space) ||
                (no_white_space && !is_white_space);
  for (const auto& [first, last] : ranges) inside = inside || (c >= first && c <= last);
  return inside != negated;
}

std::optional<RegexProgram> RegexProgram::parse(std::string_view pattern) {
  try {
    RegexProgram program;
    const Node node = Parser(pattern, program.sets).run();
    if (node.can_be_empty()) return std::nullopt;
    Writer writer(program);
    program.start = writer.write(node, writer.put({Kind::kMatch, 0, 0, 0}));
    return program;
  } catch (const Unsupported&) {
    return std::nullopt;
  }
}

}  // namespace laconic
