# SPDX-License-Identifier: Apache-2.0
"""Figures of the fleet: who computed and sent when, and what it cost each class of devices."""

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from . import look, numbers, words
from .numbers import seconds

MOST_LINES = 160  # above it, several devices share a line, about SHARED_LINES in all
SHARED_LINES = 110
TIME_BINS = 500


def strip_chart(run, summary, narrow):
    """One line per device: upper half computing, lower half sending; on top, arrivals."""
    uploads = numbers.sent_uploads(run)
    if not len(uploads):
        return None
    end = seconds(uploads["arrival_ns"]).max()
    unit, unit_name = words.time_unit(end)
    groups = lines_of(run, summary)
    lines = sum(len(rows) for _, rows in groups)
    height = 1.5 + min(7.5, max(1.2, lines * (0.22 if lines <= 30 else 0.07)))
    figure, (top, axes) = look.canvas(
        narrow,
        height + 0.7,
        rows=2,
        sharex=True,
        margins=(0.95 if narrow else 1.5, 0.2, 0.35, 0.5),
        gridspec_kw={"height_ratios": [0.9, height - 0.9]},
    )
    figure.subplots_adjust(hspace=(1.3 if narrow else 0.8) / (height + 0.7 - 0.85))
    draw_arrivals(run, top, uploads, end, unit)
    axes.set_ylim(lines + len(groups) - 0.5, -0.5)
    axes.set_xlim(0, end / unit)
    place = 0
    several = max(len(devices) for _, rows in groups for devices in rows)
    for backbone, rows in groups:
        draw = draw_segments if several == 1 else draw_shares
        draw(axes, run, uploads, backbone, rows, place, end, unit)
        members = sum(len(devices) for devices in rows)
        axes.text(
            -0.012,
            place + len(rows) / 2 - 0.5,
            f"{run.backbone_names[backbone]}\n{words.count(members, 'device')}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize=7.5 if narrow else 8.5,
            color=look.backbone_colour(backbone),
            fontweight="bold",
        )
        place += len(rows) + 1
    axes.set_yticks([])
    axes.grid(False)
    axes.set_xlabel(f"virtual time, {unit_name}")
    note = (
        "one line is one device"
        if several == 1
        else f"one line is up to {several} devices; darker = more of them"
    )
    axes.set_title(
        (
            f"Upper half: computing.  Lower half: sending.\n{note}"
            if narrow
            else f"Upper half of a line: computing.  Lower half: sending.  ({note})"
        ),
        fontweight="normal",
        color=look.MUTED,
        fontsize=8,
    )
    return figure


