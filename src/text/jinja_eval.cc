// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_eval.h"

#include <algorithm>

#include "base/error.h"

namespace laconic::jinja {
namespace {

constexpr size_t kMaxOutputBytes = size_t{64} << 20;
constexpr int kMaxRecursion = 800;

}  // namespace

void Scope::set(const std::string& name, Value value) {
  for (auto& variable : variables) {
    if (variable.first != name) continue;
    variable.second = std::move(value);
    return;
  }
  variables.emplace_back(name, std::move(value));
}

const Value* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope; scope = scope->parent.get()) {
    for (const auto& variable : scope->variables) {
      if (variable.first == name) return &variable.second;
    }
  }
  return nullptr;
}

class Evaluator::Deeper {
 public:
  Deeper(Evaluator& evaluator, Location where) : evaluator_(evaluator) {
    evaluator.here = where;
    evaluator.spend(1);
    if (evaluator_.depth_ >= kMaxRecursion)
      evaluator_.fail(cat("expected at most ", kMaxRecursion, " levels of recursion, got more"));
    ++evaluator_.depth_;
  }
  ~Deeper() { --evaluator_.depth_; }
  Deeper(const Deeper&) = delete;

 private:
  Evaluator& evaluator_;
};

class Evaluator::Scoped {
 public:
  Scoped(Evaluator& evaluator, std::shared_ptr<Scope> parent)
      : evaluator_(evaluator), saved_(evaluator.scope_) {
    evaluator_.scope_ = std::make_shared<Scope>();
    evaluator_.scope_->parent = std::move(parent);
  }
  explicit Scoped(Evaluator& evaluator) : Scoped(evaluator, evaluator.scope_) {}
  ~Scoped() { evaluator_.scope_ = std::move(saved_); }
  Scoped(const Scoped&) = delete;

 private:
  Evaluator& evaluator_;
  std::shared_ptr<Scope> saved_;
};

Evaluator::Evaluator(const std::string& place, std::vector<std::pair<std::string, Value>> variables)
    : Run(place), scope_(std::make_shared<Scope>()) {
  scope_->variables = std::move(variables);
}

std::string Evaluator::render(const Body& body) {
  std::string out;
  out_ = &out;
  whole_ = &out;
  generated_.clear();
  run_body(body);
  return out;
}

void Evaluator::write(std::string_view text) {
  spend_bytes(text.size());
  if (text.size() > kMaxOutputBytes - out_->size())
    fail(cat("expected at most ", kMaxOutputBytes, " bytes of text, got more"));
  *out_ += text;
}

