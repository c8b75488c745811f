# SPDX-License-Identifier: Apache-2.0
"""The timeline of a made-up run: real recursions of devices, links and server, plausible rates."""

import dataclasses

import numpy as np

# name, effective FLOP/s, memory, memory bandwidth, compute power
PROFILES = [
    ("jetson_tx2", 0.45e12, 7.852e9, 59.7e9, 15.0),
    ("xavier_nx", 0.60e12, 8e9, 51.2e9, 15.0),
    ("agx_xavier", 1.00e12, 15.7e9, 137e9, 30.0),
]
# name, uplink bytes/s, base power, joules per byte
LINKS = [
    ("wifi_20", 20e6 / 8, 0.8, 2e-7),
    ("wifi_50", 50e6 / 8, 0.9, 1.5e-7),
    ("wifi_100", 100e6 / 8, 1.0, 1e-7),
]
# name, family, layers, width, heads, parameters, accuracy it tends to, GEMM peak at its shapes
BACKBONES = [
    ("minilm-3", "bert", 3, 384, 12, 17_389_824, 71.5, 68e9),
    ("minilm-6", "bert", 6, 384, 12, 22_713_216, 75.5, 68e9),
    ("mpnet-12", "mpnet", 12, 768, 12, 109_486_464, 79.6, 96e9),
]


@dataclasses.dataclass
class Options:
    """What the file is to look like."""

    devices: int = 12
    samples_per_device: int = 40
    backbones: int = 3
    classes: int = 26  # 1 = regression
    test_samples: int = 300
    epochs: int = 5
    evaluate_every: int = 20  # updates; 0 = no evaluation at all
    compute: bool = True  # False: run.compute = none
    power: bool = True  # False: no profile and no link has a power figure
    refused: int = 0  # devices that do not fit their memory
    ranks: int = 2
    status: str = "finished"  # or running, aborted: cut after half of the updates
    mode: str = "arrival_replay"
    target: float = 0.0
    seed: int = 1
    schema: int = 5  # version of the file's layout
    missing: int = 0  # packets of each device that never arrive
    validation: bool = False  # a validation set, and the tables that come with it
    bands: bool = False  # the tables /bands and /bounds, which files of earlier programs lack
    figures: str = "nominal"  # run.figures
    absences: bool = False  # what bounds the run


def forward_flop(layers, width, tokens):
    return layers * (24 * tokens * width**2 + 4 * tokens**2 * width)


def make_shards(options, random):
    """Sample ids by device, uneven on purpose, and the class and length of every sample."""
    total = options.devices * options.samples_per_device
    share = random.dirichlet(np.full(options.devices, 12.0))
    sizes = np.maximum(8, np.round(share * total)).astype(int)
    samples = int(sizes.sum())
    device = np.repeat(np.arange(options.devices), sizes)
    weights = random.dirichlet(np.full(max(options.classes, 1), 1.5))
    label = random.choice(max(options.classes, 1), samples, p=weights)
    tokens = np.clip(random.lognormal(2.7, 0.4, samples), 5, 64).astype(int)
    return sizes, device, label, tokens


def schedule_devices(options, sizes, tokens, backbone_of, admitted):
    """Plays compute, link and arrival of every packet; returns a dict of columns."""
    columns = {
        key: []
        for key in (
            "device packet samples tokens padded compute_start compute_end send_start send_end"
            " arrival bytes flop compute_j send_j first"
        ).split()
    }
    taps = min(layers for _, _, layers, *_ in BACKBONES[: options.backbones])
    first = np.concatenate([[0], np.cumsum(sizes)])
    for device in range(options.devices):
        if not admitted[device]:
            continue
        _, rate, _, bandwidth, watt = PROFILES[backbone_of[device]]
        _, uplink, base_w, per_byte = LINKS[backbone_of[device]]
        _, _, layers, width, _, parameters, *_ = BACKBONES[backbone_of[device]]
        ready = free = 0.0
        for packet, begin in enumerate(range(first[device], first[device + 1], 8)):
            part = tokens[begin : min(begin + 8, first[device + 1])]
            padded = int(part.max())
            flop = len(part) * forward_flop(layers, width, padded)
            payload = 40 + len(part) * (4 + taps * width * 4 + 4 * options.classes)
            seconds = max(flop / rate, (parameters * 2 + payload) / bandwidth)
            start, ready = ready, ready + seconds
            send = max(ready, free)
            free = send + payload / uplink
            for key, value in (
                ("device", device),
                ("packet", packet),
                ("samples", len(part)),
                ("tokens", part.sum()),
                ("padded", padded),
                ("compute_start", start),
                ("compute_end", ready),
                ("send_start", send),
                ("send_end", free),
                ("arrival", free + 0.005),
                ("bytes", payload),
                ("flop", flop),
                ("compute_j", watt * seconds if options.power else np.nan),
                (
                    "send_j",
                    base_w * payload / uplink + per_byte * payload if options.power else np.nan,
                ),
                ("first", begin),
            ):
                columns[key].append(value)
    columns = {key: np.asarray(values) for key, values in columns.items()}
    order = np.lexsort((columns["packet"], columns["device"], columns["arrival"]))
    return {key: values[order] for key, values in columns.items()}


def play_server(options, uploads):
    """The server's steps, one row per update."""
    arrival, samples = uploads["arrival"], uploads["samples"]
    total, packets = int(samples.sum()), len(arrival)
    replays = options.epochs * -(-total // 32)
    arrived_samples = np.concatenate([[0], np.cumsum(samples)])
    arrivals_first = options.mode != "replay_after_all"
    steps, now, done, replayed = [], 0.0, 0, 0
    while (arrivals_first and done < packets) or replayed < replays:
        arrived = int(np.searchsorted(arrival, now, side="right"))
        waiting = arrived - done if arrivals_first else 0
        if waiting:
            seconds = 2.0e-4 + samples[done] * 4e-6 * (1 + uploads["device"][done] % 3)
            steps.append(
                (
                    0,
                    uploads["device"][done],
                    done,
                    now,
                    now + seconds,
                    arrived_samples[done],
                    waiting,
                    samples[done],
                )
            )
            done += 1
        elif replayed < replays and (
            arrived == packets
            or (arrivals_first and replayed < replays * arrived_samples[arrived] // total)
        ):
            seconds = 5.2e-4
            steps.append((1, -1, -1, now, now + seconds, arrived_samples[arrived], 0, 32))
            replayed += 1
        else:
            now = arrival[min(arrived, packets - 1)]
            continue
        now += seconds
    return np.array(
        steps,
        dtype=[
            ("kind", "i1"),
            ("device", "i4"),
            ("upload", "i4"),
            ("start", "f8"),
            ("end", "f8"),
            ("inbox", "i4"),
            ("waiting", "i4"),
            ("samples", "i4"),
        ],
    )
