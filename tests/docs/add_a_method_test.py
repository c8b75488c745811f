# SPDX-License-Identifier: Apache-2.0
"""The method of docs/add-a-method.md, from its own code blocks: a line fitted by federated averaging.

What it should come to is computed here from the log's tables, by other code than the program's.
"""
import pathlib
import sys
import unittest

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))

from killing import KillingWorkspace  # noqa: E402
from tiny_fleet import EVENT_TABLES, table  # noqa: E402

LOCAL_STEPS, LEARNING_RATE = 5, 0.3
DONE, RECALLED, GONE = 0, 2, 3
SYNC = ("rounds.count=12", "rounds.wanted=12", "rounds.selected=12")
SOME = ("rounds.count=12", "rounds.wanted=4", "rounds.selected=6", "rounds.deadline=60 ms")
BUFFERED = ("rounds.protocol=buffered", "rounds.count=20", "rounds.wanted=3", "rounds.concurrency=8")
PRESENCE = (
    "fleet.availability=slow:flaky",
    "availability.flaky.kind=markov",
    "availability.flaky.mean_on=60 ms",
    "availability.flaky.mean_off=30 ms",
)


def line_of(path, state):
    with h5py.File(path) as file:
        return file[f"weights/{state}/line"][()].astype(np.float64)


def train(line, x, y):
    """What a device makes of a line, and its loss before."""
    loss = np.mean((line[0] + line[1] * x - y) ** 2)
    for _ in range(LOCAL_STEPS):
        error = line[0] + line[1] * x - y
        line = line - LEARNING_RATE * np.array([2 * error.mean(), 2 * (error * x).mean()])
    return line, loss


def averaged(path):
    """The lines after each step, by the log's tasks: version by version, arrival by arrival."""
    samples, tasks = table(path, "samples"), table(path, "tasks")
    uploads, updates, rounds = (table(path, name) for name in ("uploads", "updates", "rounds"))
    versions = dict(zip(tasks["task"], tasks["version"]))
    lines, losses, taken = [np.zeros(2)], [], 0
    for update, arrived in zip(updates, rounds["arrived"]):
        total, loss, weight = np.zeros(2), 0.0, 0
        for upload in uploads[taken : taken + arrived]:
            mine = samples[samples["device"] == upload["device"]]
            line, before = train(lines[versions[upload["task"]]], mine["tokens"] / 100, mine["label"])
            total, loss, weight = total + len(mine) * line, loss + len(mine) * before, weight + len(mine)
        taken += arrived
        lines.append(total / weight if weight else lines[-1])
        losses.append(loss / weight if weight else 0)
    return lines, losses


