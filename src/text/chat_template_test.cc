// SPDX-License-Identifier: Apache-2.0
#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/test_data.h"

namespace laconic {
namespace {

std::vector<Json> read_rows(const std::string& path) {
  std::istringstream lines(read_file(path));
  std::vector<Json> rows;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty())
      rows.push_back(Json::parse(line, path + ":" + std::to_string(rows.size() + 1)));
  }
  return rows;
}

std::string render(const std::string& source, const Json& context = Json::object()) {
  return ChatTemplate::parse(source, "t").render(context);
}

// What `source` is refused with, or its output where it is not.
std::string fault_of(const std::string& source, const Json& context = Json::object()) {
  try {
    return "rendered: " + render(source, context);
  } catch (const Error& error) {
    return error.what();
  }
}

struct Score {
  size_t right = 0;
  size_t total = 0;
};

bool flag_of(const Json& row, const char* name, bool otherwise) {
  const Json* value = row.find(name);
  return value && value->is_boolean() ? value->as_boolean(name) : otherwise;
}

// Rows whose expected text is jinja2's own: where the two disagree, jinja2's wins; where it raises,
// there is none.
Score score_rows(const std::string& name, const char* template_field, const char* context_field,
                 bool trims) {
  Score score;
  for (const Json& row : read_rows(shared_data_path("chat-templates/" + name))) {
    const bool agrees = flag_of(row, "jinja2_agrees", false);
    const Json* own = row.find("jinja2_output");
    if (!agrees && (!own || own->is_null())) continue;
    const std::string& expected = (agrees ? row.at("expected", name) : *own).as_string(name);
    const std::string& source = row.at(template_field, name).as_string(name);
    ++score.total;
    try {
      const auto chat = ChatTemplate::parse(source, name, flag_of(row, "trim_blocks", trims),
                                            flag_of(row, "lstrip_blocks", trims));
      const std::string text = chat.render(row.at(context_field, name));
      EXPECT_EQ(text, expected) << source;
      score.right += text == expected;
    } catch (const Error& error) {
      ADD_FAILURE() << error.what() << "\n" << source;
    }
  }
  testing::Test::RecordProperty(name, static_cast<int>(score.right));
  return score;
}

// The three row sets of the shared data: 100 % of the rows that have an answer.
TEST(ChatTemplateTest, RendersTheSharedRowsAsJinja2) {
  if (!file_exists(shared_data_path("chat-templates/jinja-unit.jsonl")))
    GTEST_SKIP() << "no shared data at " << shared_data_path("chat-templates");
  EXPECT_EQ(score_rows("jinja-e2e.jsonl", "chat_template", "data", true).total, 32u);
  EXPECT_EQ(score_rows("jinja-unit.jsonl", "template", "context", true).total, 87u);
  EXPECT_EQ(score_rows("minja-syntax.jsonl", "template", "context", false).total, 73u);
}

// Real templates on many conversations; made by tests/golden/chat_templates/make.py.
TEST(ChatTemplateTest, RendersRealTemplatesAsTransformers) {
  const std::string folder = shared_data_path("chat-templates/jinja/");
  if (!folder_exists(folder)) GTEST_SKIP() << "no shared data at " << folder;
  const std::string golden = LACONIC_SOURCE_DIR "/tests/golden/chat_templates/";
  std::map<std::string, Json> contexts;
  for (const Json& row : read_rows(golden + "cases.jsonl"))
    contexts[row.at("name", "case").as_string("case")] = row.at("context", "case");
  for (const Json& row : read_rows(golden + "golden.jsonl")) {
    const std::string name = row.at("template", golden).as_string(golden);
    const std::string& label = row.at("case", golden).as_string(golden);
    SCOPED_TRACE(name + " " + label);
    const Json& output = row.at("output", golden);
    const auto chat = ChatTemplate::parse(read_file(folder + name), name);
    try {
      const std::string text = chat.render(contexts.at(label));
      ASSERT_TRUE(output.is_string()) << "rendered what transformers refuses: " << text;
      EXPECT_EQ(text, output.as_string(golden));
    } catch (const Error& error) {
      EXPECT_TRUE(output.is_null()) << error.what();
      EXPECT_EQ(error.kind(), ErrorKind::kData);
    }
  }
}

