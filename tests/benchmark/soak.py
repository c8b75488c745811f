#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long run, killed again and again: does it end with the same file, and does its memory stay as it is?

    tests/benchmark/soak.py [--program build/release/src/app/fedmobillm] [--kill-every 10] [CONFIG] [--set KEY=VALUE]...

The run is done twice: once left alone, once killed (kill -9 of every rank) every so many minutes and resumed until it
ends.  Printed for each life: how long it lasted, and the memory of each rank (proportional set size) after the first
--settle minutes and at the most afterwards.  At the end: whether both files are equal, but for /host, and the largest
growth.  Exit code 1: the files differ, or a rank has grown by 2 % or more.

Without CONFIG: the quick start's texts and backbones on 10,000 devices, about an hour on two cores.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "analysis"))
sys.path.insert(0, str(ROOT / "tests/end_to_end"))

import debian_python  # noqa: E402

try:
    import h5py  # noqa: F401
    import numpy  # noqa: F401
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy")

from rank_processes import figures_of, ranks_of  # noqa: E402
from tiny_fleet import ENVIRONMENT, read_datasets  # noqa: E402

MOST_GROWTH = 0.02


class Life:
    """One process of the run, from its start to its end or its kill."""

    def __init__(self, options, output, resume, log):
        words = ["mpirun", "-np", str(options.ranks), "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle"]
        words += ["1", options.program, "run", "--resume" if resume else "--overwrite", options.config]
        for setting in (*options.set, f"run.output={output}"):
            words += ["--set", setting]
        self.settle = options.settle * 60
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            list(map(str, words)), cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        self.program = options.program
        self.settled, self.most = {}, {}  # bytes of each rank

    def lasted(self):
        return time.monotonic() - self.began

    def over(self):
        """Looks at the memory of all ranks; whether the run has ended."""
        for rank, number in ranks_of(self.program, self.process.pid).items():
            try:
                memory = figures_of(number)[1]
            except OSError:
                continue
            if self.lasted() >= self.settle:
                self.settled.setdefault(rank, memory)
                self.most[rank] = max(self.most.get(rank, 0), memory)
        return self.process.poll() is not None

    def kill(self):
        while ranks := ranks_of(self.program, self.process.pid):
            for number in (self.process.pid, *ranks.values()):
                try:
                    os.kill(number, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.1)
        self.process.wait()

    def growth(self):
        """The largest of the ranks, as a share; 0 when the life was too short to settle."""
        return max((self.most[rank] / self.settled[rank] - 1 for rank in self.settled), default=0)

    def tell(self, name):
        ranks = ", ".join(f"{self.settled[rank] / 1e6:.0f} to {self.most[rank] / 1e6:.0f} MB" for rank in sorted(self.settled))
        print(f"{name:12s} {self.lasted() / 60:6.1f} min   {ranks or 'too short to settle'}", flush=True)


def go(options, name, output, kill_every, log):
    """The largest growth of memory of a run that is killed every so many seconds; None: never."""
    growth, lives = 0, 0
    while True:
        life = Life(options, output, lives > 0, log)
        lives += 1
        while not life.over() and (kill_every is None or life.lasted() < kill_every):
            time.sleep(2)
        killed = life.process.poll() is None
        if killed:
            life.kill()
        life.tell(f"{name} {lives}")
        growth = max(growth, life.growth())
        if not killed:
            if life.process.returncode != 0:
                log.seek(0)
                sys.exit(f"soak.py: exit code {life.process.returncode}\n{log.read()[-4000:]}")
            return growth


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="configs/quickstart.cfg")
    parser.add_argument("--program", default=str(ROOT / "build/release/src/app/fedmobillm"))
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=10, metavar="MINUTES")
    parser.add_argument("--settle", type=float, default=5, metavar="MINUTES")
    parser.add_argument("--set", action="append", default=None, metavar="KEY=VALUE")
    options = parser.parse_args()
    options.program = os.path.realpath(options.program)
    if options.set is None:
        options.set = ["fleet.devices=10000", "server.epochs=600", "eval.every=20000"]
    with tempfile.TemporaryDirectory(prefix="fedmobillm_soak_") as folder:
        whole, killed = pathlib.Path(folder) / "whole.h5", pathlib.Path(folder) / "killed.h5"
        with open(pathlib.Path(folder) / "log", "w+") as log:
            growth = go(options, "whole", whole, None, log)
            growth = max(growth, go(options, "killed", killed, options.kill_every * 60, log))
        equal = read_datasets(whole, but=("host",)) == read_datasets(killed, but=("host",))
    print(f"files {'equal' if equal else 'DIFFERENT'}; memory grew by {100 * growth:.1f} % at the most")
    sys.exit(0 if equal and growth < MOST_GROWTH else 1)


if __name__ == "__main__":
    main()
