# SPDX-License-Identifier: Apache-2.0
"""The results of a few small runs, column by column, as they were before: what a change of the inside may not touch.

tests/golden/runs/runs.json holds a hash of every column of every event table and the norms of the final weights, which
depend on the processor in their last digits.  A change that is meant to change results writes it anew,

    python3 golden_test.py --write

and says which columns and why under "Results that change".  tests/scripts/compare_builds.py compares two programs on one
machine bit for bit, weights included.
"""
import hashlib
import json
import sys
import unittest

import h5py
import numpy as np

from golden_runs import PLANNED_COLUMNS, RUNS, WALL_RUN, settings_of, write_traces
from tiny_fleet import EVENT_TABLES, ROOT, Workspace

FILE = ROOT / "tests/golden/runs/runs.json"
WEIGHTS = "weights/final"
TOLERANCE = 1e-3  # of a norm after some 60 updates: kernels of processors differ in their last digits


def digest(values):
    """Of one column; floating-point numbers count with nine digits, which no processor rounds differently."""
    if values.dtype.kind == "f":
        values = np.array([f"{value:.9g}" for value in values.astype(np.float64)], dtype="S32")
    return hashlib.sha256(f"{values.dtype.kind}{values.shape}".encode() + values.tobytes()).hexdigest()[:16]


def columns_of(rows):
    """{name: values}; a dataset that is no table is one column."""
    return {name: rows[name] for name in rows.dtype.names} if rows.dtype.names else {"": rows}


def look_at_tables(path, wanted=None):
    """{table: {column: hash}}"""
    found = {}
    with h5py.File(path) as file:
        for name in EVENT_TABLES if wanted is None else wanted:
            columns = columns_of(file[name][()])
            only = None if wanted is None else wanted[name]
            found[name] = {
                "rows": len(next(iter(columns.values()))),
                **{column: digest(values) for column, values in columns.items() if only is None or column in only},
            }
    return found


def look_at_weights(path):
    """{tensor: [norm, sum]}"""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            values = item[()].astype(np.float64)
            found[name] = [float(np.linalg.norm(values)), float(values.sum())]

    with h5py.File(path) as file:
        file[WEIGHTS].visititems(visit)
    return found


class GoldenTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_traces(cls.folder)
        cls.golden = json.loads(FILE.read_text()) if FILE.exists() else {}

    def carry_out(self, name, run, **more):
        config = self.configure(f"{name}.cfg", **settings_of({**run, **more}, self.folder))
        return self.run_fleet(f"{name}.h5", config=config)

    def look_at(self, name, run):
        path = self.carry_out(name, run)
        return {"tables": look_at_tables(path), "weights": look_at_weights(path)}

    def assert_golden(self, name, now):
        before = self.golden[name]
        different = [
            f"/{table}.{column}"
            for table, columns in before["tables"].items()
            for column, value in columns.items()
            if now["tables"].get(table, {}).get(column) != value
        ]
        self.assertEqual(different, [], f"columns of the run {name} that are no longer what they were")
        for tensor, numbers in before.get("weights", {}).items():
            scale = max(numbers[0], 1e-3)
            self.assertIn(tensor, now["weights"])
            np.testing.assert_allclose(
                now["weights"][tensor], numbers, atol=TOLERANCE * scale, rtol=0, err_msg=f"{name}: {tensor}"
            )

    def test_the_runs_are_what_they_were(self):
        for name, run in RUNS.items():
            with self.subTest(run=name):
                self.assert_golden(name, self.look_at(name, run))

    def test_the_planned_times_are_those_without_computing(self):
        for name in ("everything", "batteries"):
            with self.subTest(run=name):
                path = self.carry_out(name, RUNS[name], run__compute="none")
                self.assert_golden(name, {"tables": look_at_tables(path), "weights": {**self.golden[name]["weights"]}})

    def test_the_wall_clock_keeps_the_plan(self):
        path = self.carry_out("wall", WALL_RUN)
        with h5py.File(path) as file:
            uploads = file["uploads"][()]
        order = np.lexsort((uploads["packet"], uploads["device"]))
        self.assert_golden("wall", look_at_wall(path, uploads[order]))


def look_at_wall(path, uploads):
    tables = look_at_tables(path, {name: columns for name, columns in PLANNED_COLUMNS.items() if name != "uploads"})
    tables["uploads"] = {column: digest(uploads[column]) for column in PLANNED_COLUMNS["uploads"]}
    return {"tables": tables}


def write():
    GoldenTest.setUpClass()
    test = GoldenTest()
    found = {name: test.look_at(name, run) for name, run in RUNS.items()}
    path = test.carry_out("wall", WALL_RUN)
    with h5py.File(path) as file:
        uploads = file["uploads"][()]
    found["wall"] = look_at_wall(path, uploads[np.lexsort((uploads["packet"], uploads["device"]))])
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    GoldenTest.doClassCleanups()


if __name__ == "__main__":
    write() if sys.argv[1:] == ["--write"] else unittest.main()
