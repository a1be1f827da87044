"""`--control budget` of generate and eval on a small model that thinks.

SPDX-License-Identifier: Apache-2.0
"""
import json

import laconic_test
from laconic_test import EXIT_USAGE

MODEL = laconic_test.REPOSITORY / "models" / "world-long"
END = "</think>\n\n\\boxed{"


class BudgetForcing(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--num-problems", 12, "--split", "test", "--output", "in.jsonl")

    def generate(self, *args, code=0):
        result = self.laconic("generate", "--model", MODEL, "--input", "in.jsonl", "--temperature", 0, "--logprobs",
                              *args, code=code)
        return {row["id"]: row for row in self.rows(result)} if code == 0 else result.stderr

    def forced(self, *args):
        return self.generate("--control", "budget", "--thinking-end", END, *args)

    def tokens(self, text):
        row, = self.rows(self.laconic("tokenize", "--model", MODEL, stdin=json.dumps({"text": text}) + "\n"))
        return row["ids"]

    def test_thinking_is_cut_at_the_budget(self):
        plain, rows = self.generate(), self.forced("--thinking-budget", 30)
        header = len(self.tokens("\n" + END))
        for name, row in rows.items():
            self.assertNotIn("control", plain[name])
            self.assertEqual(row["num_tokens"], len(row["ids"]))
            self.assertEqual(len(row["logprobs"]), len(row["ids"]))
            self.assertEqual(row["ids"][:30], plain[name]["ids"][:30])
            self.assertEqual(row["logprobs"][:30], plain[name]["logprobs"][:30])
            thinking = row["completion"].split("</think>")[0]
            self.assertTrue(row["control"]["capped"], row)
            self.assertTrue(row["control"]["within_budget"])
            self.assertIn(row["control"]["forced_tokens"], (header - 1, header))
            self.assertTrue(row["completion"].startswith(thinking.rstrip("\n") + "\n" + END), row)
            self.assertGreater(row["num_tokens"], 30 + row["control"]["forced_tokens"])

    def test_log_probabilities_of_forced_ids_are_the_models(self):
        prompts = {row["id"]: row["problem"] for row in self.read_rows("in.jsonl")}
        for name, row in list(self.forced("--thinking-budget", 20).items())[:3]:
            rendered, = self.rows(self.laconic("render", "--model", MODEL, stdin=json.dumps(
                {"messages": [{"role": "user", "content": prompts[name]}], "add_generation_prompt": True}) + "\n"))
            ids = self.tokens(rendered["text"])
            whole, = self.rows(self.laconic("logprobs", "--model", MODEL, stdin=json.dumps(
                {"ids": ids + row["ids"]}) + "\n"))
            for got, expected in zip(row["logprobs"], whole["logprobs"][len(ids) - 1:], strict=True):
                self.assertAlmostEqual(got, expected, delta=1e-3)
            self.assertLess(min(row["logprobs"][20:20 + row["control"]["forced_tokens"]]), -1)

    def test_an_early_end_is_taken_back(self):
        plain = self.generate()
        once = self.forced("--thinking-budget", 900, "--extensions", 1)
        for name, row in once.items():
            thinking = plain[name]["completion"].split("</think>")[0]
            self.assertEqual(row["control"]["extensions"], 1)
            self.assertFalse(row["control"]["capped"])
            self.assertTrue(row["completion"].startswith(thinking + "Wait"), row["completion"])
            self.assertEqual(row["completion"].count("</think>"), 1)
            self.assertEqual(row["control"]["forced_tokens"], len(self.tokens("Wait")))
        other = self.forced("--thinking-budget", 900, "--extensions", 1, "--wait-text", "Let me verify")
        self.assertNotEqual({name: row["ids"] for name, row in once.items()},
                            {name: row["ids"] for name, row in other.items()})

    def test_answers_have_a_budget(self):
        for row in self.forced("--thinking-budget", 20, "--answer-budget", 1).values():
            self.assertEqual(row["num_tokens"], 20 + row["control"]["forced_tokens"] + 1)
            self.assertEqual(row["finish_reason"], "length")

    def test_samples_do_not_depend_on_slots(self):
        args = ("--thinking-budget", 60, "--extensions", 2, "--n", 3, "--temperature", 0.8)
        self.forced(*args, "--slots", 1, "--output", "one.jsonl")
        self.forced(*args, "--slots", 40, "--output", "many.jsonl")
        one, many = ({(row["id"], row["sample"]): row for row in self.read_rows(name)}
                     for name in ("one.jsonl", "many.jsonl"))
        self.assertEqual(len(one), 36)
        self.assertEqual(one, many)

    def test_the_setting_is_part_of_the_file(self):
        self.forced("--thinking-budget", 30, "--output", "out.jsonl")
        message = self.generate("--output", "out.jsonl", code=EXIT_USAGE)
        self.assertIn("control", message)

    def test_eval_reports_the_control(self):
        args = ("eval", "--model", MODEL, "--data", "in.jsonl", "--temperature", 0, "--max-new-tokens", 900,
                "--control", "budget", "--thinking-budget", 40, "--thinking-end", END)
        text = self.laconic(*args, "--out", "E").stdout
        self.assertIn("thinking within its budget of 40 tokens in 100.0 % of the replies", text)
        report = json.loads(self.laconic(*args, "--out", "E", "--json").stdout)  # read from its file
        control = report["models"][0]["control"]
        self.assertEqual(control["within_budget_share"], 1)
        self.assertGreater(control["capped_share"], 0.5)
        self.assertGreater(control["mean_forced_tokens"], 0)
        self.assertEqual(report["setting"]["control"]["thinking_budget"], 40)
        for row in self.read_rows("E/first.jsonl")[1:]:
            self.assertLess(row["num_thinking_tokens"], 40 + 10)

    def test_refusals(self):
        for args, part in (((), "--thinking-budget"),
                           (("--thinking-budget", 10, "--thinking-end", "so"), "</think>"),
                           (("--thinking-budget", 10, "--wait-text", ""), "--wait-text"),
                           (("--thinking-budget", 1000, "--answer-budget", 24), "--max-new-tokens")):
            message = self.generate("--control", "budget", *args, code=EXIT_USAGE)
            self.assertIn(part, message)
        self.assertIn("--control budget", self.generate("--extensions", 1, code=EXIT_USAGE))
        message = self.laconic("generate", "--model", "m", "--endpoint", "http://localhost:1", "--input", "in.jsonl",
                               "--control", "budget", "--thinking-budget", 5, code=EXIT_USAGE).stderr
        self.assertIn("--control", message)


laconic_test.main()
