// The parts of a template that run more than once: loops, macros, call blocks and named blocks.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_eval.h"

namespace laconic::jinja {

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
  here = statement.where;
  const auto items = std::make_shared<const Values>(loop_items(statement, value));
  if (items->empty()) {
    const Scoped scoped(*this);
    return run_body(statement.otherwise);
  }
  // One object for all turns, as in jinja2: what keeps `loop` sees it move on.
  const auto loop = std::make_shared<Loop>(
      Loop{items, 0, depth0, std::make_shared<std::vector<Value>>(), nullptr});
  charge(sizeof(Loop) + items->size() * sizeof(Value) + 128);
  if (statement.is_recursive) {
    // Weak, as of a macro: the scope holds the loop.
    loop->recurse = [this, &statement, depth0, home = std::weak_ptr<Scope>(scope_)](
                        Run& run, const Value& children) {
      const std::shared_ptr<Scope> scope = home.lock();
      if (!scope) run.fail("expected a loop whose scope is open, got one that outlived it");
      const Deeper deeper(*this, here);
      const Scoped scoped(*this, scope);
      return recurse(statement, children, depth0 + 1);
    };
  }
  bool any_completed = false;
  for (size_t i = 0; i < items->size(); ++i) {
    spend(1);
    loop->index0 = i;
    const Scoped scoped(*this);
    assign(*statement.target, (*items)[i]);
    set("loop", Value(std::shared_ptr<const Loop>(loop)));
    const Flow flow = run_body(statement.body);
    if (flow == Flow::kBreak) break;
    any_completed = any_completed || flow == Flow::kNext;
  }
  // jinja2 runs the else of a loop whose body never came to its end, as by a break at once.
  if (any_completed) return Flow::kNext;
  const Scoped scoped(*this);
  return run_body(statement.otherwise);
}

Value Evaluator::recurse(const Stmt& statement, const Value& children, int64_t depth0) {
  std::string text;
  const Captured captured(*this, text);
  loop_over(statement, children, depth0);
  return Value(std::move(text));
}

void Evaluator::run_call_block(const Stmt& statement) {
  const Expr& call = *statement.value;
  const Value callee = eval(*call.children[0]);
  Arguments arguments = eval_arguments(call, 1);
  arguments.named.emplace_back("caller", macro(statement, ""));
  here = call.where;
  const Value value = this->call(callee, std::move(arguments));
  spend(value.weight());
  write(value.str());
}

Value Evaluator::macro(const Stmt& statement, const std::string& name) {
  Values names;
  for (const Parameter& parameter : statement.parameters) names.emplace_back(parameter.name);
  // A weak link: the scope holds the macro, so that a strong one would keep both alive for ever.
  const std::weak_ptr<Scope> home = scope_;
  return Function{name,
                  [this, &statement, home](Run& run, Arguments& arguments) {
                    const std::shared_ptr<Scope> scope = home.lock();
                    if (!scope)
                      run.fail("expected a macro whose scope is open, got one that outlived it");
                    return call_macro(statement, scope, arguments);
                  },
                  {{"name", name.empty() ? Value(None{}) : Value(name)},
                   {"arguments", Value::tuple(std::move(names))},
                   {"catch_kwargs", statement.extras.kwargs},
                   {"catch_varargs", statement.extras.varargs},
                   {"caller", statement.extras.caller}}};
}

namespace {

// Takes the arguments away that no parameter of the macro takes: what `varargs`, `kwargs` and
// `caller` are. Those that its body does not ask for are left, for Bound to refuse.
struct Spare {
  Values varargs;
  Pairs kwargs;
  Value caller = Value::undefined("caller");
};

Spare take_spare(const Stmt& statement, Arguments& arguments) {
  Spare spare;
  const auto is_parameter = [&](const std::string& name) {
    return std::any_of(statement.parameters.begin(), statement.parameters.end(),
                       [&](const Parameter& parameter) { return parameter.name == name; });
  };
  std::vector<std::pair<std::string, Value>> kept;
  for (auto& [name, value] : arguments.named) {
    if (is_parameter(name)) {
      kept.emplace_back(name, std::move(value));
    } else if (name == "caller" && statement.extras.caller) {
      spare.caller = std::move(value);
    } else if (name != "caller" && statement.extras.kwargs) {
      spare.kwargs.emplace_back(Value(name), std::move(value));
    } else {
      kept.emplace_back(name, std::move(value));
    }
  }
  arguments.named = std::move(kept);
  const size_t count = statement.parameters.size();
  if (statement.extras.varargs && arguments.positional.size() > count) {
    const auto first = arguments.positional.begin() + static_cast<std::ptrdiff_t>(count);
    spare.varargs.assign(first, arguments.positional.end());
    arguments.positional.resize(count);
  }
  return spare;
}

}  // namespace

void Evaluator::bind_parameters(const Stmt& statement, const Bound& bound) {
  for (size_t i = 0; i < statement.parameters.size(); ++i) {
    const Parameter& parameter = statement.parameters[i];
    Value value = Value::undefined(parameter.name);
    if (bound.has(i)) {
      value = bound[i];
    } else if (parameter.value) {
      value = eval(*parameter.value);
    }
    set(parameter.name, std::move(value));
  }
}

Value Evaluator::call_macro(const Stmt& statement, const std::shared_ptr<Scope>& home,
                            Arguments& arguments) {
  const Deeper deeper(*this, here);
  Spare spare = take_spare(statement, arguments);
  std::vector<std::string_view> names;
  for (const Parameter& parameter : statement.parameters) names.push_back(parameter.name);
  const Bound bound(*this, arguments, names, 0);
  const Scoped scoped(*this, home);
  if (statement.extras.caller) set("caller", std::move(spare.caller));
  if (statement.extras.varargs) set("varargs", Value::tuple(std::move(spare.varargs)));
  if (statement.extras.kwargs) set("kwargs", Value::dict(std::move(spare.kwargs)));
  bind_parameters(statement, bound);
  std::string text;
  const Captured captured(*this, text);
  run_body(statement.body);
  return Value(std::move(text));
}

// Sees the template's own variables, and those around it only where it says so.
Evaluator::Flow Evaluator::run_block(const Stmt& statement) {
  const Deeper deeper(*this, statement.where);
  const Scoped scoped(*this, statement.is_scoped ? scope_ : root_);
  return run_body(statement.body);
}

Value Evaluator::self() {
  Namespace* const space = make_namespace();
  for (const Stmt* block : find_blocks(*template_)) {
    const auto shown = [this, block](Run& run, Arguments& arguments) {
      const Bound bound(run, arguments, {});
      std::string text;
      {
        const Captured captured(*this, text);
        const Scoped scoped(*this, root_);
        run_block(*block);
      }
      return Value(std::move(text));
    };
    space->members.emplace_back(block->text, Function{block->text, shown, {}});
  }
  return space;
}

}  // namespace laconic::jinja
