"""Inputs made to harm: what comes from outside reaches a terminal escaped, bad weights and other parts of a run are
found out, disks and folders that go away end in one line.

What a hostile server does is in test_endpoint.py, hostile rows of a container in test_rows.py.
SPDX-License-Identifier: Apache-2.0
"""
import gzip
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import time

import laconic_test
from laconic_test import EXIT_DATA, EXIT_DISK, EXIT_FAILURE, EXIT_MODEL, EXIT_OK, EXIT_USAGE

# ESC and OSC sequences, BEL, CSI as C1, DEL, a carriage return, a bidi override and an isolate.
EVIL = "\x1b[31m\x1b]0;owned\x07\u009b2J\x7f\r\u202e\u2066x"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def gguf(metadata):
    """A GGUF file without tensors."""
    def text(value):
        data = value if isinstance(value, bytes) else value.encode()
        return struct.pack("<Q", len(data)) + data
    body = b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in metadata)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(metadata)) + body


def edit(path, change):
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def spoil_weight(path, tensor, bits):
    """The first value of a tensor becomes `bits`, as stored."""
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[:8], "little")
    at = 8 + size + json.loads(data[8:8 + size])[tensor]["data_offsets"][0]
    data[at:at + len(bits)] = bits
    path.write_bytes(data)


