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
        self.laconic("verify", "--input", "absent.jsonl", code=laconic_test.EXIT_FAILURE)

    def test_audit_counts_by_reason(self):
        result = self.laconic("verify", "--audit", stdin=lines(
            {"gold": "1", "response": "\\boxed{1}", "label": True},
            {"gold": "1", "response": "\\boxed{2}", "label": True},
            {"gold": "1", "response": "\\boxed{\\zeta(}", "label": False}))
        self.assertIn("agreement where decided 50.00 %, undecided 33.33 %", result.stdout)
        self.assertRegex(result.stdout, r"different-number +1 +0 +0 +1 +0")


laconic_test.main()
