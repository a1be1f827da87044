// SPDX-License-Identifier: Apache-2.0
#include "eval/math_sets.h"

#include <algorithm>

#include "eval/math_exact.h"
#include "eval/math_numeric.h"

namespace laconic {
namespace {

bool is_infinite(const Node& node, bool& negative) {
  negative = node.op == Op::kNegate;
  return (negative ? node.args[0] : &node)->op == Op::kInfinity;
}

class SetReader {
 public:
  explicit SetReader(Arena& arena) : arena_(arena) {}

  std::optional<RealSet> read(const Node& node) {
    switch (node.op) {
      case Op::kBracket:
        return interval(node);
      case Op::kSet:
        return points(node);
      case Op::kSymbol:
        if (node.text != "\\mathbbR") return std::nullopt;
        return RealSet{RealInterval{}};
      case Op::kUnion:
      case Op::kIntersection:
      case Op::kDifference: {
        auto left = read(*node.args[0]);
        auto right = left ? read(*node.args[1]) : std::nullopt;
        if (!right) return std::nullopt;
        if (node.op == Op::kUnion) return unite(std::move(*left), *right);
        if (node.op == Op::kDifference) right = complement(*right);
        return right ? intersect(*left, *right) : std::nullopt;
      }
      case Op::kRelation:
        if (node.text == "in") return read(*node.args[1]);
        return inequality(*node.args[0], node.text, *node.args[1]);
      case Op::kChain: {
        std::optional<RealSet> all = RealSet{RealInterval{}};
        for (const Node* link : node.args) {
          const auto one = all ? read(*link) : std::nullopt;
          all = one ? intersect(*all, *one) : std::nullopt;
        }
        return all;
      }
      default:
        return std::nullopt;
    }
  }

 private:
  // -1, 0, 1; clears ok_ where the two cannot be ordered.
  int order(const Node& a, const Node& b) {
    bool known = false;
    const int out = compare_real_constants(a, b, known);
    ok_ = ok_ && known;
    return out;
  }

  std::optional<RealSet> interval(const Node& node) {
    if (node.args.size() != 2) return std::nullopt;
    RealInterval piece;
    bool negative = false;
    if (!is_infinite(*node.args[0], negative))
      piece.low = {node.args[0], node.text[0] == '['};
    else if (!negative)
      return std::nullopt;
    if (!is_infinite(*node.args[1], negative))
      piece.high = {node.args[1], node.text[1] == ']'};
    else if (negative)
      return std::nullopt;
    const bool finite = piece.low.value && piece.high.value;
    if (finite && order(*piece.low.value, *piece.high.value) > 0) return std::nullopt;
    bool known = false;
    for (const End* end : {&piece.low, &piece.high}) {
      if (end->value) compare_real_constants(*end->value, *end->value, known);
      if (end->value && !known) return std::nullopt;
    }
    if (!ok_) return std::nullopt;
    return RealSet{piece};
  }

  std::optional<RealSet> points(const Node& node) {
    RealSet out;
    for (const Node* value : node.args) {
      auto merged = unite(std::move(out), {RealInterval{{value, true}, {value, true}}});
      if (!merged) return std::nullopt;
      out = std::move(*merged);
    }
    return out;
  }

  // Order of two low ends: the one that lets more in comes first.
  int order_low(const End& a, const End& b) {
    if (!a.value || !b.value) return a.value ? 1 : b.value ? -1 : 0;
    const int by_value = order(*a.value, *b.value);
    return by_value ? by_value : static_cast<int>(b.closed) - static_cast<int>(a.closed);
  }
  int order_high(const End& a, const End& b) {
    if (!a.value || !b.value) return a.value ? -1 : b.value ? 1 : 0;
    const int by_value = order(*a.value, *b.value);
    return by_value ? by_value : static_cast<int>(a.closed) - static_cast<int>(b.closed);
  }
  // Whether a piece that ends at `high` meets or touches one that starts at `low`.
  bool touches(const End& high, const End& low) {
    if (!high.value || !low.value) return true;
    const int by_value = order(*low.value, *high.value);
    return by_value < 0 || (by_value == 0 && (low.closed || high.closed));
  }
  bool is_empty(const RealInterval& piece) {
    if (!piece.low.value || !piece.high.value) return false;
    const int by_value = order(*piece.low.value, *piece.high.value);
    return by_value > 0 || (by_value == 0 && !(piece.low.closed && piece.high.closed));
  }

  std::optional<RealSet> unite(RealSet a, const RealSet& b) {
    a.insert(a.end(), b.begin(), b.end());
    if (a.size() > kMaxPieces) return std::nullopt;
    // Insertion sort: the order may fail to be one where ends cannot be compared.
    for (size_t i = 1; i < a.size(); ++i) {
      for (size_t j = i; j > 0 && order_low(a[j].low, a[j - 1].low) < 0; --j)
        std::swap(a[j], a[j - 1]);
    }
    RealSet out;
    for (const RealInterval& piece : a) {
      if (!out.empty() && touches(out.back().high, piece.low)) {
        if (order_high(piece.high, out.back().high) > 0) out.back().high = piece.high;
      } else {
        out.push_back(piece);
      }
    }
    if (!ok_) return std::nullopt;
    return out;
  }

