#!/usr/bin/env bash
# TL;DR against fixed mixtures on the small world, at equal steps, over seeds: accuracy and tokens on 1,000 unseen problems x 4.
#
#   runs/world-frontier.sh [OUT] [SEEDS] [LONG-LEVELS]        (default out/frontier "1 2 3" 5-6)
#
# LONG-LEVELS 5-6 is the paper's split, short chains of easy problems and long chains of hard ones; with 1-6 the long domain covers
# the easy problems too, and the mixture decides how often an easy problem is answered in the short way.
# Prints a Markdown table and leaves OUT/results.jsonl; docs/world-frontier.md holds what it printed.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
laconic=${LACONIC:-build/release/laconic}
out=${1:-out/frontier}
seeds=${2:-1 2 3}
mkdir -p "$out"
runs/world-data.sh "$out/data" "${3:-5-6}"

run() {  # run NAME SEED OPTION...
  local name=$1 seed=$2
  shift 2
  local folder="$out/$name-seed$seed"
  [[ -s $folder.json ]] && return
  "$laconic" tldr --config runs/world-tldr.yaml --model models/world-long --short-model models/world-short \
    --short "$out/data/short.jsonl" --long "$out/data/long.jsonl" --dev "$out/data/dev.jsonl" \
    --seed "$seed" --out "$folder" "$@"
  "$laconic" eval --model models/world-long --compare "$folder/model" --data "$out/data/test.jsonl" --samples 4 \
    --temperature 0.7 --max-new-tokens 600 --json --out "$out/eval-$name-$seed" >"$folder.json.part"
  mv "$folder.json.part" "$folder.json"
}

first=
for seed in $seeds; do
  # The long model's replies do not depend on the run: sampled once.
  for name in tldr tldr-shrink static-0 static-25 static-50 static-75 static-100; do
    if [[ -n $first ]]; then
      mkdir -p "$out/eval-$name-$seed"
      cp -n "$first" "$out/eval-$name-$seed/first.jsonl"
    fi
    case $name in
      tldr) run tldr "$seed" ;;
      tldr-shrink) run tldr-shrink "$seed" --shrink ;;
      # A fixed mixture has nothing to learn from evaluations on the way: one at the end, the last step is the result.
      static-*)
        short=$(python3 -c "print(${name#static-} / 100)")
        long=$(python3 -c "print(1 - ${name#static-} / 100)")
        run "$name" "$seed" --static "short=$short,long=$long" --eval-steps 320 --no-initial-eval
        ;;
    esac
    first="$out/eval-$name-$seed/first.jsonl"
  done
done
python3 runs/frontier_table.py "$out"
