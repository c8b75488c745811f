# SPDX-License-Identifier: Apache-2.0
"""Reads the run files of fedmobillm: tables as numpy, activations decoded.

    import mobilog

    with mobilog.open_run("results/quickstart/run.h5") as run:
        uploads = run.table("uploads", decode=True)      # numpy structured array
        taps = run.activations("minilm-6", block=1)      # float32 (rows, d)
        print(run.status, run.config["side.width"], len(uploads))

Many runs are one table, with a pandas DataFrame's columns, and its means over seeds another:

    runs = mobilog.open_runs("results/sweep")
    print(runs.over_seeds())

Needs numpy and h5py only; with pandas, tables of runs are DataFrames.  Times in tables are virtual nanoseconds, /host is real time.
"""

from .outlook import Band, Bound, bands, bound
from .run import Evaluation, IncompleteRun, Run, RunError, open_run
from .runs import UnreadableRun, open_runs

__all__ = [
    "Band", "Bound", "Evaluation", "IncompleteRun", "Run", "RunError", "UnreadableRun", "bands", "bound", "open_run",
    "open_runs",
]  # fmt: skip
__version__ = "0.1.0"  # the project's: CMakeLists.txt
