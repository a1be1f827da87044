"""The tables of bench/run. Each takes a Bench, shows first that outputs agree, and writes one CSV and one SVG.

SPDX-License-Identifier: Apache-2.0
"""
import json
import random
import re
import shutil
import statistics
import sys

import harness as h
from harness import BUILD, THREADS, WORK
from training_tables import lora, memory, mixed, step_seconds, train

BENCH = BUILD / "bench"


def same_start(ours, theirs):
    """Mean share of the replies' length for which the ids are the same."""
    shares = []
    for a, b in zip(ours, theirs):
        same = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        shares.append(same / max(1, min(len(a), len(b))))
    return round(statistics.mean(shares), 3)


def ours_generate(folder, prompts, lengths, slots, storage):
    out, _ = h.call(BENCH / "bench_generate", folder, prompts, lengths, slots, storage, THREADS)
    return json.loads(out)


def generate(bench):
    """SmolLM2, greedy, four replies one after the other, 16 and 64 side by side: laconic, transformers, llama.cpp. ratio: laconic's
    decode rate over the row's."""
    if bench.quick:
        return generate_quick(bench)
    folder, rows = h.smollm2(), []
    for dtype in ("float32", "bfloat16", "int8"):
        for slots, count, n in ((1, 4, 64), (16, 16, 48), (64, 64, 24)):
            prompts, results = h.write_documents(WORK / f"prompts-{count}.txt", [64] * count, 49000), {}
            systems = {
                "laconic": lambda: ours_generate(folder, prompts, n, slots, dtype),
                "llama.cpp": lambda: h.peer("llama", dtype=dtype, folder=WORK, prompts=prompts, lengths=[n] * count,
                                            slots=slots)}
            if dtype != "int8" and slots < 64:
                systems["transformers"] = lambda: h.peer("generate", model=folder, prompts=prompts, new_tokens=n, dtype=dtype,
                                                         batch=slots)
            runs = {name: h.keep(results, name, "decode", f, also="prefill") for name, f in systems.items()}
            rates = h.medians(runs, bench.runs)
            for name, rate in rates.items():
                rows.append({"storage": dtype, "sequences": slots, "system": name, "decode_tokens_per_s": round(rate, 1),
                             "prefill_tokens_per_s": round(results[name]["prefill"], 1),
                             "ratio": round(rates["laconic"] / rate, 2),
                             "same_start": same_start(results["laconic"]["ids"], results[name]["ids"])})
    exact = [row["same_start"] for row in rows if row["storage"] == "float32"]
    if min(exact) < 0.5:
        sys.exit(f"bench: generate: expected greedy ids that agree in float32, got {min(exact)} of the start in common")
    h.publish(bench, "generate", rows, bars=(["storage", "sequences", "system"], "decode_tokens_per_s"))


def generate_quick(bench):
    folder = h.ROOT / "models" / "world-long"
    prompts = h.write_documents(WORK / "prompts-quick.txt", [32] * 8, 300)
    rows, replies = [], {}
    for slots in (1, 8):
        result = ours_generate(folder, prompts, 32, slots, "float32")
        replies[slots] = result["ids"]
        rows.append({"model": "world-long", "slots": slots, "system": "laconic",
                     "decode_tokens_per_s": round(result["decode"], 1)})
    assert replies[1] == replies[8], "replies depend on the slots"
    h.publish(bench, "generate", rows, bars=(["model", "slots", "system"], "decode_tokens_per_s"))


def small(bench):
    """0.9 M weights, one reply after the other and 256 in 32 slots, of 150 tokens each: laconic, which of these 32 slots uses six a
    thread (docs/sampling.md), and transformers, which takes 32 at once."""
    folder, rows = h.model_of("0.9M"), []
    for dtype, slots, count in (("float32", 1, 4), ("float32", 32, 256), ("bfloat16", 1, 4), ("bfloat16", 32, 256)):
        prompts = h.write_documents(WORK / f"prompts-small-{count}.txt", [60] * count, 500)
        results = {}
        rates = h.medians({
            "laconic": h.keep(results, "laconic", "decode", lambda: ours_generate(folder, prompts, 150, slots, dtype)),
            "transformers": h.keep(results, "transformers", "decode", lambda: h.peer(
                "generate", model=folder, prompts=prompts, new_tokens=150, dtype=dtype, batch=slots))}, bench.runs)
        for name, rate in rates.items():
            rows.append({"storage": dtype, "sequences": slots, "system": name, "decode_tokens_per_s": round(rate, 1),
                         "ratio": round(rate / rates["transformers"], 2),
                         "same_start": same_start(results["transformers"]["ids"], results[name]["ids"])})
    h.publish(bench, "small", rows, bars=(["storage", "sequences", "system"], "decode_tokens_per_s"))


