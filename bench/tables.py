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

BENCH = BUILD / "bench"


def agree(what, ours, theirs, tolerance):
    if abs(ours - theirs) > tolerance * abs(theirs):
        sys.exit(f"bench: {what}: expected losses that agree within {100 * tolerance:g} %, got {ours} and {theirs}")


def same_start(ours, theirs):
    """Mean share of the replies' length for which the ids are the same."""
    shares = []
    for a, b in zip(ours, theirs):
        same = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        shares.append(same / max(1, min(len(a), len(b))))
    return round(statistics.mean(shares), 3)


def step_of(model, documents, tokens, precision, repeats=3):
    """{"seconds": of a step, "first_loss", "peak_mib"} of laconic."""
    out, err = h.call(BENCH / "bench_train_documents", model, documents, tokens, repeats, THREADS, precision)
    return {"seconds": statistics.median(float(row["seconds"]) for row in h.csv_of(out)),
            "first_loss": float(re.search(r"first_loss ([-0-9.e]+)", err).group(1)),
            "peak_mib": int(re.search(r"peak_mib ([0-9]+)", err).group(1))}


def step_seconds(*work, **repeats):
    step = step_of(*work, **repeats)
    return step["seconds"], step["first_loss"]


def train(bench):
    """Steps on rows of equal length, laconic, transformers and transformers by torch.compile (SmolLM2 alone: it takes minutes to
    compile), and on one row a step llama.cpp's training, which llama-finetune calls. share_of_gemm_peak: of the best rate that
    bench_gemm finds just before, median of the runs. ratio: laconic's rate over the row's."""
    works = [("smollm2", 4, 256, "fp32"), ("smollm2", 4, 256, "bf16"), ("0.9M", 32, 512, "fp32"), ("5.8M", 16, 512, "fp32")]
    if bench.quick:
        return train_quick(bench)
    if h.instruction_set() != "avx512_bf16":  # elsewhere products of bf16 are slower than those of fp32, the peers' by far
        works = [work for work in works if work[3] == "fp32"]
    rows = []
    for model, count, length, precision in works:
        folder = h.model_of(model)
        config = json.loads((folder / "config.json").read_text())
        documents = h.write_documents(WORK / f"train-{model}.txt", [length] * count, config["vocab_size"])
        first, shares = {}, Shares(precision, flops(config, count, length))

        def ours():
            seconds, first["laconic"] = step_seconds(folder, documents, count * length, precision)
            return seconds

        def theirs(name, **compiled):
            result = h.peer("train", model=folder, documents=documents, repeats=2, bf16=precision == "bf16", **compiled)
            first[name] = result["first_loss"]
            return result["seconds"]

        systems = {"laconic": ours, "transformers": lambda: theirs("transformers")}
        if model == "smollm2":
            systems["torch.compile"] = lambda: theirs("torch.compile", compiled=True)
        seconds = h.medians(shares.beside_peak(systems), bench.runs)
        for name in seconds:
            agree(f"train {model} {precision}", first["laconic"], first[name], 1e-4 if precision == "fp32" else 1e-2)
        for name, s in seconds.items():
            rows.append({"model": model, "rows": f"{count}x{length}", "precision": precision, "system": name,
                         "tokens_per_s": round(count * length / s),
                         "share_of_gemm_peak": shares.median(name),
                         "ratio": round(s / seconds["laconic"], 2), "first_loss": round(first[name], 5)})
    rows += train_beside_llama(bench)
    h.publish(bench, "train", rows, bars=(["model", "rows", "precision", "system"], "share_of_gemm_peak"))


def train_beside_llama(bench):
    """llama.cpp takes one row a step."""
    folder, length, steps = h.smollm2(), 1024, {}
    documents = h.write_documents(WORK / "train-llama.txt", [length + 1], 49000)  # the last id is a target only
    shares = Shares("fp32", flops(json.loads((folder / "config.json").read_text()), 1, length))
    seconds = h.medians(shares.beside_peak({
        "laconic": keep(steps, "laconic", "seconds", lambda: step_of(folder, documents, length + 1, "fp32")),
        "llama.cpp": keep(steps, "llama.cpp", "seconds", lambda: h.peer(
            "train_llama", folder=WORK, documents=documents, repeats=1))}), bench.runs)
    agree("train beside llama.cpp", steps["laconic"]["first_loss"], steps["llama.cpp"]["first_loss"], 1e-4)
    return [{"model": "smollm2", "rows": f"1x{length}", "precision": "fp32", "system": name, "tokens_per_s": round(length / s),
             "share_of_gemm_peak": shares.median(name), "ratio": round(s / seconds["laconic"], 2),
             "first_loss": round(steps[name]["first_loss"], 5)} for name, s in seconds.items()]


