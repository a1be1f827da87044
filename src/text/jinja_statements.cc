// Tokens -> statements: the upper half of the template parser.
// SPDX-License-Identifier: Apache-2.0
#include <initializer_list>
#include <utility>

#include "base/error.h"
#include "text/jinja_ast.h"
#include "text/jinja_parser.h"

namespace laconic::jinja {
namespace {

class StatementParser {
 public:
  StatementParser(const std::vector<Token>& tokens, const std::string& place)
      : exprs_(tokens, place) {}

  Body run() {
    Body body = until({});
    if (exprs_.current().kind != TokenKind::kEnd) exprs_.fail_expected("text or a tag");
    return body;
  }

 private:
  // Statements up to a block tag whose name is one of `ends`; the name stays the current token.
  Body until(std::initializer_list<std::string_view> ends) {
    const ExprParser::Nested nested(exprs_);
    Body body;
    while (exprs_.current().kind != TokenKind::kEnd) {
      const Token& token = exprs_.next();
      if (token.kind == TokenKind::kText) {
        body.push_back(make(StmtKind::kText, token.where));
        body.back().text = token.text;
      } else if (token.kind == TokenKind::kOutputBegin) {
        body.push_back(make(StmtKind::kOutput, token.where));
        body.back().value = exprs_.tuple();
        exprs_.expect(TokenKind::kOutputEnd, "\"}}\"");
      } else {
        for (const std::string_view end : ends) {
          if (exprs_.at_name(end)) return body;
        }
        body.push_back(block());
      }
    }
    if (ends.size() > 0) exprs_.fail_expected(cat("{% ", *(ends.end() - 1), " %}"));
    return body;
  }

  static Stmt make(StmtKind kind, Location where) {
    Stmt statement;
    statement.kind = kind;
    statement.where = where;
    return statement;
  }

  void end_tag() { exprs_.expect(TokenKind::kBlockEnd, "\"%}\""); }

  // The rest of the opening tag, the body, and the tag `end`.
  Body body_until(std::string_view end) {
    end_tag();
    Body body = until({end});
    exprs_.next();
    end_tag();
    return body;
  }

  Stmt block() {
    const Token& token = exprs_.current();
    const std::string name = exprs_.expect_name();
    if (name == "if") return if_block(token.where);
    if (name == "for") return for_block(token.where);
    if (name == "set") return set_block(token.where);
    if (name == "macro") return macro(token.where);
    if (name == "call") return call_block(token.where);
    if (name == "with") return with_block(token.where);
    if (name == "filter") {
      Stmt statement = make(StmtKind::kFilter, token.where);
      statement.value = exprs_.filters(nullptr, true);
      statement.body = body_until("endfilter");
      return statement;
    }
    if (name == "generation") {
      Stmt statement = make(StmtKind::kGeneration, token.where);
      statement.body = body_until("endgeneration");
      return statement;
    }
    if (name == "break" || name == "continue") {
      if (loops_ == 0)
        exprs_.fail_at(token.where, cat("expected a loop around {% ", name, " %}, got none"));
      Stmt statement = make(name == "break" ? StmtKind::kBreak : StmtKind::kContinue, token.where);
      end_tag();
      return statement;
    }
    if (name == "block") return named_block(token.where);
    if (name == "print") return print(token.where);
    for (const std::string_view other : {"include", "import", "from", "extends", "autoescape"}) {
      if (name == other) return refused(token.where, name);
    }
    exprs_.fail_at(token.where, cat("expected a statement that laconic knows, got \"", name, "\""));
  }

  // jinja2 knows these but cannot do them without a loader of templates either, and only complains
  // where one is met.
  Stmt refused(Location where, const std::string& name) {
    Stmt statement = make(StmtKind::kRefused, where);
    statement.text = name;
    while (exprs_.current().kind != TokenKind::kBlockEnd) {
      if (exprs_.current().kind == TokenKind::kEnd) exprs_.fail_expected("\"%}\"");
      exprs_.next();
    }
    if (name == "autoescape") {
      statement.body = body_until("endautoescape");
    } else {
      end_tag();
    }
    return statement;
  }

  Stmt named_block(Location where) {
    Stmt statement = make(StmtKind::kBlock, where);
    statement.text = exprs_.expect_name();
    statement.is_scoped = exprs_.skip_name("scoped");
    const bool is_required = exprs_.skip_name("required");
    const int loops = std::exchange(loops_, 0);
    end_tag();
    statement.body = until({"endblock"});
    loops_ = loops;
    exprs_.next();
    exprs_.skip_name(statement.text);
    end_tag();
    if (!is_required) return statement;
    statement.kind = StmtKind::kRefused;
    statement.text = "required block";
    return statement;
  }

