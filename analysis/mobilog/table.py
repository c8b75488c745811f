# SPDX-License-Identifier: Apache-2.0
"""Tables over several runs, without pandas; frame.py has the same with it."""

import math

import numpy as np

from .figures import FIGURES
from .statistics import mean_and_ci95

SEED = "run.seed"
SPREAD = "_ci95"  # after a figure's name: half of the 95 % interval of its mean
MOST_ROWS = 100  # of a printed table


class Table:
    """Columns of equal length: `table["accuracy"]` is an array, `len(table)` the rows, `str(table)` a text."""

    def __init__(self, columns):
        self._columns = {name: np.asarray(values) for name, values in columns.items()}

    @property
    def columns(self):
        return list(self._columns)

    def __getitem__(self, name):
        return self._columns[name]

    def __iter__(self):
        return iter(self._columns)

    def __len__(self):
        return max((len(values) for values in self._columns.values()), default=0)

    def __str__(self):
        return table_text(self._columns)

    __repr__ = __str__


class RunTable(Table):
    """What open_runs() gives: a row a run."""

    def over_seeds(self):
        """A row for all runs that differ in their seed alone: mean and spread of every figure.

        `runs` is how many they are, `<figure>_ci95` half of the 95 % interval of the mean by Student's t (NaN for a
        single run).  Finished runs alone are in it, and a seed once.  A figure that one of them does not have, such as
        the time to a target that it did not reach, has no mean.
        """
        return Table(over_seeds(self._columns))


def is_key(column):
    """Whether a column is a configuration key: those have a section."""
    return "." in column


def rows_by_seed(columns):
    """{values of all keys but the seed: [rows of its finished runs]}, each seed once, in the order of the rows."""
    keys = [name for name in columns if is_key(name) and name != SEED]
    groups = {}
    for row, status in enumerate(columns["status"]):
        if status == "finished":
            values = tuple(columns[key][row] for key in keys)
            groups.setdefault(values, {}).setdefault(columns[SEED][row], row)
    return {values: list(by_seed.values()) for values, by_seed in groups.items()}


def over_seeds(columns):
    """The columns of RunTable.over_seeds() from those of a RunTable."""
    groups = rows_by_seed(columns)
    keys = [name for name in columns if is_key(name) and name != SEED]
    result = {key: [values[i] for values in groups] for i, key in enumerate(keys)}
    result["runs"] = [len(rows) for rows in groups.values()]
    for figure in [name for name in FIGURES if name in columns]:
        means = [mean_and_ci95([columns[figure][row] for row in rows]) for rows in groups.values()]
        result[figure] = [mean for mean, _ in means]
        result[figure + SPREAD] = [half for _, half in means]
    return result


def value_text(value):
    """A cell; `-` where there is no number."""
    if not isinstance(value, (float, np.floating)):
        return str(value)
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 1e5 else f"{value:.5g}"


def mean_text(mean, half):
    """`68.21 ± 0.42`: two digits of the spread, and as many of the mean."""
    if math.isnan(mean) or math.isnan(half):
        return value_text(mean)
    if half == 0:
        return f"{value_text(mean)} ± 0"
    digits = max(0, 1 - math.floor(math.log10(half)))
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def table_text(columns):
    """The columns as a text for people; a mean and its spread are one column."""
    cells = []
    for name, values in columns.items():
        if name.endswith(SPREAD):
            continue
        if name + SPREAD in columns:
            texts = list(map(mean_text, values, columns[name + SPREAD]))
        else:
            texts = list(map(value_text, values))
        is_text = any(isinstance(value, str) for value in values)
        shown = [name, *texts[:MOST_ROWS]]
        width = max(map(len, shown))
        cells.append([text.ljust(width) if is_text else text.rjust(width) for text in shown])
    lines = ["  ".join(row).rstrip() for row in zip(*cells)]
    more = max((len(values) for values in columns.values()), default=0) - MOST_ROWS
    return "\n".join(lines + ([f"... and {more} rows more"] if more > 0 else []))
