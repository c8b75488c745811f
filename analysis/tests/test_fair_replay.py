# SPDX-License-Identifier: Apache-2.0
"""Passes and recall of the classes of slow devices, from made tables."""
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import fair_replay  # noqa: E402


class Tables:
    """Devices 0 and 1 are fast, 2 is slow and alone has class 2; class 1 is half on each."""

    classes = ["a", "b", "c"]
    backbones = ["x", "y"]
    config = {"run.seed": "1", "server.mode": "arrival_replay", "server.balance": "passes"}

    def __init__(self, passes=True):
        self.tables = ["devices", "samples", "passes"] if passes else ["devices", "samples"]
        self.devices = np.array([(b"quick",), (b"quick",), (b"slow",)], dtype=[("profile", "S8")]).astype([("profile", "U8")])
        held = [(0, 0), (0, 1), (1, 0), (2, 1), (2, 2), (2, 2), (-1, 2)]
        self.samples = np.array(held, dtype=[("device", "i4"), ("label", "i4")])
        rows = [(0, -1, 6, 2.0, 1, 4), (1, 0, 2, 3.0, 3, 3), (1, 1, 1, 4.0, 4, 4), (1, 2, 3, 1.0, 1, 1)]
        self.passes = np.array(rows, dtype=[("group", "i1"), ("number", "i4"), ("samples", "i4"), ("mean", "f8"),
                                            ("fewest", "i4"), ("most", "i4")])  # fmt: skip
        nothing = [(0, 0, 0.0, 0.0, 0.0)]
        names = ("charged_bytes", "outcome", "arrival_ns", "compute_energy_j", "send_energy_j")
        self.uploads = np.array(nothing, dtype=[(name, "f8") for name in names])
        self.updates = np.zeros(1, dtype=[("end_ns", "i8")])
        self.downloads = np.zeros(1, dtype=[("end_ns", "i8"), ("charged_bytes", "i8"), ("energy_j", "f8")])
        self.evaluations = np.array([(-1, 50.0, 0.5, 1)], dtype=[("backbone", "i4"), ("metric", "f8"), ("loss", "f8"), ("time_ns", "i8")])

    def table(self, name, decode=False):
        return getattr(self, name)

    def confusion(self, backbone):
        return {"x": np.array([[8, 1, 1], [5, 5, 0], [3, 0, 1]]), "y": np.array([[9, 1, 0], [6, 4, 0], [0, 3, 3]])}[backbone]


class FairReplayTest(unittest.TestCase):
    def test_a_class_is_the_slow_devices_when_most_of_it_is_there(self):
        found = fair_replay.look_at(Tables(), "slow")
        self.assertAlmostEqual(found["recall, slow's"], 100 * 4 / 10)
        self.assertAlmostEqual(found["recall, others'"], 100 * 26 / 40)
        self.assertAlmostEqual(found["passes, slow"], 1)
        self.assertAlmostEqual(found["passes, others"], (2 * 3 + 4) / 3)
        self.assertEqual((found["fewest"], found["most"], found["accuracy"]), (1, 4, 50))

    def test_what_is_not_there_is_said(self):
        with self.assertRaisesRegex(fair_replay.PassesError, "no device of profile phone; there are: quick, slow"):
            fair_replay.look_at(Tables(), "phone")
        with self.assertRaisesRegex(fair_replay.PassesError, "no table of passes"):
            fair_replay.look_at(Tables(passes=False), "slow")


if __name__ == "__main__":
    unittest.main()
