# SPDX-License-Identifier: Apache-2.0
"""The server's load out of the tables of a run."""
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import server_load  # noqa: E402

SECOND = 1_000_000_000


class Tables:
    """A run of `devices` that compute for a second, send for half of one, and start one after another."""

    def __init__(self, devices, packets, update_s):
        arrivals = sorted(
            (device / devices + packet + 1.5, device) for device in range(devices) for packet in range(packets)
        )
        kinds = "device compute_start_ns compute_end_ns send_start_ns send_end_ns arrival_ns".split()
        self.uploads = np.array(
            [
                (device, *(int((time - back) * SECOND) for back in (1.5, 0.5, 0.5, 0, 0)))
                for time, device in arrivals
            ],
            dtype=[(kind, "i8") for kind in kinds],
        )
        free, steps = 0, []
        for number, (time, _) in enumerate(arrivals):
            start = max(free, int(time * SECOND))
            free = start + int(update_s * SECOND)
            waiting = sum(int(other * SECOND) <= start for other, _ in arrivals[number + 1 :])
            steps.append((start, free, waiting))
        self.updates = np.array(steps, dtype=[("start_ns", "i8"), ("end_ns", "i8"), ("waiting_packets", "i8")])

    def table(self, name):
        return getattr(self, name)


class ServerLoadTest(unittest.TestCase):
    def test_use_is_arrivals_times_time(self):
        load = server_load.server_load(Tables(devices=4, packets=40, update_s=0.1))
        self.assertEqual(load["devices"], 4)
        self.assertAlmostEqual(load["formula"], 0.4, places=6)
        self.assertAlmostEqual(load["use"], 0.4, delta=0.02)
        self.assertEqual(load["most"], 0)

    def test_a_server_that_is_too_slow_is_always_busy_and_packets_wait(self):
        load = server_load.server_load(Tables(devices=4, packets=40, update_s=0.5))
        self.assertAlmostEqual(load["formula"], 2, places=6)
        self.assertAlmostEqual(load["use"], 1, places=6)
        self.assertGreater(load["waiting"], 20)

    def test_a_run_without_a_steady_state_is_refused(self):
        with self.assertRaisesRegex(server_load.LoadError, "fewer than four packets"):
            server_load.server_load(Tables(devices=2, packets=3, update_s=0.1))


if __name__ == "__main__":
    unittest.main()