Evaluator::Flow Evaluator::run_body(const Body& body) {
  for (const Stmt& statement : body) {
    if (const Flow flow = run(statement); flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::run(const Stmt& statement) {
  const Deeper deeper(*this, statement.where);
  switch (statement.kind) {
    case StmtKind::kText:
      write(statement.text);
      break;
    case StmtKind::kOutput: {
      const Value value = eval(*statement.value);
      if (value.is_string()) {
        write(value.string());
      } else {
        spend(value.weight());
        write(value.str());
      }
      break;
    }
    case StmtKind::kIf:
      return run_if(statement);
    case StmtKind::kFor:
      return run_for(statement);
    case StmtKind::kSet:
      assign(*statement.target, eval(*statement.value));
      break;
    case StmtKind::kSetBlock:
    case StmtKind::kFilter:
      return run_capture(statement);
    case StmtKind::kMacro:
      scope_->set(statement.text, macro(statement, statement.text));
      break;
    case StmtKind::kCall:
      run_call_block(statement);
      break;
    case StmtKind::kWith:
      return run_with(statement);
    case StmtKind::kGroup:
      return run_generation(statement);
    case StmtKind::kBreak:
      return Flow::kBreak;
    case StmtKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::run_if(const Stmt& statement) {
  for (const auto& [condition, body] : statement.branches) {
    if (eval(*condition).truthy()) return run_body(body);
  }
  return run_body(statement.otherwise);
}

// The items that pass the loop's own condition.
Values Evaluator::loop_items(const Stmt& statement, const Value& value) {
  Values items = iterate(value);
  if (!statement.condition) return items;
  Values kept;
  for (Value& item : items) {
    const Scoped scoped(*this);
    assign(*statement.target, item);
    if (eval(*statement.condition).truthy()) kept.push_back(std::move(item));
  }
  return kept;
}

Evaluator::Flow Evaluator::run_for(const Stmt& statement) {
  return loop_over(statement, eval(*statement.value), 0);
}

Evaluator::Flow Evaluator::loop_over(const Stmt& statement, const Value& value, int64_t depth0) {
  const auto items = std::make_shared<const Values>(loop_items(statement, value));
  if (items->empty()) {
    const Scoped scoped(*this);
    return run_body(statement.otherwise);
  }
  Loop loop{items, 0, depth0, std::make_shared<std::vector<Value>>(), nullptr};
  if (statement.is_recursive) {
    // Weak, as of a macro: the scope holds the loop.
    loop.recurse = [this, &statement, depth0, home = std::weak_ptr<Scope>(scope_)](
                       Run& run, const Value& children) {
      const Deeper deeper(*this, here);
      const std::shared_ptr<Scope> scope = home.lock();
      if (!scope) run.fail("expected a loop whose scope is open, got one that outlived it");
      const Scoped scoped(*this, scope);
      std::string text;
      std::string* const outer = std::exchange(out_, &text);
      loop_over(statement, children, depth0 + 1);
      out_ = outer;
      return Value(std::move(text));
    };
  }
  for (; loop.index0 < items->size(); ++loop.index0) {
    spend(1);
    const Scoped scoped(*this);
    assign(*statement.target, (*items)[loop.index0]);
    scope_->set("loop", Value(std::make_shared<const Loop>(loop)));
    if (run_body(statement.body) == Flow::kBreak) break;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::run_with(const Stmt& statement) {
  std::vector<std::pair<std::string, Value>> variables;
  for (const Parameter& parameter : statement.parameters)
    variables.emplace_back(parameter.name, eval(*parameter.value));
  const Scoped scoped(*this);
  for (auto& [name, value] : variables) scope_->set(name, std::move(value));
  return run_body(statement.body);
}

// transformers makes it a call block, so what is set inside stays inside.
Evaluator::Flow Evaluator::run_generation(const Stmt& statement) {
  const Scoped scoped(*this);
  const auto begin = static_cast<int64_t>(out_->size());
  const Flow flow = run_body(statement.body);
  if (out_ == whole_) generated_.push_back({begin, static_cast<int64_t>(out_->size())});
  return flow;
}

Evaluator::Flow Evaluator::run_capture(const Stmt& statement) {
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  Flow flow = Flow::kNext;
  {
    const Scoped scoped(*this);
    flow = run_body(statement.body);
  }
  out_ = outer;
  Value value(std::move(text));
  if (flow != Flow::kNext) return flow;
  if (statement.value) value = eval_builtin(*statement.value, &value);
  if (statement.kind == StmtKind::kSetBlock) {
    assign(*statement.target, std::move(value));
  } else {
    write(value.str());
  }
  return Flow::kNext;
}

void Evaluator::run_call_block(const Stmt& statement) {
  const Expr& call = *statement.value;
  const Value callee = eval(*call.children[0]);
  Arguments arguments = eval_arguments(call, 1);
  arguments.named.emplace_back("caller", macro(statement, "caller"));
  here = call.where;
  write(this->call(callee, std::move(arguments)).str());
}

void Evaluator::assign(const Expr& target, Value value) {
  if (target.kind == ExprKind::kName) {
    scope_->set(target.name, std::move(value));
    return;
  }
  here = target.where;
  if (target.kind == ExprKind::kAttribute) {
    const Value space = eval_name(*target.children[0]);
    if (space.kind() != Value::Kind::kNamespace)
      fail(cat("expected a namespace to assign \"", target.name, "\" in, got ", space.kind_name()));
    auto& members = space.space().members;
    const auto same = [&](const auto& member) { return member.first == target.name; };
    const auto place = std::find_if(members.begin(), members.end(), same);
    if (place == members.end()) {
      members.emplace_back(target.name, std::move(value));
    } else {
      place->second = std::move(value);
    }
    return;
  }
  const Values items = iterate(value);
  if (items.size() != target.children.size())
    fail(cat("expected ", target.children.size(), " values to unpack, got ", items.size()));
  for (size_t i = 0; i < items.size(); ++i) assign(*target.children[i], items[i]);
}

Value Evaluator::macro(const Stmt& statement, const std::string& name) {
  // A weak link: the scope holds the macro, so that a strong one would keep both alive for ever.
  const std::weak_ptr<Scope> home = scope_;
  return Function{name, [this, &statement, home](Run& run, Arguments& arguments) {
                    const std::shared_ptr<Scope> scope = home.lock();
                    if (!scope)
                      run.fail("expected a macro whose scope is open, got one that outlived it");
                    return call_macro(statement, scope, arguments);
                  }};
}

Value Evaluator::call_macro(const Stmt& statement, const std::shared_ptr<Scope>& home,
                            Arguments& arguments) {
  const Deeper deeper(*this, here);
  Value caller = Value::undefined("caller");
  for (size_t i = 0; i < arguments.named.size(); ++i) {
    if (arguments.named[i].first != "caller") continue;
    caller = std::move(arguments.named[i].second);
    arguments.named.erase(arguments.named.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  std::vector<std::string_view> names;
  for (const Parameter& parameter : statement.parameters) names.push_back(parameter.name);
  const Bound bound(*this, arguments, names);
  const Scoped scoped(*this, home);
  if (statement.kind == StmtKind::kMacro) scope_->set("caller", std::move(caller));
  for (size_t i = 0; i < names.size(); ++i) {
    const Parameter& parameter = statement.parameters[i];
    Value value = Value::undefined(parameter.name);
    if (bound.has(i)) {
      value = bound[i];
    } else if (parameter.value) {
      value = eval(*parameter.value);
    }
    scope_->set(parameter.name, std::move(value));
  }
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  run_body(statement.body);
  out_ = outer;
  return Value(std::move(text));
}

// ---- expressions: the recursion's entry; the operators are in jinja_eval_expr.cc ----

Value Evaluator::eval(const Expr& expr) {
  const Deeper deeper(*this, expr.where);
  switch (expr.kind) {
    case ExprKind::kConstant:
      return expr.constant;
    case ExprKind::kName:
      return eval_name(expr);
    case ExprKind::kAttribute: {
      const Value object = eval(*expr.children[0]);
      here = expr.where;
      return attribute(object, expr.name);
    }
    case ExprKind::kItem: {
      const Value object = eval(*expr.children[0]);
      const Value key = eval(*expr.children[1]);
      here = expr.where;
      return item(object, key);
    }
    case ExprKind::kSlice:
      return eval_slice(expr);
    case ExprKind::kCall: {
      const Value callee = eval(*expr.children[0]);
      Arguments arguments = eval_arguments(expr, 1);
      here = expr.where;
      return call(callee, std::move(arguments));
    }
    case ExprKind::kFilter:
      return eval_builtin(expr, nullptr);
    case ExprKind::kTest:
      return eval_builtin(expr, nullptr);
    default:
      return eval_operation(expr);
  }
}

}  // namespace laconic::jinja
