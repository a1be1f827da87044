#!/usr/bin/env bash
# `make demo`: the embedded small world from a model that thinks long to one that thinks shorter, in minutes on two cores.
#
#   runs/demo.sh [OUT]        (default out/demo)
#
# Leaves OUT/model (a Hugging Face folder) and OUT/report.html, and prints one table: before | after on problems that neither
# training nor the choice of the checkpoint has seen. Interrupted, it goes on where it was.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
laconic=${LACONIC:-build/release/laconic}
out=${1:-out/demo}
start=$SECONDS
mkdir -p "$out"
runs/world-data.sh "$out/data"

evaluate() {  # evaluates the long reasoner, and against it the model given, on 1,000 test problems x 4 samples
  "$laconic" eval --model models/world-long "$@" --data "$out/data/test.jsonl" --samples 4 \
    --temperature 0.7 --max-new-tokens 600 --margin 0.02 --out "$out/eval"
}

echo "1/3  the long reasoner on 1,000 test problems x 4 samples" >&2
evaluate >"$out/before.txt"
echo "2/3  laconic tldr" >&2
"$laconic" tldr --config runs/world-tldr.yaml --model models/world-long --short-model models/world-short \
  --short "$out/data/short.jsonl" --long "$out/data/long.jsonl" --dev "$out/data/dev.jsonl" --out "$out/run"
echo "3/3  the result on the same test problems" >&2
evaluate --compare "$out/run/model" | tee "$out/table.txt"

# The page shows what the test set says, beside the run.
cp "$out/eval/first.jsonl" "$out/run/samples/before.jsonl"
cp "$out/eval/second.jsonl" "$out/run/samples/after.jsonl"
"$laconic" report "$out/run" --out "$out/report.html" >/dev/null
rm -rf "$out/model"
cp -r "$out/run/model" "$out/model"
echo
echo "model   $out/model"
echo "report  $out/report.html"
echo "took    $((SECONDS - start)) s"
