"""Writes sampling_filters.jsonl: which ids transformers' warpers keep.

Made with torch 2.13.0 and transformers 5.x (see TransformersVersion in the first line of the file).
Run: python tests/golden/make_sampling_filters.py > tests/golden/sampling_filters.jsonl
Rows whose kept set hangs on the last bit (a weight within 1e-5 of its threshold) are left out.
"""
import json
import random

import torch
import transformers
from transformers.generation.logits_process import (MinPLogitsWarper, TemperatureLogitsWarper,
                                                     TopKLogitsWarper, TopPLogitsWarper)


def kept(logits, t, k, p, m, dtype):
    scores = torch.tensor([logits], dtype=dtype)
    warpers = [TemperatureLogitsWarper(t)]
    if k:
        warpers.append(TopKLogitsWarper(k))
    if p < 1:
        warpers.append(TopPLogitsWarper(p))
    if m:
        warpers.append(MinPLogitsWarper(m))
    for warper in warpers:
        scores = warper(None, scores)
    return [i for i, s in enumerate(scores[0].tolist()) if s != float("-inf")]


random.seed(7)
torch.manual_seed(7)
print(json.dumps({"TransformersVersion": transformers.__version__, "TorchVersion": torch.__version__}))
for case in range(200):
    size = random.choice([2, 5, 17, 40, 300])
    scale = random.choice([0.5, 2.0, 6.0])
    logits = [round(x, 4) for x in (torch.randn(size) * scale).tolist()]
    if case % 5 == 0:  # ties with the k-th largest
        logits = [float(round(x)) for x in logits]
    t = random.choice([0.25, 0.7, 1.0, 1.5])
    k = random.choice([0, 0, 1, 3, 10, 50])
    p = random.choice([1.0, 0.3, 0.8, 0.95]) if case % 5 else 1.0
    m = random.choice([0.0, 0.0, 0.05, 0.3])
    if k == 0 and p == 1 and m == 0:
        k = 2
    exact = kept(logits, t, k, p, m, torch.float64)
    nudged = [kept(logits, t, k, min(p * f, 1.0), m * f, torch.float64) for f in (1 - 1e-5, 1 + 1e-5)]
    if any(n != exact for n in nudged) or kept(logits, t, k, p, m, torch.float32) != exact:
        continue
    if size == 300 and len(exact) > 100:
        continue
    print(json.dumps({"logits": logits, "temperature": t, "top_k": k, "top_p": p, "min_p": m, "kept": exact}))
