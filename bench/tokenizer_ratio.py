#!/usr/bin/env python3
"""Encoding speed beside the `tokenizers` package (0.23.3 when last run), in one run: first shows that ids and decoded text are
equal, then prints MB/s of CPU time of one thread and the ratio.

    bench/tokenizer_ratio.py --build build/release --data ../shared/data
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "dev"))

from tokenizers import Tokenizer  # noqa: E402

from parity_tokenizer import NAMES, Laconic, shared_path, texts_in  # noqa: E402


def best_of_package(tokenizer, texts, runs):
    """Median CPU seconds of the faster of its two ways: with and without offsets."""
    medians = []
    for encode in (tokenizer.encode_batch, tokenizer.encode_batch_fast):
        seconds = []
        for _ in range(runs + 1):
            begin = time.process_time()
            encode(texts, add_special_tokens=False)
            seconds.append(time.process_time() - begin)
        medians.append(statistics.median(seconds[1:]))
    return min(medians)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--file", default="", help="JSONL (default: the long chains of the shared data)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tokenizers", default=",".join(NAMES), help="names, or paths of tokenizer.json")
    args = parser.parse_args()
    path = args.file or args.data + "/cot/long-cot.jsonl"
    texts = [t for line in open(path, encoding="utf8") if line.strip() for t in texts_in(json.loads(line))]
    megabytes = sum(len(t.encode()) for t in texts) * 1e-6
    with tempfile.TemporaryDirectory() as folder:
        for name in args.tokenizers.split(","):
            file = name if name.endswith(".json") else shared_path(args.data, name, folder)
            reference = Tokenizer.from_file(file)
            ours = Laconic(args.build + "/laconic", file).run([{"text": t} for t in texts])
            theirs = [e.ids for e in reference.encode_batch(texts, add_special_tokens=False)]
            assert [r["ids"] for r in ours] == theirs, name + ": ids differ"
            package = megabytes / best_of_package(reference, texts, args.runs)
            out = subprocess.run([args.build + "/bench/bench_tokenizer", file, path, str(args.runs)], capture_output=True,
                                 check=True, text=True).stdout
            print(f"{name}: {len(texts)} texts, {megabytes:.2f} MB, ids equal; tokenizers {package:.2f} MB/s")
            for what, speed in re.findall(r"(one thread, [^:]*): ([\d.]+) MB/s", out):
                print(f"    {what}: {speed} MB/s, {float(speed) / package:.1f} times as fast")
            print("    " + out.strip().split("\n")[-1], flush=True)


if __name__ == "__main__":
    main()
