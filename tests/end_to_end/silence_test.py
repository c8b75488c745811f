# SPDX-License-Identifier: Apache-2.0
"""A rank that is stopped (kill -STOP) says nothing, and MPI would wait for it for ever: the run ends and names it."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import warnings

from kill_test import mobilog
from killing import KillingWorkspace
from tiny_fleet import ENVIRONMENT

RANKS = 3
PATIENCE_S = 2
OFTEN = ("record.checkpoint=50 ms", "record.flush=20 ms", f"run.patience={PATIENCE_S} s")


class SilenceTest(KillingWorkspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure(server__epochs=600, eval__every=400)
        cls.root = cls.link_project()

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="fedmobillm_e2e_")
        self.addCleanup(holder.cleanup)
        self.output = pathlib.Path(holder.name) / "run.h5"
        self.checkpoint = pathlib.Path(f"{self.output}.checkpoint")

    def launch(self, *settings, resume=False):
        words = [word for one in (*settings, *OFTEN, f"run.output={self.output}") for word in ("--set", one)]
        environment = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("MOBI_")}
        script = subprocess.Popen(
            ["bash", str(self.root / "mpi_launch/run_local.sh"), "-n", str(RANKS), "--", str(self.config),
             *(["--resume"] if resume else []), *words],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.addCleanup(self.end_all, script)
        return script

    def end_all(self, script):
        self.end(*self.processes(script).values())
        if script.poll() is None:
            script.kill()
        script.communicate()

    def processes(self, script):
        """{rank: process} of a run; mpirun has a session of its own below the script's."""
        found = {}
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    if f"run.output={self.output}".encode() not in file.read().split(b"\0"):
                        continue
                with open(f"/proc/{entry}/environ", "rb") as file:
                    rank = re.search(rb"\0OMPI_COMM_WORLD_RANK=(\d+)\0", file.read())
            except OSError:
                continue
            if rank:
                found[int(rank[1])] = int(entry)
        return found

    def stop(self, script, rank):
        """Stops a rank and waits for the end.  \\return what is said about it."""
        self.assertIsNone(script.poll(), "the run ended too early")
        os.kill(self.processes(script)[rank], signal.SIGSTOP)
        stopped = time.monotonic()
        out, err = script.communicate(timeout=120)
        took = time.monotonic() - stopped
        self.assertEqual(script.returncode, 4, f"{out}\n{err}")
        lines = [line for line in err.splitlines() if "fedmobillm run: " in line or "run_local.sh: " in line]
        self.assertGreaterEqual(took, PATIENCE_S / 2, "before its patience")
        self.wait_for("ranks outlive the run", lambda: not self.processes(script))
        return lines

    def assert_one_line(self, lines, part):
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(part, lines[0])

    def status(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mobilog.IncompleteRun)
            with mobilog.open_run(self.output) as run:
                return run.status

    def go_on(self, whole):
        script = self.launch(resume=True)
        out, err = script.communicate(timeout=120)
        self.assertEqual(script.returncode, 0, f"{out}\n{err}")
        self.assert_same(whole, self.output)
        self.assertFalse(self.checkpoint.exists())

    def test_a_stopped_worker_is_named_and_the_run_goes_on(self):
        whole = self.run_fleet("whole.h5", *OFTEN, ranks=2)
        script = self.launch()
        self.wait_for("a checkpoint", self.checkpoint.exists)
        (line,) = self.stop(script, 2)
        self.assertRegex(line, rf"rank 0: rank 2 on {re.escape(socket.gethostname())} has been silent for \d+ s \(run\.patience\); ")
        self.assertIn("closed with status aborted", line)
        self.assertEqual(self.status(), "aborted")
        self.assertTrue(self.checkpoint.exists())
        self.go_on(whole)

    def test_a_stopped_server_is_named_by_the_workers(self):
        whole = self.run_fleet("whole.h5", *OFTEN, ranks=2)
        script = self.launch()
        self.wait_for("a checkpoint", self.checkpoint.exists)
        line, *more = self.stop(script, 0)
        self.assertRegex(line, r"rank [12]: rank 0 on \S+ has been silent for \d+ s \(run\.patience\)$")
        # mpirun has it go on before it ends it, which may be enough to close the file
        for line in more:
            self.assertIn("rank 0: terminated; the run file is closed", line)
        self.assertEqual(self.status(), "aborted" if more else "running")
        self.go_on(whole)

    def test_a_stopped_worker_ends_a_run_in_real_time(self):
        script = self.launch("run.clock=wall", "run.time_scale=0.02")
        self.wait_for("updates", lambda: self.output.exists() and self.has_updates())
        self.assert_one_line(self.stop(script, 1), "rank 0: rank 1 on")
        self.assertEqual(self.status(), "aborted")

    def has_updates(self):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", mobilog.IncompleteRun)
                with mobilog.open_run(self.output) as run:
                    return len(run.table("uploads")) > 0
        except (OSError, mobilog.RunError):
            return False  # at its very beginning

    def test_a_stopped_worker_is_noticed_where_nothing_is_computed(self):
        # the timeline alone: no worker has anything to do, and there is no MPI message for minutes
        script = self.launch("run.compute=none", "server.epochs=400000")
        self.wait_for("the run file", self.output.exists)
        self.assert_one_line(self.stop(script, 2), "rank 0: rank 2 on")


if __name__ == "__main__":
    unittest.main()
