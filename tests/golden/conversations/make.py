# Whole conversations as transformers renders and tokenizers tokenizes them, with the mask of the assistant's turns.
#
# transformers 5.23.0, tokenizers 0.23.3, jinja2 3.1.6. Writes golden.jsonl beside itself: {template, tokenizer,
# special_tokens, case, messages, tools?, ids, mask, note?}. `ids` are those of the whole rendered text up to the last end
# of turn; `mask` is 1 for ids whose characters lie in a turn of the assistant, which is found here by a regular
# expression over the text, of each family's own markers. `note`: the template rewrites earlier turns, so that only the
# last turn is a target (Qwen3).
# Usage: python make.py SHARED_DATA
import json, pathlib, re, sys

from tokenizers import Tokenizer
from transformers.utils.chat_template_utils import _compile_jinja_template

data = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
QWEN = r"<\|im_start\|>assistant\n(.*?<\|im_end\|>)"
LLAMA = r"<\|start_header_id\|>assistant<\|end_header_id\|>\n\n(.*?(?:<\|eot_id\|>|<\|eom_id\|>))"
MODELS = [("Qwen-Qwen2.5-7B-Instruct.jinja", "qwen2.5", {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}, QWEN),
          ("Qwen-Qwen3-0.6B.jinja", "qwen2.5", {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}, QWEN),
          ("meta-llama-Llama-3.1-8B-Instruct.jinja", "llama3",
           {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}, LLAMA)]
user = lambda text: {"role": "user", "content": text}
assistant = lambda text, **more: {"role": "assistant", "content": text, **more}
call = {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris", "days": 2}}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "Weather in a <city> & \"more\"",
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
CASES = [
    ("one turn", [user("What is 2+2?"), assistant("It is 4.")], None),
    ("system", [{"role": "system", "content": "Be brief."}, user("Hi 😀 ça"), assistant("Hello.")], None),
    ("three turns", [user("One"), assistant("First."), user("Two"), assistant("Second,\nand more."), user("3?"),
                     assistant("\\boxed{3}")], None),
    ("thinks", [user("1+1"), assistant("<think>\nTwo, I think.\n</think>\n\nIt is 2.")], None),
    ("thinks twice", [user("1+1"), assistant("<think>\nTwo.\n</think>\n\nIt is 2."), user("2+2"),
                      assistant("<think>\nFour.\n</think>\n\nIt is 4.")], None),
    ("tools", [user("Weather?"), assistant("", tool_calls=[call]), {"role": "tool", "content": "Sun, 20 C"},
               assistant("It is sunny.")], TOOLS),
]
with open(here / "golden.jsonl", "w", encoding="utf-8") as out:
    for template, tokenizer_name, special, turn in MODELS:
        compiled = _compile_jinja_template((data / "chat-templates" / "jinja" / template).read_bytes().decode())
        tokenizer = Tokenizer.from_file(str(data / "tokenizers" / tokenizer_name / "tokenizer.json"))
        for case, messages, tools in CASES:
            text = compiled.render(messages=messages, tools=tools, documents=None, add_generation_prompt=False, **special)
            spans = [match.span(1) for match in re.finditer(turn, text, re.DOTALL)]
            rewritten = template.startswith("Qwen-Qwen3") and case in ("three turns", "thinks twice", "tools")
            if rewritten:
                spans = spans[-1:]
            text = text[:spans[-1][1]]
            encoding = tokenizer.encode(text, add_special_tokens=False)
            mask = [int(any(begin <= a and b <= end and a < b for begin, end in spans)) for a, b in encoding.offsets]
            row = {"template": template, "tokenizer": tokenizer_name, "special_tokens": special, "case": case,
                   "messages": messages, **({"tools": tools} if tools else {}), "ids": encoding.ids, "mask": mask,
                   **({"note": True} if rewritten else {})}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
