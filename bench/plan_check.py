#!/usr/bin/env python3
"""`laconic plan` beside what then happens: seconds of the steps and of the replies, peak memory. Prints a table.

    python3 bench/plan_check.py [--laconic build/release/laconic] [--world models/world-long] [--large FOLDER] [--only "large: eval"]

The small world trains on its own rows; --large (SmolLM2's shape, say) on rows of its own making. Times need a machine that
does nothing else. Exits with 1 where a ratio is beyond --tolerance.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(command):
    """(stderr and stdout, peak resident bytes)."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        text = out.read()
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{text}")
    return text, usage.ru_maxrss * 1024


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def plan(laconic, *options):
    return json.loads(run([laconic, "plan", "--json", *options])[0])


def check_training(args, folder, model, rows_file, rows, steps, flags):
    out = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "run"
    _, peak = run([args.laconic, "sft", "--model", model, "--train", rows_file, "--out", out, "--max-steps", steps,
                   "--per-device-train-batch-size", rows, "--report-to", "none", *flags])
    log = [json.loads(line) for line in open(out / "log.jsonl")]
    log = [row for row in log if row.get("type") == "step"]
    tokens = [row["tokens"] for row in log]
    share = sum(row["targets"] for row in log) / sum(tokens)

    def foretell(step_tokens, *more):
        return plan(args.laconic, "--model", model, "--max-steps", steps, "--rows", rows, "--row-tokens",
                    round(step_tokens / rows), "--target-share", f"{share:.4f}", *flags, *more)

    # Time follows the mean step, memory the largest.
    foretold = foretell(sum(tokens) / len(tokens))
    foretold["memory_bytes"] = foretell(max(tokens), "--no-calibrate")["memory_bytes"]
    # The first step also faults the memory in.
    seconds = median([row["seconds"] for row in log]) * steps
    return foretold, seconds, peak


def mean_prompt(args, folder, model, problems):
    rows, rendered = pathlib.Path(folder) / "messages.jsonl", pathlib.Path(folder) / "prompts.jsonl"
    texts = [json.loads(line)["problem"] for line in open(problems) if line.strip()]
    rows.write_text("".join(json.dumps({"messages": [{"role": "user", "content": text}]}) + "\n" for text in texts))
    run([args.laconic, "render", model, "--input", rows, "--output", rendered, "--generation-prompt", "--ids"])
    return round(sum(len(json.loads(line)["ids"]) for line in open(rendered)) / len(texts))


def check_sampling(args, folder, model, problems, slots, cap):
    text, peak = run([args.laconic, "eval", "--model", model, "--data", problems, "--slots", slots, "--max-new-tokens", cap,
                      "--temperature", 1])
    tokens, seconds = map(float, re.search(r"([0-9]+) tokens in ([0-9.e+-]+) s", text).groups())
    count = sum(1 for line in open(problems) if line.strip())
    foretold = plan(args.laconic, "--model", model, "--problems", count, "--reply-tokens", max(2, round(tokens / count)),
                    "--slots", slots, "--prompt-tokens", mean_prompt(args, folder, model, problems))
    return foretold, seconds, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laconic", default=ROOT / "build/release/laconic")
    parser.add_argument("--world", default=ROOT / "models/world-long")
    parser.add_argument("--large", default="")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--tolerance", type=float, default=0.15)
    args = parser.parse_args()
    failed, rows_seen = [], []
    print(f"{'work':<34}{'foretold':>10}{'was':>10}{'ratio':>7}{'foretold':>11}{'was':>9}{'ratio':>7}")

    def row(name, check, *settings):
        if args.only not in name:
            return
        rows_seen.append(name)
        foretold, seconds, peak = check(args, folder, *settings)
        ratios = foretold["seconds"] / seconds, foretold["memory_bytes"] / peak
        print(f"{name:<34}{foretold['seconds']:>8.2f} s{seconds:>8.2f} s{ratios[0]:>7.2f}"
              f"{foretold['memory_bytes'] / 2**20:>7.0f} MiB{peak / 2**20:>5.0f} MiB{ratios[1]:>7.2f}", flush=True)
        if any(abs(ratio - 1) > args.tolerance for ratio in ratios):
            failed.append(name)

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows, problems, few = folder / "rows.jsonl", folder / "problems.jsonl", folder / "few.jsonl"
        run([args.laconic, "world", "--format", "sft-long", "--num-problems", 4000, "--seed", 5, "--output", rows])
        run([args.laconic, "world", "--num-problems", 2000, "--seed", 6, "--output", problems])
        few.write_text("".join(open(problems).readlines()[:128]))
        world, large = (args.world, rows, 64, 4 * args.steps), (args.large, rows, 8, args.steps)
        row("world: sft, 64 rows", check_training, *world, [])
        row("world: sft --bf16", check_training, *world, ["--bf16"])
        row("world: sft --lora-r 8", check_training, *world, ["--lora-r", 8])
        row("world: eval, 2,000 problems", check_sampling, args.world, problems, 64, 400)
        if args.large:
            row("large: sft, 8 rows", check_training, *large, [])
            row("large: sft --bf16", check_training, *large, ["--bf16"])
            row("large: gradient checkpointing", check_training, *large, ["--gradient-checkpointing"])
            row("large: sft --lora-r 16", check_training, *large, ["--lora-r", 16])
            row("large: eval, 16 slots", check_sampling, args.large, few, 16, 128)
    if not rows_seen:
        sys.exit(f"--only: expected a part of a row's name, got {args.only!r} (rows of a large model need --large)")
    if failed:
        sys.exit(f"beyond {100 * args.tolerance:.0f} %: " + ", ".join(failed))


if __name__ == "__main__":
    main()
