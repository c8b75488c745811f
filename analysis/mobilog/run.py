# SPDX-License-Identifier: Apache-2.0
"""An open run file."""

import collections
import os
import warnings

import h5py
import numpy as np

from .config import parse_config
from .decode import decode_names, decode_vectors

SCHEMA_VERSIONS = (4, 5)

Evaluation = collections.namedtuple("Evaluation", "blocks output labels targets")


class RunError(Exception):
    """The file cannot be read as a run file; the text names it and says why."""


class IncompleteRun(UserWarning):
    """The run has not finished: killed, aborted, or still being written."""


def open_run(path):
    """Opens a run file, also one that is being written or whose writer was killed.

    Warns with IncompleteRun when the run has not finished; Run.incomplete says so, too.
    Raises RunError when the file is missing, damaged, of another program or of another version.
    """
    path = os.fspath(path)
    if not os.path.exists(path):
        raise RunError(f"{path}: no such file")
    if os.path.isdir(path):
        raise RunError(f"{path}: a folder, not a run file")
    if os.path.isfile(path) and not h5py.is_hdf5(path):
        raise RunError(f"{path}: not an HDF5 file")
    try:
        file = h5py.File(path, "r")
    except OSError:
        try:  # a plain open refuses a file that is open for writing, or was until the writer's death
            file = h5py.File(path, "r", swmr=True)
        except OSError as error:
            raise RunError(f"{path}: {error}") from None
    try:
        run = Run(file, path)
    except BaseException:
        file.close()
        raise
    if run.incomplete:
        warnings.warn(
            f"{path} is incomplete: {run.status}, with {run.updates_done} updates", IncompleteRun, stacklevel=2
        )
    return run


