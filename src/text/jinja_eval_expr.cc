// Names, operators, slices and the calling of filters and tests.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_eval.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

// The positions that Python's slice(start, stop, step) picks out of `size` items.
struct SliceBounds {
  int64_t start, stop, step;
};

// Within what no text or list is longer than.
int64_t whole_of(const Value& value) {
  constexpr int64_t kFar = int64_t{1} << 40;
  if (value.is_big()) return value.real() < 0 ? -kFar : kFar;
  return std::clamp(value.integer(), -kFar, kFar);
}

SliceBounds slice_bounds(const Value& start, const Value& stop, int64_t step, int64_t size) {
  const auto clamp = [&](const Value& value, int64_t otherwise) {
    if (value.is_none()) return otherwise;
    int64_t at = whole_of(value);
    if (at < 0) at = at < -size ? -1 : at + size;
    if (step > 0) return std::clamp<int64_t>(at, 0, size);
    return std::clamp<int64_t>(at, -1, size - 1);
  };
  if (step > 0) return {clamp(start, 0), clamp(stop, size), step};
  return {clamp(start, size - 1), clamp(stop, -1), step};
}

template <typename Visit>
void for_each_position(const SliceBounds& bounds, Visit visit) {
  const int64_t span = bounds.step > 0 ? bounds.stop - bounds.start : bounds.start - bounds.stop;
  if (span <= 0) return;
  const int64_t stride = bounds.step > 0 ? bounds.step : -bounds.step;
  const int64_t count = (span - 1) / stride + 1;
  for (int64_t i = 0; i < count; ++i) visit(static_cast<size_t>(bounds.start + i * bounds.step));
}

}  // namespace

Value Evaluator::eval_name(const Expr& expr) {
  size_t looked_at = 0;
  const Value* value = scope_->find(expr.name, looked_at);
  spend(looked_at / 8);
  if (value) return *value;
  if (const Builtin global = find_global(expr.name)) {
    return Function{expr.name, [global](Run& run, Arguments& a) { return global(run, a); }, {}};
  }
  if (expr.name == "self") return self();
  return Value::undefined(expr.name);
}

Arguments Evaluator::eval_arguments(const Expr& expr, size_t first) {
  Arguments arguments;
  for (size_t i = first; i < expr.children.size(); ++i) {
    const Expr& child = *expr.children[i];
    if (child.kind != ExprKind::kUnpack) {
      arguments.positional.push_back(eval(child));
      continue;
    }
    const Value several = eval(*child.children[0]);
    here = child.where;
    if (child.name == "*") {
      for (Value& item : iterate(several)) arguments.positional.push_back(std::move(item));
      continue;
    }
    if (!several.is_dict()) fail(cat("expected a dict behind **, got ", several.kind_name()));
    spend(several.pairs().size() * (several.pairs().size() + expr.named.size()) / 8);
    for (const auto& [key, value] : several.pairs()) {
      if (!key.is_string()) fail(cat("expected names as keys behind **, got ", key.kind_name()));
      arguments.named.emplace_back(key.string(), value);
    }
  }
  const size_t unpacked = arguments.named.size();
  for (const auto& [name, value] : expr.named) {
    for (size_t i = 0; i < unpacked; ++i) {
      if (arguments.named[i].first == name)
        fail(cat("expected the argument \"", name, "\" once, got it twice"));
    }
    arguments.named.emplace_back(name, eval(*value));
  }
  return arguments;
}

// A filter or a test; `input` stands at the bottom of a chain of filters that has none of its own.
Value Evaluator::eval_builtin(const Expr& expr, const Value* input) {
  const Expr* below = expr.children[0].get();
  Value value = !below ? *input : input ? eval_builtin(*below, input) : eval(*below);
  Arguments arguments = eval_arguments(expr, 1);
  arguments.positional.insert(arguments.positional.begin(), std::move(value));
  here = expr.where;
  if (!expr.builtin)
    fail_unknown(*this, expr.kind == ExprKind::kFilter ? "filter" : "test", expr.name);
  return expr.builtin(*this, arguments);
}

