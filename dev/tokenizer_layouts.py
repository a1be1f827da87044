"""SentencePiece-like tokenizers in the layouts of Llama 2, Mistral, Phi-3 and Gemma, and every setting of their parts.

The models' own files cannot be redistributed; these have the same structure (as transformers' convert_slow_tokenizer
writes it) over a vocabulary that the `tokenizers` package trains. Used by dev/parity_tokenizer.py and
tests/golden/tokenizer.py.
"""
# SPDX-License-Identifier: Apache-2.0
import copy
import json

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

BLANK = "\u2581"
BYTES = [f"<0x{b:02X}>" for b in range(256)]
PREPEND = {"type": "Prepend", "prepend": BLANK}
TO_BLANK = {"type": "Replace", "pattern": {"String": " "}, "content": BLANK}
FROM_BLANK = {"type": "Replace", "pattern": {"String": BLANK}, "content": " "}
FALLBACK, FUSE = {"type": "ByteFallback"}, {"type": "Fuse"}
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def metaspace(scheme="always", split=True):
    return {"type": "Metaspace", "replacement": BLANK, "prepend_scheme": scheme, "split": split}


def sequence(kind, parts):
    return {"type": "Sequence", kind: list(parts)}


def split(pattern, behavior="Isolated", kind="String", invert=False):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def added(content, vocab, special=True, **flags):
    token = {"id": vocab[content], "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": special}
    token.update(flags)
    return token


def with_bos(vocab):
    return {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [vocab["<s>"]], "tokens": ["<s>"]}}}


