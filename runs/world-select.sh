#!/usr/bin/env bash
# TL;DR from one's own two models, on the small world: sample -> verify -> select -> tldr -> eval.
#
#   runs/world-select.sh [OUT]        (default out/world-select)
#
# The short model's shortest right replies to easy problems and the long model's to hard ones are the two training files;
# no row comes from the generator of the world's chains. docs/select.md holds what it printed. Interrupted, it goes on.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
laconic=${LACONIC:-build/release/laconic}
out=${1:-out/world-select}
start=$SECONDS
mkdir -p "$out"

# problems NAME SPLIT SEED LEVELS COUNT: made once.
problems() {
  [[ -s $out/$1.jsonl ]] && return
  "$laconic" world --split "$2" --seed "$3" --difficulty "$4" --num-problems "$5" --output "$out/$1.part"
  mv "$out/$1.part" "$out/$1.jsonl"
}

# rows NAME MODEL PROBLEMS N: sampled, judged and selected training rows.
rows() {
  local name=$1
  "$laconic" generate --model "$2" --input "$out/$3.jsonl" --n "$4" --temperature 0.7 --max-new-tokens 600 \
    --output "$out/$name-sampled.jsonl"
  "$laconic" verify --input "$out/$name-sampled.jsonl" --output "$out/$name-judged.jsonl"
  cp "$out/$name-sampled.jsonl.settings.json" "$out/$name-judged.jsonl.settings.json"
  echo "== $name"
  "$laconic" select "$out/$name-judged.jsonl" --keep shortest --decontaminate "$out/dev.jsonl,$out/test.jsonl" \
    --output "$out/$name.jsonl" | tee "$out/$name-select.txt"
}

problems easy train 51 1-4 6000
problems hard train 52 5-6 2000
problems dev dev 53 1-6 1000
problems test test 54 1-6 1000
rows short models/world-short easy 4
rows long models/world-long hard 4

"$laconic" tldr --config runs/world-tldr.yaml --model models/world-long --short-model models/world-short \
  --short "$out/short.jsonl" --long "$out/long.jsonl" --dev "$out/dev.jsonl" --out "$out/run"
echo "== the long reasoner, and after laconic tldr on selected samples"
"$laconic" eval --model models/world-long --compare "$out/run/model" --data "$out/test.jsonl" --samples 4 \
  --temperature 0.7 --max-new-tokens 600 --margin 0.02 --out "$out/eval" | tee "$out/table.txt"
echo "took $((SECONDS - start)) s"
