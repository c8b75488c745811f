# SPDX-License-Identifier: Apache-2.0
"""Figures of the server and of the testbed that ran it."""

import numpy as np

from . import look, numbers, words
from .figures_learning import thin
from .numbers import seconds


def load(run, summary, narrow):
    """Inbox, waiting packets and busy share over virtual time."""
    updates = run.updates
    if not len(updates):
        return None
    start, end = seconds(updates["start_ns"]), seconds(updates["end_ns"])
    unit, unit_name = words.time_unit(end.max())
    figure, axes = look.canvas(
        narrow, 5.0, rows=3, sharex=True, margins=(0.6, 0.75 if narrow else 1.1, 0.35, 0.5)
    )
    figure.subplots_adjust(hspace=0.42)
    points = 300 if narrow else 800
    axes[0].fill_between(
        *thin(start / unit, updates["inbox_samples"], points),
        step="post",
        color=look.CATEGORIES[5],
        alpha=0.35,
        linewidth=0,
    )
    axes[0].plot(
        *thin(start / unit, updates["inbox_samples"], points),
        drawstyle="steps-post",
        color=look.CATEGORIES[5],
        linewidth=1.3,
    )
    axes[0].set_title("Samples in the inbox")
    draw_waiting(axes[1], start / unit, updates["waiting_packets"], end.max() / unit)
    axes[1].set_title("Packets waiting (most in each slice of time)")
    ends = draw_busy(axes[2], start, end, updates["kind"], unit, 60 if narrow else 160)
    axes[2].set_title("What the server did, share of its time")
    axes[2].set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    axes[2].set_ylim(0, 1)
    axes[0].set_ylim(bottom=0)
    for panel in axes[:2]:
        look.thousands(panel.yaxis)
    axes[-1].set_xlim(0, end.max() / unit)
    axes[-1].set_xlabel(f"virtual time, {unit_name}")
    look.label_lines(axes[2], ends, size=8)
    return figure


def draw_waiting(axes, when, waiting, span, bins=300):
    slot = np.minimum((when / span * bins).astype(int), bins - 1)
    most = np.zeros(bins)
    np.maximum.at(most, slot, waiting)
    axes.fill_between(
        np.arange(bins) * span / bins,
        most,
        step="post",
        color=look.CATEGORIES[4],
        alpha=0.8,
        linewidth=0,
    )
    axes.set_ylim(0, max(1, most.max() * 1.1))


def busy(start, end, span, bins):
    """Share of each of `bins` slices of [0, span] that the intervals cover."""
    edges = np.linspace(0, span, bins + 1)
    order = np.argsort(start)
    start, end = start[order], end[order]
    spent = np.concatenate([[0], np.cumsum(end - start)])
    begun = np.searchsorted(start, edges, side="right")  # updates do not overlap
    over = (
        np.where(begun > 0, np.clip(end[np.maximum(begun - 1, 0)] - edges, 0, None), 0)
        if len(start)
        else 0
    )
    return np.diff(spent[begun] - over) / (span / bins)


def draw_busy(axes, start, end, kind, unit, bins):
    span, base, ends = end.max(), np.zeros(bins), []
    edges = np.linspace(0, span / unit, bins + 1)
    for code, name, colour in (
        (numbers.ARRIVAL, "arrivals", look.CATEGORIES[4]),
        (numbers.REPLAY, "replay", look.CATEGORIES[5]),
    ):
        share = busy(start[kind == code], end[kind == code], span, bins)
        axes.fill_between(
            edges,
            np.append(base, base[-1]),
            np.append(base + share, (base + share)[-1]),
            step="post",
            color=colour,
            linewidth=0,
        )
        if (kind == code).any():
            ends.append((span / unit, float((base + share / 2)[-bins // 8 :].mean()), name, colour))
        base = base + share
    return ends


PHASE_COLOURS = {
    "forward": 0,
    "evaluation_forward": 5,
    "training": 1,
    "evaluation": 4,
    "recording": 3,
    "waiting": None,
}
PHASE_WORDS = {
    "forward": "forward passes",
    "evaluation_forward": "test set's forward passes",
    "training": "training",
    "evaluation": "evaluation",
    "recording": "writing the file",
    "waiting": "waiting",
}


def host(run, summary, narrow):
    """Wall seconds by rank and phase."""
    phases = numbers.phase_seconds(run)
    total = phases.pop("total", {})
    if not phases and not total:
        return None
    ranks = sorted({rank for by_rank in [*phases.values(), total] for rank in by_rank})
    shown = ranks[:24]
    figure, axes = look.canvas(
        narrow,
        (1.55 if narrow else 1.0) + 0.34 * len(shown),
        margins=(0.65, 0.3, 0.95 if narrow else 0.4, 0.5),
    )
    base = np.zeros(len(shown))
    for phase, by_rank in phases.items():
        value = np.array([by_rank.get(rank, 0) for rank in shown])
        index = PHASE_COLOURS.get(phase, 6)
        axes.barh(
            range(len(shown)),
            value,
            0.62,
            left=base,
            linewidth=0,
            color=look.GRID if index is None else look.CATEGORIES[index],
        )
        base += value
    axes.plot(
        [total.get(rank, np.nan) for rank in shown],
        range(len(shown)),
        "|",
        color=look.INK,
        markersize=14,
    )
    axes.set_yticks(range(len(shown)), [f"rank {rank}" for rank in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_xlim(left=0)
    axes.set_xlabel("wall time, seconds")
    entries = [
        (
            PHASE_WORDS.get(phase, phase),
            (
                look.MUTED
                if PHASE_COLOURS.get(phase, 6) is None
                else look.CATEGORIES[PHASE_COLOURS.get(phase, 6)]
            ),
        )
        for phase in phases
    ]
    look.word_legend(axes, entries + [("| the rank's total", look.INK)], size=8, narrow=narrow)
    return figure
