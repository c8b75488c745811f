# SPDX-License-Identifier: Apache-2.0
"""Figures of what was learned: accuracy, training signals, confusion, recall by class."""
import numpy as np

from . import look, numbers, words
from .numbers import seconds


def metric_name(run):
    return "correlation × 100 (Pearson)" if run.regression else "correctly classified, percent"


def accuracy(run, summary, narrow, reference=None):
    """Metric over virtual time: one line per backbone, all together, and centralised training."""
    if not summary.curves:
        return None
    longest = max(curve.time_s[-1] for curve in summary.curves.values())
    if reference:
        longest = max(longest, reference.curve.time_s[-1])
    unit, unit_name = words.time_unit(longest)
    figure, axes = look.canvas(narrow, 3.6 if narrow else 4.4, margins=(0.45, 1.1 if narrow else 1.9, 0.3, 0.5))
    ends = []
    alone = len([k for k in summary.curves if k >= 0]) < 2
    for backbone, curve in summary.curves.items():
        if backbone < 0 and alone and len(summary.curves) > 1:
            continue
        name = "all devices" if backbone < 0 else run.backbone_names[backbone]
        colour = look.backbone_colour(backbone)
        axes.plot(curve.time_s / unit, curve.metric, color=colour, linewidth=2.4 if backbone < 0 else 1.6,
                  marker="o" if len(curve.metric) < 3 else None, markersize=4)
        ends.append((curve.time_s[-1] / unit, curve.final, f"{name}  {curve.final:.1f}", colour))
    if reference:
        curve = reference.curve
        axes.plot(curve.time_s / unit, curve.metric, color=look.MUTED, linewidth=1.3, dashes=(4, 2))
        axes.axhline(curve.final, color=look.MUTED, linewidth=0.8, dashes=(1, 2))
        ends.append((curve.time_s[-1] / unit, curve.final, f"centralised  {curve.final:.1f}", look.MUTED))
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
        axes.annotate(f"target {target:g}", (0, target), (3, 3), textcoords="offset points", fontsize=7.5)


def mark_last_arrival(axes, when, end):
    if not np.isfinite(when) or when > end:
        return
    axes.axvline(when, color=look.MUTED, linewidth=0.7, dashes=(2, 2))
    right = when > 0.6 * end
    axes.annotate("last packet in", (when, 0), (-4 if right else 4, 5), xycoords=("data", "axes fraction"),
                  textcoords="offset points", fontsize=7.5, color=look.MUTED, ha="right" if right else "left")


def binned(x, y, bins):
    """(centre, low, median, high): 10th, 50th, 90th percentile of y in equal slices of x."""
    keep = np.isfinite(y)
    x, y = np.asarray(x, "f8")[keep], np.asarray(y, "f8")[keep]
    if not len(x):
        return (np.zeros(0),) * 4
    parts = np.array_split(np.arange(len(x)), min(bins, len(x)))
    stats = np.array([np.percentile(y[part], (10, 50, 90)) for part in parts])
    return np.array([x[part].mean() for part in parts]), stats[:, 0], stats[:, 1], stats[:, 2]


