# SPDX-License-Identifier: Apache-2.0
"""The paper's row out of the tables of a run."""
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import paper_time  # noqa: E402

MINUTE = 60_000_000_000


def rows(columns):
    """A structured array of {name: values}."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    table = np.zeros(len(next(iter(arrays.values()))), [(name, values.dtype) for name, values in arrays.items()])
    for name, values in arrays.items():
        table[name] = values
    return table


class Tables:
    """Two devices of RoBERTa-base, 30 samples of 512 tokens each in one packet; a third was refused."""

    def __init__(self, last_update_min=7):
        self.tables = {
            "devices": rows({"backbone": [0, 0, 0], "admitted": [1, 1, 0], "memory_need_bytes": [3e8, 4e8, 9e9]}),
            "backbones": rows({"layers": [12], "width": [768], "ffn": [3072]}),
            "uploads": rows(
                {
                    "device": [0, 1],
                    "samples": [30, 30],
                    "padded_tokens": [512, 512],
                    "charged_flop": [2.9e12, 2.9e12],
                    "charged_bytes": [1_106_160, 1_106_160],
                    "arrival_ns": [3 * MINUTE, 4 * MINUTE],
                }
            ),
            "costs": rows(
                {
                    "compute_ns": [2 * MINUTE, 3 * MINUTE, 0],
                    "send_ns": [2 * MINUTE, MINUTE, 0],
                    "both_ns": [MINUTE, 0, 0],
                }
            ),
            "updates": rows({"end_ns": [5 * MINUTE, last_update_min * MINUTE]}),
        }

    def table(self, name):
        return self.tables[name]


class PaperTimeTest(unittest.TestCase):
    def test_the_row_is_of_a_device(self):
        row = paper_time.paper_row(Tables())
        self.assertEqual(row["devices"], 2)
        self.assertAlmostEqual(row["weight_flop"], 2.609e12, delta=0.0005e12)  # docs/method.md 1.10
        self.assertEqual(row["flop"], 2.9e12)
        self.assertEqual(row["bytes"], 1_106_160)
        self.assertEqual(row["memory_bytes"], 4e8)
        self.assertEqual(row["arrived_min"], 4)
        self.assertEqual(row["trained_min"], 7)

    def test_one_after_another_is_the_sum_and_what_the_server_does_behind(self):
        self.assertEqual(paper_time.paper_row(Tables())["in_turn_min"], (2 + 2 - 1) + (3 + 1) + (7 - 4))
        self.assertEqual(paper_time.paper_row(Tables(last_update_min=4))["in_turn_min"], 3 + 4 + 1)

    def test_a_run_without_uploads_is_refused(self):
        empty = Tables()
        empty.tables["uploads"] = empty.tables["uploads"][:0]
        with self.assertRaisesRegex(paper_time.PaperTimeError, "holds no uploads"):
            paper_time.paper_row(empty)


if __name__ == "__main__":
    unittest.main()
