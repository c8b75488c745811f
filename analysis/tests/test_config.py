# SPDX-License-Identifier: Apache-2.0
import unittest

from mobilog.config import parse_config


class ParseConfigTest(unittest.TestCase):
    def test_keys_are_those_of_set(self):
        text = "# resolved\n[run]\nseed = 7   # of everything\n\n[device.jetson_tx2]\nmemory = 8 GiB\nrate_fp16=0.45 TFLOP/s\n"
        self.assertEqual(
            parse_config(text),
            {"run.seed": "7", "device.jetson_tx2.memory": "8 GiB", "device.jetson_tx2.rate_fp16": "0.45 TFLOP/s"},
        )

    def test_a_value_may_be_empty_or_hold_an_equals_sign(self):
        self.assertEqual(parse_config("[data]\npair =\ntrain = a=b.tsv\n"), {"data.pair": "", "data.train": "a=b.tsv"})

    def test_nothing_gives_nothing(self):
        self.assertEqual(parse_config(""), {})


if __name__ == "__main__":
    unittest.main()
