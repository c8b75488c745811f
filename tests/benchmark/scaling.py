#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One run with several numbers of ranks: what ranks cost, and what they bring.

    tests/benchmark/scaling.py [--program build/release/src/app/fedmobillm] [--ranks 2 3 9 33 129] [CONFIG] [--set KEY=VALUE]...

For each number: wall time from the command to its end and of the run alone, processor time of all ranks and of the
median worker, memory of all ranks together (proportional set size: what they share counts once) and of the median
worker, and whether the run file is that of the first one, but for /host.  Without CONFIG: the quick start's fleet with
a short training, for which it must have been fetched.  The numbers of ranks are tried in turn, --repeat times, and
medians are shown.
"""
import argparse
import os
import pathlib
import re
import statistics
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

UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0}


def measure(options, ranks, output):
    words = ["mpirun", "-np", str(ranks), "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
    words += [options.program, "run", "--overwrite", options.config]
    for setting in (*options.set, f"run.output={output}"):
        words += ["--set", setting]
    began = time.monotonic()
    process = subprocess.Popen(
        list(map(str, words)), cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    cpu, memory, most = {}, {}, 0
    while process.poll() is None:
        together = 0
        for rank, number in ranks_of(options.program, process.pid).items():
            try:
                cpu[rank], bytes_ = figures_of(number)
            except OSError:
                continue
            memory[rank] = max(memory.get(rank, 0), bytes_)
            together += bytes_
        most = max(most, together)
        time.sleep(0.25)
    out, err = process.communicate()
    if process.returncode != 0:
        sys.exit(f"scaling.py: {' '.join(map(str, words))}\n{err}")
    number, unit = re.search(r"wall time\s+([\d.]+) (\w+)", out).groups()
    workers = [rank for rank in cpu if rank > 0] or [0]
    return {
        "total": time.monotonic() - began,
        "run": float(number) * UNITS[unit],
        "cpu": sum(cpu.values()),
        "cpu_worker": statistics.median(cpu[rank] for rank in workers),
        "memory": most,
        "memory_worker": statistics.median(memory[rank] for rank in workers),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="configs/quickstart.cfg")
    parser.add_argument("--program", default=str(ROOT / "build/release/src/app/fedmobillm"))
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 3, 9, 33, 129])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--set", action="append", default=None)
    options = parser.parse_args()
    options.program = os.path.realpath(options.program)
    if options.set is None:
        options.set = ["server.epochs=2", "eval.every=0"]
    seen, first = {ranks: [] for ranks in options.ranks}, None
    with tempfile.TemporaryDirectory(prefix="fedmobillm_scaling_") as folder:
        output = pathlib.Path(folder) / "run.h5"
        for _ in range(options.repeat):
            for ranks in options.ranks:
                seen[ranks].append(measure(options, ranks, output))
                datasets = read_datasets(output, but=("host",))
                first = first or datasets
                seen[ranks][-1]["equal"] = datasets == first
    print("ranks   total     run   workers   CPU of all   of a worker   memory of all   of a worker   file")
    base = None
    for ranks, rows in seen.items():
        row = {key: statistics.median(one[key] for one in rows) for key in rows[0] if key != "equal"}
        base = base or row["run"]
        equal = "equal" if all(one["equal"] for one in rows) else "DIFFERENT"
        print(
            f"{ranks:5d} {row['total']:6.1f} s {row['run']:6.1f} s  x {base / row['run']:5.2f} {row['cpu']:10.1f} s"
            f" {row['cpu_worker']:11.2f} s {row['memory'] / 1e6:12.0f} MB {row['memory_worker'] / 1e6:10.1f} MB   {equal}"
        )


if __name__ == "__main__":
    main()
