"""TensorBoard event files of a training run: whole records, every step once also after kill -9, and --report-to none.

The reader here knows frames and the two fields it needs; dev/check_tensorboard.py uses TensorBoard's own.
SPDX-License-Identifier: Apache-2.0
"""
import signal
import struct
import time

import laconic_test


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    """Field number and value (bytes or int) of each field of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(key & 7)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def scalars(path):
    """(step, tag) of every scalar of a file; fails on a record that is not whole."""
    data, out, at = path.read_bytes(), [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        assert at + 16 + size <= len(data), f"{path.name}: torn record at {at}"
        event = dict(fields(data[at + 12:at + 12 + size]))
        for _, value in fields(event.get(5, b"")):
            out.append((event[2], dict(fields(value))[1].decode()))
        at += 16 + size
    return out


class TensorBoard(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        self.write("rows.jsonl", self.laconic("world", "--num-problems", 24, "--difficulty", "1-2",
                                              "--format", "sft-long").stdout)
        self.arguments = ["sft", "--model", "model", "--train", "rows.jsonl", "--max-steps", 30, "--save-steps", 4,
                          "--per-device-train-batch-size", 8]

    def files(self, run):
        return sorted((self.folder / run).glob("events.out.tfevents.*"))

    def test_every_step_once_after_kill_9(self):
        process = self.start(*self.arguments, "--out", "run")
        log, limit = self.folder / "run/log.jsonl", time.monotonic() + 60
        while time.monotonic() < limit and (not log.exists() or log.read_text().count("\n") < 7):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with open(self.files("run")[0], "ab") as file:
            file.write(b"\x18\0\0\0\0\0\0\0torn")
        self.laconic(*self.arguments, "--out", "run")
        self.assertEqual(len(self.files("run")), 2)
        got = [step for path in self.files("run") for step, tag in scalars(path) if tag == "train/loss"]
        self.assertEqual(got, list(range(1, 31)))

    def test_none_writes_none(self):
        self.laconic(*self.arguments, "--out", "run", "--report-to", "none")
        self.assertEqual(self.files("run"), [])
        # Not part of what a run is: it can be switched on when the run goes on.
        self.laconic(*self.arguments, "--out", "run")


laconic_test.main()
