# SPDX-License-Identifier: Apache-2.0
"""The run in words: the headline, the paragraph below it, and the tiles."""

import math

import numpy as np

from mobilog import figures

from . import numbers, sureness, words


def score(run, value):
    """A metric with its unit: percent, or a bare correlation x 100."""
    return f"{value:.1f}" if run.regression else words.percent(value)


def banner(run):
    """What a reader of an unfinished run must know first; empty for a finished one."""
    done = run.updates_done
    if run.status == "aborted":
        return (
            f"This run was stopped before its end, after {words.count(done, 'update')}. "
            "The file is closed and whole up to there; nothing below is a final result."
        )
    if run.status == "running":
        return (
            "This file is incomplete: its writer is still at work or was killed."
            f" {words.count(done, 'update')} had reached the disk; nothing below is a final result."
        )
    return ""


def headline(run, summary):
    devices, overall = len(summary.admitted), summary.overall
    who = words.count(devices, "device")
    single = run.setting("server.mode") == "per_device"
    what = "one side network each" if single else "one side network"
    if overall is None:
        return (
            f"{who}, {words.count(len(run.uploads), 'packet')}, {words.seconds(summary.duration_s)}"
            " of virtual time"
        )
    verb = "taught" if run.complete else "were teaching"
    result = (
        f"a correlation of {summary.final() / 100:.3f}"
        if run.regression
        else f"{words.percent(summary.final())} correct"
    )
    when = f"after {words.seconds(summary.server.end_s)} of virtual time"
    if run.setting("method.name") == "central_side":
        return f"Centralised training on the data of {who}: {result} {when}"
    return f"{who} {verb} {what}: {result} {when}"


def paragraphs(run, summary, reference):
    """Plain sentences, the most important first."""
    return [
        text
        for text in (
            learned(run, summary, reference),
            sent(run, summary),
            served(run, summary),
            sureness.bound_sentence(run.bound),
        )
        if text
    ]


def learned(run, summary, reference):
    if run.setting("run.compute") == "none" or not summary.curves:
        return (
            "Nothing was computed in this run"
            if run.setting("run.compute") == "none"
            else "Nothing was evaluated in this run"
        ) + ": it shows the timeline and the costs alone."
    parts = []
    named = [(run.backbone_names[k], curve) for k, curve in summary.curves.items() if k >= 0]
    if len(named) > 1:
        parts.append(
            "By backbone: "
            + words.listed(f"{name} {score(run, summary.final(curve.backbone))}" for name, curve in named)
            + "."
        )
    if reference and summary.overall is not None:
        gap = numbers.shown_gap(summary.overall, reference.curve)
        unit = "" if run.regression else " percentage points"
        relation = (
            "the same as" if gap == 0 else f"{abs(gap):.1f}{unit} {'above' if gap > 0 else 'below'}"
        )
        parts.append(
            f"Overall that is {relation} centralised training on the same uploads "
            f"({score(run, reference.curve.final)})."
        )
    parts += [validation_sentence(run, summary), target_sentence(run, summary)]
    return " ".join(part for part in parts if part)


def validation_sentence(run, summary):
    """What the two figures of the test set are, and whether training stopped early."""
    if not summary.tests:
        return ""
    last, best = summary.tests[figures.LAST], summary.tests[figures.BEST]
    text = (
        f"On the test set, which was scored once, at the end, the last weights have {score(run, last.metric[-1])}, those"
        f" that were best on the validation set, after {best.updates:,} of {last.updates:,} updates,"
        f" {score(run, best.metric[-1])}; curves and times to target are of the validation set."
    )
    if run.setting("eval.patience", "none") != "none":
        text += f" Training may stop early (eval.patience = {run.setting('eval.patience')})."
    return text


def target_sentence(run, summary):
    target, _ = target_of(run)
    if target > 0 and summary.overall is not None:
        when = target_s(run, summary)
        if math.isnan(when):
            return f"The target of {target:g} was not reached."
        return f"The target of {target:g} was reached after {words.seconds(when)}."
    if (
        summary.overall is not None
        and len(summary.overall.metric) > 3
        and summary.overall.final > 0
    ):
        when = numbers.time_to(summary.overall, 0.95 * summary.overall.final, 2)
        if not math.isnan(when):
            return f"95\u00a0% of the final value was reached after {words.seconds(when)}."
    return ""


def target_s(run, summary):
    """Virtual seconds to eval.target; NaN: not reached, or there is none."""
    target, consecutive = target_of(run)
    if target <= 0 or summary.overall is None:
        return math.nan
    return numbers.time_to(summary.overall, target, consecutive)


def target_of(run):
    try:
        return float(run.setting("eval.target", "0").split()[0]), int(
            run.setting("eval.consecutive", "2")
        )
    except (ValueError, IndexError):
        return 0.0, 2


