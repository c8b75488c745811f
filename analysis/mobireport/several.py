# SPDX-License-Identifier: Apache-2.0
"""The page of several runs: those that differ in their seed alone are one line, with mean and spread."""

import math

import mobilog
from mobilog import runs
from mobilog.figures import SECOND
from mobilog.table import SEED, SPREAD, is_key, mean_text, over_seeds, rows_by_seed, value_text

from . import look, page, sureness, tables, words

FIGURES = {  # figure of mobilog -> (heading, how a number is written)
    "accuracy": ("accuracy", None),
    "loss": ("loss", None),
    "best_accuracy": ("accuracy, best on validation", None),
    "validation_accuracy": ("validation, best", None),
    "time_to_target_s": ("target reached after", words.seconds),
    "time_s": ("duration", words.seconds),
    "updates": ("updates", words.number),
    "upload_bytes": ("bytes up", words.bytes_),
    "download_bytes": ("bytes down", words.bytes_),
    "energy_j": ("energy", words.joules),
    "fewest_passes": ("fewest passes", None),
    "most_passes": ("most passes", None),
}
MOST_NAMED = 12  # lines of a figure with a name at their end


def shown_figures(columns):
    """Figures that any run has."""
    return [name for name in FIGURES if any(not math.isnan(value) for value in columns.get(name, ()))]


def cell(figure, mean, half=math.nan):
    write = FIGURES[figure][1]
    if math.isnan(mean):
        return tables.value(words.NO_FIGURE)
    if write is None:
        return words.escape(mean_text(mean, half))
    return words.escape(write(mean) + ("" if math.isnan(half) else f" ± {write(half)}"))


def setting_names(columns):
    """What each line of over_seeds() is called: `data.alpha = 0.1, ...`."""
    keys = [name for name in columns if is_key(name) and name != SEED]
    return [
        ", ".join(f"{key} = {value_text(value)}" for key, value in zip(keys, values)) or "all runs"
        for values in rows_by_seed(columns)
    ]


def means_table(columns):
    means, figures = over_seeds(columns), shown_figures(columns)
    keys = [name for name in means if is_key(name)]
    rows = [
        [words.escape(value_text(means[key][i])) for key in keys]
        + [str(means["runs"][i])]
        + [cell(figure, means[figure][i], means[figure + SPREAD][i]) for figure in figures]
        for i in range(len(means["runs"]))
    ]
    header = [*map(words.escape, keys), "runs", *(FIGURES[figure][0] for figure in figures)]
    return tables.table(header, rows, text_columns=range(len(keys)))


def runs_table(columns):
    keys, figures = [name for name in columns if is_key(name)], shown_figures(columns)
    rows = [
        [words.escape(columns["run"][i]), words.escape(columns["status"][i])]
        + [words.escape(value_text(columns[key][i])) for key in keys]
        + [cell(figure, columns[figure][i]) for figure in figures]
        for i in range(len(columns["run"]))
    ]
    header = ["run", "status", *map(words.escape, keys), *(FIGURES[figure][0] for figure in figures)]
    return tables.table(header, rows, text_columns=(0, 1))


def read_curves(paths, columns):
    """[(name of a setting, [(time_s, metric) of each of its runs])], those with evaluations."""
    found = []
    for name, rows in zip(setting_names(columns), rows_by_seed(columns).values()):
        curves = []
        for row in rows:
            with mobilog.open_run(paths[row]) as run:
                overall = run.table("evaluations")
            overall = overall[overall["backbone"] == -1]
            if len(overall):
                curves.append((overall["time_ns"] / SECOND, overall["metric"]))
        if curves:
            found.append((name, curves))
    return found


def read_bands(paths, columns):
    """mobilog.bands() of every run; {} of one that has none, or cannot be read."""
    found = []
    for path, status in zip(paths, columns["status"]):
        if status != "finished":
            found.append({})
            continue
        with mobilog.open_run(path) as run:
            found.append(mobilog.bands(run))
    return found


