#!/usr/bin/env python3
"""Compares `laconic tokenize` with the `tokenizers` package, id by id, on real and on hostile text.

Needs tokenizers (0.23.3 when last run). Not part of the tests: those hold goldens.
    dev/parity_tokenizer.py --binary build/dev/laconic --data ../shared/data --small tests/golden/tokenizer_small.json
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import copy
import glob
import json
import os
import random
import subprocess
import tempfile

from tokenizers import AddedToken, Tokenizer
from tokenizers import decoders as package_decoders
from tokenizers import models, pre_tokenizers

import tokenizer_layouts

QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
        r"\s+(?!\S)|\s+")
DEEPSEEK_V3 = [r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+",
               r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
               r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]
DEEPSEEK_LLM = [r"[\r\n]", r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-Ֆ]+",
                r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", r"[一-龥ࠀ-一가-퟿]+"]
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
         r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def texts_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)


def real_texts(data):
    out = {}
    for path in sorted(glob.glob(data + "/tokenizer-cases/*.inp")):
        out.setdefault("tokenizer-cases", []).extend(
            open(path, encoding="utf8", newline="").read().split("\n__ggml_vocab_test__\n"))
    for name, pattern in (("cot", "/cot/*.jsonl"), ("benchmarks", "/benchmarks/*.jsonl"),
                          ("verifier", "/verifier/*.jsonl"), ("templates", "/chat-templates/*.jsonl")):
        for path in sorted(glob.glob(data + pattern)):
            with open(path, encoding="utf8", errors="replace") as file:
                for line in file:
                    if line.strip():
                        out.setdefault(name, []).extend(texts_in(json.loads(line)))
    for path in sorted(glob.glob(data + "/chat-templates/jinja/*.jinja")):
        out.setdefault("templates", []).append(open(path, encoding="utf8", newline="").read())
    return {k: [t for t in v if not has_surrogates(t)] for k, v in out.items()}


def has_surrogates(text):
    return any(0xD800 <= ord(c) < 0xE000 for c in text)


def code_points():
    """Every scalar value between letters, digits, blanks and marks, 32 a text."""
    for first in range(0, 0x110000, 32):
        yield "".join(f"a{chr(c)}b1{chr(c)} {chr(c)}{chr(c)}e\u0301'{chr(c)}\n" for c in range(first, first + 32)
                      if not 0xD800 <= c < 0xE000)


def random_texts(seed, count, extra):
    rng = random.Random(seed)
    pools = [
        "abcdefghijklmnopqrstuvwxyz ABC 0123456789", "     \t\n\r", "\u0301\u0323\u0338\u0345\u05b0\u3099\u0f71\u0f72",
        "'sS'tT're've'LL'd'ſ'k\u212a", "\x00\x01\x1c\x1f\x7f\x85\xa0\u1680\u180e\u200b\u2028\u2029\u202f\u3000\ufeff",
        "éèêëñüßøåÅ\u212b\u2126", "각한\u1100\u1161\u11a8\uac00\uac01", "你好世界、。！日本語カタカナ", "שָׁלוֹם مرحبا नमस्ते ক\u09be",
        "🙂👍🏽👨‍👩‍👧🦙\u200d\ufe0f", "½²³①Ⅷ٣४๓", "<|>im_start_end/think",
        "!\"#$%&()*+,-./:;=?@[\\]^_`{|}~", "ﬀﬁ\u0149ẞ\u0130\u0131Ǆǅǆ"]
    pools += [[t] for t in extra]
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 8)):
            if rng.random() < 0.08:
                c = rng.choice((rng.randrange(0x300), rng.randrange(0x3000), rng.randrange(0x110000)))
                parts.append("?" if 0xD800 <= c < 0xE000 else chr(c))
                continue
            pool = rng.choice(pools)
            parts.append("".join(rng.choice(pool) for _ in range(rng.randint(1, 6))) if isinstance(pool, str) else pool[0])
        yield "".join(parts)


class Laconic:
    def __init__(self, binary, tokenizer_json):
        self.binary, self.path = binary, tokenizer_json

    def run(self, rows, *flags):
        payload = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        done = subprocess.run([self.binary, "tokenize", self.path, *flags], input=payload.encode(), capture_output=True)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


class Score:
    def __init__(self):
        self.total = self.bad = 0

    def check(self, label, theirs, ours, inputs, show=3):
        bad = [(i, t, o) for i, t, o in zip(inputs, theirs, ours) if t != o]
        assert len(theirs) == len(ours) == len(inputs), label
        self.total += len(inputs)
        self.bad += len(bad)
        good = 100.0 * (len(inputs) - len(bad)) / max(len(inputs), 1)
        print(f"{label:58s} {len(inputs):8d} cases  {good:8.4f} % equal", flush=True)
        for i, t, o in bad[:show]:
            print("   input", ascii(i)[:160], "\n   tokenizers", str(t)[:200], "\n   laconic   ", str(o)[:200])


FEW = 20000  # texts of a set for the modes that most of them do not touch


def compare(score, label, binary, path, sets):
    """Ids and decoded text of every text; special tokens as text, and with the post-processor's, of the first FEW."""
    reference, ours = Tokenizer.from_file(path), Laconic(binary, path)
    for name, texts in sets.items():
        theirs = encode(reference, texts)
        decoded = reference.decode_batch(theirs, skip_special_tokens=False)
        score.check(f"{label} {name}", theirs, [r["ids"] for r in ours.run([{"text": t} for t in texts])], texts)
        back = [r["text"] for r in ours.run([{"ids": i} for i in theirs], "--decode")]
        score.check(f"{label} {name} decoded", decoded, back, texts)
        if name in ("code points", "cot"):
            continue
        some = texts[:FEW]
        for flag, options in (("--plain", {"plain": True}), ("--add-special", {"special": True})):
            got = [r["ids"] for r in ours.run([{"text": t} for t in some], flag)]
            score.check(f"{label} {name} {flag}", encode(reference, some, **options), got, some)


