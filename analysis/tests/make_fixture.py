#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a small, complete run file without running anything.

The timeline is the real one (fixture_timeline.py), what is learned is drawn: smooth curves with
noise.  Tests and figures need a file whose tables agree with each other; nobody should read a
result from it.

    make_fixture.py FILE [--devices 12] [--samples-per-device 40] [--backbones 3] [--classes 26] ...
"""

import argparse
import dataclasses
import pathlib

import h5py
import numpy as np

from fixture_timeline import (
    BACKBONES,
    LINKS,
    PROFILES,
    Options,
    forward_flop,
    make_shards,
    play_server,
    schedule_devices,
)

SUPERSENSES = (
    "Tops act animal artifact attribute body cognition communication event feeling food group"
    " location motive object person phenomenon plant possession process quantity relation shape"
    " state substance time"
).split()
PHASES = "total forward evaluation_forward training evaluation recording waiting pacing".split()
NS = 1e9


def enum(names, base="i4"):
    return h5py.enum_dtype({str(name): i for i, name in enumerate(names)}, basetype=base)


def enum_or(rows, other):
    """Backbone names, and what -1 stands for."""
    return h5py.enum_dtype({other: -1} | {row[0]: i for i, row in enumerate(rows)}, basetype="i4")


def write_table(file, name, rows, columns, description):
    """`columns`: name -> (dtype, values); one compound dataset of `rows` rows."""
    dtype = np.dtype([(key, kind) for key, (kind, _) in columns.items()])
    data = np.zeros(rows, dtype)
    for key, (_, values) in columns.items():
        data[key] = values
    dataset = file.create_dataset(
        name, data=data, maxshape=(None,), chunks=(max(1, min(rows, 1024)),)
    )
    dataset.attrs["description"] = description
    dataset.attrs["unit"] = "see column names"
    return data


def config_text(options):
    compute = "all" if options.compute else "none"
    mix = " ".join(
        f"{name}:{options.devices // options.backbones}"
        for name, *_ in PROFILES[: options.backbones]
    )
    return f"""[run]
seed = {options.seed}
compute = {compute}

figures = {options.figures}

[method]
name = fed_mobillm

[data]
task = table
train = data/cache/wordnet/train.tsv
test = data/cache/wordnet/test.tsv
partition = dirichlet
alpha = 1

[fleet]
mix = {mix}

[packet]
dtype = fp32
samples = 8

[server]
mode = {options.mode}
epochs = {options.epochs}
batch = 32

[eval]
every = {options.evaluate_every}
target = {options.target}

