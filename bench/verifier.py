#!/usr/bin/env python3
"""Judges the shared labelled replies by laconic and by math-verify, side by side on one core, in one run.

Prints a table: rows/s of CPU time of each (reading the files is not timed), their ratio, and the share of
rows on which each agrees with the labels, and with the truth: the labels, corrected where
tests/cases/verifier/shared_labels.jsonl says that the label is wrong; rows whose gold answer is damaged have
no truth. Both read replies without a box from prose (laconic: box, #### , phrase, last formula, last number;
math-verify: its default extraction). math-verify is installed into bench/.venv if it is not there.

    python3 bench/verifier.py [--build build/release] [--data ../shared/data/verifier] [--rows N]
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / "bench" / ".venv"
PACKAGES = ["math-verify[antlr4_13_2]==0.9.0"]
FILES = ["labelled-gsm8k", "labelled-math500", "labelled-minerva"]
SOURCES = "box,hashes,phrase,math,number"


def text_of(value):
    return value if isinstance(value, str) else "" if value is None else str(value)


def judge_by_math_verify(path, rows):
    """Runs in the environment: prints CPU seconds, then one verdict a row."""
    import logging
    from math_verify import parse, verify
    logging.disable(logging.CRITICAL)
    verdicts, spent = [], 0.0
    for number, line in enumerate(open(path)):
        if number == rows:
            break
        row = json.loads(line)
        begin = time.process_time()
        try:
            right = verify(parse(f"${text_of(row['gold'])}$"), parse(text_of(row["response"])))
        except Exception:
            right = False
        spent += time.process_time() - begin
        verdicts.append("right" if right else "wrong")
    print(spent, *verdicts, sep="\n")


def environment_python():
    python = ENVIRONMENT / "bin" / "python3"
    if not python.exists():
        print(f"installing {' '.join(PACKAGES)} into {ENVIRONMENT.relative_to(ROOT)}", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def corrections():
    path = ROOT / "tests" / "cases" / "verifier" / "shared_labels.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {(row["file"], row["row"]): row["kind"] for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=ROOT / "build" / "release", type=pathlib.Path)
    parser.add_argument("--data", default=os.environ.get("LACONIC_SHARED_DATA", ROOT / ".." / "shared" / "data"),
                        type=pathlib.Path)
    parser.add_argument("--rows", default=-1, type=int, help="rows of each file for math-verify, -1 for all")
    parser.add_argument("--math-verify", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.math_verify:
        return judge_by_math_verify(options.math_verify, options.rows)
    python, kinds = environment_python(), corrections()
    print(f"{'file':18} {'rows':>5} {'laconic':>10} {'math-verify':>11} {'ratio':>7} {'labels':>15} {'truth':>15}"
          f" {'p99.9':>8} {'most':>8}")
    print(f"{'':18} {'':>5} {'rows/s':>10} {'rows/s':>11} {'':>7} {'ours    theirs':>15} {'ours    theirs':>15}"
          f" {'us':>8} {'us':>8}")
    for name in FILES:
        path = options.data / "verifier" / f"{name}.jsonl"
        ours = subprocess.run([options.build / "bench" / "bench_verifier", path, SOURCES], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.split("\n")
        head, ours = ours[0].split(), ours[1:-1]
        theirs = subprocess.run([python, __file__, "--math-verify", path, "--rows", str(options.rows)], check=True,
                                stdout=subprocess.PIPE, text=True).stdout.split("\n")
        spent, theirs = float(theirs[0]), theirs[1:-1]
        labels = [json.loads(line)["label"] for line in open(path)][:len(theirs)]
        truth = {}
        for row, label in enumerate(labels):
            kind = kinds.get((name, row + 1))
            if kind != "gold":
                truth[row] = label != (kind in ("label", "rounding"))
        rate, their_rate = int(head[0]) / float(head[1]), len(theirs) / spent

        def agreement(verdicts, wanted):
            return 100 * sum((verdicts[row] == "right") == want for row, want in wanted.items()) / len(wanted)

        by_label = dict(enumerate(labels))
        print(f"{name:18} {len(theirs):5} {rate:10.0f} {their_rate:11.1f} {rate / their_rate:7.0f}"
              f" {agreement(ours, by_label):7.2f} {agreement(theirs, by_label):7.2f}"
              f" {agreement(ours, truth):7.2f} {agreement(theirs, truth):7.2f} {head[4]:>8} {head[5]:>8}", flush=True)


main()
