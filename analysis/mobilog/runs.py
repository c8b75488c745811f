# SPDX-License-Identifier: Apache-2.0
"""Many runs as one table."""

import os
import pathlib
import warnings

from .figures import FIGURES, OPTIONAL, figures
from .run import IncompleteRun, RunError, open_run
from .table import SEED, RunTable

ENTRIES = ("device", "link", "backbone", "availability")  # sections of single entries of a fleet
UNREADABLE = "unreadable"  # in place of a status


class UnreadableRun(UserWarning):
    """A file among several cannot be read; the text names it and says why."""


def open_runs(source):
    """A table of runs, a row each, in the order of their names.

        runs = mobilog.open_runs("results/sweep")
        print(runs.over_seeds())

    source   a folder: its *.h5, and the run.h5 of the folders in it; or the paths of run files
    returns  a pandas DataFrame where pandas is installed, else a Table; both have columns by name,
             print as a text and have over_seeds():
             run      name of the file without its ending (of run.h5: of its folder)
             status   finished; running or aborted: a run that has not finished; unreadable
             run.seed and every other configuration key in which the runs differ
             the figures of mobilog.figures; those of a run that has not finished are of what is there

    Files that cannot be read have a row, too; they and unfinished runs are named in a warning.
    Raises RunError when there is no run at all, or none that can be read.
    """
    columns, problems = read_columns(run_paths(source))
    for kind, problem in problems:
        warnings.warn(problem, kind, stacklevel=2)
    try:
        from .frame import RunFrame  # here: pandas takes its time to load
    except ImportError:
        return RunTable(columns)
    return RunFrame(columns)


def read_columns(paths):
    """({name: column} of open_runs(), [(kind of warning, text)])."""
    rows = [read_row(path) for path in paths]
    if all(row["status"] == UNREADABLE for row in rows):
        raise RunError(f"of {len(rows)} files none can be read as a run; the first: {rows[0]['why']}")
    names, problems = [run_name(path) for path in paths], []
    for name, row in zip(names, rows):
        if row["status"] == UNREADABLE:
            problems.append((UnreadableRun, f"{name}: {row['why']}"))
        elif row["status"] != "finished":
            problems.append((IncompleteRun, f"{name} has not finished: {row['status']}"))
    columns = {"run": names, "status": [row["status"] for row in rows]}
    for key in varying_keys([row["config"] for row in rows if row["status"] != UNREADABLE]):
        columns[key] = as_numbers([row["config"].get(key) for row in rows])
    for figure in FIGURES:
        values = [row["figures"].get(figure, float("nan")) for row in rows]
        if figure not in OPTIONAL or any(value == value for value in values):
            columns[figure] = values
    return columns, problems


def run_paths(source):
    """Paths of the run files of open_runs(); RunError when there is none."""
    if not isinstance(source, (str, os.PathLike)):
        paths = [pathlib.Path(path) for path in source]
        if not paths:
            raise RunError("no run files were named")
        return paths
    folder = pathlib.Path(source)
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder")
    paths = sorted(folder.glob("*.h5"), key=natural_order) + sorted(folder.glob("*/run.h5"), key=natural_order)
    if not paths:
        raise RunError(f"{folder}: holds no run files, *.h5 or */run.h5")
    return paths


def natural_order(path):
    """seed=2 before seed=10."""
    parts, digits = [""], False
    for letter in str(path):
        if letter.isdigit() != digits:
            digits = not digits
            parts.append("")
        parts[-1] += letter
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def run_name(path):
    return path.parent.name if path.name == "run.h5" else path.name.removesuffix(".h5")


def read_row(path):
    """{status, config, figures} of a file, and of one that cannot be read `why`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IncompleteRun)  # open_runs() says so
            run = open_run(path)
        with run:
            return {"status": run.status, "config": run.config, "figures": figures(run)}
    except RunError as error:
        return {"status": UNREADABLE, "config": {}, "figures": {}, "why": str(error)}
    except (OSError, KeyError, ValueError, RuntimeError) as error:  # HDF5's, on what is damaged inside
        return {"status": UNREADABLE, "config": {}, "figures": {}, "why": f"{path}: damaged: {error}"}


def varying_keys(configs):
    """The seed, and the other keys in which configurations differ, in their order.

    An entry of the fleet that is not in all of them is left out: fleet.mix, links, backbones or availability differ
    then, and say it.
    """
    keys = {key: None for config in configs for key in config}
    return [SEED] + [
        key
        for key in keys
        if key != SEED
        and len({config.get(key) for config in configs}) > 1
        and (key.split(".")[0] not in ENTRIES or key.count(".") < 2 or all(key in config for config in configs))
    ]


def as_numbers(texts):
    """Texts as integers or floats if they all are; None, of a file that cannot be read, stays out of it."""
    for kind in (int, float):
        try:
            return [float("nan") if text is None else kind(text) for text in texts]
        except ValueError:
            continue
    return ["" if text is None else text for text in texts]
