"""Broken model folders: each command names file and field in one line, exits with 4 and writes nothing.

What breaks tensors and config.json is a table of src/nn/model_folder_test.cc; here are whole commands, and what only
those read: tokenizer and template. SPDX-License-Identifier: Apache-2.0
"""
import json
import shutil

import laconic_test


def edit(path, change):
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def larger_vocabulary(folder):
    """The embedding loses its last rows; the tokenizer keeps its ids."""
    config = json.loads((folder / "config.json").read_text())
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    rows = max(token["id"] for token in tokenizer["added_tokens"])  # one too few
    edit(folder / "config.json", lambda value: value.update(vocab_size=rows))
    data = (folder / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, body, offset, out = json.loads(data[8:8 + size]), data[8 + size:], 0, b""
    header.pop("__metadata__", None)
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        part = body[begin:end]
        if tensor["shape"][0] == config["vocab_size"]:
            part = part[:len(part) // config["vocab_size"] * rows]
            tensor["shape"][0] = rows
        tensor["data_offsets"] = [offset, offset + len(part)]
        offset += len(part)
        out += part
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + out)


def broken_template(folder):
    (folder / "chat_template.jinja").write_text("{% if %}")
    edit(folder / "tokenizer_config.json", lambda value: value.update(chat_template="{% if %}"))


def cut_weights(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:-1])


def link_to_itself(folder):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("model.safetensors")


# What breaks it, the start of the line; whether the weights can still be read.
CASES = {
    "weights cut short": (cut_weights, "bad/model.safetensors: tensor ", False),
    "weights that link to themselves": (link_to_itself, "bad: expected model.safetensors or ", False),
    "field of another type": (
        lambda folder: edit(folder / "config.json", lambda value: value.update(hidden_size="64")),
        "bad/config.json: hidden_size: expected an integer, got string", False),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(),
                     "bad: expected a file tokenizer.json, got none", True),
    "tokenizer larger than the embedding": (larger_vocabulary, "bad/tokenizer.json: ", True),
    "an end of replies that no token is": (
        lambda folder: edit(folder / "generation_config.json", lambda value: value.update(eos_token_id=10**6)),
        ", got 1000000", True),
    "template syntax": (broken_template,
                        'bad/chat_template.jinja:1:7: expected an expression, got "%}"', True),
}


class BrokenModels(laconic_test.TestCase):
    def test_each_command_refuses_and_writes_nothing(self):
        self.laconic("world", "--init-model", "good")
        self.write("problems.jsonl", [{"problem": "1 + 1?"}])
        self.write("rows.jsonl", [{"prompt": "a", "completion": "b"}])
        for why, (spoil, message, has_weights) in CASES.items():
            shutil.rmtree(self.folder / "bad", ignore_errors=True)
            shutil.copytree(self.folder / "good", self.folder / "bad")
            (self.folder / "bad/manifest.json").unlink()
            spoil(self.folder / "bad")
            before = sorted(path.name for path in self.folder.iterdir())
            commands = [["generate", "--model", "bad", "--input", "problems.jsonl", "--output", "out.jsonl"],
                        ["sft", "--model", "bad", "--train", "rows.jsonl", "--out", "run"],
                        ["convert", "--model", "bad", "--gguf-out", "out.gguf"]]
            if not has_weights:  # inspect and a change of dtype need no tokenizer
                commands += [["inspect", "bad"], ["convert", "--model", "bad", "--out", "out"]]
            for command in commands:
                with self.subTest(why=why, command=command[0]):
                    line = self.error(*command, code=laconic_test.EXIT_MODEL)
                    self.assertIn(message, line)
                    self.assertEqual(before, sorted(path.name for path in self.folder.iterdir()))


laconic_test.main()