class Shares:
    """Of the peak of products, which a shared machine changes from minute to minute: measured before each system of each run."""

    def __init__(self, precision, flops_a_step):
        self.precision, self.flops, self.values = precision, flops_a_step, {}

    def beside_peak(self, systems):
        def with_peak(name, seconds):
            def run():
                peak, s = h.gemm_peak(self.precision), seconds()
                self.values.setdefault(name, []).append(self.flops / s / 1e9 / peak)
                return s
            return run
        return {name: with_peak(name, seconds) for name, seconds in systems.items()}

    def median(self, name):
        return round(statistics.median(self.values[name]), 3)


def flops(c, count, length):
    """Of a step: 6 a weight of a matrix and token, attention's causal half three and a half times."""
    d, heads = c["hidden_size"], c["num_attention_heads"]
    width = c.get("head_dim") or d // heads
    kv = c["num_key_value_heads"] * width
    matrices = c["num_hidden_layers"] * (d * (heads * width + 2 * kv) + heads * width * d + 3 * d * c["intermediate_size"])
    attention = 7 * c["num_hidden_layers"] * heads * width * length
    return count * length * (6 * (matrices + c["vocab_size"] * d) + attention)


def train_quick(bench):
    rows = []
    for precision in ("fp32", "bf16"):
        out, _ = h.call(BENCH / "bench_train_step", 2048, 2, THREADS, "world", 0, precision)
        best = h.csv_of(out)
        rows.append({"model": "world", "precision": precision, "system": "laconic",
                     "tokens_per_s": round(statistics.median(float(r["tokens_per_second"]) for r in best)),
                     "loss": best[-1]["loss"]})
    agree("train fp32 and bf16", float(rows[1]["loss"]), float(rows[0]["loss"]), 0.01)
    h.publish(bench, "train", rows, bars=(["model", "precision", "system"], "tokens_per_s"))


def mixed(bench):
    """Rows of 64 to 4,096 tokens (log-uniform), 5.8 M weights: laconic, and TRL's and LLaMA-Factory's trainers with padded
    batches of 8."""
    steps, batch = 2, 8
    generator = random.Random(3)
    lengths = [int(64 * 64 ** generator.random()) for _ in range(steps * batch)]
    folder = h.model_of("5.8M")
    documents = h.write_documents(WORK / "mixed.txt", lengths, 4096)
    # A step of ours is a step of theirs: the same 8 rows.
    parts = [h.write_documents(WORK / f"mixed-{i}.txt", [], 1) for i in range(steps)]
    lines = documents.read_text().splitlines()
    for i, part in enumerate(parts):
        part.write_text("\n".join(lines[batch * i:batch * (i + 1)]) + "\n")
    first = {}

    def ours():
        seconds = 0.0
        for i, part in enumerate(parts):
            s, loss = step_seconds(folder, part, 8192, "fp32", repeats=1)
            seconds += s
            first.setdefault("laconic", loss)
        return seconds

    def theirs(name, **settings):
        def measure():
            result = h.peer(f"train_{name}", model=folder, documents=documents, rows=batch, steps=steps, **settings)
            first[name] = result["first_loss"]
            return result["seconds"]
        return measure

    systems = {"laconic": ours, "trl": theirs("trl"), "llamafactory": theirs("llamafactory", python=h.llamafactory_python())}
    seconds = h.medians(systems, min(bench.runs, 2))
    for name in ("trl", "llamafactory"):
        agree(f"mixed {name}", first["laconic"], first[name], 1e-3)
    best = min(s for name, s in seconds.items() if name != "laconic")
    rows = [{"model": "5.8M", "tokens": sum(lengths), "system": name, "tokens_per_s": round(sum(lengths) / s),
             "ratio": round(best / s, 2), "first_loss": round(first[name], 4)} for name, s in seconds.items()]
    h.publish(bench, "mixed", rows, bars=(["model", "system"], "tokens_per_s"))


