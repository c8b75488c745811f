# SPDX-License-Identifier: Apache-2.0
"""Many runs as one table, and its means over seeds; with pandas and without."""

import builtins
import math
import pathlib
import shutil
import sys
import tempfile
import unittest
import warnings
from unittest import mock

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import mobilog  # noqa: E402
from fixture_timeline import Options  # noqa: E402
from make_fixture import make_fixture  # noqa: E402
from mobilog import figures, runs, statistics, table  # noqa: E402

try:
    import pandas
except ImportError:
    pandas = None


def without_pandas():
    """As if pandas were not installed."""
    real = builtins.__import__

    def refuse(name, *arguments, **more):
        if name.split(".")[0] == "pandas":
            raise ImportError("No module named 'pandas'")
        return real(name, *arguments, **more)

    sys.modules.pop("mobilog.frame", None)
    return mock.patch.object(builtins, "__import__", refuse)


class Sweep(unittest.TestCase):
    """Three seeds of 3 and of 5 epochs."""

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory()
        for epochs in (3, 5):
            for seed in (1, 2, 10):
                options = Options(devices=6, samples_per_device=12, epochs=epochs, seed=seed, target=20)
                make_fixture(pathlib.Path(cls.made.name) / f"seed={seed}-epochs={epochs}.h5", options)

    @classmethod
    def tearDownClass(cls):
        cls.made.cleanup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "sweep"
        shutil.copytree(self.made.name, self.folder)

    def open(self, source=None):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = mobilog.open_runs(self.folder if source is None else source)
        self.warnings = [(one.category, str(one.message)) for one in caught]
        return found


