#!/usr/bin/env python3
"""Makes tokenizer_shared.jsonl and tokenizer_variants.jsonl with tokenizers 0.23.3.

    tests/golden/tokenizer.py --data ../shared/data

tokenizer_small.json beside this file is what laconic's trainer makes of tests/cases/tokenizer_corpus.txt (the test
BpeTrainer.MakesTheGoldenTokenizer holds it to that); the variants change its parts.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import os
import sys
import tempfile

import tokenizers
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "dev"))
from parity_tokenizer import variants  # noqa: E402

TORTURE = [
    "", " ", "  ", "\n", " \n", "\t\n ", "\r\n\r\n", "   a", "a   ", "a\n\n\n b", "Hello, world!", "It's I'll YOU'RE 'S 'ſ 'k 'K",
    "12345 1.5e-3 ½²Ⅷ٣४", "a\u0085b\u00a0c\u1680d\u180ee\u2003f\u200bg\u2028h\u202fi\u3000j\ufeffk",
    "\x00\x01\x1b\x1c\x1f\x7f", "e\u0301 \u00e9 E\u0301e\u0323\u0301 \u1e69s\u0323\u0307", "\u212b \u2126 \u2f81\u2fa1a \ufb01 \uff21",
    "\u1100\u1161\u11a8 \uac00\u11a8 각", "\u0958 \u0915\u093c \u09c7\u09be", "\u0301x \u0338", "<\u0338 >\u0338",
    "🙂👍🏽 👨‍👩‍👧 🇩🇪 ❤\ufe0f \U0001f999.cpp", "你好，世界！ 日本語カ\u3099", "שָׁלוֹם مَرْحَبًا नमस्ते", "🙂" * 12, " " * 60 + "x", "a" * 120, "=" * 99,
    "foo_bar fooBar HTTPServer x1y2", "if (x) {\n\treturn -1;  // ok\n}\n\n", "\\boxed{\\frac{1}{2}} $x^2$", "\ufffd\u0378\U000e0001\U0010ffff",
    "<think>so</think> rethink think, the<a><b> <a>", "  <|im_start|>user\nhi<|im_end|>\n", "<|im_end|>\u0338<a>\u0301",
    "xthe the_ the. 12 312 é e\u0301x ée\u0301x  x x", "<|im_en<|im_end|>d|>", "<｜User｜>1+1?<｜Assistant｜><think>\n",
    "<|begin_of_text|><|start_header_id|>", "Ⓐthe the\u200d \u200dthe ªthe",
]


def encode(tokenizer, text, plain=False, add_special=False):
    tokenizer.encode_special_tokens = plain
    return tokenizer.encode(text, add_special_tokens=add_special).ids


def cases(tokenizer, texts):
    for text in texts:
        yield {"text": text, **ids_in_all_modes(tokenizer, text)}


def ids_in_all_modes(tokenizer, text):
    row = {"ids": encode(tokenizer, text)}
    for key, ids in (("plain_ids", encode(tokenizer, text, plain=True)),
                     ("special_ids", encode(tokenizer, text, add_special=True))):
        if ids != row["ids"]:
            row[key] = ids
    return row


def write_lines(name, rows):
    with open(os.path.join(HERE, name), "w", encoding="utf8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def shared_rows(data):
    path = data + "/tokenizer-cases/ggml-vocab-qwen2.gguf.inp"
    texts = open(path, encoding="utf8", newline="").read().split("\n__ggml_vocab_test__\n")
    for name in ("qwen2.5", "deepseek-r1-distill-qwen", "llama3"):
        tokenizer = Tokenizer.from_file(f"{data}/tokenizers/{name}/tokenizer.json")
        # The published cases by number: their texts stay where they are.
        for i in range(len(texts)):
            yield {"tokenizer": name, "case": i, **ids_in_all_modes(tokenizer, texts[i])}
        for row in cases(tokenizer, TORTURE):
            yield {"tokenizer": name, **row}


def variant_rows():
    small = open(os.path.join(HERE, "tokenizer_small.json"), encoding="utf8").read()
    base = json.loads(small)
    yield {"name": "as it is", "changes": {}, "cases": list(cases(Tokenizer.from_str(small), TORTURE))}
    for i, (name, made) in enumerate(variants(base)):
        changes = {k: v for k, v in made.items() if v != base[k]}
        added = name.startswith("added")
        if "model" in changes:  # only what differs; "bytes missing" needs the vocabulary
            changes["model"] = {k: v for k, v in made["model"].items() if v != base["model"][k]}
        texts = TORTURE[-9:] if added else TORTURE[1:-9][i % 3::3]
        tokenizer = Tokenizer.from_str(json.dumps(made, ensure_ascii=False))
        yield {"name": name, "changes": changes, "cases": list(cases(tokenizer, texts))}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    args = parser.parse_args()
    assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
    write_lines("tokenizer_shared.jsonl", shared_rows(args.data))
    write_lines("tokenizer_variants.jsonl", variant_rows())


if __name__ == "__main__":
    main()
