#!/usr/bin/env python3
"""Checks that PEFT loads an adapter as laconic means it: every key is used and log-probabilities are the same.

Usage: dev/check_peft_loads.py MODEL ADAPTER [ATOL]      (LACONIC: the binary, default build/release/laconic)
Needs peft and transformers; checked with peft 0.21.2, transformers 5.24.0. Exits with 1 on a difference.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys

import peft
import torch
import transformers
from safetensors import safe_open


def main():
    model_folder, adapter = sys.argv[1:3]
    tolerance = float(sys.argv[3]) if len(sys.argv) > 3 else 1e-4
    base = transformers.AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32,
                                                             attn_implementation="eager")
    model = peft.PeftModel.from_pretrained(base, adapter, autocast_adapter_dtype=False).eval()
    with safe_open(os.path.join(adapter, "adapter_model.safetensors"), "pt") as file:
        keys = set(file.keys())
        state = peft.get_peft_model_state_dict(model, save_embedding_layers=False)
        if keys != set(state):
            sys.exit(f"keys: expected {len(state)} of PEFT, got other ones: {sorted(keys ^ set(state))[:4]}")
        for key in keys:
            if not torch.equal(file.get_tensor(key).float(), state[key].float()):
                sys.exit(f"{key}: expected the file's values in PEFT's model, got others")
    torch.manual_seed(3)
    rows = [torch.randint(model.config.vocab_size, (40,)) for _ in range(4)]
    text = "".join(json.dumps({"ids": row.tolist()}) + "\n" for row in rows)
    binary = os.environ.get("LACONIC", "build/release/laconic")
    out = subprocess.run([binary, "logprobs", "--model", model_folder, "--adapter", adapter], input=text,
                         capture_output=True, text=True, check=True).stdout
    largest = 0.0
    for row, line in zip(rows, out.splitlines()):
        with torch.no_grad():
            logits = model(row.unsqueeze(0)).logits[0, :-1].double()
        wanted = torch.log_softmax(logits, -1).gather(1, row[1:, None]).squeeze(1)
        largest = max(largest, (wanted - torch.tensor(json.loads(line)["logprobs"])).abs().max().item())
    print(f"{len(keys)} tensors; log-probabilities differ by at most {largest:.2e} nats on {40 * 4} tokens")
    sys.exit(0 if largest <= tolerance else 1)


main()