def continuous(bench):
    """SmolLM2, 24 replies of 30 to 3,000 tokens (log-uniform) in 16 slots: laconic; llama.cpp's server, asked for all by HTTP;
    llama.cpp by llama_batch, free slots refilled in the same way. ratio: laconic's rate over the row's. kv_waste: share of the
    positions held in pages of 64 that no token fills, mean over the steps."""
    generator = random.Random(5)
    lengths = [int(30 * 100 ** generator.random()) for _ in range(24)]
    prompts = h.write_documents(WORK / "prompts-continuous.txt", [64] * len(lengths), 49000, seed=2)
    folder, results, rows = h.smollm2(), {}, []
    for dtype in ("bfloat16",):
        seconds = h.medians({
            "laconic": h.keep(results, "laconic", "seconds", lambda: ours_generate(
                folder, prompts, ",".join(map(str, lengths)), 16, dtype)),
            "llama.cpp server": h.keep(results, "llama.cpp server", "seconds", lambda: h.peer(
                "llama_server", program=h.llama_server(), dtype=dtype, folder=WORK, prompts=prompts, lengths=lengths, slots=16)),
            "llama.cpp": h.keep(results, "llama.cpp", "seconds", lambda: h.peer(
                "llama", dtype=dtype, folder=WORK, prompts=prompts, lengths=lengths, slots=16))}, 1)
        for name, s in seconds.items():
            rows.append({"storage": dtype, "replies": len(lengths), "tokens": sum(lengths), "system": name,
                         "tokens_per_s": round(sum(lengths) / s, 1), "ratio": round(s / seconds["laconic"], 2),
                         "kv_waste": results[name].get("kv_waste", "")})
    h.publish(bench, "continuous", rows, bars=(["storage", "system"], "tokens_per_s"))


def tokenizer(bench):
    """Encoding the shared long chains, texts of one tokenizer a row: laconic, with and without its memory of pieces, and the
    tokenizers package. ratio: the row's rate over the package's."""
    out, _ = h.call(h.peers_python(), h.ROOT / "bench" / "tokenizer_ratio.py", "--build", BUILD, "--data", h.DATA, "--runs", 3)
    rows, name, package = [], "", 0.0
    for line in out.splitlines():
        if found := re.match(r"(\S+): (\d+) texts.*tokenizers ([\d.]+) MB/s", line):
            name, package = found.group(1), float(found.group(3))
            rows.append({"tokenizer": name, "system": "tokenizers", "mb_per_s": package, "ratio": 1.0})
        elif found := re.match(r"\s+(one thread, [^:]*): ([\d.]+) MB/s", line):
            rows.append({"tokenizer": name, "system": "laconic, " + found.group(1), "mb_per_s": float(found.group(2)),
                         "ratio": round(float(found.group(2)) / package, 1)})
    h.publish(bench, "tokenizer", rows, bars=(["tokenizer", "system"], "mb_per_s"))


def verifier(bench):
    """Judging labelled replies, one core: laconic and math-verify, and how often each agrees with the corrected label. ratio:
    laconic's rate over math-verify's."""
    out, _ = h.call(h.peers_python(), h.ROOT / "bench" / "verifier.py", "--build", BUILD, "--data", h.DATA, "--rows", 300)
    rows = []
    for line in out.splitlines()[2:]:
        name, count, ours, theirs, ratio, *rest = line.split()
        rows.append({"file": name, "rows": count, "laconic_rows_per_s": ours, "math_verify_rows_per_s": theirs, "ratio": ratio,
                     "laconic_agrees_with_truth": rest[2], "math_verify_agrees_with_truth": rest[3]})
    h.publish(bench, "verifier", rows, bars=(["file"], "laconic_rows_per_s"))


def bandwidth(bench):
    """SmolLM2's shape, one sequence: bytes of packed weights read a second, and what reading memory alone gives the same
    threads by turns; share: the median of the turns' (a host's memory may be half as fast a second later). Keys and values (up
    to 4 % more bytes in int8) are not counted."""
    rows = []
    for storage in ("float32", "bfloat16", "int8"):
        runs = [h.csv_of(h.call(BENCH / "bench_sample", "smollm2", 4, storage, 1)[0])[0] for _ in range(bench.runs)]
        rate, weights, memory, share = (statistics.median(float(run[key]) for run in runs) for key in (
            "decode_tokens_per_s", "weights_gb_per_s", "memory_gb_per_s", "memory_share"))
        rows.append({"storage": storage, "tokens_per_s": round(rate), "weights_gb_per_s": round(weights, 1),
                     "memory_gb_per_s": round(memory, 1), "share": round(share, 2)})
    h.publish(bench, "bandwidth", rows, bars=(["storage"], "share"))


