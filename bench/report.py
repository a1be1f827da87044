#!/usr/bin/env python3
"""Size of a report's page with many replies, and how long a browser takes to open it.

Usage: bench/report.py [--replies 10000] [--mean-bytes 6000] [--out FOLDER] [--laconic PATH] [--chromium NAME]
Makes three systems of made-up replies (same problems, several samples each), writes the page with
`laconic report`, and opens it in headless Chromium: the time until the list of replies is drawn, by the page's
own clock, median of 5. Prints one line a figure. Without Chromium only the size is measured.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time

WORDS = ("we need to find the value of x so let me compute first then add both sides and divide by two wait that "
         "is not right alternatively consider the sum of squares hmm now check again therefore it follows").split()


def reply(rng, num_bytes, right):
    words, size = [], 0
    while size < num_bytes:
        words.append(rng.choice(WORDS) if rng.random() < 0.8 else str(rng.randrange(1000)))
        size += len(words[-1]) + 1
        if len(words) % 60 == 0:
            words.append("\n\n")
    answer = "42" if right else str(rng.randrange(40))
    return f"<think>\n{' '.join(words)} The answer is {answer}.\n</think>\n\nThe answer is \\boxed{{{answer}}}."


def write_system(path, seed, scale, accuracy, arguments):
    rng = random.Random(seed)
    samples = 8
    problems = arguments.replies // (3 * samples) + 1
    with open(path, "w", encoding="utf-8") as file:
        setting = {"samples": samples, "temperature": 0.6, "top_p": 0.95, "max_new_tokens": 8192, "sampler_seed": 7}
        file.write(json.dumps({"type": "header", "model": path.stem, "setting": setting}) + "\n")
        for i in range(problems):
            level = i % 5 + 1
            for sample in range(samples):
                size = int(scale * arguments.mean_bytes * rng.lognormvariate(-0.3, 0.6) * (0.4 + 0.2 * level))
                right, tokens = rng.random() < accuracy - 0.07 * level, size // 4 + 20
                cut = tokens >= 8192
                verdict = "wrong" if cut or not right else "right"
                if verdict == "wrong" and rng.random() < 0.1:
                    verdict = "undecided"
                text = reply(rng, min(size, 4 * 8192), right)
                if cut:
                    text = text[:text.index("The answer")] + "Wait, let me check that again. " * 20
                row = {"id": f"p{i:04d}", "sample": sample, "problem": f"Problem {i}: what is the value of x if "
                       f"{rng.randrange(9)} x + {i} = {rng.randrange(999)}? </script><b>\u2028", "gold": "42",
                       "completion": text, "num_tokens": min(tokens, 8192),
                       "num_thinking_tokens": min(tokens, 8192) - (0 if cut else 12),
                       "num_answer_tokens": 0 if cut else 12, "finish_reason": "length" if cut else "stop",
                       "think_state": "unterminated" if cut else "closed", "verdict": verdict,
                       "reason": "no-box" if cut else "equal-rational" if verdict == "right" else "different",
                       "extracted": "" if cut else "42" if right else "17", "difficulty": str(level)}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def open_page(chromium, page):
    """Seconds from the start of navigation to the drawn list, by the browser's clock."""
    probe = page.with_name("probe.html")
    text = page.read_text(encoding="utf-8")
    script = ("<script>document.documentElement.dataset.ms = performance.now()</script></body></html>")
    probe.write_text(text.replace("</body></html>", script), encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        dom = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             f"--user-data-dir={profile}", "--dump-dom", probe.as_uri()], capture_output=True, text=True, timeout=120)
    probe.unlink()
    head = dom.stdout[:2000]
    ready, ms = re.search(r'data-ready="(\d+)"', head), re.search(r'data-ms="([\d.]+)"', head)
    if not ready or not ms:
        raise SystemExit(f"bench/report: expected a page that draws its list, got {head[:300]!r} {dom.stderr[-500:]}")
    return int(ready.group(1)), float(ms.group(1)) / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replies", type=int, default=10000)
    parser.add_argument("--mean-bytes", type=int, default=6000)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--laconic", default="build/release/laconic")
    parser.add_argument("--chromium", default="chromium")
    arguments = parser.parse_args()
    folder = arguments.out or pathlib.Path(tempfile.mkdtemp(prefix="laconic-report-"))
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.jsonl" for name in ("base", "tldr", "short")]
    for i, (path, scale, accuracy) in enumerate(zip(files, (1.6, 0.9, 0.5), (0.95, 0.95, 0.8))):
        write_system(path, i, scale, accuracy, arguments)
    page = folder / "report.html"
    start = time.monotonic()
    subprocess.run([arguments.laconic, "report", *files, "--out", page, "--title", "Three systems"], check=True,
                   stdout=subprocess.DEVNULL)
    print(f"samples      {sum(path.stat().st_size for path in files) / 1e6:8.1f} MB")
    print(f"page         {page.stat().st_size / 1e6:8.1f} MB")
    print(f"write        {time.monotonic() - start:8.2f} s")
    if shutil.which(arguments.chromium):
        runs = [open_page(arguments.chromium, page) for _ in range(5)]
        print(f"replies      {runs[0][0]:8d}")
        print(f"open         {statistics.median(seconds for _, seconds in runs):8.2f} s")
    if not arguments.out:
        shutil.rmtree(folder)


main()
