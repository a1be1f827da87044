# Renders small templates with transformers' own Jinja environment: one line of the language each.
#
# transformers 5.23.0, jinja2 3.1.6. Writes syntax.jsonl beside itself: {template, context, output | null}.
# null: it raises. Usage: python make_syntax.py
import json, pathlib

from transformers.utils.chat_template_utils import _compile_jinja_template

CONTEXT = {"s": "Hello, Wörld! 😀", "n": 7, "l": [3, 1, 2], "d": {"b": 1, "a": {"c": [True, None, 1.5]}},
           "u": [{"n": "x", "v": 2}, {"n": "Y", "v": 1}, {"n": "z"}], "e": "", "q": "it's \"q\"\n\t\\"}
TEMPLATES = r"""
{{ s|length }} {{ s[14] }} {{ s[-1] }} {{ s[7:12] }} {{ s[::-1] }} {{ s.upper() }} {{ s|lower }}
{{ s[99] }}|{{ d.nope }}|{{ nope }}|{{ d['a'].c[0] }}|{{ d.a.c.1 }}|{{ l[5] }}
{{ nope.x }}
{{ d.nope.x }}
{{ d }} {{ l }} {{ q }} {{ [q, e, none, 1.0, 1e20, 1e-7, 0.1, true] }} {{ (1,) }} {{ () }}
{{ d|tojson }} {{ d|tojson(indent=2) }} {{ d|tojson(2) }}{{ q|tojson }} {{ s|tojson(ensure_ascii=true) }}
{{ nope|tojson }}
{{ [1, [], {}, [[]]]|tojson(indent=1) }}
{{ d|tojson(separators=(',', ':'), sort_keys=true) }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 ** -1 }} {{ -2 ** 2 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}
{{ 1 / 0 }}
{{ 1 + 2 * 3 - 4 }} {{ (1 + 2) * 3 }} {{ 'a' * 3 }} {{ [0] * 2 }} {{ 1 ~ 2 ~ none }} {{ 1 + true }}
{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 == 1.0 }} {{ 'a' == 1 }} {{ none == false }}
{{ 'a' < 1 }}
{{ 'x' if n > 5 else 'y' }} {{ 'x' if n > 9 }}| {{ 'a' if 0 else 'b' if 0 else 'c' }}
{{ n is odd }} {{ n is not even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ 'a' is in ['a'] }} {{ n is eq 7 }} {{ n is gt 3 }} {{ d is mapping }} {{ s is iterable }} {{ l is sequence }} {{ none is none }} {{ nope is undefined }} {{ true is boolean }} {{ 1.0 is float }} {{ 1 is sameas true }} {{ true is integer }}
{{ not n is odd or false }} {{ not (n == 7) }} {{ n not in l }} {{ not n in l }} {{ 'b' in d }}
{{ 1 in 'abc' }}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in 'añ' %}[{{ c }}]{% endfor %}
{% for x in l if x > 1 %}{{ x }}{% else %}none{% endfor %}{% for x in [] %}{% else %}none{% endfor %}{% for x in nope %}{% else %}none{% endfor %}
{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% endfor %}
{% for x in n %}{% endfor %}
{% for a in l %}{% for b in l %}{{ loop.depth }}{{ loop.index }}{% endfor %}{{ loop.depth }}{% endfor %}
{% set x = 1 %}{% for i in l %}{% set x = i %}{{ x }}{% endfor %}{{ x }}
{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}{% with x = 3, y = x %}{{ x }}{{ y }}{% set x = 9 %}{% endwith %}{{ x }}
{% set ns = namespace(x=1, y='a') %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }}|{{ ns['x'] }}
{% set a, b = 1, [2, 3] %}{{ a }}{{ b }}{% set (a, b) = (b, a) %}{{ a }}{{ b }}{% set x.y = 1 %}
{% set x %}a{{ n }}b{% endset %}{{ x|length }}{% set x | upper | replace('A', 'z') %}abc{% endset %}{{ x }}
{% filter upper %}a{{ s }}{% endfilter %}{% filter replace('a', 'b') | upper %}banana{% endfilter %}
{% macro f(a, b='B', c=a) %}({{ a }}{{ b }}{{ c }}){% endmacro %}{{ f(1) }}{{ f(1, c=2) }}{{ f() }}{{ f(b=3, a=4) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(z=2) }}
{% macro f(a, b, c=0) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(*[1, 2]) }}{{ f(1, *[2], **{'c': 3}) }}
{% macro w() %}<{{ caller('x') }}>{% endmacro %}{% call(v) w() %}{{ v }}!{{ n }}{% endcall %}{% macro g() %}{{ caller is defined }}{% endmacro %}{{ g() }}
{% macro fact(k) %}{% if k > 1 %}{{ k * (fact(k - 1)|int) }}{% else %}1{% endif %}{% endmacro %}{{ fact(10) }}
{% generation %}{{ n }}{% endgeneration %}{% raw %}{{ x }} {% if %}{% endraw %}{# c #}
{{ ' a b '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'a,b,c'.split(',', 1) }}|{{ ' a  b '.split() }}|{{ 'a,b,c'.rsplit(',', 1) }}|{{ 'aXbXc'.partition('X') }}{{ 'aXbXc'.rpartition('X') }}{{ 'ab'.rpartition('X') }}
{{ 'abc'.startswith('ab') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.endswith('bc') }}{{ 'abcabc'.find('c') }}{{ 'añb'.find('b') }}{{ 'abcabc'.rfind('c') }}{{ 'aaa'.count('a') }}{{ 'a'.find('z') }}
{{ 'a-b'.replace('-', '+') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'añ'.replace('', '.') }} {{ 'a'|replace('a', 'b') }} {{ ', '.join(['a', 'b']) }} {{ 'abc'.removeprefix('a') }} {{ 'hello world'.title() }} {{ 'hELLO'.capitalize() }} {{ '12'.isdigit() }} {{ 'ab'.islower() }} {{ 'a\nb\r\nc'.splitlines() }}
{{ d.get('b') }} {{ d.get('z') }} {{ d.get('z', 5) }} {{ d.keys()|list }} {{ d.values()|list|length }} {{ d.items()|list }} {{ l.index(2) }} {{ l.count(1) }}
{{ l|sort }} {{ l|sort(reverse=true) }} {{ l|first }} {{ l|last }} {{ l|max }} {{ l|min }} {{ l|sum }} {{ l|join('-') }} {{ l|reverse|list }} {{ 'abc'|reverse }} {{ []|first }}|{{ l|length }} {{ l|count }} {{ [1, 1, 2]|unique|list }}
{{ u|map(attribute='n')|list }} {{ u|map(attribute='v', default=0)|list }} {{ u|map(attribute='n')|map('upper')|join }} {{ u|selectattr('v')|map(attribute='n')|list }} {{ u|selectattr('v', 'equalto', 1)|list }} {{ u|rejectattr('v', 'defined')|list }} {{ u|sort(attribute='n')|map(attribute='n')|join }} {{ u|join(',', attribute='n') }} {{ [1, 0, 2]|select|list }} {{ [1, 2, 3]|reject('odd')|list }} {{ [1, 2]|select('gt', 1)|list }}
{{ d|dictsort }} {{ {'b': 1, 'A': 2}|dictsort(true) }} {{ {'b': 1, 'A': 2}|dictsort(by='value', reverse=true) }} {{ d|items|list }} {{ nope|items|list }}
{{ nope|default('x') }} {{ e|default('x', true) }} {{ e|d('x') }}| {{ none|default('x') }} {{ nope|length }} {{ nope|list }}
{{ ' a '|trim }}| {{ 'xax'|trim('x') }} {{ 'a b'|wordcount }} {{ '<&>'|e }} {{ '<'|safe }} {{ 5|string + 'a' }} {{ '3.7'|float }} {{ '12'|int }} {{ 'x'|int(9) }} {{ ' 4 '|int }} {{ 3.9|int }} {{ '3.9'|int }} {{ 2.5|round }} {{ 2.567|round(2) }} {{ 2.1|round(0, 'ceil') }} {{ -3|abs }} {{ 'a\nb\n\nc'|indent }} {{ 'a\nb'|indent(2, true) }} {{ 'a\n\nb'|indent('> ', blank=true) }}
{{ range(3)|list }} {{ range(1, 6, 2)|list }} {{ range(3, 0, -1)|list }} {{ dict(a=1, b=2) }} {{ dict({'a': 1}, a=2) }} {{ {'a': 1, 'a': 2} }}
{{ 'a' 'b' "c" }} {{ 'q\'s' }} {{ "\u00e9\x41\t|\q" }} {{ '\\n' }} {{ 1_000 }} {{ 1e3 }} {{ 0x1F }} {{ 1.5e-3 }}
{{ l[1:] }} {{ l[:-1] }} {{ l[::2] }} {{ l[::-1] }} {{ l[5:] }} {{ (1, 2, 3)[1:] }} {{ l[-2:] }} {{ l[-9:9] }}
{{ nope[1:] }}
{{ l[::0] }}
{{ 'a'.nope() }}
{{ l.append(4) }}
{{ nope() }}
{{ 5() }}
{{ nope + 'a' }}
{{ raise_exception('x') }}
{{ undefined is defined }} {{ none }} {{ None }} {{ True }} {{ nope == nope2 }} {{ nope == none }} {{ nope in [1] }} {{ 1 in nope }} {{ nope ~ 'a' }}
{{ 'a' if nope else 'b' }} {{ nope and 1 }}| {{ nope or 1 }} {{ 0 or [] or 'z' }} {{ 1 and 'k' }}
{{ "{{ }}" }} {{ {'a': {'b': 1}}.a.b }} {{ {1: 2}[1] }} {{ [[1, 2], [3]][0][1] }} {{ ({'a': 1})['a'] }}
{{ -n|abs }} {{ -5|abs }} {{ +n }} {{ n|string|length }} {{ (n|string)[0] }} {{ s.split(',')[0].lower()|upper }}
{{ {'content': 'x'}.content }} {{ {'items': 3}['items'] }} {{ {'keys': 1, 'z': 2}.z }}
{% if d.a and d['b'] == 1 and not e %}yes{% elif n %}no{% else %}never{% endif %}
  {% if true %}  a  {% endif %}  b
  {%+ if true %}  a  {%- endif +%}  b
a  {{- n -}}  b  {%- set x = 1 -%}  c {#- x -#} d
{{ "a" }}{% if 1 %}

b{% endif %}

{% set x = 1 %}  {% set y = 2 %}
  {# c #}  {% set y = 2 %} z
{{ [1, 2, 3,] }} {{ {'a': 1,} }} {{ (1, 2,) }} {{ f"" }}
{{ 'a' is string and 'b' is string }} {{ 1 is number and 2 is odd }} {{ [] is defined }} {{ 'x' is upper }} {{ 'X' is upper }}
{% for x in [{'n': 1, 'c': [{'n': 2, 'c': [{'n': 3}]}, {'n': 4}]}, {'n': 5}] recursive %}{{ loop.depth }}:{{ x.n }}{% if x.c %}({{ loop(x.c) }}){% endif %}{% if not loop.last %},{% endif %}{% endfor %}
{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }}{{ loop.changed(x, 'a') }} {% endfor %}
{% for x in l recursive %}{{ loop(1) }}{% endfor %}
{% for x in l %}{{ loop([1]) }}{% endfor %}
{{ '%s-%r|%5d|%-4d|%05.1f|%x|%%' % ('a', 'b', 42, 7, 2.25, 255) }} {{ '%s' % n }} {{ '%(a)s %(b)d' % {'a': 'x', 'b': 2} }} {{ '%.2s|%4s|%-4s' % ('abc', 'é', 'z') }}
{{ '%s %s' % 1 }}
{{ '%s' % (1, 2) }}
{{ '%d' % 'a' }}
{{ '%s=%s'|format('a', 1) }} {{ '%(k)s'|format(k=3) }} {{ 'plain' % () }}
{{ range(7)|batch(3)|list }} {{ range(7)|batch(3, 'x')|list }} {{ range(7)|slice(3)|list }} {{ range(7)|slice(3, 'x')|list }} {{ range(6)|slice(3, 'x')|list }}
{% for key, items in u|groupby('n') %}{{ key }}={{ items|length }};{% endfor %}{% for key, items in [{'k': 'B'}, {'k': 'a'}, {'k': 'b'}, {}]|groupby('k', default='z') %}{{ key }}={{ items }};{% endfor %}
[{{ 'ab'|center(7) }}] [{{ 'abc'|center(6) }}] [{{ 'abcdef'|center(3) }}] {{ d|attr('b') }}| {{ d|attr('keys') is callable }}
{% generation %}{% set inside = 1 %}{{ s }}{% endgeneration %}{{ inside }}
{{ [none, 1]|tojson }} {{ {1: 'a', none: 2, true: 3}|tojson }} {{ 'é€😀'|tojson(ensure_ascii=true) }} {{ 1e16 }} {{ 123456789.0 }} {{ 1e15 }}
""".strip("\n").split("\n")
TEMPLATES += ["{% for x in l %}\n  {{ x }}\n{% endfor %}\nend\n", "\n\na\n\n", "{{ 1 }}\n", "{{ 1 }}\n\n",
              "a\r\nb\r{% if 1 %}\r\nc{% endif %}\r\n", "  {%- raw -%} x {%- endraw -%}  y", "{% raw %}\na\n  {% endraw %}\nb",
              "x\n   {#- a -#}\n  y\n   {# b #}\n  z", "{{ 'a\nb' }}", "\t {% if 1 %}\n\t a\n\t {% endif %}\n\t b"]

out = pathlib.Path(__file__).parent / "syntax.jsonl"
with open(out, "w", encoding="utf-8") as file:
    for template in TEMPLATES:
        try:
            text = _compile_jinja_template(template).render(**CONTEXT)
        except Exception:
            text = None
        row = {"template": template, "context": CONTEXT, "output": text}
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