[device.jetson_tx2]
rate_fp16 = 0.45 TFLOP/s
memory = 7852 MB
"""


def write_devices(file, options, sizes, packets, backbone_of, admitted):
    profiles = np.asarray(backbone_of)
    need = np.array([parameters * 2 + 60e6 for *_, parameters, _, _ in BACKBONES])[profiles]
    have = np.array([memory for _, _, memory, *_ in PROFILES])[profiles]
    need[~admitted] = 1.3 * have[~admitted]
    write_table(
        file,
        "devices",
        options.devices,
        {
            "device": ("i4", np.arange(options.devices)),
            "profile": (enum(name for name, *_ in PROFILES[: options.backbones]), profiles),
            "link": (enum(name for name, *_ in LINKS[: options.backbones]), profiles),
            "backbone": (enum(row[0] for row in BACKBONES[: options.backbones]), backbone_of),
            "samples": ("i4", sizes),
            "packets": ("i4", packets),
            **({"missing_packets": ("i4", options.missing)} if options.schema > 4 else {}),
            "memory_need_bytes": ("f8", need),
            "memory_bytes": ("f8", have),
            "admitted": ("i1", admitted),
            "uplink_bytes_per_s": ("f8", np.array([link[1] for link in LINKS])[profiles]),
            "downlink_bytes_per_s": ("f8", np.array([link[1] for link in LINKS])[profiles]),
            "downlink_deviation_bytes_per_s": ("f8", 0),
            "latency_s": ("f8", 0.005),
            "jitter_s": ("f8", 0),
            "loss": ("f8", 0),
            "emptied_ns": ("i8", -1),
        },
        "one row per device",
    )


def write_backbones(file, options, backbone_of, admitted):
    rows = BACKBONES[: options.backbones]
    families = sorted({row[1] for row in rows})
    write_table(
        file,
        "backbones",
        len(rows),
        {
            "backbone": ("i4", range(len(rows))),
            "name": (enum(row[0] for row in rows), range(len(rows))),
            "family": (enum(families), [families.index(row[1]) for row in rows]),
            "layers": ("i4", [row[2] for row in rows]),
            "width": ("i4", [row[3] for row in rows]),
            "heads": ("i4", [row[4] for row in rows]),
            "ffn": ("i4", [4 * row[3] for row in rows]),
            "vocabulary": ("i4", 30522),
            "parameters": ("i8", [row[5] for row in rows]),
            "taps": ("i4", min(row[2] for row in rows)),
            "devices": (
                "i4",
                [int((admitted & (backbone_of == k)).sum()) for k in range(len(rows))],
            ),
            "pivot": (enum(["first", "last", "mean"]), 2),
            "weight_dtype": (enum("fp32 fp16 bf16 int8 int4".split()), 1),
        },
        "one row per backbone",
    )


def write_uploads(file, options, uploads, cut_ns):
    arrival = np.round(uploads["arrival"] * NS).astype("i8")
    columns = {"upload": ("i4", range(len(arrival)))}
    for name in "device packet samples tokens".split():
        columns[name] = ("i4", uploads[name])
    columns["padded_tokens"] = ("i4", uploads["padded"])
    for name in "compute_start compute_end send_start send_end".split():
        columns[name + "_ns"] = ("i8", np.round(uploads[name] * NS))
    columns["arrival_ns"] = ("i8", arrival)
    columns["charged_bytes"] = ("i8", uploads["bytes"])
    columns["repeated_bytes"] = ("i8", 0)
    columns["charged_flop"] = ("f8", uploads["flop"])
    columns["compute_energy_j"] = ("f8", uploads["compute_j"])
    columns["send_energy_j"] = ("f8", uploads["send_j"])
    columns["overrun_ns"] = ("i8", 0)
    columns["outcome"] = (
        enum(["delivered", "lost", "planned"], "i1"),
        np.where(arrival <= cut_ns, 0, 2),
    )
    write_table(file, "uploads", len(arrival), columns, "one row per packet, by arrival")


def write_costs(file, uploads):
    """/costs: written at the end of a run, so of a killed one it is empty."""
    devices = np.unique(uploads["device"]) if uploads is not None else np.array([], int)

    def total(values):
        return np.bincount(uploads["device"], values, devices.max() + 1)[devices] if len(devices) else devices

    def sums(first, last):
        return np.round(total(uploads[last] - uploads[first]) * NS).astype("i8") if len(devices) else devices

    compute, send = sums("compute_start", "compute_end"), sums("send_start", "send_end")
    done = np.array([round(uploads["arrival"][uploads["device"] == one].max() * NS) for one in devices], "i8")
    both = np.maximum(0, compute + send - done)
    columns = {"device": ("i4", devices), "tokens": ("i8", 100), "charged_flop": ("f8", 1e9)}
    columns["tap_bytes"] = ("i8", total(uploads["bytes"]) if len(devices) else devices)
    for kind in "scale residual label header repeated vain".split():
        columns[f"{kind}_bytes"] = ("i8", 0)
    for name, values in (("compute", compute), ("send", send), ("both", both)):
        columns[f"{name}_ns"] = ("i8", values)
    columns["wait_ns"] = ("i8", done - compute - send + both)
    columns["off_ns"] = ("i8", 0)
    columns["done_ns"] = ("i8", done)
    for name, key in (("compute", "compute_j"), ("send", "send_j")):
        columns[f"{name}_energy_j"] = ("f8", total(uploads[key]) if len(devices) else devices)
    columns["wait_energy_j"] = ("f8", np.nan)
    write_table(file, "costs", len(devices), columns, "what each device spent")


def write_learning(file, options, steps, evaluated, random):
    """/training, gates, /evaluations, /confusion: curves that look like learning."""
    total = len(steps)
    progress = (np.arange(total) + 1) / max(total, 1)
    rows = BACKBONES[: options.backbones]
    taps = min(row[2] for row in rows)
    computed = total if options.compute else 0
    warmup = np.minimum(progress / 0.06, (1.0001 - progress) / 0.94)
    write_table(
        file,
        "training",
        computed,
        {
            "update": ("i4", range(computed)),
            "loss": (
                "f8",
                (
                    0.46 * np.exp(-4 * progress)
                    + 0.16
                    + random.gamma(4, 0.012, total) * np.where(steps["kind"] == 0, 1.6, 1)
                )[:computed],
            ),
            "gradient_norm": (
                "f8",
                (0.25 + 0.5 * np.exp(-9 * progress) + random.gamma(3, 0.05, total))[:computed],
            ),
            "learning_rate": ("f8", 1e-3 * warmup[:computed]),
        },
        "one row per update",
    )
    drift = np.outer(progress, np.linspace(-0.35, 0.28, taps))
    gates = 0.5 + drift + random.normal(0, 0.004, (total, taps))
    gates[:, 0] = 0.5 + drift[:, 0] * 0.2
    file.create_dataset("training_gates", data=gates[:computed].astype("f4"), maxshape=(None, taps))
    table = {key: [] for key in "update backbone time metric f1 loss".split()}
    top = np.array([row[6] for row in rows])
    counts = np.array([len(range(k, options.devices, options.backbones)) for k in range(len(rows))])
    for update in evaluated:
        share = update / max(len(steps), 1)
        metric = top * (1 - 0.78 * np.exp(-7 * share**0.8)) + random.normal(0, 0.35, len(rows))
        for backbone in list(range(len(rows))) + [-1]:
            value = metric[backbone] if backbone >= 0 else np.average(metric, weights=counts)
            for key, entry in (
                ("update", update),
                ("backbone", backbone),
                ("time", steps["end"][update - 1]),
                ("metric", value),
                ("f1", value - 6),
                ("loss", 0.5 - value / 200),
            ):
                table[key].append(entry)
    write_table(
        file,
        "evaluations",
        len(table["update"]),
        {
            "update": ("i4", table["update"]),
            "backbone": (enum_or(rows, "all"), table["backbone"]),
            "time_ns": ("i8", np.round(np.array(table["time"]) * NS)),
            "metric": ("f8", table["metric"]),
            "f1": ("f8", table["f1"] if options.classes > 1 else np.nan),
            "loss": ("f8", table["loss"]),
        },
        "per evaluation one row per backbone, then overall",
    )
    write_confusion(file, options, rows, table, random)


def write_confusion(file, options, rows, table, random):
    """Counts whose diagonal is exactly the last metric, as far as whole samples allow."""
    classes = options.classes
    if classes < 2:
        for row in rows:
            file.create_dataset(f"confusion/{row[0]}", data=np.zeros((1, 1), "i4"))
        return
    truth = random.multinomial(options.test_samples, random.dirichlet(np.full(classes, 2.0)))
    for backbone, row in enumerate(rows):
        counts = np.zeros((classes, classes), "i4")
        if table["update"]:
            metric = table["metric"][-len(rows) - 1 + backbone] / 100
            liking = random.dirichlet(np.full(classes, 0.25), classes)
            for c in range(classes):
                liking[c, c] = 0
                right = int(truth[c] * metric + 0.5)
                counts[c] = random.multinomial(truth[c] - right, liking[c] / liking[c].sum())
                counts[c, c] += right
            right = counts.trace() / max(options.test_samples, 1) * 100
            table["metric"][-len(rows) - 1 + backbone] = right
            last = file["evaluations"]
            last[len(last) - len(rows) - 1 + backbone, "metric"] = right
        file.create_dataset(f"confusion/{row[0]}", data=counts)
    if table["update"]:
        counts = np.array(
            [len(range(k, options.devices, options.backbones)) for k in range(len(rows))]
        )
        overall = np.average(table["metric"][-len(rows) - 1 : -1], weights=counts)
        file["evaluations"][len(file["evaluations"]) - 1, "metric"] = overall


def write_host(file, options, uploads, backbone_of):
    rows = []
    for rank in range(options.ranks):
        own = []
        for backbone in range(options.backbones if options.compute else 0):
            mine = (backbone_of[uploads["device"]] == backbone) & (
                uploads["device"] % options.ranks == rank
            )
            _, _, layers, width, *_ = BACKBONES[backbone]
            tokens, samples = int(uploads["tokens"][mine].sum()), int(
                uploads["samples"][mine].sum()
            )
            flop = samples * forward_flop(layers, width, tokens / max(samples, 1))
            peak = BACKBONES[backbone][7]
            for phase, factor in ((1, 1.0), (2, 0.3)):
                wall = max(1e-3, factor * flop / (peak * (0.55 + 0.07 * backbone)))
                own.append(
                    (
                        rank,
                        phase,
                        backbone,
                        wall,
                        wall * 0.98,
                        factor * flop,
                        tokens * factor,
                        samples * factor,
                        samples * 5000 * factor,
                        0,
                        0,
                        peak,
                        1,
                    )
                )
        for phase, wall, written in ((3, 21.0, 0), (4, 6.5, 0), (5, 1.9, 9.1e7)):
            if rank == 0 and options.compute:
                own.append((rank, phase, -1, wall, wall * 0.97, 0, 0, 0, written, 0, 0, np.nan, 1))
        own.append((rank, 6, -1, 3.0 + 24 * rank, 1.0, 0, 0, 0, 0, 0, 0, np.nan, 1))
        wall = sum(row[3] for row in own) + 2
        rows.append((rank, 0, -1, wall, 0.9 * wall, 0, 0, 0, 0, 1.1e9 + rank * 1e8, 7, np.nan, 1))
        rows += own
    kinds = dict(
        zip(
            "rank phase backbone wall_s cpu_s done_flop tokens samples wire_bytes peak_rss_bytes "
            "groups peak_flop_per_s threads".split(),
            [
                "i4",
                enum(PHASES),
                enum_or(BACKBONES[: options.backbones], "none"),
                "f8",
                "f8",
                "f8",
                "i8",
                "i8",
                "i8",
                "i8",
                "i4",
                "f8",
                "i4",
            ],
        )
    )
    columns = {key: (kind, [row[i] for row in rows]) for i, (key, kind) in enumerate(kinds.items())}
    columns["queue_waits"] = ("i8", [2 * (row[1] == 5) for row in rows])
    columns["overruns"] = ("i8", 0)
    columns["worst_overrun_s"] = ("f8", 0.0)
    write_table(file, "host", len(rows), columns, "how fast the testbed was, by rank and phase")


def write_updates(file, steps, random, samples_total):
    first = np.concatenate([[0], np.cumsum(steps["samples"])[:-1]]) if len(steps) else []
    write_table(
        file,
        "updates",
        len(steps),
        {
            "update": ("i4", range(len(steps))),
            "kind": (enum(["arrival", "replay"], "i1"), steps["kind"]),
            "device": ("i4", steps["device"]),
            "upload": ("i4", steps["upload"]),
            "start_ns": ("i8", np.round(steps["start"] * NS)),
            "end_ns": ("i8", np.round(steps["end"] * NS)),
            "inbox_samples": ("i4", steps["inbox"]),
            "waiting_packets": ("i4", steps["waiting"]),
            "first_sample": ("i8", first),
            "samples": ("i4", steps["samples"]),
            "overrun_ns": ("i8", 0),
            "launches": ("i4", 600),
        },
        "one row per server step",
    )
    ids = random.integers(0, max(samples_total, 1), int(steps["samples"].sum()))
    file.create_dataset("update_samples", data=ids.astype("i4"), maxshape=(None,))


def write_validation(file, device, label):
    """/test_scores and /passes, as a run with a validation set has them; the best weights are 2 points ahead."""
    evaluations = file["evaluations"][()]
    last = evaluations[evaluations["update"] == evaluations["update"][-1]]
    file.attrs["validation_samples"] = 40
    write_table(
        file,
        "test_scores",
        2 * len(last),
        {
            "weights": (enum(["last", "best"], "i1"), np.repeat([0, 1], len(last))),
            "update": ("i4", np.repeat([last["update"][0], last["update"][0] // 2], len(last))),
            "backbone": (evaluations.dtype["backbone"], np.tile(last["backbone"], 2)),
            "metric": ("f8", np.concatenate([last["metric"] - 3, last["metric"] - 1])),
            "f1": ("f8", np.tile(last["f1"], 2)),
            "loss": ("f8", np.tile(last["loss"] + 0.25, 2)),
        },
        "one row per weights and backbone",
    )
    passes = np.bincount(file["update_samples"][()], minlength=len(device))
    groups = [(0, -1, np.arange(len(device)))]
    groups += [(1, i, np.flatnonzero(device == i)) for i in np.unique(device)]
    groups += [(2, i, np.flatnonzero(label == i)) for i in np.unique(label)]
    groups += [(3, i, part) for i, part in enumerate(np.array_split(np.arange(len(device)), 10))]
    write_table(
        file,
        "passes",
        len(groups),
        {
            "group": (enum(["fleet", "device", "class", "arrival_decile"], "i1"), [group for group, _, _ in groups]),
            "number": ("i4", [number for _, number, _ in groups]),
            "samples": ("i4", [len(own) for _, _, own in groups]),
            "mean": ("f8", [passes[own].mean() for _, _, own in groups]),
            "fewest": ("i4", [passes[own].min() for _, _, own in groups]),
            "most": ("i4", [passes[own].max() for _, _, own in groups]),
        },
        "one row per group",
    )


BAND_ENDS = ("nominal", "low", "high")
BOUND_KINDS = ("computing", "uplinks", "downlinks", "latency", "server_steps", "server_link", "absences")


def write_bands(file, options, end_s):
    """The run's own end first; low is a quarter of it, high four times as much."""
    ends = [options.figures] + [end for end in BAND_ENDS if end != options.figures]
    factors = np.array([{"nominal": 1, "low": 0.25, "high": 4}[end] for end in ends])
    energies = {f"{what}_energy_j": ("f8", factors * joules) for what, joules in (("compute", 80), ("send", 20), ("receive", 5), ("wait", 300))}
    write_table(
        file,
        "bands",
        len(ends),
        {
            "figures": (enum(BAND_ENDS, "i1"), [BAND_ENDS.index(end) for end in ends]),
            "end_ns": ("i8", factors * end_s * NS),
            "run_end_ns": ("i8", factors * end_s * NS),
            "updates": ("i8", 10),
            "missing_packets": ("i8", 0),
            "server_busy_s": ("f8", factors),
            **energies,
        },
        "one row per end of the figures' bands",
    )
    kinds = ["absences", "uplinks"] if options.absences else ["server_steps", "uplinks"]
    keys = ["fleet.availability", "link.*.uplink"] if options.absences else ["server.launch", "link.*.uplink"]
    ns = end_s * NS
    write_table(
        file,
        "bounds",
        2,
        {
            "kind": (enum(BOUND_KINDS, "i1"), [BOUND_KINDS.index(kind) for kind in kinds]),
            "figure": (h5py.enum_dtype({key: i for i, key in enumerate(keys)} | {"none": -1}, basetype="i4"), [0, 1]),
            "share": ("f8", [0.9, 0.05]),
            "halved_ns": ("i8", [-1 if options.absences else ns / 2, -1]),
            "doubled_ns": ("i8", [-1 if options.absences else ns * 2, -1]),
            "without_ns": ("i8", [ns / 10 if options.absences else -1, -1]),
        },
        "what the duration depends on",
    )


