# SPDX-License-Identifier: Apache-2.0
"""A run file as the oracles read it: tables by column, the words of its configuration."""
import h5py
import numpy as np

BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1, "int4": 0.5}  # of a number


class Refused(Exception):
    """The file does not hold what is asked of it."""


class RunLog:
    """file      the open h5py.File
    config    {"section.key": text}; figures with a unit are taken from the tables instead
    backbones their names, by number
    """

    def __init__(self, path):
        self.path = str(path)
        self.file = h5py.File(path, "r")
        self.config = dict(_settings(self.file["config"].asstr()[()]))
        self.backbones = self._names("backbones", "name")
        if self._names("status", "status")[int(self.table("status")["status"][0])] != "finished":
            raise Refused(f"{path}: the run has not finished")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def table(self, name):
        if name not in self.file:
            raise Refused(f"{self.path} has no /{name}: it is older than the tables that make a run file self-contained")
        return self.file[name][()]

    def column(self, table, column):
        """A column as a list; numbers that have names as these."""
        rows = self.table(table)
        if column not in rows.dtype.names:
            raise Refused(f"{self.path}: /{table} has no column {column}: it is older than it")
        names = self._names(table, column)
        return [names[int(value)] for value in rows[column]] if names else rows[column].tolist()

    def rows(self, table):
        """A list of {column: value}, with names in place of their numbers."""
        names = self.table(table).dtype.names
        columns = [self.column(table, name) for name in names]
        return [dict(zip(names, values)) for values in zip(*columns)]

    def word(self, key):
        return self.config[key]

    def number(self, key):
        """Of a key that takes a number without a unit."""
        return float(self.config[key])

    def flag(self, key):
        return self.config[key] == "true"

    def attribute(self, name):
        return int(self.file.attrs[name])

    def text_attribute(self, name):
        text = self.file.attrs[name]
        return text.decode() if isinstance(text, bytes) else str(text)

    def layers(self, backbone):
        return self.file[f"activations/{backbone}"].attrs["layers"].tolist()

    def encoding(self, backbone):
        encoding = self.file[f"activations/{backbone}"].attrs["encoding"]
        return encoding.decode() if isinstance(encoding, bytes) else str(encoding)

    def _names(self, table, column):
        """{number: name} of an enumeration, else nothing."""
        members = h5py.check_enum_dtype(self.file[table].dtype.fields[column][0])
        return {int(number): name for name, number in (members or {}).items()}


def _settings(text):
    section = ""
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif "=" in line:
            key, value = line.split("=", 1)
            yield f"{section}.{key.strip()}", value.strip()


class SideShape:
    """The side network's sizes (docs/method.md 1.4), from the configuration and /backbones."""

    def __init__(self, log):
        types = [row for row in log.rows("backbones") if row["devices"] > 0]
        widths = sorted(row["width"] for row in types)
        width = log.word("side.width")
        self.width = widths[len(widths) // 2] if width == "auto" else int(width)
        self.bottleneck = int(log.word("side.bottleneck"))
        self.blocks = log.attribute("blocks")
        self.classes = log.attribute("classes")
        self.embedding = log.layers(log.backbones[0])[:1] == [0]
        self.taps = self.blocks + self.embedding
        self.scope = log.word("align.projection")
        self.projected = not (
            log.flag("align.identity") and widths == [self.width] and self.scope != "device_layer"
        )

    def update_flop(self, width):
        """Of one sample of a backbone of this width: docs/method.md 1.8."""
        ladder = 6 * (2 * self.blocks * self.width * self.bottleneck + self.classes * self.width)
        return float(ladder + (4 * self.taps * self.width * width if self.projected else 0))

    def parameters(self, width, log):
        """θ and the projections of one backbone: docs/method.md 1.4."""
        m, r, b, c = self.width, self.bottleneck, self.blocks, self.classes
        theta = b * (2 * m * r + r + m + (log.word("side.gate") == "learned")) + c * m + c
        if log.flag("side.ln_affine"):
            theta += 2 * m * (b + 1)
        maps = 1 if self.scope == "type" else self.taps
        return theta + (maps * (m * width + m) if self.projected else 0)


def vector_bytes(encoding, width):
    return (width + 1) // 2 if encoding == "int4" else int(BYTES[encoding]) * width


def decode(codes, encoding, width, scales):
    """Vectors in wire precision as float32 (docs/method.md 1.3)."""
    if encoding == "bf16":
        return (codes.astype(np.uint32) << 16).view(np.float32)
    if encoding == "int4":
        halves = np.stack([codes & 15, codes >> 4], axis=-1).reshape(len(codes), -1)[:, :width].astype(np.int8)
        codes = np.where(halves > 7, halves - 16, halves)
    values = codes.astype(np.float32)
    return values if scales is None else values * scales.reshape(-1, 1).astype(np.float32)
