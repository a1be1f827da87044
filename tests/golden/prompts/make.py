# Prompt ids and training rows as transformers and tokenizers make them, for three families.
#
# transformers 5.23.0, tokenizers 0.23.3, jinja2 3.1.6. Writes golden.jsonl beside itself:
# {model, case, messages, completion, kept, prompt_ids, ids}. `kept` is the completion after the rule of prompt_builder.h
# (the opening think tag that the prompt holds is dropped; a plain reply to an opened thought gets an empty one), written
# by hand below.
# Usage: python make.py SHARED_DATA
import json, pathlib, sys

from tokenizers import Tokenizer
from transformers.utils.chat_template_utils import _compile_jinja_template

data = pathlib.Path(sys.argv[1])
jinja = data / "chat-templates" / "jinja"
BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
MODELS = {
    "qwen2.5": ("qwen2.5", "Qwen-Qwen2.5-7B-Instruct.jinja", {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}, "<|im_end|>"),
    "qwen3": ("qwen2.5", "Qwen-Qwen3-0.6B.jinja", {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}, "<|im_end|>"),
    "deepseek-r1-distill-qwen": ("deepseek-r1-distill-qwen", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja",
                                 {"bos_token": BOS, "eos_token": EOS, "pad_token": EOS}, EOS),
    "llama3": ("llama3", "meta-llama-Llama-3.1-8B-Instruct.jinja",
               {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}, "<|eot_id|>"),
}
U = lambda text: {"role": "user", "content": text}
A = lambda text: {"role": "assistant", "content": text}
S = lambda text: {"role": "system", "content": text}
THINK = "<think>\nLet me see: 2 + 2.\n</think>\n\nIt is \\boxed{4}."
CASES = [
    ("one turn", [U("What is 2 + 2?")], THINK, "Let me see: 2 + 2.\n</think>\n\nIt is \\boxed{4}."),
    ("own tag, no newline", [U("x")], "<think>foo</think>bar", "foo</think>bar"),
    ("tag and newline", [U("x")], "<think>\nfoo</think>bar", "foo</think>bar"),
    ("no tag", [S("Be brief."), U("Hi"), A("<think>\na\n</think>\n\nYes?"), U("Go on  ")], "Done.\n",
     "\n</think>\n\nDone.\n"),
    ("blanks in front", [U("é ﬁ 😀")], "\n <think>\n\n</think>\n\n4", "\n</think>\n\n4"),
]

with open(pathlib.Path(__file__).parent / "golden.jsonl", "w", encoding="utf-8") as out:
    for model, (folder, template, tokens, end) in MODELS.items():
        tokenizer = Tokenizer.from_file(str(data / "tokenizers" / folder / "tokenizer.json"))
        compiled = _compile_jinja_template((jinja / template).read_bytes().decode())
        encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
        for case, messages, completion, kept in CASES:
            text = compiled.render(messages=messages, tools=None, documents=None, add_generation_prompt=True, **tokens)
            kept = kept if text.endswith("<think>\n") else completion
            prompt = encode(text)
            ids = prompt + encode(kept) + encode(end)
            row = {"model": model, "case": case, "messages": messages, "completion": completion, "kept": kept,
                   "prompt_ids": prompt, "ids": ids}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
