// What is settled once the whole of a template is known.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "text/jinja_ast.h"

namespace laconic::jinja {
namespace {

class Checker {
 public:
  explicit Checker(const std::string& place) : place_(place) {}

  void check(Body& body, bool is_soft) {
    for (Stmt& statement : body) check(statement, is_soft);
  }

 private:
  [[noreturn]] void fail_at(Location where, const std::string& message) const {
    fail(ErrorKind::kModel, place_, ":", where.line, ":", where.column, ": ", message);
  }

  // `is_soft`: a condition decides whether this runs. Like jinja2, a body with a scope of its own
  // is hard again.
  void check(Stmt& statement, bool is_soft) {
    switch (statement.kind) {
      case StmtKind::kIf:
        for (auto& [condition, body] : statement.branches) {
          check(condition.get(), true);
          check(body, true);
        }
        check(statement.otherwise, true);
        return;
      case StmtKind::kMacro:
      case StmtKind::kCall:
        check(statement.value.get(), is_soft);
        check_macro(statement);
        return;
      case StmtKind::kBlock:
        check_block(statement);
        return;
      default:
        break;
    }
    check(statement.target.get(), is_soft);
    check(statement.value.get(), is_soft && statement.kind != StmtKind::kFilter);
    check(statement.condition.get(), false);
    for (Parameter& parameter : statement.parameters) check(parameter.value.get(), is_soft);
    check(statement.body, false);
    check(statement.otherwise, false);
  }

  void check_macro(Stmt& statement) {
    const Extras around = std::exchange(used_, {});
    for (Parameter& parameter : statement.parameters) check(parameter.value.get(), false);
    check(statement.body, false);
    statement.extras = used_;
    for (const Parameter& parameter : statement.parameters) {
      if (parameter.name == "varargs") statement.extras.varargs = false;
      if (parameter.name == "kwargs") statement.extras.kwargs = false;
    }
    used_ = {used_.varargs || around.varargs, used_.kwargs || around.kwargs,
             used_.caller || around.caller};
  }

  void check_block(Stmt& statement) {
    if (!blocks_.insert(statement.text).second)
      fail_at(statement.where, cat("expected one block \"", statement.text, "\", got two"));
    const Extras around = used_;
    check(statement.body, false);
    used_ = around;
  }

  void check(const Expr* expr, bool is_soft) {
    if (!expr) return;
    is_soft = is_soft || expr->kind == ExprKind::kConditional;
    const bool is_filter = expr->kind == ExprKind::kFilter;
    if ((is_filter || expr->kind == ExprKind::kTest) && !expr->builtin && !is_soft)
      fail_at(expr->where, cat("expected a ", is_filter ? "filter" : "test",
                               " that laconic knows, got \"", expr->name, "\""));
    if (expr->kind == ExprKind::kName) {
      used_.varargs = used_.varargs || expr->name == "varargs";
      used_.kwargs = used_.kwargs || expr->name == "kwargs";
      used_.caller = used_.caller || expr->name == "caller";
    }
    for (const ExprPointer& child : expr->children) check(child.get(), is_soft);
    for (const auto& [name, value] : expr->named) check(value.get(), is_soft);
  }

  const std::string& place_;
  Extras used_;
  std::set<std::string> blocks_;
};

void find_blocks(const Body& body, std::vector<const Stmt*>& out) {
  for (const Stmt& statement : body) {
    if (statement.kind == StmtKind::kBlock) out.push_back(&statement);
    for (const auto& branch : statement.branches) find_blocks(branch.second, out);
    find_blocks(statement.body, out);
    find_blocks(statement.otherwise, out);
  }
}

}  // namespace

void check_template(Body& body, const std::string& place) { Checker(place).check(body, false); }

std::vector<const Stmt*> find_blocks(const Body& body) {
  std::vector<const Stmt*> out;
  find_blocks(body, out);
  return out;
}

}  // namespace laconic::jinja
