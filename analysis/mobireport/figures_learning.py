# SPDX-License-Identifier: Apache-2.0
"""Figures of what was learned: accuracy, training signals, confusion, recall by class."""

import numpy as np

from . import look, numbers, words


def metric_name(run):
    metric = "correlation × 100 (Pearson)" if run.regression else "correctly classified, percent"
    return metric + (", validation set" if run.has_validation else "")


def accuracy(run, summary, narrow, reference=None):
    """Metric over virtual time: one line per backbone, all together, and centralised training."""
    if not summary.curves:
        return None
    longest = max(curve.time_s[-1] for curve in summary.curves.values())
    if reference:
        longest = max(longest, reference.curve.time_s[-1])
    unit, unit_name = words.time_unit(longest)
    figure, axes = look.canvas(
        narrow, 3.6 if narrow else 4.4, margins=(0.45, 1.1 if narrow else 1.9, 0.3, 0.5)
    )
    ends = []
    alone = len([k for k in summary.curves if k >= 0]) < 2
    for backbone, curve in summary.curves.items():
        if backbone < 0 and alone and len(summary.curves) > 1:
            continue
        name = "all devices" if backbone < 0 else run.backbone_names[backbone]
        colour = look.backbone_colour(backbone)
        axes.plot(
            curve.time_s / unit,
            curve.metric,
            color=colour,
            linewidth=2.4 if backbone < 0 else 1.6,
            marker="o" if len(curve.metric) < 3 else None,
            markersize=4,
        )
        if curve.time_s[-1] < longest:  # its network is final: the value holds
            axes.plot(
                [curve.time_s[-1] / unit, longest / unit],
                [curve.final] * 2,
                color=colour,
                linewidth=1,
                alpha=0.3,
            )
        ends.append((longest / unit, curve.final, f"{name}  {curve.final:.1f}", colour))
    if reference:
        curve = reference.curve
        axes.plot(curve.time_s / unit, curve.metric, color=look.MUTED, linewidth=1.3, dashes=(4, 2))
        axes.plot(
            [0, longest / unit], [curve.final] * 2, color=look.MUTED, linewidth=0.8, dashes=(1, 2)
        )
        ends.append((longest / unit, curve.final, f"centralised  {curve.final:.1f}", look.MUTED))
    axes.set_xlim(0, longest / unit)
    mark_target(run, axes)
    mark_last_arrival(axes, summary.server.last_arrival_s / unit, longest / unit)
    axes.set_xlabel(f"virtual time, {unit_name}")
    axes.set_title(metric_name(run), fontweight="normal", color=look.MUTED, fontsize=8.5)
    look.label_lines(axes, ends, size=7.5 if narrow else 9)
    return figure


def mark_target(run, axes):
    try:
        target = float(run.setting("eval.target", "0").split()[0])
    except (ValueError, IndexError):
        return
    if target > 0:
        axes.axhline(target, color=look.INK, linewidth=0.7)
        axes.annotate(
            f"target {target:g}", (0, target), (3, 3), textcoords="offset points", fontsize=7.5
        )


def mark_last_arrival(axes, when, end):
    if not np.isfinite(when) or when > end:
        return
    axes.axvline(when, color=look.MUTED, linewidth=0.7, dashes=(2, 2))
    right = when > 0.6 * end
    axes.annotate(
        "last packet in",
        (when, 0),
        (-4 if right else 4, 5),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=7.5,
        color=look.MUTED,
        ha="right" if right else "left",
    )