def sent(run, summary):
    if not len(summary.admitted) or not len(run.uploads):
        return "No device sent anything."
    sums, some = summary.sums, summary.admitted
    per_device = np.median(sums.bytes[some])
    epochs = run.setting("device.epochs", "1")
    times = "once" if epochs == "1" else f"{epochs} times"
    text = (
        f"The devices read {words.number(float(run.devices['samples'][some].sum()))} samples"
        f" {times}, each with forward passes alone, and sent {words.bytes_(summary.total('bytes'))} in"
        f" {words.count(int(sums.packets[some].sum()), 'packet')}: {words.bytes_(per_device)} and"
        f" {words.flop(float(np.median(sums.flop[some])))} for a typical device. "
    )
    finish = sums.finish_s[some][np.isfinite(sums.finish_s[some])]
    if len(finish):
        text += (
            "Half of the devices had sent everything after"
            f" {words.seconds(float(np.median(finish)))}, the last after"
            f" {words.seconds(float(finish.max()))}. "
        )
    refused = len(run.devices) - len(some)
    if refused:
        text += (
            f"{words.count(refused, 'device')} could not take part: the backbone does not fit the"
            " memory. "
        )
    return text + energy_sentence(summary)


def energy_sentence(summary):
    parts = []
    for column, doing in (("compute_j", "computing"), ("send_j", "sending")):
        total, known = summary.known_total(column)
        if known == 0:
            parts.append(f"for {doing} there is no figure")
        elif known < len(summary.admitted):
            parts.append(
                f"{doing} took {words.joules(total)} on the {words.count(known, 'device')} with a"
                " figure"
            )
        else:
            parts.append(f"{doing} took {words.joules(total)}")
    if all("no figure" in part for part in parts):
        return "No energy is known: neither the devices nor the links have power figures."
    return "Energy: " + " and ".join(parts) + "."


def shards(run, summary):
    """How uneven the devices' data are."""
    some, samples = summary.admitted, run.samples
    if not len(some):
        return ""
    held = run.devices["samples"][some]
    text = (
        f"A device holds {words.number(float(np.median(held)))} samples (median), the smallest"
        f" shard {held.min():,}, the largest {held.max():,}."
    )
    if not run.regression and len(samples):
        mine = samples[samples["device"] >= 0]
        table = np.zeros((len(run.devices), len(run.class_names)), bool)
        table[mine["device"].astype(int), mine["label"].astype(int)] = True
        seen = table[some].sum(axis=1)
        text += (
            f" It sees {words.number(float(np.median(seen)))} of the {len(run.class_names)} classes"
            f" (from {seen.min()} to {seen.max()})."
        )
    return text


def served(run, summary):
    server = summary.server
    if not server.updates:
        return ""
    text = (
        f"The server made {words.count(server.updates, 'update')}, {server.arrivals:,} on arriving"
        f" packets and {server.replays:,} from its inbox, and was busy"
        f" {words.percent(100 * server.busy_share, 0)} of the time. "
    )
    if np.isfinite(server.wait_median_s):
        text += (
            f"A packet waited {words.seconds(server.wait_median_s)} for its update (median;"
            f" 95\u00a0% of them less than {words.seconds(server.wait_p95_s)}). "
        )
    if run.complete and server.end_s > server.last_arrival_s:
        text += (
            "After the last packet it learned for"
            f" {words.seconds(server.end_s - server.last_arrival_s)} more."
        )
    return text


def tiles(run, summary):
    """[(value, label, remark)], the numbers worth a glance."""
    sums, overall = summary.sums, summary.overall

    def typical(column, say):
        values = getattr(sums, column)[summary.admitted]
        return say(float(np.median(values)) if len(values) else 0.0) + " a device (median)"

    result = []
    if overall is not None:
        label = "correlation × 100" if run.regression else "correct, all devices"
        remark = "" if run.regression else f"F1 {words.percent(float(overall.f1[-1]))}"
        if summary.tests:
            remark = f"test set, last weights; best on validation {score(run, summary.tests[figures.BEST].metric[-1])}"
        result.append((score(run, summary.final()), label, remark))
    updates = f"{words.count(summary.server.updates, 'update')} on the server"
    about_time = sureness.remark(run.bands, "time_s") or updates
    result.append((words.seconds(summary.duration_s), "virtual time, downloads included", about_time))
    for column, say, label in (
        ("bytes", words.bytes_, "sent by the fleet"),
        ("flop", words.flop, "computed by the fleet"),
    ):
        result.append((say(summary.total(column)), label, typical(column, say)))
    energy, known = summary.known_total("compute_j")
    remark = "every device" if known else "the profiles have no power figure"
    if 0 < known < len(summary.admitted):
        remark = f"{known:,} of {len(summary.admitted):,} devices have a figure"
    result.append((words.joules(energy), "energy for computing", remark))
    memory = words.bytes_(summary.peak_memory_bytes)
    result.append((memory, "largest memory need of a device", "inference only"))
    return result