def encode(tokenizer, texts, plain=False, special=False):
    tokenizer.encode_special_tokens = plain
    return [e.ids for e in tokenizer.encode_batch_fast(texts, add_special_tokens=special)]


def compare_decode(score, label, binary, path, seed, count=20000):
    reference, ours = Tokenizer.from_file(path), Laconic(binary, path)
    rng = random.Random(seed)
    size = reference.get_vocab_size()
    rows = [[rng.choice((rng.randrange(size), rng.randrange(min(400, size)), rng.randrange(max(0, size - 30), size + 5)))
             for _ in range(rng.randint(0, 12))] for _ in range(count)]
    for flags, skip in (((), False), (("--skip-special",), True)):
        theirs = [reference.decode(r, skip_special_tokens=skip) for r in rows]
        got = [r["text"] for r in ours.run([{"ids": r} for r in rows], "--decode", *flags)]
        score.check(f"{label} decode {' '.join(flags)}", theirs, got, rows)


def variants(base):
    """Tokenizers with settings that no shared one has, over a small vocabulary."""
    def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
        return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}

    def make(pre, **changes):
        made = copy.deepcopy(base)
        made["pre_tokenizer"] = pre if isinstance(pre, dict) else {"type": "Sequence", "pretokenizers": pre}
        made.update(changes)
        return made

    for behavior in ("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        for invert in (False, True):
            for pattern in (QWEN, r"\s+", r"\p{N}", r"[aeiou]|\d\d"):
                yield f"{behavior} {invert} {pattern[:8]}", make([split(pattern, behavior, invert), BYTE_LEVEL])
            yield f"{behavior} {invert} String", make([split(" ", behavior, invert, "String"), BYTE_LEVEL])
    for individual in (False, True):
        yield f"digits {individual}", make([{"type": "Digits", "individual_digits": individual},
                                            {**BYTE_LEVEL, "use_regex": True}])
    for prefix in (False, True):
        for use in (False, True):
            yield f"gpt2 {prefix} {use}", make({**BYTE_LEVEL, "add_prefix_space": prefix, "use_regex": use})
            yield f"split prefix {prefix} {use}", make([split(r"\s+"), {**BYTE_LEVEL, "add_prefix_space": prefix,
                                                                         "use_regex": use}])
    for name, patterns in (("deepseek-v3", DEEPSEEK_V3), ("deepseek-llm", DEEPSEEK_LLM), ("o200k", [O200K])):
        yield name, make([split(p) for p in patterns] + [BYTE_LEVEL])
    for pattern in (r"\w+", r"\W+", r"\b", r"^a|b$", r".", r"[\w']+", r"(?i)[ks]|é", r"x*", r"\S{2,3}", r"a{,2}", r"\d+|\D",
                    r"\v|\t", r"\u00e9|\x{e8}", r"(?<=a)b|(?<!a)c", r"(?>a+)b?", r"\h|1" if False else r"[^\S\n]+"):
        yield f"regex {pattern}", make([split(pattern), BYTE_LEVEL])
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        yield form, make([split(QWEN), BYTE_LEVEL], normalizer={"type": form})
    yield "NFKC NFD", make([split(QWEN), BYTE_LEVEL],
                           normalizer={"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "NFD"}]})
    yield "no normalizer", make([split(QWEN), BYTE_LEVEL], normalizer=None)
    yield "ignore_merges", make([split(QWEN), BYTE_LEVEL], model={**base["model"], "ignore_merges": True})
    old = copy.deepcopy(base["model"])
    old["merges"] = [" ".join(m) if isinstance(m, list) else m for m in old["merges"]]
    yield "old merges", make([split(QWEN), BYTE_LEVEL], model=old)
    fewer = copy.deepcopy(base["model"])
    for token in ("q", "z", "ï"):
        if not any(token in "".join(m) for m in fewer["merges"]):
            del fewer["vocab"][token]
    fewer["vocab"] = {t: i for i, t in enumerate(fewer["vocab"])}
    yield "bytes missing", make([split(QWEN), BYTE_LEVEL], model=fewer, added_tokens=[])
    for bits in range(32):
        flags = [bool(bits >> i & 1) for i in range(5)]
        added = []
        next_id = len(base["model"]["vocab"])
        for content in ("<a>", "<a><b>", "think", "é", "e\u0301x", " x", "<|im_end|>", "12", "the"):
            known = base["model"]["vocab"].get(content)
            added.append({"id": next_id if known is None else known, "content": content, "single_word": flags[0],
                          "lstrip": flags[1], "rstrip": flags[2], "normalized": flags[3], "special": flags[4]})
            next_id += known is None
        yield f"added {bits:05b}", make([split(QWEN), BYTE_LEVEL], added_tokens=added)


def gpt2(data, folder):
    """GPT-2 ships as encoder.json and vocab.bpe; the package turns them into a tokenizer.json, which both read."""
    merges = [tuple(line.split(" ")) for line in
              open(data + "/tokenizers/gpt2/vocab.bpe", encoding="utf8").read().split("\n")[1:] if line]
    tokenizer = Tokenizer(models.BPE(json.load(open(data + "/tokenizers/gpt2/encoder.json", encoding="utf8")), merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = package_decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    path = os.path.join(folder, "gpt2.json")
    tokenizer.save(path)
    return path


def write(folder, made):
    path = os.path.join(folder, "tokenizer.json")
    with open(path, "w", encoding="utf8") as file:
        json.dump(made, file, ensure_ascii=False)
    return path


def chosen(args, names):
    return [name for name in names if not args.names or name in args.names.split(",")]


def run_shared(score, args, folder):
    sets = real_texts(args.data)
    sets["random"] = list(random_texts(args.seed, args.random, EXTRA))
    sets["code points"] = list(code_points())
    if args.sets:
        sets = {k: v for k, v in sets.items() if k in args.sets.split(",")}
    for name in chosen(args, NAMES):
        compare(score, name, args.binary, shared_path(args.data, name, folder), sets)


def run_decode(score, args, folder):
    for name in chosen(args, NAMES):
        compare_decode(score, name, args.binary, shared_path(args.data, name, folder), args.seed)
    compare_decode(score, "small", args.binary, args.small, args.seed)


def run_variants(score, args, folder):
    base = json.load(open(args.small, encoding="utf8"))
    texts = list(random_texts(args.seed + 1, 3000, EXTRA)) + [""]
    for name, made in variants(base):
        compare(score, "variant " + name, args.binary, write(folder, made), {"": texts})


def run_layouts(score, args, folder):
    """Llama 2, Mistral, Phi-3 and Gemma with a vocabulary of 8,000 trained on the benchmarks."""
    sets = real_texts(args.data)
    base = tokenizer_layouts.train(sets["benchmarks"][:40000] + sets["cot"][:100], 8000)
    sets["random"] = list(random_texts(args.seed, args.random // 4, EXTRA + EXTRA_LAYOUTS))
    sets["code points"] = list(code_points())
    if args.sets:
        sets = {k: v for k, v in sets.items() if k in args.sets.split(",")}
    for name, made in tokenizer_layouts.layouts(base):
        if name not in chosen(args, [name]):
            continue
        path = write(folder, made)
        compare(score, "layout " + name, args.binary, path, sets)
        compare_decode(score, "layout " + name, args.binary, path, args.seed)
    texts = list(random_texts(args.seed + 1, 3000, EXTRA + EXTRA_LAYOUTS)) + [""]
    for name, made in tokenizer_layouts.settings(base):
        path = write(folder, made)
        every = {"": texts}
        if any(part in name for part in ("Punctuation Isolated", "Lowercase", "pre Whitespace", "pre Digits")):
            every["code points"] = list(code_points())
        compare(score, "setting " + name, args.binary, path, every)
        compare_decode(score, "setting " + name, args.binary, path, args.seed, 3000)


def shared_path(data, name, folder):
    return gpt2(data, folder) if name == "gpt2" else f"{data}/tokenizers/{name}/tokenizer.json"


NAMES = ("qwen2.5", "deepseek-r1-distill-qwen", "llama3", "gpt2")
EXTRA = ["<a>", "<a><b>", "think", "the", "e\u0301x", " x", "<|im_end|>", "<|im_start|>", "<think>", "</think>",
         "<｜User｜>", "<|begin_of_text|>", "12", "\u00e9"]
EXTRA_LAYOUTS = ["<s>", "</s>", "<unk>", "<|user|>", "<|end|>", "[INST]", "\u2581", "\u2581\u2581", "  ", "\n\n", "\n\n\n", "\t\t",
                 "<0x0A>", " the", "e t", "    "]


def main():
    parts = {"shared": run_shared, "decode": run_decode, "variants": run_variants, "layouts": run_layouts}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--small", required=True, help="a small tokenizer.json (of a world model), base of the variants")
    parser.add_argument("--only", default="", help="one of " + ", ".join(parts))
    parser.add_argument("--names", default="", help="comma-separated shared tokenizers or layouts (default: all)")
    parser.add_argument("--sets", default="", help="comma-separated names of the text sets to compare (default: all)")
    parser.add_argument("--random", type=int, default=200000, help="random strings for each shared tokenizer")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    score = Score()
    with tempfile.TemporaryDirectory() as folder:
        for name, run in parts.items():
            if args.only in ("", name):
                run(score, args, folder)
    print(f"all: {score.total} cases, {score.bad} differ, {100 * (1 - score.bad / max(score.total, 1)):.5f} % equal")
    return score.bad != 0


if __name__ == "__main__":
    raise SystemExit(main())
