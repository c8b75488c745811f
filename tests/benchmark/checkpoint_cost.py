#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint costs: a run that leaves one very often against the same run that leaves none, in turn.

    tests/benchmark/checkpoint_cost.py [--program build/release/src/app/fedmobillm] [--every 0.5] [CONFIG] [--set KEY=VALUE]...

One checkpoint a minute, the default, is far below what two runs of a shared machine differ by.  One every half second
is not: from the difference and their number (an upper bound: wall time over the interval) follows the time of one, and
from it the share of a run at the default interval.  Without CONFIG: the quick start.
"""
import argparse
import os
import pathlib
import statistics
import tempfile

import scaling

DEFAULT_INTERVAL = 60  # s, record.checkpoint


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="configs/quickstart.cfg")
    parser.add_argument("--program", default=str(scaling.ROOT / "build/release/src/app/fedmobillm"))
    parser.add_argument("--ranks", type=int, default=3)
    parser.add_argument("--every", type=float, default=0.5, metavar="SECONDS")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    options.program = os.path.realpath(options.program)
    settings, seconds = options.set, {"0 s": [], f"{options.every:g} s": []}
    with tempfile.TemporaryDirectory(prefix="fedmobillm_checkpoint_") as folder:
        for _ in range(options.repeat):
            for interval, found in seconds.items():
                options.set = [*settings, f"record.checkpoint={interval}"]
                found.append(scaling.measure(options, options.ranks, pathlib.Path(folder) / "run.h5")["run"])
                print(f"record.checkpoint = {interval:6s} {found[-1]:7.1f} s", flush=True)
    without, often = (statistics.median(found) for found in seconds.values())
    count = often / options.every
    one = (often - without) / count
    print(f"{often - without:.2f} s for {count:.0f} checkpoints: {1e3 * one:.1f} ms each")
    print(f"one every {DEFAULT_INTERVAL} s: {100 * one / DEFAULT_INTERVAL:.2f} % of the run")


if __name__ == "__main__":
    main()
