# SPDX-License-Identifier: Apache-2.0
"""What figures that are not known exactly leave open: bands of duration and energy, and what bounds the run."""

import math

import mobilog
from mobilog.table import SEED, is_key, value_text

from . import tables, words

KINDS = {
    "computing": "the devices' computing",
    "uplinks": "the uplinks",
    "downlinks": "the downlinks",
    "latency": "the links' latency",
    "server_steps": "the server's steps",
    "server_link": "the server's link",
    "absences": "absences",
}
QUANTITIES = {  # figure of mobilog -> (heading, how it is written)
    "time_s": ("virtual time, downloads included", words.seconds),
    "energy_j": ("energy of computing, sending and receiving", words.joules),
    "time_to_target_s": ("time to target", words.seconds),
}
FIGURES_KEY = "run.figures"


def known(band):
    return band is not None and not any(map(math.isnan, band))


def range_text(band, write):
    """`0.8 s (0.2 s to 17 s)`"""
    if math.isnan(band.low) and math.isnan(band.high):
        return write(band.own)
    return f"{write(band.own)} ({write(band.low)} to {write(band.high)})"


def remark(bands, quantity):
    """For a tile; empty without a band."""
    band = bands.get(quantity)
    if not known(band):
        return ""
    write = QUANTITIES[quantity][1]
    return f"{write(band.low)} to {write(band.high)} at the ends of the figures' bands"


def bound_sentence(bound):
    if bound is None:
        return ""
    kind = KINDS.get(bound.kind, bound.kind)
    text = f"What bounds the duration is {kind}, {bound.key}"
    if not math.isnan(bound.without_s):
        return f"{text}: with all devices always on it were {words.seconds(bound.without_s)}."
    ends = [
        f"{words.seconds(seconds)} with {share} of it"
        for seconds, share in ((bound.halved_s, "half"), (bound.doubled_s, "twice as much"))
        if not math.isnan(seconds)
    ]
    return f"{text}: " + " and ".join(ends) + "." if ends else f"{text}."


def table(bands, target_s):
    """Of one run; empty without bands.  `target_s`: NaN, not reached or no target."""
    if not bands:
        return ""
    rows = [
        [heading] + [tables.value(write(value)) for value in bands[name]]
        for name, (heading, write) in QUANTITIES.items()
        if name in bands
    ]
    if not math.isnan(target_s):
        needs = "needs a run with it"
        rows.append([QUANTITIES["time_to_target_s"][0], words.seconds(target_s), needs, needs])
    return tables.table(["", "this run", "figures = low", "figures = high"], rows, text_columns=(0,))


def _mean(values):
    return sum(values) / len(values) if values else math.nan


def of_settings(columns, bands_of):
    """{name of a setting: {quantity: mobilog.Band}} of runs that have bands, means over seeds.

    columns   those of mobilog.runs.read_columns()
    bands_of  the bands of each row
    The ends are those of runs with run.figures = low and high where there are any; else what the runs planned.
    """
    keys = [name for name in columns if is_key(name) and name not in (SEED, FIGURES_KEY)]
    figures = columns.get(FIGURES_KEY, ["nominal"] * len(columns["run"]))
    groups = {}
    for row, status in enumerate(columns["status"]):
        if status == "finished":
            values = tuple(columns[key][row] for key in keys)
            groups.setdefault(values, {}).setdefault(figures[row], []).append(row)
    found = {}
    for values, by_end in groups.items():
        own = by_end.get("nominal", [])
        bands = {}
        for quantity in QUANTITIES:
            measured = mobilog.Band(
                *(_mean([columns[quantity][row] for row in by_end.get(end, [])]) for end in ("nominal", "low", "high"))
            )
            planned = [bands_of[row][quantity] for row in own if quantity in bands_of[row]]
            if "low" in by_end or "high" in by_end:
                bands[quantity] = measured
            elif own and len(planned) == len(own):
                bands[quantity] = mobilog.Band(*(_mean(list(ends)) for ends in zip(*planned)))
        if bands:
            name = ", ".join(f"{key} = {value_text(value)}" for key, value in zip(keys, values)) or "all runs"
            found[name] = bands
    return found


def settings_table(found):
    """Empty when there are none."""
    shown = [name for name in QUANTITIES if any(name in bands and not math.isnan(bands[name].own) for bands in found.values())]
    rows = [
        [words.escape(setting)]
        + [
            words.escape(range_text(bands[name], QUANTITIES[name][1])) if name in bands else tables.value(words.NO_FIGURE)
            for name in shown
        ]
        for setting, bands in found.items()
    ]
    return tables.table(["setting", *(QUANTITIES[name][0] for name in shown)], rows, text_columns=(0,)) if rows else ""
