#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well runs of the wall clock kept the times that the models gave: against the same run's virtual clock.

    analysis/pacing.py VIRTUAL.h5 WALL.h5...

Of each run of the wall clock: time of computing and rate of sending of every device against the models' (median, and
99th percentile of the uploads that the host did not overrun), durations, uploads, accuracy, overruns, and the processor
time of the pacing ranks.  The rate is that of the arrival at the server: bytes over arrival - latency - begin of sending.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import debian_python  # noqa: E402

try:
    import numpy as np

    import mobilog
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy")

SECOND = 1e9


class PacingError(Exception):
    """Two runs that cannot be compared; the text is for the user."""


def by_packet(uploads):
    return uploads[np.lexsort((uploads["packet"], uploads["device"]))]


def same_uploads(planned, real):
    return len(planned) == len(real) and all(
        (planned[column] == real[column]).all() for column in ("device", "packet", "charged_bytes")
    )


def deviations(planned, real):
    """{"computing": ..., "rate": ...}: measured over modelled - 1 of each upload, both ordered by packet.

    NaN where the model's time is 0.
    """
    def length(rows, begin, end):
        return (rows[end] - rows[begin]).astype(float)

    latency = length(planned, "send_end_ns", "arrival_ns")
    sending = length(real, "send_start_ns", "arrival_ns") - latency
    with np.errstate(divide="ignore", invalid="ignore"):
        computing = length(real, "compute_start_ns", "compute_end_ns") / length(planned, "compute_start_ns", "compute_end_ns")
        rate = length(planned, "send_start_ns", "send_end_ns") / sending
    return {"computing": computing - 1, "rate": rate - 1}


def pacing(virtual, wall):
    """All figures of one run of the wall clock, as a dictionary."""
    if wall.config.get("run.clock") != "wall":
        raise PacingError(f"{wall.path}: run.clock = {wall.config.get('run.clock')}; a run of the wall clock is needed")
    planned, real = by_packet(virtual.table("uploads")), by_packet(wall.table("uploads"))
    if len(real) == 0:
        raise PacingError(f"{wall.path}: holds no uploads")
    same = same_uploads(planned, real)
    if not same:
        keys = ["device", "packet"]
        both = np.intersect1d(planned[keys], real[keys])
        planned, real = (rows[np.isin(rows[keys], both)] for rows in (planned, real))
    kept = real["overrun_ns"] == 0
    found = {"same": same, "scale": float(wall.config["run.time_scale"]), "uploads": len(real), "kept": int(kept.sum())}
    for name, values in deviations(planned, real).items():
        devices = [np.median(values[real["device"] == device]) for device in np.unique(real["device"])]
        found[name] = {
            "median": max(devices, key=abs),
            "p99": float(np.percentile(np.abs(values[kept]), 99)) if kept.any() else np.nan,
        }
    host = wall.table("host", decode=True)
    pace = host[host["phase"] == "pacing"]
    workers = pace[pace["rank"] > 0] if (pace["rank"] > 0).any() else pace
    found["cpu"] = float((workers["cpu_s"] / workers["wall_s"]).max())
    found["overruns"] = int(pace["overruns"].sum())
    found["worst_s"] = float(pace["worst_overrun_s"].max())
    found["paced_s"] = float(pace["wall_s"][pace["rank"] == 0][0])
    found["virtual_s"] = end_s(virtual)
    found["accuracy"] = [accuracy(run) for run in (virtual, wall)]
    return found


def end_s(run):
    ends = [run.table(name)["end_ns"].max() for name in ("updates", "downloads") if len(run.table(name))]
    return max(ends) / SECOND


def accuracy(run):
    rows = run.table("evaluations")
    overall = rows[rows["backbone"] == -1]
    return float(overall["metric"][-1]) if len(overall) else np.nan


def text_of(name, found):
    measured = found["paced_s"] * found["scale"]
    lines = [
        f"{name}: {found['scale']:g} virtual seconds per real second, {found['uploads']} uploads"
        + ("" if found["same"] else ", NOT those of the virtual clock"),
        f"  overruns           {found['overruns']} deadlines missed"
        + (f", the worst by {1000 * found['worst_s']:.1f} ms" if found["overruns"] else "")
        + f"; {found['kept']} uploads kept their pace",
    ]
    for key, words in (("computing", "time of computing"), ("rate", "rate of sending")):
        lines.append(
            f"  {words:<18} {100 * found[key]['median']:+.2f} % (median of the worst device), "
            f"{100 * found[key]['p99']:.2f} % off at the 99th percentile"
        )
    lines.append(f"  pacing ranks       {100 * found['cpu']:.1f} % of a core at most")
    lines.append(
        f"  duration           {measured:.1f} s measured x scale, {found['virtual_s']:.1f} s by the virtual clock "
        f"({100 * (found['virtual_s'] / measured - 1):+.2f} %)"
    )
    virtual, wall = found["accuracy"]
    lines.append(f"  accuracy           {wall:.2f} %, {virtual:.2f} % under the virtual clock ({wall - virtual:+.2f} points)")
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("virtual", type=pathlib.Path, metavar="VIRTUAL.h5")
    parser.add_argument("wall", type=pathlib.Path, nargs="+", metavar="WALL.h5")
    options = parser.parse_args(arguments)
    try:
        with mobilog.open_run(options.virtual) as virtual:
            for path in options.wall:
                with mobilog.open_run(path) as wall:
                    print(text_of(path.name, pacing(virtual, wall)))
    except (PacingError, mobilog.RunError) as error:
        sys.exit(f"pacing.py: {error}")


if __name__ == "__main__":
    main()
