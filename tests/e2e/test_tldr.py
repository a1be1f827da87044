"""`laconic tldr` as a whole on a random model of a few thousand weights: the run folder, kill -9, signals, refusals.

The model answers nothing right, so the bounds are given: what is tested is that runs end, stop, resume and refuse as
they must, not that training helps (runs/world-frontier.sh measures that).

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import laconic_test
from laconic_test import EXIT_DATA, EXIT_DISK, EXIT_SAVED, EXIT_USAGE

STEPS = 9
TIMING_FIELDS = ("seconds", "tokens_per_s", "peak_memory_bytes")


class Tldr(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        for name, seed, levels in (("short", 1, "1-2"), ("long", 2, "1-2"), ("dev", 3, "1-1")):
            rows = self.laconic("world", "--seed", seed, "--num-problems", 24, "--difficulty", levels)
            self.write(f"{name}.jsonl", rows.stdout)
        self.write_bounds()

    def arguments(self, out, **options):
        merged = {"short": "short.jsonl", "long": "long.jsonl", "dev": "dev.jsonl", "model": "model",
                  "bounds": "bounds.json", "out": out, "max-steps": STEPS, "eval-steps": 3,
                  "per-device-train-batch-size": 4, "learning-rate": 0.01, "max-new-tokens": 24,
                  "save-steps": 1, "eta": 1, **options}
        args = ["tldr"]
        for name, value in merged.items():
            if value is not None:
                args += [f"--{name}", value]
        return args

    def write_bounds(self):
        """A first run without bounds tells the sampler setting that bounds must carry."""
        self.laconic(*self.arguments("probe", **{"bounds": None, "static": "short=0.5,long=0.5", "max-steps": 1}))
        header = self.read_rows("probe/samples/step-000001.jsonl")[0]
        setting = header["setting"]
        bounds = {"setting": setting,
                  "long": {"accuracy": 0.9, "accuracy_se": 0.02, "tokens": 40.0, "tokens_se": 1.0},
                  "short": {"accuracy": 0.4, "accuracy_se": 0.03, "tokens": 10.0, "tokens_se": 0.5}}
        self.write("bounds.json", json.dumps(bounds))

    def end_state(self, out):
        """Everything that must not depend on interruptions: weights, samples, mixture, log without timing."""
        state = {}
        checkpoint = f"checkpoint-{STEPS}"
        for folder in ("model", "samples", checkpoint):
            for path in sorted((self.folder / out / folder).rglob("*")):
                if path.is_file() and path.name not in ("manifest.json", "training_state.json", "README.md"):
                    state[str(path.relative_to(self.folder / out))] = hashlib.sha256(path.read_bytes()).hexdigest()
        training = json.loads((self.folder / out / checkpoint / "training_state.json").read_text())
        for name in ("log_bytes", "event_bytes"):  # of logs whose timings, and so lengths, differ
            training.pop(name)
        state["training"] = training
        state["choice"] = json.loads((self.folder / out / "choice.json").read_text())
        state["mixture"] = (self.folder / out / "mixture.jsonl").read_text()
        rows = self.read_rows(f"{out}/log.jsonl")
        state["log"] = [{k: v for k, v in row.items() if k not in TIMING_FIELDS} for row in rows]
        return state

    def test_run_folder(self):
        self.laconic(*self.arguments("run"))
        run = self.folder / "run"
        for name in ("config.yaml", "run.json", "bounds.json", "choice.json", "report.html", "model/config.json",
                     "model/model.safetensors", "samples/step-000000.jsonl", "samples/step-000009.jsonl"):
            self.assertTrue((run / name).exists(), name)
        log = self.read_rows("run/log.jsonl")
        steps = [row["step"] for row in log if row["type"] == "step"]
        self.assertEqual(steps, list(range(1, STEPS + 1)))
        evaluations = [row for row in log if row["type"] == "eval"]
        self.assertEqual([row["step"] for row in evaluations], [0, 3, 6, 9])
        for row in evaluations:
            self.assertLess(row["max_logprob_difference"], 1e-3)
            self.assertRegex(row["weight_hash"], "^[0-9a-f]{32}$")
        self.assertEqual(len({row["weight_hash"] for row in evaluations}), 4)
        mixture = self.read_rows("run/mixture.jsonl")
        self.assertEqual([row["step"] for row in mixture], [0, 3, 6, 9])
        for row in mixture:
            self.assertAlmostEqual(sum(row["alpha"].values()), 1, places=12)
            self.assertAlmostEqual(row["gain_raw"]["long"], 0.9 / 0.5, delta=0.9)
        # Accuracy is near zero, so the long side must win.
        self.assertGreater(mixture[-1]["alpha"]["long"], 0.9)
        step = json.loads((run / "choice.json").read_text())["step"]
        self.assertEqual((run / "model/model.safetensors").read_bytes(),
                         (run / f"checkpoint-{step}/model.safetensors").read_bytes())
        again = self.laconic(*self.arguments("run"))
        self.assertEqual(len(self.read_rows("run/log.jsonl")), len(log), again.stderr)

    def test_kill_at_any_moment_and_resume_is_bit_identical(self):
        start = time.monotonic()
        self.laconic(*self.arguments("whole"))
        length_s = time.monotonic() - start
        expected = self.end_state("whole")
        seed = int(os.environ.get("LACONIC_TEST_SEED", time.time_ns() % 100000))
        draws = random.Random(seed)
        kills = 0
        for attempt in range(40):
            process = self.start(*self.arguments("killed"))
            start = time.monotonic()
            try:
                process.wait(timeout=draws.uniform(0.05, 0.9) * length_s)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
                process.communicate()
                if kills < 6:
                    continue
            if kills == 0:  # it was faster than the first run: again, by its own time
                length_s = time.monotonic() - start
                shutil.rmtree(self.folder / "killed")
                continue
            break
        self.laconic(*self.arguments("killed"))
        self.assertGreater(kills, 0, f"seed {seed}")
        self.assertEqual(self.end_state("killed"), expected, f"seed {seed}, {kills} kills")

    def test_rotation_spares_the_best_checkpoint_across_restarts(self):
        """No checkpoint qualifies, so the most accurate one is chosen, which need not be the last."""
        options = {"save-total-limit": 1}
        self.laconic(*self.arguments("whole", **options))
        expected = self.end_state("whole")
        seed = int(os.environ.get("LACONIC_TEST_SEED", time.time_ns() % 100000))
        draws = random.Random(seed)
        kills = 0
        for _ in range(8):
            process = self.start(*self.arguments("killed", **options))
            limit = time.monotonic() + 60
            before = self.newest_checkpoint("killed")
            while self.newest_checkpoint("killed") <= before and process.poll() is None and time.monotonic() < limit:
                time.sleep(0.002)
            time.sleep(draws.uniform(0, 0.02))
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
        self.laconic(*self.arguments("killed", **options))
        self.assertGreater(kills, 0, f"seed {seed}")
        self.assertEqual(self.end_state("killed"), expected, f"seed {seed}, {kills} kills")
        left = sorted(path.name for path in (self.folder / "killed").iterdir() if ".tmp-" in path.name)
        self.assertEqual(left, [])

    def newest_checkpoint(self, out):
        steps = [path.parent.name.removeprefix("checkpoint-")
                 for path in (self.folder / out).glob("checkpoint-*/manifest.json")]
        return max((int(step) for step in steps if step.isdigit()), default=0)

    def test_two_processes_on_one_folder_are_refused(self):
        first = self.start(*self.arguments("run", **{"max-steps": 100000, "eval-steps": 100000}))
        limit = time.monotonic() + 60
        while not (self.folder / "run/run.json").exists() and time.monotonic() < limit:
            time.sleep(0.01)
        self.assertIsNone(first.poll())
        message = self.last_line(*self.arguments("run", **{"max-steps": 100000, "eval-steps": 100000}),
                                 code=EXIT_USAGE)
        self.assertIn("another process", message)

    def test_a_changed_development_set_is_refused(self):
        options = {"bounds": None, "static": "short=0.5,long=0.5", "max-steps": 2}
        self.laconic(*self.arguments("run", **options))
        rows = self.read_rows("dev.jsonl")
        self.write("dev.jsonl", rows[:-1])
        message = self.last_line(*self.arguments("run", **options), code=EXIT_USAGE)
        self.assertIn("dev.jsonl", message)

    def test_quarantine_holds_the_rows_of_every_file(self):
        for name in ("short", "long"):
            with open(self.folder / f"{name}.jsonl", "a", encoding="utf-8") as file:
                file.write('{"problem": "%s"\n' % name)
        self.laconic(*self.arguments("run", **{"max-steps": 1, "bad-rows": "quarantine=bad.jsonl"}))
        self.assertEqual([row["file"] for row in self.read_rows("bad.jsonl")], ["short.jsonl", "long.jsonl"])

    def test_signal_saves_and_exits_75(self):
        self.laconic(*self.arguments("whole"))
        expected = self.end_state("whole")
        stops = 0
        for delay_s in (0.3, 0.6, 1.0):
            process = self.start(*self.arguments("stopped"))
            time.sleep(delay_s)
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)
            self.assertIn(code, (0, EXIT_SAVED, -signal.SIGTERM))
            stops += code == EXIT_SAVED
        self.laconic(*self.arguments("stopped"))
        self.assertEqual(self.end_state("stopped"), expected, f"{stops} stops")

    def test_other_settings_are_refused_in_the_same_folder(self):
        result = self.laconic(*self.arguments("run", **{"max-steps": 3}), "--profile")
        for name in ("decode: attention", "attention, backward"):
            self.assertIn(name, result.stderr)
        message = self.last_line(*self.arguments("run", **{"max-steps": 3, "eta": 2}), code=EXIT_USAGE)
        self.assertIn("eta 1.0, got 2.0", message)
        message = self.last_line(*self.arguments("run", **{"max-steps": 2}), code=EXIT_USAGE)
        self.assertIn("max_steps", message)

    def test_bounds_of_another_setting_are_refused(self):
        message = self.last_line(*self.arguments("run", temperature=1.0), code=EXIT_USAGE)
        self.assertIn("temperature", message)

    def test_bounds_without_scale_are_errors_in_words(self):
        bounds = json.loads((self.folder / "bounds.json").read_text())
        bounds["long"]["accuracy"] = bounds["short"]["accuracy"]
        self.write("bounds.json", json.dumps(bounds))
        message = self.last_line(*self.arguments("run"), code=laconic_test.EXIT_CHECK)
        self.assertIn("accura", message)

    def test_bad_rows(self):
        (self.folder / "short.jsonl").write_text('{"problem": "x"\n')
        self.assertIn("short.jsonl:1", self.last_line(*self.arguments("run"), code=EXIT_DATA))
        self.assertFalse((self.folder / "run").exists())  # nothing is written on bad input

    def last_line(self, *args, code):
        result = self.laconic(*args, code=code)
        return result.stderr.rstrip("\n").splitlines()[-1]

    def small_file_system(self):
        mount = self.folder / "small"
        mount.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(mount)],
                              capture_output=True)
        if made.returncode != 0:
            self.skipTest("cannot mount a small file system (needs root)")
        self.addCleanup(subprocess.run, ["umount", "-l", str(mount)])
        return mount

    def test_no_room_for_checkpoints_is_said_before_the_first_step(self):
        (self.small_file_system() / "filler").write_bytes(b"x" * (90 << 20))
        message = self.last_line(*self.arguments("small/run", **{"max-steps": 3}), code=EXIT_DISK)
        self.assertIn("free", message)

    def test_full_disk_pauses_saving(self):
        mount = self.small_file_system()
        steps = 400  # many enough that the run cannot end before its disk is full
        process = self.start(*self.arguments("small/run", **{"save-total-limit": 2, "max-steps": steps,
                                                              "eval-steps": 100}))
        deadline = time.monotonic() + 60
        while not list(mount.glob("run/checkpoint-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.fill(mount / "filler")
        time.sleep(1)
        os.truncate(mount / "filler", 0)
        _, errors = process.communicate(timeout=400)
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn("saving is paused until there is space", errors)
        self.assertTrue((mount / f"run/checkpoint-{steps}/manifest.json").exists())

    def fill(self, path):
        """Writes until the file system is full, in large and then in small blocks."""
        with open(path, "wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass



if __name__ == "__main__":
    laconic_test.main()