class Run:
    """What open_run() gives.  Use it in a `with` statement, or close() it.

    path         of the file
    file         the h5py.File, for whatever is not offered here
    attributes   {"schema_version": 5, "program_version": ..., "git_commit": ..., "seed": ..., ...}
    status       "finished", "aborted", or "running": being written at this moment, or killed
    updates_done updates that are in the file for sure
    incomplete   True unless finished
    config_text  the resolved configuration, which gives the same run again
    config       {"section.key": "value"} of it
    classes      names of the classes, empty for regression
    backbones    names of the backbone types, in the order of their numbers
    tables       names of the tables
    """

    def __init__(self, file, path):
        self.file = file
        self.path = path
        self.attributes = {name: _plain(value) for name, value in file.attrs.items()}
        version = self.attributes.get("schema_version")
        if version is None or "status" not in file:
            raise RunError(f"{path}: an HDF5 file, but no run file of fedmobillm")
        if version not in SCHEMA_VERSIONS:
            reads = " and ".join(map(str, SCHEMA_VERSIONS))
            raise RunError(f"{path}: schema version {version}, this mobilog reads {reads}")
        status = self.table("status", decode=True)[0]
        self.status = str(status["status"])
        self.updates_done = int(status["updates_done"])
        self.incomplete = self.status != "finished"
        self.config_text = file["config"].asstr()[()]
        self.config = parse_config(self.config_text)
        self.classes = [name.decode("utf-8") for name in file["classes"][()]]
        self.tables = [name for name, item in file.items() if getattr(item, "dtype", None) and item.dtype.names]
        names = self.enumeration("backbones", "name")
        self.backbones = [names[number] for number in sorted(names)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()

    def table(self, name, decode=False):
        """A table as a numpy structured array, one element a row.

        decode  True: columns of an enumeration hold names (`"mpnet-12"`) in place of numbers.
        """
        rows = self._dataset(name)[()]
        if not decode:
            return rows
        return decode_names(rows, {column: self.enumeration(name, column) for column in rows.dtype.names})

    def enumeration(self, table, column):
        """{number: name} of a column, or None when its numbers have no names."""
        members = h5py.check_enum_dtype(self._dataset(table).dtype.fields[column][0])
        return None if members is None else {int(number): name for name, number in members.items()}

    def array(self, path):
        """Any other dataset as it is stored, e.g. `update_samples` or `training_gates`."""
        return self._dataset(path)[()]

    def unit(self, path, column=None):
        """Unit of a dataset, or of a column of a table; "1": none."""
        dataset = self._dataset(path)
        if column is None:
            return dataset.attrs["unit"]
        return str(dataset.attrs["unit"][dataset.dtype.names.index(column)])

    def layers(self, backbone):
        """The tapped layers, 0 = the embedding; block k of the file is the k-th of them, from 1."""
        return [int(layer) for layer in self._group("activations", backbone).attrs["layers"]]

    def encoding(self, backbone):
        """Wire precision of the uploaded taps: "fp32", "fp16", "bf16", "int8" or "int4"."""
        return _plain(self._group("activations", backbone).attrs["encoding"])

    def activations(self, backbone, block, rows=slice(None)):
        """Uploaded vectors of one tapped layer, decoded: float32 (rows, d), in order of arrival.

        block  from 1
        rows   a slice, to read a part
        """
        group = self._group("activations", backbone)
        codes = self._member(group, f"block_{block}")
        rows = slice(*rows.indices(self._rows(group)))
        encoding = _plain(codes.attrs["encoding"])
        scales = group[f"block_{block}_scale"][rows] if encoding in ("int8", "int4") else None
        return decode_vectors(codes[rows], encoding, int(codes.attrs["width"]), scales)

    def residual(self, backbone):
        """Backbone output minus label of every uploaded sample: float32 (rows, C)."""
        return self._activation_column(backbone, "residual")

    def activation_samples(self, backbone):
        """Row of `samples` of every row of activations()."""
        return self._activation_column(backbone, "samples")

    def activation_uploads(self, backbone):
        """Row of `uploads` of every row of activations()."""
        return self._activation_column(backbone, "upload")

    def evaluation(self, backbone):
        """Taps and outputs of a backbone type on the validation and the test set, and the truth.

        The first `attributes["validation_samples"]` rows are the validation set; older files have none.

        blocks   list of float32 (test samples, d), one a tapped layer
        output   float32 (test samples, C); NaN where it is not there
        labels   int32 (test samples); targets float32, NaN without regression
        """
        group = self._group("evaluation", backbone)
        blocks = [self._member(group, f"block_{k + 1}")[()] for k in range(len(self.layers(backbone)))]
        return Evaluation(
            blocks,
            self._member(group, "output")[()],
            self.array("evaluation/labels"),
            self.array("evaluation/targets"),
        )

    def confusion(self, backbone):
        """int32 (C, C) of the last evaluation: rows are the truth, columns the prediction."""
        return self.array(f"confusion/{backbone}")

    def weights(self, state="final"):
        """{name: float32 array} of the weights; NaN: not there.

        state  "initial", "final" or, with a validation set, "best": the best there
        """
        tensors = {}

        def add(name, item):
            if isinstance(item, h5py.Dataset):
                tensors[name] = item[()]

        folder = "side_network" if self.attributes["schema_version"] < 5 else "weights"
        self._group(folder, state).visititems(add)
        return tensors

    def _dataset(self, path):
        item = self.file.get(path)
        if not isinstance(item, h5py.Dataset):
            raise RunError(f"{self.path}: no dataset '{path}'")
        return item

    def _group(self, kind, name):
        item = self.file.get(f"{kind}/{name}")
        if not isinstance(item, h5py.Group):
            known = ", ".join(self.file[kind]) if kind in self.file else ""
            raise RunError(f"{self.path}: no group '{kind}/{name}'; there are: {known}")
        return item

    def _member(self, group, name):
        item = group.get(name)
        if item is None:
            raise RunError(f"{self.path}: no dataset '{group.name}/{name}' (record.activations = none?)")
        return item

    def _rows(self, group):
        """Rows that all datasets of the group have: after a kill some may be longer."""
        return min((item.shape[0] for item in group.values()), default=0)

    def _activation_column(self, backbone, name):
        group = self._group("activations", backbone)
        return self._member(group, name)[: self._rows(group)]


def _plain(value):
    """An attribute's value without numpy around it."""
    return value.item() if isinstance(value, np.generic) else value
