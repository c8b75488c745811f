# SPDX-License-Identifier: Apache-2.0
"""The wall clock: the same packets as under the virtual clock, when they really come.  No test here says how
exact the pace is: that depends on the machine, and analysis/pacing.py measures it."""
import re
import time
import unittest

import h5py
import numpy as np

from killing import KillingWorkspace
from tiny_fleet import EVENT_TABLES, table

SCALE = 20
TOLERANCE_NS = 6e6 * SCALE  # lateness that a worker catches up with, as virtual time


class WallClockTest(KillingWorkspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure(device__epochs=2, server__step_overhead="2 ms")
        cls.virtual = cls.run_fleet("virtual.h5")

    def run_wall(self, name, *settings, ranks=None):
        return self.run_fleet(name, "run.clock=wall", f"run.time_scale={SCALE}", *settings, ranks=ranks)

    def assert_same_uploads(self, virtual, wall):
        planned, real = table(virtual, "uploads"), table(wall, "uploads")
        order = [np.lexsort((rows["packet"], rows["device"])) for rows in (planned, real)]
        for column in ("device", "packet", "samples", "charged_bytes", "charged_flop"):
            np.testing.assert_array_equal(planned[column][order[0]], real[column][order[1]], column)
        self.assertTrue((np.diff(real["arrival_ns"]) >= 0).all())
        overrun = real["overrun_ns"][order[1]]
        for end in ("compute_end_ns", "send_end_ns", "arrival_ns"):
            early = planned[end][order[0]] - real[end][order[1]]
            self.assertLess(early.max(), TOLERANCE_NS, f"{end}: nothing comes before its time")
        for start, end in (("compute_start_ns", "compute_end_ns"), ("send_start_ns", "send_end_ns")):
            length = (planned[end] - planned[start])[order[0]]
            short = length - (real[end] - real[start])[order[1]]
            self.assertLess(short.max(), TOLERANCE_NS, end)
        self.assertTrue((overrun >= 0).all())

    def test_every_packet_comes_once_with_any_number_of_ranks(self):
        for ranks in (1, 3, 5):
            for prefetch in ("true", "false"):
                with self.subTest(ranks=ranks, prefetch=prefetch):
                    wall = self.run_wall(f"wall{ranks}{prefetch}.h5", f"run.prefetch={prefetch}", ranks=ranks)
                    self.assert_same_uploads(self.virtual, wall)
                    updates = table(wall, "updates")
                    self.assertEqual(len(updates["update"]), len(table(self.virtual, "updates")["update"]))
                    self.assertTrue((updates["start_ns"][1:] >= updates["end_ns"][:-1]).all())
                    evaluations = table(wall, "evaluations")
                    self.assertEqual(len(evaluations["metric"]), len(table(self.virtual, "evaluations")["metric"]))

    def test_prefetched_taps_are_those_of_the_virtual_clock(self):
        wall = self.run_wall("taps.h5", ranks=3)
        with h5py.File(self.virtual) as planned, h5py.File(wall) as real:
            for backbone in ("small", "large"):
                groups = [file[f"activations/{backbone}"] for file in (planned, real)]
                order = [np.argsort(group["samples"], kind="stable") for group in groups]
                names = set(groups[0]) - {"upload"}  # its number, in the order of arrival
                self.assertGreater(len(names), 2)
                for name in names:
                    first, second = (group[name][()][rows] for group, rows in zip(groups, order))
                    np.testing.assert_array_equal(first, second, f"{backbone}/{name}")

    def test_devices_that_go_off_resume_with_what_they_lost(self):
        settings = (
            "fleet.availability=*:flaky", "availability.flaky.kind=markov", "availability.flaky.mean_on=60 ms",
            "availability.flaky.mean_off=40 ms", "link.thin.loss=0.1", "link.thick.cell_devices=3",
            "link.thick.cell_uplink=4 Mbit/s", "link.thick.jitter=1 ms",
        )  # fmt: skip
        virtual = self.run_fleet("rough_virtual.h5", *settings)
        wall = self.run_wall("rough_wall.h5", *settings, ranks=3)
        lost, lost_in_wall = table(virtual, "losses"), table(wall, "losses")
        self.assertGreater((lost["stage"] == 1).sum(), 0)
        # downloads begin when training ends, and that is measured
        np.testing.assert_array_equal(*(of["start_ns"][of["packet"] >= 0] for of in (lost, lost_in_wall)))
        self.assert_same_uploads(virtual, wall)

    def test_a_replay_repeats_the_updates_of_the_log(self):
        wall = self.run_wall("log.h5", ranks=3)
        again = self.replay(wall, "again.h5")
        self.assert_same(wall, again, only=(*EVENT_TABLES, "training", "evaluations"))

    def test_a_run_that_is_killed_goes_on(self):
        settings = ("run.clock=wall", f"run.time_scale={SCALE}", "server.epochs=60")
        path = self.folder / "killed.h5"
        for lives in (1, 2):
            checkpoint, resume = path.parent / f"{path.name}.checkpoint", False
            for _ in range(lives):
                process = self.start(path, settings, 3, resume)
                before = checkpoint.stat().st_mtime_ns if resume else 0
                self.wait_until(lambda: checkpoint.exists() and checkpoint.stat().st_mtime_ns > before, process)
                time.sleep(0.3)
                self.kill(process, "all")
                resume = True
            with h5py.File(path, swmr=True) as file:
                first = file["updates"][()]
                arrived = file["uploads"][()]
            process = self.start(path, settings, 3, resume=True)
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
            self.assertIn("the pace goes on", err)
            self.assertFalse(checkpoint.exists())
            self.assert_same_uploads(self.virtual, path)
            updates, uploads = table(path, "updates"), table(path, "uploads")
            self.assertTrue((updates["start_ns"][1:] >= updates["end_ns"][:-1]).all())
            kept = int(re.search(r"goes on behind update (\d+)", err)[1])
            self.assertGreater(kept, 0)
            self.assertEqual(updates[:kept].tobytes(), first[:kept].tobytes())
            known = min(len(arrived), int((uploads["arrival_ns"] <= updates["start_ns"][kept - 1]).sum()))
            self.assertEqual(uploads[:known].tobytes(), arrived[:known].tobytes())  # NaN and all
            again = self.replay(path, "again.h5")
            self.assert_same(path, again, only=(*EVENT_TABLES, "training", "evaluations"))
            path.unlink()

    def wait_until(self, condition, process):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertIsNone(process.poll(), "it ended before there was a checkpoint")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_what_cannot_be_paced_is_refused(self):
        for setting, words in (
            ("run.compute=none", "run.compute"),
            ("method.name=central_side", "run.clock"),
            ("run.time_scale=0", "run.time_scale"),
        ):
            with self.subTest(setting):
                result = self.call("run", self.config, "--set", "run.clock=wall", "--set", setting)
                self.assertEqual(result.returncode, 2)
                self.assertIn(words, result.stderr)


if __name__ == "__main__":
    unittest.main()