class OpenRunsTest(Sweep):
    REQUIRED = [name for name in figures.FIGURES if name not in figures.OPTIONAL]

    def setUp(self):
        super().setUp()
        if pandas:
            patch = without_pandas()
            patch.start()
            self.addCleanup(patch.stop)

    def test_a_row_a_run_with_the_keys_that_differ(self):
        found = self.open()
        self.assertEqual(self.warnings, [])
        self.assertIsInstance(found, table.RunTable)
        self.assertEqual(found.columns, ["run", "status", "run.seed", "server.epochs", *self.REQUIRED])
        self.assertEqual(list(found["run"][:3]), ["seed=1-epochs=3", "seed=1-epochs=5", "seed=2-epochs=3"])
        self.assertEqual(found["run.seed"].tolist(), [1, 1, 2, 2, 10, 10])  # 2 before 10, and numbers
        self.assertEqual(found["server.epochs"].tolist(), [3, 5] * 3)
        self.assertEqual(set(found["status"]), {"finished"})
        self.assertEqual(len(found), 6)
        self.assertEqual(list(found), found.columns)

    def test_figures_are_those_of_the_tables(self):
        found = self.open()
        with mobilog.open_run(self.folder / "seed=1-epochs=5.h5") as run:
            uploads, downloads, updates = (run.table(name) for name in ("uploads", "downloads", "updates"))
            overall = [row for row in run.table("evaluations") if row["backbone"] == -1]
        self.assertEqual(found["upload_bytes"][1], uploads["charged_bytes"].sum())
        self.assertEqual(found["download_bytes"][1], downloads["charged_bytes"].sum())
        self.assertEqual(found["updates"][1], len(updates))
        self.assertEqual(found["accuracy"][1], overall[-1]["metric"])
        self.assertEqual(found["loss"][1], overall[-1]["loss"])
        self.assertEqual(found["time_s"][1], max(updates["end_ns"].max(), downloads["end_ns"].max()) / 1e9)
        energy = sum(rows[name].sum() for rows, name in (
            (uploads, "compute_energy_j"), (uploads, "send_energy_j"), (downloads, "energy_j")))  # fmt: skip
        np.testing.assert_allclose(found["energy_j"][1], energy)
        first = next(row["time_ns"] for row in overall if row["metric"] >= 20)
        self.assertEqual(found["time_to_target_s"][1], first / 1e9)

    def test_with_a_validation_set_accuracy_is_of_the_test_set_and_both_weights_have_theirs(self):
        make_fixture(self.folder / "validated.h5", Options(devices=6, samples_per_device=12, epochs=7, target=20, validation=True))
        found = self.open()
        self.assertEqual(found.columns[-len(figures.FIGURES):], list(figures.FIGURES))
        row = list(found["run"]).index("validated")
        with mobilog.open_run(self.folder / "validated.h5") as run:
            evaluations = run.table("evaluations")
            overall = evaluations[evaluations["backbone"] == -1]
            passes = np.bincount(run.array("update_samples"), minlength=len(run.table("samples")))
        self.assertAlmostEqual(found["accuracy"][row], overall["metric"][-1] - 3)
        self.assertAlmostEqual(found["best_accuracy"][row], overall["metric"][-1] - 1)
        self.assertEqual(found["validation_accuracy"][row], overall["metric"].max())
        self.assertAlmostEqual(found["loss"][row], overall["loss"][-1] + 0.25)
        self.assertEqual((found["fewest_passes"][row], found["most_passes"][row]), (passes.min(), passes.max()))
        self.assertTrue(math.isnan(found["best_accuracy"][0]))
        means = found.over_seeds()
        self.assertIn("best_accuracy_ci95", means.columns)
        self.assertNotIn("best_accuracy", self.open(sorted(self.folder.glob("seed*"))).over_seeds().columns)

    def test_without_a_target_there_is_no_time_to_it(self):
        for path in self.folder.glob("*.h5"):
            path.unlink()
        make_fixture(self.folder / "a.h5", Options(devices=6, samples_per_device=12, power=False))
        found = self.open()
        self.assertTrue(math.isnan(found["time_to_target_s"][0]))
        self.assertTrue(math.isnan(found["energy_j"][0]), "no device has a figure of power")
        self.assertEqual(found.columns[:3], ["run", "status", "run.seed"])

    def test_means_and_spreads_over_seeds(self):
        found = self.open()
        means = found.over_seeds()
        self.assertEqual(means["server.epochs"].tolist(), [3, 5])
        self.assertEqual(means["runs"].tolist(), [3, 3])
        self.assertNotIn("run.seed", means.columns)
        values = found["accuracy"][found["server.epochs"] == 5]
        self.assertEqual(means["accuracy"][1], values.mean())
        half = 4.302652729911275 * values.std(ddof=1) / math.sqrt(3)  # t of two degrees of freedom, from tables
        np.testing.assert_allclose(means["accuracy_ci95"][1], half, rtol=1e-9)
        self.assertGreater(half, 0)

    def test_a_printed_table_has_mean_and_spread_in_one_column(self):
        lines = str(self.open().over_seeds()).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertEqual(lines[0].split(), ["server.epochs", "runs", *self.REQUIRED])
        self.assertRegex(lines[1], r"^ +3 +3 .* \d+\.\d+ ± \d+\.\d+")
        self.assertEqual(len(str(self.open()).splitlines()), 7)

    def test_what_has_not_finished_or_cannot_be_read_is_there_and_is_said(self):
        aborted = Options(devices=6, samples_per_device=12, epochs=5, seed=3, status="aborted", target=20)
        make_fixture(self.folder / "seed=3-epochs=5.partial.h5", aborted)
        (self.folder / "seed=4-epochs=5.h5").write_bytes(b"no run")
        whole = (self.folder / "seed=1-epochs=5.h5").read_bytes()
        (self.folder / "seed=5-epochs=5.h5").write_bytes(whole[: len(whole) // 2])
        found = self.open()
        statuses = dict(zip(found["run"], found["status"]))
        self.assertEqual(len(found), 9)
        self.assertEqual(statuses["seed=3-epochs=5.partial"], "aborted")
        self.assertEqual(statuses["seed=4-epochs=5"], "unreadable")
        self.assertEqual(statuses["seed=5-epochs=5"], "unreadable")
        self.assertEqual(
            [kind for kind, _ in self.warnings],
            [mobilog.IncompleteRun, mobilog.UnreadableRun, mobilog.UnreadableRun],
        )
        self.assertIn("seed=3-epochs=5.partial has not finished: aborted", self.warnings[0][1])
        self.assertIn("not an HDF5 file", self.warnings[1][1])
        self.assertTrue(math.isnan(found["accuracy"][list(found["run"]).index("seed=4-epochs=5")]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with mobilog.open_run(self.folder / "seed=3-epochs=5.partial.h5") as run:
                uploads = run.table("uploads")
        left = uploads["outcome"] == 2  # planned, and never sent
        self.assertGreater(left.sum(), 0)
        sent = uploads["charged_bytes"][~left].sum()
        self.assertEqual(found["upload_bytes"][list(found["run"]).index("seed=3-epochs=5.partial")], sent)
        self.assertEqual(found.over_seeds()["runs"].tolist(), [3, 3], "finished runs alone have means")

    def test_the_same_seed_twice_is_one_run(self):
        shutil.copy(self.folder / "seed=1-epochs=3.h5", self.folder / "copy.h5")
        self.assertEqual(sorted(self.open().over_seeds()["runs"]), [3, 3])

    def test_one_run_has_a_mean_and_no_spread(self):
        means = self.open([self.folder / "seed=1-epochs=3.h5"]).over_seeds()
        self.assertEqual(means["runs"].tolist(), [1])
        self.assertTrue(math.isnan(means["accuracy_ci95"][0]))
        self.assertNotIn("±", str(means))

    def test_a_target_that_one_run_misses_has_no_mean(self):
        columns = {name: list(self.open()[name]) for name in self.open().columns}
        columns["time_to_target_s"][0] = math.nan
        means = table.RunTable(columns).over_seeds()
        self.assertEqual([math.isnan(mean) for mean in means["time_to_target_s"]], [True, False])
        self.assertEqual(str(means).splitlines()[1].split()[-1], "-")

    def test_a_folder_of_folders(self):
        for path in list(self.folder.glob("*.h5")):
            (self.folder / path.stem).mkdir()
            path.rename(self.folder / path.stem / "run.h5")
        self.assertEqual(self.open()["run"][5], "seed=10-epochs=5")

    def test_where_there_is_no_run_an_error_says_so(self):
        with self.assertRaisesRegex(mobilog.RunError, "no such folder"):
            mobilog.open_runs(self.folder / "nowhere")
        with self.assertRaisesRegex(mobilog.RunError, "no run files"):
            mobilog.open_runs([])
        for path in self.folder.glob("*.h5"):
            path.unlink()
        with self.assertRaisesRegex(mobilog.RunError, "holds no run files"):
            mobilog.open_runs(self.folder)
        (self.folder / "a.h5").write_bytes(b"no run")
        with self.assertRaisesRegex(mobilog.RunError, "of 1 files none can be read.*not an HDF5 file"):
            mobilog.open_runs(self.folder)


@unittest.skipUnless(pandas, "pandas is not installed")
class FrameTest(Sweep):
    def test_it_is_a_data_frame_with_the_same_columns_and_means(self):
        frame = self.open()
        self.assertIsInstance(frame, pandas.DataFrame)
        with without_pandas():
            plain = mobilog.open_runs(self.folder)
        self.assertEqual(list(frame.columns), plain.columns)
        for name in plain.columns:
            self.assertEqual(frame[name].tolist(), plain[name].tolist())
        means = frame.over_seeds()
        self.assertEqual(means["accuracy_ci95"].tolist(), plain.over_seeds()["accuracy_ci95"].tolist())
        self.assertEqual(str(means), str(plain.over_seeds()))

    def test_a_selection_still_has_means(self):
        frame = self.open()
        chosen = frame[frame["server.epochs"] == 5]
        self.assertEqual(chosen.over_seeds()["runs"].tolist(), [3])
        self.assertEqual(len(str(frame[["run", "accuracy"]]).splitlines()), 7)


class VaryingKeysTest(unittest.TestCase):
    def test_entries_that_some_fleets_do_not_have_are_left_out(self):
        one = {"run.seed": "1", "fleet.mix": "a:1", "device.a.memory": "1 GB", "link.l.uplink": "1 MB/s", "data.x": "1"}
        other = {"run.seed": "1", "fleet.mix": "b:1", "device.b.memory": "1 GB", "link.l.uplink": "2 MB/s"}
        self.assertEqual(runs.varying_keys([one, other]), ["run.seed", "fleet.mix", "link.l.uplink", "data.x"])

    def test_values_are_numbers_where_all_are(self):
        self.assertEqual(runs.as_numbers(["1", "10"]), [1, 10])
        self.assertEqual(runs.as_numbers(["0.1", "10"]), [0.1, 10.0])
        self.assertEqual(runs.as_numbers(["1 MB/s", "2"]), ["1 MB/s", "2"])
        self.assertEqual(runs.as_numbers(["none", None]), ["none", ""])


class StatisticsTest(unittest.TestCase):
    def test_quantiles_are_those_of_the_tables(self):
        tabulated = {1: 12.7062, 2: 4.30265, 3: 3.18245, 4: 2.77645, 8: 2.30600, 9: 2.26216, 29: 2.04523, 30: 2.04227,
                     99: 1.98422, 1000: 1.96234}  # fmt: skip
        for freedom, t in tabulated.items():
            self.assertAlmostEqual(statistics.student_t(freedom), t, delta=6e-6 * t)

    def test_an_interval_covers_the_mean_as_often_as_it_says(self):
        random = np.random.default_rng(1)
        covered = 0
        for _ in range(4000):
            mean, half = statistics.mean_and_ci95(random.normal(3, 2, 4))
            covered += abs(mean - 3) <= half
        self.assertAlmostEqual(covered / 4000, 0.95, delta=5 * math.sqrt(0.95 * 0.05 / 4000))

    def test_no_number_makes_no_mean(self):
        self.assertTrue(all(math.isnan(value) for value in statistics.mean_and_ci95([1, math.nan])))
        self.assertEqual(statistics.mean_and_ci95([2, 2, 2]), (2, 0))

    def test_texts_have_two_digits_of_the_spread(self):
        self.assertEqual(table.mean_text(68.2134, 0.4217), "68.21 ± 0.42")
        self.assertEqual(table.mean_text(1234.5, 98.7), "1234 ± 99")
        self.assertEqual(table.mean_text(5.0, 0.0), "5 ± 0")
        self.assertEqual(table.mean_text(math.nan, math.nan), "-")


if __name__ == "__main__":
    unittest.main()
