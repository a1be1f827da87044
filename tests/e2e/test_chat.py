"""`laconic chat` without a terminal and in one (a pseudo-terminal of the standard library).

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import fcntl
import termios
import time

import laconic_test
from laconic_test import EXIT_MODEL, EXIT_USAGE

PROMPT = r">(\x1b\[0m)? "
MODELS = laconic_test.REPOSITORY / "models"
QUESTION = "Sam has 26 cards. Now Sam has 2 times as many. Sam loses 32. How many cards does Sam have?"


class Terminal:
    """A command in a terminal of 80 x 24; what it writes is gathered."""

    def __init__(self, command, env):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env,
                                        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
        os.close(slave)
        self.text = ""

    def type(self, text):
        # The editor takes keys once it has switched the terminal, a moment behind its prompt.
        deadline = time.time() + 60
        while termios.tcgetattr(self.master)[3] & termios.ICANON and time.time() < deadline:
            time.sleep(0.01)
        os.write(self.master, text.encode())

    def read_until(self, pattern, timeout_s=60):
        """Waits for a pattern behind what was matched before; returns the text up to its end."""
        start, deadline = len(self.text), time.time() + timeout_s
        while time.time() < deadline:
            found = re.search(pattern, self.text[start:])
            if found:
                return self.text[start:start + found.end()]
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.master, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        raise AssertionError(f"expected {pattern!r}, got {self.text[start:]!r}")

    def wait(self, timeout_s=60):
        """The exit code. Reads on: a terminal that nobody reads may hold its program back."""
        deadline = time.time() + timeout_s
        while self.process.poll() is None and time.time() < deadline:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.master, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return self.process.wait(timeout=10)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


class Chat(laconic_test.TestCase):
    def chat(self, *args, **options):
        return self.laconic("chat", *args, **options)

    def terminal(self, *args):
        terminal = Terminal(self.command("chat", *args), self.environment({"TERM": "xterm", "XDG_STATE_HOME": str(self.folder)}))
        self.addCleanup(terminal.close)
        return terminal

    def test_lines_in_text_out(self):
        result = self.chat(MODELS / "world-long", "--temperature", 0, stdin=QUESTION + "\n")
        self.assertRegex(result.stdout, r"^<think>\nLet me think step by step\.(.|\n)*</think>\n\n\\boxed\{20\}\n$")
        self.assertRegex(result.stderr, r"^\[\d+ tokens: \d+ thinking, \d+ answer; stop, \d+ tokens/s\]\n$")

    def test_a_reply_is_what_generate_draws(self):
        self.write("in.jsonl", [{"id": "1", "problem": QUESTION}])
        row, = self.rows(self.laconic("generate", "--model", MODELS / "world-long", "--input", "in.jsonl",
                                      "--temperature", 0.9, "--seed", 4))
        args = (MODELS / "world-long", "--temperature", 0.9)
        self.assertEqual(self.chat(*args, "--seed", 4, stdin=QUESTION + "\n").stdout, row["completion"] + "\n")
        self.assertIn(f"[{row['num_tokens']} tokens", self.chat(*args, "--seed", 4, stdin=QUESTION + "\n").stderr)
        cut = self.chat(*args, "--max-new-tokens", 3, stdin=QUESTION + "\n")
        self.assertIn("[3 tokens", cut.stderr)
        self.assertIn("; length,", cut.stderr)

    def test_commands(self):
        args = (MODELS / "world-short", "--temperature", 0)
        one = self.chat(*args, stdin=QUESTION + "\n").stdout
        self.assertEqual(self.chat(*args, stdin=f"{QUESTION}\n/reset\n{QUESTION}\n").stdout, one + one)
        self.assertNotEqual(self.chat(*args, stdin=f"/system 12 34 56\n{QUESTION}\n").stdout, one)
        self.assertEqual(self.chat(*args, stdin=f"/system 12 34\n/system\n{QUESTION}\n").stdout, one)
        self.assertEqual(self.chat(*args, "--system", "12 34", stdin=f"{QUESTION}\n").stdout,
                         self.chat(*args, stdin=f"/system 12 34\n{QUESTION}\n").stdout)
        self.assertEqual(self.chat(*args, stdin=f"/quit\n{QUESTION}\n").stdout, "")
        self.assertIn("got /qit", self.chat(*args, stdin="/qit\n").stderr)
        self.assertIn("/reset", self.chat(*args, stdin="/help\n").stdout)
        brief = self.chat(MODELS / "world-long", "--temperature", 0, "--instruction", "Be brief.", stdin=QUESTION + "\n")
        self.assertNotIn("step by step", brief.stdout)

    def test_a_turn_sees_the_ones_before(self):
        args = ("--temperature", 0.9, "--seed", 4)
        first = self.chat(MODELS / "world-long", *args, stdin=QUESTION + "\n").stdout
        both = self.chat(MODELS / "world-long", *args, stdin=f"{QUESTION}\nAgain?\n").stdout
        turns = [("user", QUESTION), ("assistant", first.rstrip("\n")), ("user", "Again?")]
        self.write("in.jsonl", [{"id": "2", "messages": [{"role": r, "content": c} for r, c in turns]}])
        row, = self.rows(self.laconic("generate", "--model", MODELS / "world-long", "--input", "in.jsonl", *args,
                                      "--max-new-tokens", 600))
        self.assertEqual(both, first + row["completion"] + "\n")

    def test_two_models(self):
        result = self.chat(MODELS / "world-long", "--compare", MODELS / "world-short", "--temperature", 0,
                           stdin=QUESTION + "\n")
        self.assertRegex(result.stdout, r"^== world-long\n<think>\nLet me(.|\n)*\n== world-short\n<think>\n26\*2=52\n")
        self.assertEqual(re.findall(r"^(world-\w+): \[", result.stderr, re.M), ["world-long", "world-short"])

    def test_an_adapter_changes_what_its_model_says(self):
        model = MODELS / "world-long"
        self.laconic("adapter", "extract", "--model", model, "--tuned", MODELS / "world-short", "--rank", 64,
                     "--out", "short")
        self.write("in.jsonl", [{"id": "1", "problem": QUESTION}])
        row, = self.rows(self.laconic("generate", "--model", model, "--adapter", "short", "--input", "in.jsonl",
                                      "--temperature", 0, "--max-new-tokens", 60))
        args = (model, "--temperature", 0, "--max-new-tokens", 60)
        plain = self.chat(*args, stdin=QUESTION + "\n").stdout
        adapted = self.chat(*args, "--adapter", "short", stdin=QUESTION + "\n").stdout
        self.assertEqual(adapted, row["completion"] + "\n")
        self.assertNotEqual(adapted, plain)
        both = self.chat(*args, "--compare", model, "--compare-adapter", "short", stdin=QUESTION + "\n").stdout
        self.assertEqual(both, f"== world-long\n{plain}== world-long + short\n{adapted}")

    def test_refusals(self):
        self.chat(MODELS / "world-long", "--compare-adapter", "short", code=EXIT_USAGE)
        self.chat(MODELS / "world-long", "--slots", 2, code=EXIT_USAGE)
        self.chat("nothing", code=EXIT_USAGE)
        self.chat(code=EXIT_USAGE)

    def test_in_a_terminal_thinking_is_dim(self):
        terminal = self.terminal(MODELS / "world-long", "--temperature", 0)
        terminal.read_until(PROMPT)
        terminal.type(QUESTION + "\n")
        text = terminal.read_until(r"tokens/s\]")
        self.assertIn("\x1b[2m<think>", text)
        self.assertRegex(text, r"</think>\x1b\[0m\s*\\boxed\{20\}")
        terminal.type("/quit\n")
        self.assertEqual(terminal.wait(), 0)

    def test_in_a_terminal_two_models_stand_side_by_side(self):
        terminal = self.terminal(MODELS / "world-long", "--compare", MODELS / "world-short", "--temperature", 0)
        terminal.read_until(PROMPT)
        terminal.type(QUESTION + "\n")
        text = terminal.read_until(r"tokens/s\](.|\n)*" + PROMPT)
        self.assertRegex(text, r"world-long {29,}world-short")
        self.assertRegex(re.sub(r"\x1b\[\d*m", "", text), r"(\n|\x1b\[J)<think> +<think>")

    def test_a_typed_line_can_be_edited_and_comes_back(self):
        args = (MODELS / "world-long", "--temperature", 0, "--max-new-tokens", 2)
        history = self.folder / "laconic/chat_history"
        for typed in ("/qxuit\x1b[D\x1b[D\x1b[D\x7f\n",  # three to the left, one deleted: /quit
                      "\x1b[A\n"):                        # the line of the chat before
            terminal = self.terminal(*args)
            terminal.read_until(PROMPT)
            terminal.type(typed)
            self.assertEqual(terminal.wait(), 0)
            self.assertIn("/quit", history.read_text())
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        history.unlink()
        terminal = self.terminal(*args, "--no-history")
        terminal.read_until(PROMPT)
        terminal.type("/quit\n")
        self.assertEqual(terminal.wait(), 0)
        self.chat(*args, stdin="/quit\n", env={"XDG_STATE_HOME": str(self.folder)})
        self.assertFalse(history.exists(), "neither with --no-history nor without a terminal")

    def test_ctrl_c_ends_a_reply_and_then_the_chat(self):
        self.laconic("world", "--init-model", "model", "--hidden-size", 64, "--num-layers", 4,
                     "--intermediate-size", 64, "--vocab-size", 384)
        path = self.folder / "model/config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "max_position_embeddings": 10**6}))
        # A random model goes on for long: no stop id is likely at this temperature.
        terminal = self.terminal(self.folder / "model", "--max-new-tokens", 900000, "--temperature", 0)
        terminal.read_until(PROMPT)
        terminal.type("Go on.\n")
        terminal.read_until(r"Go on\.\r\n(.|\n)*\w\w")
        terminal.process.send_signal(signal.SIGINT)
        self.assertIn("interrupted", terminal.read_until(r"tokens/s\]"))
        terminal.type("\n")
        terminal.read_until(PROMPT)
        terminal.process.send_signal(signal.SIGINT)
        self.assertEqual(terminal.wait(), 0)


laconic_test.main()