def binned(x, y, bins, end):
    """(centre, low, median, high): 10th, 50th, 90th percentile of y in equal slices of [0, end].

    `x` ascends.  A slice with fewer than three finite values is left out.
    """
    keep = np.isfinite(y)
    x, y = np.asarray(x, "f8")[keep], np.asarray(y, "f8")[keep]
    edges = np.linspace(0, end, max(1, min(bins, len(x) // 3)) + 1)
    cuts = np.searchsorted(x, edges[1:-1])
    parts = [
        (part, values)
        for part, values in zip(np.split(x, cuts), np.split(y, cuts))
        if len(values) >= 3
    ]
    if not parts:
        return x, y, y, y
    stats = np.array([np.percentile(values, (10, 50, 90)) for _, values in parts])
    return np.array([part.mean() for part, _ in parts]), stats[:, 0], stats[:, 1], stats[:, 2]


def draw_band(axes, x, y, colour, bins, end):
    centre, low, median, high = binned(x, y, bins, end)
    axes.fill_between(centre, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(centre, median, color=colour, linewidth=1.4)


def training(run, summary, narrow):
    """Loss, gradient norm, learning rate and gates over updates."""
    table, gates = run.training, run.gates
    if not len(table):
        return None
    has_gates = gates.size > 0
    panels = 4 if has_gates else 3
    figure, axes = look.canvas(
        narrow,
        (1.75 if narrow else 1.7) * panels + 0.5,
        rows=panels,
        sharex=True,
        margins=(0.55, 0.95 if narrow else 1.2, 0.35, 0.5),
    )
    figure.subplots_adjust(hspace=0.42)
    bins = 60 if narrow else 150
    update = table["update"]
    kinds = run.updates["kind"][: len(table)] if len(run.updates) >= len(table) else None
    end = max(update.max(), 1)
    if kinds is not None and len(set(kinds.tolist())) == 2:
        entries = (
            (numbers.ARRIVAL, "on arrivals", look.CATEGORIES[4]),
            (numbers.REPLAY, "on replay", look.CATEGORIES[5]),
        )
        for kind, _, colour in entries:
            draw_band(
                axes[0], update[kinds == kind], table["loss"][kinds == kind], colour, bins, end
            )
        look.word_legend(axes[0], [entry[1:] for entry in entries], size=8, right=True)
    else:
        draw_band(axes[0], update, table["loss"], look.CATEGORIES[5], bins, end)
    axes[0].set_title("Loss" if narrow else "Loss: median, and the range of 8 in 10 updates")
    draw_band(axes[1], update, table["gradient_norm"], look.CATEGORIES[5], bins, end)
    axes[1].set_title("Gradient norm before clipping")
    axes[2].plot(
        *thin(update, table["learning_rate"], 400), color=look.CATEGORIES[5], linewidth=1.5
    )
    axes[2].set_title("Learning rate")
    for panel in axes[:3]:
        panel.set_ylim(bottom=0)
        panel.yaxis.set_major_locator(look.matplotlib.ticker.MaxNLocator(4))
        panel.yaxis.set_major_formatter(look.matplotlib.ticker.FormatStrFormatter("%g"))
    axes[-1].set_xlabel("updates of the side network")
    axes[-1].set_xlim(0, end)
    look.thousands(axes[-1].xaxis, 4 if narrow else 8)
    if has_gates:
        gate_ends = draw_gates(axes[3], update, gates)
        look.label_lines(axes[3], gate_ends, size=7.5, gap_points=9.5)
    return figure


def draw_gates(axes, update, gates):
    """One line per block, from the lowest (light) to the highest (dark)."""
    blocks, ends = gates.shape[1], []
    for block in range(blocks):
        x, y = thin(update[: len(gates)], gates[: len(update), block], 300)
        named = blocks <= 8 or block in (0, blocks - 1)
        axes.plot(
            x,
            y,
            color=look.CATEGORIES[7],
            alpha=0.35 + 0.65 * block / max(blocks - 1, 1),
            linewidth=1.4,
        )
        if named:
            ends.append((x[-1], y[-1], f"block {block + 1}  {y[-1]:.2f}", look.CATEGORIES[7]))
    axes.axhline(0.5, color=look.MUTED, linewidth=0.7, dashes=(2, 2))
    axes.set_ylim(0, 1)
    axes.set_title("Gates of the blocks")
    return ends


def thin(x, y, most):
    """At most about `most` points, both ends kept."""
    if len(x) <= most:
        return x, y
    keep = np.unique(np.linspace(0, len(x) - 1, most).astype(int))
    return x[keep], y[keep]


def short_class_names(run):
    """Class names without a prefix that all of them share ('noun.act' -> 'act')."""
    names = list(run.class_names)
    if (
        names
        and all("." in name for name in names)
        and len({name.split(".")[0] for name in names}) == 1
    ):
        names = [name.split(".", 1)[1] for name in names]
    return [name if len(name) <= 16 else name[:15] + "…" for name in names]


def confusion(run, summary, narrow):
    """Rows = truth, largest class first; a row's cells add up to 100 percent."""
    matrix = numbers.confusion(run)
    if matrix is None:
        return None
    order = np.argsort(-matrix.sum(axis=1), kind="stable")
    names = [short_class_names(run)[i] for i in order]
    share = (
        100 * matrix[np.ix_(order, order)] / np.maximum(matrix[order].sum(axis=1, keepdims=True), 1)
    )
    count = len(names)
    longest = max(len(name) for name in names) if names else 1
    width = look.NARROW if narrow else min(look.WIDE, 2.6 + max(0.34 * count, 3.2))
    font = (5.2 if count > 15 else 7.5) if narrow else (8 if count > 15 else 9)
    margin = 0.12 + longest * font * 0.0088
    side = width - margin - 0.2
    figure = look.plt.figure(figsize=(width, side + margin + 0.62))
    height = figure.get_size_inches()[1]
    axes = figure.add_axes([margin / width, 0.35 / height, side / width, side / height])
    shades = np.zeros((count, count, 4))
    shades[..., :3] = look.matplotlib.colors.to_rgb(look.CATEGORIES[0])
    shades[..., 3] = np.where(share > 0, 0.04 + 0.96 * (share / 100) ** 0.75, 0)
    draw_cells(axes, shades)
    if not narrow or count <= 12:
        for r, c in zip(*np.nonzero(share >= 1)):
            axes.text(
                c,
                r,
                f"{share[r, c]:.0f}",
                ha="center",
                va="center",
                fontsize=min(font, 220 / count) - 1,
                color="#ffffff" if shades[r, c, 3] > 0.55 else look.INK,
            )
    axes.set_xticks(range(count), names, rotation=90, fontsize=font)
    axes.set_yticks(range(count), names, fontsize=font)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=3)
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_ylim(count - 0.5, -0.5)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel(
        "down: what it is      across: what the network said", fontsize=8, loc="left", labelpad=5
    )
    return figure


def draw_cells(axes, shades):
    """Cells as one path per shade of 5 percent: sharp at any size, in the theme's colour."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    level = np.ceil(shades[..., 3] * 25) / 25
    for alpha in np.unique(level[level > 0]):
        corners = [
            rectangle(c - 0.48, r - 0.48, c + 0.48, r + 0.48)
            for r, c in zip(*np.nonzero(level == alpha))
        ]
        axes.add_patch(
            PathPatch(
                Path.make_compound_path(*corners),
                facecolor=look.CATEGORIES[0],
                alpha=alpha,
                linewidth=0,
            )
        )


def rectangle(left, bottom, right, top):
    from matplotlib.path import Path

    return Path(
        [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)], closed=True
    )


def recall(run, summary, narrow):
    """Per class and backbone, the share of its samples that were recognised."""
    matrices = {
        name: matrix
        for name, matrix in run.confusion.items()
        if not run.regression and matrix.ndim == 2 and matrix.sum() > 0
    }
    if not matrices:
        return None
    overall = numbers.recall(np.sum(list(matrices.values()), axis=0))
    order = np.argsort(np.where(np.isnan(overall), -1, overall), kind="stable")
    names = short_class_names(run)
    support = next(iter(matrices.values())).sum(axis=1)
    margin = 0.3 + max(len(name) for name in names) * 0.075 + 0.45
    figure, axes = look.canvas(narrow, 0.9 + 0.19 * len(names), margins=(margin, 0.2, 0.45, 0.45))
    for place, index in enumerate(order):
        values = [numbers.recall(matrix)[index] for matrix in matrices.values()]
        axes.plot(
            [np.nanmin(values), np.nanmax(values)] if support[index] else [],
            [place, place] if support[index] else [],
            color=look.GRID,
            linewidth=3,
            zorder=1,
        )
    for name, matrix in matrices.items():
        backbone = run.backbone_names.index(name) if name in run.backbone_names else -1
        axes.plot(
            numbers.recall(matrix)[order],
            np.arange(len(order)),
            "o",
            markersize=5,
            zorder=2,
            color=look.backbone_colour(backbone),
            markeredgecolor=look.PAPER,
            markeredgewidth=0.6,
        )
    axes.set_yticks(range(len(order)), [f"{names[i]}  ({support[i]:,})" for i in order])
    axes.set_ylim(-0.7, len(order) - 0.3)
    least = np.nanmin([np.nanmin(numbers.recall(matrix)) for matrix in matrices.values()])
    axes.set_xlim(0 if least < 25 else 10 * np.floor(least / 10) - 2, 101)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel("recognised, percent of the class")
    look.word_legend(
        axes,
        [
            (
                name,
                look.backbone_colour(
                    run.backbone_names.index(name) if name in run.backbone_names else -1
                ),
            )
            for name in matrices
        ],
        narrow=narrow,
    )
    return figure
