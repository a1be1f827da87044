"""Helpers of the end-to-end tests: run the binary, check exit code and messages, temporary folders.

Standard library only. A test file is tests/e2e/test_<name>.py; ctest runs each as e2e.<name> with the
binary's path in LACONIC. By hand: LACONIC=build/release/laconic python3 tests/e2e/test_cli.py

    import laconic_test

    class Verify(laconic_test.TestCase):
        def test_right(self):
            result = self.laconic("verify", stdin='{"gold": "1", "response": "\\\\boxed{1}"}\\n')
            self.assertEqual(self.rows(result)[0]["verdict"], "right")

    laconic_test.main()

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("LACONIC", REPOSITORY / "build/release/laconic")).resolve()
SHARED_DATA = pathlib.Path(os.environ.get("LACONIC_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))

EXIT_OK, EXIT_FAILURE, EXIT_USAGE, EXIT_DATA, EXIT_MODEL = 0, 1, 2, 3, 4
EXIT_MEMORY, EXIT_DISK, EXIT_CHECK, EXIT_INTERNAL, EXIT_SAVED = 5, 6, 7, 70, 75


class TestCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="laconic-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def command(self, *args):
        return [str(BINARY), *map(str, args)]

    def environment(self, env=None):
        clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LACONIC_LOG")}
        return {**clean, **(env or {})}

    def laconic(self, *args, stdin="", code=EXIT_OK, env=None, timeout_s=300):
        """Runs `laconic args...` to its end in self.folder and checks the exit code."""
        result = subprocess.run(self.command(*args), input=stdin, capture_output=True, text=True,
                                cwd=self.folder, env=self.environment(env), timeout=timeout_s)
        self.assertEqual(result.returncode, code,
                         f"laconic {' '.join(map(str, args))}\nstdout: {result.stdout[-2000:]}\n"
                         f"stderr: {result.stderr[-2000:]}")
        return result

    def start(self, *args, env=None):
        """Starts `laconic args...` without waiting; the process is killed when the test ends."""
        process = subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   cwd=self.folder, env=self.environment(env))

        def stop():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(stop)
        return process

    def error(self, *args, code, stdin="", env=None):
        """The one line that a failing command writes to stderr; nothing may be on stdout."""
        result = self.laconic(*args, stdin=stdin, code=code, env=env)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, f"expected one line: {result.stderr}")
        return result.stderr.rstrip("\n")

    def rows(self, result):
        """The JSON objects on a command's stdout."""
        return [json.loads(line) for line in result.stdout.splitlines()]

    def write(self, name, content):
        """Writes a file below self.folder; a list becomes JSONL. Returns its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        path.write_text(content, encoding="utf-8")
        return path

    def read_rows(self, path):
        return [json.loads(line) for line in (self.folder / path).read_text(encoding="utf-8").splitlines()]

    def shared_data(self, name):
        """A file of the shared data, which is not part of the repository; skips where it is absent."""
        path = SHARED_DATA / name
        if not path.exists():
            self.skipTest(f"no {name} in the shared data (LACONIC_SHARED_DATA)")
        return path


def main():
    if not BINARY.exists():
        sys.exit(f"laconic_test: expected the binary at {BINARY}, got none (set LACONIC)")
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun == 0:
        sys.exit("laconic_test: expected tests, got none")
    sys.exit(77 if len(result.skipped) == result.testsRun else 0)  # 77: ctest shows it as skipped
