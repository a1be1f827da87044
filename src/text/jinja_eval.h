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

  // Both count the variables that they look at.
  void set(const std::string& name, Value value, size_t& looked_at);
  const Value* find(const std::string& name, size_t& looked_at) const;  // here or in a parent
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
  // Counts recursion for as long as it lives.
  class Deeper {
   public:
    Deeper(Evaluator& evaluator, Location where);
    ~Deeper() { --evaluator_.depth_; }
    Deeper(const Deeper&) = delete;

   private:
    Evaluator& evaluator_;
  };
  // A scope for as long as it lives.
  class Scoped {
   public:
    Scoped(Evaluator& evaluator, std::shared_ptr<Scope> parent);
    explicit Scoped(Evaluator& evaluator) : Scoped(evaluator, evaluator.scope_) {}
    ~Scoped() { evaluator_.scope_ = std::move(saved_); }
    Scoped(const Scoped&) = delete;

   private:
    Evaluator& evaluator_;
    std::shared_ptr<Scope> saved_;
  };
  // What is written goes to `text` for as long as it lives.
  class Captured {
   public:
    Captured(Evaluator& evaluator, std::string& text)
        : evaluator_(evaluator), outer_(std::exchange(evaluator.out_, &text)) {}
    ~Captured() { evaluator_.out_ = outer_; }
    Captured(const Captured&) = delete;

   private:
    Evaluator& evaluator_;
    std::string* const outer_;
  };

  Flow run_body(const Body& body);
  Flow run(const Stmt& statement);
  Flow run_if(const Stmt& statement);
  Flow run_for(const Stmt& statement);
  Flow run_with(const Stmt& statement);
  Flow run_generation(const Stmt& statement);
  Flow run_capture(const Stmt& statement);  // block set and filter block
  void run_call_block(const Stmt& statement);
  Flow run_block(const Stmt& statement);
  void write(std::string_view text);
  void set(const std::string& name, Value value);
  void assign(const Expr& target, Value value);
  Values loop_items(const Stmt& statement, const Value& value);
  Flow loop_over(const Stmt& statement, const Value& value, int64_t depth0);
  Value recurse(const Stmt& statement, const Value& children, int64_t depth0);
  Value macro(const Stmt& statement, const std::string& name);
  void bind_parameters(const Stmt& statement, const Bound& bound);
  Value call_macro(const Stmt& statement, const std::shared_ptr<Scope>& home, Arguments& arguments);

  Value eval(const Expr& expr);
  Value eval_name(const Expr& expr);
  Value self();  // the template's blocks as functions
  Value eval_slice(const Expr& expr);
  Value eval_compare(const Expr& expr);
  Value eval_binary(const Expr& expr);
  Value eval_builtin(const Expr& expr, const Value* input);
  Value eval_operation(const Expr& expr);
  Arguments eval_arguments(const Expr& expr, size_t first);

  std::shared_ptr<Scope> scope_;
  const std::shared_ptr<Scope> root_;  // the outermost one
  const Body* template_ = nullptr;
  std::string* out_ = nullptr;
  const std::string* whole_ = nullptr;  // the rendering itself; out_ may be a capture's
  std::vector<Span> generated_;
  int depth_ = 0;
};

// a op b for + - * / // % **.
Value compute(Run& run, const std::string& op, const Value& a, const Value& b);
Value negate(Run& run, const Value& value);
// format % values, two strings or a string and what its directives take (jinja_format.cc).
Value format_percent(Run& run, const Value& format, const Value& values);

}  // namespace laconic::jinja
