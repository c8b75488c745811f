#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the testbed costs a device task: devices that compute nothing upload one packet of zeros each.

    tests/benchmark/null_tasks.py [--program build/release/src/app/fedmobillm] [--ranks 2] [--repeat 3]

For packets of 36,864 and of 294,912 bytes of taps, without the log of activations and with it: wall time a task of the
whole run, the medians of some alternations.  With the log also its rate, as a share of what HDF5 writes in the same
minute into the same folder: the same chunks, one after another, by this script alone.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "analysis"))

import debian_python  # noqa: E402

try:
    import h5py
    import numpy as np
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy")

ENVIRONMENT = {
    **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}  # fmt: skip
UNITS = {"ms": 1e-3, "s": 1.0}
# name, devices without and with the log, samples a packet, bytes of its taps
CASES = (("small", 40000, 20000, 1, 36864), ("large", 5000, 5000, 8, 294912))


def run(options, devices, samples, activations, output):
    """Wall seconds of the run, from its first request to its last row."""
    words = ["mpirun", "-np", str(options.ranks), "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
    words += [options.program, "run", "--overwrite", "configs/fleets/null_tasks.cfg"]
    settings = {
        "fleet.mix": f"null:{devices}", "data.train_samples": devices * samples, "packet.samples": samples,
        "record.activations": activations, "run.output": output, "forward.group_devices": max(1, 64 // samples),
    }  # fmt: skip
    for key, value in settings.items():
        words += ["--set", f"{key}={value}"]
    end = subprocess.run(list(map(str, words)), cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    if end.returncode != 0:
        sys.exit(f"null_tasks.py: {' '.join(map(str, words))}\n{end.stderr}")
    number, unit = re.search(r"wall time\s+([\d.]+) (\w+)", end.stdout).groups()
    return float(number) * UNITS[unit]


def ceiling(log, copy):
    """Seconds that HDF5 takes for the blocks of a log, chunk by chunk, and their bytes."""
    with h5py.File(log) as file:
        group = file["activations/base"]
        shapes = {name: (group[name].shape, group[name].chunks, group[name].dtype) for name in group}
    start = time.perf_counter()
    total = 0
    with h5py.File(copy, "w", libver="latest") as file:
        for name, (shape, chunks, dtype) in shapes.items():
            shapes[name] = file.create_dataset(name, (0, *shape[1:]), dtype, maxshape=(None, *shape[1:]), chunks=chunks), shape
        data = {name: bytes(int(np.prod(set_.chunks)) * set_.dtype.itemsize) for name, (set_, _) in shapes.items()}
        for first in range(0, max(shape[0] for _, shape in shapes.values()), min(s.chunks[0] for s, _ in shapes.values())):
            for name, (dataset, shape) in shapes.items():
                if first >= shape[0] or first % dataset.chunks[0] != 0:
                    continue
                dataset.resize(min(first + dataset.chunks[0], shape[0]), 0)
                dataset.id.write_direct_chunk((first, *[0] * (len(shape) - 1)), data[name])
                total += len(data[name])
    return time.perf_counter() - start, total


def measure(options, case, folder):
    name, without, with_log, samples, size = case
    plain, logged, rates, ceilings = [], [], [], []
    for _ in range(options.repeat):
        plain.append(run(options, without, samples, "none", folder / "none.h5") / without)
        seconds = run(options, with_log, samples, "all", folder / "all.h5")
        logged.append(seconds / with_log)
        taken, total = ceiling(folder / "all.h5", folder / "ceiling.h5")
        rates.append(total / seconds)
        ceilings.append(total / taken)
    share = statistics.median(rate / most for rate, most in zip(rates, ceilings))
    print(
        f"{name:<6} {size:>8} {1e6 * statistics.median(plain):>10.1f} {1e6 * statistics.median(logged):>10.1f} "
        f"{statistics.median(rates) / 1e6:>12.0f} {statistics.median(ceilings) / 1e6:>12.0f} {100 * share:>8.0f} %",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/src/app/fedmobillm")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=pathlib.Path, help="where the logs go (default: the system's temporary folder)")
    options = parser.parse_args()
    options.program = options.program.resolve()
    if not options.program.exists():
        sys.exit(f"null_tasks.py: no program {options.program}; build it, or say --program")
    subprocess.run([sys.executable, ROOT / "data/make_synthetic.py", "--train", "40000"], check=True, capture_output=True)
    print("       taps, B  us, no log   us, log   log, MB/s   HDF5, MB/s    share")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="null_tasks_", dir=options.folder))
    try:
        for case in CASES:
            measure(options, case, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
