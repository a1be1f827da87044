#!/usr/bin/env python3
"""Makes the training and development files of runs/smollm2-gsm8k.sh from GSM8K and real long chains.

    prepare_gsm8k.py DATA_DIR OUT_DIR --max-characters N --dev N

DATA_DIR holds benchmarks/gsm8k-train.jsonl and chains in cot/*.jsonl, as rows of `problem`, `response`, `correct` or as
Qwen2.5-Math's evaluation writes them (`question`, `code`, `score`). Written: short.jsonl (GSM8K's solutions without
their calculator marks, the answer boxed), long.jsonl (finished, correct long chains of at most N characters; the
markers <|begin_of_thought|> ... mapped to think tags), dev.jsonl (training problems that short.jsonl does not hold).

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import pathlib
import re

MARKERS = (("<|begin_of_thought|>", "<think>"), ("<|end_of_thought|>", "</think>"),
           ("<|begin_of_solution|>", ""), ("<|end_of_solution|>", ""))


def read_rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{path}: {len(rows)} rows")


def short_row(idx, row):
    solution, answer = row["answer"].rsplit("####", 1)
    solution = re.sub(r"<<[^>]*>>", "", solution).strip()
    completion = f"<think>\n{solution}\n</think>\n\nThe answer is \\boxed{{{answer.strip()}}}."
    return {"id": f"gsm8k-train-{idx}", "problem": row["question"], "completion": completion}


def long_row(idx, row):
    text = row["response"]
    for marker, tag in MARKERS:
        text = text.replace(marker, tag)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    return {"id": f"long-cot-{idx}", "problem": row["problem"], "completion": text}


def chain(row):
    """A row of either kind as problem, response, correct."""
    if "response" in row:
        return row
    return {"problem": row["question"], "response": row["code"][0], "correct": row["score"][0]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--max-characters", type=int, required=True)
    parser.add_argument("--dev", type=int, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    gsm8k = read_rows(args.data / "benchmarks/gsm8k-train.jsonl")
    write_rows(args.out / "short.jsonl", [short_row(i, row) for i, row in enumerate(gsm8k[args.dev:])])
    write_rows(args.out / "dev.jsonl", [{"id": f"dev-{i}", "question": row["question"], "answer": row["answer"]}
                                        for i, row in enumerate(gsm8k[:args.dev])])
    chains = [chain(row) for path in sorted((args.data / "cot").glob("*.jsonl")) for row in read_rows(path)]
    rows = [long_row(i, row) for i, row in enumerate(chains)
            if row["correct"] and MARKERS[3][0] in row["response"]]
    write_rows(args.out / "long.jsonl", [row for row in rows if len(row["completion"]) <= args.max_characters])


main()