class AddAMethodTest(KillingWorkspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure(method__name="fit_line")

    def assert_learned_as_logged(self, path):
        lines, losses = averaged(path)
        np.testing.assert_allclose(line_of(path, "final"), lines[-1], rtol=1e-4)
        np.testing.assert_allclose(table(path, "training")["loss"], losses, rtol=1e-4)

    def assert_costs_add_up(self, path):
        uploads, downloads, costs = (table(path, name) for name in ("uploads", "downloads", "costs"))
        self.assertTrue((uploads["charged_bytes"] == 12).all())
        self.assertTrue((downloads["charged_bytes"] == 8).all())
        self.assertEqual(costs["update_bytes"].sum(), uploads["charged_bytes"].sum())
        together = costs["compute_ns"] + costs["send_ns"] - costs["both_ns"] + costs["wait_ns"] + costs["off_ns"]
        self.assertTrue((together == costs["done_ns"]).all())

    def test_with_everyone_in_every_round_it_reaches_the_line_of_least_squares(self):
        path = self.run_fleet("all.h5", *SYNC, "rounds.count=600", "data.partition=uniform")
        samples = table(path, "samples")
        x = np.stack([np.ones(len(samples)), samples["tokens"] / 100], 1)
        best, *_ = np.linalg.lstsq(x, samples["label"].astype(np.float64), rcond=None)
        error = [np.mean((x @ line - samples["label"]) ** 2) for line in (best, line_of(path, "final"))]
        self.assertLess(error[1], error[0] * 1.01)

    def test_each_round_averages_what_arrived_in_it(self):
        for name, settings in (("sync", SYNC), ("some", SOME), ("away", (*SOME, *PRESENCE)), ("buffered", BUFFERED),
                               ("at_once", (*BUFFERED, "rounds.dispatch=at_once"))):
            with self.subTest(name):
                path = self.run_fleet(f"{name}.h5", *settings)
                self.assert_learned_as_logged(path)
                self.assert_costs_add_up(path)

    def test_what_is_asked_and_recalled_is_in_the_log(self):
        path = self.run_fleet("recalled.h5", *SOME)
        tasks, rounds, uploads = (table(path, name) for name in ("tasks", "rounds", "uploads"))
        self.assertEqual(len(tasks), 12 * 6)
        self.assertTrue((rounds["assigned"] == 6).all())
        self.assertTrue((rounds["arrived"] <= 4).all())
        self.assertEqual((tasks["outcome"] == DONE).sum(), len(uploads))
        self.assertEqual((tasks["outcome"] == RECALLED).sum(), len(tasks) - len(uploads))
        self.assertGreater((tasks["outcome"] == RECALLED).sum(), 0)
        losses = table(path, "losses")
        self.assertTrue((losses["recalled"] == 1).all())

    def test_a_buffered_device_may_start_from_an_older_line(self):
        path = self.run_fleet("old.h5", *BUFFERED, "server.rate=10 FLOP/s", "rounds.dispatch=at_once")
        tasks, updates = table(path, "tasks"), table(path, "updates")
        behind = [(updates["end_ns"] <= task["ready_ns"]).sum() - task["version"] for task in tasks]
        self.assertEqual(set(behind), {0}, "a version is the number of steps that had ended")
        self.assert_learned_as_logged(path)

    def test_the_file_is_the_same_with_any_number_of_ranks(self):
        for name, settings in (("sync", (*SOME, *PRESENCE)), ("buffered", BUFFERED)):
            alone = self.run_fleet(f"{name}1.h5", *settings, ranks=1)
            for ranks in (2, 3, 5):
                with self.subTest(name, ranks=ranks):
                    self.assert_same(alone, self.run_fleet(f"{name}{ranks}.h5", *settings, ranks=ranks))

    def test_without_numbers_the_timeline_is_the_same(self):
        full = self.run_fleet("full.h5", *BUFFERED)
        for compute in ("none", "packets"):
            with self.subTest(compute):
                bare = self.run_fleet(f"{compute}.h5", *BUFFERED, f"run.compute={compute}")
                self.assert_same(full, bare, only=(*EVENT_TABLES, "tasks", "rounds"))

    def test_check_says_what_the_run_does(self):
        text = self.good("check", self.config, *[word for one in SOME for word in ("--set", one)]).stdout
        path = self.run_fleet("checked.h5", *SOME)
        self.assertRegex(text, rf"tasks +{len(table(path, 'tasks'))}, ")
        self.assertRegex(text, rf"packets +{len(table(path, 'uploads'))}\n")
        self.assertRegex(text, r"updates +12 ")

    def test_the_wall_clock_keeps_the_times_of_the_virtual_one(self):
        scale, tolerance = 5, 6e6 * 5
        for name, settings in (("sync", SYNC), ("buffered", BUFFERED)):
            planned = self.run_fleet(f"{name}v.h5", *settings)
            for ranks in (1, 3):
                with self.subTest(name, ranks=ranks):
                    path = self.run_fleet(
                        f"{name}w{ranks}.h5", *settings, "run.clock=wall", f"run.time_scale={scale}", ranks=ranks
                    )
                    self.assert_learned_as_logged(path)
                    updates, virtual = table(path, "updates"), table(planned, "updates")
                    self.assertEqual(len(updates), len(virtual))
                    if name == "sync":  # a late event may change who is asked next
                        early = virtual["end_ns"] - updates["end_ns"]
                        self.assertLess(early.max(), tolerance, "nothing ends before its time")

    def test_recalled_tasks_do_no_harm_under_the_wall_clock(self):
        path = self.run_fleet("late.h5", *SOME, "rounds.deadline=none", "server.rate=200 FLOP/s", "run.clock=wall",
                              "run.time_scale=5", ranks=2)
        tasks = table(path, "tasks")
        self.assertGreater((tasks["outcome"] == RECALLED).sum(), 0)
        self.assertEqual(len(tasks), 12 * 6)
        self.assert_learned_as_logged(path)

    def test_an_empty_battery_ends_a_task_once(self):
        path = self.run_fleet(
            "empty.h5", *BUFFERED, "device.fast.battery=1e-5 J", "device.fast.power_compute=5 W", ranks=2
        )
        tasks = table(path, "tasks")
        self.assertGreater((tasks["outcome"] == GONE).sum(), 0)
        self.assertEqual(len(set(tasks["task"])), len(tasks))

    def test_killed_anywhere_it_goes_on(self):
        many = ("rounds.count=1000",)
        kinds = {"sync": SYNC + many, "some": SOME + PRESENCE + many, "buffered": BUFFERED + many}
        self.assertGreater(self.kill_anywhere(kinds), 0, "hardly a kill met a checkpoint")

    def test_a_replay_is_refused(self):
        path = self.run_fleet("log.h5", *SYNC)
        end = self.call("replay", path, "--set", f"run.output={self.folder / 'again.h5'}")
        self.assertEqual(end.returncode, 2, end.stderr)
        self.assertIn("methods whose devices upload taps", end.stderr)

    def test_more_devices_than_there_are_is_refused(self):
        end = self.call("run", self.config, "--set", "rounds.wanted=13", "--set", "rounds.selected=13")
        self.assertEqual(end.returncode, 2, end.stderr)
        self.assertIn("the fleet has 12 admitted devices", end.stderr)


if __name__ == "__main__":
    unittest.main()
