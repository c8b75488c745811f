# SPDX-License-Identifier: Apache-2.0
"""How well the wall clock kept the pace, out of the tables of two runs."""
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import pacing  # noqa: E402

SECOND = 1_000_000_000
LATENCY = SECOND // 100


class Tables:
    """Two devices of ten packets: a second of computing, half of one of sending, both times a factor."""

    def __init__(self, computing=1.0, sending=1.0, clock="virtual", overrun=(), drop=0):
        kinds = (
            "device packet charged_bytes compute_start_ns compute_end_ns send_start_ns send_end_ns arrival_ns overrun_ns"
        )
        rows = []
        for device in range(2):
            for packet in range(10):
                begin = packet * 2 * SECOND
                end = begin + int(computing * SECOND)
                sent = end + int(sending * SECOND / 2)
                late = SECOND if (device, packet) in overrun else 0
                rows.append((device, packet, 1000, begin, end, end, sent + late, sent + late + LATENCY, late))
        rows = sorted(rows, key=lambda row: row[7])[: len(rows) - drop]
        self.uploads = np.array(rows, dtype=[(kind, "i8") for kind in kinds.split()])
        self.updates = np.array([(20 * SECOND,)], dtype=[("end_ns", "i8")])
        self.downloads = self.updates[:0]
        self.evaluations = np.array([(-1, 70.0)], dtype=[("backbone", "i4"), ("metric", "f8")])
        host = [(0, "pacing", 10.0, 0.0, 0, 0.0), (1, "pacing", 10.0, 0.3, len(overrun), 0.5 * bool(overrun))]
        self.host = np.array(
            host,
            dtype=[("rank", "i4"), ("phase", "U8"), ("wall_s", "f8"), ("cpu_s", "f8"), ("overruns", "i8")]
            + [("worst_overrun_s", "f8")],
        )
        self.config = {"run.clock": clock, "run.time_scale": "2"}
        self.path = "run.h5"

    def table(self, name, decode=False):
        return getattr(self, name)


class PacingTest(unittest.TestCase):
    def test_a_perfect_pace_is_off_by_nothing(self):
        found = pacing.pacing(Tables(), Tables(clock="wall"))
        self.assertTrue(found["same"])
        self.assertEqual(found["kept"], 20)
        for name in ("computing", "rate"):
            self.assertAlmostEqual(found[name]["median"], 0)
            self.assertAlmostEqual(found[name]["p99"], 0)
        self.assertAlmostEqual(found["cpu"], 0.03)
        self.assertAlmostEqual(found["virtual_s"], found["paced_s"] * found["scale"])

    def test_slow_links_and_devices_are_told_apart(self):
        found = pacing.pacing(Tables(), Tables(clock="wall", sending=1.25))
        self.assertAlmostEqual(found["rate"]["median"], -0.2)
        self.assertAlmostEqual(found["computing"]["median"], 0)
        found = pacing.pacing(Tables(), Tables(clock="wall", computing=1.1))
        self.assertAlmostEqual(found["rate"]["median"], 0)
        self.assertAlmostEqual(found["computing"]["median"], 0.1)

    def test_what_was_overrun_is_counted_and_left_out_of_the_percentile(self):
        found = pacing.pacing(Tables(), Tables(clock="wall", overrun={(0, 3), (1, 9)}))
        self.assertEqual((found["overruns"], found["kept"]), (2, 18))
        self.assertAlmostEqual(found["rate"]["p99"], 0)

    def test_missing_uploads_are_said(self):
        found = pacing.pacing(Tables(), Tables(clock="wall", drop=3))
        self.assertFalse(found["same"])
        self.assertIn("NOT those of the virtual clock", pacing.text_of("run.h5", found))

    def test_two_virtual_runs_are_refused(self):
        with self.assertRaisesRegex(pacing.PacingError, "run.clock = virtual"):
            pacing.pacing(Tables(), Tables())


if __name__ == "__main__":
    unittest.main()
