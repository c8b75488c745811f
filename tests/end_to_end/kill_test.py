# SPDX-License-Identifier: Apache-2.0
"""A run that is killed or stopped: what the launch script says and returns, what the file still gives."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

import h5py

from tiny_fleet import ENVIRONMENT, PROGRAM, ROOT, Workspace

sys.path.insert(0, str(ROOT / "analysis"))
import mobilog  # noqa: E402

RANKS = 3


class KillTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls.link_project()
        # more updates than anybody waits for; little is flushed late
        cls.config = cls.configure(server__epochs=100_000, record__flush="100 ms")

    def setUp(self):
        # not in the class's folder: Open MPI's session folder must not outlive the test either
        holder = tempfile.TemporaryDirectory(prefix="fedmobillm_e2e_")
        self.addCleanup(holder.cleanup)
        self.output = pathlib.Path(holder.name) / "run.h5"
        environment = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("MOBI_")}
        self.script = subprocess.Popen(
            ["bash", str(self.root / "mpi_launch/run_local.sh"), "-n", str(RANKS), "--", str(self.config),
             "--set", f"run.output={self.output}"],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.addCleanup(self.end_script)
        self.wait_for_updates()

    def end_script(self):
        """Ends whatever a failed test has left: the ranks, mpirun, the script."""
        for rank in self.ranks().values():
            os.kill(rank, signal.SIGKILL)
        if self.script.poll() is None:
            self.script.kill()
        self.script.communicate()

    def ranks(self):
        """{rank: process id} of this run, found by its output file."""
        found = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"run.output={self.output}".encode() not in command or not command[0].endswith(b"fedmobillm"):
                continue
            for entry in environment:
                if entry.startswith(b"OMPI_COMM_WORLD_RANK="):
                    found[int(entry.partition(b"=")[2])] = int(folder.name)
        return found

    def wait_for_updates(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.script.poll() is None:
            if self.output.exists():
                try:
                    with self.opened() as run:
                        if len(run.table("training")) > 50 and len(run.activations("small", 1)) > 0:
                            return
                except (OSError, mobilog.RunError):
                    pass  # at its very beginning
            time.sleep(0.1)
        self.fail(f"no update in the file: {self.end_script() or self.script.returncode}")

    def opened(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mobilog.IncompleteRun)
            return mobilog.open_run(self.output)

    def end(self):
        """(exit code, the script's own lines, everything on stderr)."""
        _, text = self.script.communicate(timeout=60)
        return self.script.returncode, re.findall(r"^run_local.sh: .*$", text, re.M), text

    def assert_nobody_left(self):
        deadline = time.monotonic() + 20
        while self.ranks() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.ranks(), {})

    def assert_rows(self, status, least):
        with self.assertWarnsRegex(mobilog.IncompleteRun, f"incomplete: ({status}), "):
            run = mobilog.open_run(self.output)
        with run:
            self.assertTrue(run.incomplete)
            updates, training = run.table("updates"), run.table("training")
            self.assertGreaterEqual(len(training), least, "rows that had been flushed are gone")
            self.assertGreaterEqual(len(updates), run.updates_done)
            self.assertGreater(run.updates_done, 0)
            self.assertEqual(updates["update"].tolist(), list(range(len(updates))))
            self.assertEqual(training["update"].tolist(), list(range(len(training))))
            self.assertGreater(len(run.table("uploads")), 0)
            self.assertGreater(len(run.activations("small", 1)), 0)
            self.assertGreaterEqual(len(run.array("update_samples")), int(updates["samples"][: run.updates_done].sum()))

    def kill(self, rank, status):
        with self.opened() as run:
            flushed = len(run.table("training"))
        os.kill(self.ranks()[rank], signal.SIGKILL)
        code, lines, text = self.end()
        self.assertEqual(code, 4, text)
        self.assertEqual(len(lines), 1, text)
        self.assertRegex(lines[0], rf"(rank {rank} on \S+|a rank) died on signal 9 .*incomplete")
        self.assert_nobody_left()
        self.assert_rows(status, flushed)

    def test_a_killed_worker(self):
        # mpirun sends rank 0 a SIGTERM, which may still find the time to close the file
        self.kill(1, "running|aborted")

    def test_a_killed_server(self):
        self.kill(0, "running")

    def stop(self, number, code):
        with self.opened() as run:
            flushed = len(run.table("training"))
        os.kill(self.script.pid, number)
        returned, _, text = self.end()
        self.assertEqual(returned, code, text)
        self.assert_nobody_left()
        self.assert_rows("aborted", flushed)
        with h5py.File(self.output, "r") as file:  # it is closed: a plain open is enough
            self.assertEqual(file["status"]["updates_done"][0], len(file["updates"]))

    def test_sigterm_closes_the_file(self):
        self.stop(signal.SIGTERM, 143)

    def test_ctrl_c_closes_the_file(self):
        self.stop(signal.SIGINT, 130)


if __name__ == "__main__":
    unittest.main()