def profile(bench):
    """Where a step's time goes (--profile, percent of the threads' time in scopes): training SmolLM2 on 8 rows of the small
    world a step, and sampling 64 replies of 64 tokens in 16 slots."""
    folder, train_rows, prompts = h.smollm2(), WORK / "profile-rows.jsonl", WORK / "profile-prompts.jsonl"
    h.call(h.LACONIC, "world", "--format", "sft-long", "--num-problems", 200, "--seed", 5, "--output", train_rows)
    h.call(h.LACONIC, "world", "--num-problems", 64, "--seed", 6, "--output", prompts)
    works = {}
    for name, flags, storage in (("fp32", [], "float32"), ("bf16", ["--bf16"], "bfloat16")):
        works["train " + name] = [
            "sft", "--model", folder, "--train", train_rows, "--out", WORK / "profile-run", "--max-steps", 4,
            "--per-device-train-batch-size", 8, "--report-to", "none", *flags]
        works["sample " + name] = [
            "generate", "--model", folder, "--input", prompts, "--output", "/dev/null", "--max-new-tokens", 64,
            "--temperature", 1, "--slots", 16, "--sampling-weights", storage]
    rows = []
    for work, command in works.items():
        shutil.rmtree(WORK / "profile-run", ignore_errors=True)
        _, log = h.call(h.LACONIC, *command, "--profile")
        for share, where in re.findall(r"^ +([0-9.]+)% +[0-9.]+ +[0-9]+  (.*)$", log, re.MULTILINE):
            if float(share) >= 0.5:
                rows.append({"work": work, "percent": share, "where": where})
    h.publish(bench, "profile", rows, bars=(["work", "where"], "percent"))


def growth(bench):
    """tokens/s of laconic against row length, rows a step, length of the documents in a pack of 16,384 tokens (attention's
    cost follows the sum of their squares), slots of one decoder (the sampler takes fewer of a small model: docs/sampling.md) and
    model size."""
    rows = []

    def add(what, size, series, rate):
        rows.append({"against": what, "size": size, "series": series, "tokens_per_s": round(rate, 1)})

    model = h.ROOT / "models" / "world-long"
    for length in ((256, 512) if bench.quick else (256, 1024, 4096, 16384, 32768)):
        documents = h.write_documents(WORK / "growth.txt", [length], 300)
        seconds, _ = step_seconds(model, documents, length, "fp32", repeats=1)
        add("row length", length, "train, world-long", length / seconds)
    if not bench.quick:
        for count in (1, 4, 16, 64, 256):
            documents = h.write_documents(WORK / "growth.txt", [256] * count, 300)
            seconds, _ = step_seconds(model, documents, 8192, "fp32", repeats=1)
            add("rows of 256 a step", count, "train, world-long", 256 * count / seconds)
        for length in (256, 1024, 4096, 16384):
            documents = h.write_documents(WORK / "growth.txt", [length] * (16384 // length), 300)
            seconds, _ = step_seconds(model, documents, 16384, "fp32", repeats=1)
            add("documents in a pack of 16384", length, "train, world-long", 16384 / seconds)
        for name, size in (("0.9M", 0.9e6), ("5.8M", 5.8e6), ("smollm2", 134.5e6)):
            documents = h.write_documents(WORK / "growth.txt", [512] * 4, 500)
            seconds, _ = step_seconds(h.model_of(name), documents, 2048, "fp32", repeats=1)
            add("weights", round(size), "train, 4 x 512", 2048 / seconds)
        for length in (256, 1024, 4096):
            documents = h.write_documents(WORK / "growth.txt", [length], 49000)
            seconds, _ = step_seconds(h.smollm2(), documents, length, "fp32", repeats=1)
            add("row length", length, "train, SmolLM2", length / seconds)
    for shape in (("tiny",) if bench.quick else ("tiny", "smollm2")):
        for row in h.csv_of(h.call(BENCH / "bench_sample", shape, 0.2 if bench.quick else 2)[0]):
            add("slots", row["slots"], f"decode, {shape}", float(row["decode_tokens_per_s"]))
    h.publish(bench, "growth", rows, lines=("size", "tokens_per_s", ["against", "series"]))


TABLES = {f.__name__: f for f in (train, lora, mixed, memory, generate, bandwidth, small, continuous, profile, tokenizer, verifier,
                                  growth)}
QUICK = ["train", "generate", "growth"]
