// SPDX-License-Identifier: Apache-2.0
#include "eval/math_compare.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "eval/math_lists.h"
#include "eval/math_names.h"
#include "eval/math_parts.h"
#include "eval/math_rewrite.h"
#include "eval/math_scalar.h"

namespace laconic {
namespace {

constexpr Outcome right(const char* reason) { return {Verdict::kRight, reason}; }
constexpr Outcome wrong(const char* reason) { return {Verdict::kWrong, reason}; }
constexpr Outcome undecided(const char* reason) { return {Verdict::kUndecided, reason}; }

constexpr int kMaxNesting = 12;

bool is_relation(const Node& node) { return node.op == Op::kRelation || node.op == Op::kChain; }

bool is_scalar(const Node& node) {
  switch (node.op) {
    case Op::kSequence:
    case Op::kBracket:
    case Op::kSet:
    case Op::kUnion:
    case Op::kIntersection:
    case Op::kDifference:
    case Op::kMatrix:
    case Op::kRelation:
    case Op::kChain:
    case Op::kRatio:
    case Op::kBased:
    case Op::kText:
      return false;
    default:
      return true;
  }
}

// An interval, a union, an inequality: what only makes sense as a set of reals.
bool describes_reals(const Node& node) {
  if (node.op == Op::kBracket) return node.args.size() == 2;
  if (node.op == Op::kSymbol) return node.text == "\\mathbbR";
  if (node.op == Op::kChain ||
      (node.op == Op::kRelation && node.text != "=" && node.text[0] != '~'))
    return true;
  return node.op == Op::kUnion || node.op == Op::kIntersection || node.op == Op::kDifference;
}

class Comparer {
 public:
  explicit Comparer(Arena& arena) : arena_(arena) {}

  Outcome compare(const Node& gold, const Node& answer, int nesting = 0) {
    if (nesting > kMaxNesting || arena_.is_full() || ++comparisons_ > kMaxComparisons)
      return undecided("too-much-work");
    const Node& gold_bare = without_condition(gold, answer);
    const Node& answer_bare = without_condition(answer, gold);
    const Stated a = stated(gold_bare, answer_bare);
    const Stated b = stated(answer_bare, gold_bare);
    const Node* left = left_call(gold);
    const Node* other_left = left_call(answer);
    if (left && other_left) {
      const size_t work = work_of(*left) + work_of(*other_left);
      if (work > budget_.exact) return undecided("too-much-work");
      budget_.exact -= work;
    }
    const NameMatch calls = left && other_left ? match_names(*left, *other_left) : NameMatch::kSame;
    if (calls == NameMatch::kDifferent || (calls == NameMatch::kUnknown && labels_agree_))
      return wrong("different-name");
    // Two equations are one another's multiples, or state the same thing under the same name.
    if (is_relation(gold) && is_relation(answer)) {
      const Outcome as_equations = compare_equations(gold, answer);
      if (as_equations.verdict == Verdict::kRight) return as_equations;
      if (calls == NameMatch::kUnknown) return undecided("names-differ");
      if (left && other_left) {
        // f(x) = x^2 and f(t) = t^2 are one function.
        const Node* value = with_names_of(*left, *other_left, *answer.args[1], arena_);
        return compare_stated(*gold.args[1], *value, nesting);
      }
      if (a.name && b.name) {
        const NameMatch names = match_names(*a.name, *b.name);
        if (names == NameMatch::kDifferent) return wrong("different-name");
        const Outcome values = compare_stated(*a.value, *b.value, nesting);
        if (names == NameMatch::kSame) return values;
        return values.verdict == Verdict::kRight ? undecided("names-differ") : as_equations;
      }
      if (describes_reals(gold) && describes_reals(answer)) {
        const Outcome sets = compare_real_sets(gold, answer, arena_, budget_);
        if (sets.verdict != Verdict::kUndecided) return sets;
      }
      if (a.value == &gold || b.value == &answer) return as_equations;
    }
    return compare_stated(*a.value, *b.value, nesting);
  }

 private:
  static constexpr size_t kMaxComparisons = 2000;

  // "34/100 = 17/50" states its right side, where the two are equal indeed; "m - n = 4" states 4
  // beside a number.
  Stated stated(const Node& node, const Node& other) {
    const Stated out = stated_value(node);
    if (out.value == &node && node.op == Op::kRelation && node.text == "=" &&
        is_sum_of_names(*node.args[0]) && rational_value(*node.args[1]) && rational_value(other))
      return {node.args[1], node.args[0]};
    if (out.value != &node || node.op != Op::kRelation || node.text != "=") return out;
    if (!is_scalar(*node.args[0]) || !is_scalar(*node.args[1])) return out;
    const Outcome sides = compare_scalars(*node.args[0], *node.args[1], budget_);
    return sides.verdict == Verdict::kRight ? Stated{node.args[1], nullptr} : out;
  }