def make_fixture(path, options=None):
    """Writes the file and returns its path."""
    options = options or Options()
    random = np.random.default_rng(options.seed)
    backbone_of = np.arange(options.devices) % options.backbones
    admitted = np.ones(options.devices, bool)
    admitted[options.devices - options.refused :] = options.refused == 0
    sizes, device, label, tokens = make_shards(options, random)
    uploads = schedule_devices(options, sizes, tokens, backbone_of, admitted)
    steps = play_server(options, uploads)
    complete = options.status == "finished"
    if not complete:
        steps = steps[: len(steps) // 2]
    cut_ns = np.iinfo("i8").max if complete else int(steps["end"][-1] * NS)
    every = options.evaluate_every if options.compute else 0
    evaluated = list(range(every, len(steps) + 1, every)) if every else []
    if every and complete and evaluated[-1:] != [len(steps)]:
        evaluated.append(len(steps))
    with h5py.File(path, "w") as file:
        for key, value in (
            ("schema_version", options.schema),
            ("program_version", "0.1.0"),
            ("git_commit", "0" * 40),
            ("libtorch_version", "1.13.1"),
            ("hdf5_version", "1.10.8"),
            ("mpi_version", "Open MPI 4.1.4"),
            ("seed", options.seed),
            ("classes", options.classes),
            ("blocks", 3),
        ):
            file.attrs[key] = value
        write_table(
            file,
            "status",
            1,
            {
                "status": (
                    enum(["running", "finished", "aborted"], "i1"),
                    ["running", "finished", "aborted"].index(options.status),
                ),
                "updates_done": ("i4", len(steps)),
            },
            "how the run ended",
        )
        file.create_dataset("config", data=config_text(options))
        names = SUPERSENSES[: options.classes] if options.classes > 1 else []
        file.create_dataset("classes", data=np.array(names, dtype="S32"))
        packets = np.bincount(uploads["device"], minlength=options.devices)
        write_devices(file, options, sizes, packets, backbone_of, admitted)
        write_backbones(file, options, backbone_of, admitted)
        begins = np.concatenate([[0], np.cumsum(sizes)])
        write_table(
            file,
            "samples",
            len(device),
            {
                "sample": ("i4", range(len(device))),
                "device": ("i4", device),
                "packet": ("i4", (np.arange(len(device)) - begins[device]) // 8),
                "label": ("i4", label),
                "target": (
                    "f4",
                    label if options.classes > 1 else random.uniform(0, 5, len(device)),
                ),
                "tokens": ("i4", tokens),
            },
            "one row per training sample",
        )
        if options.bands:
            write_bands(file, options, float(steps["end"][-1]))
        write_uploads(file, options, uploads, cut_ns)
        write_updates(file, steps, random, len(device))
        write_learning(file, options, steps, evaluated, random)
        if options.validation:
            write_validation(file, device, label)
        sent = np.flatnonzero(admitted) if complete else np.array([], int)
        start = int(steps["end"][-1] * NS) if len(steps) else 0
        theta = np.array([2.4e6 if backbone < 2 else 3.6e6 for backbone in backbone_of])[sent]
        seconds = theta / np.array([link[1] for link in LINKS])[backbone_of[sent]] + 0.005
        write_table(
            file,
            "losses",
            0,
            {
                "device": ("i4", 0),
                "packet": ("i4", 0),
                "stage": (enum(["compute", "upload", "download", "late"], "i1"), 0),
                "start_ns": ("i8", 0),
                "end_ns": ("i8", 0),
                "charged_bytes": ("i8", 0),
            },
            "one row per attempt that a device lost when it went off",
        )
        write_costs(file, uploads if complete else None)
        write_table(
            file,
            "downloads",
            len(sent),
            {
                "device": ("i4", sent),
                "start_ns": ("i8", start),
                "end_ns": ("i8", start + np.round(seconds * NS)),
                "charged_bytes": ("i8", theta),
                "repeated_bytes": ("i8", 0),
                "energy_j": ("f8", seconds * 1.2 if options.power else np.nan),
            },
            "one row per device",
        )
        write_host(file, options, uploads, backbone_of)
    return pathlib.Path(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    for field in dataclasses.fields(Options):
        name = "--" + field.name.replace("_", "-")
        if field.type in (bool, "bool"):
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            parser.add_argument(name, type=type(field.default), default=field.default)
    arguments = vars(parser.parse_args())
    print(make_fixture(arguments.pop("file"), Options(**arguments)))


if __name__ == "__main__":
    main()