def lines_of(run, summary):
    """[(backbone, [devices of one line, ...])]: by backbone, first to finish on top."""
    devices, finish = run.devices, summary.sums.finish_s
    active = summary.admitted[np.isfinite(finish[summary.admitted])]
    per_line = 1 if len(active) <= MOST_LINES else -(-len(active) // SHARED_LINES)
    groups = []
    for backbone in range(len(run.backbones)):
        members = active[devices["backbone"][active] == backbone]
        members = members[np.argsort(finish[members], kind="stable")]
        if len(members):
            groups.append(
                (backbone, [members[i : i + per_line] for i in range(0, len(members), per_line)])
            )
    return groups


def draw_arrivals(run, axes, uploads, end, unit):
    """Packets that arrive per slice of time, stacked by backbone."""
    edges = np.linspace(0, end / unit, 121)
    arrival, of = (
        seconds(uploads["arrival_ns"]) / unit,
        run.devices["backbone"][uploads["device"].astype(int)],
    )
    base = np.zeros(120)
    for backbone in range(len(run.backbones)):
        height = base + np.histogram(arrival[of == backbone], edges)[0]
        axes.fill_between(
            edges,
            np.append(base, base[-1]),
            np.append(height, height[-1]),
            step="post",
            linewidth=0,
            color=look.backbone_colour(backbone),
        )
        base = height
    axes.set_ylim(bottom=0)
    axes.set_title(
        "Packets that arrive, per slice of time", fontweight="normal", color=look.MUTED, fontsize=8
    )
    look.thousands(axes.yaxis, 2)
    axes.tick_params(labelbottom=False)


def merged(start, end, closest):
    """Segments of one device joined where the gap between them is below `closest`."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    begins = np.concatenate([[True], start[1:] > end[:-1] + closest])
    last = np.concatenate([np.flatnonzero(begins)[1:] - 1, [len(start) - 1]])
    return start[begins], end[last]


def draw_segments(axes, run, uploads, backbone, rows, place, span, unit):
    """Exact bars, one path for all of a backbone's computing and one for its sending."""
    shapes = {"compute": [], "send": [], "arrival": []}
    by_device = np.argsort(uploads["device"], kind="stable")
    bounds = np.searchsorted(uploads["device"][by_device], [[d[0], d[0] + 1] for d in rows])
    for line, (low, high) in enumerate(bounds):
        mine = uploads[by_device[low:high]]
        for half, what in ((-0.42, "compute"), (0.02, "send")):
            start, end = (seconds(mine[f"{what}_{edge}_ns"]) for edge in ("start", "end"))
            for a, b in zip(*merged(start, end, span / 2000)):
                shapes[what].append(
                    box(a / unit, place + line + half, max(b, a + span / 3000) / unit, 0.4)
                )
        if len(rows) <= 20:  # room for a tick where each packet arrives
            for when in np.unique(seconds(mine["arrival_ns"])):
                shapes["arrival"].append(
                    box(when / unit - span / unit / 1600, place + line - 0.05, when / unit, 0.55)
                )
    for what, alpha in (("compute", 1.0), ("send", 0.5), ("arrival", 1.0)):
        if shapes[what]:
            axes.add_patch(
                PathPatch(
                    Path.make_compound_path(*shapes[what]),
                    linewidth=0,
                    alpha=alpha,
                    facecolor=look.INK if what == "arrival" else look.backbone_colour(backbone),
                )
            )


def box(left, bottom, right, height):
    return Path(
        [
            (left, bottom),
            (right, bottom),
            (right, bottom + height),
            (left, bottom + height),
            (left, bottom),
        ],
        closed=True,
    )


def draw_shares(axes, run, uploads, backbone, rows, place, span, unit):
    """Shade = share of a line's devices that compute (upper half) or send (lower half)."""
    line_of = np.full(len(run.devices), -1)
    for line, devices in enumerate(rows):
        line_of[devices] = line
    line = line_of[uploads["device"].astype(int)]
    mine, line = uploads[line >= 0], line[line >= 0]
    image = np.zeros((2 * len(rows), TIME_BINS, 4))
    image[..., :3] = look.matplotlib.colors.to_rgb(look.backbone_colour(backbone))
    sizes = np.array([len(devices) for devices in rows])
    for half, what in enumerate(("compute", "send")):
        cover = coverage(
            line,
            seconds(mine[f"{what}_start_ns"]),
            seconds(mine[f"{what}_end_ns"]),
            len(rows),
            span,
        )
        image[half::2, :, 3] = np.clip(cover / sizes[:, None], 0, 1) ** 0.6 * (
            1.0 if half == 0 else 0.5
        )
    axes.imshow(
        image,
        extent=(0, span / unit, place + len(rows) - 0.5, place - 0.5),
        aspect="auto",
        interpolation="nearest",
        zorder=2,
    )


def coverage(line, start, end, lines, span):
    """(lines, TIME_BINS): how many segments cover each slice of time, parts of a slice included."""
    width = span / TIME_BINS
    total = np.zeros((lines, TIME_BINS + 2))
    for sign, when in ((1, start), (-1, end)):  # integral of a step, by its position in the slice
        place = np.clip(when / width, 0, TIME_BINS)
        slot = place.astype(int)
        inside = place - slot
        np.add.at(total, (line, slot), sign * (1 - inside))
        np.add.at(total, (line, slot + 1), sign * inside)
    return np.cumsum(total, axis=1)[:, :TIME_BINS]


COSTS = (  # title, column of DeviceSums, words for a value
    ("Bytes sent", "bytes", words.bytes_),
    ("Computation", "flop", words.flop),
    ("Energy for computing", "compute_j", words.joules),
    ("Energy for sending", "send_j", words.joules),
    ("Last packet in after", "finish_s", words.seconds),
)


def class_costs(run, summary, narrow):
    """Small multiples: per device of a class the median, 8 in 10 devices, and the extremes."""
    classes = [group for group in summary.classes if len(group.members)]
    if not classes:
        return None
    panels = len(COSTS) + 1
    columns = 1 if narrow else 3
    rows = -(-panels // columns)
    row_height = 0.5 + 0.36 * len(classes)
    width, height = (look.NARROW if narrow else look.WIDE), rows * row_height + 0.2
    figure, axes = look.plt.subplots(rows, columns, figsize=(width, height), squeeze=False)
    left = 0.2 + 0.078 * max(len(group.profile) for group in classes)
    figure.subplots_adjust(
        left=left / width,
        right=1 - 0.2 / width,
        top=1 - 0.35 / height,
        bottom=0.1 / height,
        hspace=0.42 / (row_height - 0.4),
        wspace=0.12,
    )
    for index, panel in enumerate(axes.flat):
        first = index % columns == 0
        panel.set_ylim(len(classes) - 0.4, -0.6)
        panel.set_yticks(range(len(classes)), [group.profile for group in classes] if first else [])
        panel.grid(False)
        panel.set_xticks([])
        panel.spines["bottom"].set_visible(False)
        if index < len(COSTS):
            title, column, say = COSTS[index]
            draw_cost(panel, classes, getattr(summary.sums, column), say)
        elif index == len(COSTS):
            title = "Memory needed"
            draw_memory(panel, classes)
        else:
            panel.set_visible(False)
            continue
        panel.set_title(title)
    return figure


def draw_cost(axes, classes, values, say):
    known = [values[group.members] for group in classes]
    largest = max((np.nanmax(v) for v in known if np.isfinite(v).any()), default=0)
    axes.set_xlim(0, 1.5 * max(largest, 1e-30))
    for place, (group, value) in enumerate(zip(classes, known)):
        colour = look.backbone_colour(group.backbone)
        value = value[np.isfinite(value)]
        if not len(value):
            axes.text(
                0.02 * axes.get_xlim()[1],
                place,
                words.NO_FIGURE,
                va="center",
                fontsize=8,
                color=look.MUTED,
                style="italic",
            )
            continue
        low, median, high = np.percentile(value, (10, 50, 90))
        axes.barh(place, median, 0.56, color=colour, alpha=0.85, linewidth=0)
        axes.plot([value.min(), value.max()], [place, place], color=look.INK, linewidth=0.8)
        axes.plot([low, high], [place, place], color=look.INK, linewidth=2.2)
        axes.annotate(
            say(median),
            (max(value.max(), median), place),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )


def draw_memory(axes, classes):
    largest = np.nanmax([max(group.memory_bytes, group.memory_need_bytes) for group in classes])
    axes.set_xlim(0, 2.1 * largest)
    for place, group in enumerate(classes):
        axes.barh(place, group.memory_bytes, 0.56, color=look.BAND, linewidth=0)
        axes.barh(
            place,
            group.memory_need_bytes,
            0.56,
            color=look.backbone_colour(group.backbone),
            alpha=0.85,
            linewidth=0,
        )
        right = np.nanmax([group.memory_bytes, group.memory_need_bytes])
        axes.annotate(
            f"{words.bytes_(group.memory_need_bytes)} of {words.bytes_(group.memory_bytes)}",
            (right, place),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