  Stmt print(Location where) {
    Stmt statement = make(StmtKind::kGroup, where);
    while (exprs_.current().kind != TokenKind::kBlockEnd) {
      if (!statement.body.empty()) exprs_.expect_operator(",");
      statement.body.push_back(make(StmtKind::kOutput, exprs_.current().where));
      statement.body.back().value = exprs_.expression();
    }
    end_tag();
    return statement;
  }

  Stmt if_block(Location where) {
    Stmt statement = make(StmtKind::kIf, where);
    while (true) {
      ExprPointer condition = exprs_.tuple(false);
      end_tag();
      Body body = until({"elif", "else", "endif"});
      statement.branches.emplace_back(std::move(condition), std::move(body));
      if (!exprs_.skip_name("elif")) break;
    }
    if (exprs_.skip_name("else")) {
      statement.otherwise = body_until("endif");
    } else {
      exprs_.next();
      end_tag();
    }
    return statement;
  }

  Stmt for_block(Location where) {
    Stmt statement = make(StmtKind::kFor, where);
    if (exprs_.at_name("loop")) exprs_.fail_expected("a name other than \"loop\"");
    statement.target = exprs_.target("in", false);
    exprs_.expect_name("in");
    statement.value = exprs_.tuple(false, "recursive");
    if (exprs_.skip_name("if")) statement.condition = exprs_.expression();
    statement.is_recursive = exprs_.skip_name("recursive");
    end_tag();
    ++loops_;
    statement.body = until({"else", "endfor"});
    --loops_;
    if (exprs_.skip_name("else")) {
      statement.otherwise = body_until("endfor");
    } else {
      exprs_.next();
      end_tag();
    }
    return statement;
  }

  Stmt set_block(Location where) {
    Stmt statement = make(StmtKind::kSet, where);
    statement.target = exprs_.target("", true);
    if (exprs_.skip_operator("=")) {
      statement.value = exprs_.tuple();
      end_tag();
      return statement;
    }
    statement.kind = StmtKind::kSetBlock;
    if (exprs_.skip_operator("|")) statement.value = exprs_.filters(nullptr, true);
    statement.body = body_until("endset");
    return statement;
  }

  std::vector<Parameter> signature() {
    std::vector<Parameter> parameters;
    exprs_.expect_operator("(");
    while (!exprs_.at_operator(")")) {
      if (!parameters.empty()) exprs_.expect_operator(",");
      Parameter parameter;
      parameter.name = exprs_.expect_name();
      if (exprs_.skip_operator("=")) {
        parameter.value = exprs_.expression();
      } else if (!parameters.empty() && parameters.back().value) {
        exprs_.fail_expected("\"=\" (a parameter behind one with a default)");
      }
      parameters.push_back(std::move(parameter));
    }
    exprs_.expect_operator(")");
    return parameters;
  }

  // A body that runs on its own: a loop around it is not its loop.
  Body closed_body_until(std::string_view end) {
    const int loops = loops_;
    loops_ = 0;
    Body body = body_until(end);
    loops_ = loops;
    return body;
  }

  Stmt macro(Location where) {
    Stmt statement = make(StmtKind::kMacro, where);
    statement.text = exprs_.expect_name();
    statement.parameters = signature();
    statement.body = closed_body_until("endmacro");
    return statement;
  }

  Stmt call_block(Location where) {
    Stmt statement = make(StmtKind::kCall, where);
    if (exprs_.at_operator("(")) statement.parameters = signature();
    statement.value = exprs_.expression();
    if (statement.value->kind != ExprKind::kCall)
      exprs_.fail_at(statement.value->where, "expected a call, got another expression");
    statement.body = closed_body_until("endcall");
    return statement;
  }

  Stmt with_block(Location where) {
    Stmt statement = make(StmtKind::kWith, where);
    while (exprs_.current().kind != TokenKind::kBlockEnd) {
      if (!statement.parameters.empty()) exprs_.expect_operator(",");
      Parameter parameter;
      parameter.name = exprs_.expect_name();
      exprs_.expect_operator("=");
      parameter.value = exprs_.expression();
      statement.parameters.push_back(std::move(parameter));
    }
    statement.body = body_until("endwith");
    return statement;
  }

  ExprParser exprs_;
  int loops_ = 0;
};

}  // namespace

Body parse_template(const std::vector<Token>& tokens, const std::string& place) {
  Body body = StatementParser(tokens, place).run();
  check_template(body, place);
  return body;
}

}  // namespace laconic::jinja
