# SPDX-License-Identifier: Apache-2.0
"""What the scripts that compare several runs share."""

import pathlib
import sys

import mobilog


def read_each(paths, read, error):
    """[read(run), ...] of the run files; of the first that cannot be read, or raises `error`, one line and exit code 1."""
    results = []
    for path in paths:
        try:
            with mobilog.open_run(path) as run:
                results.append(read(run))
        except (mobilog.RunError, error) as problem:
            message = str(problem)
            named = message if message.startswith(str(path)) else f"{path}: {message}"
            sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {named}")
    return results
