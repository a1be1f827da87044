# Renders a table of small templates with Jinja2 itself, in the environment that transformers gives chat templates.
#
# jinja2 3.1.6, markupsafe 3.0.3, Python 3.11. Writes language.jsonl beside itself: {template, output} or {template,
# error: true} on the context of the first line. Usage: python make.py
# What differs on purpose (docs/chat-templates.md) has no row here.
import copy
import json
import pathlib

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    """transformers' {% generation %}: a call block around its body."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_shown"), [], [], body).set_lineno(line)

    def _shown(self, caller):
        return caller()


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = to_json
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: "never"
    return env


CONTEXT = {
    "s": "Two red foxes, née 1987 <b>\"&\"</b>", "t": "  padded\ttext \n", "e": "", "n": 12, "m": -5, "z": 0,
    "r": 2.675, "x": True, "o": None,
    "l": [4, 1, 3], "w": ["pear", "Apple", "fig", "apple"], "nest": [[1, 2], [3, [4, None]]],
    "d": {"b": 2, "a": {"k": ["v", 1.5, False]}, "C": "see"}, "empty": {}, "nothing": [],
    "u": [{"name": "Ann", "age": 41, "tags": ["x"]}, {"name": "bo", "age": 7}, {"name": "Cy", "age": 41}],
    "keys": {"items": 1, "update": 2, "get": 3, "_own": 4},
    "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}],
}
# How a value is made, for what is asked of values of every kind.
VALUES = ["o", "nope", "x", "n", "m", "z", "r", "1e30", "10**25", "-(10**25)", "''", "s", "'ß ŉ ΑΣ Σ ǆ'", "'12'", "' -7 '", "'1_0'", "'0x1F'",
          "'3.9'", "'1e3'", "'inf'", "'nan'", "l", "()", "(1,)", "nest", "w", "d", "empty", "range(4)", "range(9, 0, -4)", "d.keys()",
          "d.values()", "d.items()", "s|safe", "'<i>'|escape", "u", "'ab'.encode()", "namespace(a=1)"]
PLAIN_FILTERS = ["abs", "capitalize", "center(9)", "count", "d('x')", "default('x', true)", "dictsort", "e", "filesizeformat",
                 "filesizeformat(true)", "first", "float", "float(9)", "forceescape", "groupby(0)|list", "indent", "int", "int(7)", "int(0, 16)",
                 "items|list", "join('-')", "last", "length", "list", "lower", "max", "min", "pprint", "replace('a', 'b')",
                 "reverse|list", "round", "round(2)", "round(-1)", "round(1, 'ceil')", "round(0, 'floor')", "safe", "select|list", "reject|list",
                 "map('string')|list", "map(attribute='a')|list", "selectattr('a')|list", "slice(2)|list", "batch(2)|list", "sort", "string", "striptags",
                 "sum", "title", "tojson", "trim", "truncate(9)", "truncate(4, true, '')", "unique|list", "upper", "urlencode", "wordcount",
                 "wordwrap(6)", "xmlattr", "attr('real')", "format(1)"]
TESTS = ["boolean", "callable", "defined", "escaped", "eq 12", "even", "false", "filter", "float", "ge 3", "gt 3", "in [12, 'a', none]",
         "integer", "iterable", "le 3", "lower", "lt 3", "mapping", "ne 12", "none", "number", "odd", "divisibleby 3", "sameas none",
         "sequence", "string", "test", "true", "undefined", "upper"]
OPERANDS = ["o", "nope", "x", "n", "m", "z", "r", "10**25", "'a'", "'a'|safe", "'<'", "l", "(1, 2)", "d", "range(3)"]
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or"]
TEXTS = ["''", "'abc'", "'ABC def'", "'Ünï ßtraße'", "'12³'", "'½'", "'A-b_c'", "'_x1'", "' \\t'", "'ΑΣ ΣΑΣ'", "'ǆ ŉ ﬁ'", "'i̇ İ'", "'a\\tb'", "'<b>'|safe"]
METHODS = ["capitalize()", "casefold()", "center(9)", "center(10, '*')", "center(9, 'é')", "center(9, 'ab')", "count('b')", "count('')", "encode()",
           "encode('ascii', 'ignore')", "encode('latin-1')", "endswith('c')", "endswith(('x', 'c'))", "endswith('b', 0, 2)", "expandtabs(4)", "find('b')", "find('b', 2)",
           "find('', 99)", "index('b')", "isalnum()", "isalpha()", "isascii()", "isdecimal()", "isdigit()", "isidentifier()",
           "islower()", "isnumeric()", "isprintable()", "isspace()", "istitle()", "isupper()", "join(['x', 'y'])", "join('xyz')", "join([1])",
           "ljust(9, '.')", "lower()", "lstrip('aA<')", "partition('b')", "removeprefix('a')", "removesuffix('c')",
           "replace('b', '<')", "replace('', '-', 2)", "rfind('b')", "rindex('b')", "rjust(9)", "rpartition('b')", "rsplit()", "rsplit('b', 1)",
           "rsplit(maxsplit=1)", "rstrip()", "split()", "split('b')", "split(sep='b', maxsplit=1)", "split('')", "splitlines()", "splitlines(true)", "startswith('A')",
           "startswith('b', 1)", "strip()", "swapcase()", "title()", "upper()", "zfill(9)", "format()", "strip(chars='a')", "nosuch()", "__class__"]
FORMATS = ["{}|1", "{0} {1} {0}|1, 'b'", "{a.b} {l[1]} {d[b]}|a=d, l=l, d=d", "{!r} {!s} {!a}|'é', 'é', 'é'", "{:>6}|{:<6}|{:^7}|{:*^7}|'a', 'b', 'c', 'd'",
           "{:05d} {:+d} {:,} {:_} {:x} {:#X} {:b} {:o}|42, 42, 1234567, 1234567, 255, 255, 5, 8", "{:.2f} {:8.3f} {:e} {:g} {:%} {:.1%}|3.14159, 2.5, 12345.678, 0.0001, 0.5, 0.256",
           "{{}} {}|1", "{} {0}|1", "{}|", "{x}|", "{:d}|'a'", "{:s}|1", "{:q}|1", "{|1", "}|1", "{:.3}|'abcdef'", "{:.3}|3.14159", "{:.3}|100.0", "{:{}}|'a', 5", "{:,.2f}|1234567.891",
           "{:=+8d}|42", "{:08.2f}|-3.14159", "{}|none", "{:5}|none", "{}|[1, 'a']", "{:5}|true", "{}|true", "{:<5}x|7", "{:c}|65", "{!x}|1", "{a[}|1", "{:.2}|12", "{:010,}|1", "{}|10**30", "{:e}|10**30"]
PERCENTS = ["%s %d|'a', 3", "%5s|%-5s|%05d|%+d|% d|'a', 'b', 42, 42, 42", "%.2f %e %g %G|3.14159, 12345.678, 0.00001, 1e20", "%x %X %o %#x %#o|255, 255, 8, 255, 8", "%r %a|'é', 'é'",
            "%c%c|65, 'é'", "%%|", "%s|", "%d|'a'", "%d|3.99", "%x|3.5", "%q|1", "%s|1, 2", "%*d|5, 42", "%-*d|5|5, 42", "%.*f|2, 3.14159", "%.3s|'abcdef'", "%i %u|5, 6", "%5.1f|2.25", "%d|10**25", "%s|none", "%f|1",
            "%05s|'a'", "%.0f|2.5", "%(a)s|1", "%|1", "%5|1", "%#.3g|1.0", "%ld|5"]
LINES = r"""
{{ "x"|safe + s }} {{ s + "x"|safe }} {{ "<"|safe ~ "<" }} {{ ("<"|safe) * 2 }} {{ "%s"|safe % "<" }} {{ ("<"|safe)|upper }} {{ ["<"|safe] }} {{ "a"|e is escaped }}
{{ ("<{}>"|safe).format("<") }} {{ ("<"|safe).join(["<", "<"|safe]) }} {{ ("a<"|safe).replace("a", "<") }} {{ ("a b"|safe).split() }} {{ ("ab"|safe)[0] is escaped }} {{ ("ab"|safe)|first is escaped }}
{{ "<"|e|e }} {{ "<"|forceescape|forceescape }} {{ "<"|e|string is escaped }} {{ "<"|e|lower is escaped }} {{ "<"|e|trim is escaped }} {{ "<"|e|replace("l", "<") }} {{ ["<"|e, "<"]|join("<") }} {{ ("<"|safe)|tojson }}
{{ none|selectattr("a") is defined }} {{ none|selectattr("a")|list }} {{ 0|map("upper")|list }} {{ nope|map("nosuch")|list }} {{ none|select("nosuch")|list }} {{ none|rejectattr("a", "nosuch")|list }}
{% if false %}{{ x|nosuch }}{% endif %}ok
{% if false %}{{ x is nosuch }}{% endif %}ok
{% if true %}{{ x|nosuch }}{% endif %}ok
{% if false %}{% for i in l %}{{ i|nosuch }}{% endfor %}{% endif %}ok
{% if false %}{% for i in l|nosuch %}{% endfor %}{% endif %}ok
{{ x|nosuch if false else 1 }}
{{ 1 if x else x|nosuch }}
{{ x or x|nosuch }}
{% macro q() %}{{ x|nosuch }}{% endmacro %}ok
{% if false %}{% include "x" %}{% endif %}{% if false %}{% import "x" as y %}{% from "x" import y %}{% endif %}ok
{% include "x" %}
{% include "x" ignore missing %}
{% import "x" as y %}
{% from "x" import y %}
{% extends "x" %}
{{ [none, none]|sort }} {{ [none]|sort }} {{ [d, d]|sort|length }} {{ w|sort }} {{ w|sort(case_sensitive=true) }} {{ w|sort(reverse=true) }}
{{ [none, 1]|sort }}
{{ [1, "a"]|sort }}
{{ u|sort(attribute="age,name")|map(attribute="name")|list }} {{ u|sort(true, attribute="age")|map(attribute="name")|list }} {{ u|sort(attribute="nope")|length }}
{{ "A-b_c"|title }} {{ "A-b_c".title() }} {{ "foo bar's (baz) [q] {w} <e> é-ü"|title }} {{ "ß".upper() }} {{ "ŉ"|upper }} {{ "ΑΣ".lower() }} {{ "ǆ"|capitalize }} {{ "ﬁx".title() }} {{ "ß"|title }} {{ "İ".lower()|length }}
{{ dict.items is defined }} {{ dict.items({"a": 1})|list }}
{{ n.items() }}
{{ l.items() }}
{{ n|items|list }}
{{ dict.items(n) }}
{{ d.items()|length }} {{ d.items() }} {{ d.keys() }} {{ d.values() }} {{ empty.items() }} {{ d.keys()|list }} {{ d.items() is sequence }} {{ d.keys() is iterable }} {{ "b" in d.keys() }} {{ d.keys() == d.keys() }} {{ d.items() == d.items() }} {{ d.values() == d.values() }}
{{ d.keys()[0] is defined }} {{ d.keys()|first }} {{ d.keys()|last }} {{ d.items()|sort }} {{ d.keys()|tojson }}
{{ d.items()|tojson }}
{{ range(3) }} {{ range(1, 9, 2) }} {{ range(9)[2:5] }} {{ range(9)[::-2] }} {{ range(3)[-1] }} {{ range(3)[7] is defined }} {{ range(3) == range(0, 3) }} {{ range(3) == [0, 1, 2] }} {{ range(3).stop }} {{ range(9).index(4) }} {{ range(9).count(4) }} {{ range(0) is sequence }} {{ range(3)|length }} {{ 2 in range(3) }} {{ range(3)|join }}
{{ range(3) + [1] }}
{{ range(3)|tojson }}
{{ range(100001)|length }}
{{ range(1.5) }}
{{ range() }}
{{ range(1, 2, 0) }}
{{ range(3, -1) | list }} {{ range(true) | list }}
{% if l|select("gt", 99) %}yes{% else %}no{% endif %}{% if (l|select("gt", 99)|list) %}yes{% else %}no{% endif %}{% if l|map("string") %}yes{% endif %}
{{ l|select("gt", 99)|length }}
{{ l|map("string")|tojson }}
{{ (l|map("string"))[0] is defined }}
{% set g = l|map("string") %}{{ g|join }}{{ g|join }}|{{ g|list }}
{% set g = l|map("string") %}{{ g|first }}{{ g|first }}{{ g|list }}{{ g|first is defined }}
{% set g = [1, 2, 3]|select %}{{ 2 in g }}{{ g|list }}
{% set g = ["a", 1]|map("nosuch") %}ok
{% set g = ["a", 1]|map("abs") %}ok{{ g|list }}
{% for i in l|map("string") %}{{ loop.index }}{{ loop.last }}{{ loop.length }}{{ i }} {% endfor %}
{{ [1, 2]|reverse }}
{{ (l|reverse)|length }}
{{ l|reverse|list }} {{ l|reverse|first }} {{ d|reverse|list }} {{ "abc"|reverse }} {{ (l|map("string"))|reverse }} {{ d.keys()|reverse|list }} {{ nope|reverse|list }}
{{ l|map("string")|last }}
{{ [1, 2, 3, 4, 5]|batch(2, "-")|list }} {{ [1, 2, 3]|batch(0)|list }} {{ [1, 2, 3]|batch(-1)|list }} {{ [1, 2, 3, 4, 5]|slice(3)|list }} {{ [1, 2, 3, 4, 5]|slice(3, "-")|list }} {{ []|slice(2)|list }} {{ []|batch(2)|list }} {{ [1]|slice(-1)|list }}
{{ [1]|slice(0)|list }}
{{ u|groupby("age") }} {% for g in u|groupby("age") %}{{ g.grouper }}:{{ g.list|length }}:{{ g[0] }}:{{ g|length }} {% endfor %}{% for a, b in u|groupby("age") %}{{ a }}{{ b|length }}{% endfor %} {{ u|groupby("tags.0", default="none")|map("first")|list }} {{ w|groupby(0)|map("first")|list }} {{ w|groupby(0, case_sensitive=true)|map("first")|list }}
{{ u|groupby("tags") }}
{{ u|map(attribute="tags.0", default="-")|list }} {{ u|map(attribute="nope")|list }} {{ w|map("length")|list }} {{ w|map("replace", "p", "b")|list }} {{ w|map("truncate", length=4, leeway=0)|list }}
{{ w|map()|list }}
{{ w|map("upper", nope=1)|list }}
{{ w|map(attribute="a", nope=1)|list }}
{{ w|map(1)|list }}
{{ l|select("nosuch")|list }}
{{ l|selectattr()|list }}
{{ u|selectattr("age", "gt", 10)|map(attribute="name")|list }} {{ u|rejectattr("tags")|map(attribute="name")|list }} {{ u|selectattr("tags.0", "eq", "x")|list|length }} {{ l|select("in", [1, 3])|list }} {{ w|select("eq", "fig")|list }} {{ l|reject("odd")|list }} {{ [0, 1, none, ""]|select|list }}
{{ [1, 1.0, true, "1", "a", "A"]|unique|list }} {{ w|unique|list }} {{ w|unique(case_sensitive=true)|list }} {{ u|unique(attribute="age")|map(attribute="name")|list }}
{{ [[1], [1]]|unique|list }}
{{ [(1, 2), (1, 2)]|unique|list }} {{ {(1, 2): 3}[(1, 2)] }} {{ {1: "a", 1.0: "b", true: "c"} }}
{{ {[1]: 2} }}
{{ {(1, [2]): 2} }}
{{ [1] in d }}
{{ d.get([1]) }}
{{ d[[1]] is defined }} {{ d[none] is defined }} {{ l["a"] is defined }} {{ l[none] is defined }} {{ l[true] }} {{ l[1.0] is defined }} {{ n[0] is defined }} {{ n.foo is defined }} {{ s.foo is defined }} {{ o.foo is defined }} {{ d.a["k"].0 }}
{{ keys.items is callable }} {{ keys.get is callable }} {{ keys["items"] }} {{ keys.update is defined }} {{ keys["update"] }} {{ keys._own }} {{ keys["_own"] }} {{ keys.pop is defined }} {{ d["items"] is callable }} {{ d["pop"] is defined }} {{ l.append is defined }} {{ d.__class__ is defined }} {{ d|attr("b") is defined }} {{ d|attr("items") is defined }}
{{ l.append(1) }}
{{ d.update({}) }}
{{ d.pop("a") }}
{{ d.copy() == d }} {{ l.copy() }} {{ (1, 2).index(2) }} {{ (1, 1).count(1) }} {{ l.index(3) }} {{ [1, 2, 1].index(1, 1) }} {{ d.get("zz") }} {{ d.get("zz", 1) }} {{ d.fromkeys(["p", "q"], 0) }}
{{ (1, 2).copy() }}
{{ l.index(99) }}
{{ d.get() }}
{{ d.get(key="b") }}
{{ n.real }} {{ n.imag }} {{ n.numerator }} {{ n.bit_length() }} {{ (2.5).is_integer() }} {{ (2.0).is_integer() }} {{ x.real }} {{ n.conjugate() }} {{ r.real }} {{ r.numerator is defined }}
{% set c = cycler("a", "b", 3) %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.reset() }}{{ c.current }}{% for i in l %}{{ c.next() }}{% endfor %}
{{ cycler() }}
{% set j = joiner() %}{{ j() }}a{{ j() }}b{{ j() }}{% set k = joiner("|") %}{{ k() }}{{ k() }}{% for i in l %}{{ k() }}{{ i }}{% endfor %}
{{ joiner is callable }} {{ cycler is callable }} {{ range is callable }} {{ nope is callable }} {{ joiner() is callable }}
{{ "one two three four"|truncate(10) }} {{ "one two three four"|truncate(10, true) }} {{ "one two three"|truncate(10, leeway=0) }} {{ "one two three"|truncate(11) }} {{ "onetwothreefour"|truncate(8, leeway=0) }} {{ "one two three"|truncate(7, false, "!", 0) }} {{ s|truncate(5, end="") }}
{{ "abc"|truncate(2) }}
{{ "abc"|truncate(9, leeway=-1) }}
{{ n|truncate }}
{{ "The quick brown fox-trot jumps over well-known lazy--dogs and a-b c-d-e"|wordwrap(12) }}
{{ "averyveryverylongword short"|wordwrap(6) }}|{{ "averyveryverylongword short"|wordwrap(6, false) }}|{{ "a-b-c-d-e-f-g-hh-ii-jj"|wordwrap(5) }}|{{ "well-known-fact-finding"|wordwrap(7, break_on_hyphens=false) }}|{{ "a\n\nb  c d\n e"|wordwrap(3) }}|{{ "x y z"|wordwrap(1, true, "/") }}|{{ "  lead  and   gaps  "|wordwrap(8) }}
{{ "x"|wordwrap(0) }}
{{ n|wordwrap }}
{{ "ab cd"|wordwrap(2, wrapstring="<br>") }}|{{ "wait--what and--this -- that ---x"|wordwrap(7) }}|{{ "1-2-3 ab-1 12-ab x-yz-w"|wordwrap(4) }}
{{ "<p>Hello <b>big</b>\n  world</p> <!-- a <b> c --> &lt;tag&gt; &amp; &#65;&#x42; &nope; a < b"|striptags }} {{ "a <!-- b"|striptags }} {{ "x > y < z"|striptags }} {{ "<b>q</b>"|safe|striptags }}
{{ "a b/c?d=é&e"|urlencode }} {{ {"a b": "c/d", "e": 1}|urlencode }} {{ [("a", "b&"), ("c", none)]|urlencode }} {{ "~-._*'()"|urlencode }} {{ 1.5|urlencode }}
{{ [1, 2]|urlencode }}
{{ {"class": "a b", "id": 3, "x": none, "y": "<\"&'>", "f": false}|xmlattr }}|{{ {"a": 1}|xmlattr(false) }}|{{ {}|xmlattr }}|{{ {"u": nope}|xmlattr }}
{{ {"a b": 1}|xmlattr }}
{{ {"a>": 1}|xmlattr }}
{{ {1: 1}|xmlattr }}
{{ 0|filesizeformat }} {{ 1|filesizeformat }} {{ 999|filesizeformat }} {{ 1000|filesizeformat }} {{ 1536|filesizeformat(true) }} {{ 123456789|filesizeformat }} {{ "2048"|filesizeformat(binary=true) }} {{ 1e30|filesizeformat }} {{ -5|filesizeformat }} {{ 1.7|filesizeformat }} {{ 1023|filesizeformat(true) }}
{{ d|pprint }} {{ l|pprint }} {{ "a'b"|pprint }} {{ (1,)|pprint }} {{ nope|pprint }} {{ {"zeta": ["alpha beta gamma", "delta epsilon", "eta theta iota kappa"], "mu": {"nu": "xi omicron", "pi": [1, 2, 3]}, 3: none}|pprint }}
{{ [["aaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"], ["cccccccccccccccccccccccccc"], {"k": ("dddddddddddddddddddddd", "eeeeeeeeeeeeeeeeeeeeeeeeeeee")}]|pprint }}
{{ "abs" is filter }} {{ "nosuch" is filter }} {{ "odd" is test }} {{ "nosuch" is test }} {{ 1 is filter }} {{ "random" is filter }} {{ "urlize" is filter }} {{ "tojson" is filter }} {{ "==" is test }} {{ l is filter }}
{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, b=4) }}{{ m() }}{{ m(a=1, c=[2]) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, b=2) }}
{% macro m(a) %}{{ a }}{{ varargs|length }}{% endmacro %}{{ m(1, 2) }}{{ m(1, b=2) }}
{% macro m() %}{{ kwargs|dictsort }}{% endmacro %}{{ m(b=1, a=2) }}{{ m(**{"q": 1}) }}
{% macro m() %}{{ kwargs }}{% endmacro %}{{ m(1) }}
{% macro m(varargs) %}{{ varargs }}{% endmacro %}{{ m(1) }}
{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}in{% endcall %}
{% macro m() %}x{% endmacro %}{% call m() %}in{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}
{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b=3, c=4) m() %}{{ a }}{{ b }}{{ c }}{% endcall %}
{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a) m() %}{{ a }}{{ varargs }}{% endcall %}
{% macro m(a, b=2) %}{% endmacro %}{{ m.name }} {{ m.arguments }} {{ m.catch_kwargs }} {{ m.catch_varargs }} {{ m.caller }} {{ m }} {{ m is callable }}
{% macro m(a=nope) %}{{ a is defined }}{% endmacro %}{{ m() }}{% macro q(a, b=a, c=b) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ q(1) }}{{ q(1, c=5) }}
{% macro m(a=1, b) %}{% endmacro %}
{% macro m(a) %}{{ inner() }}{% endmacro %}{% macro inner() %}deep{% endmacro %}{{ m() }}
{% macro m() %}{% for i in l %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}{% endmacro %}{{ m() }}{{ m()|length }}
{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}{{ m is defined }}
{{ m() }}{% macro m() %}late{% endmacro %}
{% block a %}one{% endblock %}{% block b %}{{ n }}{% endblock b %}{{ self.a() }}
{% block a %}{% endblock %}{% block a %}{% endblock %}
{% set v = 1 %}{% block a %}{{ v }}{% set v = 2 %}{{ v }}{% endblock %}{{ v }}
{% for i in l %}{% block a scoped %}{{ i }}{% endblock %}{% endfor %}
{% for i in l %}{% block a %}{{ i is defined }}{% endblock %}{% endfor %}
{% block a %}{{ super() }}{% endblock %}
{% block a required %}{% endblock %}
{% block a %}x{% endblock c %}
{% block a %}{% break %}{% endblock %}
{% print n, "a", l|first %}{% print %}
{% print n, "a" %}
{% filter upper %}a{{ n }}{% filter replace("A", "b") %}ca{% endfilter %}{% endfilter %}
{% set v %}a{{ n }}{% endset %}{{ v }}{{ v is escaped }}{% set w2 | upper | trim %} b {% endset %}{{ w2 }}
{% set a, b = "xy" %}{{ a }}{{ b }}{% set (p, (q, t2)) = (1, [2, 3]) %}{{ p }}{{ q }}{{ t2 }}
{% set a, b = 1 %}
{% set a, b = [1, 2, 3] %}
{% set ns = namespace({"a": 1}, b=2) %}{{ ns.a }}{{ ns.b }}{{ ns }}{% set ns.c = ns.a + ns.b %}{{ ns.c }}{{ ns.zz is defined }}{{ ns["a"] }}
{% set ns = namespace([("a", 1)]) %}{{ ns.a }}
{% set q.x = 1 %}
{% set d.x = 1 %}
{{ dict([["a", 1], ("b", 2)]) }} {{ dict(d, z=1)|length }} {{ dict() }} {{ dict([["a", 1]], a=2) }} {{ dict("ab"|batch(2)|list|map("list")) }}
{{ dict([1]) }}
{{ dict(1) }}
{{ dict([["a"]]) }}
{{ dict([[[1], 2]]) }}
{{ "ff"|int(0, 16) }} {{ "0xff"|int(0, 16) }} {{ "0b11"|int(0, 2) }} {{ "0o17"|int(0, 0) }} {{ "z"|int(5, 36) }} {{ "12"|int(base=8) }} {{ "9"|int(-1, 8) }} {{ "1_000"|int }} {{ "_1"|int }} {{ "1__0"|int }} {{ "+5"|int }} {{ "- 5"|int }} {{ "010"|int }} {{ "010"|int(7, 0) }} {{ "1e3"|int }} {{ "1"|int(0, 1) }} {{ "99999999999999999999"|int }} {{ 1e25|int }} {{ "1e400"|int(3) }}
{{ nope|int }}
{{ 1e400|int }}
{{ nope|float }}
{{ "1_0.5"|float }} {{ " 2.5 "|float }} {{ ".5"|float }} {{ "5."|float }} {{ "infinity"|float }} {{ "-inf"|float }} {{ "nan"|float }} {{ "1e5"|float }} {{ "0x1"|float }} {{ "."|float(1) }} {{ none|float }} {{ true|float }} {{ "1e400"|float }}
{{ 9223372036854775807 + 1 }} {{ -9223372036854775808 - 1 }} {{ 9223372036854775807 * 9223372036854775807 }} {{ 2 ** 64 }} {{ 2 ** 200 }} {{ -(2 ** 63) }} {{ (2 ** 64) // 3 }} {{ (2 ** 64) % 1000 }} {{ -(2 ** 64) // 3 }} {{ -(2 ** 64) % 7 }} {{ (2 ** 64) / 3 }} {{ 2 ** 64 == 18446744073709551616 }} {{ 2 ** 64 > 2.0 ** 63 }} {{ 2 ** 64 == 2.0 ** 64 }} {{ 99999999999999999999 }} {{ 0xffffffffffffffffffff }} {{ (2 ** 64)|string|length }} {{ (2 ** 64)|abs }} {{ (2 ** 64) is integer }} {{ (2 ** 64)|tojson }} {{ (2 ** 64)|float }} {{ 10 ** 25 - 10 ** 25 }} {{ (2 ** 64) is even }}
{{ -9223372036854775808 // -1 }} {{ -9223372036854775808|abs }} {{ 9007199254740993 / 1 }} {{ 9007199254740993 / 3 }} {{ 10 ** 400 / 10 ** 399 }} {{ (10 ** 30)|round(-29) }} {{ 3 ** 40 % 10 ** 9 }} {{ [2 ** 70, 1, 2 ** 65]|sort }} {{ [2 ** 70, 1]|sum }} {{ {2 ** 70: 1}[2 ** 70] }} {{ "%d" % 2 ** 70 }} {{ 2 ** 70 ~ "" }} {{ (2 ** 70).bit_length() }} {{ "a" * (2 ** 70 - 2 ** 70 + 2) }} {{ l[2 ** 70] is defined }} {{ l[:2 ** 70] }}
{{ 10.0 ** 400 }}
{{ 10 ** 400 / 1 }}
{{ 10 ** 400 * 1.0 }}
{{ (10 ** 400)|float }}
{{ 10 ** 5000 }}
{{ 0 ** -1 }}
{{ 1 // 0 }}
{{ 1.0 % 0 }}
{{ 7.5 // 2 }} {{ -7.5 // 2 }} {{ 7.5 % -2 }} {{ -7.5 % 2 }} {{ 1e308 * 10 }} {{ 2 ** -2 }} {{ 2 ** 0.5 }} {{ 0.1 + 0.2 }} {{ 1 / 3 }} {{ 1e16 }} {{ 1e15 }} {{ 123456789012345680.0 }} {{ 1e-5 }} {{ 0.0001 }} {{ -0.0 }} {{ 5 // 0.3 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ true + true }} {{ -true }} {{ +n }}
{{ 42|round }} {{ 42.55|round }} {{ 42.55|round(1) }} {{ 2.675|round(2) }} {{ 2.5|round }} {{ 3.5|round }} {{ 42|round(0, "ceil") }} {{ 42.1|round(0, "ceil") }} {{ 42.19|round(1, "floor") }} {{ 1234|round(-2) }} {{ 1250|round(-2) }} {{ 1350|round(-2) }} {{ 1234.5|round(-2) }} {{ -2.5|round }} {{ 0.5|round }} {{ true|round }} {{ -0.4|round }} {{ 1e300|round(2) }}
{{ 1|round(0, "nosuch") }}
{{ "a"|round }}
{{ [1, 2.5]|sum }} {{ [[1], [2]]|sum(start=[]) }} {{ u|sum(attribute="age") }} {{ []|sum }} {{ [1]|sum(start=10) }} {{ [true, true]|sum }} {{ [(1,), (2,)]|sum(start=()) }}
{{ ["a"]|sum }}
{{ ["a"]|sum(start="") }}
{{ l|max }} {{ l|min }} {{ w|max }} {{ w|min }} {{ u|max(attribute="age")|attr("nope") is defined }} {{ (u|min(attribute="age")).name }} {{ []|max is defined }} {{ [none]|max }} {{ ["b", "B"]|max }} {{ ["B", "b"]|min }} {{ w|max(case_sensitive=true) }}
{{ [none, none]|max }}
{{ [1, "a"]|min }}
{{ d|dictsort }} {{ d|dictsort(true) }} {{ {"a": 2, "b": 1}|dictsort(by="value") }} {{ {"a": 2, "b": 1}|dictsort(false, "value", true) }} {{ {"B": 1, "a": 2}|dictsort }}
{{ {"a": 1, 2: 3}|dictsort }}
{{ d|dictsort(by="nosuch") }}
{{ d|dictsort(by="value") }}
{{ {"a": none, "b": none}|dictsort(by="value") }}
{{ l|join("-") }} {{ l|join }} {{ u|join(", ", "name") }} {{ u|join(attribute="age") }} {{ d|join }} {{ "abc"|join(",") }} {{ [1, none, nope]|join("|") }} {{ l|join(5) }}
{{ n|join }}
{{ "a\nb\n\nc"|indent }} {{ "a\nb"|indent(2) }} {{ "a\nb"|indent("> ") }} {{ "a\nb"|indent(2, true) }} {{ "a\n\nb"|indent(2, blank=true) }} {{ ""|indent }}| {{ "a\n"|indent }}| {{ "a\r\nb"|indent(1) }} {{ "a\nb"|indent(first=true, width=1) }} {{ "a\nb"|safe|indent("<") }}
{{ n|indent }}
{{ "a-b c_d é's  x"|wordcount }} {{ ""|wordcount }} {{ 12.5|wordcount }}
{{ "x"|center(5) }}| {{ "xy"|center(5) }}| {{ "x"|center(4) }}| {{ n|center(6) }}| {{ "toolong"|center(2) }}| {{ "x"|center }}|
{{ "%s and %s"|format("a", 1) }} {{ "%(a)s"|format(a=1) }} {{ "%d%%"|format(5) }} {{ 5|format }} {{ "<%s>"|safe|format("<") }}
{{ "%s"|format }}
{{ "%s"|format("a", "b") }}
{{ "%s %(a)s"|format("a", a=1) }}
{{ none|default("x") }} {{ nope|default }}| {{ nope|d(1) }} {{ ""|d(1) }}| {{ ""|d(1, true) }} {{ 0|default(1, boolean=true) }} {{ nope.x|default(1) }}
{{ d.nope.deeper|default(1) }}
{{ d.nope|default(1) }} {{ (nope|default({})).x|default(2) }}
{{ nope|default(1, 2, 3) }}
{{ s|first }} {{ ""|first is defined }} {{ l|last }} {{ d|first }} {{ d|last }} {{ nope|first is defined }} {{ nope|last is defined }} {{ []|last is defined }}
{{ n|first }}
{{ n|last }}
{{ n|length }}
{{ none|list }}
{{ d|list }} {{ "añb"|list }} {{ (1, 2)|list }} {{ nope|list }} {{ range(3)|list }}
{{ d|tojson }} {{ d|tojson(indent=2) }} {{ d|tojson(ensure_ascii=true, sort_keys=true) }} {{ (1, 2)|tojson }} {{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }} {{ "é\u2028</"|tojson }} {{ "é😀"|tojson(true) }} {{ [1e400, -1e400]|tojson }} {{ [1.0, 1e20, 1e-7]|tojson }} {{ "\u007f\u0001"|tojson }} {{ []|tojson(indent=1) }} {{ [[], {}]|tojson(indent=0) }} {{ d|tojson(separators=(",", ":")) }} {{ d|tojson(indent=1, separators=(" ,", " :")) }}
{{ nope|tojson }}
{{ {(1, 2): 3}|tojson }}
{{ namespace()|tojson }}
{{ [1, nope]|tojson }}
{{ {1: 2, "a": 3}|tojson(sort_keys=true) }}
{{ nope.x }}
{{ nope["x"] }}
{{ nope() }}
{{ nope + 1 }}
{{ nope < 1 }}
{{ -nope }}
{{ 1 < none }}
{{ "a" + 1 }}
{{ [1] + (1,) }}
{{ nope == nope2 }} {{ nope == none }} {{ [nope] }} {{ nope ~ "a" }} {{ "%s" % nope }}| {{ not nope }} {{ nope in [1] }} {{ 1 in nope }} {{ nope is sequence }} {{ nope is iterable }} {{ nope|length }} {{ nope is none }} {{ [nope, nope]|sort }} {{ nope|string }}| {{ {"a": nope} }}
{{ 1 in n }}
{{ 1 in "a" }}
{{ none in "a" }}
{{ 1 < 2 < 3 > 2 }} {{ 1 == 1.0 == true }} {{ [1, 2] < [1, 3] }} {{ (1,) < (1, 0) }} {{ "a" < "b" <= "b" }} {{ [1] == (1,) }} {{ {} == {} }} {{ {"a": 1, "b": 2} == {"b": 2, "a": 1} }} {{ none == none }} {{ "1" == 1 }} {{ "nan"|float == "nan"|float }} {{ "nan"|float < 1 }} {{ "nan"|float > 1 }} {{ 1 >= "nan"|float }} {{ "nan"|float != 1 }}
{{ {} < {} }}
{{ 1 is odd is true }}
{{ n is divisibleby 5 }} {{ n is divisibleby(4) }} {{ n is not odd }} {{ 3.0 is odd }} {{ "a" is in "abc" }} {{ n is in(l) }} {{ "a" is eq "a" }} {{ 2 is lessthan 3 }} {{ 2 is greaterthan 3 }} {{ 2 is equalto 2 }} {{ 1 is sameas true }} {{ true is sameas true }} {{ l is sameas l }} {{ [1] is sameas [1] }} {{ not n is odd }} {{ n is defined and n is number }}
{{ "a" is odd }}
{{ 1 is divisibleby 0 }}
{{ 1 is eq }}
{{ 1 is odd(2) }}
{% for i in l %}{{ loop.changed(i is odd) }}{{ loop.cycle("a", "b") }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.revindex0 }} {{ loop }}{% endfor %}
{% for i in l %}{{ loop.cycle() }}{% endfor %}
{% for i in l %}{{ loop.nosuch is defined }}{{ loop|length }}{{ loop is callable }}{{ loop is iterable }}{% endfor %}
{{ loop is defined }}{% for i in [] %}{% else %}{{ loop is defined }}none{% endfor %}
{% set k = namespace() %}{% for i in l %}{% set k.loop = loop %}{% endfor %}{{ k.loop.index }}
{% for i in nest recursive %}{% if i is iterable %}<{{ loop.depth }}{{ loop(i) }}>{% else %}{{ i }}{% endif %}{% endfor %}
{% for i in l %}{{ loop(1) }}{% endfor %}
{% for i in l if i > 1 %}{{ loop.index }}{{ loop.length }}{{ i }}{% else %}x{% endfor %}{% for i in l if i > 9 %}x{% else %}none{% endfor %}
{% for k, v in d|dictsort %}{{ k }}={{ v }};{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% for c in "añ" %}{{ c }}.{% endfor %}{% for k in d %}{{ k }}{% endfor %}
{% for a, b in l %}{% endfor %}
{% for i in n %}{% endfor %}
{% for i in none %}{% endfor %}
{% for loop in l %}{% endfor %}
{% for i in l %}{% if loop.first %}{% continue %}{% endif %}{{ i }}{% if loop.index == 2 %}{% break %}{% endif %}{% else %}x{% endfor %}
{% set v = 1 %}{% for i in l %}{{ v }}{% set v = i %}{{ v }}{% endfor %}{{ v }}{% if true %}{% set v = 9 %}{% endif %}{{ v }}{% with v = 3, y = v %}{{ v }}{{ y }}{% endwith %}{{ v }}
{% with %}{% set v = 1 %}{{ v }}{% endwith %}{{ v is defined }}
{% if n %}a{% elif m %}b{% else %}c{% endif %}{% if not n %}a{% elif m %}b{% endif %}{% if z %}a{% elif e %}b{% else %}c{% endif %}
{{ "a" if n else "b" }} {{ "a" if z }}| {{ 1 if z else 2 if z else 3 }} {{ (1, 2)[0] }} {{ 1, 2 }} {{ (1,) }} {{ () }}
{{ ("a" if z) is defined }} {{ ("a" if z)|length }}
{{ ("a" if z).x }}
{{ namespace(a=1) == namespace(a=1) }} {{ [1, [2, {"a": (1,)}]] }} {{ "it's" }} {{ ["it's", 'a"b', "a'b\"c", "\n\t\\", "é", "\u200b", "😀"] }} {{ {1: none, "a": true} }}
{{ f(*l) }}
{% macro f(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(*l) }}{{ f(1, *[2, 3]) }}{{ f(*[1], c=2, b=3) }}{{ f(**{"a": 1, "b": 2, "c": 3}) }}{{ f(1, b=5) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, a=2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(a=1, a=2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(a=1, **{"a": 2}) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(**{1: 2}) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(**l) }}
{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(*[1], 2) }}
{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(a=1, 2) }}
{{ s[1:4] }} {{ s[::-1] }} {{ s[-3:] }} {{ l[::2] }} {{ l[5:] }} {{ (1, 2, 3)[1:] }} {{ l[:-1] }} {{ l[1:0] }} {{ s[4:1:-1] }} {{ l[none:2] }} {{ l[true:] }}
{{ l["a":] }}
{{ l[::0] }}
{{ n[1:] }}
{{ d[1:] }}
{{ nope[1:] }}
{{ 007 }}
{{ 0b101 }} {{ 0o17 }} {{ 0xFF }} {{ 1_000 }} {{ 1e3 }} {{ 1.5e-3 }} {{ 1E5 }} {{ 00 }} {{ 1.0 }} {{ 1e400 }} {{ 0x_ff }}
{{ 1__0 }}
{{ 'a' "b" }} {{ "\x41\u00e9\101\n\q" }} {{ "tab\there" }} {{ '\'' }}
{{ "\x4" }}
{{ }}
{{ 1 2 }}
{{ 1 + }}
{{ (1 }}
{{ [1, 2 }}
{{ {"a" 1} }}
{{ a b }}
{% if %}{% endif %}
{% nosuch %}
{% endif %}
{% for %}{% endfor %}
{% if n %}
{% set %}
{% set 1 = 2 %}
{% set true = 2 %}
{% macro 1() %}{% endmacro %}
{% call 1 %}{% endcall %}
{% do l.append(1) %}
{% break %}
{{ x. }}
{{ x|1 }}
{{ "a }}
{# open
{% raw %}open
{%- raw -%}  {{ x }} {%- endraw -%}  z
  {#- c -#}  a
{%+ if n %}b{% endif +%}

c
{{- " d " -}}  e
{% generation %}{{ n }}{% set inside = 1 %}{% endgeneration %}{{ inside is defined }}
{{ raise_exception("no") }}
{{ "é".encode() }} {{ "é".encode()|length }} {{ "ab".encode()[0] }} {{ "ab".encode().decode() }} {{ "'".encode() }} {{ "\\\x00".encode() }} {{ "ab".encode() == "ab" }} {{ "ab".encode().hex() }} {{ "ab".encode()|list }} {{ "ab".encode()[1:] }} {{ "a".encode() is string }} {{ "ab".encode() ~ "" }}
{{ "é".encode("ascii") }}
{{ "a".encode("nosuch") }}
{{ "a".encode()|tojson }}
{{ "{a}".format_map({"a": 1}) }} {{ "{0.real} {0}".format(n) }} {{ "{d[a][k][0]}".format(d=d) }} {{ "{x.__class__}".format(x=1) }}
{{ "{a}".format_map([]) }}
{{ messages[-1]["content"] }} {{ messages|map(attribute="role")|join(",") }} {{ messages[0].role == "user" }} {{ messages[::-1][0].content }} {{ messages|selectattr("role", "equalto", "user")|map(attribute="content")|first }} {{ (messages|last).content.strip().split("x")[-1] }}
{{ ["b", "a"].sort() }}
{{ l * 2 }} {{ 2 * "ab" }} {{ "ab" * -1 }}| {{ (1,) * 3 }} {{ [] * 5 }} {{ "a" * true }}
{{ l * 1.5 }}
{{ l * l }}
{{ strftime_now("%Y")|length > 0 }}
{% set a = 1 %}{% block q %}{% set b = 2 %}{% endblock %}{{ b is defined }}{{ a }}
{{ self.nosuch is defined }}
{{ lipsum is callable }} {{ dict is callable }} {{ namespace is callable }}
""".strip("\n").split("\n")


def templates():
    for value in VALUES:
        for name in PLAIN_FILTERS:
            yield "{{ (%s)|%s }}" % (value, name)
        for name in TESTS:
            yield "{{ (%s) is %s }}" % (value, name)
        yield "{{ %s }}" % value
        yield "{{ [%s] }} {{ 1 if (%s) else 0 }} {{ not (%s) }}" % (value, value, value)
        yield "{%% for i in %s %%}{{ loop.index }}{{ i }},{%% else %%}none{%% endfor %%}" % value
        yield "{{ (%s)[0] }}|{{ (%s)['a'] }}|{{ (%s).a }}|{{ (%s)[-1] }}" % ((value,) * 4)
        if value[0] not in "1-":  # jinja2 computes with constants by other rules
            yield "{{ (%s)[1:] }}" % value
        yield "{{ -(%s) }}" % value
        yield "{{ '%%s|%%r' %% (%s, %s) }}" % (value, value)
        yield "{{ {%s: 1} }}" % value
        yield "{{ '{}'.format(%s) }} {{ '{!r:>9}'.format(%s) }}" % (value, value)
    for a in OPERANDS:
        for b in OPERANDS:
            for sign in OPERATORS:
                if sign in ("*", "**") and "10**25" in (a, b) and a + b != "o10**25":
                    continue  # Python would work at it for ever
                if (a, sign, b) == ("m", "**", "r"):
                    continue  # a complex number
                yield "{{ (%s) %s (%s) }}" % (a, sign, b)
    for text in TEXTS:
        for method in METHODS:
            yield "{{ (%s).%s }}" % (text, method)
            if "<b>" in text:
                yield "{{ ((%s).%s)|list is defined }}{{ ((%s).%s) is escaped }}" % (text, method, text, method)
    for row in FORMATS:
        spec, _, arguments = row.rpartition("|") if row.count("|") == 1 else (row[:row.rindex("|")], "|", row[row.rindex("|") + 1:])
        yield "{{ %s.format(%s) }}" % (json.dumps(spec), arguments)
    for row in PERCENTS:
        spec, arguments = row[:row.rindex("|")], row[row.rindex("|") + 1:]
        yield "{{ %s %% (%s) }}" % (json.dumps(spec), arguments + "," if arguments else "")
        yield "{{ %s|format(%s) }}" % (json.dumps(spec), arguments)
    yield from LINES


def main():
    env = environment()
    rows = []
    for template in dict.fromkeys(templates()):
        try:
            row = {"template": template, "output": env.from_string(template).render(**copy.deepcopy(CONTEXT))}
        except Exception:
            row = {"template": template, "error": True}
        if " at 0x" not in row.get("output", ""):  # what has no text of its own: generators, functions
            rows.append(row)
    path = pathlib.Path(__file__).with_name("language.jsonl")
    with open(path, "w", encoding="utf-8") as out:
        for row in [{"context": CONTEXT}] + rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{len(rows)} rows, {sum('error' in row for row in rows)} of them errors")


main()
