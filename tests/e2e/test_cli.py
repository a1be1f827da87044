"""The command line as a whole: names, help, errors, exit codes, the settings file.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import subprocess

import laconic_test
from laconic_test import EXIT_DISK, EXIT_FAILURE, EXIT_USAGE


class Cli(laconic_test.TestCase):
    def commands(self):
        text = self.laconic("--help").stdout
        return re.findall(r"^  ([a-z]+) {2,}\S", text, re.M)

    def test_version_names_version_and_commit(self):
        self.assertRegex(self.laconic("--version").stdout, r"^laconic \d+\.\d+\.\d+ \([0-9a-z-]+\)\n$")

    def test_help_lists_commands(self):
        self.assertIn("doctor", self.commands())
        self.assertEqual(self.laconic("--help").stdout, self.laconic("help").stdout)
        self.assertEqual(self.laconic("--help").stdout, self.laconic("-h").stdout)

    def test_help_of_every_command_fits_the_terminal(self):
        for columns in (80, 100):
            for args in [["--help"]] + [["help", name] for name in self.commands()]:
                text = self.laconic(*args, env={"COLUMNS": str(columns)}).stdout
                self.assertTrue(text.startswith("Usage: laconic"), args)
                for line in text.splitlines():
                    self.assertLessEqual(len(line), columns, f"{args}: {line}")

    def test_help_command_is_the_commands_help(self):
        for name in self.commands():
            self.assertEqual(self.laconic("help", name).stdout, self.laconic(name, "--help").stdout)

    def test_unknown_command(self):
        self.assertEqual(self.error("doctr", code=EXIT_USAGE),
                         'laconic: expected a command, got "doctr" (did you mean doctor?)')
        self.assertEqual(self.error("help", "doctr", code=EXIT_USAGE),
                         'laconic: expected a command, got "doctr" (did you mean doctor?)')
        self.assertEqual(self.error("qqqqqqqq", code=EXIT_USAGE),
                         'laconic: expected a command, got "qqqqqqqq" (try laconic --help)')
        self.assertEqual(self.error(code=EXIT_USAGE),
                         "laconic: expected a command, got none (try laconic --help)")

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
        self.assertIn(str(missing), self.error("doctor", "--config", missing, code=EXIT_FAILURE))

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
