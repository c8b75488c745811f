# SPDX-License-Identifier: Apache-2.0
"""The page's tables as HTML."""

import numpy as np

from mobilog import figures

from . import figures_learning, look, numbers, story, words

MOST_SLOW = 10


def table(header, rows, text_columns=(0,), total_last=False):
    """`rows` of ready HTML cells; columns in `text_columns` are set left."""

    def line(cells, tag, kind=""):
        return (
            f"<tr{kind}>"
            + "".join(
                f'<{tag}{" class=text" if i in text_columns else ""}>{cell}</{tag}>'
                for i, cell in enumerate(cells)
            )
            + "</tr>"
        )

    body = "".join(
        line(row, "td", ' class="total"' if total_last and i == len(rows) - 1 else "")
        for i, row in enumerate(rows)
    )
    head = line(header, "th")
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def value(text):
    return f"<i>{text}</i>" if text == words.NO_FIGURE else words.escape(text)


def backbone(run, index, name=None):
    text = name or ("all devices" if index < 0 else run.backbone_names[index])
    return f'<span class="dot {look.backbone_class(index)}"></span>{words.escape(text)}'


def final_scores(run, summary, reference):
    metric = "correlation × 100" if run.regression else "correct"
    header = ["backbone", "devices", metric] + ([] if run.regression else ["F1"]) + ["loss"]
    if reference:
        header += ["centralised", "difference"]
    if summary.tests:
        return tested_scores(run, summary)
    rows = []
    for index, curve in summary.curves.items():
        devices = len(summary.admitted) if index < 0 else int(run.backbones["devices"][index])
        row = [backbone(run, index), f"{devices:,}", story.score(run, curve.final)]
        row += [] if run.regression else [words.percent(float(curve.f1[-1]))]
        row.append(words.number(float(curve.loss[-1])))
        if reference:
            other = reference.curves.get(index)
            row += (
                [story.score(run, other.final), words.signed(numbers.shown_gap(curve, other))]
                if other
                else ["", ""]
            )
        rows.append(row)
    return table(header, rows, total_last=len(rows) > 1)


def tested_scores(run, summary):
    """The test set by the last weights and by those best on validation, and both sets' figures for the last."""
    last, best = summary.tests[figures.LAST], summary.tests[figures.BEST]
    header = ["backbone", "devices", "validation, last weights", "test, last weights"]
    header += ([] if run.regression else ["F1"]) + ["loss", "test, best on validation"]
    header += ([] if run.regression else ["F1"]) + ["loss"]
    rows = []
    for index, curve in summary.curves.items():
        devices = len(summary.admitted) if index < 0 else int(run.backbones["devices"][index])
        row = [backbone(run, index), f"{devices:,}", story.score(run, curve.final)]
        for tested in (last, best):
            row.append(story.score(run, tested.metric[index]))
            row += [] if run.regression else [words.percent(tested.f1[index])]
            row.append(words.number(tested.loss[index]))
        rows.append(row)
    return table(header, rows, total_last=len(rows) > 1)


def passes(run):
    """How often samples were trained on; empty without /passes."""
    fleet = numbers.passes(run, figures.FLEET)
    if not fleet:
        return ""

    def row(name, one):
        return [name, f"{one.samples:,}", f"{one.mean:.2f}", f"{one.fewest:,}", f"{one.most:,}"]

    deciles = numbers.passes(run, figures.ARRIVAL_DECILE)
    rows = [row(f"{one.number + 1}. tenth to arrive", one) for one in deciles]

    def extremes(group, name_of):
        members = sorted(numbers.passes(run, group), key=lambda one: one.mean)
        if len(members) > 1:
            rows.extend(row(f"{name_of(one)}, {which}", one) for which, one in (("fewest", members[0]), ("most", members[-1])))

    extremes(figures.DEVICE, lambda one: f"device {one.number}")
    classes = figures_learning.short_class_names(run)
    extremes(figures.CLASS, lambda one: f"class {words.escape(classes[one.number])}")
    rows.append(row("all samples", fleet[0]))
    return (
        "<h3>Passes of a sample</h3><p>In how many updates a sample was, on its arrival and in replay: those that came"
        " first and last, and the devices and classes with the fewest and the most."
        " <code>server.balance = passes</code> makes them equal within one.</p>"
        + table(["samples of", "samples", "mean", "fewest", "most"], rows, total_last=True)
    )


def class_row(group, sums, run):
    some = group.members

    def total(column):
        return float(getattr(sums, column)[some].sum()) if len(some) else 0.0

    return [
        backbone(run, group.backbone, group.profile),
        words.escape(group.backbone_name),
        words.escape(group.link),
        f"{len(some):,}",
        f"{group.samples:,}",
        f"{int(sums.packets[some].sum()):,}",
        value(words.bytes_(total("bytes"))),
        value(words.flop(total("flop"))),
        value(words.joules(total("compute_j"))),
        value(words.joules(total("send_j"))),
        value(words.bytes_(group.memory_need_bytes)),
    ]


