# SPDX-License-Identifier: Apache-2.0
"""The report against run files made by make_fixture.py: its numbers are those of the file."""

import contextlib
import html
import io
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import h5py
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import mobilog  # noqa: E402
import report  # noqa: E402
from make_fixture import Options, make_fixture  # noqa: E402
from mobireport import (
    figures_fleet,
    figures_learning,
    figures_server,
    look,
    numbers,
    words,
)  # noqa: E402
from mobireport import reference  # noqa: E402
from mobireport import run as runs  # noqa: E402

WRITE_SAMPLE = os.environ.get("MOBI_WRITE_SAMPLE", "")
ALL_FIGURES = set(report.FIGURES)


class ReportCase(unittest.TestCase):
    """A folder of its own, and a report made from options: small, its PNG figures coarse."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        coarse = unittest.mock.patch.object(look, "PNG_DPI", 30)
        coarse.start()
        self.addCleanup(coarse.stop)

    def make(self, **options):
        self.path = make_fixture(
            self.folder / "run.h5", Options(**{"devices": 6, "classes": 4, **options})
        )
        page = report.make_report(self.path, no_reference=True)
        self.figures = {png.stem for png in (self.folder / "figures").glob("*.png")}
        return page.read_text(encoding="utf-8")

    def assert_says(self, page, *texts):
        plain = plain_text(page)
        for text in texts:
            self.assertIn(text.replace(words.NBSP, " "), plain)


def plain_text(page):
    """What a reader sees, without the drawings."""
    page = re.sub(r"<(style|svg)\b.*?</\1>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page))).replace(
        words.NBSP, " "
    )


class FullReportTest(unittest.TestCase):
    """One complete run with its centralised line, looked at from many sides."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.temporary.name)
        cls.run_path = make_fixture(folder / "run.h5", Options())
        other = make_fixture(folder / "replay.h5", Options(mode="replay_after_all", seed=2))
        cls.page_path = report.make_report(cls.run_path, reference_path=other)
        cls.page = cls.page_path.read_text(encoding="utf-8")
        cls.plain = plain_text(cls.page)
        with h5py.File(cls.run_path) as file:
            cls.tables = {
                name: file[name][()]
                for name in (
                    "uploads",
                    "updates",
                    "evaluations",
                    "devices",
                    "downloads",
                    "backbones",
                    "host",
                )
            }
            cls.confusion = sum(matrix[()].astype(int) for matrix in file["confusion"].values())
        with h5py.File(other) as file:
            cls.reference = file["evaluations"][()]

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_totals_equal_the_files(self):
        uploads = self.tables["uploads"]
        for text in (
            words.bytes_(float(uploads["charged_bytes"].sum())),
            words.flop(float(uploads["charged_flop"].sum())),
            words.joules(float(uploads["compute_energy_j"].sum())),
            words.joules(float(uploads["send_energy_j"].sum())),
            f"{len(uploads)} packets",
            f"{len(self.tables['updates'])} updates",
        ):
            self.assertIn(text.replace(words.NBSP, " "), self.plain)

    def test_the_final_scores_equal_the_last_evaluation(self):
        evaluations = self.tables["evaluations"]
        for backbone in (0, 1, 2, -1):
            rows = evaluations[evaluations["backbone"] == backbone]
            self.assertIn(f"{rows['metric'][-1]:.1f} %", self.plain)
            self.assertIn(f"{rows['f1'][-1]:.1f} %", self.plain)

    def test_the_headline_states_accuracy_and_virtual_time(self):
        last = self.tables["evaluations"]["metric"][-1]
        end = words.seconds(self.tables["updates"]["end_ns"].max() * 1e-9).replace(words.NBSP, " ")
        self.assertIn(
            f"12 devices taught one side network: {last:.1f} % correct after {end} of virtual time",
            self.plain,
        )

    def test_centralised_training_is_compared(self):
        central = self.reference["metric"][self.reference["backbone"] == -1][-1]
        self.assertIn(f"centralised training on the same uploads ({central:.1f} %)", self.plain)
        self.assertIn("centralised", self.page[self.page.index("<svg") :])

    def test_each_class_row_equals_the_files(self):
        uploads, devices = self.tables["uploads"], self.tables["devices"]
        for profile, name in enumerate(("jetson_tx2", "xavier_nx", "agx_xavier")):
            members = np.flatnonzero(devices["profile"] == profile)
            mine = np.isin(uploads["device"], members)
            costs = self.page[self.page.index('id="costs"') :]
            row = next(
                line
                for line in re.findall(r"<tr>.*?</tr>", costs)
                if name in line and "wifi" in line
            )
            cells = [plain_text(cell).strip() for cell in re.findall(r"<td.*?</td>", row)]
            self.assertEqual(
                cells[3:8],
                [
                    f"{len(members)}",
                    f"{devices['samples'][members].sum():,}",
                    f"{mine.sum():,}",
                    words.bytes_(float(uploads["charged_bytes"][mine].sum())).replace(
                        words.NBSP, " "
                    ),
                    words.flop(float(uploads["charged_flop"][mine].sum())).replace(words.NBSP, " "),
                ],
            )

    def test_the_slowest_device_is_listed_first(self):
        uploads = self.tables["uploads"]
        slowest = uploads["device"][np.argmax(uploads["arrival_ns"])]
        table = self.page[self.page.index("The slowest devices") :]
        self.assertIn(
            f"device {slowest}", plain_text(table[: table.index("</tr>", table.index("<tbody"))])
        )

    def test_the_most_frequent_mistake_is_listed_first(self):
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        table = self.page[self.page.index("Most frequent mistakes") :]
        first = plain_text(
            table[table.index("<tbody") : table.index("</tr>", table.index("<tbody"))]
        )
        self.assertIn(f" {wrong.max()} ", first)

    def test_share_of_peak_follows_from_host(self):
        host = self.tables["host"]
        rows = host[(host["backbone"] == 2) & (host["samples"] > 0)]
        share = (
            rows["done_flop"].sum()
            / (rows["peak_flop_per_s"] * rows["threads"] * rows["wall_s"]).sum()
        )
        section = self.page[self.page.index('id="host"') :]
        self.assertIn(
            f"{100 * share:.0f} %",
            plain_text(section[section.index("mpnet-12") : section.index("</table>")]),
        )

    def test_the_page_needs_nothing_from_outside(self):
        self.assertNotRegex(self.page, r"<(script|link|iframe|img|object)\b(?![^>]*data:)")
        self.assertNotRegex(self.page, r"@import|url\((?!#)")
        links = set(re.findall(r'(?:href|src)="(?!#|data:)([^"]*)"', self.page))
        self.assertEqual(links, set())
        urls = set(re.findall(r"https?://[^\"' <]*", self.page))
        self.assertLessEqual(urls, {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"})

    def test_ids_are_unique_and_every_reference_resolves(self):
        ids = re.findall(r'\bid="([^"]+)"', self.page)
        self.assertEqual(len(ids), len(set(ids)))
        used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', self.page))
        self.assertLessEqual({a or b for a, b in used}, set(ids))

    def test_no_nan_and_no_empty_figure_reaches_the_reader(self):
        self.assertNotRegex(self.plain, r"(?i)\bnan\b|\binf\b")
        self.assertEqual(self.page.count("<figure"), len(report.FIGURES))

    def test_every_figure_says_what_to_look_for(self):
        self.assertEqual(self.page.count("What to look for."), self.page.count("<figure"))

    def test_drawings_follow_the_theme(self):
        drawings = "".join(re.findall(r"<svg.*?</svg>", self.page, flags=re.S))
        for light, _ in look.THEME.values():
            self.assertNotIn(light, drawings)
        self.assertIn("var(--ink)", drawings)

    def test_png_figures_are_written_at_twice_the_page_width(self):
        pngs = {
            png.stem: look.plt.imread(png) for png in (self.page_path.parent / "figures").iterdir()
        }
        self.assertEqual(set(pngs), ALL_FIGURES)
        self.assertEqual(pngs["accuracy"].shape[1], 2080)

    def test_a_second_report_is_the_same_page(self):
        again = report.make_report(self.run_path, reference_path=self.run_path.parent / "replay.h5")
        self.assertEqual(again.read_text(encoding="utf-8"), self.page)

    def test_the_configuration_is_there_and_escaped(self):
        self.assertIn("alpha = 1", self.plain)
        self.assertNotIn(str(self.run_path.parent), self.page)


class OtherRunsTest(ReportCase):
    """Runs that lack something."""

    def test_a_run_without_computing_shows_the_timeline_alone(self):
        page = self.make(compute=False)
        self.assert_says(
            page, "Nothing was computed in this run", "Who worked when", "What the server did"
        )
        self.assertEqual(
            self.figures, ALL_FIGURES - {"accuracy", "training", "confusion", "recall"}
        )

    def test_a_run_without_evaluations_says_so(self):
        page = self.make(evaluate_every=0)
        self.assert_says(page, "This run has no evaluation")
        self.assertEqual(self.figures, ALL_FIGURES - {"accuracy", "confusion", "recall"})

    def test_one_backbone(self):
        page = self.make(backbones=1, devices=4)
        self.assert_says(page, "4 devices taught one side network", "minilm-3")
        self.assertNotIn("By backbone", page)

    def test_regression_is_a_correlation_without_confusion(self):
        page = self.make(classes=1)
        self.assert_says(page, "a correlation of 0.", "correlation × 100")
        self.assertEqual(self.figures, ALL_FIGURES - {"confusion", "recall"})
        self.assertNotIn("F1", plain_text(page))

    def test_energy_without_a_figure_is_not_zero(self):
        page = self.make(power=False)
        self.assert_says(page, "No energy is known", "no figure energy for computing")
        self.assertNotRegex(plain_text(page), r"\b0 m?J\b")

    def test_an_aborted_run_says_so_at_the_top(self):
        page = self.make(status="aborted")
        self.assertLess(page.index("stopped before its end"), page.index("<h2"))
        self.assert_says(page, "were teaching", "the run ended before the devices fetched")

    def test_refused_devices_are_listed(self):
        page = self.make(refused=2)
        self.assert_says(page, "2 devices could not take part", "Devices that were refused")

    def test_what_was_lost_is_told_by_class(self):
        self.assertNotIn("Lost and sent again", plain_text(self.make()))
        with h5py.File(self.path, "r+") as file:
            file["losses"].resize((5,))
            file["losses"][:] = np.array(
                [
                    (0, 0, 0, 0, 10**9, 0),
                    (0, 1, 1, 0, 5 * 10**8, 7000),
                    (0, 2, 1, 0, 5 * 10**8, 5000),
                    (0, -1, 2, 0, 10**9, 1000),
                    (0, 3, 3, 0, 10**9, 2000),
                ],
                file["losses"].dtype,
            )
            uploads = file["uploads"][:]
            uploads["repeated_bytes"][uploads["device"] == 0] = 1500
            file["uploads"][:] = uploads
        page = report.make_report(self.path, no_reference=True).read_text(encoding="utf-8")
        again = 1500 * int((uploads["device"] == 0).sum())
        self.assert_says(page, "Lost and sent again", f"{words.bytes_(again)} 1 2 1 1 3 s 15 kB")

    def test_packets_that_never_arrive_are_counted(self):
        self.assert_says(self.make(missing=3), "18 packets never arrived")
        for schema in (4, 5):
            self.assertNotIn("never arrived", plain_text(self.make(schema=schema)))

    def test_time_and_bytes_are_told_by_kind(self):
        page = self.make()
        self.assert_says(page, "Time, energy and bytes by kind", "sending alone", "residuals")
        with h5py.File(self.path, "r+") as file:
            costs = file["costs"][:]
            half = costs["done_ns"] // 2
            costs["compute_ns"], costs["send_ns"], costs["both_ns"] = half, costs["done_ns"] - half, 0
            costs["wait_ns"], costs["tap_bytes"], costs["repeated_bytes"] = 0, 0, 10**6
            file["costs"][:] = costs
        page = report.make_report(self.path, no_reference=True).read_text(encoding="utf-8")
        self.assert_says(page, "50.0 % 50.0 % 0.0 % 0.0 %")
        self.assertNotIn("Time, energy and bytes", plain_text(self.make(status="aborted")))

    def test_a_target_is_reached_after(self):
        page = self.make(target=60.0)
        with h5py.File(self.path) as file:
            rows = file["evaluations"][()]
        rows = rows[rows["backbone"] == -1]
        first = next(i for i in range(len(rows)) if (rows["metric"][i : i + 2] >= 60).all())
        self.assert_says(
            page,
            f"The target of 60 was reached after {words.seconds(rows['time_ns'][first] * 1e-9)}",
        )

    def test_a_fleet_of_hundreds_shares_lines(self):
        page = self.make(devices=400, samples_per_device=8, evaluate_every=0, epochs=1)
        self.assertIn("one line is up to 4 devices", html.unescape(page))

    def test_a_file_whose_writer_was_killed(self):
        path = make_fixture(self.folder / "whole.h5")
        killed = self.folder / "run.h5"
        ended = subprocess.run(
            [sys.executable, "-c", KILLED_WRITER, str(path), str(killed)], check=False
        )
        self.assertEqual(ended.returncode, 9)
        with self.assertRaises(OSError):
            h5py.File(killed, "r")
        page = report.make_report(killed, no_reference=True).read_text(encoding="utf-8")
        self.assertLess(page.index("This file is incomplete"), page.index("<h2"))

    def test_tables_of_a_killed_run_may_end_at_different_moments(self):
        path = make_fixture(self.folder / "run.h5")
        with h5py.File(path, "a") as file:
            row = file["status"][0]
            row["status"] = 0
            file["status"][0] = row
            for name, share in (("uploads", 0.3), ("training", 0.5), ("training_gates", 0.7)):
                file[name].resize(int(len(file[name]) * share), axis=0)
            for name in ("downloads", "host"):
                file[name].resize(0, axis=0)
        page = report.make_report(path, no_reference=True).read_text(encoding="utf-8")
        self.assert_says(page, "This file is incomplete")
        self.assertNotRegex(plain_text(page), r"(?i)\bnan\b")

    def test_centralised_training_sends_nothing(self):
        path = make_fixture(self.folder / "run.h5")
        with h5py.File(path, "a") as file:
            text = file["config"].asstr()[()].replace("fed_mobillm", "central_side")
            del file["config"]
            file["config"] = text
            for name in ("uploads", "downloads"):
                file[name].resize(0, axis=0)
        page = report.make_report(path).read_text(encoding="utf-8")
        self.assert_says(
            page, "Centralised training on the data of 12 devices", "No device sent anything"
        )
        self.assertNotRegex(plain_text(page), r"(?i)\bnan\b")

    @unittest.skipUnless(WRITE_SAMPLE, "MOBI_WRITE_SAMPLE names the program that writes a run file")
    def test_files_of_the_real_writer(self):
        for how in ("finished", "aborted", "killed"):
            path = self.folder / how / "run.h5"
            path.parent.mkdir()
            subprocess.run([WRITE_SAMPLE, str(path), how], check=False)
            page = report.make_report(path, no_reference=True).read_text(encoding="utf-8")
            self.assertEqual("incomplete" in page or "stopped before" in page, how != "finished")


# Copies a file, marks it as running, and dies in SWMR mode without closing it.
KILLED_WRITER = """
import h5py, os, sys
with h5py.File(sys.argv[1]) as source:
    target = h5py.File(sys.argv[2], "w", libver="latest")
    for name in source:
        source.copy(name, target)
    for key, value in source.attrs.items():
        target.attrs[key] = value
row = target["status"][0]
row["status"] = 0
target["status"][0] = row
target.swmr_mode = True
target.flush()
os._exit(9)
"""


class ReferenceTest(ReportCase):
    """Where the line of centralised training comes from."""

    def program(self, body):
        path = self.folder / "fedmobillm"
        path.write_text("#!/bin/sh\n" + body, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        before = os.environ.get("FEDMOBILLM")
        os.environ["FEDMOBILLM"] = str(path)
        self.addCleanup(
            lambda: (
                os.environ.pop("FEDMOBILLM")
                if before is None
                else os.environ.__setitem__("FEDMOBILLM", before)
            )
        )

    def run_with_activations(self):
        path = make_fixture(self.folder / "run.h5")
        with h5py.File(path, "a") as file:
            file["activations/minilm-3/samples"] = np.arange(3)
        return runs.load_run(path)

    def test_the_replay_is_made_once_and_kept(self):
        replay = make_fixture(self.folder / "made.h5", Options(mode="replay_after_all"))
        self.program(
            f'echo "$@" >> {self.folder}/calls\n'
            f'for last; do :; done; cp {replay} "${{last#run.output=}}"\n'
        )
        run = self.run_with_activations()
        for _ in range(2):
            line, why_not = reference.obtain(run, self.folder, lambda text: None)
            self.assertEqual(why_not, "")
            self.assertIn(-1, line.curves)
        calls = (self.folder / "calls").read_text(encoding="utf-8").splitlines()
        self.assertEqual(
            calls,
            [
                f"replay --overwrite {run.path} --set server.mode=replay_after_all "
                f"--set run.output={self.folder}/replay_all.h5"
            ],
        )

    def test_a_failed_replay_is_told_in_its_own_words(self):
        self.program('echo "first line" >&2; echo "no activations of minilm-6" >&2; exit 5\n')
        line, why_not = reference.obtain(
            self.run_with_activations(), self.folder, lambda text: None
        )
        self.assertIsNone(line)
        self.assertIn("no activations of minilm-6", why_not)

    def test_without_activations_there_is_no_replay(self):
        run = runs.load_run(make_fixture(self.folder / "run.h5"))
        self.assertIn(
            "holds no activations", reference.obtain(run, self.folder, lambda text: None)[1]
        )

    def test_a_replay_is_not_compared_with_itself(self):
        run = runs.load_run(make_fixture(self.folder / "run.h5", Options(mode="replay_after_all")))
        self.assertIn(
            "centralised training itself", reference.obtain(run, self.folder, lambda text: None)[1]
        )

    def test_a_reference_of_another_task_is_refused(self):
        run = runs.load_run(make_fixture(self.folder / "run.h5"))
        other = make_fixture(self.folder / "other.h5", Options(classes=3))
        with self.assertRaisesRegex(mobilog.RunError, "other classes"):
            reference.load_reference(other, run)


class CommandLineTest(ReportCase):
    """Exit codes, messages, and where the files go."""

    def call(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = report.main([str(argument) for argument in arguments])
        return code, out.getvalue(), err.getvalue()

    def test_a_missing_file_is_one_line_and_code_3(self):
        code, _, error = self.call(self.folder / "none.h5")
        self.assertEqual((code, error.count("\n")), (3, 1))
        self.assertIn("no such file", error)

    def test_a_file_that_is_no_run_is_one_line_and_code_3(self):
        (self.folder / "text.h5").write_text("hello", encoding="utf-8")
        with h5py.File(self.folder / "empty.h5", "w"):
            pass
        for name in ("text.h5", "empty.h5"):
            code, _, error = self.call(self.folder / name)
            self.assertEqual((code, error.count("\n")), (3, 1), error)

    def test_output_goes_beside_the_run(self):
        self.assertEqual(
            report.output_folder(pathlib.Path("results/quickstart/run.h5")),
            pathlib.Path("results/quickstart"),
        )
        self.assertEqual(
            report.output_folder(pathlib.Path("results/sweep/a.h5")),
            pathlib.Path("results/sweep/a"),
        )

    def test_a_run_file_without_an_ending_does_not_stand_in_the_way(self):
        path = make_fixture(self.folder / "noext", Options(compute=False))
        code, out, _ = self.call(path, "--no-reference")
        self.assertEqual((code, out.strip()), (0, str(self.folder / "noext_report" / "report.html")))

    def test_an_output_that_is_a_file_is_one_line_and_code_5(self):
        path = make_fixture(self.folder / "a.h5", Options(compute=False))
        (self.folder / "a").write_text("not ours")
        code, _, error = self.call(path, "--no-reference")
        self.assertEqual(code, 5)
        self.assertEqual(error, f"report.py: {self.folder / 'a'} is no folder: --output DIR takes another one\n")
        self.assertEqual((self.folder / "a").read_text(), "not ours")

    def test_output_is_created_where_asked(self):
        path = make_fixture(self.folder / "run.h5", Options(compute=False))
        code, out, _ = self.call(path, "--no-reference", "--output", self.folder / "a" / "b")
        self.assertEqual((code, out.strip()), (0, str(self.folder / "a" / "b" / "report.html")))


class WordsTest(unittest.TestCase):
    """Quantities as text."""

    def test_three_figures_and_a_unit(self):
        cases = [
            (words.bytes_(0), "0 B"),
            (words.bytes_(999), "999 B"),
            (words.bytes_(1234567), "1.23 MB"),
            (words.bytes_(999_999), "1.00 MB"),
            (words.flop(2.26e13), "22.6 TFLOP"),
            (words.joules(0.0123), "12.3 mJ"),
            (words.seconds(0.297), "297 ms"),
            (words.seconds(75), "1 min 15 s"),
            (words.seconds(59.99), "1 min 0 s"),
            (words.seconds(90061), "25 h 1 min"),
            (words.percent(75.04), "75.0 %"),
            (words.seconds(0), "0 s"),
            (words.number(1234567.0), "1,234,567"),
        ]
        for found, expected in cases:
            self.assertEqual(found.replace(words.NBSP, " "), expected)

    def test_what_is_not_known_is_no_figure(self):
        for say in (
            words.bytes_,
            words.flop,
            words.joules,
            words.seconds,
            words.percent,
            words.number,
        ):
            self.assertEqual(say(float("nan")), "no figure")

    def test_lists_counts_and_signs(self):
        self.assertEqual(words.listed("abc"), "a, b and c")
        self.assertEqual(
            (words.count(1, "packet"), words.count(1200, "packet")), ("1 packet", "1,200 packets")
        )
        self.assertEqual(
            [words.signed(v) for v in (1.24, -0.7, 0.04, -0.04)], ["+1.2", "−0.7", "0.0", "0.0"]
        )


class NumbersTest(unittest.TestCase):
    """Derived quantities against cases worked out by hand."""

    def test_time_to_target_needs_consecutive_evaluations(self):
        metric = np.array([50, 71, 69, 72, 73.0])
        curve = numbers.Curve(-1, np.arange(5), np.arange(5.0), metric, metric, metric)
        self.assertEqual(numbers.time_to(curve, 70, 1), 1)
        self.assertEqual(numbers.time_to(curve, 70, 2), 3)
        self.assertTrue(np.isnan(numbers.time_to(curve, 70, 3)))

    def test_busy_share_of_each_slice(self):
        share = figures_server.busy(np.array([0.5, 2.0]), np.array([1.5, 4.0]), 4.0, 4)
        np.testing.assert_allclose(share, [0.5, 0.5, 1, 1])

    def test_busy_share_keeps_the_total(self):
        random = np.random.default_rng(3)
        edges = np.sort(random.uniform(0, 9, 400))
        share = figures_server.busy(edges[::2], edges[1::2], 9.0, 37)
        self.assertAlmostEqual(share.sum() * 9 / 37, (edges[1::2] - edges[::2]).sum())
        self.assertTrue(((share >= -1e-12) & (share <= 1 + 1e-12)).all())

    def test_coverage_counts_parts_of_a_slice(self):
        bins = figures_fleet.TIME_BINS
        cover = figures_fleet.coverage(
            np.array([0, 0, 1]), np.array([0.0, 10.5, 0]), np.array([2.5, 12.0, bins]), 2, bins
        )
        np.testing.assert_allclose(
            cover[0, :13], [1, 1, 0.5, 0, 0, 0, 0, 0, 0, 0, 0.5, 1, 0], atol=1e-9
        )
        np.testing.assert_allclose(cover[1], 1, atol=1e-9)

    def test_touching_segments_become_one(self):
        start, end = figures_fleet.merged(np.array([0, 1, 5.0]), np.array([1, 2, 6.0]), 1e-9)
        self.assertEqual((start.tolist(), end.tolist()), ([0, 5], [2, 6]))

    def test_recall_of_a_class_without_samples_is_not_known(self):
        result = numbers.recall(np.array([[3, 1], [0, 0]]))
        self.assertEqual(result[0], 75)
        self.assertTrue(np.isnan(result[1]))

    def test_slices_keep_the_median(self):
        centre, low, median, high = figures_learning.binned(
            np.arange(10.0), np.array([1.0, 2, 3, 4, 5, 9, 9, 9, 9, 9]), 2, 10
        )
        self.assertEqual((centre.tolist(), median.tolist()), ([2, 7], [3, 9]))
        self.assertTrue((low <= median).all() and (median <= high).all())

    def test_labels_are_moved_apart_in_order(self):
        placed = look.spread([10.0, 10.5, 30.0], 5)
        self.assertGreaterEqual(placed[1] - placed[0], 5 - 1e-6)
        self.assertEqual(placed[2], 30)


class ValidationTest(ReportCase):
    def test_both_figures_of_the_test_set_are_named(self):
        page = self.make(validation=True)
        run = runs.load_run(self.path)
        summary = numbers.summarise(run)
        last, best = summary.tests[0], summary.tests[1]
        self.assert_says(
            page,
            f"{words.percent(last.metric[-1])} correct after",
            f"the last weights have {words.percent(last.metric[-1])}, those that were best on the validation set,"
            f" after {best.updates:,} of {last.updates:,} updates, {words.percent(best.metric[-1])}",
            "validation, last weights",
            "test, last weights",
            "test, best on validation",
        )
        self.assertEqual(summary.final(), last.metric[-1])

    def test_passes_are_there_by_arrival_device_and_class(self):
        page = self.make(validation=True)
        fleet = numbers.passes(runs.load_run(self.path), 0)[0]
        self.assert_says(
            page,
            "Passes of a sample",
            "1. tenth to arrive",
            "10. tenth to arrive",
            f"all samples {fleet.samples:,} {fleet.mean:.2f} {fleet.fewest} {fleet.most}",
        )

    def test_without_a_validation_set_the_page_says_neither(self):
        plain = plain_text(self.make())
        for text in ("validation", "Passes of a sample"):
            self.assertNotIn(text, plain)


if __name__ == "__main__":
    unittest.main()