  // "e^{-t}, t > 0" without its condition, where the other side has none.
  static const Node& without_condition(const Node& node, const Node& other) {
    const auto is_order = [](const Node& n) {
      if (n.op != Op::kRelation) return false;
      const bool whole =
          n.text == "in" && n.args[1]->op == Op::kSymbol && n.args[1]->text.starts_with("\\mathbb");
      return n.text[0] == '<' || n.text[0] == '>' || n.text == "!=" || whole;
    };
    const bool has_one = node.op == Op::kSequence && node.args.size() == 2 &&
                         is_order(*node.args[1]) && !is_order(*node.args[0]);
    const bool other_too = other.op == Op::kSequence && other.args.size() == 2 &&
                           is_order(*other.args[1]) && !is_order(*other.args[0]);
    const auto is_whole = [&](const Node& n) { return n.args[1]->text == "in"; };
    if (has_one && other_too && is_whole(node) && is_whole(other)) return *node.args[0];
    return has_one && other.op != Op::kSequence ? *node.args[0] : node;
  }

  // Without "x =" on either side.
  Outcome compare_stated(const Node& gold, const Node& answer, int nesting) {
    const Node* a = &gold;
    const Node* b = &answer;
    if (const Node* value = matrix_value(*a, arena_)) a = value;
    if (const Node* value = matrix_value(*b, arena_)) b = value;
    if (all_bounds(*a) != all_bounds(*b) && (describes_reals(*a) || describes_reals(*b))) {
      const Outcome united = compare_real_sets(*union_of(*a), *union_of(*b), arena_, budget_);
      return united.verdict == Verdict::kRight ? united : undecided("set-not-read");
    }
    if (is_list(*a) || is_list(*b) || has_plus_minus(*a) || has_plus_minus(*b))
      return compare_lists(*a, *b, nesting);
    if (a->op == Op::kMatrix || b->op == Op::kMatrix) return compare_matrices(*a, *b, nesting);
    if (a->op == Op::kBracket && b->op == Op::kBracket) return compare_brackets(*a, *b, nesting);
    if (describes_reals(*a) && (describes_reals(*b) || b->op == Op::kSet))
      return compare_real_sets(*a, *b, arena_, budget_);
    if (a->op == Op::kText || b->op == Op::kText) return compare_texts(*a, *b);
    if (a->op == Op::kRatio || b->op == Op::kRatio) return compare_ratios(*a, *b, nesting);
    if (a->op == Op::kBased || b->op == Op::kBased) return compare_based(*a, *b);
    if (is_scalar(*a) && is_scalar(*b)) return compare_amounts(*a, *b, arena_, budget_);
    if (is_relation(*a) != is_relation(*b)) return undecided("equation-or-value");
    // An item of a set may be unlike the tuple that the set is meant to be.
    const bool tuple_or_number = (a->op == Op::kBracket && rational_value(*b)) ||
                                 (b->op == Op::kBracket && rational_value(*a));
    if (nesting == 0 && tuple_or_number) return wrong("different-count");
    return undecided("kinds-differ");
  }

  // "x < 2 or x > 3"
  static bool all_bounds(const Node& node) {
    return node.op == Op::kSequence &&
           std::all_of(node.args.begin(), node.args.end(), [](const Node* item) {
             return is_relation(*item) && describes_reals(*item);
           });
  }
  const Node* union_of(const Node& node) {
    if (!all_bounds(node)) return &node;
    const Node* out = node.args[0];
    for (size_t i = 1; i < node.args.size(); ++i)
      out = arena_.make(Op::kUnion, {out, node.args[i]});
    return out;
  }

  static bool is_list(const Node& node) { return node.op == Op::kSequence || node.op == Op::kSet; }