def ours_generate(folder, prompts, lengths, slots, storage):
    out, _ = h.call(BENCH / "bench_generate", folder, prompts, lengths, slots, storage, THREADS)
    return json.loads(out)


def keep(results, name, key, function, also=None):
    """function() measured for its `key`; its last result goes to results, with the runs' median of `also`."""
    seen = []

    def measure():
        results[name] = function()
        if also:
            seen.append(results[name][also])
            results[name][also] = statistics.median(seen)
        return results[name][key]
    return measure


def generate(bench):
    """SmolLM2, greedy, 1, 16 and 64 sequences: laconic, transformers, llama.cpp. ratio: laconic's decode rate over the row's."""
    if bench.quick:
        return generate_quick(bench)
    folder, rows = h.smollm2(), []
    new_tokens = {1: 64, 16: 48, 64: 24}
    for dtype in ("float32", "bfloat16", "int8"):
        for count in (1, 16, 64):
            prompts = h.write_documents(WORK / f"prompts-{count}.txt", [64] * count, 49000)
            n, results = new_tokens[count], {}
            systems = {
                "laconic": lambda: ours_generate(folder, prompts, n, count, dtype),
                "llama.cpp": lambda: h.peer("llama", dtype=dtype, folder=WORK, prompts=prompts, lengths=[n] * count,
                                            slots=count)}
            if dtype != "int8" and count < 64:
                systems["transformers"] = lambda: h.peer("generate", model=folder, prompts=prompts, new_tokens=n, dtype=dtype)
            runs = {name: keep(results, name, "decode", f, also="prefill") for name, f in systems.items()}
            rates = h.medians(runs, bench.runs)
            for name, rate in rates.items():
                rows.append({"storage": dtype, "sequences": count, "system": name, "decode_tokens_per_s": round(rate, 1),
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
    """0.9 M weights, one reply after the other and 256 in 32 slots, of 150 tokens each: laconic and transformers, which takes 32 at
    once."""
    folder, rows = h.model_of("0.9M"), []
    for dtype, slots, count in (("float32", 1, 4), ("float32", 32, 256), ("bfloat16", 1, 4), ("bfloat16", 32, 256)):
        prompts = h.write_documents(WORK / f"prompts-small-{count}.txt", [60] * count, 500)
        results = {}
        rates = h.medians({
            "laconic": keep(results, "laconic", "decode", lambda: ours_generate(folder, prompts, 150, slots, dtype)),
            "transformers": keep(results, "transformers", "decode", lambda: h.peer(
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
            "laconic": keep(results, "laconic", "seconds", lambda: ours_generate(
                folder, prompts, ",".join(map(str, lengths)), 16, dtype)),
            "llama.cpp server": keep(results, "llama.cpp server", "seconds", lambda: h.peer(
                "llama_server", program=h.llama_server(), dtype=dtype, folder=WORK, prompts=prompts, lengths=lengths, slots=16)),
            "llama.cpp": keep(results, "llama.cpp", "seconds", lambda: h.peer(
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


def memory(bench):
    """Largest resident memory of training with 151,936 ids (44.4 M weights, rows of 4 x 512, fp32), program and libraries
    included: laconic and transformers."""
    folder = h.model_of("152k")
    documents = h.write_documents(WORK / "memory.txt", [512] * 4, 151936)
    steps = {"laconic": step_of(folder, documents, 2048, "fp32", repeats=1),
             "transformers": h.peer("train", model=folder, documents=documents, repeats=1, bf16=False)}
    agree("memory", steps["laconic"]["first_loss"], steps["transformers"]["first_loss"], 1e-4)
    rows = [{"model": "V 151,936", "rows": "4x512", "system": name, "peak_mib": step["peak_mib"],
             "ratio": round(steps["transformers"]["peak_mib"] / step["peak_mib"], 2), "tokens_per_s": round(2048 / step["seconds"])}
            for name, step in steps.items()]
    h.publish(bench, "memory", rows, bars=(["model", "system"], "peak_mib"))


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
    cost follows the sum of their squares), slots and model size."""
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


TABLES = {f.__name__: f for f in (train, mixed, memory, generate, bandwidth, small, continuous, profile, tokenizer, verifier,
                                  growth)}
QUICK = ["train", "generate", "growth"]
