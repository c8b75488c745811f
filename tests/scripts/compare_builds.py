# SPDX-License-Identifier: Apache-2.0
"""Two programs on one machine: every run of the golden guard, every dataset bit for bit, weights included.

    compare_builds.py OLD/fedmobillm NEW/fedmobillm

One line a run; exit code 1 when anything differs.  /host, which holds wall-clock measurements, is left out.
"""
import argparse
import pathlib
import sys

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import golden_runs  # noqa: E402
import tiny_fleet  # noqa: E402


class Builds(tiny_fleet.Workspace):
    """Only for its folder, configuration and runs."""

    def runTest(self):
        pass


def columns(path):
    """{dataset or dataset.column: bytes}"""
    found = {}

    def visit(name, item):
        if not isinstance(item, h5py.Dataset) or name.split("/")[0] == "host":
            return
        value = item[()]
        if item.dtype.names:
            found.update({f"{name}.{column}": value[column].tobytes() for column in item.dtype.names})
        else:
            found[name] = value.tobytes() if isinstance(value, (np.ndarray, np.generic)) else repr(value).encode()

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    programs = parser.parse_args()
    Builds.setUpClass()
    golden_runs.write_traces(Builds.folder)
    failed = 0
    for name, run in golden_runs.RUNS.items():
        config = Builds.configure(f"{name}.cfg", **golden_runs.settings_of(run, Builds.folder))
        sides = []
        for program in (programs.old, programs.new):
            tiny_fleet.PROGRAM = str(pathlib.Path(program).resolve())
            sides.append(columns(Builds.run_fleet(f"{name}.h5", config=config)))
        different = sorted(key for key in sides[0].keys() | sides[1].keys() if sides[0].get(key) != sides[1].get(key))
        failed += bool(different)
        print(f"{name:<24} {'equal' if not different else 'different: ' + ', '.join(different)}", flush=True)
    Builds.doClassCleanups()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
