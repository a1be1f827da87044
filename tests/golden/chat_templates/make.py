# Renders the chat templates of the shared data folder with transformers' own Jinja environment.
#
# transformers 5.23.0, jinja2 3.1.6. Writes golden.jsonl beside itself: {template, case, output | null}.
# The conversations are in cases.jsonl (also beside): {name, context}. null: the template raises.
# Usage: python make.py SHARED_DATA
import json, pathlib, sys

import jinja2
from transformers.utils.chat_template_utils import _compile_jinja_template

here = pathlib.Path(__file__).parent
templates = sorted((pathlib.Path(sys.argv[1]) / "chat-templates" / "jinja").glob("*.jinja"))
cases = [json.loads(line) for line in open(here / "cases.jsonl", encoding="utf-8")]
with open(here / "golden.jsonl", "w", encoding="utf-8") as out:
    for path in templates:
        compiled = _compile_jinja_template(path.read_bytes().decode())
        for case in cases:
            try:
                text = compiled.render(**case["context"])
            except (jinja2.TemplateError, TypeError, AttributeError, KeyError):
                text = None
            row = {"template": path.name, "case": case["name"], "output": text}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
