# SPDX-License-Identifier: Apache-2.0
"""A signal while a run is planned, before its file exists, ends it at once; while it works, the file is closed."""
import signal
import subprocess
import time
import unittest

import h5py

from tiny_fleet import ENVIRONMENT, Workspace

PATIENCE = 60  # s, on a busy machine


class SignalTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # so many updates that walking through them takes seconds
        cls.config = cls.configure(server__epochs=80_000, server__batch=1, run__compute="none")

    def start(self, *words):
        process = subprocess.Popen(
            self.command(["run", self.config, *words]), cwd=self.folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(process.kill)
        return process

    def test_planning_ends_at_the_first(self):
        output = self.folder / "planned.h5"
        for number, code, word in ((signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")):
            process = self.start("--set", f"run.output={output}")
            time.sleep(2)
            self.assertIsNone(process.poll(), "planned before the signal came")
            process.send_signal(number)
            _, said = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, code, said)
            self.assertEqual(said, f"fedmobillm run: {word}; nothing was written\n")
            self.assertFalse(output.exists())

    def test_a_run_closes_its_file(self):
        output = self.folder / "running.h5"
        process = self.start("--set", f"run.output={output}", "--set", "server.epochs=20000")
        deadline = time.monotonic() + PATIENCE
        while not output.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 143, said)
        self.assertIn("terminated; the run file is closed with status aborted", said)
        with h5py.File(output) as file:
            self.assertEqual(file["status"]["status"][0], 2)


if __name__ == "__main__":
    unittest.main()
