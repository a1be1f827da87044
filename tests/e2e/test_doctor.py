"""laconic doctor: the facts agree with what the system itself says.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os

import laconic_test


class Doctor(laconic_test.TestCase):
    def test_json_holds_the_facts(self):
        facts = json.loads(self.laconic("doctor", "--json").stdout)
        self.assertRegex(facts["libtorch"], r"^\d+\.\d+")
        self.assertLessEqual(facts["usable_cores"], os.cpu_count())
        self.assertGreaterEqual(facts["usable_cores"], 1)
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self.assertLessEqual(facts["memory_bytes"], physical)
        self.assertLessEqual(facts["memory_available_bytes"], facts["memory_bytes"])
        self.assertIn("avx2", facts["instruction_sets"])
        self.assertEqual(facts["devices"][0]["name"], "cpu")
        for device in facts["devices"]:
            self.assertLess(device["trainable_weights"], device["samplable_weights"])

    def test_text_says_the_same(self):
        text = self.laconic("doctor").stdout
        for word in ("laconic", "libtorch", "processor", "memory", "disk", "cpu", "weights"):
            self.assertIn(word, text)
        facts = json.loads(self.laconic("doctor", "--json").stdout)
        build = {(False, False): "CPU only", (True, False): "built for CUDA, without a device", (True, True): "with CUDA devices"}
        expected = build[facts["libtorch_built_for_cuda"], facts["libtorch_has_cuda"]]
        self.assertRegex(text, rf"(?m)^libtorch +{facts['libtorch']}, {expected}$")


laconic_test.main()
