#!/usr/bin/env python3
"""Compares laconic's rendering of chat templates with that of an installed transformers, live.

Usage: dev/parity_templates.py FOLDER_OR_FILE... Every *.jinja below a folder is rendered on each conversation of
tests/golden/chat_templates/cases.jsonl (but those with reasoning or null content, which laconic gives to a template in
the form that it reads) by both (the binary is $LACONIC, else build/release/laconic); a template that
raises on a conversation has to be refused by laconic too. Prints what differs and a count; exits with 1 if
anything does.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import subprocess
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
BINARY = os.environ.get("LACONIC", str(REPOSITORY / "build/release/laconic"))
ALL_CASES = [json.loads(line) for line in open(REPOSITORY / "tests/golden/chat_templates/cases.jsonl", encoding="utf-8")]
CASES = [case for case in ALL_CASES if not any("reasoning_content" in m or m.get("content", "") is None
                                               for m in case["context"]["messages"])]


def reference(path, context):
    try:
        return _compile_jinja_template(path.read_bytes().decode()).render(**context)
    except Exception:
        return None


def render(path, contexts):
    """The texts of all contexts, or None where laconic refuses one of them."""
    rows = [{"messages": context["messages"], "add_generation_prompt": context.get("add_generation_prompt", False),
             "kwargs": {k: v for k, v in context.items() if k not in ("messages", "add_generation_prompt")}}
            for context in contexts]
    result = subprocess.run([BINARY, "render", str(path)], input="".join(json.dumps(row) + "\n" for row in rows),
                            capture_output=True, text=True)
    if result.returncode == 70:
        sys.exit(f"{path}: {result.stderr}")
    return [json.loads(line)["text"] for line in result.stdout.splitlines()] if result.returncode == 0 else None


def main():
    files = [file for name in sys.argv[1:] for file in
             (sorted(pathlib.Path(name).rglob("*.jinja")) if pathlib.Path(name).is_dir() else [pathlib.Path(name)])]
    num_different = 0
    for file in files:
        expected = [reference(file, case["context"]) for case in CASES]
        good = [case["context"] for case, text in zip(CASES, expected) if text is not None]
        texts = render(file, good)  # all that should succeed in one call, the others one by one
        texts = iter(texts if texts else [(render(file, [context]) or [None])[0] for context in good])
        for case, text in zip(CASES, expected):
            got = next(texts) if text is not None else (render(file, [case["context"]]) or [None])[0]
            if got != text:
                num_different += 1
                print(f"{file.name}: {case['name']}: expected {text!r}\n  got {got!r}")
    print(f"{len(files)} templates x {len(CASES)} conversations, {num_different} different")
    return 1 if num_different or not files else 0


sys.exit(main())
