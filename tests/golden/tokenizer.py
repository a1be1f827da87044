#!/usr/bin/env python3
"""Makes tokenizer_shared.jsonl, tokenizer_variants.jsonl and tokenizer_layouts.json[l] with tokenizers 0.23.3.

    tests/golden/tokenizer.py --data ../shared/data

tokenizer_small.json beside this file is what laconic's trainer makes of tests/cases/tokenizer_corpus.txt (the test
BpeTrainer.MakesTheGoldenTokenizer holds it to that); the variants change its parts. tokenizer_layouts.json is the like for
the layouts of Llama 2, Mistral, Phi-3 and Gemma, trained by `tokenizers` on the same text.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import os
import random
import sys
import tempfile

import tokenizers
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "dev"))
import tokenizer_layouts  # noqa: E402
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


LAYOUT_TEXTS = TORTURE + [
    "The plan is 12.", "  two  blanks ", "\u2581the\u2581\u2581plan", "<s>the<s> the </s>", "a\n\nb\n\n\nc\t\td", "<|user|>\n hi<|end|> \n",
    "[INST] what is 7 + 5? [/INST]", "<0x41><0x0A>", "\u00e9\u4f60\u597d\U0001f642the", "the\u0301 THE \u0130", "x" * 70 + " the" * 40,
]


def layout_base():
    corpus = open(os.path.join(HERE, "..", "cases", "tokenizer_corpus.txt"), encoding="utf8").read()
    return tokenizer_layouts.train([corpus], 420)


def decoding_cases(tokenizer, seed, count):
    """Ids at random, bytes above all: (ids, text, text without special tokens)."""
    rng = random.Random(seed)
    size = tokenizer.get_vocab_size()
    for _ in range(count):
        ids = [rng.randrange(3, 259) if rng.random() < 0.4 else rng.randrange(size + 2) for _ in range(rng.randint(0, 9))]
        yield [ids, tokenizer.decode(ids, skip_special_tokens=False), tokenizer.decode(ids)]


def layout_rows(base):
    named = [("layout " + n, m) for n, m in tokenizer_layouts.layouts(base)] + list(tokenizer_layouts.settings(base))
    for i, (name, made) in enumerate(named):
        changes = {k: v for k, v in made.items() if v != base[k]}
        if "model" in changes:
            changes["model"] = {k: v for k, v in made["model"].items() if v != base["model"][k]}
        texts = LAYOUT_TEXTS if name.startswith("layout") else LAYOUT_TEXTS[-11:-1] + LAYOUT_TEXTS[i % 9:-11:9]
        tokenizer = Tokenizer.from_str(json.dumps(made, ensure_ascii=False))
        rows = list(cases(tokenizer, texts))
        for row in rows:
            decoded = tokenizer.decode(row["ids"], skip_special_tokens=False)
            if decoded != row["text"]:
                row["decoded"] = decoded
        yield {"name": name, "changes": changes, "cases": rows, "decodings": list(decoding_cases(tokenizer, i, 8))}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    args = parser.parse_args()
    assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
    write_lines("tokenizer_shared.jsonl", shared_rows(args.data))
    write_lines("tokenizer_variants.jsonl", variant_rows())
    base = layout_base()
    write_lines("tokenizer_layouts.json", [base])
    write_lines("tokenizer_layouts.jsonl", layout_rows(base))


if __name__ == "__main__":
    main()
