"""`laconic sft`, `eval` and `tokenize` on a random model of a few thousand weights.

SPDX-License-Identifier: Apache-2.0
"""
import json
import signal
import subprocess

import laconic_test
from laconic_test import EXIT_CHECK, EXIT_DATA, EXIT_USAGE


class Sft(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        for name, form in (("long", "sft-long"), ("short", "sft-short"), ("problems", "problems")):
            rows = self.laconic("world", "--num-problems", 24, "--difficulty", "1-2", "--format", form)
            self.write(f"{name}.jsonl", rows.stdout)

    def sft(self, out, *more, code=0):
        return self.laconic("sft", "--model", "model", "--out", out, "--max-steps", 12,
                            "--per-device-train-batch-size", 8, "--learning-rate", 0.01, *more, code=code)

    def steps(self, out):
        return [row for row in self.read_rows(f"{out}/log.jsonl") if row["type"] == "step"]

    def test_loss_falls_and_the_model_is_written(self):
        result = self.sft("run", "--train", "long.jsonl", "--profile")
        for name in ("products x W", "attention, backward", "cross entropy"):
            self.assertIn(name, result.stderr)
        steps = self.steps("run")
        self.assertEqual(len(steps), 12)
        self.assertLess(steps[-1]["loss"], steps[0]["loss"] - 0.5)
        config = json.loads((self.folder / "run/model/config.json").read_text())
        self.assertEqual(config["architectures"], ["Qwen2ForCausalLM"])

    def test_a_mixture_has_the_shares_it_was_given(self):
        self.sft("run", "--train", "long.jsonl=0.25", "--train", "short.jsonl=0.75", "--max-steps", 30)
        share = sum(row["row_share"]["short.jsonl"] for row in self.steps("run")) / 30
        self.assertAlmostEqual(share, 0.75, delta=0.1)

    def test_a_development_set_measures_the_run_and_chooses_a_checkpoint(self):
        self.sft("plain", "--train", "long.jsonl")
        self.sft("run", "--train", "long.jsonl", "--dev", "problems.jsonl", "--eval-steps", 5, "--samples", 2,
                 "--max-new-tokens", 16)
        rows = self.read_rows("run/log.jsonl")
        self.assertEqual([row["step"] for row in rows if row["type"] == "eval"], [0, 5, 10, 12])
        self.assertEqual([row["n"] for row in rows if row["type"] == "eval"], [48] * 4)
        # Looking does not change what is trained.
        self.assertEqual([step["loss"] for step in self.steps("run")], [step["loss"] for step in self.steps("plain")])
        choice = json.loads((self.folder / "run/choice.json").read_text())
        self.assertIn(choice["step"], (5, 10, 12))
        self.assertEqual(len(choice["rejected"]), 2)
        chosen = self.folder / f"run/checkpoint-{choice['step']}/model.safetensors"
        self.assertEqual((self.folder / "run/model/model.safetensors").read_bytes(), chosen.read_bytes())
        for name in ("bounds.json", "samples/long-bound.jsonl", "samples/step-000010.jsonl", "report.html"):
            self.assertTrue((self.folder / "run" / name).exists(), name)
        card = (self.folder / "run/model/README.md").read_text()
        self.assertIn('tags:\n- "laconic"\n- "sft"\n', card)
        self.assertIn("On 24 development problems, 2 sample(s) each", card)

    def test_settings_of_evaluations_want_a_development_set(self):
        for option, value in (("--eval-steps", 3), ("--margin", 0.1), ("--max-new-tokens", 9)):
            result = self.sft("run", "--train", "long.jsonl", option, value, code=EXIT_USAGE)
            self.assertIn(f"laconic sft: {option}: expected --dev with it, got none", result.stderr)

    def test_micro_batches_do_not_change_the_loss(self):
        self.sft("whole", "--train", "long.jsonl")
        self.sft("cut", "--train", "long.jsonl", "--micro-batch-tokens", 200, "--gradient-checkpointing")
        for whole, cut in zip(self.steps("whole"), self.steps("cut")):
            self.assertAlmostEqual(whole["loss"], cut["loss"], delta=1e-3 * whole["loss"])

    def test_bf16_products_change_the_loss_by_their_rounding_only(self):
        self.sft("fp32", "--train", "long.jsonl")
        self.sft("bf16", "--train", "long.jsonl", "--bf16")
        fp32, bf16 = ([step["loss"] for step in self.steps(run)] for run in ("fp32", "bf16"))
        self.assertNotEqual(fp32, bf16)
        for a, b in zip(fp32, bf16):
            self.assertAlmostEqual(a, b, delta=0.01 * a)

    def test_a_field_of_a_row_can_be_the_completion(self):
        self.sft("long", "--train", "problems.jsonl:long")
        self.sft("short", "--train", "problems.jsonl:short")
        self.assertGreater(self.steps("long")[0]["targets"], 2 * self.steps("short")[0]["targets"])

    def test_killed_and_continued_is_the_same_model(self):
        self.sft("whole", "--train", "long.jsonl", "--save-steps", 3)
        process = self.start("sft", "--model", "model", "--out", "killed", "--max-steps", 12, "--save-steps", 3,
                             "--per-device-train-batch-size", 8, "--learning-rate", 0.01, "--train", "long.jsonl")
        try:
            process.wait(timeout=0.6)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        self.sft("killed", "--train", "long.jsonl", "--save-steps", 3)
        weights = [(self.folder / run / "model/model.safetensors").read_bytes() for run in ("whole", "killed")]
        self.assertEqual(weights[0], weights[1])
        # Published from memory, and as saved.
        self.assertEqual(weights[0], (self.folder / "whole/checkpoint-12/model.safetensors").read_bytes())

    def test_rows_that_do_not_fit_are_dropped_and_counted(self):
        result = self.sft("run", "--train", "long.jsonl", "--max-length", 150)
        self.assertRegex(result.stderr, r"dropped \d+ longer than max_length")
        message = self.sft("none", "--train", "long.jsonl", "--max-length", 10, code=EXIT_DATA)
        self.assertIn("raise --max-length", message.stderr.splitlines()[-1])

    def test_shares_that_do_not_sum_to_one_are_refused(self):
        message = self.sft("run", "--train", "long.jsonl=0.5", "--train", "short.jsonl=0.4", code=EXIT_USAGE)
        self.assertIn("sum to 1", message.stderr.splitlines()[-1])

    def test_eval_compares_in_pairs_and_checks_the_margin(self):
        self.sft("run", "--train", "short.jsonl")
        args = ["eval", "--model", "model", "--compare", "run/model", "--data", "problems.jsonl",
                "--max-new-tokens", 20, "--samples", 2, "--out", "EVAL"]
        numbers = json.loads(self.laconic(*args, "--json").stdout)
        self.assertEqual(numbers["models"][0]["tokens"]["samples"], 48)
        self.assertEqual(numbers["setting"]["max_new_tokens"], 20)
        again = self.laconic(*args)
        self.assertIn("used again", again.stderr)
        self.assertIn("paired over 24 problems", again.stdout)
        # The verdict first, the systems by their names, and why replies are not right.
        self.assertTrue(again.stdout.startswith("run/model against model\nequal accuracy: the interval's lower end "),
                        again.stdout)
        self.assertRegex(again.stdout, r"\n +model +run/model\nproblems x samples")
        self.assertRegex(again.stdout, r"\nwhy not right: model, \d+ of 48 replies\n  without a box or other answer ")
        self.assertRegex(again.stdout, r"\n  to set: --max-new-tokens, as \d+ replies reach the cap of 20\n")
        # Both are wrong everywhere, so the difference is zero: a margin of 0 is met by its interval [0, 0].
        self.laconic(*args, "--check", "--margin", 0)
        rows = self.read_rows("EVAL/second.jsonl")
        for row in rows[1:]:
            row["verdict"] = "right" if row["id"] != rows[1]["id"] else "wrong"
        self.write("EVAL/first.jsonl", [self.read_rows("EVAL/first.jsonl")[0]] + rows[1:])
        self.laconic(*args, "--check", "--margin", 0.01, code=EXIT_CHECK)

    def test_epochs_are_steps(self):
        args = ("sft", "model", "--train", "long.jsonl", "--out", "run", "--per-device-train-batch-size", 10)
        result = self.laconic(*args, "--num-train-epochs", 2.5)
        self.assertIn("2.5 epochs of 24 rows are 6 steps of 10", result.stderr)
        self.assertEqual(len(self.steps("run")), 6)
        self.assertIn("max_steps: 6\n", (self.folder / "run/config.yaml").read_text())
        self.laconic("sft", "--config", self.folder / "run/config.yaml")  # the resolved file goes on with the run
        self.laconic(*args, "--num-train-epochs", 2.5)
        self.assertIn("expected it without max_steps", self.error(*args, "--num-train-epochs", 1, "--max-steps", 3,
                                                                   code=EXIT_USAGE))

    def test_many_epochs_are_warned_of(self):
        few = self.sft("few", "--train", "long.jsonl", "--max-steps", 150, "--print-config")
        self.assertEqual(few.stderr, "")
        args = ("--train", "long.jsonl", "--per-device-train-batch-size", 24, "--max-length", 400)
        self.assertNotIn(" times", self.sft("less", *args, "--max-steps", 3).stderr)
        many = self.laconic("sft", "model", "--train", "long.jsonl", "--out", "many", "--max-steps", 4,
                            "--per-device-train-batch-size", 400)
        self.assertIn("4 steps of 400 rows see each of the 24 rows 67 times", many.stderr)

    def test_a_run_can_be_made_longer(self):
        self.sft("whole", "--train", "long.jsonl", "--max-steps", 9)
        self.sft("run", "--train", "long.jsonl", "--max-steps", 6)
        result = self.sft("run", "--train", "long.jsonl", "--max-steps", 9)
        self.assertIn("run: lengthened from 6 to 9 steps", result.stderr)
        self.assertNotIn("warning", result.stderr)
        for run in ("run", "whole"):
            self.assertEqual(len(self.steps(run)), 9)
        weights = [(self.folder / run / "model/model.safetensors").read_bytes() for run in ("whole", "run")]
        self.assertEqual(weights[0], weights[1], "a constant rate does not know the length")
        self.assertEqual(json.loads((self.folder / "run/run.json").read_text())["identity"]["max_steps"], 9)
        self.assertIn("max_steps: 9\n", (self.folder / "run/config.yaml").read_text())
        shorter = self.sft("run", "--train", "long.jsonl", "--max-steps", 7, code=EXIT_USAGE)
        self.assertIn("max_steps 9, got 7", shorter.stderr)
        self.sft("fall", "--train", "long.jsonl", "--max-steps", 2, "--lr-scheduler-type", "linear")
        fall = self.sft("fall", "--train", "long.jsonl", "--max-steps", 3, "--lr-scheduler-type", "linear")
        self.assertIn("the learning rates of a run of 2 steps", fall.stderr)

    def test_what_ends_a_turn_is_where_the_published_folder_stops(self):
        # A base model: a chat template whose end of turn nothing else in the folder knows.
        model = self.folder / "model"
        names = {token["content"]: token["id"]
                 for token in json.loads((model / "tokenizer.json").read_text())["added_tokens"]}
        end, text_end = names["<|im_end|>"], names["<|endoftext|>"]
        for name, changes in (("generation_config.json", {"eos_token_id": text_end}), ("config.json", {"eos_token_id": text_end}),
                              ("tokenizer_config.json", {"eos_token": "<|endoftext|>"}),
                              ("special_tokens_map.json", {"eos_token": "<|endoftext|>"})):
            path = model / name
            path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
        self.write("chat.jsonl", [{"problem": f"{i}+1?", "solution": str(i + 1)} for i in range(8)])
        self.write("text.jsonl", [{"text": f"{i}+1={i + 1}"} for i in range(8)])
        sft = ["sft", "--model", "model", "--max-steps", 1, "--per-device-train-batch-size", 4]
        self.laconic(*sft, "--train", "chat.jsonl", "--out", "run")
        self.laconic(*sft, "--train", "chat.jsonl", "--out", "lora", "--lora-r", 2)
        self.laconic("adapter", "merge", "--model", "model", "--adapter", "lora/adapter", "--out", "merged")
        self.laconic(*sft, "--train", "text.jsonl", "--out", "texts")
        read = lambda folder, name: json.loads((self.folder / folder / name).read_text())
        for folder in ("run/model", "lora/model", "merged"):
            self.assertEqual(read(folder, "generation_config.json")["eos_token_id"], [end, text_end], folder)
            self.assertEqual(read(folder, "config.json")["eos_token_id"], [end, text_end])
            self.assertEqual(read(folder, "tokenizer_config.json")["eos_token"], "<|im_end|>")
            self.assertEqual(read(folder, "special_tokens_map.json")["eos_token"], "<|im_end|>")
        self.assertEqual(read("texts/model", "generation_config.json")["eos_token_id"], text_end)
        self.write("in.jsonl", [{"id": "a", "problem": "1+1?"}])
        self.laconic("generate", "--model", "run/model", "--input", "in.jsonl", "--output", "out.jsonl", "--max-new-tokens", 2)
        self.assertEqual(read(".", "out.jsonl.settings.json")["stop_ids"], [end, text_end])

    def test_tokenize_round_trip(self):
        text = "Tom has 12 cups.<|im_end|> \u00e9\u4e2d"
        row = json.dumps({"id": 7, "text": text})
        ids = self.rows(self.laconic("tokenize", "model", stdin=row + "\n"))[0]
        self.assertEqual(ids["id"], 7)
        back = self.rows(self.laconic("tokenize", "model", "--decode", stdin=json.dumps({"ids": ids["ids"]}) + "\n"))
        self.assertEqual(back[0]["text"], text)
        plain = self.rows(self.laconic("tokenize", "model", "--plain", stdin=row + "\n"))[0]
        self.assertGreater(len(plain["ids"]), len(ids["ids"]))


if __name__ == "__main__":
    laconic_test.main()
