#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How busy the server is as the fleet grows: measured in run files, and by formula.

    analysis/server_load.py results/server_load/*.h5

For each run a line, and one figure of all: the server's use while every device is still sending, the
packets that wait for it, and what docs/method.md 5.4 (R5) says: arrivals a second, Σ over the devices of
1 / max(computing, sending) of a packet, times the server's seconds for one; above 1 it is saturated.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import debian_python  # noqa: E402

try:
    import matplotlib
    import numpy as np

    import run_files
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy python3-matplotlib")


class LoadError(Exception):
    """A run that says nothing about the server's load; the text is for the user."""


def server_load(run):
    """{devices, use, formula, waiting, most}: of the second half of the time in which all devices are sending.

    `use`: share of it in which the server is busy; `formula`: what it would be by arrivals x time;
    `waiting`, `most`: mean and largest number of packets that wait when an update begins.
    """
    uploads, updates = run.table("uploads"), run.table("updates")
    if not len(uploads) or not len(updates):
        raise LoadError("holds no uploads or no updates")
    devices, first, count = np.unique(uploads["device"], return_index=True, return_counts=True)
    if count.min() < 4:
        raise LoadError("has devices with fewer than four packets: there is no steady state to look at")
    last = np.zeros(devices.max() + 1, np.int64)
    np.maximum.at(last, uploads["device"], uploads["arrival_ns"])
    begin, end = uploads["arrival_ns"][first].max(), last[devices].min()
    if end <= begin:
        raise LoadError("has no time in which every device is sending")
    begin += (end - begin) // 2  # the beginning, when most devices send their first packets, is no steady state
    busy = np.minimum(updates["end_ns"], end) - np.maximum(updates["start_ns"], begin)
    inside = busy > 0
    computing = np.zeros(len(last))
    sending = np.zeros(len(last))
    np.add.at(computing, uploads["device"], uploads["compute_end_ns"] - uploads["compute_start_ns"])
    np.add.at(sending, uploads["device"], uploads["send_end_ns"] - uploads["send_start_ns"])
    packet_ns = np.maximum(computing[devices], sending[devices]) / count
    update_ns = (updates["end_ns"] - updates["start_ns"]).mean() * len(updates) / len(uploads)
    waiting = updates["waiting_packets"][inside]
    return {
        "devices": len(devices),
        "use": float(busy[inside].sum() / (end - begin)),
        "formula": float((1 / packet_ns).sum() * update_ns),
        "waiting": float(waiting.mean()) if len(waiting) else 0.0,
        "most": int(waiting.max()) if len(waiting) else 0,
    }


def draw(loads, path):
    """Server use and waiting packets over the number of devices."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    from mobireport import look

    devices = np.array([load["devices"] for load in loads])
    slope = loads[-1]["formula"] / devices[-1]  # use grows with the fleet until it is 1
    line = np.geomspace(devices[0], devices[-1], 200)
    with look.style():
        figure, (above, below) = pyplot.subplots(2, 1, figsize=(7, 5), sharex=True)
        above.plot(line, np.minimum(1, slope * line), color="0.55", linestyle="--", label="arrivals x time of an update")
        above.plot(devices, [load["use"] for load in loads], "o", color=look.CATEGORIES[0], label="in the run")
        above.set_title("share of the time in which the server is busy", loc="left", fontsize="medium")
        above.legend(frameon=False, loc="upper left")
        below.plot(devices, [load["waiting"] for load in loads], "o-", color=look.CATEGORIES[1])
        below.set_title("packets that wait for it, mean", loc="left", fontsize="medium")
        below.set_xlabel("devices")
        below.set_xscale("log")
        for axes in (above, below):
            if devices[0] < 1 / slope < devices[-1]:
                axes.axvline(1 / slope, color="0.4", linestyle=":", linewidth=1)
        figure.tight_layout()
        figure.savefig(path, dpi=look.PNG_DPI)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=pathlib.Path, help="run files, server.mode = arrival_only")
    parser.add_argument("--output", type=pathlib.Path, help="the figure (default: server_load.png beside the first run)")
    options = parser.parse_args()
    loads = run_files.read_each(options.runs, server_load, LoadError)
    loads.sort(key=lambda load: load["devices"])
    print(f"{'devices':>8} {'use':>8} {'formula':>8} {'off by':>8} {'waiting':>9} {'most':>7}")
    for load in loads:
        expected = min(1.0, load["formula"])
        off = 100 * (load["use"] / expected - 1)
        print(
            f"{load['devices']:>8} {load['use']:>8.4f} {load['formula']:>8.4f} {off:>7.1f}% "
            f"{load['waiting']:>9.1f} {load['most']:>7}"
        )
    print(f"saturated from about {loads[-1]['devices'] / loads[-1]['formula']:.0f} devices on")
    output = options.output or options.runs[0].parent / "server_load.png"
    draw(loads, output)
    print(output)


if __name__ == "__main__":
    main()
