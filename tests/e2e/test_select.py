"""`laconic select`: from sampled rows to training rows, with the table first.

SPDX-License-Identifier: Apache-2.0
"""
import json

import laconic_test
from laconic_test import EXIT_DATA, EXIT_USAGE

THOUGHT = "<think>\nSo the answer is {0}.\nWait, let me check. The answer is {0}.\n</think>\n\n\\boxed{{{0}}}"


def sampled(problem, sample, text, tokens, **more):
    return {"id": f"p{problem}", "sample": sample, "problem": f"How many are {problem} and one?",
            "answer": str(problem + 1), "completion": text, "num_tokens": tokens, "finish_reason": "stop", **more}


class Select(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.rows_in = [
            sampled(1, 0, "\\boxed{2}", 30, level=3), sampled(1, 1, "so \\boxed{2}", 10, level=3),
            sampled(2, 0, THOUGHT.format(3), 50), sampled(2, 1, "\\boxed{9}", 5),
            sampled(3, 0, "\\boxed{9}", 5), sampled(4, 0, "\\boxed{5}", 40, finish_reason="length")]
        self.write("in.jsonl", self.rows_in)
        self.write("in.jsonl.settings.json", json.dumps({"temperature": 0.7, "instruction": "Box it."}))

    def select(self, *args, code=0):
        return self.laconic("select", "in.jsonl", *args, code=code)

    def test_training_rows(self):
        result = self.select("--output", "train.jsonl")
        self.assertIn("read: 6 replies to 4 problems, 4 right (judged here: 6), 1 of them truncated", result.stdout)
        self.assertIn("lost: 2 without a right reply that ended", result.stdout)
        self.assertRegex(result.stdout, r"> shortest +2 +2 +2 +30\.0 +5\.0 +10 +14\.3")
        rows = self.read_rows("train.jsonl")
        self.assertEqual(rows[0], {
            "id": "p1", "prompt": [{"role": "user", "content": "How many are 1 and one?\nBox it."}],
            "completion": [{"role": "assistant", "content": "so \\boxed{2}"}], "source": "in.jsonl",
            "num_tokens": 10, "verdict": "right", "pass_rate": 1.0, "ground_truth": "2",
            "sampler": {"temperature": 0.7, "instruction": "Box it."}, "answer": "2", "level": 3})
        # What was written is what training reads.
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        self.laconic("inspect", "train.jsonl", "--model", "model", "--row", 1)

    def test_a_thought_that_never_closes_is_not_taken(self):
        # Judged right by a rule that counts thinking, and shorter.
        self.write("in.jsonl", [sampled(1, 0, "<think>\n\\boxed{2}", 3, verdict="right"),
                                sampled(1, 1, "\\boxed{2}", 9, verdict="right")])
        rows = self.rows(self.select())
        self.assertEqual([row["completion"][0]["content"] for row in rows], ["\\boxed{2}"])

    def test_a_system_turn_stays(self):
        self.write("in.jsonl", [sampled(1, 0, "\\boxed{2}", 9, system="Be brief.")])
        self.assertEqual(self.rows(self.select())[0]["prompt"][0], {"role": "system", "content": "Be brief."})

    def test_dry_run_writes_nothing_and_runs_agree(self):
        before = sorted(path.name for path in self.folder.iterdir())
        first = self.select("--dry-run", "--output", "x.jsonl", "--keep", "random").stdout
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), before)
        self.assertIn("> random", first)
        self.assertEqual(self.select("--dry-run", "--keep", "random").stdout, first)

    def test_rows_on_stdout_leave_the_table_to_stderr(self):
        result = self.select()
        self.assertEqual([row["id"] for row in self.rows(result)], ["p1", "p2"])
        self.assertIn("> shortest", result.stderr)

    def test_cut_after_a_solution(self):
        rows = {row["id"]: row for row in self.rows(self.select("--cut", "first-solution"))}
        self.assertEqual(rows["p2"]["completion"][0]["content"],
                         "<think>\nSo the answer is 3.\n</think>\n\n\\boxed{3}")
        self.assertTrue(rows["p2"]["cut"])
        self.assertLess(rows["p2"]["num_tokens"], 50)
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        text = rows["p2"]["completion"][0]["content"]
        ids = self.rows(self.laconic("tokenize", "model", stdin=json.dumps({"text": text}) + "\n"))[0]["ids"]
        counted = {row["id"]: row for row in self.rows(self.select("--cut", "first-solution", "--tokenizer", "model"))}
        self.assertEqual(counted["p2"]["num_tokens"], len(ids) + 1)

    def test_counts_and_bounds(self):
        rows = self.rows(self.select("--per-problem", 2, "--keep", "longest"))
        self.assertEqual([row["id"] for row in rows], ["p1#0", "p1#1", "p2#0"])
        self.assertEqual([row["id"] for row in self.rows(self.select("--pass-rate", "0.6-1"))], ["p1"])
        self.assertEqual([row["id"] for row in self.rows(self.select("--difficulty-percentiles", "50-100"))], ["p2"])
        self.assertEqual([row["id"] for row in self.rows(self.select("--length-percentiles", "60-100"))], ["p2"])

    def test_decontamination_names_what_it_drops(self):
        self.write("bench.jsonl", [{"question": "how  many are 2, and ONE?", "answer": "3"}])
        result = self.select("--output", "train.jsonl", "--decontaminate", "bench.jsonl")
        self.assertIn("1 of 4 problems share 13 words in a row with 1 file", result.stdout)
        self.assertIn("p2 is in bench.jsonl:1: how many are 2 and one", result.stdout)
        self.assertEqual([row["id"] for row in self.read_rows("train.jsonl")], ["p1"])
        result = self.select("--dry-run", "--decontaminate", "bench.jsonl", "--ngram", 3)
        self.assertIn("4 of 4 problems share 3 words", result.stdout)

    def test_eval_samples_and_verdicts_are_read(self):
        self.write("first.jsonl", [
            {"type": "header", "model": "M", "setting": {"temperature": 0.5, "instruction": ""}},
            {"id": "a", "sample": 0, "problem": "1 + 1?", "gold": "2", "completion": "\\boxed{2}", "num_tokens": 4,
             "num_thinking_tokens": 0, "num_answer_tokens": 4, "finish_reason": "stop", "think_state": "none",
             "verdict": "wrong", "reason": "x", "extracted": "2", "difficulty": "1"},
            {"id": "a", "sample": 1, "problem": "1 + 1?", "gold": "2", "completion": "\\boxed{3}", "num_tokens": 5,
             "finish_reason": "stop", "verdict": "right", "difficulty": "1"}])
        row, = self.rows(self.laconic("select", "first.jsonl"))
        self.assertEqual((row["num_tokens"], row["difficulty"]), (5, "1"))  # its verdict, not ours
        self.assertEqual(row["sampler"], {"temperature": 0.5, "instruction": "", "model": "M"})

    def test_refusals(self):
        def last(*args, code):
            return self.laconic("select", *args, code=code).stderr.splitlines()[-1]
        self.assertIn("--pass-rate: expected LOW-HIGH within 0-1", last("in.jsonl", "--pass-rate", "0-2", code=EXIT_USAGE))
        self.write("bad.jsonl", [{**self.rows_in[0], "num_tokens": None}])
        self.assertIn("bad.jsonl:1: num_tokens", last("bad.jsonl", code=EXIT_DATA))
        self.write("twice.jsonl", [self.rows_in[0], self.rows_in[0]])
        self.assertIn("twice.jsonl:2: sample: expected a new sample of p1", last("twice.jsonl", code=EXIT_DATA))
        self.write("other.jsonl", [{**self.rows_in[0], "problem": "Other?"}])
        self.assertIn("another text with that id", last("in.jsonl", "other.jsonl", code=EXIT_DATA))
        self.write("none.jsonl", [self.rows_in[4]])
        self.assertIn("expected a problem that is kept", last("none.jsonl", "--output", "x.jsonl", code=EXIT_DATA))
        self.assertFalse((self.folder / "x.jsonl").exists())
        row = {key: value for key, value in self.rows_in[0].items() if key != "answer"}
        self.write("gold.jsonl", [row])
        self.assertIn("expected a verdict or a gold answer", last("gold.jsonl", code=EXIT_DATA))


laconic_test.main()
