#!/usr/bin/env python3
"""Writes the seeds of the fuzzers that read binary or structured files: fuzz/seeds/{safetensors,gguf,tokenizer,json}/.

    python3 fuzz/make_seeds.py
Standard library only; the same files each time. SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import struct

SEEDS = pathlib.Path(__file__).parent / "seeds"


def write(parser, name, content):
    folder = SEEDS / parser
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def safetensors(header, size):
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return struct.pack("<Q", len(text)) + text + bytes(range(size % 256)) + bytes(size - size % 256)


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def make_safetensors():
    two = {"__metadata__": {"format": "pt"}, "a.weight": tensor("F32", [2, 3], 0, 24),
           "b": tensor("BF16", [4], 24, 32)}
    write("safetensors", "two", safetensors(two, 32))
    write("safetensors", "short", safetensors(two, 31))
    write("safetensors", "scalar", safetensors({"s": tensor("F16", [], 0, 2), "e": tensor("I64", [0, 7], 2, 2)}, 2))
    write("safetensors", "types", safetensors(
        {t: tensor(t, [1], 8 * i, 8 * i + 8) for i, t in enumerate(("I64", "U64", "F64"))}, 24))
    write("safetensors", "overlap", safetensors({"a": tensor("U8", [4], 0, 4), "b": tensor("U8", [4], 2, 6)}, 6))
    write("safetensors", "huge", safetensors({"a": tensor("F32", [2**40, 2**40], 0, 2**62)}, 8))
    write("safetensors", "padded", safetensors(b'{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}    ', 1))
    write("safetensors", "twice", safetensors(
        b'{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}', 2))


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def gguf(metadata, tensors, data):
    file = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, kind, value in metadata:
        file += text(key) + struct.pack("<I", kind) + value
    for name, dimensions, kind, offset in tensors:
        file += text(name) + struct.pack("<I", len(dimensions))
        file += struct.pack(f"<{len(dimensions)}Q", *dimensions) + struct.pack("<IQ", kind, offset)
    return file + bytes(-len(file) % 32) + data


def make_gguf():
    word = ("general.architecture", 8, text("llama"))
    numbers = [("u8", 0, b"\x07"), ("i16", 3, struct.pack("<h", -3)), ("f32", 6, struct.pack("<f", 1e-5)),
               ("yes", 7, b"\x01"), ("u64", 10, struct.pack("<Q", 9)), ("f64", 12, struct.pack("<d", 0.5))]
    names = ("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("bc"))
    nested = ("nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 4, 2) + struct.pack("<II", 1, 2))
    write("gguf", "metadata", gguf([word, *numbers, names, nested], [], b""))
    write("gguf", "tensors", gguf([word], [("a", (4, 2), 0, 0), ("b", (32,), 8, 32)], bytes(32) + bytes(34)))
    write("gguf", "k_quants", gguf([], [("q4", (256,), 12, 0), ("q5", (256,), 13, 160), ("q6", (256,), 14, 352)],
                                   bytes(160 + 192 + 210)))
    write("gguf", "aligned", gguf([("general.alignment", 4, struct.pack("<I", 64))], [("a", (1,), 1, 0)], bytes(64)))
    write("gguf", "old", b"GGUF" + struct.pack("<IQQ", 2, 0, 0))
    write("gguf", "many", b"GGUF" + struct.pack("<IQQ", 3, 2**40, 2**40))
    write("gguf", "type", gguf([], [("a", (256,), 10, 0)], bytes(96)))


def tokenizer(**changes):
    base = {"version": "1.0", "added_tokens": [
        {"id": 3, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}
    return json.dumps({**base, **changes}, ensure_ascii=False)


SPLIT = {"type": "Split", "pattern": {"Regex": "\\p{N}| ?\\p{L}+|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": False}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def make_tokenizer():
    files = {
        "bytes": tokenizer(pre_tokenizer=BYTES, decoder=BYTES, post_processor=BYTES),
        "split": tokenizer(normalizer={"type": "NFC"}, decoder=BYTES, pre_tokenizer={
            "type": "Sequence", "pretokenizers": [SPLIT, {**BYTES, "use_regex": False}]}),
        "metaspace": tokenizer(pre_tokenizer={"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first",
                                              "split": True}, decoder={"type": "Metaspace", "replacement": "\u2581"}),
        "llama": tokenizer(normalizer={"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "\u2581"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
            decoder={"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
                {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            model={"type": "BPE", "vocab": {"<unk>": 0, "\u2581": 1, "<0x41>": 2, "a": 4}, "merges": [],
                   "unk_token": "<unk>", "byte_fallback": True, "fuse_unk": True}),
        "template": tokenizer(post_processor={
            "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                                                     {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}}),
        "stages": tokenizer(pre_tokenizer={"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"},
            {"type": "Whitespace"}, {"type": "FixedLength", "length": 3}]}),
        "unigram": tokenizer(model={"type": "Unigram", "vocab": [["a", 0.5]], "unk_id": 0}),
        "pairs": tokenizer(model={"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]],
                                  "ignore_merges": True}),
    }
    for name, content in files.items():
        write("tokenizer", f"file_{name}", b"\x00" + content.encode())
    words = "Wait, let me check: 12 + 7 = 19.\n\n  \u00e9t\u00e9 e\u0301 \u4f60\u597d <|im_end|><s> \U0001f600\r\n\t'll"
    write("tokenizer", "text_bytes", b"\x01" + words.encode())
    write("tokenizer", "text_metaspace", b"\x02" + words.encode() + b"\xff\xc3")
    write("tokenizer", "ids_bytes", b"\x03" + bytes(range(64)))
    write("tokenizer", "ids_metaspace", b"\x04" + bytes(i % 3 and i + 90 for i in range(64)))
    for i, (pattern, subject) in enumerate([
            ("\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+", "12345 -- a"), ("\\s+(?!\\S)|\\s+", "a  b \n c"),
            ("(?i:'s|'t)|[a-c]+?d", "It's abcd'T"), ("(ab|a)(c|bcd)?$|^x*", "abcd\nxx"), ("\\w+|.", "\u00e9a_1 \u4f60!")]):
        write("tokenizer", f"pattern_{i}", b"\x05" + f"{pattern}\n{subject}".encode())


def make_json():
    for i, content in enumerate([
            '{"messages": [{"role": "user", "content": "a\\n\\u00e9\\ud83d\\ude00"}], "n": null}',
            "[1, -0, 0.5, 1e-7, 1E+300, 9223372036854775807, -9223372036854775808, true, false]",
            '{"a": {"b": {"c": [[[[]]]]}}, "": ""}', '"\\ud800"', '{"a": 1, "a": 2}', "[1e999]", "9223372036854775808",
            '\ufeff{"bom": 1}', "[" * 260 + "]" * 260, '{"cut": "sh', "nul\\u0000 ", '  [ ]\n\t', '{"k":\x01}']):
        write("json", f"{i:02d}", content)


make_safetensors()
make_gguf()
make_tokenizer()
make_json()
