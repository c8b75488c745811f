# SPDX-License-Identifier: Apache-2.0
"""Runs over several hosts, as a user starts them: what they come to, and what happens when one is cut off."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "end_to_end"), str(HERE.parents[1] / "analysis")]

import mobilog  # noqa: E402
from hosts import CannotMakeHosts, Hosts  # noqa: E402
from tiny_fleet import ENVIRONMENT, Workspace  # noqa: E402

HOSTS = 3
RANKS = 5  # 0 and 1 on node1, 2 on node2, 3 and 4 on node3
SLOTS = (2, 1, 2)
LATENCY_S, BITS_PER_S = 0.02, 100e6
PATIENCE_S = 4
SKIPPED = 77


class HostsTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls.link_project()
        cls.hostfile = cls.folder / "my_hosts"
        cls.hostfile.write_text("".join(f"node{i + 1} slots={n}\n" for i, n in enumerate(SLOTS)))
        cls.config = cls.configure(server__epochs=20)

    def make(self, *arguments):
        hosts = Hosts(HOSTS, *arguments)
        self.addCleanup(hosts.close)
        return hosts

    def start(self, hosts, output, *settings, resume=False):
        """The launch script on node1."""
        environment = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(("MOBI_", "OMPI_"))}
        environment.update(hosts.environment(1), MOBI_MPIRUN=hosts.mpirun_arguments())
        words = [word for one in (*settings, f"run.output={self.folder / output}") for word in ("--set", one)]
        script = subprocess.Popen(
            hosts.command("node1", "bash", self.root / "mpi_launch/run_local.sh", "--hostfile", self.hostfile, "-n",
                          RANKS, "--", self.config, *(["--resume"] if resume else []), *words),
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.addCleanup(script.kill)
        return script

    def ranks_on(self, hosts, host):
        return [one for one, program in hosts.processes(host).items() if program == "fedmobillm"]

    def finish(self, hosts, script):
        """The whole run went well, on all hosts."""
        seen = set()
        while script.poll() is None:
            seen |= {host for host in range(1, HOSTS + 1) if self.ranks_on(hosts, host)}
            time.sleep(0.1)
        out, err = script.communicate()
        self.assertEqual(script.returncode, 0, f"{out}\n{err}")
        self.assertEqual(seen, {1, 2, 3}, "hosts with a rank")

    def run_on(self, hosts, output, *settings):
        self.finish(hosts, self.start(hosts, output, *settings))
        return self.folder / output

    # ---- what a run comes to ---------------------------------------------------------------------

    def test_three_hosts_come_to_the_file_of_one(self):
        hosts = self.make()
        self.assert_same(self.run_fleet("one.h5", ranks=3), self.run_on(hosts, "three.h5"))

    def test_slow_links_between_hosts_change_nothing(self):
        hosts = self.make(LATENCY_S, BITS_PER_S)
        self.assertGreaterEqual(hosts.round_trip_s(1, 3), 2 * LATENCY_S, "the latency")
        sent = 2_000_000
        self.assertGreaterEqual(hosts.round_trip_s(2, 1, sent), 8 * sent / BITS_PER_S + 2 * LATENCY_S, "the rate")
        self.assert_same(self.run_fleet("near.h5", ranks=3), self.run_on(hosts, "far.h5"))

    # ---- a host that is cut off ------------------------------------------------------------------

    def cut_off(self, kind, *settings):
        """Of a kind of run: node3 is cut off in its middle, then it goes on."""
        settings = (*settings, "record.checkpoint=100 ms", "record.flush=50 ms", f"run.patience={PATIENCE_S} s")
        whole = self.run_fleet(f"{kind}_whole.h5", *settings, ranks=3)
        hosts = self.make()
        output = self.folder / f"{kind}_cut.h5"
        script = self.start(hosts, output.name, *settings)
        checkpoint = output.parent / f"{output.name}.checkpoint"
        self.wait_for("a checkpoint", lambda: checkpoint.exists() or script.poll() is not None)
        self.assertIsNone(script.poll(), "it ended before it was cut off")
        hosts.cut(3)
        cut = time.monotonic()
        out, err = script.communicate(timeout=120)
        took = time.monotonic() - cut
        lines = re.findall(r"^.*fedmobillm run: .*$", err, re.M)
        self.assertEqual(script.returncode, 4, f"{out}\n{err}")
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], r"rank 0: rank [34] on node3( and 1 more have| has) been silent for \d+ s \(run\.patience\); ")
        self.assertNotRegex(err, "-----|Process received signal|run_local.sh: ")
        self.assertGreaterEqual(took, 0.75 * PATIENCE_S, "before its patience")
        self.assertLess(took, PATIENCE_S + 60, "it took its time")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mobilog.IncompleteRun)
            with mobilog.open_run(output) as run:
                self.assertEqual(run.status, "aborted")
        self.assertTrue(checkpoint.exists())
        for host in (1, 2):
            self.wait_for(f"node{host}: {hosts.processes(host)}", lambda: not hosts.processes(host))
        self.wait_for("ranks on node3 end by themselves", lambda: not self.ranks_on(hosts, 3))
        hosts.close()  # its orted goes when the kernel gives its connection up
        hosts = self.make()
        self.finish(hosts, self.start(hosts, output.name, *settings, resume=True))
        self.assert_same(whole, output)
        self.assertFalse(checkpoint.exists())

    def test_a_host_that_is_cut_off_is_named_and_the_run_goes_on(self):
        self.cut_off("side", "server.epochs=600")


if __name__ == "__main__":
    try:
        Hosts(1).close()
    except CannotMakeHosts as reason:
        print(f"SKIPPED: {reason}")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
