// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_eval.h"

#include <algorithm>

#include "base/error.h"

namespace laconic::jinja {
namespace {

constexpr size_t kMaxOutputBytes = size_t{64} << 20;
constexpr int kMaxRecursion = 800;

}  // namespace

void Scope::set(const std::string& name, Value value, size_t& looked_at) {
  for (auto& variable : variables) {
    ++looked_at;
    if (variable.first != name) continue;
    variable.second = std::move(value);
    return;
  }
  variables.emplace_back(name, std::move(value));
}

const Value* Scope::find(const std::string& name, size_t& looked_at) const {
  for (const Scope* scope = this; scope; scope = scope->parent.get()) {
    ++looked_at;
    for (const auto& variable : scope->variables) {
      ++looked_at;
      if (variable.first == name) return &variable.second;
    }
  }
  return nullptr;
}

Evaluator::Deeper::Deeper(Evaluator& evaluator, Location where) : evaluator_(evaluator) {
  evaluator.here = where;
  evaluator.spend(1);
  if (evaluator_.depth_ >= kMaxRecursion)
    evaluator_.fail(cat("expected at most ", kMaxRecursion, " levels of recursion, got more"));
  ++evaluator_.depth_;
}

Evaluator::Scoped::Scoped(Evaluator& evaluator, std::shared_ptr<Scope> parent)
    : evaluator_(evaluator), saved_(evaluator.scope_) {
  evaluator_.spend(4);
  evaluator_.scope_ = std::make_shared<Scope>();
  evaluator_.scope_->parent = std::move(parent);
}

Evaluator::Evaluator(const std::string& place, std::vector<std::pair<std::string, Value>> variables)
    : Run(place), scope_(std::make_shared<Scope>()), root_(scope_) {
  scope_->variables = std::move(variables);
}

std::string Evaluator::render(const Body& body) {
  const Metered metered(*this);
  std::string out;
  template_ = &body;
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

void Evaluator::set(const std::string& name, Value value) {
  size_t looked_at = 0;
  scope_->set(name, std::move(value), looked_at);
  spend(looked_at / 8 + 4);
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
      set(statement.text, macro(statement, statement.text));
      break;
    case StmtKind::kCall:
      run_call_block(statement);
      break;
    case StmtKind::kWith:
      return run_with(statement);
    case StmtKind::kGroup:
      return run_body(statement.body);
    case StmtKind::kGeneration:
      return run_generation(statement);
    case StmtKind::kBlock:
      return run_block(statement);
    case StmtKind::kRefused:
      fail(cat("expected a template that stands by itself, got {% ", statement.text,
               " %}, which laconic does not have"));
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

Evaluator::Flow Evaluator::run_with(const Stmt& statement) {
  std::vector<std::pair<std::string, Value>> variables;
  for (const Parameter& parameter : statement.parameters)
    variables.emplace_back(parameter.name, eval(*parameter.value));
  const Scoped scoped(*this);
  for (auto& [name, value] : variables) set(name, std::move(value));
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
  {
    const Captured captured(*this, text);
    const Scoped scoped(*this);
    const Flow flow = run_body(statement.body);
    if (flow != Flow::kNext) return flow;
  }
  Value value(std::move(text));
  if (statement.value) value = eval_builtin(*statement.value, &value);
  if (statement.kind == StmtKind::kSetBlock) {
    assign(*statement.target, std::move(value));
  } else {
    spend(value.weight());
    write(value.str());
  }
  return Flow::kNext;
}

void Evaluator::assign(const Expr& target, Value value) {
  if (target.kind == ExprKind::kName) {
    set(target.name, std::move(value));
    return;
  }
  here = target.where;
  if (target.kind == ExprKind::kAttribute) {
    const Value space = eval_name(*target.children[0]);
    if (space.kind() != Value::Kind::kNamespace)
      fail(cat("expected a namespace to assign \"", target.name, "\" in, got ", space.kind_name()));
    auto& members = space.space().members;
    spend(members.size() / 8 + 8);
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
