"""laconic report: a run folder becomes a page and a table.

SPDX-License-Identifier: Apache-2.0
"""
import json

import laconic_test


class Report(laconic_test.TestCase):
    def write_run(self, name):
        run = self.folder / name
        (run / "samples").mkdir(parents=True)
        (run / "log.jsonl").write_text(
            json.dumps({"type": "step", "step": 1, "loss": 1.0, "gradient_norm": 0.5}) + "\n" +
            json.dumps({"type": "eval", "step": 1, "accuracy": 1.0, "tokens": 9}) + "\n")
        for samples, tokens in (("before", 100), ("after", 50)):
            rows = [{"type": "header", "n": 1, "temperature": 0.7, "seed": 3}]
            rows += [{"id": f"p{i}", "sample": 0, "completion": "<b>\\boxed{1}", "num_tokens": tokens + i,
                      "num_thinking_tokens": 5, "num_answer_tokens": 5, "finish_reason": "stop",
                      "verdict": "right"} for i in range(40)]
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (run / "samples" / f"{samples}.jsonl").write_text(text)
        return run

    def test_page_and_table(self):
        self.write_run("one")
        self.write_run("two")
        result = self.laconic("report", "one", "two", "--out", "page.html")
        self.assertIn("tokens ratio         0.582", result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 100)
        page = (self.folder / "page.html").read_text()
        self.assertTrue(page.startswith("<!DOCTYPE html>") and page.endswith("</html>\n"))
        self.assertIn("&lt;b&gt;", page)
        self.assertNotIn("<script", page)
        self.assertNotIn("http", page)

    def test_errors(self):
        self.laconic("report", code=laconic_test.EXIT_USAGE)
        self.laconic("report", "absent", code=laconic_test.EXIT_FAILURE)
        (self.folder / "empty").mkdir()
        self.laconic("report", "empty", code=laconic_test.EXIT_FAILURE)
        run = self.write_run("bad")
        (run / "samples" / "after.jsonl").write_text('{"type": "header"}\n{"id": 3}\n')
        result = self.laconic("report", "bad", code=laconic_test.EXIT_DATA)
        self.assertIn("after.jsonl:2: id", result.stderr)


laconic_test.main()