def classes(run, summary):
    header = [
        "device class",
        "backbone",
        "link",
        "devices",
        "samples",
        "packets",
        "bytes sent",
        "computation",
        "energy, computing",
        "energy, sending",
        "memory, each",
    ]
    rows = [class_row(group, summary.sums, run) for group in summary.classes if len(group.members)]
    if not rows:
        return ""
    some = summary.admitted
    rows.append(
        [
            "whole fleet",
            "",
            "",
            f"{len(some):,}",
            f"{int(run.devices['samples'][some].sum()):,}",
            f"{int(summary.sums.packets[some].sum()):,}",
            value(words.bytes_(summary.total("bytes"))),
            value(words.flop(summary.total("flop"))),
            value(words.joules(summary.total("compute_j"))),
            value(words.joules(summary.total("send_j"))),
            value(words.bytes_(summary.peak_memory_bytes)),
        ]
    )
    return table(header, rows, text_columns=(0, 1, 2), total_last=True)


def downloads(run, summary):
    if not run.has("downloads"):
        return (
            '<p class="note">Nothing was downloaded: '
            + (
                "the run ended before the devices fetched the side network."
                if not run.complete
                else "this configuration keeps the side network on the server."
            )
            + "</p>"
        )
    sums, rows = summary.sums, []
    for group in summary.classes:
        some = group.members[sums.download_bytes[group.members] > 0]
        if len(some):
            rows.append(
                [
                    backbone(run, group.backbone, group.profile),
                    f"{len(some):,}",
                    value(words.bytes_(float(np.median(sums.download_bytes[some])))),
                    value(words.bytes_(float(sums.download_bytes[some].sum()))),
                    value(words.seconds(float(np.median(sums.download_s[some])))),
                    value(words.joules(float(sums.download_j[some].sum()))),
                ]
            )
    return (
        "<p>When the training is over, each device fetches the side network and its projections"
        " once.</p>"
        + table(
            ["device class", "devices", "bytes each", "bytes, all", "time each", "energy, all"],
            rows,
        )
    )


def shares_of_time(run, members):
    """{state: share of the time until the last packet} of some devices together; nothing without /costs.

    Computing and sending at the same time counts as computing.
    """
    costs = run.costs[np.isin(run.costs["device"], members)]
    done = costs["done_ns"].sum()
    if not len(costs) or done <= 0:
        return None
    return {
        "computing": costs["compute_ns"].sum() / done,
        "sending": (costs["send_ns"] - costs["both_ns"]).sum() / done,
        "waiting": costs["wait_ns"].sum() / done,
        "off": costs["off_ns"].sum() / done,
    }


def states(run, summary):
    """Where the time and the bytes of each class went; empty without /costs (a run that did not end)."""
    times, loads = [], []
    for group in summary.classes:
        shares = shares_of_time(run, group.members)
        if shares is None:
            continue
        costs = run.costs[np.isin(run.costs["device"], group.members)]
        name = backbone(run, group.backbone, group.profile)
        times.append(
            [name, words.escape(group.link), words.seconds(float(np.median(costs["done_ns"])) * 1e-9)]
            + [words.percent(100 * share) for share in shares.values()]
            + [value(words.joules(float(costs[f"{what}_energy_j"].sum()))) for what in ("compute", "send", "wait")]
        )
        kinds = ("tap", "scale", "residual", "label", "header", "repeated", "vain")
        loads.append(
            [name, words.escape(group.link)]
            + [value(words.bytes_(float(costs[f"{kind}_bytes"].sum()))) for kind in kinds]
        )
    if not times:
        return ""
    return (
        "<h3>Time, energy and bytes by kind</h3><p>Until a device's last packet arrived; sending while it computes counts"
        " as computing.</p>"
        + table(
            ["device class", "link", "last packet, median", "computing", "sending alone", "waiting", "off"]
            + ["energy, computing", "energy, sending", "energy, waiting"],
            times,
            text_columns=(0, 1),
        )
        + table(
            ["device class", "link", "taps", "scales", "residuals", "labels", "headers", "sent again", "wasted"],
            loads,
            text_columns=(0, 1),
        )
    )


def held_up_by(run, sums, i):
    """What the device spent most of its time with until its last packet arrived."""
    shares = shares_of_time(run, [i])
    if shares is not None:
        most = max(shares, key=shares.get)
        return {"sending": "the uplink", "off": "being away"}.get(most, most)
    away = sums.finish_s[i] - sums.compute_s[i] - sums.send_s[i]
    if away > max(sums.compute_s[i], sums.send_s[i]):
        return "being away" if sums.lost_s[i] > 0 or sums.lost_bytes[i] > 0 else "waiting"
    return "computing" if sums.compute_s[i] > sums.send_s[i] else "the uplink"


