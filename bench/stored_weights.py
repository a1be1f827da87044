#!/usr/bin/env python3
"""What storing the sampler's weights in int8 does to log-probabilities, on a model and problems of one's own.

    bench/stored_weights.py MODEL PROBLEMS.jsonl [--binary build/release/laconic]

Greedy replies with float32 and int8 weights; over the tokens before the first that differs (the same context), the
mean, 99th percentile and maximum of |log p(int8) - log p(float32)| of the chosen token, in nats; one line of CSV.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import subprocess


def replies(args, storage):
    rows = subprocess.run(
        [args.binary, "generate", "--model", args.model, "--input", args.problems, "--temperature", "0", "--logprobs",
         "--max-new-tokens", str(args.tokens), "--sampling-weights", storage],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return {row["id"]: row for row in map(json.loads, rows)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("problems")
    parser.add_argument("--binary", default="build/release/laconic")
    parser.add_argument("--tokens", type=int, default=64)
    args = parser.parse_args()
    exact, coarse = replies(args, "float32"), replies(args, "int8")
    differences, same = [], 0
    for key, row in exact.items():
        other = coarse[key]
        same += row["ids"] == other["ids"]
        for a, b, p, q in zip(row["ids"], other["ids"], row["logprobs"], other["logprobs"]):
            if a != b:
                break
            differences.append(abs(p - q))
    differences.sort()
    n = len(differences)
    print("replies,equal_replies,tokens_compared,mean_nats,p99_nats,max_nats")
    print(f"{len(exact)},{same},{n},{sum(differences) / n:.4f},{differences[99 * n // 100]:.4f},{differences[-1]:.4f}")


if __name__ == "__main__":
    main()
