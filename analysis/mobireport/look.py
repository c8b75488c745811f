# SPDX-License-Identifier: Apache-2.0
"""One look for every figure: palette, type, and SVG that follows the page's light or dark theme.

Figures are drawn with the light colours.  In the SVG each colour of the theme becomes a CSS
variable of the page, so that one drawing serves light, dark and print; the PNG keeps the light
colours.
"""

import contextlib
import io
import re

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)
import matplotlib.ticker  # noqa: E402

# name -> (light, dark).  Categories after Okabe and Ito: told apart with any colour vision.
THEME = {
    "ink": ("#1c2128", "#e8eaed"),
    "muted": ("#646d78", "#9aa4b0"),
    "grid": ("#e4e7eb", "#30363e"),
    "paper": ("#fefefe", "#15181c"),
    "band": ("#f1f3f5", "#20252b"),
    "c0": ("#0072b2", "#56a9e8"),
    "c1": ("#d55e00", "#ff8f4a"),
    "c2": ("#009e73", "#35c99b"),
    "c3": ("#b3589a", "#e28fc6"),
    "c4": ("#b07d00", "#e8b93c"),
    "c5": ("#4b6a88", "#8fb4d8"),
    "c6": ("#7a5230", "#c79a6e"),
    "c7": ("#6a51a3", "#a996e0"),
}
INK, MUTED, GRID, PAPER, BAND = (
    THEME[name][0] for name in ("ink", "muted", "grid", "paper", "band")
)
CATEGORIES = [THEME[f"c{i}"][0] for i in range(8)]
PNG_DPI = 200  # twice the page's resolution
WIDE, NARROW = 10.4, 4.1  # inches; the page shows the narrow drawing on a phone


def backbone_colour(index):
    """The colour of a backbone, everywhere on the page; overall (-1) is ink."""
    return INK if index < 0 else CATEGORIES[index % len(CATEGORIES)]


def backbone_class(index):
    return "ink" if index < 0 else f"c{index % len(CATEGORIES)}"


STYLE = {
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "savefig.facecolor": PAPER,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.titlecolor": INK,
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "ytick.major.size": 0,
    "xtick.major.size": 3,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "fedmobillm",
    "path.simplify": True,
    "figure.dpi": 100,
}


@contextlib.contextmanager
def style():
    with plt.rc_context(STYLE):
        yield


def to_png(figure, path):
    """Twice the page's resolution, light colours."""
    figure.savefig(path, format="png", dpi=PNG_DPI, metadata={"Software": None})


def to_svg(figure, name, label):
    """The figure as a themed <svg> element; `name` makes its ids unique within the page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].rstrip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(
        r'<svg [^>]*viewBox="([^"]*)"[^>]*>',
        rf'<svg class="plot" role="img" aria-label="{label}" viewBox="\1" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">',
        svg,
        count=1,
    )
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r"font: ([^;\"']*?)'DejaVu Sans'[^;\"]*", r"font: \1var(--sans)", svg)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d{2})\d+", r"\1", tag[0]), svg)
    variables = {light: f"var(--{theme})" for theme, (light, _) in THEME.items()}
    variables["#000000"] = "var(--ink)"
    return re.sub(r"#[0-9a-f]{6}\b", lambda match: variables.get(match[0], match[0]), svg)


def css_variables(dark):
    return "".join(f"--{name}:{colours[dark]};" for name, colours in THEME.items())


def spread(positions, distance):
    """Moves labels apart: order and centre are kept, neighbours get `distance` or more."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed = [positions[i] for i in order]
    for _ in range(100):
        moved = False
        for i in range(len(placed) - 1):
            overlap = distance - (placed[i + 1] - placed[i])
            if overlap > 1e-9:
                placed[i] -= overlap / 2
                placed[i + 1] += overlap / 2
                moved = True
        if not moved:
            break
    result = [0.0] * len(positions)
    for place, i in zip(placed, order):
        result[i] = place
    return result


def label_lines(axes, ends, size=8.5, gap_points=11.5):
    """Writes each line's name at its right end; `ends` = [(x, y, text, colour)].

    Labels that would touch are moved apart; a thin leader joins a moved label to its line.
    """
    if not ends:
        return
    scale = axes.figure.dpi / 72
    points = [axes.transData.transform((x, y)) / scale for x, y, *_ in ends]
    right = max(x for x, _ in points)
    places = spread([y for _, y in points], gap_points)
    for (_, _, text, colour), point, place in zip(ends, points, places):
        axes.annotate(
            text,
            xy=point,
            xytext=(right + 9, place),
            xycoords="figure points",
            textcoords="figure points",
            color=colour,
            fontsize=size,
            va="center",
            ha="left",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "alpha": 0.6,
                "shrinkA": 1,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
        )


def word_legend(axes, entries, size=8.5, right=False, narrow=False):
    """Names in their own colours in the title's row, from the left, or up to the right end."""
    points = axes.get_window_extent().width / axes.figure.dpi * 72
    widths = [(len(name) + 4) * size * 0.6 for name, _ in entries]
    x, lift = (max(0.0, points - sum(widths)) if right else 0.0), 8.0
    if narrow and sum(widths) > points:
        lift += size * 1.5 * (sum(widths) // points)
    for (name, colour), width in zip(entries, widths):
        if x + width > points + 20 and x > 0:
            x, lift = 0.0, lift - size * 1.5
        axes.annotate(
            name if name.startswith("|") else f"● {name}",
            (0, 1),
            (x, lift),
            xycoords="axes fraction",
            textcoords="offset points",
            color=colour,
            fontsize=size,
            annotation_clip=False,
        )
        x += width


def thousands(axis, most=4):
    """Whole numbers with separators on an axis of counts."""
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_major_locator(matplotlib.ticker.MaxNLocator(most, integer=True))


def canvas(narrow, height, rows=1, margins=(0.55, 1.2, 0.35, 0.5), **grid):
    """(figure, axes); margins left, right, top, bottom in inches; several rows: array of axes."""
    width = NARROW if narrow else WIDE
    left, right, top, bottom = margins
    figure, axes = plt.subplots(rows, figsize=(width, height), **grid)
    figure.subplots_adjust(
        left=left / width, right=1 - right / width, top=1 - top / height, bottom=bottom / height
    )
    return figure, axes