def cpu_s():
    """Of all commands that have ended, so that a busy machine does not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Attack(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        rows = self.laconic("world", "--num-problems", 24, "--difficulty", "1-2", "--format", "sft-short").stdout
        self.write("rows.jsonl", rows)

    def run_bytes(self, *args, stdin=b""):
        """Exit code and all that was written, which must be safe on a terminal."""
        result = subprocess.run(self.command(*args), input=stdin, capture_output=True, cwd=self.folder,
                                env=self.environment(), timeout=120)
        text = (result.stdout + result.stderr).decode()  # and valid UTF-8
        self.assertIsNone(UNSAFE.search(text), f"{args}: {text[:2000]!r}")
        return result.returncode, text

    def sft(self, *more, code=EXIT_OK, out="run", train="rows.jsonl", steps=2, model="model"):
        return self.laconic("sft", "--model", model, "--train", train, "--out", out, "--max-steps", steps,
                            "--per-device-train-batch-size", 4, *more, code=code)

    def last_line(self, result):
        return result.stderr.splitlines()[-1]


class Terminal(Attack):
    def test_rows_templates_and_names(self):
        row = {"messages": [{"role": EVIL, "content": "a"}, {"role": "assistant", "content": "b"}], "id": EVIL}
        self.write("evil.jsonl", [row])
        commands = [
            ("sft", "--model", "model", "--train", "evil.jsonl", "--out", "x", "--max-steps", 1),
            ("inspect", "evil.jsonl", "--model", "model"),
            ("render", "--model", "model", "--input", "evil.jsonl"),
            ("inspect", f"no{EVIL}such"),
            ("verify", "--input", f"no{EVIL}such"),
            (EVIL,),
            ("verify", "--" + EVIL, "1"),
        ]
        for command in commands:
            code, _ = self.run_bytes(*command)
            self.assertNotEqual(code, 70, command)
        (self.folder / "model/chat_template.jinja").write_text("{{ raise_exception(messages[0].content) }}")
        self.write("said.jsonl", [{"messages": [{"role": "user", "content": EVIL + "\nsecond line"}]}])
        code, text = self.run_bytes("render", "--model", "model", "--input", "said.jsonl")
        self.assertIn("\\x1b[31m\\x1b]0;owned\\x07\\x9b2J\\x7f\\r\\u{202e}\\u{2066}x\\nsecond line", text)
        self.assertTrue(text.splitlines()[-1].startswith("said.jsonl:1: "), text)

    def test_data_on_stdout_is_escaped_json(self):
        row = {"gold": "1", "response": EVIL, "id": EVIL}
        code, text = self.run_bytes("verify", stdin=json.dumps(row).encode() + b"\n")
        self.assertEqual((code, json.loads(text)["response"]), (EXIT_OK, EVIL))

    def test_model_files(self):
        folder = self.folder / "model"
        shutil.copytree(folder, self.folder / "shards")
        (self.folder / "shards/model.safetensors").unlink()
        self.write("shards/model.safetensors.index.json", json.dumps({"weight_map": {EVIL: EVIL}}))
        shutil.copytree(folder, self.folder / "config")
        edit(self.folder / "config/config.json", lambda value: value.update(architectures=[EVIL], model_type=EVIL))
        self.write("adapter/adapter_config.json", json.dumps({"peft_type": EVIL, EVIL: 1}))
        self.write("adapter2/adapter_config.json", json.dumps(
            {"peft_type": "LORA", "r": 4, "target_modules": [EVIL], "base_model_name_or_path": EVIL}))
        (self.folder / "keys.gguf").write_bytes(gguf([("general.architecture", EVIL), (EVIL, EVIL), ("b", b"\xff\xfe")]))
        for command in [("inspect", "shards"), ("inspect", "config"), ("plan", "config", "--max-steps", 1),
                        ("inspect", "model", "--adapter", "adapter"), ("inspect", "model", "--adapter", "adapter2"),
                        ("inspect", "keys.gguf"), ("inspect", "keys.gguf", "--json"),
                        ("convert", "--gguf", "keys.gguf", "--out", "x")]:
            code, text = self.run_bytes(*command)
            self.assertIn(code, (EXIT_OK, EXIT_MODEL, EXIT_USAGE), text)

    def test_tables(self):
        record = {"sample": 0, "num_tokens": 5, "num_thinking_tokens": 1, "num_answer_tokens": 4, "verdict": "right",
                  "difficulty": f"{EVIL}\nforged line", "completion": EVIL, "reason": EVIL, "problem": EVIL}
        for name in (f"a{EVIL}", "b"):
            (self.folder / f"{name}.jsonl").write_text(
                "".join(json.dumps({"id": f"{EVIL}{i}", **record}) + "\n" for i in range(6)))
        for more in ((), ("--markdown",), ("--latex",)):
            code, text = self.run_bytes("report", f"a{EVIL}.jsonl", "b.jsonl", "--out", "page.html", *more)
            self.assertEqual(code, EXIT_OK, text)
            self.assertNotIn("\nforged", text)

    def test_chat_shows_what_is_said_escaped(self):
        # A model that has learned nothing says anything: control characters too.
        code, text = self.run_bytes("chat", "model", "--max-new-tokens", 400, "--seed", 5,
                                    stdin=f"hello {EVIL}\n".encode())
        self.assertEqual(code, EXIT_OK, text)
        self.assertRegex(text, r"\\x[0-9a-f]{2}")


class Weights(Attack):
    def test_weights_that_are_no_numbers_are_found_at_load(self):
        dtypes = {"float32": (b"\0\0\xc0\x7f", b"\0\0\x80\xff"), "bfloat16": (b"\xc0\x7f", b"\x80\xff"),
                  "float16": (b"\0\x7e", b"\0\xfc")}
        for dtype, values in dtypes.items():
            for bits in values:
                self.laconic("convert", "--model", "model", "--out", "bad", "--dtype", dtype)
                spoil_weight(self.folder / "bad/model.safetensors", "model.layers.1.mlp.up_proj.weight", bits)
                for command in [("sft", "--model", "bad", "--train", "rows.jsonl", "--out", "no", "--max-steps", 1),
                                ("convert", "--model", "bad", "--gguf-out", "no"),
                                ("generate", "--model", "bad", "--input", "rows.jsonl")]:
                    message = self.laconic(*command, code=EXIT_MODEL).stderr.splitlines()[-1]
                    self.assertIn('model.safetensors: tensor "model.layers.1.mlp.up_proj.weight": '
                                  "expected finite values, got ", message)
                    self.assertFalse((self.folder / "no").exists())

    def test_of_gguf_files_and_adapters_too(self):
        self.laconic("convert", "--model", "model", "--gguf-out", "good.gguf", "--gguf-type", "F32")
        data = bytearray((self.folder / "good.gguf").read_bytes())
        data[-4:] = b"\0\0\xc0\x7f"
        (self.folder / "bad.gguf").write_bytes(data)
        message = self.error("convert", "--gguf", "bad.gguf", "--out", "no", code=EXIT_MODEL)
        self.assertRegex(message, r'bad.gguf: tensor ".*": expected finite values, got nan')
        self.sft("--lora-r", 4, out="lora")
        tensors = self.folder / "lora/adapter/adapter_model.safetensors"
        size = int.from_bytes(tensors.read_bytes()[:8], "little")
        name = next(key for key in json.loads(tensors.read_bytes()[8:8 + size]) if key.endswith("lora_A.weight"))
        good = tensors.read_bytes()
        spoil_weight(tensors, name, b"\0\0\x80\x7f")
        message = self.error("inspect", "model", "--adapter", "lora/adapter", code=EXIT_MODEL)
        self.assertIn(f'tensor "{name}": expected finite values, got inf', message)
        tensors.write_bytes(good)
        for change in ({"lora_alpha": 1e308}, {"lora_alpha": -1e10}, {"alpha_pattern": {"q_proj": 1e300}}):
            edit(self.folder / "lora/adapter/adapter_config.json", lambda value: value.update(change))
            message = self.error("inspect", "model", "--adapter", "lora/adapter", code=EXIT_MODEL)
            self.assertIn("expected at most 1e+09 in size", message)

    def test_a_run_that_learned_nothing_publishes_nothing(self):
        # Weights that overflow in the last product: finite each, and no loss ever is.
        self.laconic("convert", "--model", "model", "--out", "huge", "--dtype", "float32")
        for tensor, value in (("model.norm.weight", 3e38), ("model.embed_tokens.weight", 1e3)):
            data = bytearray((self.folder / "huge/model.safetensors").read_bytes())
            size = int.from_bytes(data[:8], "little")
            begin, end = json.loads(data[8:8 + size])[tensor]["data_offsets"]
            data[8 + size + begin:8 + size + end] = struct.pack("<f", value) * ((end - begin) // 4)
            (self.folder / "huge/model.safetensors").write_bytes(data)
        result = self.sft(model="huge", code=EXIT_FAILURE)
        self.assertIn("expected a finite loss in one of 2 steps, got none", self.last_line(result))
        self.assertFalse((self.folder / "run/model").exists())

    def test_values_that_the_dtype_does_not_hold_are_not_written(self):
        self.laconic("convert", "--model", "model", "--out", "wide", "--dtype", "float32")
        spoil_weight(self.folder / "wide/model.safetensors", "model.norm.weight", struct.pack("<f", 70000.0))
        message = self.error("convert", "--model", "wide", "--out", "no", "--dtype", "float16", code=EXIT_FAILURE)
        self.assertIn('tensor "model.norm.weight": expected finite values within float16, got 70000', message)
        self.assertFalse((self.folder / "no").exists())
        self.laconic("convert", "--model", "wide", "--out", "yes", "--dtype", "bfloat16")


class Identity(Attack):
    def test_every_part_of_a_run_is_compared_by_content(self):
        self.laconic("world", "--init-model", "other", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384, "--seed", 9)
        self.sft(out="run")

        def other_weights(folder):
            shutil.rmtree(folder / "model")
            shutil.copytree(folder / "other", folder / "model")

        def other_template(folder):
            path = folder / "model/chat_template.jinja"
            path.write_text(path.read_text() + " ")

        def other_tokenizer(folder):
            path = folder / "model/tokenizer.json"
            path.write_text(path.read_text() + "\n")

        def reversed_rows(folder):
            path = folder / "rows.jsonl"
            times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
            path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
            os.utime(path, ns=times)

        for change, named in ((other_weights, "model/model.safetensors"), (other_template, "model/chat_template.jinja"),
                              (other_tokenizer, "model/tokenizer.json"), (reversed_rows, "rows.jsonl")):
            with self.subTest(named):
                for name in ("model", "rows.jsonl"):
                    source, kept = self.folder / name, self.folder / f"kept-{name}"
                    (shutil.copytree if source.is_dir() else shutil.copy2)(source, kept)
                change(self.folder)
                message = self.last_line(self.sft(out="run", code=EXIT_USAGE))
                self.assertRegex(message, rf'^run: expected to continue with {named} "[0-9a-f]{{32}}", got "')
                shutil.rmtree(self.folder / "model")
                (self.folder / "kept-model").rename(self.folder / "model")
                (self.folder / "kept-rows.jsonl").rename(self.folder / "rows.jsonl")
                self.sft(out="run")

    def test_a_checkpoint_without_its_manifest_makes_room(self):
        self.sft("--save-steps", 1, out="run", steps=3)
        for name in ("checkpoint-2", "checkpoint-3", "model"):
            (self.folder / "run" / name / "manifest.json").unlink()
        result = self.sft("--save-steps", 1, out="run", steps=3)
        self.assertIn("run/checkpoint-2: no manifest, so it is incomplete; it is now run/checkpoint-2.incomplete",
                      result.stderr)
        for name in ("checkpoint-2", "checkpoint-3", "model"):
            self.assertTrue((self.folder / "run" / name / "manifest.json").exists())
            self.assertTrue((self.folder / "run" / f"{name}.incomplete").exists())

    def test_links_out_of_a_folder_are_not_followed_into_what_is_written(self):
        secret = self.write("secret", "token")
        (self.folder / "model/NOTICE").symlink_to(secret)
        for command in [("convert", "--model", "model", "--out", "no"),
                        ("sft", "--model", "model", "--train", "rows.jsonl", "--out", "no", "--max-steps", 1)]:
            message = self.laconic(*command, code=EXIT_MODEL).stderr.splitlines()[-1]
            self.assertIn("model/NOTICE: expected a file of the folder, got a symbolic link to", message)
            self.assertFalse((self.folder / "no").exists())
        (self.folder / "model/NOTICE").unlink()
        # A Hugging Face cache is made of links to its own blobs.
        snapshot = self.folder / "models--a--b/snapshots/1234"
        blobs = self.folder / "models--a--b/blobs"
        snapshot.mkdir(parents=True)
        blobs.mkdir()
        for path in (self.folder / "model").iterdir():
            shutil.copy(path, blobs / path.name)
            (snapshot / path.name).symlink_to(f"../../blobs/{path.name}")
        self.laconic("convert", "--model", snapshot, "--out", "yes")


class Disk(Attack):
    def limited(self, *args, kilobytes):
        return subprocess.run(self.command(*args), capture_output=True, text=True, cwd=self.folder, timeout=120,
                              env=self.environment(), stdin=subprocess.DEVNULL,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes << 10,) * 2))

    def test_a_limit_on_files_is_a_disk_error_and_leaves_nothing(self):
        commands = [
            ("convert", "--model", "model", "--out", "out"),
            ("convert", "--model", "model", "--gguf-out", "out.gguf"),
            ("sft", "--model", "model", "--train", "rows.jsonl", "--out", "run", "--max-steps", 2),
            ("select", "samples.jsonl", "--output", "selected.jsonl"),
        ]
        self.write("samples.jsonl", [{"id": f"p{i}", "problem": "1+1?", "completion": "x" * 400, "num_tokens": 5,
                                      "verdict": "right", "gold": "2"} for i in range(200)])
        for command in commands:
            with self.subTest(command[0]):
                result = self.limited(*command, kilobytes=16)
                self.assertEqual(result.returncode, EXIT_DISK, result.stderr)
                self.assertIn("File too large", result.stderr.splitlines()[-1])
                left = [str(path) for path in self.folder.rglob("*") if ".tmp-" in path.name]
                self.assertEqual(left, [])

    def test_an_output_folder_that_goes_away_ends_the_run_in_one_line(self):
        process = self.start("sft", "--model", "model", "--train", "rows.jsonl", "--out", "run", "--max-steps", 100000,
                             "--save-steps", 5, "--per-device-train-batch-size", 4)
        deadline = time.time() + 60
        while time.time() < deadline and not (self.folder / "run/checkpoint-5").exists():
            time.sleep(0.01)
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        _, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, EXIT_FAILURE, error[-2000:])


class Rows(Attack):
    def test_counts_are_checked_where_they_are_read(self):
        record = {"id": "p", "sample": 0, "num_tokens": 5, "num_thinking_tokens": 1, "num_answer_tokens": 4,
                  "verdict": "right", "problem": "1+1?", "completion": "2", "gold": "2"}
        for field in ("num_tokens", "num_thinking_tokens", "num_answer_tokens", "sample"):
            for value in (4611686018427387905, 2**62, 2**31, -1, 1.5, "5", None):
                self.write("s.jsonl", [{**record, field: value}])
                commands = [("report", "s.jsonl", "--out", "p.html")]
                if field in ("num_tokens", "sample"):
                    commands.append(("select", "s.jsonl", "--output", "o.jsonl"))
                for command in commands:
                    message = self.laconic(*command, code=EXIT_DATA, timeout_s=20).stderr
                    self.assertIn(f"s.jsonl:1: {field}: expected a whole number from 0 to 2147483647, got ", message)

    def test_bombs_are_refused_before_they_fill_a_disk(self):
        bomb = gzip.compress(b"{}\n" * (40 << 20))
        (self.folder / "bomb.gz").write_bytes(bomb)
        start = cpu_s()
        message = self.last_line(self.laconic("sft", "--model", "model", "--train", "bomb.gz", "--out", "x",
                                              "--max-steps", 1, code=EXIT_DATA))
        self.assertIn("bomb.gz: expected at most 64 MiB unpacked", message)
        self.assertLess(cpu_s() - start, 5)

    def test_many_bad_rows(self):
        self.write("e.jsonl", "{}\n" * 200000)
        for policy in ("skip", "quarantine=q.jsonl"):
            start = cpu_s()
            message = self.last_line(self.laconic("sft", "--model", "model", "--train", "e.jsonl", "--out", "x",
                                                  "--max-steps", 1, "--bad-rows", policy, code=EXIT_DATA))
            self.assertIn("200000 bad rows", message)
            self.assertLess(cpu_s() - start, 4)
        self.assertEqual(len(self.read_rows("q.jsonl")), 200000)

    def test_many_difficulties(self):
        for name in ("a", "b"):
            self.write(f"{name}.jsonl", [
                {"id": f"p{i}", "sample": 0, "num_tokens": 5 + i % 7, "num_thinking_tokens": 1, "num_answer_tokens": 4,
                 "verdict": "right", "difficulty": f"d{i}"} for i in range(20000)])
        start = cpu_s()
        self.laconic("report", "a.jsonl", "b.jsonl", "--out", "p.html")
        self.assertLess(cpu_s() - start, 6)

    def test_a_million_keys(self):
        (self.folder / "m.gguf").write_bytes(gguf([(f"key.{i}", "v") for i in range(1 << 20)]))
        start = cpu_s()
        result = self.laconic("inspect", "m.gguf")
        self.assertEqual(sum(line.startswith("key.") for line in result.stdout.splitlines()), 1 << 20)
        self.assertLess(cpu_s() - start, 6)


if __name__ == "__main__":
    laconic_test.main()