def lost(run, summary):
    """What links carried twice and what devices lost when they went off; empty when nothing was."""
    sums, rows = summary.sums, []
    for group in summary.classes:
        some = group.members
        total = [
            float(column[some].sum())
            for column in (
                sums.repeated_bytes,
                sums.lost_computing,
                sums.lost_sending,
                sums.lost_receiving,
                sums.too_late,
                sums.lost_s,
                sums.lost_bytes,
            )
        ]
        if not any(total):
            continue
        repeated, computing, sending, receiving, late, time, in_vain = total
        rows.append(
            [
                backbone(run, group.backbone, group.profile),
                words.escape(group.link),
                f"{len(some):,}",
                value(words.bytes_(repeated)),
                f"{int(computing):,}",
                f"{int(sending):,}",
                f"{int(receiving):,}",
                f"{int(late):,}",
                value(words.seconds(time)),
                value(words.bytes_(in_vain)),
            ]
        )
    missing = int(run.devices["missing_packets"].sum()) if "missing_packets" in run.devices.dtype.names else 0
    note = (
        f'<p class="note">{words.count(missing, "packet")} never arrived, or came after the server had stopped waiting.</p>'
        if missing
        else ""
    )
    if not rows:
        return note
    header = ["device class", "link", "devices", "sent again", "computations lost", "uploads lost", "downloads lost"]
    return (
        "<h3>Lost and sent again</h3><p>A link sends again what it loses; a device that goes off loses what it is"
        " computing, sending or receiving, and begins that anew. A late upload is one that the server no longer"
        " waited for.</p>"
        + table([*header, "late uploads", "time lost", "bytes wasted"], rows, text_columns=(0, 1))
        + note
    )


def slowest(run, summary):
    sums, some = summary.sums, summary.admitted
    finish = sums.finish_s[some]
    order = some[np.argsort(-np.where(np.isnan(finish), -1, finish), kind="stable")][:MOST_SLOW]
    profiles, links = run.labels("devices", "profile"), run.labels("devices", "link")
    rows = [
        [
            backbone(run, int(run.devices["backbone"][i]), f"device {i}"),
            words.escape(profiles[i]),
            words.escape(links[i]),
            f"{run.devices['samples'][i]:,}",
            f"{int(sums.packets[i]):,}",
            words.seconds(sums.compute_s[i]),
            words.seconds(sums.send_s[i]),
            words.seconds(sums.finish_s[i]),
            held_up_by(run, sums, i),
        ]
        for i in order
        if np.isfinite(sums.finish_s[i])
    ]
    if not rows:
        return ""
    return table(
        [
            "device",
            "class",
            "link",
            "samples",
            "packets",
            "computing",
            "sending",
            "last packet in after",
            "held up by",
        ],
        rows,
        text_columns=(0, 1, 2, 8),
    )


def refused(run, summary):
    rows = [
        [
            backbone(run, group.backbone, group.profile),
            f"{group.refused:,}",
            words.escape(group.backbone_name),
            words.bytes_(group.refused_need_bytes),
            words.bytes_(group.memory_bytes),
        ]
        for group in summary.classes
        if group.refused
    ]
    return (
        table(
            ["device class", "refused", "backbone", "memory needed", "memory there is"],
            rows,
            text_columns=(0, 2),
        )
        if rows
        else ""
    )


def confused(run):
    matrix = numbers.confusion(run)
    if matrix is None:
        return ""
    names = figures_learning.short_class_names(run)
    rows = [
        [
            words.escape(names[truth]),
            words.escape(names[said]),
            f"{count:,}",
            words.percent(100 * share, 0),
        ]
        for truth, said, count, share in numbers.confused_pairs(matrix, 8)
    ]
    if not rows:
        return "<p>Not one sample of the test set was misjudged.</p>"
    return "<h3>Most frequent mistakes</h3>" + table(
        ["is", "taken for", "samples", "of its class"], rows, text_columns=(0, 1)
    )


def forwards(run, summary):
    if not summary.forwards:
        return (
            '<p class="note">No forward pass was computed in this run.</p>'
            if not run.has("host") or run.setting("run.compute") == "none"
            else ""
        )
    rows = [
        [
            backbone(run, item.backbone),
            f"{item.samples:,}",
            f"{item.tokens:,}",
            words.seconds(item.wall_s),
            words.number(item.tokens_per_wall_s),
            words.flop_rate(item.flop_per_wall_s),
            f"{item.threads}",
            value(words.percent(100 * item.peak_share, 0)),
        ]
        for item in summary.forwards
    ]
    return table(
        [
            "forward passes",
            "samples",
            "real tokens",
            "wall time",
            "tokens per second",
            "speed",
            "threads",
            "of the GEMM peak",
        ],
        rows,
    )


def host_remark(run):
    host = run.host
    if not len(host):
        return ""
    memory = float(host["peak_rss_bytes"].max())
    recording = numbers.host_rows(run, "recording")
    written = float(recording["wire_bytes"].sum())
    passed = float(host["wire_bytes"].sum()) - written
    waits = int(recording["queue_waits"].sum()) if "queue_waits" in host.dtype.names else 0
    parts = [words.count(len(set(host["rank"].tolist())), "rank")]
    if memory > 0:
        parts.append(f"at most {words.bytes_(memory)} of memory in one")
    if passed > 0:
        parts.append(f"{words.bytes_(passed)} really passed between workers and server")
    if written > 0:
        parts.append(f"{words.bytes_(written)} written to the file")
    if waits:
        parts.append(f"the server waited for the disk {words.count(waits, 'time')}")
    return f'<p class="note">{", ".join(parts)}.</p>'
