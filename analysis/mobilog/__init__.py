# SPDX-License-Identifier: Apache-2.0
"""Reads the run files of fedmobillm: tables as numpy, activations decoded.

    import mobilog

    with mobilog.open_run("results/quickstart/run.h5") as run:
        uploads = run.table("uploads", decode=True)      # numpy structured array
        taps = run.activations("minilm-6", block=1)      # float32 (rows, d)
        print(run.status, run.config["side.width"], len(uploads))

Needs numpy and h5py only.  Times in tables are virtual nanoseconds, /host is real time.
"""

from .run import Evaluation, IncompleteRun, Run, RunError, open_run

__all__ = ["Evaluation", "IncompleteRun", "Run", "RunError", "open_run"]
