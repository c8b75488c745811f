#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What late devices lose in replay (docs/method.md 1.6): passes and recall of the classes that live on slow devices.

    analysis/fair_replay.py --slow raspberry_pi_4b results/fair_replay/*.h5

A line for all runs that differ in their seed alone, means with half of their 95 % interval: fewest and most passes of a
sample, their means for slow devices and for the others, accuracy, and the recall of the classes more than half of whose
samples are on devices of the profile --slow, and of the others.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import debian_python  # noqa: E402

try:
    import numpy as np

    import run_files
    from mobilog import figures, statistics
    from mobilog.table import mean_text
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy python3-matplotlib")

KEYS = ("server.mode", "server.balance")


class PassesError(Exception):
    """A run that does not say what is asked; the text is for the user."""


def recall(run, classes):
    """Percent of the test samples of these classes that are recognised, over all backbone types."""
    matrix = np.sum([run.confusion(name) for name in run.backbones], axis=0)[classes]
    return 100 * matrix[np.arange(len(classes)), classes].sum() / max(matrix.sum(), 1)


def weighted_mean(rows, keep):
    rows = rows[np.isin(rows["number"], keep)]
    return float((rows["mean"] * rows["samples"]).sum() / max(rows["samples"].sum(), 1))


def look_at(run, slow):
    """{setting, seed, and the figures of the table} of one run."""
    devices, samples = run.table("devices", decode=True), run.table("samples")
    profiles = np.asarray(devices["profile"]).astype(str)
    if slow not in profiles:
        raise PassesError(f"no device of profile {slow}; there are: {', '.join(sorted(set(profiles.tolist())))}")
    passes = run.table("passes") if "passes" in run.tables else ()
    if not len(passes):
        raise PassesError("has no table of passes")
    is_slow = profiles == slow
    held = samples[samples["device"] >= 0]
    total = np.bincount(held["label"], minlength=len(run.classes))
    on_slow = np.bincount(held["label"][is_slow[held["device"]]], minlength=len(run.classes))
    late = np.flatnonzero(2 * on_slow > total)
    of_devices = passes[passes["group"] == figures.DEVICE]
    found = figures.figures(run)
    return {
        "setting": tuple(run.config.get(key, "") for key in KEYS),
        "seed": run.config["run.seed"],
        "fewest": found["fewest_passes"],
        "most": found["most_passes"],
        "passes, slow": weighted_mean(of_devices, np.flatnonzero(is_slow)),
        "passes, others": weighted_mean(of_devices, np.flatnonzero(~is_slow)),
        "accuracy": found["accuracy"],
        "recall, slow's": recall(run, late),
        "recall, others'": recall(run, np.flatnonzero(2 * on_slow <= total)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    parser.add_argument("--slow", required=True, metavar="PROFILE", help="the profile of the slow devices")
    options = parser.parse_args()
    runs = run_files.read_each(options.runs, lambda run: look_at(run, options.slow), PassesError)
    names = [name for name in runs[0] if name not in ("setting", "seed")]
    print(f"{'mode':<18}{'balance':<10}{'runs':>4}" + "".join(f"{name:>18}" for name in names))
    for setting in dict.fromkeys(run["setting"] for run in runs):
        own = list({run["seed"]: run for run in runs if run["setting"] == setting}.values())
        cells = [mean_text(*statistics.mean_and_ci95([run[name] for run in own])) for name in names]
        print(f"{setting[0]:<18}{setting[1]:<10}{len(own):>4}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
