# SPDX-License-Identifier: Apache-2.0
"""data.split, eval.patience and server.balance = passes: what a third party finds in the run file."""
import unittest

import h5py
import numpy as np

from replay_test import LEARNED
from tiny_fleet import EVENT_TABLES, Workspace, table

TRAIN, VALIDATION, TEST = range(3)  # SplitPart
LAST, BEST = range(2)  # TestedWeights
FLEET, DEVICE, CLASS, DECILE = range(4)  # PassGroup
SHARE = "data.split=0.25"
FAIR = "server.balance=passes"
VALIDATED = (*EVENT_TABLES, *LEARNED, "evaluations", "test_scores", "passes", "splits")


def passes_of(path):
    """Of every training sample, from the updates' samples."""
    with h5py.File(path) as file:
        return np.bincount(file["update_samples"][()], minlength=len(file["samples"]))


class ValidationTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure()
        cls.run_file = cls.run_fleet("split.h5", SHARE, FAIR, "eval.every=10")

    def lines_of(self, part):
        return (self.folder / f"{part}.tsv").read_text().split("\n")

    # ---- data.split ------------------------------------------------------------------------------

    def test_the_split_is_in_the_file(self):
        with h5py.File(self.run_file) as file:
            splits, samples, labels = (file[name][()] for name in ("splits", "samples", "evaluation/labels"))
            names = [name.decode() for name in file["classes"][()]]
            self.assertEqual(file.attrs["validation_samples"], 30)
            self.assertEqual(file.attrs["test_samples"], 70)
        self.assertEqual([int((splits["split"] == part).sum()) for part in (TRAIN, VALIDATION, TEST)], [90, 30, 40])
        for row in splits:
            lines = self.lines_of("test" if row["split"] == TEST else "train")
            label = samples["label"][row["sample"]] if row["split"] == TRAIN else labels[row["sample"]]
            self.assertEqual(lines[row["line"] - 1].split("\t")[1], names[label])
            self.assertEqual(row["line"], row["place"] + 2)
        in_train = splits["place"][splits["file"] == TRAIN]
        self.assertEqual(sorted(in_train.tolist()), list(range(120)), "each training text is in one part")
        validation = labels[:30]
        self.assertEqual(sorted(np.bincount(validation).tolist()), [7, 7, 8, 8], "each class by its share")

    def test_another_seed_has_the_same_split(self):
        other = self.run_fleet("seed2.h5", SHARE, "run.seed=2", "run.compute=none")
        np.testing.assert_array_equal(table(self.run_file, "splits"), table(other, "splits"))
        third = self.run_fleet("split_seed.h5", SHARE, "data.split_seed=7", "run.compute=none")
        self.assertFalse(np.array_equal(table(self.run_file, "splits"), table(third, "splits")))

    def test_a_small_task_halves_its_test_set_by_lsts_rule(self):
        splits = table(self.run_fleet("lst.h5", "data.split=lst", "run.compute=none"), "splits")
        self.assertEqual([int((splits["split"] == part).sum()) for part in (TRAIN, VALIDATION, TEST)], [120, 20, 20])
        held_out = splits[splits["split"] != TRAIN]
        self.assertEqual(sorted(held_out["place"].tolist()), list(range(40)))
        self.assertEqual(set(held_out["file"].tolist()), {TEST})

    def test_curves_are_of_validation_and_the_test_is_made_once(self):
        evaluations, tests = table(self.run_file, "evaluations"), table(self.run_file, "test_scores")
        for rows, samples in ((evaluations, 30), (tests, 40)):
            of_types = rows[rows["backbone"] >= 0]
            right = of_types["metric"] / 100 * samples
            np.testing.assert_allclose(right, np.round(right), atol=1e-9, err_msg=f"of {samples} samples")
        self.assertEqual(tests["weights"].tolist(), [LAST] * 3 + [BEST] * 3)
        overall = evaluations[evaluations["backbone"] == -1]
        best = overall[overall["metric"].argmax()]  # the first of them
        self.assertEqual(set(tests["update"][tests["weights"] == BEST].tolist()), {best["update"]})
        self.assertEqual(set(tests["update"][tests["weights"] == LAST].tolist()), {overall["update"][-1]})
        with h5py.File(self.run_file) as file:
            for name in ("small", "large"):
                self.assertEqual(file[f"confusion/{name}"][()].sum(), 40)

    def test_the_best_weights_are_in_the_file(self):
        with h5py.File(self.run_file) as file:
            tests = file["test_scores"]
            final, best = file["weights/final"], file["weights/best"]
            same = all(np.array_equal(final[name][()], best[name][()]) for name in final if isinstance(final[name], h5py.Dataset))
            last_is_best = tests["update"][0] == tests["update"][-1]
            self.assertEqual(same, last_is_best)
            self.assertFalse(any(np.isnan(best[name][()]).any() for name in best if isinstance(best[name], h5py.Dataset)))

    def test_without_a_split_there_is_neither(self):
        path = self.run_fleet("plain.h5")
        for name in ("splits", "test_scores"):
            self.assertEqual(len(table(path, name)), 0)
        with h5py.File(path) as file:
            self.assertNotIn("best", file["weights"])

    def test_replays_and_rank_counts_agree(self):
        for mode in ("arrival_replay", "replay_after_all", "per_device"):
            with self.subTest(mode=mode):
                settings = (SHARE, FAIR, "eval.every=10", f"server.mode={mode}")
                run = self.run_fleet("run.h5", *settings)
                self.assert_same(run, self.replay(run, "again.h5"), only=VALIDATED)
                self.assert_same(run, self.run_fleet("run3.h5", *settings, ranks=3))
                self.assertEqual(len(table(run, "test_scores")), 6)

    # ---- eval.patience ---------------------------------------------------------------------------

    def test_training_stops_when_validation_gets_no_better(self):
        settings = (SHARE, FAIR, "eval.every=5", "eval.patience=3", "server.epochs=40")
        path = self.run_fleet("early.h5", *settings)
        whole = self.run_fleet("late.h5", *settings, "eval.patience=none")
        steps, all_steps = len(table(path, "updates")), len(table(whole, "updates"))
        self.assertLess(steps, all_steps)
        self.assert_same(path, self.run_fleet("early3.h5", *settings, ranks=3))
        self.assert_same(path, self.replay(path, "early_again.h5"), only=(*VALIDATED, "verdicts"))
        # by hand: evaluations from the last arrival on
        evaluations, updates = table(whole, "evaluations"), table(whole, "updates")
        complete = updates["inbox_samples"] == len(table(whole, "samples"))
        best, without, expected = -np.inf, 0, all_steps
        for row in evaluations[evaluations["backbone"] == -1]:
            if not complete[row["update"] - 1] or row["update"] % 5:
                continue
            better = row["metric"] > best
            best, without = (row["metric"], 0) if better else (best, without + 1)
            if without == 3:
                expected = row["update"]
                break
        self.assertEqual(steps, expected)
        replayed = self.replay(whole, "early_replay.h5", "eval.patience=3")
        self.assertEqual(len(table(replayed, "updates")), expected)

    def test_the_wall_clock_stops_too(self):
        path = self.run_fleet("wall.h5", SHARE, FAIR, "eval.every=2", "eval.patience=1", "server.epochs=8",
                              "run.clock=wall", "run.time_scale=20", ranks=2)  # fmt: skip
        verdicts = table(path, "verdicts")
        self.assertGreater(len(verdicts), 1)
        self.assertLessEqual(verdicts["value"][-1], verdicts["value"][:-1].max())
        self.assertEqual(verdicts["update"][-1], len(table(path, "updates")) - 1)
        self.assertEqual(len(table(path, "test_scores")), 6)
        self.assert_same(path, self.replay(path, "wall_again.h5"), only=("updates", "test_scores", "verdicts"))

    # ---- server.balance = passes -----------------------------------------------------------------

    def test_passes_end_equal_within_one(self):
        for settings in ((), ("device.epochs=3",), ("server.mode=replay_after_all",), ("server.mode=per_device",),
                         ("method.name=central_side",), ("server.updates_per_arrival=3", "server.batch=5")):  # fmt: skip
            with self.subTest(settings=settings):
                fair, plain = (
                    self.run_fleet(f"{balance}.h5", *settings, f"server.balance={balance}", "server.epochs=6", "run.compute=none")
                    for balance in ("passes", "none")
                )
                self.assertEqual(len(table(fair, "updates")), len(table(plain, "updates")))
                fair = passes_of(fair)
                if "per_device" not in str(settings):  # where shards differ, so do their schedules
                    self.assertLessEqual(fair.max() - fair.min(), 1)
        shards = table(self.run_fleet("own.h5", "server.mode=per_device", FAIR, "run.compute=none"), "samples")["device"]
        passes = passes_of(self.folder / "own.h5")
        for device in set(shards.tolist()):
            own = passes[shards == device]
            self.assertLessEqual(own.max() - own.min(), 1, device)

    def test_the_table_of_passes_is_what_the_updates_say(self):
        for path in (self.run_file, self.run_fleet("none.h5", "run.compute=none"), self.replay(self.run_file, "re.h5")):
            passes, samples, uploads = passes_of(path), table(path, "samples"), table(path, "uploads")
            rows = table(path, "passes")
            arrival = {(row["device"], row["packet"]): i for i, row in enumerate(uploads)}
            place = np.array([arrival[device, packet] for device, packet in zip(samples["device"], samples["packet"])])
            for row in rows:
                if row["group"] == DECILE:
                    continue
                own = {FLEET: np.full(len(samples), True), DEVICE: samples["device"] == row["number"],
                       CLASS: samples["label"] == row["number"]}[row["group"]]  # fmt: skip
                self.assertEqual(row["samples"], own.sum())
                self.assertAlmostEqual(row["mean"], passes[own].mean())
                self.assertEqual((row["fewest"], row["most"]), (passes[own].min(), passes[own].max()))
            deciles = rows[rows["group"] == DECILE]
            self.assertEqual(deciles["number"].tolist(), list(range(10)))
            self.assertAlmostEqual((deciles["samples"] * deciles["mean"]).sum(), passes.sum())
            # packets may be cut by the border of a tenth: bounds
            order = np.sort(place)
            for row in deciles:
                first, last = (order[max(0, int(len(place) * (row["number"] + add) / 10) - add)] for add in (0, 1))
                inside = passes[(place >= first) & (place <= last)]
                self.assertTrue(inside.min() <= row["fewest"] <= row["most"] <= inside.max())

    def test_late_samples_get_less_without(self):
        deciles = table(self.run_fleet("skewed.h5", "server.epochs=10", "run.compute=none", "server.step_overhead=0.2 ms"), "passes")
        means = deciles["mean"][deciles["group"] == DECILE]
        self.assertGreater(means[0], 1.5 * means[-1])


if __name__ == "__main__":
    unittest.main()
