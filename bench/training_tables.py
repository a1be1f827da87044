"""The training tables of bench/run (bench/tables.py).

SPDX-License-Identifier: Apache-2.0
"""
import json
import random
import re
import statistics

import harness as h
from harness import BUILD, THREADS, WORK

BENCH = BUILD / "bench"


def step_of(model, documents, tokens, precision, repeats=3, lora_r=None):
    """{"seconds": of a step, "first_loss", "peak_mib"} of laconic."""
    out, err = h.call(BENCH / "bench_train_documents", model, documents, tokens, repeats, THREADS, precision,
                      *([lora_r] if lora_r else []))
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
            h.agree(f"train {model} {precision}", first["laconic"], first[name], 1e-4 if precision == "fp32" else 1e-2)
        for name, s in seconds.items():
            rows.append({"model": model, "rows": f"{count}x{length}", "precision": precision, "system": name,
                         "tokens_per_s": round(count * length / s),
                         "share_of_gemm_peak": shares.median(name),
                         "ratio": round(s / seconds["laconic"], 2), "first_loss": round(first[name], 5)})
    rows += train_beside_llama(bench)
    h.publish(bench, "train", rows, bars=(["model", "rows", "precision", "system"], "share_of_gemm_peak"))


def lora(bench):
    """Steps of SmolLM2 on 4 rows of 256 tokens with adapters of rank 16 on all linear layers: laconic, and transformers with PEFT
    (bf16: autocast). ratio: laconic's rate over the row's."""
    folder, rank, length, count, rows = h.smollm2(), 16, 256, 4, []
    documents = h.write_documents(WORK / "train-lora.txt", [length] * count, 49000)
    for precision in ("fp32", "bf16"):
        results = {}
        seconds = h.medians({
            "laconic": h.keep(results, "laconic", "seconds", lambda: step_of(
                folder, documents, count * length, precision, lora_r=rank)),
            "PEFT": h.keep(results, "PEFT", "seconds", lambda: h.peer(
                "train", model=folder, documents=documents, repeats=2, bf16=precision == "bf16", lora_r=rank))}, bench.runs)
        ours, theirs = results["laconic"], results["PEFT"]
        h.agree(f"lora {precision}", ours["first_loss"], theirs["first_loss"], 1e-4 if precision == "fp32" else 1e-2)
        for name, s in seconds.items():
            rows.append({"precision": precision, "system": name, "tokens_per_s": round(count * length / s),
                         "ratio": round(s / seconds["laconic"], 2), "peak_mib": results[name]["peak_mib"],
                         "first_loss": round(results[name]["first_loss"], 5)})
    h.publish(bench, "lora", rows, bars=(["precision", "system"], "tokens_per_s"))


def train_beside_llama(bench):
    """llama.cpp takes one row a step."""
    folder, length, steps = h.smollm2(), 1024, {}
    documents = h.write_documents(WORK / "train-llama.txt", [length + 1], 49000)  # the last id is a target only
    shares = Shares("fp32", flops(json.loads((folder / "config.json").read_text()), 1, length))
    seconds = h.medians(shares.beside_peak({
        "laconic": h.keep(steps, "laconic", "seconds", lambda: step_of(folder, documents, length + 1, "fp32")),
        "llama.cpp": h.keep(steps, "llama.cpp", "seconds", lambda: h.peer(
            "train_llama", folder=WORK, documents=documents, repeats=1))}), bench.runs)
    h.agree("train beside llama.cpp", steps["laconic"]["first_loss"], steps["llama.cpp"]["first_loss"], 1e-4)
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
    h.agree("train fp32 and bf16", float(rows[1]["loss"]), float(rows[0]["loss"]), 0.01)
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
        h.agree(f"mixed {name}", first["laconic"], first[name], 1e-3)
    best = min(s for name, s in seconds.items() if name != "laconic")
    rows = [{"model": "5.8M", "tokens": sum(lengths), "system": name, "tokens_per_s": round(sum(lengths) / s),
             "ratio": round(best / s, 2), "first_loss": round(first[name], 4)} for name, s in seconds.items()]
    h.publish(bench, "mixed", rows, bars=(["model", "system"], "tokens_per_s"))


def memory(bench):
    """Largest resident memory of training with 151,936 ids (44.4 M weights, rows of 4 x 512, fp32), program and libraries
    included: laconic and transformers."""
    folder = h.model_of("152k")
    documents = h.write_documents(WORK / "memory.txt", [512] * 4, 151936)
    steps = {"laconic": step_of(folder, documents, 2048, "fp32", repeats=1),
             "transformers": h.peer("train", model=folder, documents=documents, repeats=1, bf16=False)}
    h.agree("memory", steps["laconic"]["first_loss"], steps["transformers"]["first_loss"], 1e-4)
    rows = [{"model": "V 151,936", "rows": "4x512", "system": name, "peak_mib": step["peak_mib"],
             "ratio": round(steps["transformers"]["peak_mib"] / step["peak_mib"], 2), "tokens_per_s": round(2048 / step["seconds"])}
            for name, step in steps.items()]
    h.publish(bench, "memory", rows, bars=(["model", "system"], "peak_mib"))
