"""`laconic inspect` on a data file: one row as it is trained on, by the code that trains.

SPDX-License-Identifier: Apache-2.0
"""
import json

import laconic_test
from laconic_test import EXIT_DATA, EXIT_USAGE


class InspectData(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        self.world = self.rows(self.laconic("world", "--num-problems", 3))
        lines = [json.dumps(row) for row in self.world]
        self.write("rows.jsonl", lines[0] + "\n\n" + "\n".join(lines[1:]) + "\n")

    def test_ids_text_and_loss_mask(self):
        result = self.laconic("inspect", "rows.jsonl", "--model", "model", "--row", 2, "--field", "short", "--json")
        facts = json.loads(result.stdout)
        self.assertEqual(facts["line"], 3)  # the blank line counts as a line, not as a row
        self.assertEqual(facts["id"], self.world[1]["id"])
        self.assertEqual(len(facts["ids"]), facts["num_tokens"])
        self.assertEqual(len(facts["tokens"]), facts["num_tokens"])
        self.assertEqual(facts["loss_mask"], [0] * facts["num_prompt_tokens"] + [1] * facts["num_targets"])
        self.assertIn(self.world[1]["problem"], facts["text"])
        self.assertTrue(facts["text"].endswith(self.world[1]["short"] + "<|im_end|>"), facts["text"])
        long = json.loads(self.laconic("inspect", "rows.jsonl", "--model", "model", "--row", 2, "--field", "long",
                                       "--json").stdout)
        self.assertEqual(long["num_prompt_tokens"], facts["num_prompt_tokens"])
        self.assertTrue(long["text"].endswith(self.world[1]["long"] + "<|im_end|>"), long["text"])

    def test_table_marks_what_is_trained_on(self):
        command = ("inspect", "rows.jsonl", "--model", "model", "--field", "short")
        facts = json.loads(self.laconic(*command, "--json").stdout)
        table = self.laconic(*command).stdout.splitlines()[-facts["num_tokens"]:]
        self.assertEqual([int("+" in line[16:20]) for line in table], facts["loss_mask"])
        self.assertTrue(table[-1].endswith('"<|im_end|>"'), table[-1])

    def test_refusals(self):
        self.assertIn("expected a row 9, got 3 rows",
                      self.error("inspect", "rows.jsonl", "--model", "model", "--row", 9, code=EXIT_DATA))
        self.assertIn("--model", self.error("inspect", "rows.jsonl", code=EXIT_USAGE))
        self.write("bad.jsonl", '{"problem": "x"\n')
        self.assertIn("bad.jsonl:1", self.error("inspect", "bad.jsonl", "--model", "model", code=EXIT_DATA))


class InspectFamilies(laconic_test.TestCase):
    """What a family has beyond Llama's decoder is said, and nothing of what it has not."""

    def facts(self, family):
        folder = laconic_test.REPOSITORY / "tests/golden/families" / family
        return json.loads(self.laconic("inspect", folder, "--json").stdout)

    def test_gemma3(self):
        facts = self.facts("gemma3")
        self.assertEqual(facts["architecture"], "Gemma3ForCausalLM")
        self.assertEqual((facts["rope_type"], facts["rope_factor"], facts["local_rope_theta"]), ("linear", 4.0, 50.0))
        self.assertEqual((facts["sliding_window"], facts["sliding_layers"]), (8, 2))
        self.assertTrue(facts["qk_norm"] and facts["sandwich_norms"])
        self.assertNotIn("experts", facts)

    def test_mixture_of_experts(self):
        facts = self.facts("qwen3_moe")
        self.assertEqual((facts["experts"], facts["experts_per_token"], facts["sparse_layers"]), (4, 2, 2))
        # Two layers, each with two experts of three 16 x 12 matrices that a token does not meet.
        self.assertEqual(facts["weights"] - facts["weights_per_token"], 2 * 2 * 3 * 16 * 12)
        self.assertNotIn("rope_type", facts)


if __name__ == "__main__":
    laconic_test.main()
