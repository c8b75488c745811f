# SPDX-License-Identifier: Apache-2.0
"""One run as arrays: what the report takes from mobilog, read once."""

import dataclasses
import pathlib
import warnings

import mobilog
import numpy as np

TABLES = (
    "devices",
    "backbones",
    "samples",
    "uploads",
    "losses",
    "costs",
    "downloads",
    "updates",
    "training",
    "evaluations",
    "host",
    "test_scores",
    "passes",
)


YOUNG = ("test_scores", "passes")  # tables that files of this schema may lack


@dataclasses.dataclass
class Run:
    """All tables of a run, and its settings; a table may have no rows.

    A run that was killed has what had reached the disk: its tables may end at different moments.
    """

    path: pathlib.Path
    attributes: dict
    config_text: str
    settings: dict  # "section.key" -> text
    status: str  # running, finished, aborted
    updates_done: int
    tables: dict  # name -> structured array
    names: dict  # (table, column) -> {number: name} of the column's enumeration
    backbone_names: list
    class_names: list  # empty for regression
    gates: np.ndarray  # (updates, B)
    confusion: dict  # backbone name -> (C, C), rows = truth
    has_activations: bool
    bands: dict  # of mobilog.bands()
    bound: object  # of mobilog.bound()

    def __getattr__(self, name):
        if name in TABLES:
            return self.tables[name]
        raise AttributeError(name)

    @property
    def complete(self):
        return self.status == "finished"

    @property
    def regression(self):
        return len(self.class_names) < 2

    def setting(self, key, default=""):
        """The value of `section.key` in the resolved configuration, as text."""
        return self.settings.get(key, default)

    def labels(self, table, column):
        """The names in a column with an enumeration, one per row."""
        names, values = self.names[table, column], self.tables[table][column]
        return [names.get(int(value), str(value)) for value in values]

    def has(self, table):
        return len(self.tables.get(table, ())) > 0

    @property
    def has_validation(self):
        """Whether curves are of a validation set, and the test set was scored at the end."""
        return self.attributes.get("validation_samples", 0) > 0


def load_run(path):
    """Reads everything but the activations.

    Raises mobilog.RunError when `path` does not exist or is no run file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mobilog.IncompleteRun)  # the page says so
        file = mobilog.open_run(path)
    with file:
        tables = {name: file.table(name) for name in TABLES if name not in YOUNG or name in file.tables}
        return Run(
            path=pathlib.Path(path),
            attributes=file.attributes,
            config_text=file.config_text,
            settings=file.config,
            status=file.status,
            updates_done=file.updates_done,
            tables=tables,
            names={
                (name, column): file.enumeration(name, column)
                for name, rows in tables.items()
                for column in rows.dtype.names
            },
            backbone_names=list(file.backbones),
            class_names=list(file.classes),
            gates=(
                file.array("training_gates") if "training_gates" in file.file else np.zeros((0, 0))
            ),
            confusion={name: file.confusion(name) for name in file.backbones},
            has_activations=has_activations(file),
            bands=mobilog.bands(file),
            bound=mobilog.bound(file),
        )


def has_activations(file):
    """Whether anything was uploaded and kept (record.activations)."""
    try:
        return any(len(file.activation_samples(name)) > 0 for name in file.backbones)
    except mobilog.RunError:
        return False
