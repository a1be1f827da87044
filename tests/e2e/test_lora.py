"""LoRA and DoRA in `laconic sft` and `laconic tldr` on a random model of a few thousand weights.

SPDX-License-Identifier: Apache-2.0
"""
import json
import signal
import struct
import subprocess

import laconic_test
from laconic_test import EXIT_USAGE

IDS = json.dumps({"ids": [5, 40, 7, 200, 31, 8, 90, 2, 17]}) + "\n"


def tensors_of(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    return {name: data[8 + size + t["data_offsets"][0]:8 + size + t["data_offsets"][1]]
            for name, t in header.items() if name != "__metadata__"}


class Lora(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        for name, form in (("long", "sft-long"), ("short", "sft-short"), ("problems", "problems")):
            rows = self.laconic("world", "--num-problems", 24, "--difficulty", "1-2", "--format", form)
            self.write(f"{name}.jsonl", rows.stdout)

    COMMON = ["--max-steps", 12, "--per-device-train-batch-size", 8, "--learning-rate", 0.03]

    def sft(self, out, *more, code=0):
        return self.laconic("sft", "--model", "model", "--out", out, "--train", "long.jsonl", *self.COMMON, *more,
                            code=code)

    def losses(self, out):
        return [row["loss"] for row in self.read_rows(f"{out}/log.jsonl") if row["type"] == "step"]

    def config(self, out):
        return json.loads((self.folder / out / "adapter/adapter_config.json").read_text())

    def logprobs(self, *args):
        return self.rows(self.laconic("logprobs", *args, stdin=IDS))[0]["logprobs"]

    def test_the_loss_falls_and_both_folders_are_the_same_model(self):
        self.laconic("convert", "--model", "model", "--out", "base", "--dtype", "float32")
        result = self.sft("run", "--lora-r", 8, "--model", "base")
        self.assertRegex(result.stderr, r"LoRA: 14 modules, \d+ weights are trained, \d+ are frozen")
        losses = self.losses("run")
        self.assertEqual(len(losses), 12)
        self.assertLess(losses[-1], losses[0] - 0.3)
        merged = self.logprobs("--model", "run/model")
        beside = self.logprobs("--model", "base", "--adapter", "run/adapter")
        for a, b in zip(merged, beside):
            self.assertAlmostEqual(a, b, delta=1e-4)
        self.assertNotEqual(merged, self.logprobs("--model", "base"))
        base, trained = (tensors_of(self.folder / f / "model.safetensors") for f in ("base", "run/model"))
        changed = {name for name in base if base[name] != trained[name]}
        self.assertEqual(len(changed), 14)
        self.assertTrue(all(name.endswith("proj.weight") for name in changed))
        self.laconic("inspect", "run/adapter", code=laconic_test.EXIT_MODEL)

    def test_every_setting_changes_the_run(self):
        def last(name, *more):
            self.sft(name, "--lora-r", 4, *more)
            return self.losses(name)[-1]
        seen = {last("plain")}
        for i, more in enumerate((["--lora-r", 2], ["--lora-alpha", 4], ["--lora-dropout", 0.3], ["--use-rslora"],
                                  ["--use-dora"], ["--lora-target-modules", "q_proj,v_proj"],
                                  ["--modules-to-save", "model.norm"], ["--seed", 43])):
            loss = last(f"run{i}", *more)
            self.assertNotIn(loss, seen, more)
            seen.add(loss)
        self.assertEqual(self.config("run5")["target_modules"], ["q_proj", "v_proj"])
        self.assertTrue(self.config("run4")["use_dora"])
        self.assertEqual(self.config("run6")["modules_to_save"], ["model.norm"])
        only = self.sft("merged", "--lora-r", 4, "--lora-output", "merged")
        self.assertFalse((self.folder / "merged/adapter").exists())
        self.assertIn("wrote merged/model", only.stderr)
        self.sft("adapter", "--lora-r", 4, "--lora-output", "adapter")
        self.assertFalse((self.folder / "adapter/model").exists())
        self.assertEqual((self.folder / "adapter/adapter/adapter_model.safetensors").read_bytes(),
                         (self.folder / "plain/adapter/adapter_model.safetensors").read_bytes())

    def test_killed_and_continued_is_the_same_adapter(self):
        lora = ["--lora-r", 4, "--lora-dropout", 0.2, "--use-dora", "--save-steps", 3]
        self.sft("whole", *lora)
        process = self.start("sft", "--model", "model", "--out", "killed", "--train", "long.jsonl", *self.COMMON, *lora)
        try:
            process.wait(timeout=0.6)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        self.sft("killed", *lora)
        for name in ("adapter/adapter_model.safetensors", "model/model.safetensors"):
            self.assertEqual(*[(self.folder / run / name).read_bytes() for run in ("whole", "killed")], name)
        self.assertTrue((self.folder / "whole/checkpoint-6/adapter_model.safetensors").exists())
        self.assertFalse((self.folder / "whole/checkpoint-6/model.safetensors").exists())

    def test_micro_batches_change_no_mask(self):
        lora = ["--lora-r", 4, "--lora-dropout", 0.3]
        self.sft("whole", *lora)
        self.sft("cut", *lora, "--micro-batch-tokens", 200, "--gradient-checkpointing")
        for whole, cut in zip(self.losses("whole"), self.losses("cut")):
            self.assertAlmostEqual(whole, cut, delta=1e-3 * whole)

    def test_tldr_trains_an_adapter(self):
        result = self.laconic("tldr", "--model", "model", "--short", "short.jsonl", "--long", "long.jsonl",
                              "--dev", "problems.jsonl", "--out", "run", "--static", "short=0.5,long=0.5",
                              "--eval-steps", 6, "--max-new-tokens", 16, "--lora-r", 4, *self.COMMON)
        self.assertRegex(result.stderr, r"sampler and trainer differ by at most [0-9.e-]+ nats")
        self.assertTrue((self.folder / "run/adapter/adapter_model.safetensors").exists())
        self.assertTrue((self.folder / "run/model/model.safetensors").exists())
        rows = [row for row in self.read_rows("run/log.jsonl") if row["type"] == "eval"]
        self.assertLess(max(row["max_logprob_difference"] for row in rows), 1e-3)
        self.assertEqual(len({row["weight_hash"] for row in rows}), len(rows))

    def test_mistakes_are_named(self):
        for more, expected in ((["--lora-alpha", 4], "lora_alpha: expected lora_r with it"),
                               (["--lora-alpha", 16], "lora_alpha: expected lora_r with it"),  # its default
                               (["--use-dora"], "use_dora: expected lora_r with it"),
                               (["--lora-r", 4, "--lora-target-modules", "q_prj"],
                                "lora_target_modules: expected linear layers of Qwen2ForCausalLM, got q_prj")):
            message = self.sft("run", *more, code=EXIT_USAGE)
            self.assertIn(expected, message.stderr.splitlines()[-1])
        message = self.sft("run", "--lora-r", 4, "--lora-target-modules", "o_proj", "--modules-to-save", "q_proj",
                           code=laconic_test.EXIT_MODEL)
        self.assertIn("modules_to_save: expected modules with a matrix of their own", message.stderr)
        # Nothing was written, so that the corrected command is not one of other settings.
        self.assertFalse((self.folder / "run").exists())
        tldr = ["tldr", "--model", "model", "--short", "short.jsonl", "--long", "long.jsonl", "--dev", "problems.jsonl",
                "--out", "run", "--max-steps", 2]
        self.laconic(*tldr, "--static", "short=0.5,long=0.5", "--lora-r", 4, "--lora-target-modules", "q_prj",
                     code=EXIT_USAGE)
        self.laconic(*tldr, "--static", "short=0.5", code=EXIT_USAGE)
        self.assertFalse((self.folder / "run").exists())


if __name__ == "__main__":
    laconic_test.main()
