// One expression tree for answers written in LaTeX or plain text.
//
// What it is not: nothing is simplified here; the tree is what was written, with implicit products
// made explicit. Nodes live in an arena and point at each other, so trees are cheap to build, may
// share parts, and die together without recursion. Depth is at most kMaxTreeDepth, so every walk
// may recurse.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmpxx.h>

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace laconic {

enum class Op : uint8_t {
  // Values.
  kNumber,  // value; decimals, significant as in eval/quantity.h
  kSymbol,  // text: its name with subscript and primes: "x", "\omega_0", "y'"
  kPi,
  kE,
  kI,
  kInfinity,
  kAdd,       // args...
  kNegate,    // args[0]
  kMultiply,  // args...
  kDivide,    // args[0] / args[1]
  kPower,     // args[0] ^ args[1]
  kRoot,      // args[1]-th root of args[0]; real where the index is odd
  kFactorial,
  kPlusMinus,  // text "+-" or "-+"; args[0] +- args[1]
  kCall,       // text: "sin", "log" (args[1]: base), "abs", "binom", "f", ...
  kPercent,
  kDegree,
  kUnit,  // text: the unit of args[0]
  // text: "sum", "prod", "int": args are the variable, the body, from, to; "lim", "lim+", "lim-":
  // the variable, the body, the point (from above, from below).
  kBig,
  // Structures.
  kSequence,  // items without brackets
  kBracket,   // text: "()", "[]", "[)", "(]"; two or more items: tuple, interval, vector
  kSet,       // \{...\}
  kUnion,
  kIntersection,
  kDifference,
  kMatrix,    // args: rows (kSequence)
  kRelation,  // text: one of = != < <= > >= ~ (about) ~~ (\sim) in; two args
  kChain,     // relations that share their middle: a < x < b is {a < x, x < b}
  kRatio,     // a : b : ...
  kBased,     // text: digits; value: the base; args none
  kText
};

inline constexpr int kMaxTreeDepth = 96;
inline constexpr size_t kMaxTreeNodes = 1 << 14;

struct Node {
  Op op = Op::kNumber;
  mpq_class value;
  int decimals = -1;
  int significant = 0;
  std::string text;
  std::vector<const Node*> args;
};

// y(0), u(t): an unknown function of a name or number, as good as a name of its own.
inline bool is_free_call(const Node& node) {
  if (node.op != Op::kCall || node.args.size() != 1) return false;
  const Op arg = node.args[0]->op;
  const bool named = node.text.size() == 1 || node.text.find_first_of("_'\\") != std::string::npos;
  return named && (arg == Op::kSymbol || arg == Op::kNumber);
}

class Arena {
 public:
  Node* make(Op op, std::initializer_list<const Node*> args = {}, std::string text = "") {
    Node& node = nodes_.emplace_back();
    node.op = op;
    node.args = args;
    node.text = std::move(text);
    return &node;
  }
  Node* number(const mpq_class& value) {
    Node* node = make(Op::kNumber);
    node->value = value;
    return node;
  }
  bool is_full() const { return nodes_.size() >= kMaxTreeNodes; }

 private:
  std::deque<Node> nodes_;
};

}  // namespace laconic