  Outcome compare_lists(const Node& gold, const Node& answer, int nesting) {
    if (gold.op == Op::kText || answer.op == Op::kText) return undecided("text-or-value");
    AnswerList a = read_list(gold, arena_), b = read_list(answer, arena_);
    if (a.items.size() > kMaxListItems || b.items.size() > kMaxListItems)
      return undecided("too-much-work");
    // A bare list and a tuple: the same items in the same order.
    const bool one_tuple = (gold.op == Op::kBracket) != (answer.op == Op::kBracket);
    if (one_tuple && (gold.op == Op::kSequence || answer.op == Op::kSequence)) {
      const Node& tuple = gold.op == Op::kBracket ? gold : answer;
      AnswerList& list = gold.op == Op::kBracket ? b : a;
      if (list.items.size() == tuple.args.size() && tuple.text == "()") {
        const Outcome out = in_order(gold.op == Op::kBracket ? tuple.args : a.items,
                                     gold.op == Op::kBracket ? b.items : tuple.args, nesting);
        // "y = 1, x = 2" is more likely the point (2, 1) than (1, 2).
        const bool unsure = out.verdict == Verdict::kWrong || !list.names_in_order;
        return unsure ? undecided("tuple-or-list") : out;
      }
    }
    // "k = 45, n = 2" against "45, 2".
    if (a.has_names != b.has_names && a.items.size() == b.items.size() &&
        (a.has_names ? a.names_differ : b.names_differ))
      return in_order(a.items, b.items, nesting);
    const bool labels_agreed = std::exchange(labels_agree_, same_labels(a.items, b.items));
    const Outcome out = in_any_order(a.items, b.items, nesting);
    labels_agree_ = labels_agreed;
    // A set has each item once; how often a list has one may be part of the answer.
    // "f(t) = ..., f(t) = ..." states one value twice.
    const bool is_set = gold.op == Op::kSet || answer.op == Op::kSet || a.has_names || b.has_names;
    const bool numbers = std::all_of(a.items.begin(), a.items.end(),
                                     [](const Node* item) { return is_scalar(*item); });
    if (out.verdict == Verdict::kRight && !is_set && numbers && a.items.size() != b.items.size())
      return undecided("items-repeated");
    return out;
  }

  Outcome in_order(const std::vector<const Node*>& a, const std::vector<const Node*>& b,
                   int nesting) {
    if (a.size() != b.size()) return wrong("different-count");
    Outcome worst = right("equal-items");
    for (size_t i = 0; i < a.size(); ++i) {
      const Outcome one = compare(*a[i], *b[i], nesting + 1);
      if (one.verdict == Verdict::kWrong) return wrong("different-item");
      if (one.verdict == Verdict::kUndecided) worst = one;
      if (one.verdict == Verdict::kRight && worst.verdict == Verdict::kRight &&
          std::string_view(one.reason) == "equal-at-points")
        worst = one;
    }
    return worst;
  }

  Outcome in_any_order(std::vector<const Node*> a, std::vector<const Node*> b, int nesting) {
    drop_repeated(a);
    drop_repeated(b);
    bool unsure = false;
    Outcome reason = right("equal-items");
    for (const Node*& item : a) {
      bool maybe = false;
      for (const Node*& other : b) {
        if (!other) continue;
        const Outcome one = compare(*item, *other, nesting + 1);
        maybe = maybe || one.verdict == Verdict::kUndecided;
        if (one.verdict != Verdict::kRight) continue;
        if (std::string_view(one.reason) == "equal-at-points") reason = one;
        item = other = nullptr;
        break;
      }
      if (item && !maybe) return wrong("different-item");
      unsure = unsure || item;
    }
    if (unsure) return undecided("items-not-decided");
    std::erase(b, nullptr);
    if (b.empty()) return reason;
    // "72, in total"
    const bool is_remark = std::all_of(b.begin(), b.end(), [](const Node* other) {
      return other->op == Op::kText && other->text.find(' ') != std::string::npos;
    });
    return is_remark ? undecided("text-contains") : wrong("different-count");
  }

  Outcome compare_brackets(const Node& gold, const Node& answer, int nesting) {
    const Outcome items = in_order(gold.args, answer.args, nesting);
    if (items.verdict != Verdict::kRight || gold.text == answer.text) return items;
    // (1, 2, 3) and [1, 2, 3] are one vector; (a, b) and [a, b) are two intervals.
    if (gold.args.size() > 2 && gold.text != "[)" && gold.text != "(]") return items;
    const auto half_open = [](const Node& node) { return node.text == "[)" || node.text == "(]"; };
    return half_open(gold) || half_open(answer) ? wrong("different-brackets")
                                                : undecided("brackets-differ");
  }

