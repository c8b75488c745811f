# SPDX-License-Identifier: Apache-2.0
import unittest

import numpy as np

from mobilog.decode import decode_names, decode_vectors


class DecodeVectorsTest(unittest.TestCase):
    def check(self, decoded, expected):
        self.assertEqual(decoded.dtype, np.float32)
        np.testing.assert_array_equal(decoded, np.array(expected, np.float32))

    def test_fp32_stays_as_it_is(self):
        self.check(decode_vectors(np.array([[1.5, -0.0]], np.float32), "fp32", 2), [[1.5, -0.0]])

    def test_fp16_golden(self):
        codes = np.array([[0x3C00, 0xC000, 0x7BFF, 0x0001, 0x8000, 0x3555]], np.uint16).view(np.float16)
        self.check(
            decode_vectors(codes, "fp16", 6), [[1.0, -2.0, 65504.0, 2.0**-24, -0.0, 0.333251953125]]
        )

    def test_bf16_golden(self):
        codes = np.array([[0x3F80, 0xC000, 0x4049, 0x0001, 0x7F7F]], np.uint16)
        self.check(
            decode_vectors(codes, "bf16", 5), [[1.0, -2.0, 3.140625, 2.0**-133, 3.3895313892515355e38]]
        )
        self.assertTrue(np.isinf(decode_vectors(np.array([[0xFF80]], np.uint16), "bf16", 1)[0, 0]))

    def test_int8_golden(self):
        codes = np.array([[127, -127, 0], [-128, 1, -1]], np.int8)
        self.check(
            decode_vectors(codes, "int8", 3, np.array([0.5, 2.0], np.float32)),
            [[63.5, -63.5, 0.0], [-256.0, 2.0, -2.0]],
        )

    def test_int4_has_the_even_index_in_the_low_half(self):
        # 0x7F: low 15 = -1, high 7;  0x81: low 1, high 8 = -8;  0x09: low 9 = -7, high unused
        codes = np.array([[0x7F, 0x81, 0x09]], np.uint8)
        self.check(decode_vectors(codes, "int4", 5, np.array([0.5], np.float32)), [[-0.5, 3.5, 0.5, -4.0, -3.5]])
        self.check(decode_vectors(codes, "int4", 6, np.array([1], np.float32)), [[-1, 7, 1, -8, -7, 0]])

    def test_every_int4_code(self):
        codes = np.arange(256, dtype=np.uint8)[None, :]
        decoded = decode_vectors(codes, "int4", 512, np.array([1], np.float32))[0]
        signed = [code - 16 if code > 7 else code for code in range(16)]
        self.check(decoded[0::2], [signed[code & 15] for code in range(256)])
        self.check(decoded[1::2], [signed[code >> 4] for code in range(256)])

    def test_a_zero_scale_gives_zeros(self):
        self.check(decode_vectors(np.zeros((1, 2), np.int8), "int8", 2, np.zeros(1, np.float32)), [[0, 0]])

    def test_no_rows(self):
        for encoding, kind in (("bf16", np.uint16), ("int4", np.uint8)):
            decoded = decode_vectors(np.empty((0, 4), kind), encoding, 4 if encoding == "bf16" else 8, np.empty(0))
            self.assertEqual(decoded.shape[0], 0)

    def test_what_cannot_be_decoded_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "'fp8' is not one of fp32"):
            decode_vectors(np.zeros((1, 1)), "fp8", 1)
        with self.assertRaisesRegex(ValueError, "need their scales"):
            decode_vectors(np.zeros((1, 1), np.int8), "int8", 1)
        with self.assertRaisesRegex(ValueError, "3 values where 4"):
            decode_vectors(np.zeros((1, 3), np.float32), "fp32", 4)


class DecodeNamesTest(unittest.TestCase):
    def test_numbers_become_names(self):
        rows = np.array([(1, 5), (0, 6), (7, 7)], [("kind", "i1"), ("value", "<i8")])
        decoded = decode_names(rows, {"kind": {0: "arrival", 1: "replay"}})
        self.assertEqual(decoded["kind"].tolist(), ["replay", "arrival", "7"])
        self.assertEqual(decoded["value"].tolist(), [5, 6, 7])

    def test_an_empty_table_keeps_its_columns(self):
        decoded = decode_names(np.empty(0, [("kind", "i1")]), {"kind": {0: "arrival"}})
        self.assertEqual(decoded.dtype.names, ("kind",))
        self.assertEqual(len(decoded), 0)


if __name__ == "__main__":
    unittest.main()
