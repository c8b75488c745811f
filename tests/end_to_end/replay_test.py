# SPDX-License-Identifier: Apache-2.0
"""A run file is enough to train again: `replay`, and docs/method.md 1.7, tests 1 to 4.

A = a fleet with server.mode = replay_after_all; Z = method.name = central_side on the union of the data.
"""
import json
import unittest

import h5py
import numpy as np

from tiny_fleet import EVENT_TABLES, Workspace, table, write_task

AFTER_ALL = "server.mode=replay_after_all"
CENTRAL = "method.name=central_side"
FP32 = "forward.dtype=fp32"
LEARNED = ("weights", "training", "training_gates", "confusion")
SKEW = (
    "loss.kind=ce_residual", "loss.logit_adjustment=type", "server.mixup=0.4", "align.start=identity", "side.width=24"
)  # fmt: skip
ONE_KIND = {"fleet__backbones": "*:small", "backbone__large__path": None}


def tensors(path, state="final"):
    with h5py.File(path) as file:
        found = {}
        file[f"weights/{state}"].visititems(
            lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
        return found


class ReplayTest(Workspace):
    def assert_learned(self, path):
        first, last = tensors(path, "initial"), tensors(path)
        moved = [name for name in last if not np.array_equal(first[name], last[name])]
        self.assertTrue(all(np.isfinite(values).all() for values in last.values()))
        self.assertGreater(len(moved), len(last) // 2, "training has hardly changed a weight")

    def assert_scores_equal(self, first, second):
        """The evaluations agree in all but the virtual time, which a central server spends otherwise."""
        one, two = table(first, "evaluations"), table(second, "evaluations")
        for column in ("update", "backbone", "metric", "f1", "loss"):
            np.testing.assert_array_equal(one[column], two[column], column)

    def weights_differ(self, first, second):
        one, two = tensors(first), tensors(second)
        return any(not np.array_equal(one[name], two[name]) for name in one)

    # ---- the same settings -----------------------------------------------------------------------

    def test_a_replay_ends_with_the_same_weights(self):
        config = self.configure()
        for mode in ("arrival_replay", "arrival_only", "replay_after_all"):
            for dtype in ("bf16", "int8"):
                with self.subTest(mode=mode, dtype=dtype):
                    run = self.run_fleet("run.h5", f"server.mode={mode}", f"packet.dtype={dtype}", config=config)
                    again = self.replay(run, "again.h5")
                    self.assert_learned(run)
                    self.assert_same(run, again, only=(*LEARNED, "evaluations", "updates", "update_samples", "uploads"))

    def test_counts_and_mixes_of_the_quick_start_repeat_in_a_replay_and_on_any_ranks(self):
        config = self.configure()
        for mode in ("arrival_replay", "replay_after_all", "per_device"):
            with self.subTest(mode=mode):
                run = self.run_fleet("skew.h5", f"server.mode={mode}", *SKEW, config=config)
                again = self.replay(run, "skew_again.h5")
                self.assert_same(run, again, only=(*LEARNED, "evaluations", "updates", "update_samples"))
                self.assert_same(run, self.run_fleet("skew3.h5", f"server.mode={mode}", *SKEW, config=config, ranks=3))
        plain = self.replay(run, "skew_plain.h5", "server.mode=arrival_replay", "loss.kind=huber_residual")
        self.assert_learned(plain)

    def test_a_replay_keeps_no_activations_of_its_own(self):
        run = self.run_fleet("run.h5", config=self.configure())
        with h5py.File(self.replay(run, "again.h5")) as file:
            self.assertEqual(file["activations/small/samples"].shape if "samples" in file["activations/small"] else (0,), (0,))

    def test_a_replay_needs_none_of_the_files_of_the_uploads(self):
        way = {"rate": 500, "delay": {"delay": 20, "jitter": 3}, "loss": {"percentage": 2}}
        profile, trace = self.folder / "atc.json", self.folder / "up.trace"
        profile.write_text(json.dumps({"name": "slow", "content": {"up": way, "down": way}}))
        trace.write_text("0 1\n1 3\n2 0.5\n")
        files = (f"link.thick.atc_profile={profile}", f"link.thin.trace={trace}")
        run = self.run_fleet("files.h5", *files, config=self.configure())
        profile.unlink()
        trace.unlink()
        self.assert_same(run, self.replay(run, "again.h5"), only=(*EVENT_TABLES, *LEARNED))

    # ---- docs/method.md 1.7 ----------------------------------------------------------------------

    def test_4_updates_on_arrival_cost_no_accuracy(self):
        # paired by seed, over 400 test samples; the experiment one_kind does the same on real text
        big = self.folder / "big"
        big.mkdir()
        write_task(big, train=360, test=400)
        data = {"data__train": big / "train.tsv", "data__test": big / "test.tsv", "server__epochs": 10}
        config = self.configure(**data, **ONE_KIND)
        gaps, errors = [], []
        for seed in (1, 2, 3):
            fleet = self.run_fleet("async.h5", f"run.seed={seed}", config=config)
            central = self.replay(fleet, "central.h5", CENTRAL)
            ours, theirs = (table(path, "evaluations")["metric"][-1] for path in (fleet, central))
            self.assertGreater(theirs, 34, "four classes: four standard errors above guessing")
            gaps.append(theirs - ours)
            errors.append(100 * (theirs / 100 * (1 - theirs / 100) / 400) ** 0.5)
        self.assertLess(abs(np.mean(gaps)), 2 * np.mean(errors), f"{gaps}, standard error {errors}")

    def central_from_log(self, name, config, *settings):
        """Runs A, replays it as Z and compares to the last bit.  Returns A's file."""
        fleet = self.run_fleet(f"{name}.h5", AFTER_ALL, *settings, config=config)
        central = self.replay(fleet, f"{name}_z.h5", CENTRAL)
        self.assert_learned(fleet)
        loss = table(fleet, "training")["loss"]
        self.assertLess(loss[-4:].mean(), loss[:4].mean())
        self.assert_same(fleet, central, only=LEARNED)
        self.assert_scores_equal(fleet, central)
        return fleet

    def test_1_lossless_any_fleet_equals_central_training_on_its_taps(self):
        first = self.central_from_log("one", self.configure(**ONE_KIND), FP32)
        other = self.configure(
            **ONE_KIND,
            fleet__mix="fast:3 slow:2", data__partition="uniform", device__slow__rate_fp32="7 MFLOP/s",
            link__thin__latency="3 s", packet__samples="7", forward__group_devices="1",
        )  # fmt: skip
        second = self.central_from_log("other", other, FP32)
        # Neither devices, partition, speeds nor packets leave a trace in what is learned.  What is
        # batched together in the forward pass differs, which may move a tap by a rounding.
        one, two = tensors(first), tensors(second)
        for name, values in one.items():
            np.testing.assert_allclose(values, two[name], rtol=0, atol=1e-3 * np.abs(values).max(), err_msg=name)
        np.testing.assert_array_equal(table(first, "update_samples"), table(second, "update_samples"))

    def test_2_a_lossy_codec_equals_central_training_on_the_decoded_taps(self):
        self.central_from_log("int8", self.configure(**ONE_KIND), "packet.dtype=int8")

    def test_3_a_mixed_fleet_equals_the_central_training_of_each_sample_by_its_backbone(self):
        self.central_from_log("mixed", self.configure(), FP32)
        self.central_from_log("skew", self.configure(), *SKEW)
        self.central_from_log("mixed8", self.configure(data__partition="uniform"), "packet.dtype=int8")

    def test_1_and_3_central_training_with_its_own_forward_pass(self):
        config = self.configure()
        fleet = self.run_fleet("a.h5", AFTER_ALL, FP32, config=config)
        central = self.run_fleet("z.h5", CENTRAL, FP32, config=config, ranks=2)
        with h5py.File(fleet) as a, h5py.File(central) as z:
            for backbone in ("small", "large"):
                one, two = a[f"activations/{backbone}"], z[f"activations/{backbone}"]
                rows, other_rows = np.argsort(one["samples"][()]), np.argsort(two["samples"][()])
                np.testing.assert_array_equal(one["samples"][()][rows], two["samples"][()][other_rows])
                for name in ("block_1", "block_2", "residual"):
                    values, others = one[name][()][rows], two[name][()][other_rows]
                    self.assertLess(np.abs(values - others).max(), 1e-5 * np.abs(values).max(), name)
        self.assertEqual(len(table(central, "uploads")), 0, "central training uploads nothing")
        np.testing.assert_allclose(table(fleet, "training")["loss"], table(central, "training")["loss"], rtol=1e-4)

    def test_1_the_order_of_arrival_does_not_matter(self):
        config = self.configure()
        first = self.run_fleet("early.h5", AFTER_ALL, config=config)
        second = self.run_fleet("late.h5", AFTER_ALL, "link.*.uplink=20 kbit/s", "link.thick.latency=40 s", config=config)
        orders = [[(row["device"], row["packet"]) for row in table(path, "uploads")] for path in (first, second)]
        self.assertNotEqual(*orders, "the arrivals have the same order: the test shows nothing")
        self.assert_same(first, second, only=("weights", "training", "update_samples"))

    def test_with_replay_in_the_gaps_the_order_of_arrival_does_matter(self):
        config = self.configure()
        first = self.run_fleet("early.h5", config=config)
        second = self.run_fleet("late.h5", "link.*.uplink=20 kbit/s", "link.thick.latency=40 s", config=config)
        self.assertTrue(self.weights_differ(first, second))

    # ---- other settings --------------------------------------------------------------------------

    def test_other_training_settings_are_taken(self):
        run = self.run_fleet("run.h5", config=self.configure())
        for setting in ("loss.kind=huber_residual", "optimizer.lr=0.003", "side.activation=gelu"):
            with self.subTest(setting):
                self.assertTrue(self.weights_differ(run, self.replay(run, "other.h5", setting)))
        longer = self.replay(run, "longer.h5", "server.epochs=5")
        self.assertGreater(len(table(longer, "training")), len(table(run, "training")))

    def test_what_was_uploaded_cannot_be_changed_afterwards(self):
        run = self.run_fleet("run.h5", config=self.configure())
        for setting in ("data.max_tokens=12", "packet.dtype=int8", "link.thin.uplink=1 Mbit/s", "fleet.mix=slow:12"):
            with self.subTest(setting):
                output = self.folder / "refused.h5"
                end = self.call("replay", run, "--set", setting, "--set", f"run.output={output}")
                self.assertEqual(end.returncode, 2, end.stderr)
                self.assertEqual(len(end.stderr.splitlines()), 1, end.stderr)
                self.assertFalse(output.exists())

    def test_a_replay_never_writes_over_its_log(self):
        run = self.run_fleet("run.h5", config=self.configure())
        end = self.call("replay", run, "--set", f"run.output={run}")
        self.assertEqual(end.returncode, 2, end.stderr)
        self.assertGreater(len(table(run, "uploads")), 0)

    def test_a_log_without_activations_is_refused(self):
        run = self.run_fleet("bare.h5", "record.activations=none", config=self.configure())
        end = self.call("replay", run, "--set", f"run.output={self.folder / 'refused.h5'}")
        self.assertIn(end.returncode, (2, 3), end.stderr)
        self.assertIn("record.activations", end.stderr)
        self.assertFalse((self.folder / "refused.h5").exists())


if __name__ == "__main__":
    unittest.main()