  Outcome compare_matrices(const Node& gold, const Node& answer, int nesting) {
    const auto entries = [](const Node& node) {
      std::vector<const Node*> out;
      if (node.op == Op::kBracket) return node.args;
      for (const Node* row : node.args) out.insert(out.end(), row->args.begin(), row->args.end());
      return out;
    };
    const bool both = gold.op == Op::kMatrix && answer.op == Op::kMatrix;
    if (both) {
      const bool same_shape = gold.args.size() == answer.args.size() &&
                              gold.args[0]->args.size() == answer.args[0]->args.size();
      return same_shape ? in_order(entries(gold), entries(answer), nesting)
                        : wrong("different-shape");
    }
    const Node& matrix = gold.op == Op::kMatrix ? gold : answer;
    const Node& other = gold.op == Op::kMatrix ? answer : gold;
    const bool vector = matrix.args.size() == 1 || matrix.args[0]->args.size() == 1;
    if (other.op != Op::kBracket || !vector) return undecided("kinds-differ");
    return in_order(entries(gold), entries(answer), nesting);
  }

  Outcome compare_ratios(const Node& gold, const Node& answer, int nesting) {
    const auto quotient = [&](const Node& node, size_t i) -> const Node* {
      return node.op == Op::kRatio ? arena_.make(Op::kDivide, {node.args[i], node.args[0]})
                                   : nullptr;
    };
    // 4 : 0 has no value, and 0 : 4 says more than 0.
    const auto has_zero = [](const Node& node) {
      return node.op == Op::kRatio &&
             std::any_of(node.args.begin(), node.args.end(), [](const Node* arg) {
               const auto value = rational_value(*arg);
               return value && *value == 0;
             });
    };
    if (has_zero(gold) || has_zero(answer))
      return gold.op == answer.op ? in_order(gold.args, answer.args, nesting)
                                  : wrong("different-number");
    if (gold.op != answer.op) {
      const Node& ratio = gold.op == Op::kRatio ? gold : answer;
      const Node& other = gold.op == Op::kRatio ? answer : gold;
      if (ratio.args.size() != 2 || !is_scalar(other)) return undecided("kinds-differ");
      const Node* value = arena_.make(Op::kDivide, {ratio.args[0], ratio.args[1]});
      return gold.op == Op::kRatio ? compare(*value, answer, nesting + 1)
                                   : compare(gold, *value, nesting + 1);
    }
    if (gold.args.size() != answer.args.size()) return wrong("different-count");
    if (is_time(gold) && is_time(answer)) {
      const Outcome items = in_order(gold.args, answer.args, nesting);
      return items.verdict == Verdict::kWrong ? undecided("ratio-or-time") : items;
    }
    Outcome out = right("equal-ratio");
    for (size_t i = 1; i < gold.args.size(); ++i) {
      const Outcome one = compare(*quotient(gold, i), *quotient(answer, i), nesting + 1);
      if (one.verdict != Verdict::kRight) return one;
    }
    return out;
  }

  // 12:30
  static bool is_time(const Node& ratio) {
    const auto whole = [](const Node* n) { return n->op == Op::kNumber && n->decimals == 0; };
    return std::all_of(ratio.args.begin(), ratio.args.end(), whole) && ratio.args[0]->value < 24 &&
           ratio.args[1]->value < 60 && ratio.args[1]->value >= 10;
  }

  Outcome compare_equations(const Node& gold, const Node& answer) {
    if (gold.op != Op::kRelation || answer.op != Op::kRelation)
      return undecided("equations-differ");
    return compare_relations(gold, answer, budget_);
  }

  // Whether both lists say the same calls: "P(A) = 1/2, P(B) = 1/3". Each is then met by its own
  // alone.
  bool same_labels(const std::vector<const Node*>& a, const std::vector<const Node*>& b) {
    std::set<std::string> labels[2];
    for (const auto& [items, out] : {std::pair{&a, &labels[0]}, {&b, &labels[1]}}) {
      for (const Node* item : *items) {
        const Node* left = left_call(*item);
        const size_t work = left ? work_of(*left) : 0;
        if (!left || work > budget_.exact) return false;
        budget_.exact -= work;
        out->insert(canonical_text(*left, kMaxTermProducts / 100));
      }
    }
    return labels[0] == labels[1];
  }

  Arena& arena_;
  Budget budget_;
  bool labels_agree_ = false;  // of the lists that are being compared
  size_t comparisons_ = 0;
};

}  // namespace

Outcome compare_trees(const Node& gold, const Node& answer, Arena& arena) {
  return Comparer(arena).compare(gold, answer);
}

}  // namespace laconic
