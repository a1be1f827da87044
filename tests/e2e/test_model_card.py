"""README.md of what `sft`, `tldr` and `adapter` publish: front matter that the hub takes, and adapter_config.json as PEFT has it.

Front matter is parsed where PyYAML is installed, and checked by huggingface_hub's own classes where that is (offline).

SPDX-License-Identifier: Apache-2.0
"""
import json

import laconic_test

try:
    import yaml
except ImportError:
    yaml = None
try:
    import huggingface_hub
except ImportError:
    huggingface_hub = None


class ModelCard(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        rows = self.laconic("world", "--num-problems", 8, "--difficulty", "1-1", "--format", "sft-long")
        self.write("a b.jsonl", rows.stdout)

    def sft(self, *more, model="model", out="run"):
        self.laconic("sft", "--model", model, "--train", "a b.jsonl", "--out", out, "--max-steps", 2,
                     "--per-device-train-batch-size", 4, *more)

    def card(self, path):
        """Front matter and text of a README.md."""
        text = (self.folder / path).read_text()
        self.assertTrue(text.startswith("---\n"))
        if huggingface_hub:
            data = huggingface_hub.ModelCard(text).data
            self.assertEqual(data.pipeline_tag, "text-generation")
            for result in data.eval_results or []:
                self.assertTrue(result.metric_type)
        front, body = text[4:].split("\n---\n", 1)
        if not yaml:
            self.skipTest("no PyYAML")
        return yaml.safe_load(front), body

    def test_sft(self):
        self.sft()
        front, body = self.card("run/model/README.md")
        self.assertNotIn("base_model", front)  # a local path is no id
        self.assertEqual(front["library_name"], "transformers")
        self.assertEqual(front["tags"], ["laconic", "sft"])
        self.assertNotIn("datasets", front)
        result = front["model-index"][0]["results"][0]
        self.assertEqual(front["model-index"][0]["name"], "run")
        self.assertEqual(result["dataset"], {"name": "a b.jsonl", "type": "custom", "split": "train"})
        steps = [row for row in self.read_rows("run/log.jsonl") if row["type"] == "step"]
        self.assertAlmostEqual(result["metrics"][0]["value"], steps[-1]["loss"])
        self.assertIn("Base model: `model`, a local folder", body)
        self.assertIn("Trained on: `a b.jsonl`.", body)
        self.assertIn("    laconic sft --model model --train 'a b.jsonl' --out run --max-steps 2", body)

    def test_a_base_and_data_of_the_hub_are_named_by_their_ids(self):
        cache = self.folder / "hub/models--Org--Base-1.5B/snapshots/0a1b"
        cache.parent.mkdir(parents=True)
        (self.folder / "model").rename(cache)
        (cache / "README.md").write_text("---\nlicense: mit\n---\n")
        data = self.folder / "hub/datasets--org--rows/snapshots/2c"
        data.mkdir(parents=True)
        (self.folder / "a b.jsonl").rename(data / "a b.jsonl")
        (self.folder / "a b.jsonl").symlink_to(data / "a b.jsonl")
        (self.folder / "link").symlink_to(cache)
        self.sft("--lora-r", 2, model="link")
        for path, relation in (("run/model/README.md", "finetune"), ("run/adapter/README.md", "adapter")):
            front, _ = self.card(path)
            self.assertEqual(front["base_model"], "Org/Base-1.5B")
            self.assertEqual(front["base_model_relation"], relation)
            self.assertEqual(front["datasets"], ["org/rows"])
            self.assertEqual(front["license"], "mit")

    def test_adapter(self):
        self.sft("--lora-r", 2)
        front, body = self.card("run/adapter/README.md")
        self.assertEqual(front["library_name"], "peft")
        self.assertEqual(front["tags"], ["laconic", "lora", "sft"])
        self.assertNotIn("base_model", front)
        self.assertIn("A LoRA adapter, r 2", body)
        self.assertIn("laconic sft", body)
        self.laconic("adapter", "scale", "--adapter", "run/adapter", "--factor", 0.5, "--out", "half")
        self.assertEqual(self.card("half/README.md")[0]["tags"], ["laconic", "lora"])

    def test_adapter_config_has_the_keys_of_peft(self):
        self.sft("--lora-r", 2)
        ours = json.loads((self.folder / "run/adapter/adapter_config.json").read_text())
        golden = laconic_test.REPOSITORY / "tests/golden/adapters/lora/adapter_config.json"
        peft = json.loads(golden.read_text())  # written by PEFT itself
        self.assertEqual(list(ours), list(peft))
        decided = {"base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "target_modules"}
        for key in set(peft) - decided:
            self.assertEqual(ours[key], peft[key], key)

    def test_odd_names_stay_text(self):
        self.sft(out="run: \"1\"\n---\nlicense: x")
        front, _ = self.card("run: \"1\"\n---\nlicense: x/model/README.md")
        self.assertNotIn("license", front)


laconic_test.main()