// Own table: {template, context, output} or {template, context, error}; outputs from jinja2 (see
// make_syntax.py).
TEST(ChatTemplateTest, RendersTheTableOfSyntax) {
  const std::string path = LACONIC_SOURCE_DIR "/tests/golden/chat_templates/syntax.jsonl";
  for (const Json& row : read_rows(path)) {
    const std::string& source = row.at("template", path).as_string(path);
    const Json& output = row.at("output", path);
    const std::string got = fault_of(source, row.at("context", path));
    if (output.is_null()) {
      EXPECT_EQ(got.rfind("t:", 0), 0u) << source << "\n" << got;
    } else {
      EXPECT_EQ(got, "rendered: " + output.as_string(path)) << source;
    }
  }
}

// The language as a whole: filters, tests, methods, operators and statements on values of every
// kind, made by tests/golden/jinja/make.py with Jinja2. The first line is their context.
TEST(ChatTemplateTest, RendersTheTableOfTheLanguageAsJinja2) {
  const std::string path = LACONIC_SOURCE_DIR "/tests/golden/jinja/language.jsonl";
  const std::vector<Json> rows = read_rows(path);
  ASSERT_GT(rows.size(), 8000u);
  const Json& context = rows[0].at("context", path);
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::string& source = rows[i].at("template", path).as_string(path);
    const std::string got = fault_of(source, context);
    if (const Json* output = rows[i].find("output")) {
      EXPECT_EQ(got, "rendered: " + output->as_string(path)) << source;
    } else {
      EXPECT_NE(got.rfind("rendered: ", 0), 0u) << source << "\n" << got;
    }
  }
}

// Each in a fraction of the two seconds that a rendering may take on a machine with other work.
TEST(ChatTemplateTest, EndsHostileTemplatesSoon) {
  const std::string path = LACONIC_SOURCE_DIR "/tests/cases/hostile_templates.txt";
  std::istringstream lines(read_file(path));
  size_t num_templates = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '-') continue;
    ++num_templates;
    const auto start = std::clock();
    const std::string got = fault_of(line);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    EXPECT_LT(seconds, 2) << line;
    EXPECT_EQ(got.substr(0, got.find('\n')), got) << "more than a line: " << line;
    EXPECT_NE(got.rfind("rendered: ", 0), 0u) << line << "\n" << got.substr(0, 200);
  }
  EXPECT_GT(num_templates, 30u);
}

TEST(ChatTemplateTest, SaysWhereATemplateLeavesTheLanguage) {
  EXPECT_EQ(
      fault_of("a\n  {% include 'x' %}"),
      "t:2:6: expected a template that stands by itself, got {% include %}, which laconic does "
      "not have");
  EXPECT_EQ(fault_of("{% do x %}"), "t:1:4: expected a statement that laconic knows, got \"do\"");
  EXPECT_EQ(fault_of("{{ x | nosuch }}"),
            "t:1:8: expected a filter that laconic knows, got \"nosuch\"");
  EXPECT_EQ(fault_of("{{ x is nosuch }}"),
            "t:1:9: expected a test that laconic knows, got \"nosuch\"");
  EXPECT_EQ(fault_of("{% if x %}\nyes"), "t:2:4: expected {% endif %}, got the template's end");
  EXPECT_EQ(fault_of("{{ 'x }}"),
            "t:1:4: expected the string's closing quote, got the template's end");
  EXPECT_EQ(fault_of("{{ 1 ] }}"), "t:1:6: expected no closing bracket, got \"]\"");
  EXPECT_EQ(fault_of("{% break %}"), "t:1:4: expected a loop around {% break %}, got none");
  EXPECT_EQ(fault_of("{{ [1]|random }}"),
            "t:1:8: expected a template without chance, got the filter \"random\"");
  EXPECT_EQ(fault_of(std::string(3 << 20, 'x')),
            "t: expected a template of at most 1048576 bytes, got 3145728");
  EXPECT_EQ(fault_of("\xff"), "t: expected UTF-8 text, got other bytes");
}