def draw_band(axes, x, y, colour, bins, name=None):
    centre, low, median, high = binned(x, y, bins)
    axes.fill_between(centre, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(centre, median, color=colour, linewidth=1.5)
    return (centre[-1], median[-1], name, colour) if len(centre) and name else None


def training(run, summary, narrow):
    """Loss, gradient norm, learning rate and gates over updates."""
    table, gates = run.training, run.gates
    if not len(table):
        return None
    has_gates = gates.size > 0
    panels = 4 if has_gates else 3
    figure, axes = look.canvas(narrow, (1.75 if narrow else 1.7) * panels + 0.5, rows=panels, sharex=True,
                               margins=(0.55, 0.95 if narrow else 1.2, 0.35, 0.5))
    figure.subplots_adjust(hspace=0.42)
    bins = 60 if narrow else 150
    update = table["update"]
    kinds = run.updates["kind"][:len(table)] if len(run.updates) >= len(table) else None
    ends = []
    if kinds is not None and len(set(kinds.tolist())) == 2:
        for kind, name, colour in ((numbers.ARRIVAL, "on arrival", look.CATEGORIES[4]),
                                   (numbers.REPLAY, "replay", look.CATEGORIES[5])):
            rows = kinds == kind
            ends.append(draw_band(axes[0], update[rows], table["loss"][rows], colour, bins, name))
    else:
        ends.append(draw_band(axes[0], update, table["loss"], look.CATEGORIES[5], bins, "loss"))
    axes[0].set_title("Loss: median, and the range of 8 in 10 updates")
    draw_band(axes[1], update, table["gradient_norm"], look.CATEGORIES[5], bins)
    axes[1].set_title("Gradient norm before clipping")
    axes[2].plot(*thin(update, table["learning_rate"], 400), color=look.CATEGORIES[5], linewidth=1.5)
    axes[2].set_title("Learning rate")
    for panel in axes[:3]:
        panel.set_ylim(bottom=0)
    axes[-1].set_xlabel("updates of the side network")
    axes[-1].set_xlim(0, max(update.max(), 1))
    if has_gates:
        gate_ends = draw_gates(axes[3], update, gates)
        look.label_lines(axes[3], gate_ends, size=7.5, gap_points=9.5)
    look.label_lines(axes[0], [end for end in ends if end], size=8)
    return figure


def draw_gates(axes, update, gates):
    """One line per block, from the lowest (light) to the highest (dark)."""
    blocks, ends = gates.shape[1], []
    for block in range(blocks):
        x, y = thin(update[:len(gates)], gates[:, block], 300)
        named = blocks <= 8 or block in (0, blocks - 1)
        axes.plot(x, y, color=look.CATEGORIES[7], alpha=0.35 + 0.65 * block / max(blocks - 1, 1), linewidth=1.4)
        if named:
            ends.append((x[-1], y[-1], f"block {block + 1}  {y[-1]:.2f}", look.CATEGORIES[7]))
    axes.axhline(0.5, color=look.MUTED, linewidth=0.7, dashes=(2, 2))
    axes.set_ylim(0, 1)
    axes.set_title("Gate of each block: 1 listens to the blocks below, 0 to the device's tap")
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
    if names and all("." in name for name in names) and len({name.split(".")[0] for name in names}) == 1:
        names = [name.split(".", 1)[1] for name in names]
    return [name if len(name) <= 16 else name[:15] + "…" for name in names]


def confusion(run, summary, narrow):
    """Rows = truth, largest class first; a row's cells add up to 100 percent."""
    matrix = numbers.confusion(run)
    if matrix is None:
        return None
    order = np.argsort(-matrix.sum(axis=1), kind="stable")
    names = [short_class_names(run)[i] for i in order]
    share = 100 * matrix[np.ix_(order, order)] / np.maximum(matrix[order].sum(axis=1, keepdims=True), 1)
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
            axes.text(c, r, f"{share[r, c]:.0f}", ha="center", va="center",
                      fontsize=min(font, 220 / count) - 1, color="#ffffff" if shades[r, c, 3] > 0.55 else look.INK)
    axes.set_xticks(range(count), names, rotation=90, fontsize=font)
    axes.set_yticks(range(count), names, fontsize=font)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=3)
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_ylim(count - 0.5, -0.5)
    axes.grid(False)
    axes.set_xlabel("→ what the network said", fontsize=8.5, loc="left", labelpad=6)
    axes.set_ylabel("")
    axes.text(-0.5, count + 0.4, "", fontsize=1)
    return figure


def draw_cells(axes, shades):
    """Cells as one path per shade of 5 percent: sharp at any size, in the theme's colour."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path
    level = np.ceil(shades[..., 3] * 25) / 25
    for alpha in np.unique(level[level > 0]):
        corners = [rectangle(c - 0.48, r - 0.48, c + 0.48, r + 0.48) for r, c in zip(*np.nonzero(level == alpha))]
        axes.add_patch(PathPatch(Path.make_compound_path(*corners), facecolor=look.CATEGORIES[0], alpha=alpha,
                                 linewidth=0))


def rectangle(left, bottom, right, top):
    from matplotlib.path import Path
    return Path([(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)], closed=True)


def recall(run, summary, narrow):
    """Per class and backbone, the share of its samples that were recognised."""
    matrices = {name: matrix for name, matrix in run.confusion.items()
                if not run.regression and matrix.ndim == 2 and matrix.sum() > 0}
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
        axes.plot([np.nanmin(values), np.nanmax(values)] if support[index] else [], [place, place]
                  if support[index] else [], color=look.GRID, linewidth=3, zorder=1)
    for name, matrix in matrices.items():
        backbone = run.backbone_names.index(name) if name in run.backbone_names else -1
        axes.plot(numbers.recall(matrix)[order], np.arange(len(order)), "o", markersize=5, zorder=2,
                  color=look.backbone_colour(backbone), markeredgecolor=look.PAPER, markeredgewidth=0.6)
    axes.set_yticks(range(len(order)), [f"{names[i]}  ({support[i]:,})" for i in order])
    axes.set_ylim(-0.7, len(order) - 0.3)
    axes.set_xlim(0, 101)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel("recognised, percent of the class")
    legend_words(axes, [(name, look.backbone_colour(run.backbone_names.index(name)
                                                    if name in run.backbone_names else -1)) for name in matrices])
    return figure


def legend_words(axes, entries, size=8.5):
    """Names in their own colours, one after another above the axes."""
    x = 0.0
    width = axes.get_window_extent().width / axes.figure.dpi * 72
    for name, colour in entries:
        axes.annotate(f"● {name}", (x, 1), (0, 7), xycoords="axes fraction", textcoords="offset points",
                      color=colour, fontsize=size, fontweight="bold", annotation_clip=False)
        x += (len(name) + 4.5) * size * 0.62 / width
