// The tree of a parsed template.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja_builtins.h"
#include "text/jinja_lexer.h"
#include "text/jinja_value.h"

namespace laconic::jinja {

struct Expr;
using ExprPointer = std::unique_ptr<Expr>;

enum class ExprKind {
  kConstant,
  kName,
  kList,       // children: items
  kTuple,      // children: items
  kDict,       // children: key, value, key, value, ...
  kAttribute,  // children[0].name
  kItem,       // children[0][children[1]]
  kSlice,      // children[0][children[1] : children[2] : children[3]], the last three may be null
  kCall,       // children[0](children[1...], named)
  kFilter,  // children[0] | filter(children[1...], named); children[0] is null for a filter block
  kTest,    // children[0] is test(children[1...], named)
  kNot,
  kNegate,
  kPlus,
  kBinary,  // name: + - * / // % **
  kAnd,
  kOr,
  kConcat,       // children joined as text
  kCompare,      // children[0] operators[0] children[1] operators[1] ...
  kUnpack,       // *children[0] or **children[0] (name) among the arguments of a call
  kConditional,  // children: value, condition, otherwise (may be null)
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  Location where;
  int depth = 1;
  std::string name;
  Value constant;
  std::vector<ExprPointer> children;
  std::vector<std::pair<std::string, ExprPointer>> named;
  std::vector<std::string> operators;
  Builtin builtin = nullptr;  // of a filter or test; nullptr: there is none of this name
};

struct Stmt;
using Body = std::vector<Stmt>;

enum class StmtKind {
  kText,
  kOutput,
  kIf,          // branches; otherwise
  kFor,         // target in value if condition; body; otherwise
  kSet,         // target = value
  kSetBlock,    // target = body (through the filters in value, if any)
  kMacro,       // name(parameters); body
  kCall,        // value is the call, parameters are the caller's
  kFilter,      // value is the chain of filters over body
  kWith,        // parameters are the assignments
  kGroup,       // body
  kGeneration,  // body: a generation block
  kBlock,       // text is its name; body
  kRefused,     // what would need other templates, refused if it is met; text says what
  kBreak,
  kContinue,
};

// What a macro's body asks for by name, besides its parameters.
struct Extras {
  bool varargs = false, kwargs = false, caller = false;
};

struct Parameter {
  std::string name;
  ExprPointer value;  // default, may be null
};

struct Stmt {
  StmtKind kind = StmtKind::kText;
  Location where;
  std::string text;
  ExprPointer target, value, condition;
  std::vector<Parameter> parameters;
  std::vector<std::pair<ExprPointer, Body>> branches;
  Body body, otherwise;
  bool is_recursive = false;  // of kFor: its loop can be called
  bool is_scoped = false;     // of kBlock: sees the variables around it
  Extras extras;              // of kMacro and kCall
};

// Error(kModel) with line and column for anything outside the language.
Body parse_template(const std::vector<Token>& tokens, const std::string& place);

// Fills in `extras`, and refuses what jinja2 refuses when it compiles: filters and tests that do
// not exist, unless a condition decides whether they are met; two blocks of one name. Part of
// parse_template.
void check_template(Body& body, const std::string& place);
// The blocks of a template, in order.
std::vector<const Stmt*> find_blocks(const Body& body);

}  // namespace laconic::jinja
