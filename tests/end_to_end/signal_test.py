# SPDX-License-Identifier: Apache-2.0
"""A signal while a run is planned, before its file exists, ends it at once; while it works, the file is closed."""
import pathlib
import signal
import subprocess
import time
import unittest

import h5py

from tiny_fleet import ENVIRONMENT, Workspace

PATIENCE = 60  # s, on a busy machine


def wait_until_caught(process, number):
    """Until the program has said what it does at the signal: before, it just dies."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        caught = int(status.split("SigCgt:")[1].split()[0], 16)
        if caught >> (number - 1) & 1:
            return
        time.sleep(0.02)


class SignalTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # so many packets and updates that walking through them takes seconds
        cls.config = cls.configure(server__epochs=75_000, server__batch=1, device__epochs=20_000, run__compute="none")

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
            wait_until_caught(process, number)
            time.sleep(0.3)
            self.assertIsNone(process.poll(), "planned before the signal came")
            process.send_signal(number)
            _, said = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, code, said)
            self.assertEqual(said, f"fedmobillm run: {word}; nothing was written\n")
            self.assertFalse(output.exists())

    def test_a_run_closes_its_file(self):
        output = self.folder / "running.h5"
        process = self.start("--set", f"run.output={output}", "--set", "server.epochs=20000", "--set", "device.epochs=1")
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