def train(texts, vocab_size):
    """Llama 2's layout over a vocabulary trained on `texts`."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    extra = [BLANK * n for n in (2, 3, 4, 8)] + ["\n\n", "\n\n\n", "\t\t", "<|user|>", "<|end|>", "[INST]"]
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=["<unk>", "<s>", "</s>"] + BYTES,
                                  show_progress=False, limit_alphabet=1000)
    tokenizer.train_from_iterator(texts, trainer)
    made = json.loads(tokenizer.to_str())
    vocab = made["model"]["vocab"]
    for token in extra:
        vocab.setdefault(token, len(vocab))
    # Runs of blanks merge, as SentencePiece's do.
    made["model"]["merges"] += [[BLANK * (n // 2), BLANK * (n - n // 2)] for n in (2, 3, 4, 8)]
    made["added_tokens"] = [added(t, vocab) for t in ("<unk>", "<s>", "</s>")]
    made["normalizer"] = sequence("normalizers", [PREPEND, TO_BLANK])
    made["pre_tokenizer"] = None
    made["post_processor"] = with_bos(vocab)
    made["decoder"] = sequence("decoders", [FROM_BLANK, FALLBACK, FUSE, STRIP])
    return made


def layouts(base):
    """(name, tokenizer.json) in the layouts of real models."""
    vocab = base["model"]["vocab"]
    make = lambda **changes: {**copy.deepcopy(base), **changes}  # noqa: E731
    yield "llama2", make()
    yield "llama2-metaspace", make(normalizer=None, pre_tokenizer=metaspace("first", False))
    yield "mistral-v1", make(normalizer=None, pre_tokenizer=metaspace("always", False),
                             added_tokens=base["added_tokens"] + [added("[INST]", vocab)])
    yield "phi-3", make(added_tokens=[added("<unk>", vocab), added("<s>", vocab),
                                      added("</s>", vocab, special=False, rstrip=True),
                                      added("<|user|>", vocab, rstrip=True), added("<|end|>", vocab, rstrip=True)])
    blanks = [added(t, vocab, special=False) for t in ("\n\n", "\n\n\n", BLANK * 2, BLANK * 3, BLANK * 4, "\t\t")]
    yield "gemma", make(normalizer=TO_BLANK, pre_tokenizer=split(" ", "MergedWithPrevious"),
                        added_tokens=base["added_tokens"] + blanks,
                        decoder=sequence("decoders", [FROM_BLANK, FALLBACK, FUSE]))


def settings(base):
    """(name, tokenizer.json): each setting of each part, most of them in no known model."""
    vocab = base["model"]["vocab"]
    make = lambda **changes: {**copy.deepcopy(base), **changes}  # noqa: E731

    def model(**changes):
        return {**copy.deepcopy(base["model"]), **changes}

    for scheme in ("first", "always", "never"):
        for cuts in (False, True):
            yield f"metaspace {scheme} {cuts}", make(normalizer=None, pre_tokenizer=metaspace(scheme, cuts),
                                                     decoder=metaspace(scheme, cuts))
    for name, pre in pre_tokenizer_settings():
        yield "pre " + name, make(normalizer=None, pre_tokenizer=pre, post_processor=None)
    for name, normalizer in normalizer_settings():
        yield "normalizer " + name, make(normalizer=normalizer)
    few = {t: i for i, t in enumerate(t for t in vocab if t not in BYTES[0x80:0xC0])}
    none = {t: i for i, t in enumerate(t for t in vocab if t not in BYTES)}
    for fuse in (False, True):
        yield f"unknown {fuse}", make(model=model(byte_fallback=False, fuse_unk=fuse))
        for name, words in (("some bytes", few), ("no bytes", none)):
            kept = [t for t in base["added_tokens"] if t["content"] in words]
            for token in copy.deepcopy(kept):
                kept[kept.index(token)] = {**token, "id": words[token["content"]]}
            yield f"unknown {name} {fuse}", make(model=model(vocab=words, fuse_unk=fuse), added_tokens=kept,
                                                 post_processor=None)
    yield "nothing for unknown", make(model=model(byte_fallback=False, unk_token=None))
    yield "ignore_merges", make(model=model(ignore_merges=True), normalizer=None, pre_tokenizer=metaspace())
    crossing = [["e", BLANK], [BLANK, "t"]]
    more = {**vocab, "e" + BLANK: len(vocab)}
    yield "a merge across words", make(model=model(vocab=more, merges=crossing[:1] + base["model"]["merges"]))
    for name, post in (("bert", "BertProcessing"), ("roberta", "RobertaProcessing")):
        made = {"type": post, "sep": ["</s>", vocab["</s>"]], "cls": ["<s>", vocab["<s>"]]}
        if post == "RobertaProcessing":
            made.update(trim_offsets=True, add_prefix_space=False)
        yield "post " + name, make(post_processor=made)
    for name, decoder in decoder_settings():
        yield "decoder " + name, make(decoder=decoder)
    for bits in range(16):
        flags = {f: bool(bits >> i & 1) for i, f in enumerate(("lstrip", "rstrip", "normalized", "single_word"))}
        tokens = [added(t, vocab, special=bool(bits & 1), **flags) for t in ("<s>", "</s>", "<|user|>", "\n\n", BLANK * 2)]
        yield f"added {bits:04b}", make(added_tokens=tokens)
        yield f"added metaspace {bits:04b}", make(added_tokens=tokens, normalizer=None, pre_tokenizer=metaspace("first"))


def pre_tokenizer_settings():
    behaviors = ("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous")
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    for name in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer"):
        yield name, {"type": name}
    for behavior in behaviors:
        yield "Punctuation " + behavior, {"type": "Punctuation", "behavior": behavior}
        yield "Split " + behavior, split(" ", behavior)
    yield "CharDelimiterSplit", {"type": "CharDelimiterSplit", "delimiter": "e"}
    for length in (1, 5):
        yield f"FixedLength {length}", {"type": "FixedLength", "length": length}
    yield "Digits", {"type": "Digits", "individual_digits": False}
    yield "ByteLevel, Digits", sequence("pretokenizers", [byte_level, digits])
    yield "ByteLevel twice", sequence("pretokenizers", [byte_level, byte_level])
    yield "ByteLevel", byte_level
    yield "Metaspace, Punctuation", sequence("pretokenizers", [metaspace("first"), {"type": "Punctuation"}])
    yield "WhitespaceSplit, Metaspace", sequence("pretokenizers", [{"type": "WhitespaceSplit"}, metaspace("first")])
    yield "Digits, Metaspace", sequence("pretokenizers", [digits, metaspace("first")])


def normalizer_settings():
    strip = lambda left, right: {"type": "Strip", "strip_left": left, "strip_right": right}  # noqa: E731
    replace = lambda pattern, content: {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}  # noqa: E731
    for left in (False, True):
        for right in (False, True):
            yield f"Strip {left} {right}", sequence("normalizers", [strip(left, right), PREPEND, TO_BLANK])
    yield "Lowercase", sequence("normalizers", [{"type": "Lowercase"}, TO_BLANK])
    yield "Replace regex", sequence("normalizers", [replace(r"\s+", BLANK), replace(r"(?<=\d)(?=\d)", ",")])
    yield "NFKC Replace", sequence("normalizers", [{"type": "NFKC"}, replace(" {2,}", BLANK), TO_BLANK, PREPEND])
    yield "NFD", {"type": "NFD"}
    yield "ByteLevel", {"type": "ByteLevel"}
    yield "Prepend long", sequence("normalizers", [{"type": "Prepend", "prepend": "the " + BLANK}, TO_BLANK])
    yield "none", None


def decoder_settings():
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    strip = lambda start, stop, content=" ": {"type": "Strip", "content": content, "start": start, "stop": stop}  # noqa: E731
    yield "none", None
    yield "Metaspace", metaspace()
    yield "Metaspace never", metaspace("never")
    yield "ByteFallback Metaspace", sequence("decoders", [FALLBACK, metaspace()])
    yield "Metaspace ByteFallback", sequence("decoders", [metaspace(), FALLBACK])
    yield "Fuse", FUSE
    yield "ByteFallback", FALLBACK
    yield "Replace regex", sequence("decoders", [{"type": "Replace", "pattern": {"Regex": "[aeiou]|" + BLANK}, "content": "_"},
                                                 FALLBACK])
    yield "Strip each", sequence("decoders", [strip(1, 0, BLANK), FALLBACK])
    yield "Strip after Fuse", sequence("decoders", [FALLBACK, FUSE, FROM_BLANK, strip(3, 0), strip(1, 0, "t")])
    yield "Fuse Replace", sequence("decoders", [FUSE, FROM_BLANK, {**FROM_BLANK, "pattern": {"String": "e"}, "content": ""}])
    yield "ByteLevel", byte_level
    yield "ByteLevel Fuse Strip", sequence("decoders", [byte_level, FUSE, FROM_BLANK, strip(2, 0)])
    yield "Replace ByteLevel", sequence("decoders", [FROM_BLANK, byte_level])

