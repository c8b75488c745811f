# SPDX-License-Identifier: Apache-2.0
"""configs/experiments/paper_time.cfg as it stands: the paper's FLOPs, bytes and memory, and what it says of the minutes."""
import shlex
import subprocess
import sys
import unittest

from tiny_fleet import ROOT, Workspace, table

EXPERIMENT = ROOT / "configs/experiments/paper_time.cfg"


class PaperTimeTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.text = cls.folder / "paper_time"
        subprocess.run(
            [sys.executable, ROOT / "data/make_synthetic.py", "--classes", "2", "--train", "3000", "--folder", cls.text],
            check=True, capture_output=True,
        )  # fmt: skip
        (cls.folder / "configs").symlink_to(ROOT / "configs")
        (cls.folder / "data/cache").mkdir(parents=True)
        (cls.folder / "data/cache/paper_time").symlink_to(cls.text)
        cls.runs = {}
        for line in cls.good("check", "--list-runs", EXPERIMENT).stdout.splitlines():
            name, _, arguments = line.partition("\t")
            cls.runs[name] = cls.folder / f"{name}.h5"
            cls.good("run", EXPERIMENT, *shlex.split(arguments), "--set", f"run.output={cls.runs[name]}")

    def test_a_device_costs_what_the_paper_reports(self):
        for name, path in self.runs.items():
            with self.subTest(run=name):
                devices, uploads = table(path, "devices"), table(path, "uploads")
                self.assertEqual(len(devices), 100)
                self.assertTrue(devices["admitted"].all())
                self.assertTrue((devices["samples"] == 30).all())
                for device in range(100):
                    own = uploads[uploads["device"] == device]
                    self.assertEqual(own["charged_bytes"].sum(), 1_106_160)
                    self.assertAlmostEqual(own["charged_flop"].sum() / 1e12, 2.899, delta=0.0005)
                working_set = 4 * 512 * (2 * 768 + 3072) * 2 + 4 * 12 * 512**2 * 2
                weights = 2 * 124_055_040 if name.endswith("fp16") else 4 * 85_054_464
                need = devices["memory_need_bytes"]
                self.assertTrue((abs(need - (weights + working_set)) < 0.001 * need).all(), need[0] - weights - working_set)
                if not name.endswith("fp16"):
                    self.assertAlmostEqual(need[0] / 1e9, 0.38, delta=0.005)

    def test_the_table_brackets_the_papers_minutes(self):
        end = subprocess.run(
            [sys.executable, ROOT / "analysis/paper_time.py", *self.runs.values()], check=True, capture_output=True, text=True
        )
        lines = end.stdout.splitlines()
        self.assertEqual(len(lines), len(self.runs) + 2)
        self.assertIn("5.1 to 6.0 minutes", lines[-1])
        at_once, in_turn = [], []
        for line, name in zip(lines[1:], self.runs):
            word, *numbers = line.split()
            self.assertEqual(word, name)
            weights, flop, sent, _, arrived, trained, turn = map(float, numbers)
            self.assertAlmostEqual(weights, 2.609, delta=0.0006)
            self.assertAlmostEqual(flop, 2.899, delta=0.0006)
            self.assertAlmostEqual(sent, 1.106, delta=0.0006)
            self.assertLessEqual(arrived, trained)
            self.assertLess(trained, turn)
            at_once.append(trained)
            in_turn.append(turn)
        self.assertLess(min(at_once), 5.1)
        self.assertGreater(min(in_turn), 6.0)


if __name__ == "__main__":
    unittest.main()