def bands_section(found):
    """`found`: of sureness.of_settings(); nothing where no run has a band."""
    return page.section(
        "bands",
        "How sure the figures are",
        page.paragraph(
            "Each figure, and in brackets what it is with the low and the high end of every band of the configuration: of"
            " runs with run.figures = low and high where they are among these, else as each run planned. The two are"
            " envelopes: all figures at their ends at once."
        ),
        sureness.settings_table(found),
    ) if found else None


def draw(settings, narrow):
    """The metric of every run over virtual time, a colour a setting; None without evaluations."""
    if not settings:
        return None
    unit, unit_name = words.time_unit(max(time_s[-1] for _, curves in settings for time_s, _ in curves))
    figure, axes = look.canvas(narrow, 3.6 if narrow else 4.4, margins=(0.45, 1.5 if narrow else 2.6, 0.3, 0.5))
    ends, longest = [], 0
    for index, (name, curves) in enumerate(settings):
        colour = look.CATEGORIES[index % len(look.CATEGORIES)]
        for time_s, metric in curves:
            axes.plot(time_s / unit, metric, color=colour, linewidth=1.1, marker="o" if len(metric) < 3 else None, markersize=3)
            longest = max(longest, time_s[-1] / unit)
        mean = sum(metric[-1] for _, metric in curves) / len(curves)
        ends.append((mean, f"{name}  {mean:.1f}", colour))
    axes.set_xlim(0, longest)
    axes.set_xlabel(f"virtual time, {unit_name}")
    axes.set_title("test samples right, %", fontweight="normal", color=look.MUTED, fontsize=8.5)
    if len(ends) <= MOST_NAMED:
        look.label_lines(axes, [(longest, *end) for end in ends], size=7 if narrow else 8)
    return figure


def drawn(settings, folder):
    """page.Drawn, its PNG in `folder`; None without evaluations."""
    svg = {}
    with look.style():
        for narrow in (False, True):
            figure = draw(settings, narrow)
            if figure is None:
                return None
            if not narrow:
                look.to_png(figure, folder / "runs.png")
            svg[narrow] = look.to_svg(figure, f"runs-{'narrow' if narrow else 'wide'}", "accuracy of every run over virtual time")
            look.plt.close(figure)
    return page.Drawn(svg[False], svg[True])


def build(name, columns, problems, figure, bands=None):
    """The page as text.  `bands`: of sureness.of_settings()"""
    groups = rows_by_seed(columns)
    counts = sorted({len(rows) for rows in groups.values()})
    of_each = words.listed(counts) if counts else "0"
    title = (
        f"{words.count(len(columns['run']), 'run')}, {words.count(len(groups), 'setting')},"
        f" {of_each} {'seed' if counts == [1] else 'seeds'} each"
    )
    head = "".join(page.paragraph(f"{text}.", "warning") for _, text in problems)
    sections = [
        page.section(
            "means",
            "Means over seeds",
            page.paragraph(
                "Runs that differ in nothing but run.seed are one line: mean ± half of its 95 % interval by Student's t."
                " Unfinished runs are left out; a figure that one of the runs does not have has no mean."
            ),
            means_table(columns) if groups else page.paragraph("No run has finished.", "note"),
            page.figure(figure, "A line is a run, a colour a setting; at the right end the mean over its seeds."),
        ),
        bands_section(bands),
        page.section("runs", "All runs", runs_table(columns)),
    ]
    sections = [part for part in sections if part]
    return page.document(name, title, head, sections, f"From {words.count(len(columns['run']), 'run file')}.")


def make_page(sources, output=None):
    """Writes runs.html and runs.png of run files, or of those in a folder, and returns the path of the page."""
    paths = runs.run_paths(sources[0] if len(sources) == 1 else sources)
    columns, problems = runs.read_columns(paths)
    folder = page.prepare_folder(output or (sources[0] if sources[0].is_dir() else paths[0].parent))
    figure = drawn(read_curves(paths, columns), folder)
    if figure is None:
        (folder / "runs.png").unlink(missing_ok=True)  # of an earlier page
    name = folder.resolve().name if output is None else sources[0].resolve().name
    bands = sureness.of_settings(columns, read_bands(paths, columns))
    return page.write(build(name, columns, problems, figure, bands), folder / "runs.html")
