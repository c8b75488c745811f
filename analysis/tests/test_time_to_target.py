# SPDX-License-Identifier: Apache-2.0
"""When a run reaches its target."""
import math
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import time_to_target  # noqa: E402


class Tables:
    def __init__(self, metrics, target="60", consecutive="2"):
        self.config = {"eval.target": target, "eval.consecutive": consecutive}
        rows = [row for i, metric in enumerate(metrics) for row in ((0, i, 99.0), (-1, i, metric))]
        self.evaluations = np.array(
            [(backbone, (i + 1) * 1_000_000_000, metric) for backbone, i, metric in rows],
            dtype=[("backbone", "i4"), ("time_ns", "i8"), ("metric", "f8")],
        )
        self.devices = np.array([(1, 8), (1, 8), (0, 5)], dtype=[("admitted", "i1"), ("samples", "i4")])

    def table(self, name):
        return getattr(self, name)


class TimeToTargetTest(unittest.TestCase):
    def test_it_is_the_first_of_so_many_in_a_row(self):
        found = time_to_target.reaching(Tables([50, 61, 59, 62, 63, 40]))
        self.assertEqual(found["seconds"], 4)
        self.assertEqual((found["devices"], found["samples"], found["final"]), (2, 16, 40))
        self.assertEqual(time_to_target.reaching(Tables([50, 61], consecutive="1"))["seconds"], 2)

    def test_what_is_not_reached_is_no_number(self):
        self.assertTrue(math.isnan(time_to_target.reaching(Tables([50, 61, 59]))["seconds"]))
        self.assertTrue(math.isnan(time_to_target.reaching(Tables([50, 59, 61]))["seconds"]))

    def test_runs_without_target_or_evaluation_are_refused(self):
        with self.assertRaisesRegex(time_to_target.TargetError, "no eval.target"):
            time_to_target.reaching(Tables([1], target="0"))
        with self.assertRaisesRegex(time_to_target.TargetError, "no eval.target"):
            time_to_target.reaching(Tables([1], target="none"))
        with self.assertRaisesRegex(time_to_target.TargetError, "not evaluated"):
            time_to_target.reaching(Tables([]))


if __name__ == "__main__":
    unittest.main()