Value Evaluator::eval_slice(const Expr& expr) {
  const Value object = eval(*expr.children[0]);
  Value parts[3] = {None{}, None{}, None{}};
  for (size_t i = 0; i < 3; ++i) {
    if (expr.children[i + 1]) parts[i] = eval(*expr.children[i + 1]);
  }
  here = expr.where;
  for (const Value& part : parts) {
    if (!part.is_none() && !part.is_integral())
      fail(cat("expected whole numbers in a slice, got ", part.kind_name()));
  }
  const int64_t step = parts[2].is_none() ? 1 : whole_of(parts[2]);
  if (step == 0) fail("expected a slice step other than 0, got 0");
  if (object.is_string()) {
    spend_bytes(object.string().size() * 4);
    const auto pieces = characters(object.string());
    const auto size = static_cast<int64_t>(pieces.size());
    std::string out;
    for_each_position(slice_bounds(parts[0], parts[1], step, size),
                      [&](size_t i) { out += pieces[i]; });
    return Text{std::move(out), object.is_markup()};
  }
  if (object.kind() == Value::Kind::kBytes) {
    const auto size = static_cast<int64_t>(object.bytes().size());
    std::string out;
    for_each_position(slice_bounds(parts[0], parts[1], step, size),
                      [&](size_t i) { out += object.bytes()[i]; });
    return Bytes{std::move(out)};
  }
  if (!object.is_sequence() && !object.is_range())
    fail(cat("expected a sequence to slice, got ",
             object.is_undefined() ? object.undefined_name() + ", which is undefined"
                                   : std::string(object.kind_name())));
  const Values& items = object.items();
  spend(items.size());
  Values out;
  const SliceBounds bounds =
      slice_bounds(parts[0], parts[1], step, static_cast<int64_t>(items.size()));
  for_each_position(bounds, [&](size_t i) { out.push_back(items[i]); });
  if (object.is_range()) {
    Sequence cut;
    const Sequence& whole = object.sequence();
    cut.form = Sequence::Form::kRange;
    cut.items = std::move(out);
    cut.start = whole.start + bounds.start * whole.step;
    cut.stop = whole.start + bounds.stop * whole.step;
    cut.step = whole.step * bounds.step;
    return Value::view(std::move(cut));
  }
  return object.kind() == Value::Kind::kTuple ? Value::tuple(std::move(out))
                                              : Value::list(std::move(out));
}

Value Evaluator::eval_compare(const Expr& expr) {
  Value left = eval(*expr.children[0]);
  for (size_t i = 0; i < expr.operators.size(); ++i) {
    Value right = eval(*expr.children[i + 1]);
    here = expr.where;
    const std::string& op = expr.operators[i];
    bool holds = false;
    if (op == "==" || op == "!=") spend(std::min(left.weight(), right.weight()));
    if (op == "==") {
      holds = left == right;
    } else if (op == "!=") {
      holds = !(left == right);
    } else if (op == "in") {
      holds = contains(right, left);
    } else if (op == "not in") {
      holds = !contains(right, left);
    } else {
      const int order = compare(left, right);
      holds = order == (op[0] == '<' ? -1 : 1) || (op.size() == 2 && order == 0);
    }
    if (!holds) return false;
    left = std::move(right);
  }
  return true;
}

Value Evaluator::eval_binary(const Expr& expr) {
  const Value left = eval(*expr.children[0]);
  const Value right = eval(*expr.children[1]);
  here = expr.where;
  return compute(*this, expr.name, left, right);
}

Value Evaluator::eval_operation(const Expr& expr) {
  const auto child = [&](size_t i) { return eval(*expr.children[i]); };
  switch (expr.kind) {
    case ExprKind::kNot:
      return !child(0).truthy();
    case ExprKind::kAnd: {
      Value left = child(0);
      return left.truthy() ? child(1) : left;
    }
    case ExprKind::kOr: {
      Value left = child(0);
      return left.truthy() ? left : child(1);
    }
    case ExprKind::kConditional:
      if (child(1).truthy()) return child(0);
      return expr.children[2] ? child(2) : Value::undefined("the inline if without an else");
    case ExprKind::kConcat: {
      std::string text;
      for (const ExprPointer& part : expr.children) {
        const Value value = eval(*part);
        spend(value.weight());
        text += value.str();
      }
      return text;
    }
    case ExprKind::kCompare:
      return eval_compare(expr);
    case ExprKind::kBinary:
      return eval_binary(expr);
    case ExprKind::kNegate:
    case ExprKind::kPlus: {
      const Value value = child(0);
      here = expr.where;
      if (!value.is_number())
        fail(cat("expected a number behind the sign, got ", value.kind_name()));
      if (expr.kind == ExprKind::kNegate) return negate(*this, value);
      return value.is_boolean() ? Value(value.integer()) : value;
    }
    default:
      break;
  }
  Values items = eval_arguments(expr, 0).positional;
  spend(items.size());
  if (expr.kind == ExprKind::kList) return Value::list(std::move(items));
  if (expr.kind == ExprKind::kTuple) return Value::tuple(std::move(items));
  LACONIC_CHECK(expr.kind == ExprKind::kDict, "an expression kind without a rule");
  Pairs pairs;
  for (size_t i = 0; i < items.size(); i += 2) {
    check_hashable(items[i]);
    pairs.emplace_back(std::move(items[i]), std::move(items[i + 1]));
  }
  spend(pairs.size() * pairs.size() / 16);
  return Value::dict(std::move(pairs));
}

}  // namespace laconic::jinja
