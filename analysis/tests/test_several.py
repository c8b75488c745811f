# SPDX-License-Identifier: Apache-2.0
"""The page of several runs: a line for those that differ in their seed alone."""

import contextlib
import io
import pathlib
import re
import sys
import tempfile
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from fixture_timeline import Options  # noqa: E402
from make_fixture import make_fixture  # noqa: E402
from mobilog import runs, table  # noqa: E402
from mobireport import command, look, several  # noqa: E402


class SeveralTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "study"
        self.folder.mkdir()
        coarse = unittest.mock.patch.object(look, "PNG_DPI", 30)
        coarse.start()
        self.addCleanup(coarse.stop)

    def make(self, name, **options):
        return make_fixture(self.folder / f"{name}.h5", Options(**{"devices": 6, "samples_per_device": 12, **options}))

    def call(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = command.main([str(argument) for argument in arguments])
        return code, out.getvalue().strip(), err.getvalue()

    def test_seeds_are_one_line_with_mean_and_spread(self):
        for epochs in (3, 5):
            for seed in (1, 2):
                self.make(f"seed={seed}-epochs={epochs}", seed=seed, epochs=epochs, target=20)
        code, out, error = self.call(self.folder)
        self.assertEqual((code, out, error), (0, str(self.folder / "runs.html"), ""))
        html = (self.folder / "runs.html").read_text(encoding="utf-8")
        self.assertIn("<h1>4 runs, 2 settings, 2 seeds each</h1>", html)
        means = table.over_seeds(runs.read_columns(sorted(self.folder.glob("*.h5")))[0])
        for i in range(2):
            self.assertIn(f"<td>{table.mean_text(means['accuracy'][i], means['accuracy_ci95'][i])}</td>", html)
        means_part, runs_part = html.split('<section id="means">')[1].split('<section id="runs">')
        rows = re.findall(r"<tr><td class=text>(\d)</td><td>2</td>", means_part)
        self.assertEqual(rows, ["3", "5"])
        self.assertEqual(runs_part.count("finished"), 4)
        self.assertEqual(means_part.count("<svg"), 2)
        self.assertTrue((self.folder / "runs.png").is_file())
        self.assertNotIn('class="warning"', html)

    def test_what_is_not_in_the_means_is_said(self):
        whole = self.make("a")
        self.make("b", seed=2, status="aborted")
        broken = self.folder / "c.h5"
        broken.write_bytes(b"no run")
        code, out, _ = self.call(whole, self.folder / "b.h5", broken, "--output", self.folder / "page")
        self.assertEqual((code, out), (0, str(self.folder / "page" / "runs.html")))
        html = pathlib.Path(out).read_text(encoding="utf-8")
        self.assertEqual(html.count('<p class="warning">'), 2)
        self.assertIn("b has not finished: aborted", html)
        self.assertIn("not an HDF5 file", html)
        self.assertIn("3 runs, 1 setting, 1 seed each", html)
        self.assertNotIn("±</td>", html)

    def test_runs_without_evaluations_have_no_figure(self):
        for seed in (1, 2):
            self.make(f"s{seed}", seed=seed, compute=False)
        (self.folder / "runs.png").write_bytes(b"of an earlier page")
        self.assertEqual(self.call(self.folder)[0], 0)
        html = (self.folder / "runs.html").read_text(encoding="utf-8")
        self.assertNotIn("<svg", html)
        self.assertNotIn("accuracy", html)
        self.assertFalse((self.folder / "runs.png").exists())

    def test_mistakes_are_one_line(self):
        self.assertEqual(self.call(self.folder)[0], 3)
        code, _, error = self.call(self.folder, self.folder)
        self.assertEqual((code, error.count("\n")), (3, 1))
        self.assertTrue(error.startswith("mobireport: "))
        with self.assertRaises(SystemExit) as end, contextlib.redirect_stderr(io.StringIO()) as text:
            command.main([str(self.folder), "--reference", "x"])
        self.assertEqual(end.exception.code, 2)
        self.assertIn("--reference is a replay of one run", text.getvalue())

    def test_a_setting_is_called_by_its_keys(self):
        columns = {"status": ["finished"] * 2, "run.seed": [1, 1], "data.alpha": [0.1, 10.0], "side.width": [3, 4]}
        self.assertEqual(several.setting_names(columns), ["data.alpha = 0.1, side.width = 3", "data.alpha = 10, side.width = 4"])


if __name__ == "__main__":
    unittest.main()
