#!/usr/bin/env python3
"""Checks that transformers loads a model folder that laconic wrote, strictly, and prints what it saw.

Run with transformers 5.23.0, tokenizers 0.23.3, torch 2.13.0 (other versions should do):
    python dev/check_transformers_loads.py FOLDER...
Exits with 1 at the first folder that does not load whole: a missing, unexpected or misshapen tensor, a tokenizer
that differs from tokenizer.json, a chat template that does not render, or generation that fails.
"""
import argparse
import json
import pathlib
import sys

import tokenizers
import torch
import transformers


def check(folder: pathlib.Path) -> None:
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if info.get(key):
            raise SystemExit(f"{folder}: {key}: expected none, got {info[key]}")
    config = json.loads((folder / "config.json").read_text())
    rope = model.config.rope_parameters
    theta = rope.get("full_attention", rope)["rope_theta"]
    if theta != config["rope_theta"]:
        raise SystemExit(f"{folder}: rope_theta: expected {config['rope_theta']}, got {theta}")
    line = [f"{sum(p.numel() for p in model.parameters())} weights"]
    if (folder / "tokenizer.json").exists():
        auto = transformers.AutoTokenizer.from_pretrained(folder)
        plain = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        for text in ("Hello, world! 12345 + 678 = 13,023", "  é\u0301 naïve\n\n\tx", "<|im_start|>user\n"):
            got = auto(text, add_special_tokens=False)["input_ids"]
            expected = plain.encode(text, add_special_tokens=False).ids
            if got != expected:
                raise SystemExit(f"{folder}: tokenizer: expected {expected} for {text!r}, got {got}")
        messages = [{"role": "user", "content": "What is 2 + 3?"}]
        if auto.chat_template:
            text = auto.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        else:
            text = messages[0]["content"]
        ids = auto(text, add_special_tokens=False, return_tensors="pt")
        out = model.generate(**ids, max_new_tokens=12, do_sample=False)
        line.append(repr(auto.decode(out[0][ids["input_ids"].shape[1] :])))
    print(f"{folder}: {', '.join(line)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    for folder in parser.parse_args().folders:
        check(folder)
    print(f"transformers {transformers.__version__}: all loaded", file=sys.stderr)


if __name__ == "__main__":
    main()
