"""laconic report: runs and sample files become a page, tables in three forms, and a page that works in a browser.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import gzip
import json
import os
import re
import shutil
import subprocess

import laconic_test

HEADER = {"type": "header", "setting": {"samples": 1, "temperature": 0.7, "max_new_tokens": 512, "sampler_seed": 3}}


def replies(tokens, num_right=40, num=40):
    return [{"id": f"p{i}", "sample": 0, "problem": f"Problem {i} </script>", "completion": "<b>\\boxed{1}\u2028</script>",
             "gold": "1", "num_tokens": tokens + i, "num_thinking_tokens": 5, "num_answer_tokens": 5,
             "finish_reason": "stop", "verdict": "right" if i < num_right else "wrong", "reason": "equal-rational",
             "difficulty": str(i % 2 + 1)} for i in range(num)]


def unpacked(page):
    """The replies that a page holds, as JSON texts."""
    pieces = re.findall(r'<script type="text/plain" id="r\d+">([^<]*)</script>', page)
    return "".join(gzip.decompress(base64.b64decode(piece)).decode() for piece in pieces)


class Report(laconic_test.TestCase):
    def write_run(self, name):
        run = self.folder / name
        (run / "samples").mkdir(parents=True)
        (run / "log.jsonl").write_text(
            json.dumps({"type": "step", "step": 1, "loss": 1.0, "gradient_norm": 0.5}) + "\n" +
            json.dumps({"type": "eval", "step": 1, "accuracy": 1.0, "tokens": 9}) + "\n")
        for samples, tokens in (("before", 100), ("after", 50)):
            self.write(f"{name}/samples/{samples}.jsonl", [HEADER] + replies(tokens))
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
        self.assertEqual(re.findall(r"https?:|<link|<img|src=", page), [])
        self.assertIn("<b>\\\\boxed{1}\\u2028</script>", unpacked(page))

    def test_sample_files_side_by_side(self):
        self.write("base.jsonl", [HEADER] + replies(400))
        self.write("short.jsonl", [HEADER] + replies(100, num_right=20))
        result = self.laconic("report", "base.jsonl", "short.jsonl")
        self.assertTrue((self.folder / "report.html").exists())
        self.assertRegex(result.stdout, r"short \* +no, lost +50.0 \[33.8, 66.2\]")
        self.assertIn("no, lost", result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 100)
        lenient = self.laconic("report", "base.jsonl", "short.jsonl", "--margin", "0.9")
        self.assertIn("yes", lenient.stdout)

    def test_evaluation_folder_of_benchmarks(self):
        for benchmark in ("gsm8k", "math500"):
            for model, tokens in (("first", 300), ("second", 200)):
                self.write(f"EVAL/{benchmark}/{model}.jsonl", [{**HEADER, "benchmark": benchmark}] + replies(tokens))
        result = self.laconic("report", "EVAL", "--markdown")
        self.assertIn("### By benchmark", result.stdout)
        self.assertRegex(result.stdout, r"\| EVAL second +\| +100.0 ± 0.0 \| +220 \|")
        self.assertFalse((self.folder / "EVAL/report.html").exists())

    def test_tables(self):
        self.write("base.jsonl", [HEADER] + replies(400))
        markdown = self.laconic("report", "base.jsonl", "--markdown", "--out", "page.html").stdout
        latex = self.laconic("report", "base.jsonl", "--latex").stdout
        self.assertIn("| difficulty |", markdown)
        self.assertEqual(latex.count("\\begin{tabular}"), latex.count("\\end{tabular}"))
        self.assertIn("100.0 $\\pm$ 0.0", latex)
        self.assertTrue((self.folder / "page.html").exists())
        self.error("report", "base.jsonl", "--markdown", "--latex", code=laconic_test.EXIT_USAGE)

    def test_settings_change_the_page(self):
        rows = replies(400)
        rows[0]["completion"] = "x" * 5000
        self.write("base.jsonl", [HEADER] + rows)
        pages = {}
        for name, options in (("all", []), ("cut", ["--max-reply-bytes", "1000"]), ("none", ["--no-browse"]),
                              ("named", ["--title", "A <b> title"])):
            self.laconic("report", "base.jsonl", "--out", f"{name}.html", *options)
            pages[name] = (self.folder / f"{name}.html").read_text()
        self.assertIn("x" * 5000, unpacked(pages["all"]))
        self.assertIn("4000 bytes left out", unpacked(pages["cut"]))
        self.assertNotIn("<script", pages["none"])
        self.assertIn("<h1>A &lt;b&gt; title</h1>", pages["named"])

    def rendered(self, page):
        """The page as a browser has it once its scripts have run."""
        chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
        if not chromium:
            self.skipTest("no chromium (CHROMIUM)")
        return subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--virtual-time-budget=20000",
             f"--user-data-dir={self.folder}/profile", "--dump-dom", (self.folder / page).as_uri()],
            capture_output=True, text=True, timeout=300).stdout

    def test_a_browser_marks_what_was_dropped(self):
        for name, tokens, text in (("long", 400, "<think>alpha beta \U0001F600 gamma</think>it is 1"),
                                   ("short", 100, "<think>alpha \U0001F600 gamma</think>so 1")):
            self.write(f"{name}.jsonl", [HEADER] + [{**row, "completion": text} for row in replies(tokens)])
        self.laconic("report", "long.jsonl", "short.jsonl")
        dom = self.rendered("report.html")
        self.assertRegex(dom, r"<mark>\s?beta\s?</mark>")
        marked = re.findall(r"<mark>([^<]*)</mark>", dom.split('class="browser"')[0])
        self.assertEqual(marked[0], "words that the other reply has not")  # of the box that turns marks on
        self.assertEqual("".join(marked[1:]).split()[0], "beta")
        self.assertNotIn("gamma", "".join(marked))
        self.assertRegex(dom, r'<span class="answer"><mark>so</mark></span>')

    def test_in_a_browser(self):
        self.write("base.jsonl", [HEADER] + replies(400))
        self.write("short.jsonl", [HEADER] + replies(100, num_right=20))
        self.laconic("report", "base.jsonl", "short.jsonl")
        dom = self.rendered("report.html")
        self.assertIn('data-ready="80"', dom)
        self.assertIn("80 of 80 replies", dom)
        self.assertIn("lost 20", dom)  # right in the first system, wrong in the second
        rows = dom.count('class="row"')
        self.assertTrue(5 <= rows < 80, f"expected only rows in sight, got {rows}")
        self.assertIn("Problem 0 &lt;/script&gt;", dom)
        # In the head's pair and beside the list.
        self.assertEqual(dom.count("<span class=\"think\">&lt;b&gt;\\boxed{1}\u2028&lt;/script&gt;</span>"), 4)
        self.assertEqual(dom.count(">SVG</button>"), dom.count("<figure>"))

    def test_two_evaluations_get_what_a_run_gets(self):
        for name, tokens in (("EVAL1", 300), ("EVAL2", 150)):
            (self.folder / name).mkdir()
            self.write(f"{name}/first.jsonl", [{**HEADER, "model": f"models/{name.lower()}"}] + replies(tokens))
        self.laconic("report", "EVAL1", "EVAL2", "--out", "page.html")
        page = (self.folder / "page.html").read_text()
        self.assertIn("<h1>eval1 \u2192 eval2</h1>", page)
        self.assertRegex(page, r'<p class="meta">40 problems, temperature 0.7, at most 512 tokens. \d{4}-\d\d-\d\d</p>')
        for wanted in ("<b>47 % fewer tokens</b><span>at equal accuracy</span>", "Length of replies",
                       "Tokens by difficulty", "Accuracy by difficulty", 'class="band"', 'class="arrow"',
                       '<th scope="col">system</th><th scope="col">equal accuracy</th>', "<td>yes</td>"):
            self.assertIn(wanted, page)

    def test_models_or_benchmarks_first(self):
        for benchmark in ("gsm8k", "math500"):
            for model, tokens in (("long", 300), ("short", 200)):
                rows = [{**row, "problem": benchmark + row["problem"]} for row in replies(tokens)]
                self.write(f"A/{benchmark}/{model}.jsonl", [HEADER] + rows)
                self.write(f"B/{model}/{benchmark}.jsonl", [HEADER] + rows)
        a, b = (self.laconic("report", folder, "--markdown").stdout for folder in "AB")
        self.assertEqual(re.sub(r"\bA (long|short)", r"B \1", a), b)
        self.assertRegex(b, r"\| system +\| +gsm8k % \| +tokens \| +math500 % \| +tokens ")
        self.assertRegex(b, r"\| B short +\| 100.0 ")

    def test_files_to_save_are_in_the_page(self):
        self.write("base.jsonl", [HEADER] + replies(400))
        self.write("short.jsonl", [HEADER] + replies(100))
        self.laconic("report", "base.jsonl", "short.jsonl", "--out", "page.html")
        page = (self.folder / "page.html").read_text()
        saved = {name: base64.b64decode(data).decode() for name, data in
                 re.findall(r'download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', page)}
        self.assertEqual(saved["side-by-side.csv"].splitlines()[0],
                         "system,equal accuracy,accuracy %,accuracy % low,accuracy % high,\"difference, points\","
                         "\"difference, points low\",\"difference, points high\",tokens,tokens low,tokens high,"
                         "token ratio,token ratio low,token ratio high,median,truncated %")
        numbers = json.loads(saved["report.json"])
        self.assertEqual(numbers["systems"][1]["to_first"]["equal_accuracy"], "equal accuracy")
        self.assertAlmostEqual(numbers["systems"][1]["to_first"]["token_ratio"], 119.5 / 419.5)

    def test_errors(self):
        self.laconic("report", code=laconic_test.EXIT_USAGE)
        self.laconic("report", "absent", code=laconic_test.EXIT_USAGE)
        (self.folder / "empty").mkdir()
        self.laconic("report", "empty", code=laconic_test.EXIT_DATA)
        self.write("header.jsonl", [HEADER])
        self.assertIn("expected judged replies", self.error("report", "header.jsonl", code=laconic_test.EXIT_DATA))
        run = self.write_run("bad")
        (run / "samples" / "after.jsonl").write_text('{"type": "header"}\n{"id": 3, "verdict": "right"}\n')
        result = self.laconic("report", "bad", code=laconic_test.EXIT_DATA)
        self.assertIn("after.jsonl:2: id", result.stderr)


laconic_test.main()
