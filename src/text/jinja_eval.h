// Runs a parsed template: scopes as Jinja has them, output bounded.
//
// A for body, a macro, a call block, a with block and the body of a block set have scopes of their
// own; if has none. Errors: Error(kData) as `place:line:column: ...` for what the data made go
// wrong, Error(kModel) at a limit (steps, 64 MiB of output, depth of recursion). Deterministic but
// for strftime_now.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/span.h"
#include "text/jinja_ast.h"
#include "text/jinja_builtins.h"

namespace laconic::jinja {

struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<std::string, Value>> variables;

  void set(const std::string& name, Value value);
  const Value* find(const std::string& name) const;  // here or in a parent
};

class Evaluator : public Run {
 public:
  // `variables`: the template's context.
  Evaluator(const std::string& place, std::vector<std::pair<std::string, Value>> variables);

  std::string render(const Body& body);
  // Where the last rendering's generation blocks stand in its text, in order. Blocks within macros
  // and captures are not among them: their text may go anywhere.
  const std::vector<Span>& generated() const { return generated_; }

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class Deeper;  // counts recursion
  class Scoped;  // a scope for as long as it lives

  Flow run_body(const Body& body);
  Flow run(const Stmt& statement);
  Flow run_if(const Stmt& statement);
  Flow run_for(const Stmt& statement);
  Flow run_with(const Stmt& statement);
  Flow run_generation(const Stmt& statement);
  Flow run_capture(const Stmt& statement);  // block set and filter block
  void run_call_block(const Stmt& statement);
  void write(std::string_view text);
  void assign(const Expr& target, Value value);
  Values loop_items(const Stmt& statement, const Value& value);
  Flow loop_over(const Stmt& statement, const Value& value, int64_t depth0);
  Value macro(const Stmt& statement, const std::string& name);
  Value call_macro(const Stmt& statement, const std::shared_ptr<Scope>& home, Arguments& arguments);

  Value eval(const Expr& expr);
  Value eval_name(const Expr& expr);
  Value eval_slice(const Expr& expr);
  Value eval_compare(const Expr& expr);
  Value eval_binary(const Expr& expr);
  Value eval_builtin(const Expr& expr, const Value* input);
  Value eval_operation(const Expr& expr);
  Arguments eval_arguments(const Expr& expr, size_t first);

  std::shared_ptr<Scope> scope_;
  std::string* out_ = nullptr;
  const std::string* whole_ = nullptr;  // the rendering itself; out_ may be a capture's
  std::vector<Span> generated_;
  int depth_ = 0;
};

// a op b for + - * / // % **.
Value compute(Run& run, const std::string& op, const Value& a, const Value& b);
Value negate(Run& run, const Value& value);
// format % values (jinja_format.cc).
Value format_percent(Run& run, const std::string& format, const Value& values);

}  // namespace laconic::jinja
