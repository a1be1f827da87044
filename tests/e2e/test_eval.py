"""`laconic eval`: named benchmarks, presets, and going on at the sample after a kill.

SPDX-License-Identifier: Apache-2.0
"""
import json
import signal
import time

import laconic_test
from laconic_test import EXIT_DATA, EXIT_USAGE


class Eval(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        self.laconic("world", "--split", "test", "--seed", 3, "--num-problems", 40, "--output", "problems.jsonl")

    def eval(self, *args, code=0, **options):
        return self.laconic("eval", "--model", "model", *args, code=code, **options)

    def benchmark_files(self):
        self.write("data/gsm8k.jsonl", [{"question": f"{i} + 1?", "answer": f"so\n#### {i + 1}"} for i in range(5)])
        self.write("data/aime24/test.jsonl", [{"problem": f"{i} * 2?", "answer": str(2 * i)} for i in range(3)])
        self.write("data/gaokao2023en.jsonl", [{"question": "1?", "answer": "1"}, {"question": "2?", "answer": ""}])

    # --- named benchmarks and presets

    def test_benchmarks_by_name(self):
        self.benchmark_files()
        result = self.eval("--bench", "gsm8k,aime24", "--data-dir", "data", "--max-new-tokens", 8, "--out", "EVAL",
                           "--profile")
        self.assertIn("decode: attention", result.stderr)
        self.assertRegex(result.stdout, r"\naime24 +3 +16 +")
        self.assertIn("n 1, T 0.6, top_p 0.95, top_k 0, min_p 0.0, cap 8", result.stdout)
        self.assertIn("preset r1", result.stdout)
        self.assertIn("gsm8k has 1319 problems, this file 5", result.stderr)
        header = self.read_rows("EVAL/aime24/first.jsonl")[0]
        self.assertEqual((header["benchmark"], header["preset"]), ("aime24", "r1"))
        self.assertEqual(header["setting"]["samples"], 16)
        self.assertIn("\\boxed{}", header["setting"]["instruction"])
        self.assertEqual(len(self.read_rows("EVAL/aime24/first.jsonl")), 1 + 3 * 16)
        numbers = json.loads(self.eval("--bench", "gsm8k,aime24", "--data-dir", "data", "--max-new-tokens", 8,
                                       "--out", "EVAL", "--json").stdout)
        self.assertEqual([b["name"] for b in numbers["benchmarks"]], ["gsm8k", "aime24"])
        self.assertEqual(numbers["benchmarks"][1]["models"][0]["accuracy"]["samples"], 48)

    def test_presets_and_what_wins_over_them(self):
        self.benchmark_files()

        def setting(*args):
            out = f"E{len(list(self.folder.iterdir()))}"
            self.eval("--max-new-tokens", 4, "--out", out, *args)
            return self.read_rows(next((self.folder / out).rglob("first.jsonl")))[0]["setting"]

        paper = ("--preset", "tldr-paper")
        aime = ("--bench", "aime24", "--data-dir", "data")
        got = setting(*aime, *paper)
        self.assertEqual((got["samples"], got["temperature"], got["top_p"]), (8, 0.7, 1.0))
        got = setting(*aime, *paper, "--samples", 2, "--temperature", 0.3, "--instruction", "Go.")
        self.assertEqual((got["samples"], got["temperature"], got["instruction"]), (2, 0.3, "Go."))
        got = setting("--data", "problems.jsonl", "--limit", 2, "--preset", "r1")
        self.assertEqual((got["samples"], got["temperature"], got["top_p"]), (1, 0.6, 0.95))
        # The cap of a preset is beyond this small model's patience: only what is said is looked at.
        for preset, cap in (("r1", 32768), ("tldr-paper", 8192)):
            process = self.start("eval", "--model", "model", *aime, "--preset", preset)
            process.stderr.readline()  # not 30 problems
            line = process.stderr.readline()
            self.assertIn(f"cap {cap}", line)
            process.kill()

    def test_a_benchmark_row_without_an_answer_is_said(self):
        self.benchmark_files()
        args = ("--bench", "gaokao2023en", "--data-dir", "data", "--max-new-tokens", 4, "--samples", 1)
        result = self.eval(*args, "--out", "EVAL")
        self.assertIn("gaokao2023en.jsonl:2: answer: expected an answer, got an empty one", result.stderr)
        self.assertEqual(self.read_rows("EVAL/gaokao2023en/first.jsonl")[0]["bad_rows"], 1)
        self.eval(*args, "--bad-rows", "quarantine=bad.jsonl")
        self.assertEqual(self.read_rows("bad.jsonl")[0]["line"], 2)

    def test_usage(self):
        self.benchmark_files()
        def message(*args, code):
            return self.eval(*args, code=code).stderr.splitlines()[-1]
        self.assertIn("expected --data FILE or --bench NAMES, got neither", message(code=EXIT_USAGE))
        self.assertIn("got both", message("--data", "problems.jsonl", "--bench", "gsm8k", code=EXIT_USAGE))
        self.assertIn("did you mean gsm8k?", message("--bench", "gsm8", code=EXIT_USAGE))
        self.assertIn("gsm8k twice", message("--bench", "gsm8k,gsm8k", code=EXIT_USAGE))
        self.assertIn("svamp: expected one of svamp.jsonl, svamp/test.jsonl",
                      message("--bench", "gsm8k,svamp", "--data-dir", "data", code=EXIT_USAGE))
        self.write("data/gsm8k.jsonl", [{"problem": "1?", "answer": "1"}])
        self.assertIn("gsm8k.jsonl:1: expected the field question of gsm8k",
                      message("--bench", "gsm8k", "--data-dir", "data", code=EXIT_DATA))

    def test_where_the_answer_stands(self):
        problems = [{"problem": "1 + 1?", "answer": "2"}]
        self.write("one.jsonl", problems)
        args = ("--data", "one.jsonl", "--max-new-tokens", 4)
        result = self.eval(*args, "--out", "A", "--answer-from", "number,box", "--count-thinking")
        self.assertIn("answer from number, then box; in thinking too", result.stdout)
        self.assertIn("answer_from", self.eval(*args, "--out", "A", code=EXIT_USAGE).stderr)
        self.eval(*args, "--answer-from", "bx", code=EXIT_USAGE)

    # --- going on at the sample

    ARGS = ("--data", "problems.jsonl", "--samples", 8, "--max-new-tokens", 200, "--slots", 2)

    def start_and_wait(self, out, *more):
        """Starts an evaluation and comes back once some of its replies are on disk."""
        process = self.start("eval", "--model", "model", *self.ARGS, "--out", out, *more)
        partial = self.folder / out / "first.jsonl.partial"
        deadline = time.time() + 120
        while time.time() < deadline and not (partial.exists() and partial.read_bytes().count(b"\n") > 20):
            time.sleep(0.01)
        return process

    def start_and_kill(self, out, how):
        """Kills an evaluation once some of its replies are on disk; returns how many."""
        process = self.start_and_wait(out)
        process.send_signal(how)
        process.wait(timeout=60)
        partial = self.folder / out / "first.jsonl.partial"
        self.assertFalse((self.folder / out / "first.jsonl").exists(), "the evaluation ended before its kill")
        return partial.read_bytes().count(b"\n") - 1

    def test_killed_and_restarted_gives_the_same_table_and_file(self):
        whole = self.eval(*self.ARGS, "--out", "whole").stdout
        found = self.start_and_kill("killed", signal.SIGKILL)
        partial = self.folder / "killed/first.jsonl.partial"
        with open(partial, "ab") as file:  # a line torn by the kill
            file.write(b'{"id": "torn", "sam')
        header, rest = partial.read_bytes().split(b"\n", 1)
        partial.write_bytes(json.dumps({**json.loads(header), "commit": "0123abc"}).encode() + b"\n" + rest)
        result = self.eval(*self.ARGS, "--out", "killed")
        self.assertIn('first.jsonl.partial: commit was "0123abc", now ', result.stderr)
        self.assertIn(f"{found} replies are there already", result.stderr)
        self.assertEqual(result.stdout, whole)
        finished = self.folder / "whole/first.jsonl"
        self.assertEqual((self.folder / "killed/first.jsonl").read_bytes(), finished.read_bytes())
        self.assertNotIn("commit was", self.eval(*self.ARGS, "--out", "whole").stderr)
        header, rest = finished.read_bytes().split(b"\n", 1)
        finished.write_bytes(json.dumps({**json.loads(header), "commit": "0123abc"}).encode() + b"\n" + rest)
        again = self.eval(*self.ARGS, "--out", "whole")
        self.assertIn('first.jsonl: commit was "0123abc", now ', again.stderr)
        self.assertEqual(again.stdout, whole)
        self.assertFalse(partial.exists())
        again = self.eval(*self.ARGS, "--out", "killed")
        self.assertIn("used again", again.stderr)
        self.assertEqual(again.stdout, whole)

    def test_a_signal_ends_with_75(self):
        process = self.start_and_wait("out")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, laconic_test.EXIT_SAVED)
        self.assertIn("the same command goes on from here", stderr)

    def test_another_setting_model_or_file_is_refused(self):
        self.start_and_kill("out", signal.SIGKILL)
        self.eval("--data", "problems.jsonl", "--max-new-tokens", 4, "--out", "done")
        partial = (self.folder / "out/first.jsonl.partial").read_bytes()
        done = (self.folder / "done/first.jsonl").read_bytes()
        self.laconic("world", "--init-model", "other", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384, "--seed", 9)

        def refused(expected, *args):
            line = self.laconic("eval", *args, code=EXIT_USAGE).stderr.splitlines()[-1]
            self.assertIn("expected to continue with " + expected, line)

        refused("temperature 0.7, got 0.9", "--model", "model", *self.ARGS, "--out", "out", "--temperature", 0.9)
        refused("samples 8, got 9", "--model", "model", *self.ARGS, "--out", "out", "--samples", 9)
        refused("weight_hash", "--model", "other", *self.ARGS, "--out", "out")
        refused("problems_hash", "--model", "model", *self.ARGS, "--out", "out", "--limit", 3)
        refused("max_new_tokens 4, got 5", "--model", "model", "--data", "problems.jsonl", "--max-new-tokens", 5,
                "--out", "done")
        self.assertEqual((self.folder / "out/first.jsonl.partial").read_bytes(), partial)
        self.assertEqual((self.folder / "done/first.jsonl").read_bytes(), done)

    def test_a_file_of_an_earlier_version_is_used_again(self):
        args = ("--data", "problems.jsonl", "--max-new-tokens", 4, "--out", "E")
        table = self.eval(*args).stdout
        path = self.folder / "E" / "first.jsonl"
        header, *rows = path.read_text().splitlines()
        setting = json.loads(header)
        setting["setting"]["sampler_seed"] = setting["setting"].pop("seed")
        path.write_text("\n".join([json.dumps(setting), *rows]) + "\n")
        again = self.eval(*args)
        self.assertIn("used again", again.stderr)
        self.assertEqual(again.stdout, table)
        self.assertIn("seed", self.eval(*args, "--sampler-seed", 2, code=EXIT_USAGE).stderr)

    def test_two_evaluations_do_not_share_a_file(self):
        process = self.start_and_wait("out", "--samples", 5000)
        line = self.eval(*self.ARGS, "--samples", 5000, "--out", "out", code=EXIT_USAGE).stderr.splitlines()[-1]
        self.assertIn("that no other process works on", line)
        process.kill()


laconic_test.main()
