#!/usr/bin/env python3
"""The Markdown table of runs/world-frontier.sh: mean over seeds, the spread between them, paired intervals of each run.

    frontier_table.py OUT        reads OUT/<name>-seed<N>.json (what `laconic eval --json` printed)

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import pathlib
import re
import sys

NAMES = ("tldr", "tldr-shrink", "static-0", "static-25", "static-50", "static-75", "static-100")


def read_runs(folder):
    runs = {}
    for path in sorted(folder.glob("*-seed*.json")):
        name, seed = re.fullmatch(r"(.+)-seed(\d+)\.json", path.name).groups()
        runs.setdefault(name, {})[int(seed)] = json.loads(path.read_text())
    return runs


def mean_and_error(values):
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, math.nan
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))


def row(name, by_seed):
    accuracies = [100 * run["models"][1]["accuracy"]["mean"] for run in by_seed.values()]
    tokens = [run["models"][1]["tokens"]["mean"] for run in by_seed.values()]
    ratios = [100 * (run["comparison"]["token_ratio"] - 1) for run in by_seed.values()]
    lows = [100 * run["comparison"]["accuracy"]["low"] for run in by_seed.values()]
    highs = [100 * run["comparison"]["accuracy"]["high"] for run in by_seed.values()]
    intervals = "; ".join(f"{low:+.1f} .. {high:+.1f}" for low, high in zip(lows, highs))
    accuracy, accuracy_error = mean_and_error(accuracies)
    token_mean, token_error = mean_and_error(tokens)
    return (f"| {name} | {len(by_seed)} | {accuracy:.1f} +- {accuracy_error:.1f} | {token_mean:.1f} +- {token_error:.1f} "
            f"| {sum(ratios) / len(ratios):+.1f} % | {intervals} |")


def main():
    runs = read_runs(pathlib.Path(sys.argv[1]))
    first = next(iter(next(iter(runs.values())).values()))["models"][0]
    print(f"long model: {100 * first['accuracy']['mean']:.1f} +- {100 * first['accuracy']['se']:.1f} % right, "
          f"{first['tokens']['mean']:.1f} +- {first['tokens']['se']:.1f} tokens\n")
    print("| mixture | seeds | accuracy %, +- s.e. over seeds | tokens, +- s.e. over seeds | tokens vs long "
          "| accuracy difference to long, paired 95 %, each seed (points) |")
    print("|---|---|---|---|---|---|")
    for name in NAMES:
        if name in runs:
            print(row(name, runs[name]))


main()
