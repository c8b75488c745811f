# SPDX-License-Identifier: Apache-2.0
"""Figures with bands: what a run says about its duration is what runs with those figures take."""
import re
import unittest

from tiny_fleet import Workspace, table

BANDED = (
    'device.slow.rate_fp32=40 MFLOP/s in 10 .. 80 MFLOP/s', "device.*.power_compute=5 W in 2 .. 8 W",
    "link.thin.uplink=20 kbit/s in 5 .. 80 kbit/s", "link.*.power_up_base=1 W in 0.5 .. 2 W",
    "link.*.power_up_slope=0 mW per Mbit/s", "link.*.power_down_base=1 W in 0.5 .. 2 W",
    "link.*.power_down_slope=0 mW per Mbit/s", "run.compute=none",
)  # fmt: skip
NOMINAL, LOW, HIGH = 0, 1, 2


def end_ns(path):
    """Of the last event, from the event tables themselves."""
    return max(table(path, "updates")["end_ns"].max(), table(path, "downloads")["end_ns"].max())


def energy_j(path):
    uploads, downloads = table(path, "uploads"), table(path, "downloads")
    return uploads["compute_energy_j"].sum() + uploads["send_energy_j"].sum() + downloads["energy_j"].sum()


class BandsTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure()

    def test_both_ends_are_those_of_runs_with_their_figures(self):
        paths = {
            figures: self.run_fleet(f"{name}.h5", *BANDED, f"run.figures={name}")
            for figures, name in ((NOMINAL, "nominal"), (LOW, "low"), (HIGH, "high"))
        }
        for own, path in paths.items():
            bands = table(path, "bands")
            self.assertEqual(bands["figures"][0], own)
            self.assertEqual(sorted(bands["figures"]), [NOMINAL, LOW, HIGH])
            for row in bands:
                other = paths[int(row["figures"])]
                self.assertEqual(row["run_end_ns"], end_ns(other))
                self.assertEqual(row["updates"], len(table(other, "updates")))
                self.assertAlmostEqual(
                    row["compute_energy_j"] + row["send_energy_j"] + row["receive_energy_j"], energy_j(other), delta=1e-9
                )
        self.assertLess(end_ns(paths[LOW]), end_ns(paths[NOMINAL]))
        self.assertLess(end_ns(paths[NOMINAL]), end_ns(paths[HIGH]))

    def test_what_bounds_the_run_is_that_in_runs_with_half_and_twice_of_it(self):
        settings = ("link.thin.uplink=2 kbit/s", "run.compute=none")
        for command in ("check", "run"):
            path = self.folder / "bound.h5"
            words = [word for one in (*settings, f"run.output={path}") for word in ("--set", one)]
            said = self.good(command, self.config, *words, *(["--overwrite"] if command == "run" else [])).stdout
            lines = [line for line in said.splitlines() if line.startswith("bound by")]
            self.assertEqual(len(lines), 1, said)
            self.assertRegex(lines[0], r"the uplinks \(\d+ %\), link\.thin\.uplink = 2 kbit/s: .* with half of it, .* with twice")
        bound = table(path, "bounds")[0]
        for column, value in (("halved_ns", "1 kbit/s"), ("doubled_ns", "4 kbit/s")):
            other = self.run_fleet("other.h5", f"link.thin.uplink={value}", "run.compute=none")
            self.assertEqual(bound[column], end_ns(other), column)

    def test_the_resolved_configuration_gives_the_same_run(self):
        path = self.run_fleet("once.h5", *BANDED, "run.figures=high")
        resolved = self.folder / "resolved.cfg"
        text = table(path, "config").decode()
        resolved.write_text(text)
        self.assertTrue(re.search(r"^rate_fp32 = 40 MFLOP/s in 10 \.\. 80 MFLOP/s$", text, re.M), text)
        self.assert_same(path, self.run_fleet("again.h5", config=resolved))

    def test_a_replay_does_not_change_the_figures_of_a_fleet(self):
        path = self.run_fleet("log.h5")
        end = self.call("replay", path, "--set", "run.figures=low")
        self.assertEqual(end.returncode, 2)
        self.assertIn("run.figures: a replay takes the times of packets from the log", end.stderr)


if __name__ == "__main__":
    unittest.main()
