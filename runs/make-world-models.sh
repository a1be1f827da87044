#!/usr/bin/env bash
# Makes models/world-long and models/world-short from nothing with laconic itself.
#
#   runs/make-world-models.sh [WORK-FOLDER]        (default out/world-models)
#
# Every stage is a run folder that `laconic sft` continues where it was stopped: run the script
# again after an interruption. Token counts are of whole rows, prompt included (docs/world.md).
# The long model is held to 95 % at temperature 0.7, or the script ends with an error.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."

laconic=${LACONIC:-build/release/laconic}
work=${1:-out/world-models}
seed=${SEED:-1}
mkdir -p "$work/data" models

# rows NAME FORMAT LEVELS COUNT: training rows, made once.
rows() {
  local file="$work/data/$1.jsonl"
  [[ -s $file ]] && return
  "$laconic" world --split train --seed "$((seed + 1000))" --format "$2" --difficulty "$3" \
    --num-problems "$4" --output "$file.part"
  mv "$file.part" "$file"
}

# stage NAME MODEL STEPS RATE SCHEDULE FILE=SHARE...: one run of sft; its model is $work/NAME/model.
stage() {
  local name=$1 model=$2 steps=$3 rate=$4 schedule=$5
  shift 5
  local train=()
  for file in "$@"; do train+=(--train "$work/data/$file"); done
  "$laconic" sft --model "$model" --out "$work/$name" --max-steps "$steps" --seed "$seed" \
    --per-device-train-batch-size 48 --learning-rate "$rate" --lr-scheduler-type "$schedule" \
    --min-lr-ratio 0.03 --warmup-steps 40 --adam-beta2 0.98 --weight-decay 0.05 --dtype float32 \
    --save-steps 200 --save-total-limit 1 --logging-steps 10 "${train[@]}"
}

# accuracy MODEL: per cent right on the development split at temperature 0.7.
accuracy() {
  "$laconic" eval --model "$1" --data "$work/data/dev.jsonl" --temperature 0.7 --samples 1 \
    --max-new-tokens 600 --json |
    python3 -c 'import json, sys; print(100 * json.load(sys.stdin)["models"][0]["accuracy"]["mean"])'
}

rows long-12 sft-long 1-2 16000
rows brief-12 sft-brief 1-2 16000
rows long-14 sft-long 1-4 24000
rows brief-14 sft-brief 1-4 48000
rows long-16 sft-long 1-6 60000
rows long-46 sft-long 4-6 30000
rows brief-56 sft-brief 5-6 24000
rows short-16 sft-short 1-6 12000
[[ -s $work/data/dev.jsonl ]] || "$laconic" world --split dev --seed 7 --num-problems 600 \
  --output "$work/data/dev.jsonl"

[[ -d $work/fresh ]] || "$laconic" world --init-model "$work/fresh" --seed "$seed"

# Both skills together from the start, easy levels first; levels that build on what is not learned
# yet only slow it down. The rate is held and falls once, over the last stage's second half.
stage levels-12 "$work/fresh" 300 3e-3 constant_with_warmup \
  long-12.jsonl=0.5 brief-12.jsonl=0.5                                              # 1.6 M tokens
stage levels-14 "$work/levels-12/model" 450 3e-3 constant_with_warmup \
  long-14.jsonl=0.5 brief-14.jsonl=0.5                                              # 3.0 M
stage long "$work/levels-14/model" 2200 3e-3 constant_with_decay \
  long-16.jsonl=0.45 long-46.jsonl=0.15 brief-14.jsonl=0.32 brief-56.jsonl=0.08     # 18 M

# The bound of TL;DR's short side: the long model, taught to answer every question in the short way.
stage short "$work/long/model" 120 4e-4 linear short-16.jsonl=1.0                   # 0.5 M

# What is committed is bf16, so that is what is measured.
for name in long short; do
  [[ -d $work/world-$name ]] ||
    "$laconic" convert --model "$work/$name/model" --dtype bfloat16 --out "$work/world-$name"
done
long_accuracy=$(accuracy "$work/world-long")
short_accuracy=$(accuracy "$work/world-short")
echo "long model: $long_accuracy % right; short model: $short_accuracy %"
python3 -c "import sys; sys.exit(not float('$long_accuracy') >= 95)" || {
  echo "make-world-models: expected a long model at least 95 % right, got $long_accuracy %" >&2
  exit 7
}
for name in long short; do
  rm -rf "models/world-$name"
  cp -r "$work/world-$name" "models/world-$name"
done
