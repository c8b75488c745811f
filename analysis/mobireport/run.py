# SPDX-License-Identifier: Apache-2.0
"""One run file as arrays: the only module of the report that knows how the file is read."""

import dataclasses
import functools
import pathlib

import h5py
import numpy as np

TABLES = (
    "devices",
    "backbones",
    "samples",
    "uploads",
    "downloads",
    "updates",
    "training",
    "evaluations",
    "host",
)
STATUS = ("running", "finished", "aborted")


class RunFileError(Exception):
    """The file is not a run file that this report can read."""


@dataclasses.dataclass
class Run:
    """All tables of a run; a table that the run did not write has no rows."""

    path: pathlib.Path
    attributes: dict
    config_text: str
    status: str  # running, finished, aborted
    tables: dict  # name -> structured array
    names: dict  # (table, column) -> names of the column's enumeration
    class_names: list  # empty for regression
    gates: np.ndarray  # (updates, B)
    confusion: dict  # backbone name -> (C, C), rows = truth
    has_activations: bool

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

    @functools.cached_property
    def backbone_names(self):
        return self.labels("backbones", "name")

    @functools.cached_property
    def settings(self):
        return parse_config(self.config_text)

    def setting(self, key, default=""):
        """The value of `section.key` in the resolved configuration, as text."""
        return self.settings.get(key, default)

    def labels(self, table, column):
        """The enumeration column as a list of names, one per row."""
        names, values = self.names.get((table, column)), self.tables[table][column]
        return [names.get(int(value), str(value)) if names else str(value) for value in values]

    def has(self, table):
        return len(self.tables[table]) > 0


def parse_config(text):
    """INI text -> {'section.key': value}; comments and blank lines do not count."""
    settings, section = {}, ""
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip() + "."
        elif "=" in line:
            key, value = line.split("=", 1)
            settings[section + key.strip()] = value.strip()
    return settings


def as_text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def open_file(path):
    """Opens for reading, also a file whose writer was killed (only SWMR opens that)."""
    try:
        return h5py.File(path, "r")
    except OSError as error:
        try:
            return h5py.File(path, "r", swmr=True, libver="latest")
        except OSError:
            raise RunFileError(f"{path}: {error}") from None


def load_run(path):
    """Reads everything but the activations.

    Raises RunFileError when `path` does not exist or is no run file.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise RunFileError(f"{path}: no such file; make one with `fedmobillm run`")
    with open_file(path) as file:
        missing = [name for name in ("config", "status", "devices", "uploads") if name not in file]
        if missing:
            raise RunFileError(f"{path}: not a run file, /{missing[0]} is missing")
        tables, names = {}, {}
        for table in TABLES:
            data = file[table][()] if table in file else np.zeros(0, EMPTY[table])
            tables[table] = data
            for column in data.dtype.names:
                enumeration = h5py.check_enum_dtype(data.dtype[column])
                if enumeration:
                    names[table, column] = {value: key for key, value in enumeration.items()}
        status = file["status"][()]
        return Run(
            path=path,
            attributes={key: as_text(value) for key, value in file.attrs.items()},
            config_text=as_text(file["config"][()]),
            status=STATUS[int(status["status"][0])] if len(status) else "running",
            tables=tables,
            names=names,
            class_names=(
                [as_text(name) for name in file["classes"][()]] if "classes" in file else []
            ),
            gates=file["training_gates"][()] if "training_gates" in file else np.zeros((0, 0)),
            confusion={name: data[()] for name, data in file.get("confusion", {}).items()},
            has_activations="activations" in file
            and any(len(group.get("samples", ())) for group in file["activations"].values()),
        )


def columns(text):
    return [(name, "f8") for name in text.split()]


# What a table that is absent looks like: the columns the report reads.
EMPTY = {
    "devices": columns("device"),
    "backbones": columns("backbone name"),
    "samples": columns("sample"),
    "uploads": columns("upload"),
    "downloads": columns("device start_ns end_ns charged_bytes energy_j"),
    "updates": columns(
        "update kind device upload start_ns end_ns inbox_samples waiting_packets samples"
    ),
    "training": columns("update loss gradient_norm learning_rate"),
    "evaluations": columns("update backbone time_ns metric f1 loss"),
    "host": columns(
        "rank phase backbone wall_s cpu_s done_flop tokens samples wire_bytes "
        "peak_rss_bytes groups peak_flop_per_s threads"
    ),
}
