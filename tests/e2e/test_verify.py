"""laconic verify: rows in, rows out, exit codes, bad rows, audit.

SPDX-License-Identifier: Apache-2.0
"""
import json

import laconic_test


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


class Verify(laconic_test.TestCase):
    def test_rows_pass_through(self):
        result = self.laconic("verify", stdin=lines(
            {"gold": "1/2", "response": "so \\boxed{0.5}", "mine": [1, {"a": None}]},
            {"gold": "so\n#### 1,234", "response": "#### 1234"},
            {"gold": 7, "response": "\\boxed{7} or \\boxed{}"},
            {"gold": "x+1", "response": "\\boxed{1+x}"}))
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([row["verdict"] for row in rows], ["right", "right", "wrong", "right"])
        self.assertEqual([row["reason"] for row in rows],
                         ["equal-rational", "equal-rational", "empty-box", "equal-exact"])
        self.assertEqual(rows[0]["extracted"], "0.5")
        self.assertEqual(rows[0]["mine"], [1, {"a": None}])

    def test_bad_row_names_file_line_and_field(self):
        path = self.folder / "in.jsonl"
        path.write_text(lines({"gold": "1", "response": "\\boxed{1}"}, {"gold": "1"}))
        result = self.laconic("verify", "--input", path, code=laconic_test.EXIT_DATA)
        self.assertEqual(result.stderr.strip(), f"{path}:2: response: expected a text, got none")
        self.laconic("verify", "--input", path, "--output", "out.jsonl", "--bad-rows",
                     "quarantine=bad.jsonl")
        bad = json.loads((self.folder / "bad.jsonl").read_text())
        self.assertEqual((bad["line"], json.loads(bad["row"])), (2, {"gold": "1"}))
        self.assertEqual(len((self.folder / "out.jsonl").read_text().splitlines()), 1)

    def test_usage(self):
        self.laconic("verify", "--bad-rows", "keep", code=laconic_test.EXIT_USAGE)
        self.laconic("verify", "--gold", "x", code=laconic_test.EXIT_USAGE)
        self.laconic("verify", "--input", "absent.jsonl", code=laconic_test.EXIT_USAGE)

    def test_members_stay_byte_for_byte(self):
        row = '{"gold": 1.50, "big": 123456789012345678, "response": "\\\\boxed{3/2}",  "z": "\\u00e9"}'
        result = self.laconic("verify", stdin=row + "\n")
        self.assertTrue(result.stdout.startswith(row[:-1] + ", "), result.stdout)
        out = json.loads(result.stdout)
        self.assertEqual((out["gold_form"], out["answer_form"]), ("3/2", "3/2"))
        again = json.loads(self.laconic("verify", stdin=result.stdout).stdout)
        self.assertEqual(again, out)

    def test_answer_from(self):
        row = lines({"gold": "7", "response": "<think>\\boxed{7}</think> The answer is 7."})
        verdict = lambda *options: json.loads(
            self.laconic("verify", *options, stdin=row).stdout)["reason"]
        self.assertEqual(verdict(), "no-box")
        self.assertEqual(verdict("--answer-from", "phrase"), "equal-text")
        self.assertEqual(verdict("--count-thinking"), "equal-text")
        self.assertEqual(verdict("--starts-in-thinking"), "no-box")
        self.laconic("verify", "--answer-from", "boxes", stdin=row, code=laconic_test.EXIT_USAGE)

    def test_order_and_threads(self):
        rows = [{"gold": str(i), "response": f"\\boxed{{{i % 7}}}", "id": i} for i in range(9000)]
        outputs = [self.laconic("verify", "--threads", threads, stdin=lines(*rows)).stdout
                   for threads in ("1", "3")]
        self.assertEqual(outputs[0], outputs[1])
        self.assertEqual([json.loads(line)["id"] for line in outputs[0].splitlines()],
                         list(range(9000)))

    def test_strange_rows_are_named_and_counted(self):
        path = self.folder / "in.jsonl"
        good = lines({"gold": "1", "response": "\\boxed{1}", "label": True, "id": "a"})
        path.write_bytes(good.encode() + b'{"gold": "1", "response": "\xff"}\n'
                         + b'{"gold": "1", "response": "\\u0000"}\n'
                         + b'{"response": "\\\\boxed{1}", "label": true}\n' + good.encode())
        for policy, line in (("fail", 2), ("skip", 2)):
            result = self.laconic("verify", "--audit", "--input", path, "--bad-rows", policy,
                                  code=laconic_test.EXIT_DATA if policy == "fail" else 0)
            self.assertIn(f"{path}:{line}:", result.stderr)
        self.assertIn("3 bad rows skipped", result.stderr)
        self.assertIn("bad rows 3", result.stdout)
        self.assertIn(f"1 row repeats the id of an earlier one and counts as well (first: {path}:5: "
                      f'id "a" is that of {path}:1)', result.stderr)
        self.assertRegex(result.stdout, r"all +2 +2 ")
        quarantine = self.folder / "bad.jsonl"
        self.laconic("verify", "--input", path, "--output", "out.jsonl", "--bad-rows",
                     f"quarantine={quarantine}")
        reasons = [json.loads(line)["reason"] for line in quarantine.read_text().splitlines()]
        self.assertIn("NUL", reasons[1])
        self.assertIn("gold: expected an answer", reasons[2])

    def test_a_reply_of_a_hundred_megabytes(self):
        path = self.folder / "large.jsonl"
        path.write_text(lines({"gold": "5", "response": "{ \\boxed (" * 9_000_000 + "\\boxed{5}"}))
        result = self.laconic("verify", "--audit", "--answers", "--input", path, "--bad-rows", "skip")
        self.assertIn("bad rows 1", result.stdout)
        self.laconic("verify", "--input", path, "--output", self.folder / "out.jsonl")
        self.assertTrue((self.folder / "out.jsonl").read_bytes()[-400:].find(b'"right"') > 0)

    def test_audit_shows_disagreements_by_kind(self):
        rows = lines(*({"gold": "1", "response": f"\\boxed{{{n}}}", "label": True} for n in (1, 2, 3)))
        plain = self.laconic("verify", "--audit", stdin=rows).stdout
        self.assertIn("     2  label true, different-number\n", plain)
        self.assertNotIn("stdin:2", plain)
        shown = self.laconic("verify", "--audit", "--show", "1", stdin=rows).stdout
        self.assertIn("stdin:2: gold 1 | answer 2", shown)
        self.assertNotIn("stdin:3", shown)

    def test_audit_counts_by_reason(self):
        result = self.laconic("verify", "--audit", stdin=lines(
            {"gold": "1", "response": "\\boxed{1}", "label": True},
            {"gold": "1", "response": "\\boxed{2}", "label": True},
            {"gold": "1", "response": "\\boxed{\\zeta(}", "label": False}))
        self.assertIn("agreement where decided 50.00 %, undecided 33.33 %", result.stdout)
        self.assertRegex(result.stdout, r"different-number +1 +0 +0 +1 +0")

    def test_one_answer(self):
        for gold, answer, code, text in (
                ("1/2", "0.5", 0, "right (equal-rational): 0.5 = 1/2"),
                ("1/2", "so \\boxed{0.5}", 0, "right (equal-rational): 0.5 = 1/2"),
                ("72", "It is\n#### 72", 0, "right"),
                ("1/2", "0.6", 7, "wrong (different-number): 3/5 is not 1/2"),
                ("-3", "-3", 0, "right"),
                ("5", "the box \\boxed{}", 7, "wrong (empty-box)")):
            result = self.laconic("verify", gold, answer, code=code)
            self.assertTrue(result.stdout.startswith(text), result.stdout)
            self.assertEqual(result.stdout.count("\n"), 1)
        self.assertIn("expected GOLD and ANSWER, got GOLD alone", self.error("verify", "1/2", code=laconic_test.EXIT_USAGE))
        self.assertIn("--input", self.error("verify", "1/2", "1/2", "--input", "-", code=laconic_test.EXIT_USAGE))


laconic_test.main()
