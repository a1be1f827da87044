"""`laconic adapter` and `--adapter` on a random model of a few thousand weights.

SPDX-License-Identifier: Apache-2.0
"""
import json

import laconic_test
from laconic_test import EXIT_MODEL, EXIT_USAGE

IDS = json.dumps({"ids": [5, 40, 7, 200, 31, 8, 90, 2, 17]}) + "\n"


class Adapter(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        size = ["--hidden-size", 32, "--num-layers", 2, "--intermediate-size", 64, "--vocab-size", 384]
        self.laconic("world", "--init-model", "model", *size)
        self.laconic("world", "--init-model", "other", *size, "--seed", 5)

    def logprobs(self, *args):
        return self.rows(self.laconic("logprobs", *args, stdin=IDS))[0]["logprobs"]

    def extract(self, out, *more, code=0):
        return self.laconic("adapter", "extract", "--model", "model", "--tuned", "other", "--out", out, *more,
                            code=code)

    def merge(self, out, *more, code=0):
        return self.laconic("adapter", "merge", "--model", "model", "--adapter", "a", "--out", out, *more, code=code)

    def assert_close(self, first, second, delta=1e-4):
        self.assertLess(max(abs(a - b) for a, b in zip(first, second)), delta)

    def test_a_full_rank_extraction_is_the_other_model(self):
        result = self.extract("a", "--rank", 64, "--modules-to-save", "embed_tokens", code=EXIT_MODEL)
        self.assertIn("tied", result.stderr)
        result = self.extract("a", "--rank", 64)
        self.assertRegex(result.stderr, r"rank 64 keeps 100 % of the difference's energy in 14 modules")
        self.assertIn("1 tensors differ and are not in the adapter: model.embed_tokens.weight", result.stderr)
        merged = self.merge("m", "--dtype", "float32")
        self.assertRegex(merged.stderr, r"change log-probabilities by at most [0-9.e-]+ nats")
        self.assert_close(self.logprobs("--model", "m"), self.logprobs("--model", "model", "--adapter", "a"))
        facts = json.loads(self.laconic("inspect", "model", "--adapter", "a", "--json").stdout)
        self.assertEqual((facts["adapter"]["r"], facts["adapter"]["modules"]), (64, 14))
        self.laconic("inspect", "m", "--verify")

    def test_rank_targets_and_saved_modules_decide_what_is_kept(self):
        def energy(*more):
            line = self.extract("e", *more).stderr.splitlines()[-1]
            return float(line.split("keeps ")[1].split(" %")[0])
        self.assertLess(energy("--rank", 2), energy("--rank", 8))
        text = self.extract("q", "--rank", 2, "--target-modules", "q_proj,down_proj", "--modules-to-save", "o_proj")
        self.assertIn("in 4 modules", text.stderr)
        config = json.loads((self.folder / "q/adapter_config.json").read_text())
        self.assertEqual(config["target_modules"], ["q_proj", "down_proj"])
        self.assertEqual(config["modules_to_save"], ["o_proj"])
        message = self.error("adapter", "extract", "--model", "model", "--tuned", "other", "--out", "x",
                             "--target-modules", "q_prj", code=EXIT_USAGE)
        self.assertIn("got q_prj", message)

    def test_scaling_moves_along_the_line(self):
        self.extract("a", "--rank", 4)
        self.laconic("adapter", "scale", "--adapter", "a", "--factor", 0, "--out", "zero")
        self.laconic("adapter", "scale", "--adapter", "a", "--factor", 0.5, "--out", "half")
        self.laconic("adapter", "scale", "--adapter", "half", "--factor", 2, "--out", "whole")
        base = self.logprobs("--model", "model")
        self.assert_close(self.logprobs("--model", "model", "--adapter", "zero"), base)
        whole = self.logprobs("--model", "model", "--adapter", "whole")
        self.assertEqual(whole, self.logprobs("--model", "model", "--adapter", "a"))
        self.assertNotEqual(whole, base)
        self.assertNotEqual(whole, self.logprobs("--model", "model", "--adapter", "half"))

    def test_eval_and_generate_take_an_adapter(self):
        self.extract("a", "--rank", 64)
        self.merge("m", "--dtype", "float32")
        rows = self.laconic("world", "--num-problems", 3, "--difficulty", "1", "--format", "problems").stdout
        self.write("problems.jsonl", rows)
        sample = ["generate", "--input", "problems.jsonl", "--max-new-tokens", 8, "--temperature", 0]
        # Rows come as samples end.
        merged, adapted, base = [sorted(self.rows(self.laconic(*sample, "--logprobs", "--model", *model)),
                                        key=lambda row: row["id"])
                                 for model in (["m"], ["model", "--adapter", "a"], ["model"])]
        for whole, beside, without in zip(merged, adapted, base):
            self.assertEqual(whole["ids"], beside["ids"])
            self.assert_close(whole["logprobs"], beside["logprobs"])
            self.assertNotEqual(whole["logprobs"], without["logprobs"])
        self.laconic("eval", "--model", "model", "--adapter", "a", "--compare", "model", "--data", "problems.jsonl",
                     "--max-new-tokens", 8, "--out", "E")
        headers = [self.read_rows(f"E/{name}.jsonl")[0] for name in ("first", "second")]
        self.assertNotEqual(headers[0]["weight_hash"], headers[1]["weight_hash"])
        self.laconic("eval", "--model", "model", "--compare", "model", "--compare-adapter", "a",
                     "--data", "problems.jsonl", "--max-new-tokens", 8, "--out", "F")
        swapped = [self.read_rows(f"F/{name}.jsonl")[0]["weight_hash"] for name in ("second", "first")]
        self.assertEqual([header["weight_hash"] for header in headers], swapped)

    def test_mistakes_are_named_and_nothing_is_written(self):
        self.extract("a", "--rank", 2)
        self.assertIn("expected --adapter, got none",
                      self.error("adapter", "merge", "--model", "model", "--out", "m", code=EXIT_USAGE))
        self.assertIn("--rank: expected it with extract only, got it with scale",
                      self.error("adapter", "scale", "--adapter", "a", "--factor", 1, "--rank", 3, "--out", "m",
                                 code=EXIT_USAGE))
        self.laconic("world", "--init-model", "wide", "--hidden-size", 64, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        for args in (["adapter", "merge", "--out", "m"], ["logprobs"]):
            message = self.error(*args, "--model", "wide", "--adapter", "a", code=EXIT_MODEL)
            self.assertIn("of a wrong dtype or shape", message)
        self.assertIn("expected a folder, got none, which does not exist",
                      self.error("logprobs", "--model", "model", "--adapter", "none", code=EXIT_USAGE))
        self.assertIn("expected a file adapter_config.json",
                      self.error("logprobs", "--model", "model", "--adapter", "other", code=EXIT_MODEL))
        self.assertFalse((self.folder / "m").exists())


if __name__ == "__main__":
    laconic_test.main()
