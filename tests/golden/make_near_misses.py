#!/usr/bin/env python3
"""Writes tests/cases/verifier/near_misses.csv: pairs of gold answers that lie next to each other.

Gold answers of the benchmarks are read by SymPy (never by the verifier), evaluated by mpmath to 40 digits at
fixed values of their names, and sorted, once by value and once as text. Of two neighbours (but for two
plain integers or decimals) the table holds
where they stand (file and row, no text of theirs) and what their values say:

    differ   the values differ: the verifier must call neither right for the other
    equal    the values agree to 30 digits, the texts differ: it must call neither wrong for the other
    depends  the values differ by a rounding, a percent sign or a unit: both are left out of the test

What SymPy does not read is left out. Needs sympy==1.14.0 and mpmath==1.3.0.

    python3 tests/golden/make_near_misses.py [--data ../shared/data/benchmarks]
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import pathlib
import re
import sys
import warnings

import mpmath
import sympy
from sympy.parsing.sympy_parser import (implicit_multiplication, parse_expr, rationalize, standard_transformations)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "tests" / "cases" / "verifier" / "near_misses.csv"
FILES = ["aime24", "aime25", "aime83-23", "amc23", "asdiv", "college_math", "gaokao2023en", "gsm8k-test",
         "math-test", "math500", "minerva", "ockbench-math", "olympiadbench", "svamp"]
FIELDS = ["answer", "ref_answer", "expected_answer", "Answer", "solution"]
NAMES = {letter: sympy.Symbol(letter) for letter in "abcdfghjklmnopqrstuvwxyz"}
VALUES = {symbol: mpmath.mpf(7 * k + 3) / 11 for k, symbol in enumerate(NAMES.values())}
CONSTANTS = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "sqrt": sympy.sqrt, "root": sympy.root}
# Words with which a number is another one, or none.
UNIT = re.compile(r" \([a-z ]+\)$")  # behind the number, as in ASDiv
PLAIN = re.compile(r"-?\d+(\.\d+)?( \([a-z ]+\))?")
WORDS = re.compile(r"\\text|\\mathrm|\\mbox|\\operatorname|\\circ|[a-zA-Z]{3,}")


def last_box(text):
    """The content of the last box with balanced braces, or the text behind "####", or the text."""
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        return text.split("####")[-1] if "####" in text else text
    start = text.index("{", start)
    depth = 0
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[start + 1:end]
    return text


def group(text, at):
    """(content, end) of the argument at `at`: a group in braces, or one character."""
    while at < len(text) and text[at] == " ":
        at += 1
    if at >= len(text):
        raise ValueError("no argument")
    if text[at] != "{":
        return text[at], at + 1
    depth = 0
    for end in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[at + 1:end], end + 1
    raise ValueError("open brace")


def plain(latex):
    """LaTeX as Python: fractions, roots, powers, pi. Raises on any other macro."""
    out, at = "", 0
    while at < len(latex):
        if latex[at] == "\\":
            macro = re.match(r"\\([a-zA-Z]+|.)", latex[at:]).group(1)
            at += len(macro) + 1
            if macro in ("frac", "dfrac", "tfrac"):
                above, at = group(latex, at)
                below, at = group(latex, at)
                # A mixed number where a whole one stands before.
                plus = "+" if re.search(r"(^|[^\d.^])\d+\s*$", out) else ""
                out += f"{plus}(({plain(above)})/({plain(below)}))"
                if plus:
                    out = re.sub(r"(\d+)\s*\+(\(\(.*\)\))$", r"(\1+\2)", out)
            elif macro == "sqrt":
                index = "2"
                if latex[at:at + 1] == "[":
                    end = latex.index("]", at)
                    index, at = latex[at + 1:end], end + 1
                inside, at = group(latex, at)
                out += f" root(({plain(inside)}),({plain(index)}))"
            elif macro == "pi":
                out += " pi "
            elif macro in ("cdot", "times"):
                out += "*"
            elif macro in ("left", "right", "!", "$", ",", ";", "displaystyle"):
                pass
            elif macro == " ":
                out += " "
            else:
                raise ValueError(macro)
        elif latex[at] == "^":
            power, at = group(latex, at + 1)
            out += f"**({plain(power)})"
        elif latex[at] in "{}":
            out += "(" if latex[at] == "{" else ")"
            at += 1
        else:
            out += latex[at]
            at += 1
    return out


def evaluate(text):
    """The values of a gold answer: a tuple of mpmath numbers, and whether order counts."""
    text = text.strip().strip("$").rstrip(".").strip()
    text = UNIT.sub("", text)
    text = re.sub(r"(?<![\d.])0+(?=\d)", "", text)
    text = re.sub(r",\\!\s*(?=\d{3})|\{,\}(?=\d{3})", "", text)
    if not text or len(text) > 80 or WORDS.search(text.replace("\\left", "").replace("\\frac", "")
                                                  .replace("\\dfrac", "").replace("\\tfrac", "")
                                                  .replace("\\sqrt", "").replace("\\right", "")
                                                  .replace("\\cdot", "").replace("\\times", "")):
        raise ValueError("words")
    if re.search(r"[A-Z=<>:|%\[\]_;&~]|\\in\b|\\pm|\\%", text):
        raise ValueError("no value")
    # One number with thousands, where a comma cannot separate two.
    if re.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    body = text.replace("\\left", "").replace("\\right", "").strip()
    ordered = body.startswith("(") and body.endswith(")") and "," in body and body.count("(") == 1
    parts = (body[1:-1] if ordered else body).split(",")
    if len(parts) > 1 and any(len(re.findall(r"[({]", p)) != len(re.findall(r"[)}]", p)) for p in parts):
        raise ValueError("nested list")
    out = []
    for part in parts:
        source = plain(part)
        if not re.search(r"\S", source) or re.search(r"\d\s+\d", source):
            raise ValueError("no expression")
        source = re.sub(r"(?<![a-z])([a-hj-oq-z])(?=[a-z])(?!oot)", r"\1 ", source)
        expression = parse_expr(source, local_dict={**NAMES, **CONSTANTS}, evaluate=True,
                                transformations=standard_transformations + (rationalize, implicit_multiplication))
        if expression.free_symbols - set(VALUES):
            raise ValueError("other names")
        value = sympy.N(expression.subs({s: sympy.Float(str(v), 50) for s, v in VALUES.items()}), 40)
        value = mpmath.mpmathify(value)
        if not mpmath.isfinite(value):
            raise ValueError("no number")
        out.append(value)
    names = set().union(*(re.findall(r"(?<![a-z])[a-hj-z](?![a-z])", plain(p)) for p in parts))
    return tuple(out), ordered, bool(names)


def key(values):
    return [(mpmath.re(v), mpmath.im(v)) for v in values]


def places(text):
    found = re.fullmatch(r"\$?-?(\d*)\.(\d+)\.?\$?", UNIT.sub("", text.strip()))
    return len(found.group(2)) if found else None


def relation(a, b):
    """differ, equal or depends, of (place, text, values, ordered, has names)."""
    if len(a[2]) != len(b[2]) or (a[3] != b[3] and len(a[2]) > 1):
        return "differ" if a[3] == b[3] else "depends"
    x, y = (a[2], b[2]) if a[3] else (sorted(a[2], key=lambda v: key([v])), sorted(b[2], key=lambda v: key([v])))
    difference = max(abs(p - q) for p, q in zip(x, y))
    if all(abs(p - q) <= max(abs(p), abs(q)) * mpmath.mpf(10)**-30 for p, q in zip(x, y)):
        return "equal"
    for shown in (places(a[1]), places(b[1])):
        if shown is not None and difference <= mpmath.mpf(10)**-shown:
            return "depends"
    return "differ"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data" / "benchmarks")
    data = parser.parse_args().data
    warnings.simplefilter("ignore")
    mpmath.mp.dps = 40
    golds, seen = [], set()
    for name in FILES:
        with open(data / f"{name}.jsonl") as file:
            for row, line in enumerate(file, 1):
                fields = json.loads(line)
                text = next((fields[f] for f in FIELDS if fields.get(f) is not None), None)
                text = str(text) if text is not None else ""
                joined = text.count("boxed{") > 1  # boxes that may be one list
                text = last_box(text).strip()
                if joined or text in seen:
                    continue
                seen.add(text)
                try:
                    golds.append(((name, row), text, *evaluate(text)))
                except Exception:  # anything that SymPy does not read
                    continue
    pairs = {}
    for order in (lambda g: (len(g[2]), key(g[2])), lambda g: g[1]):
        line = sorted(golds, key=order)
        for a, b in zip(line, line[1:]):
            if not (PLAIN.fullmatch(a[1]) and PLAIN.fullmatch(b[1])):
                pairs.setdefault((a[0], b[0]), relation(a, b))
    with open(OUT, "w") as out:
        for ((file, row), (other_file, other_row)), what in sorted(pairs.items()):
            if what != "depends":
                out.write(f"{file},{row},{other_file},{other_row},{what}\n")
    counts = {what: list(pairs.values()).count(what) for what in ("differ", "equal", "depends")}
    print(f"{len(golds)} gold answers of {len(seen)} read; pairs: {counts}", file=sys.stderr)


if __name__ == "__main__":
    main()
