# SPDX-License-Identifier: Apache-2.0
"""Bands of duration and energy, and what bounds a run: as read, and as the reports say them."""

import contextlib
import io
import math
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import mobilog  # noqa: E402
from fixture_timeline import Options  # noqa: E402
from make_fixture import make_fixture  # noqa: E402
from mobilog import figures, runs  # noqa: E402
from mobireport import command, several, sureness, words  # noqa: E402
from test_report import ReportCase, plain_text  # noqa: E402


class OutlookCase(ReportCase):
    def make(self, name="run", **options):
        options = {"devices": 6, "samples_per_device": 12, "classes": 4, "bands": True, **options}
        return make_fixture(self.folder / f"{name}.h5", Options(**options))

    def open(self, path):
        run = mobilog.open_run(path)
        self.addCleanup(run.close)
        return run


class ReadingTest(OutlookCase):
    def test_bands_are_the_runs_own_figure_and_both_ends(self):
        for own, factor in (("nominal", 1), ("low", 0.25), ("high", 4)):
            run = self.open(self.make(own, figures=own))
            bands = mobilog.bands(run)
            end_s = run.table("updates")["end_ns"].max() / 1e9
            for value, wanted in zip(bands["time_s"], (factor, 0.25, 4)):
                self.assertAlmostEqual(value, wanted * end_s, places=6)
            self.assertEqual(bands["energy_j"], mobilog.Band(105 * factor, 105 / 4, 105 * 4))

    def test_the_first_bound_is_what_matters_most(self):
        bound = mobilog.bound(self.open(self.make()))
        self.assertEqual((bound.kind, bound.key, bound.share), ("server_steps", "server.launch", 0.9))
        self.assertAlmostEqual(bound.doubled_s, 4 * bound.halved_s)
        self.assertTrue(math.isnan(bound.without_s))
        absences = mobilog.bound(self.open(self.make("away", absences=True)))
        self.assertTrue(math.isnan(absences.halved_s))
        self.assertGreater(absences.without_s, 0)

    def test_a_file_without_them_has_none(self):
        run = self.open(self.make(bands=False))
        self.assertEqual(mobilog.bands(run), {})
        self.assertIsNone(mobilog.bound(run))


class ReportTest(OutlookCase):
    def page(self, **options):
        command.make_report(self.make(**options), no_reference=True)
        return plain_text((self.folder / "report.html").read_text(encoding="utf-8"))

    def plain(self, text):
        return text.replace(words.NBSP, " ")

    def test_shows_time_energy_and_target_with_their_band(self):
        page = self.page(target=20)
        with mobilog.open_run(self.folder / "run.h5") as run:
            bands, target = mobilog.bands(run), figures.figures(run)["time_to_target_s"]
        for value in bands["time_s"]:
            self.assertIn(self.plain(words.seconds(value)), page)
        for value in bands["energy_j"]:
            self.assertIn(self.plain(words.joules(value)), page)
        self.assertIn("How sure the figures are", page)
        self.assertIn(f"time to target {self.plain(words.seconds(target))} needs a run with it needs a run with it", page)
        self.assertIn("What bounds the duration is the server's steps, server.launch:", page)

    def test_says_what_a_run_without_absences_would_take(self):
        self.assertIn("What bounds the duration is absences, fleet.availability: with all devices always on", self.page(absences=True))

    def test_a_run_without_bands_has_no_section(self):
        page = self.page(bands=False)
        self.assertNotIn("How sure", page)
        self.assertNotIn("What bounds", page)


class SeveralTest(OutlookCase):
    def compare(self):
        with contextlib.redirect_stdout(io.StringIO()):
            command.main([str(self.folder)])

    def bands_of(self):
        paths = sorted(self.folder.glob("*.h5"))
        columns, _ = runs.read_columns(paths)
        return columns, sureness.of_settings(columns, several.read_bands(paths, columns))

    def test_ends_are_those_of_runs_with_their_figures(self):
        for seed in (1, 2):
            for end in ("nominal", "low", "high"):
                self.make(f"{end}-{seed}", figures=end, seed=seed, target=20)
        columns, found = self.bands_of()
        self.assertEqual(list(found), ["all runs"])
        for quantity in ("time_s", "time_to_target_s"):
            for end, value in zip(("nominal", "low", "high"), found["all runs"][quantity]):
                rows = [i for i, name in enumerate(columns["run.figures"]) if name == end]
                self.assertAlmostEqual(value, sum(columns[quantity][i] for i in rows) / 2)
        self.compare()
        page = plain_text((self.folder / "runs.html").read_text(encoding="utf-8"))
        self.assertIn("How sure the figures are", page)

    def test_without_such_runs_they_are_what_was_planned(self):
        for seed in (1, 2):
            self.make(f"s{seed}", seed=seed)
        _, found = self.bands_of()
        band = found["all runs"]["time_s"]
        planned = [mobilog.bands(self.open(self.folder / f"s{seed}.h5"))["time_s"].own for seed in (1, 2)]
        self.assertAlmostEqual(band.own, sum(planned) / 2)
        self.assertAlmostEqual(band.high, 4 * band.own)
        self.assertNotIn("time_to_target_s", found["all runs"])

    def test_runs_without_bands_have_no_section(self):
        self.make("a", bands=False)
        self.make("b", bands=False, seed=2)
        self.assertEqual(self.bands_of()[1], {})
        self.compare()
        self.assertNotIn("How sure", (self.folder / "runs.html").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
