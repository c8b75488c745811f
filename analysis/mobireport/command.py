# SPDX-License-Identifier: Apache-2.0
"""Makes one self-contained HTML page, and PNG figures, from a run file; or one that compares several runs.

    %(prog)s RUN.h5 [--reference FILE] [--output DIR] [--no-reference]
    %(prog)s RUN.h5 RUN.h5... | FOLDER [--output DIR]

Of one run: writes report.html and figures/*.png to DIR.  Default: the folder of RUN.h5 if the file is
called run.h5, else a folder beside it that is named after it (of a name without an ending: NAME_report).
The line of centralised training comes from FILE, a replay of the same run with server.mode =
replay_after_all; without --reference the replay is made once, if the fedmobillm program is found,
and kept as replay_all.h5 in DIR.

Of several runs, or of the run files in a folder: writes runs.html and runs.png to DIR, default the
folder of the first.  Runs that differ in their seed alone are one line: mean and 95 % interval.

Exit codes: 0, or 2 (command line), 3 (a file that cannot be read), 5 (DIR cannot be written).
"""

import argparse
import pathlib
import sys

import mobilog

from . import figures_fleet, figures_learning, figures_server
from . import look, numbers, page, reference, several
from . import run as runs

FIGURES = {  # name -> (drawing, what it shows, for people who cannot see it)
    "accuracy": (figures_learning.accuracy, "accuracy over virtual time by backbone"),
    "fleet": (figures_fleet.strip_chart, "when each device computed and sent"),
    "costs": (figures_fleet.class_costs, "bytes, computation, energy and memory by device class"),
    "server": (
        figures_server.load,
        "inbox, waiting packets and load of the server over virtual time",
    ),
    "training": (
        figures_learning.training,
        "loss, gradient norm, learning rate and gates over updates",
    ),
    "confusion": (figures_learning.confusion, "confusion matrix"),
    "recall": (figures_learning.recall, "recognised share of each class by backbone"),
    "host": (figures_server.host, "wall time by rank and phase"),
}


def output_folder(run_path):
    if run_path.stem == "run":
        return run_path.parent
    return run_path.parent / (run_path.stem if run_path.suffix else run_path.name + "_report")


def draw_all(run, summary, folder, line):
    """{name: page.Drawn}; the PNG of each figure is written to `folder`."""
    drawn = {}
    folder.mkdir(parents=True, exist_ok=True)
    with look.style():
        for name, (draw, label) in FIGURES.items():
            extra = {"reference": line} if name == "accuracy" else {}
            svg = {}
            for kind in ("wide", "narrow"):
                figure = draw(run, summary, kind == "narrow", **extra)
                if figure is None:
                    break
                if kind == "wide":
                    look.to_png(figure, folder / f"{name}.png")
                svg[kind] = look.to_svg(figure, f"{name}-{kind}", label)
                look.plt.close(figure)
            if svg:
                drawn[name] = page.Drawn(svg["wide"], svg["narrow"])
            else:
                (folder / f"{name}.png").unlink(missing_ok=True)  # of an earlier report
    return drawn


def make_report(run_path, output=None, reference_path=None, no_reference=False, say=print):
    """Writes the report of one run and returns the path of the page."""
    run = runs.load_run(run_path)
    folder = page.prepare_folder(output or output_folder(run.path))
    line, why_not = None, ""
    if reference_path:
        line = reference.load_reference(reference_path, run)
    elif not no_reference:
        line, why_not = reference.obtain(run, folder, say)
    summary = numbers.summarise(run)
    figures = draw_all(run, summary, folder / "figures", line)
    html = page.build(run, summary, figures, line, why_not)
    return page.write(html, folder / "report.html")


def parse(arguments, program):
    parser = argparse.ArgumentParser(
        prog=program,
        description=__doc__.replace("%(prog)s", program).replace("%", "%%"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN.h5", type=pathlib.Path, nargs="+", help="run files, or one folder of them")
    parser.add_argument(
        "--reference",
        metavar="FILE",
        type=pathlib.Path,
        help="replay of the same run with server.mode = replay_after_all",
    )
    parser.add_argument("--output", metavar="DIR", type=pathlib.Path, help="where to write")
    parser.add_argument(
        "--no-reference", action="store_true", help="leave the line of centralised training out"
    )
    options = parser.parse_args(arguments)
    options.several = len(options.run) > 1 or options.run[0].is_dir()
    if options.several and options.reference:
        parser.error("--reference is a replay of one run; of several there is none")
    return options


def main(arguments=None, program="mobireport"):
    options = parse(arguments, program)
    try:
        if options.several:
            print(several.make_page(options.run, options.output))
        else:
            print(
                make_report(
                    options.run[0],
                    options.output,
                    options.reference,
                    options.no_reference,
                    say=lambda text: print(text, file=sys.stderr),
                )
            )
    except mobilog.RunError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 5
    return 0
