#!/usr/bin/env python3
"""Reference numbers for GGUF's block types: tests/golden/gguf_blocks.jsonl.

Made with gguf 0.19.0 and the numpy that comes with it.
    python tests/golden/make_gguf_blocks.py
A row is one type: some random blocks (hex) and what gguf.quants.dequantize makes of them (fp32 bits, hex); for Q8_0 also
values (fp32 bits) and the blocks that gguf.quants.quantize makes of those.
"""
import json
import pathlib

import numpy
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

NUM_BLOCKS = {"Q4_0": 3, "Q4_1": 3, "Q8_0": 3, "Q4_K": 2, "Q5_K": 2, "Q6_K": 2}
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}  # places of fp16s

rng = numpy.random.default_rng(7)
rows = []
for name, count in NUM_BLOCKS.items():
    kind = GGMLQuantizationType[name]
    _, size = GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (count, size), dtype=numpy.uint8)
    for place in SCALES[name]:  # any bits would do, but for infinities and NaN
        blocks[:, place:place + 2] = rng.normal(0, 0.1, (count, 1)).astype(numpy.float16).view(numpy.uint8)
    values = quants.dequantize(blocks, kind).astype(numpy.float32)
    row = {"type": name, "blocks": blocks.tobytes().hex(), "values": values.tobytes().hex()}
    if name == "Q8_0":
        given = rng.normal(0, 1, (6, 32)).astype(numpy.float32)
        given[1] = 0
        given[2] *= 1e-7  # the scale is a subnormal fp16
        given[3] = numpy.arange(32) / 2 - 8  # ties, if the largest were 127
        given[4] = numpy.round(given[4] * 40) / 2
        given[4, 5] = 63.5 * 2  # d = 1: halves round away from zero
        row["given"] = given.tobytes().hex()
        row["quantised"] = quants.quantize(given, kind).tobytes().hex()
    rows.append(row)
path = pathlib.Path(__file__).parent / "gguf_blocks.jsonl"
path.write_text("".join(json.dumps(row) + "\n" for row in rows))
