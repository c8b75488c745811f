# SPDX-License-Identifier: Apache-2.0
"""The page: sections in order, each a few words, a figure, a line that says what to look for."""

import dataclasses
import os
import pathlib
import re

from . import look, story, sureness, tables, words

SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif'


@dataclasses.dataclass
class Drawn:
    """A figure ready for the page: one SVG drawing for a screen, one for a phone."""

    wide: str
    narrow: str


def css():
    light, dark = (look.css_variables(dark) for dark in (0, 1))
    rules = (pathlib.Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    classes = "".join(f".{name}{{color:var(--{name})}}" for name in look.THEME)
    return (
        f":root{{{light}--shade:#0003;--sans:{SANS}}}@media screen and"
        f" (prefers-color-scheme:dark){{:root{{{dark}--shade:#0009}}}}{rules}{classes}"
    )


def figure(drawn, what_to_look_for, kind=""):
    if drawn is None:
        return ""
    return (
        f'<figure class="{kind}"><div class="wide">{drawn.wide}</div><div'
        f' class="narrow">{drawn.narrow}</div><figcaption class="look"><b>What to look for.</b>'
        f" {what_to_look_for}</figcaption></figure>"
    )


def paragraph(text, kind=""):
    return f'<p class="{kind}">{words.escape(text)}</p>' if text else ""


def details(title, content):
    return f"<details><summary>{title}</summary>{content}</details>" if content else ""


def section(name, title, *content):
    body = "".join(part for part in content if part)
    return (name, title, f'<section id="{name}"><h2>{title}</h2>{body}</section>') if body else None


def learned(run, summary, figures, reference, why_not):
    if not summary.curves:
        return section(
            "learned",
            "What was learned",
            paragraph(
                "This run has no evaluation: run.compute = none plays the timeline without"
                " computing anything."
                if run.setting("run.compute") == "none"
                else "This run has no evaluation (eval.every, or it ended before the first)."
            ),
        )
    return section(
        "learned",
        "What was learned",
        tables.final_scores(run, summary, reference),
        figure(
            figures.get("accuracy"),
            "How fast the lines rise, and whether they flatten together. Lines that stay apart show"
            " what a larger backbone is worth. The distance to the dashed line is the price of"
            " learning from packets as they arrive; where it closes, nothing was lost by not"
            " waiting.",
        ),
        paragraph(why_not, "note"),
    )


def fleet(run, summary, figures):
    return section(
        "fleet",
        "Who worked when",
        paragraph(story.shards(run, summary)),
        figure(
            figures.get("fleet"),
            "A device computes (upper half) and sends (lower half) at the same time. Sending that"
            " goes on long after computing ended means that the uplink is the bottleneck; gaps in"
            " sending mean that it waits for the processor. Each group's slope shows how unequal"
            " its shards are; the lowest lines decide when the server has seen everything.",
        ),
        details("The slowest devices", tables.slowest(run, summary)),
        details("Devices that were refused", tables.refused(run, summary)),
    )


def costs(run, summary, figures):
    return section(
        "costs",
        "What it cost the devices",
        tables.classes(run, summary),
        figure(
            figures.get("costs"),
            "The bar and its number are the median device of a class, the thick line 8 in 10"
            " devices, the thin one all of them. A class that spends much more than the others"
            " carries the larger backbone or the larger shards. Grey in the last panel is the"
            " memory there is. “No figure” means that nobody measured it; it is not zero.",
        ),
        tables.states(run, summary),
        tables.lost(run, summary),
        "<h3>Downloads</h3>" + tables.downloads(run, summary),
    )


def served(run, summary, figures):
    return section(
        "server",
        "What the server did",
        figure(
            figures.get("server"),
            "The inbox grows as long as devices upload. Waiting packets that pile up, together with"
            " a server that is busy with arrivals all the time, mean that it is saturated: the"
            " fleet is faster than the server. Replay fills the gaps, and everything after the last"
            " arrival.",
        ),
        tables.passes(run),
    )


def trained(run, summary, figures):
    return section(
        "training",
        "How training went",
        figure(
            figures.get("training"),
            "The loss falls quickly, then slowly; one that rises again, or a gradient norm that"
            " grows, asks for a smaller learning rate. Arrivals are one device's own samples, so"
            " their loss is noisier than that of replay, which mixes devices. A gate near 1 means"
            " that the network relies on what it built below, near 0 on what the devices sent for"
            " that block.",
        ),
    )


def confused(run, summary, figures):
    return section(
        "confusion",
        "What it takes for what",
        figure(
            figures.get("confusion"),
            "All backbones together, after the last evaluation. A row is a true class, the largest"
            " on top; its cells are percents of that class. A dark diagonal is right. A dark column"
            " beside it is a class that swallows others.",
            "square",
        ),
        tables.confused(run),
        figure(
            figures.get("recall"),
            "Hardest classes at the bottom, number of test samples in brackets. Where the dots of"
            " the backbones lie far apart, a larger backbone helps that class; where all are low,"
            " there are too few samples or the class is vague.",
        ),
    )


def sure(run, summary):
    return section(
        "bands",
        "How sure the figures are",
        paragraph(
            "Figures of devices, links and server that are not known exactly have a band in the configuration. Low takes"
            " of every band the end with which a run costs less (faster rates, shorter times, lower powers), high the"
            " other, all at once: the two are envelopes, not likely fleets. Durations and energies were computed from"
            " the same timeline with those figures; energy does not include waiting. What is learned when depends on"
            " the order of arrivals, so the time to a target takes runs with run.figures = low and high."
        ),
        sureness.table(run.bands, story.target_s(run, summary)),
    ) if run.bands else None


def testbed(run, summary, figures):
    return section(
        "host",
        "How fast the testbed was",
        paragraph(
            "Wall time on the machine that emulated the fleet. It has no influence on anything"
            " above.",
            "note",
        ),
        tables.forwards(run, summary),
        figure(
            figures.get("host"),
            "Forward passes and training are the work; grey is waiting. Ranks that wait long are"
            " too many for the load, or the server is what holds them up.",
        ),
        tables.host_remark(run),
    )


def configuration(run):
    lines = []
    for line in run.config_text.splitlines():
        text = words.escape(line)
        if line.strip().startswith("["):
            text = f'<span class="s">{text}</span>'
        elif "=" in line:
            text = re.sub(r"^([^=]*=)", r'<span class="k">\1</span>', text)
        lines.append(text)
    return section(
        "configuration",
        "The configuration",
        paragraph("Feeding this text back to fedmobillm run reproduces the run.", "note"),
        details("Show all settings", "<pre>" + "\n".join(lines) + "</pre>"),
    )


def build(run, summary, figures, reference=None, why_not=""):
    """The whole page as text; it refers to nothing outside itself."""
    sections = [
        part
        for part in (
            learned(run, summary, figures, reference, why_not),
            fleet(run, summary, figures),
            costs(run, summary, figures),
            served(run, summary, figures),
            trained(run, summary, figures),
            confused(run, summary, figures),
            sure(run, summary),
            testbed(run, summary, figures),
            configuration(run),
        )
        if part
    ]
    name = run.path.parent.name + "/" + run.path.stem if run.path.stem == "run" else run.path.stem
    title = story.headline(run, summary)
    warning = story.banner(run)
    tiles = "".join(
        f"<li><b>{words.escape(value)}</b><span>{words.escape(label)}</span>"
        f"<small>{words.escape(remark)}</small></li>"
        for value, label, remark in story.tiles(run, summary)
    )
    text = "".join(
        paragraph(part, "lead" if i == 0 else "")
        for i, part in enumerate(story.paragraphs(run, summary, reference))
    )
    made_by = ", ".join(
        f"{key.replace('_version', '').replace('_', ' ')} {str(value)[:40]}"
        for key, value in sorted(run.attributes.items())
        if key.endswith("_version") or key in ("git_commit", "seed")
    )
    return document(
        name,
        title,
        paragraph(warning, "warning") + f'{text}<ul class="tiles">{tiles}</ul>',
        sections,
        f"From {words.escape(run.path.name)} ({words.escape(made_by)}).",
    )


def document(name, title, head, sections, foot):
    """A page: `head` below its title, then sections of section(), as text that refers to nothing outside itself."""
    nav = "".join(f'<a href="#{key}">{heading}</a>' for key, heading, _ in sections)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{words.escape(name)}: {words.escape(title)}</title>
<style>{css()}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">Fed MobiLLM testbed · {words.escape(name)}</p>
<h1>{words.escape(title)}</h1>
{head}
<nav aria-label="Sections">{nav}</nav>
</header>
{"".join(html for _, _, html in sections)}
<footer>{foot}</footer>
</main>
</body>
</html>
"""


def prepare_folder(path):
    """The folder to write to, made where it is missing; OSError when a file is in its place."""
    folder = pathlib.Path(path)
    if folder.exists() and not folder.is_dir():
        raise OSError(f"{folder} is no folder: --output DIR takes another one")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write(html, target):
    """Writes a page whole or not at all, and returns its path."""
    partial = target.with_name(target.name + ".part")
    partial.write_text(html, encoding="utf-8")
    os.replace(partial, target)
    return target
