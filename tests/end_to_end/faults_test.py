# SPDX-License-Identifier: Apache-2.0
"""Disks that fill up and messages that are damaged: one line, the right code, a readable file, and --resume.

Environment: MOBI_FAULTS, the library that makes faults; MOBI_POINTS, how many places of a run are tried.
"""
import os
import random
import subprocess
import sys
import unittest
import warnings

import h5py

from killing import OFTEN, KillingWorkspace
from tiny_fleet import ENVIRONMENT, MPIEXEC, PROGRAM, ROOT, read_datasets

sys.path.insert(0, str(ROOT / "analysis"))
import mobilog  # noqa: E402

MPI, RECORD = 4, 5
POINTS = int(os.environ.get("MOBI_POINTS", "6"))  # 20 are a thorough check
LIBRARY = os.environ.get("MOBI_FAULTS", "")


def mount(folder, size, again=False):
    """A file system of `size` bytes at `folder`, or that one with another size; false: not allowed."""
    options = f"{'remount,' if again else ''}size={size}"
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True).returncode == 0


class Faults(KillingWorkspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure(server__epochs=60, eval__every=60)

    def run_with(self, output, ranks=None, resume=False, environment=(), settings=OFTEN):
        words = ["run", self.config, *(["--resume"] if resume else [])]
        for setting in (*settings, f"run.output={output}"):
            words += ["--set", setting]
        return subprocess.run(
            self.command(words, ranks), cwd=self.folder, env={**ENVIRONMENT, **dict(environment)}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    def said(self, end):
        lines = [line for line in end.stderr.splitlines() if line.startswith("fedmobillm run: ")]
        self.assertEqual(len(lines), 1, end.stderr)
        return lines[0]

    @staticmethod
    def quietly(path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mobilog.IncompleteRun)
            return mobilog.open_run(path)

    def assert_readable(self, path):
        """Every table that mobilog shows, and every dataset, can be read."""
        with self.quietly(path) as run:
            self.assertTrue(run.incomplete)
        with h5py.File(path, "r", swmr=True) as file:
            names = []
            file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            for name in names:
                file[name][()]
        self.assertGreater(len(names), 20)


class FullDiskTest(Faults):
    def full(self, place, whole, output, environment=()):
        """One run that meets the end of the disk; `place()` then makes room."""
        end = self.run_with(output, environment=environment)
        if end.returncode == 0:
            return False
        self.assertEqual(end.returncode, RECORD, end.stderr)
        self.assertIn("No space left on device", self.said(end))
        if output.exists():
            self.assert_readable(output)
        place()
        end = self.run_with(output, resume=True)
        self.assertEqual(end.returncode, 0, end.stderr)
        self.assert_same(whole, output)
        return True

    def needed(self, whole):
        return whole.stat().st_size

    def test_a_file_system_that_fills_up(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if not mount(disk, 1 << 20):
            self.skipTest("a file system of its own: only root may mount one")
        self.addCleanup(subprocess.run, ["umount", str(disk)])
        whole = self.run_fleet("whole.h5", *OFTEN)
        draw = random.Random(int(os.environ.get("MOBI_SEED", "1")))
        met = 0
        for point in range(POINTS):
            output = disk / f"{point}.h5"
            size = int(self.needed(whole) * (point + draw.random()) / POINTS) + 8192
            with self.subTest(size=size):
                self.assertTrue(mount(disk, size, again=True))
                met += self.full(lambda: mount(disk, 256 << 20, again=True), whole, output)
                for path in disk.iterdir():
                    path.unlink()
        self.assertGreater(met, POINTS // 2)

    @unittest.skipUnless(LIBRARY, "MOBI_FAULTS is not set")
    def test_any_write_may_be_the_last(self):
        place = self.folder / "place"
        place.mkdir()
        whole = self.run_fleet("whole.h5", *OFTEN)
        draw = random.Random(int(os.environ.get("MOBI_SEED", "2")))
        met = 0
        for point in range(POINTS):
            limit = int(2 * self.needed(whole) * (point + draw.random()) / POINTS)  # much is written twice
            with self.subTest(bytes=limit):
                environment = {"LD_PRELOAD": LIBRARY, "MOBI_FAULT_FOLDER": str(place), "MOBI_FAULT_BYTES": str(limit)}
                met += self.full(lambda: None, whole, place / f"{point}.h5", environment)
        self.assertGreater(met, POINTS // 2)


@unittest.skipUnless(LIBRARY, "MOBI_FAULTS is not set")
class MessageTest(Faults):
    def test_a_damaged_packet_is_named(self):
        output = self.folder / "damaged.h5"
        for byte in (12, 20, 30):  # the first message: how many come from a rank is a matter of speed
            with self.subTest(byte=byte):
                words = ["run", "--overwrite", self.config, "--set", f"run.output={output}"]
                end = subprocess.run(
                    [MPIEXEC, "-np", "3", "--oversubscribe", "-x", "LD_PRELOAD", "-x", "MOBI_FAULT_MESSAGE", PROGRAM, *map(str, words)],
                    cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                    env={**ENVIRONMENT, "LD_PRELOAD": LIBRARY, "MOBI_FAULT_MESSAGE": f"2:1:{byte}"},
                )  # fmt: skip
                self.assertEqual(end.returncode, MPI, end.stderr)
                self.assertIn("rank 2", self.said(end))
                if output.exists():
                    self.assert_readable(output)


if __name__ == "__main__":
    unittest.main()
