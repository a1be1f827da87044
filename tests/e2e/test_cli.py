"""The command line as a whole: names, help, errors, exit codes, the settings file.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pty
import re
import shutil
import subprocess

import laconic_test
from laconic_test import EXIT_DISK, EXIT_FAILURE, EXIT_USAGE


class Cli(laconic_test.TestCase):
    def commands(self):
        text = self.laconic("--help").stdout
        return re.findall(r"^  ([a-z]+) {2,}\S", text, re.M)

    def test_version_names_version_and_commit(self):
        self.assertRegex(self.laconic("--version").stdout, r"^laconic \d+\.\d+\.\d+ \([0-9a-z-]+\)\n$")
        self.assertEqual(self.laconic("-V").stdout, self.laconic("--version").stdout)

    def test_help_lists_commands(self):
        self.assertIn("doctor", self.commands())
        self.assertEqual(self.laconic("--help").stdout, self.laconic("help").stdout)
        self.assertEqual(self.laconic("--help").stdout, self.laconic("-h").stdout)

    def test_alone_it_shows_the_main_commands(self):
        text = self.laconic().stdout
        shown = re.findall(r"^  ([a-z]+) {2,}\S", text, re.M)
        self.assertIn("tldr", shown)
        self.assertNotIn("logprobs", shown)
        self.assertIn(f"{len(self.commands()) - len(shown)} commands more", text)

    def test_help_of_every_command_fits_the_terminal(self):
        for columns in (80, 100):
            pages = [[name, page] for name in self.commands() for page in ("--help", "--help-all")]
            for args in [[], ["--help"]] + pages:
                text = self.laconic(*args, env={"COLUMNS": str(columns)}).stdout
                self.assertTrue(text.startswith("Usage: laconic"), args)
                for line in text.splitlines():
                    self.assertLessEqual(len(line), columns, f"{args}: {line}")

    def test_help_command_is_the_commands_help(self):
        for name in self.commands():
            self.assertEqual(self.laconic("help", name).stdout, self.laconic(name, "--help").stdout)

    def test_help_says_how_many_options_it_leaves_out(self):
        for name in self.commands():
            def options(page):
                text = self.laconic(name, page).stdout.split("Common:")[0]
                return set(re.findall(r"^  \[?--(\S+?)[\] \n]", text + " ", re.M))
            basic, every = options("--help"), options("--help-all")
            said = re.search(r"this page and (\d+) options? more", self.laconic(name, "--help").stdout)
            self.assertLessEqual(basic, every)
            self.assertEqual(len(every) - len(basic), int(said.group(1)) if said else 0, name)
        self.assertLess(len(self.laconic("tldr", "--help").stdout.splitlines()), 110)

    def test_one_vocabulary(self):
        def names(command):
            return set(re.findall(r"[\w-]+", self.laconic(command, "--help-all").stdout.replace("_", "-")))
        for command in ("adapter", "chat", "convert", "eval", "generate", "inspect", "logprobs", "plan", "render",
                        "sft", "tldr", "tokenize"):
            self.assertIn("--model", names(command), command)
            if command not in ("inspect", "adapter"):  # PATH, ACTION
                self.assertIn("[--model] MODEL", self.laconic(command, "--help").stdout, command)
        for command in ("eval", "generate", "logprobs", "render", "select", "sft", "tokenize", "verify"):
            for pair in (("data", "input"),):
                for name in pair:
                    self.assertTrue({name, "--" + name} & names(command), (command, name))
        for command in ("adapter", "convert", "eval", "generate", "logprobs", "render", "report", "select", "sft",
                        "tldr", "tokenize", "verify", "world"):
            for name in ("out", "output"):
                self.assertTrue({name, "--" + name} & names(command), (command, name))
        for command in ("eval", "generate", "plan", "tldr"):
            for name in ("samples", "n"):
                self.assertTrue({name, "--" + name} & names(command), (command, name))
        for command in ("chat", "eval", "generate", "select", "sft", "tldr", "world"):
            self.assertTrue({"seed", "--seed"} & names(command), command)

    def test_a_path_that_does_not_exist_is_usage(self):
        for args in (["inspect", "none"], ["inspect", "--model", "org/none"], ["generate", "none"], ["eval", "none", "--data", "/dev/null"],
                     ["chat", "none"], ["logprobs", "none"], ["render", "none"], ["tokenize", "none"],
                     ["sft", "none", "--train", "x", "--out", "y"], ["convert", "none", "--out", "y"],
                     ["tldr", "none", "--short", "x", "--long", "x", "--dev", "x", "--out", "y"],
                     ["plan", "none/at/all", "--max-steps", 1], ["adapter", "merge", "none", "--adapter", "x", "--out", "y"],
                     ["select", "none.jsonl"], ["verify", "--input", "none.jsonl"], ["report", "none"],
                     ["doctor", "--folder", "none"], ["convert", "none.gguf", "--out", "y"]):
            message = self.error(*args, code=EXIT_USAGE)
            self.assertIn("none", message)
            if args[0] in ("generate", "chat", "logprobs", "render", "sft", "tldr", "eval"):
                self.assertRegex(message, r"hf download \S+ --local-dir", args)
        model = laconic_test.REPOSITORY / "models/world-long"
        self.write("p.jsonl", [{"problem": "1?", "answer": "1"}])
        for args in (["eval", model, "--data", "none.jsonl"], ["generate", model, "--input", "none.jsonl"],
                     ["sft", model, "--train", "none.jsonl", "--out", "R"], ["eval", model, "--data", "p.jsonl", "--compare", "none"],
                     ["generate", model, "--input", "p.jsonl", "--output", "none/x.jsonl"],
                     ["tokenize", model, "--input", "none.jsonl"], ["inspect", "none.jsonl", "--model", model]):
            self.assertIn("none", self.laconic(*args, code=EXIT_USAGE).stderr, args)

    def test_bash_completes_commands_options_and_values(self):
        bash = shutil.which("bash")
        if not bash:
            self.skipTest("no bash")
        self.write("script", self.laconic("completion", "bash").stdout)
        self.write("rows.jsonl", [])
        (self.folder / "runs").mkdir()

        def complete(*words):
            quoted = " ".join(f"'{word}'" for word in words)
            program = (f"source ./script; COMP_WORDS=(laconic {quoted}); COMP_CWORD={len(words)}; _laconic; "
                       'printf "%s\\n" "${COMPREPLY[@]}"')
            result = subprocess.run([bash, "--norc", "-c", program], cwd=self.folder, capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""), words)
            return result.stdout.split()

        self.assertEqual(complete("tld"), ["tldr"])
        self.assertEqual(complete("help", "rep"), ["report"])
        self.assertEqual(set(complete("")) - {"help", "--help", "--version"}, set(self.commands()))
        self.assertEqual(complete("sft", "--lr-s"), ["--lr-scheduler-type"])
        self.assertEqual(complete("sft", "--lr-scheduler-type", "cos"), ["cosine"])
        self.assertEqual(complete("sft", "--lr-scheduler-type", "=", "cos"), ["cosine"])
        self.assertEqual(complete("report", "--no-b"), ["--no-browse"])
        self.assertEqual(complete("sft", "--model", "r"), ["runs"])
        self.assertEqual(complete("sft", "r"), ["runs"])
        self.assertEqual(complete("eval", "M", "--data", "r"), ["rows.jsonl", "runs"])
        self.assertEqual(complete("completion", ""), ["bash", "zsh", "fish"])
        for name in self.commands():
            every = set(re.findall(r"^  \[?--(?:\[no-\])?([a-z0-9-]+)", self.laconic(name, "--help-all").stdout, re.M))
            self.assertLessEqual(every, {word[2:] for word in complete(name, "--")}, name)

    def test_zsh_and_fish_read_their_scripts(self):
        for shell, check in (("zsh", "-n"), ("fish", "--no-execute")):
            path = self.write(shell, self.laconic("completion", shell).stdout)
            if shutil.which(shell):
                result = subprocess.run([shell, check, path], capture_output=True, text=True)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
        if not shutil.which("fish"):
            self.skipTest("no fish")
        for typed, wanted in (("laconic tld", "tldr"), ("laconic sft --lr-s", "--lr-scheduler-type"),
                              ("laconic sft --lr-scheduler-type co", "cosine")):
            result = subprocess.run(["fish", "--no-config", "-c", f"source fish; complete -C '{typed}'"], cwd=self.folder,
                                    capture_output=True, text=True)
            self.assertIn(wanted, [line.split("\t")[0] for line in result.stdout.splitlines()], typed)

    def test_man_pages_are_sound(self):
        checker = next((tool for tool in (["mandoc", "-T", "lint", "-W", "error"],
                                          ["groff", "-man", "-Tutf8", "-ww", "-z"]) if shutil.which(tool[0])), None)
        for name in [None] + self.commands():
            text = self.laconic("man", *([name] if name else [])).stdout
            self.assertTrue(text.startswith('.TH "LACONIC'), name)
            self.assertNotRegex(text, r"(?m)^['.](?!SH |TP$|B |BR |RI |I |nf$|fi$|PP$|TH )")
            if checker:
                path = self.write(f"{name}.1", text)
                result = subprocess.run([*checker, path], capture_output=True, text=True)
                self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""), name)
        if shutil.which("man"):
            page = subprocess.run(["man", "-l", self.folder / "tldr.1"], capture_output=True, text=True,
                                  env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
            self.assertIn("--short-model", page.stdout)

    def test_install_puts_pages_and_completion_in_place(self):
        build = laconic_test.BINARY.parent
        if not (build / "cmake_install.cmake").exists() or not shutil.which("cmake"):
            self.skipTest("the binary does not lie in a build folder")
        subprocess.run(["cmake", "--install", build, "--prefix", "/usr"], check=True, capture_output=True,
                       env={**os.environ, "DESTDIR": str(self.folder / "root")})
        share = self.folder / "root/usr/share"
        self.assertIn("complete -F _laconic laconic", (share / "bash-completion/completions/laconic").read_text())
        self.assertTrue((share / "zsh/site-functions/_laconic").read_text().startswith("#compdef laconic"))
        self.assertTrue((share / "fish/vendor_completions.d/laconic.fish").exists())
        self.assertEqual({path.name for path in (share / "man/man1").iterdir()},
                         {"laconic.1"} | {f"laconic-{name}.1" for name in self.commands()})

    def test_a_command_that_reads_a_terminal_says_so(self):
        for args in (["verify"], ["tokenize", laconic_test.REPOSITORY / "models/world-long"]):
            master, slave = pty.openpty()
            process = subprocess.Popen(self.command(*args), stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(process.stderr.readline(),
                             b"stdin: waiting for JSONL rows, one a line; Ctrl-D ends (--input FILE reads a file)\n")
            os.write(master, b"\x04")
            process.communicate(timeout=60)
            os.close(master)
            os.close(slave)
        self.assertEqual(self.laconic("verify", stdin="").stderr, "")

    def test_unknown_command(self):
        self.assertEqual(self.error("doctr", code=EXIT_USAGE),
                         'laconic: expected a command, got "doctr" (did you mean doctor?)')
        self.assertEqual(self.error("help", "doctr", code=EXIT_USAGE),
                         'laconic: expected a command, got "doctr" (did you mean doctor?)')
        self.assertEqual(self.error("qqqqqqqq", code=EXIT_USAGE),
                         'laconic: expected a command, got "qqqqqqqq" (try laconic --help)')

    def test_unknown_option_of_every_command(self):
        for name in self.commands():
            message = self.error(name, "--print-confg", code=EXIT_USAGE)
            self.assertEqual(message, f'laconic {name}: expected an option, got "--print-confg" '
                                      "(did you mean --print-config?)")

    def test_settings_file_errors(self):
        path = self.write("bad.yaml", "jsn: true\n")
        self.assertEqual(self.error("doctor", "--config", path, code=EXIT_USAGE),
                         f'{path}:1: expected a setting of laconic doctor, got "jsn" (did you mean json?)')
        missing = self.folder / "none.yaml"
        self.assertIn(str(missing), self.error("doctor", "--config", missing, code=EXIT_USAGE))

    def test_print_config_round_trip(self):
        for name in self.commands():
            first = self.laconic(name, "--print-config").stdout
            path = self.write("resolved.yaml", first)
            self.assertEqual(self.laconic(name, "--config", path, "--print-config").stdout, first, name)

    def test_a_full_device_is_an_error(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run(self.command("--version"), stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, EXIT_DISK)
        self.assertIn(b"No space left", result.stderr)

    def test_a_closed_pipe_is_an_error_not_a_signal(self):
        reader, writer = os.pipe()
        os.close(reader)
        result = subprocess.run(self.command("--help"), stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        self.assertEqual(result.returncode, EXIT_FAILURE)
        self.assertIn(b"Broken pipe", result.stderr)


laconic_test.main()
