#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The paper's row for RoBERTa-base on MRPC beside runs that read it in different ways (docs/method.md 1.10).

    analysis/paper_time.py results/paper_time/*.h5

A line a run: FLOPs of a device by formula, of weights alone and with attention; bytes that it sends; memory;
and minutes: until the last packet arrives and until the last update where devices work at the same time, and
until the last update where one device is emulated after another, which is the sum of their times.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import debian_python  # noqa: E402

try:
    import numpy as np

    import run_files
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy")

NS_PER_MINUTE = 60e9
PAPER = "2.7 TFLOP, 1.1 MB, 0.38 GB, 5.1 to 6.0 minutes (arXiv 2508.06765, RoBERTa-base on MRPC)"


class PaperTimeError(Exception):
    """A run that has no such row; the text is for the user."""


def flop_of_weights(backbones, devices, uploads):
    """FLOPs of the products with weights in all uploads: N (8 n d² + 4 n d f) a sample (docs/method.md 4.1)."""
    backbone = backbones[devices["backbone"][uploads["device"]]]
    width = backbone["width"].astype(float)
    token = backbone["layers"] * (8 * width**2 + 4 * width * backbone["ffn"])
    return float((uploads["samples"] * uploads["padded_tokens"] * token).sum())


def one_after_another_ns(costs, uploads, updates):
    """The devices' own times one behind the other, then what the server still does behind the last packet."""
    own = (costs["compute_ns"] + costs["send_ns"] - costs["both_ns"]).sum()
    behind = updates["end_ns"].max() - uploads["arrival_ns"].max()
    return int(own) + max(int(behind), 0)


def paper_row(run):
    """{devices, weight_flop, flop, bytes, memory_bytes, arrived_min, trained_min, in_turn_min}; costs are of a device, the mean."""
    tables = {name: run.table(name) for name in ("devices", "backbones", "uploads", "costs", "updates")}
    devices, uploads, updates = tables["devices"], tables["uploads"], tables["updates"]
    admitted = devices["admitted"] == 1
    count = int(admitted.sum())
    if not len(uploads) or not len(updates):
        raise PaperTimeError("holds no uploads or no updates")
    return {
        "devices": count,
        "weight_flop": flop_of_weights(tables["backbones"], devices, uploads) / count,
        "flop": float(uploads["charged_flop"].sum()) / count,
        "bytes": float(uploads["charged_bytes"].sum()) / count,
        "memory_bytes": float(np.max(devices["memory_need_bytes"][admitted])),
        "arrived_min": float(uploads["arrival_ns"].max() / NS_PER_MINUTE),
        "trained_min": float(updates["end_ns"].max() / NS_PER_MINUTE),
        "in_turn_min": one_after_another_ns(tables["costs"], uploads, updates) / NS_PER_MINUTE,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    rows = run_files.read_each(options.runs, paper_row, PaperTimeError)
    width = max(len(path.stem) for path in options.runs)
    print(f"{'':<{width}}  {'TFLOP':>6} {'+ att.':>6} {'MB':>6} {'GB':>6}   minutes: {'arrived':>8} {'trained':>8} {'in turn':>8}")
    for path, row in zip(options.runs, rows):
        print(
            f"{path.stem:<{width}}  {row['weight_flop'] / 1e12:>6.3f} {row['flop'] / 1e12:>6.3f} {row['bytes'] / 1e6:>6.3f} "
            f"{row['memory_bytes'] / 1e9:>6.3f}            {row['arrived_min']:>8.2f} {row['trained_min']:>8.2f} {row['in_turn_min']:>8.2f}"
        )
    print(f"the paper: {PAPER}")


if __name__ == "__main__":
    main()