TEST(ChatTemplateTest, SaysWhereTheMessagesGoWrong) {
  EXPECT_EQ(fault_of("{{ m.role }}"),
            "t:1:6: expected a value with the field \"role\", got m, which is undefined");
  EXPECT_EQ(fault_of("{{- raise_exception('no ' ~ 'tools') }}"),
            "t:1:20: the template refuses these messages: no tools");
  EXPECT_EQ(fault_of("{{ 'a' + 1 }}"), "t:1:8: expected values that \"+\" takes, got str and int");
  EXPECT_EQ(fault_of("{% set x = [] %}\n{{ x.append(1) }}"),
            "t:2:12: expected a function, got append, which is undefined");
}

TEST(ChatTemplateTest, StaysWithinItsLimits) {
  const std::string loop =
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
  EXPECT_NE(fault_of(loop).find("steps"), std::string::npos);
  EXPECT_NE(fault_of("{{ range(1000000000) }}").find("at most 100000 numbers"), std::string::npos);
  EXPECT_NE(fault_of("{{ 'x' * 9999999999 }}").find("bytes of text"), std::string::npos);
  EXPECT_NE(fault_of("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").find("recursion"),
            std::string::npos);
  EXPECT_NE(fault_of("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}").find("recursion"),
            std::string::npos);
  EXPECT_NE(
      fault_of("{% macro m(c) %}{{ caller }}{% call m(c) %}{% endcall %}{% endmacro %}{{ m(1) }}")
          .find("recursion"),
      std::string::npos);
  EXPECT_NE(fault_of("{% set n = namespace(s='x') %}{% for i in range(99) %}"
                     "{% set n.s = n.s ~ n.s %}{% endfor %}")
                .find("steps"),
            std::string::npos);
  EXPECT_NE(fault_of("{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}").find("expected"),
            std::string::npos);
  EXPECT_NE(fault_of("{{ 'x'|center(999999999) }}").find("at most 100000"), std::string::npos);
  EXPECT_NE(fault_of("{{ '%9999999d' % 1 }}").find("width of at most"), std::string::npos);
  EXPECT_NE(fault_of("{{ [1]|batch(999999999, 0)|list }}").find("steps"), std::string::npos);
  // One list held twice, sixty levels deep: small, but not when it is written out or compared.
  const std::string doubled =
      "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}"
      "{% set n.y = {'a': n.y, 'b': n.y} %}{% endfor %}";
  EXPECT_NE(fault_of(doubled + "{{ n.x }}").find("items in all"), std::string::npos);
  EXPECT_NE(
      fault_of("{% set n = namespace(x=[1]) %}{% for i in range(20) %}"
               "{% set n.x = [n.x, n.x] %}{% endfor %}"
               "{% for i in range(999) %}{% if n.x == [n.x, n.x][0] %}{% endif %}{% endfor %}")
          .find("steps"),
      std::string::npos);
  EXPECT_NE(fault_of("{{ ['x' * 9999] * 9999 | join }}").find("expected"), std::string::npos);
  EXPECT_NE(fault_of("{{ " + std::string(5000, '(') + "1" + std::string(5000, ')') + " }}")
                .find("levels of nesting"),
            std::string::npos);
  EXPECT_NE(fault_of("{% set n = namespace(x=[]) %}{% for i in range(9999) %}"
                     "{% set n.x = [n.x] %}{% endfor %}{{ n.x }}")
                .find("nesting"),
            std::string::npos);
  std::string chain = "{{ 1";
  for (int i = 0; i < 5000; ++i) chain += "+1";
  EXPECT_NE(fault_of(chain + " }}").find("steps in a row"), std::string::npos);
  // A namespace that holds itself is freed with the rendering.
  EXPECT_EQ(render("{% set n = namespace() %}{% set n.n = n %}ok"), "ok");
}

}  // namespace
}  // namespace laconic
