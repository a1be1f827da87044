#!/usr/bin/env python3
"""Reads the TensorBoard event files of a run with TensorBoard's own reader and compares them with log.jsonl.

Usage: dev/check_tensorboard.py RUN. Needs the package tensorboard (2.21), which nothing else here does.
Every number of every row must be a scalar of the same step, once, and there must be no others. Exits with 1 otherwise.
SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def numbers(row, tag):
    for name, value in row.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{tag}/{name}")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and name != "step":
            yield f"{tag}/{name}", value


def expected(run):
    tags = {"step": "train", "eval": "eval"}
    for name in ("log.jsonl", "mixture.jsonl"):
        path = run / name
        for line in path.read_text().splitlines() if path.exists() else []:
            row = json.loads(line)
            for tag, value in numbers(row, tags.get(row.get("type"), "mixture")):
                yield tag, row["step"], struct.unpack("f", struct.pack("f", value))[0]


def main():
    run = pathlib.Path(sys.argv[1])
    reader = EventAccumulator(str(run), size_guidance={"scalars": 0})
    reader.Reload()
    got = [(tag, event.step, event.value) for tag in reader.Tags()["scalars"] for event in reader.Scalars(tag)]
    want = list(expected(run))
    missing, extra = set(want) - set(got), set(got) - set(want)
    twice = len(got) - len(set(got))
    print(f"{len(list(run.glob('events.out.tfevents.*')))} files, {len(reader.Tags()['scalars'])} tags, {len(got)} "
          f"scalars; {len(missing)} missing, {len(extra)} not in the logs, {twice} twice")
    for kind, some in (("missing", missing), ("extra", extra)):
        for tag, step, value in sorted(some)[:5]:
            print(f"{kind}: {tag} step {step}: {value}")
    return 1 if missing or extra or twice or not want else 0


sys.exit(main())