  std::optional<RealSet> intersect(const RealSet& a, const RealSet& b) {
    RealSet out;
    for (const RealInterval& x : a) {
      for (const RealInterval& y : b) {
        const RealInterval both = {order_low(x.low, y.low) > 0 ? x.low : y.low,
                                   order_high(x.high, y.high) < 0 ? x.high : y.high};
        if (!is_empty(both)) out.push_back(both);
      }
    }
    if (!ok_) return std::nullopt;
    return unite(std::move(out), {});
  }

  std::optional<RealSet> complement(const RealSet& a) {
    RealSet out;
    End low;
    bool open_ended = true;
    for (const RealInterval& piece : a) {
      if (piece.low.value) out.push_back({low, {piece.low.value, !piece.low.closed}});
      low = {piece.high.value, !piece.high.closed};
      open_ended = piece.high.value != nullptr;
    }
    if (open_ended) out.push_back({low, {}});
    std::erase_if(out, [&](const RealInterval& piece) { return is_empty(piece); });
    return out;
  }

  static std::string turned(const std::string& relation) {
    if (relation == "<") return ">";
    if (relation == "<=") return ">=";
    if (relation == ">") return "<";
    if (relation == ">=") return "<=";
    return relation;
  }

  // x relation value.
  std::optional<RealSet> half_line(const std::string& relation, const Node& value) {
    bool negative = false;
    if (is_infinite(value, negative)) return RealSet{RealInterval{}};  // x < infinity
    bool known = false;
    compare_real_constants(value, value, known);
    if (!known) return std::nullopt;
    const bool closed = relation.ends_with('=');
    if (relation == "!=")
      return RealSet{RealInterval{{}, {&value, false}}, RealInterval{{&value, false}, {}}};
    if (relation[0] == '<') return RealSet{RealInterval{{}, {&value, closed}}};
    if (relation[0] == '>') return RealSet{RealInterval{{&value, closed}, {}}};
    return std::nullopt;
  }

  std::optional<RealSet> inequality(const Node& left, const std::string& relation,
                                    const Node& right) {
    if (relation != "!=" && relation[0] != '<' && relation[0] != '>') return std::nullopt;
    const auto is_unknown = [](const Node& node) {
      return node.op == Op::kSymbol || (node.op == Op::kCall && node.text.size() == 1);
    };
    const auto is_size = [&](const Node& node) {
      return node.op == Op::kCall && node.text == "abs" && is_unknown(*node.args[0]);
    };
    if (is_unknown(left)) return half_line(relation, right);
    if (is_unknown(right)) return half_line(turned(relation), left);
    if (is_size(left)) return size_bound(relation, right);
    if (is_size(right)) return size_bound(turned(relation), left);
    return linear(left, relation, right);
  }

  // |x| relation value: the set of sizes, and its mirror image.
  std::optional<RealSet> size_bound(const std::string& relation, const Node& value) {
    const auto sizes = half_line(relation, value);
    if (!sizes) return std::nullopt;
    RealSet positive, mirrored;
    const Node* zero = arena_.number(0);
    const auto at_least_zero = intersect(*sizes, {RealInterval{{zero, true}, {}}});
    if (!at_least_zero) return std::nullopt;
    const auto minus = [&](const End& end) {
      return End{end.value ? arena_.make(Op::kNegate, {end.value}) : nullptr, end.closed};
    };
    for (const RealInterval& piece : *at_least_zero)
      mirrored.push_back({minus(piece.high), minus(piece.low)});
    return unite(*at_least_zero, mirrored);
  }

  // a x + b relation 0 with rational a and b.
  std::optional<RealSet> linear(const Node& left, const std::string& relation, const Node& right) {
    AtomTable kernels;
    ExactReader reader(kernels);
    const auto a = reader.read(left);
    const auto b = a ? reader.read(right) : std::nullopt;
    if (!b) return std::nullopt;
    const Fraction difference = kernels.add(*a, *b, -1);
    mpq_class below, slope, constant = 0;
    if (kernels.failed() || !is_constant(difference.below, below) || below == 0)
      return std::nullopt;
    for (const auto& [monomial, coefficient] : difference.above) {
      if (monomial.empty()) {
        constant = coefficient / below;
      } else if (slope == 0 && monomial.size() == 1 && monomial[0].second == 1 &&
                 kernels.at(monomial[0].first).independent) {
        slope = coefficient / below;
      } else {
        return std::nullopt;
      }
    }
    if (slope == 0) return std::nullopt;
    const Node* value = arena_.number(-constant / slope);
    return half_line(slope > 0 ? relation : turned(relation), *value);
  }

  Arena& arena_;
  bool ok_ = true;
};

}  // namespace

std::optional<RealSet> read_real_set(const Node& node, Arena& arena) {
  return SetReader(arena).read(node);
}

}  // namespace laconic
