#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""When fleets of different sizes reach their target (docs/method.md 5.2): eval.target of each run.

    analysis/time_to_target.py results/time_to_target/*.h5

A line a run, NaN where the target is not reached, and one figure: the accuracy of all over virtual time.
"""
import argparse
import pathlib
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import debian_python  # noqa: E402

try:
    import matplotlib

    import run_files
    from mobireport import numbers
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy python3-matplotlib")

SECOND = 1e9


class TargetError(Exception):
    """A run that has no target or was not evaluated; the text is for the user."""


def reaching(run):
    """{devices, samples, target, seconds, final, time_s, metric}; `seconds` is NaN where it is not reached."""
    # none, as runs say it, is NaN here: not above zero
    target = float(run.config["eval.target"].replace("none", "nan"))
    consecutive = float(run.config["eval.consecutive"])
    if not target > 0:
        raise TargetError("has no eval.target")
    rows = run.table("evaluations")
    rows = rows[rows["backbone"] == -1]
    if not len(rows):
        raise TargetError("was not evaluated")
    curve = types.SimpleNamespace(metric=rows["metric"], time_s=rows["time_ns"] / SECOND)
    devices = run.table("devices")
    return {
        "devices": int(devices["admitted"].sum()),
        "samples": int(devices["samples"][devices["admitted"] == 1].sum()),
        "target": target,
        "seconds": numbers.time_to(curve, target, int(consecutive)),
        "final": float(rows["metric"][-1]),
        "time_s": curve.time_s,
        "metric": curve.metric,
    }


def draw(fleets, path):
    matplotlib.use("Agg")
    from matplotlib import pyplot

    from mobireport import look

    with look.style():
        figure, axes = pyplot.subplots(figsize=(7, 3.6))
        for index, fleet in enumerate(fleets):
            colour = look.CATEGORIES[index % len(look.CATEGORIES)]
            axes.plot(fleet["time_s"], fleet["metric"], color=colour, marker="." if len(fleet["metric"]) < 3 else None)
            axes.annotate(
                f"{fleet['devices']:,}", (fleet["time_s"][-1], fleet["metric"][-1]), (4, 0), color=colour,
                textcoords="offset points", va="center", fontsize=8,
            )  # fmt: skip
        axes.axhline(fleets[0]["target"], color="0.4", linestyle=":", linewidth=1)
        axes.set_xscale("log")
        axes.set_xlabel("virtual time, s")
        axes.set_title("test samples right, %, by number of devices", loc="left", fontsize="medium")
        axes.margins(x=0.12)
        figure.tight_layout()
        figure.savefig(path, dpi=look.PNG_DPI)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, help="the figure (default: time_to_target.png beside the first run)")
    options = parser.parse_args()
    fleets = run_files.read_each(options.runs, reaching, TargetError)
    fleets.sort(key=lambda fleet: fleet["devices"])
    print(f"{'devices':>8} {'samples':>8} {'target %':>9} {'after s':>9} {'final %':>8}")
    for fleet in fleets:
        print(
            f"{fleet['devices']:>8} {fleet['samples']:>8} {fleet['target']:>9g} {fleet['seconds']:>9.3f} {fleet['final']:>8.2f}"
        )
    output = options.output or options.runs[0].parent / "time_to_target.png"
    draw(fleets, output)
    print(output)


if __name__ == "__main__":
    main()
