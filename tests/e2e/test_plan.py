"""laconic plan: parts of memory and time follow the settings; only config.json is read.

SPDX-License-Identifier: Apache-2.0
"""
import json
import math
import os
import resource
import shutil

import laconic_test
from laconic_test import EXIT_MODEL, EXIT_USAGE

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 49152, "hidden_size": 576,
    "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
    "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 100000.0, "hidden_act": "silu",
    "tie_word_embeddings": True, "torch_dtype": "bfloat16",
}


class Plan(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        (self.folder / "config.json").write_text(json.dumps(CONFIG))

    def plan(self, *args, calibrate=False):
        if not calibrate:
            args = (*args, "--no-calibrate")
        return json.loads(self.laconic("plan", "--model", self.folder, "--json", *args).stdout)

    def make(self, name):
        (self.folder / name).mkdir()
        return self.folder / name

    def bytes_of(self, plan, name):
        return sum(part["bytes"] for part in plan["memory"] if part["part"] == name)

    def test_memory_of_training_follows_the_settings(self):
        plain = self.plan("--max-steps", 1)
        self.assertEqual(plain["num_weights"], 134515008)
        self.assertEqual(self.bytes_of(plain, "optimizer moments"), 8 * 134515008)
        self.assertEqual(plain["memory_bytes"], sum(part["bytes"] for part in plain["memory"]))
        # 1,024 rows, which 192 MiB would just hold.
        self.assertEqual(self.bytes_of(plain, "logits of a chunk"), 4 * 1024 * 49152)
        less = self.plan("--max-steps", 1, "--gradient-checkpointing")
        self.assertLess(10 * self.bytes_of(less, "activations"), 2 * self.bytes_of(plain, "activations"))
        half = self.plan("--max-steps", 1, "--micro-batch-tokens", 4096)
        self.assertEqual(2 * self.bytes_of(half, "activations"), self.bytes_of(plain, "activations"))
        tiny = self.plan("--max-steps", 1, "--rows", 2, "--row-tokens", 256, "--target-share", 0.5)
        self.assertEqual(16 * self.bytes_of(tiny, "activations"), self.bytes_of(plain, "activations"))
        self.assertEqual(self.bytes_of(tiny, "logits of a chunk"), 4 * 256 * 49152)
        # A row is never cut, so one longer than a micro-batch is a larger one.
        long = self.plan("--max-steps", 1, "--longest-row", 16384)
        self.assertEqual(self.bytes_of(long, "activations"), 2 * self.bytes_of(plain, "activations"))

    def test_adapter_has_its_own_moments(self):
        plan = self.plan("--max-steps", 1, "--lora-r", 8)
        # q, k, v, o, gate, up, down of 30 layers.
        pairs = 30 * ((576 + 576) * 2 + (576 + 192) * 2 + (576 + 1536) * 3)
        self.assertEqual(plan["num_adapter_weights"], 8 * pairs)
        self.assertEqual(self.bytes_of(plan, "optimizer moments"), 64 * pairs)
        self.assertEqual(self.bytes_of(plan, "weights"), 4 * 134515008)

    def test_memory_of_sampling_follows_the_settings(self):
        def packed(storage):
            plan = self.plan("--problems", 4, "--sampling-weights", storage)
            return self.bytes_of(plan, "packed matrices")
        self.assertEqual(packed("float32"), 4 * packed("int8"))
        self.assertEqual(packed("auto"), packed("bfloat16"))
        few = self.plan("--problems", 4)
        many = self.plan("--problems", 4, "--samples", 16)
        capped = self.plan("--problems", 4, "--samples", 16, "--slots", 8)
        self.assertEqual(16 * self.bytes_of(few, "KV cache"), self.bytes_of(many, "KV cache"))
        self.assertEqual(2 * self.bytes_of(few, "KV cache"), self.bytes_of(capped, "KV cache"))
        # 64 positions a page, keys and values, 4 bytes each.
        self.assertEqual(self.bytes_of(few, "KV cache"), 4 * 10 * 64 * 30 * 3 * 2 * 64 * 4)
        for storage, bytes_of_a_value in (("auto", 4), ("float32", 4), ("bfloat16", 2), ("int8", 2)):
            plan = self.plan("--problems", 4, "--sampling-weights", storage)
            self.assertEqual(4 * self.bytes_of(plan, "KV cache"), bytes_of_a_value * self.bytes_of(few, "KV cache"), storage)

    def test_a_small_model_takes_few_slots_a_thread(self):
        (self.folder / "config.json").write_text(json.dumps({**CONFIG, "vocab_size": 512, "num_hidden_layers": 1}))
        asked = {slots: self.bytes_of(self.plan("--problems", 64, "--slots", slots), "KV cache") for slots in (1, 6, 64)}
        self.assertEqual(asked[6], 6 * asked[1])
        self.assertEqual(asked[64] % asked[6], 0)  # six for each of this machine's threads
        self.assertLessEqual(asked[64], 6 * os.cpu_count() * asked[1])
        (self.folder / "config.json").write_text(json.dumps(CONFIG))
        one, many = (self.bytes_of(self.plan("--problems", 64, "--slots", slots), "KV cache") for slots in (1, 64))
        self.assertEqual(many, 64 * one)

    def test_cards_are_an_estimate(self):
        one = self.plan("--max-steps", 10, "--problems", 100, "--gpus", 1)
        self.assertIn("estimate", one["time_basis"])
        self.assertIn("nothing was run", one["time_basis"])
        eight = self.plan("--max-steps", 10, "--problems", 100, "--gpus", 8)
        self.assertAlmostEqual(one["seconds"], 8 * eight["seconds"], delta=0.02 * one["seconds"])
        # A frozen matrix has no gradient: two of three products are left, three of four where forward runs twice.
        for flags, share in ((), 2 / 3), (("--gradient-checkpointing",), 3 / 4):
            full, adapter = (self.plan("--max-steps", 10, "--gpus", 1, *flags, *lora)["seconds"] for lora in ((), ("--lora-r", 8)))
            self.assertAlmostEqual(adapter / full, share, places=6)
        slower = self.plan("--max-steps", 10, "--gpus", 1, "--utilisation", 0.2)
        self.assertAlmostEqual(slower["seconds"], 2 * one["time"][0]["seconds"], delta=1e-6)
        self.assertNotEqual(self.plan("--max-steps", 10, "--gpus", 1, "--gpu", "a100")["seconds"],
                            one["time"][0]["seconds"])
        self.assertRegex(self.error("plan", "--model", self.folder, "--max-steps", 1, "--gpus", 1, "--gpu", "h9",
                                    code=EXIT_USAGE), "expected one of a100, ")

    def test_cards_get_no_figures_of_this_machine(self):
        plan = self.plan("--max-steps", 10, "--problems", 100, "--gpus", 8)
        self.assertNotIn("program and libraries", [part["part"] for part in plan["memory"]])
        self.assertNotIn("CPU", json.dumps(plan))
        self.assertIn("of each of 8 x h100, 80 GB", plan["memory_of"])
        self.assertEqual(self.bytes_of(plan, "KV cache"), 2 * 64 * (128 + 512) * 30 * 3 * 64 * 2)
        text = self.laconic("plan", "Qwen2.5-72B", "--max-steps", 10, "--gpus", 1, "--gpu", "H100").stdout
        self.assertNotIn("CPU", text)
        self.assertIn("are available on a card", text)
        self.assertNotIn("this machine", text)

    def test_models_by_name_in_any_case(self):
        plans = [self.laconic("plan", name, "--max-steps", 10, "--gpus", 1, "--gpu", gpu).stdout
                 for name, gpu in (("Qwen2.5-7B", "h100"), ("qwen2.5-7b", "H100"), ("Qwen/Qwen2.5-7B-Instruct", "h100"))]
        self.assertIn("7615.6 million weights", plans[0])
        self.assertEqual(plans[1], plans[0])
        self.assertEqual(plans[2], plans[0])

    def test_calibration_keeps_to_its_time(self):
        def spent():
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            return usage.ru_utime + usage.ru_stime
        start = spent()
        for name in ("SmolLM2-135M", "Qwen2.5-7B"):
            plan = json.loads(self.laconic("plan", name, "--json", "--max-steps", 10, "--problems", 64, timeout_s=200).stdout)
            self.assertIn("replies", [part["part"] for part in plan["time"]])
        # 20 seconds each on every processor; not of the clock, since others may be at work here.
        self.assertLess(spent() - start, 2 * 25 * os.cpu_count())

    def test_calibration_measures_this_machine(self):
        model = self.folder / "world"
        model.mkdir()
        shutil.copy(laconic_test.REPOSITORY / "models" / "world-long" / "config.json", model)
        plan = json.loads(self.laconic("plan", "--model", model, "--json", "--max-steps", 10, "--problems", 64,
                                       "--reply-tokens", 32).stdout)
        self.assertIn("measured", plan["time_basis"])
        self.assertEqual([part["part"] for part in plan["time"]], ["layers", "optimizer", "prompts", "replies"])
        self.assertTrue(all(part["seconds"] >= 0 for part in plan["time"]))
        text = self.laconic("plan", "--model", model, "--max-steps", 10).stdout
        for word in ("memory", "gradients", "time", "in all"):
            self.assertIn(word, text)

    def test_a_large_model_is_told_from_some_of_its_layers(self):
        # 4.8 M weights are too many to run whole; of one layer there is no second to tell from.
        for layers in (1, 7):
            config = {**CONFIG, "vocab_size": 16384, "hidden_size": 288, "intermediate_size": 128, "num_hidden_layers": layers}
            (self.folder / "config.json").write_text(json.dumps(config))
            plan = self.plan("--max-steps", 1, "--rows", 2, "--row-tokens", 64, "--problems", 4, "--reply-tokens", 8,
                             calibrate=True)
            parts = {part["part"]: part["seconds"] for part in plan["time"]}
            self.assertEqual(list(parts), ["layers", "head and loss", "optimizer", "prompts", "replies"])
            self.assertGreater(parts["layers"], 0)
            self.assertTrue(all(seconds >= 0 and math.isfinite(seconds) for seconds in parts.values()), parts)

    def test_bad_input_is_named(self):
        self.assertIn("expected --max-steps", self.error("plan", "--model", self.folder, code=EXIT_USAGE))
        self.assertIn("expected a file config.json",
                      self.error("plan", "--model", self.make("empty"), "--max-steps", 1, code=EXIT_MODEL))
        self.assertIn("did you mean Qwen2.5-7B?", self.error("plan", "Qwen2.5-7", "--max-steps", 1, code=EXIT_USAGE))


laconic_test.main()
