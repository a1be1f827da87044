#!/usr/bin/env bash
# The small world's rows for TL;DR, split as in the paper: short chains of easy problems, long chains of hard ones.
#
#   runs/world-data.sh FOLDER [LONG-LEVELS]      writes short.jsonl, long.jsonl, dev.jsonl (1,000 problems), test.jsonl (1,000 problems)
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
laconic=${LACONIC:-build/release/laconic}
out=$1
long_levels=${2:-5-6}
mkdir -p "$out"
"$laconic" world --split train --seed 31 --difficulty 1-4 --format sft-short --num-problems 16000 --output "$out/short.jsonl"
"$laconic" world --split train --seed 32 --difficulty "$long_levels" --format sft-long --num-problems 12000 --output "$out/long.jsonl"
"$laconic" world --split dev --seed 33 --num-problems 1000 --output "$out/dev.jsonl"
"$laconic" world --split test --seed 34 --num-problems 1000 --output "$out/test.jsonl"
