# SPDX-License-Identifier: Apache-2.0
"""Everything the page states as a number, computed from the tables; no drawing, no wording.

Times are virtual seconds unless a name says `wall`.  A figure that the run does not know (energy of
a profile without power figures) is NaN and stays NaN in every sum it enters.
"""

import dataclasses

import numpy as np

from mobilog import figures
from mobilog.figures import PLANNED

NAN = float("nan")
ARRIVAL, REPLAY = 0, 1
LOST_COMPUTING, LOST_SENDING, LOST_RECEIVING, TOO_LATE = range(4)  # LossStage


def seconds(nanoseconds):
    return np.asarray(nanoseconds, "f8") * 1e-9


def total_by(keys, values, size):
    """Sum of `values` per key; NaN enters the sums it belongs to and no other."""
    return np.bincount(keys, np.asarray(values, "f8"), size) if len(keys) else np.zeros(size)


@dataclasses.dataclass
class DeviceSums:
    """Per device (n,), in device order."""

    bytes: np.ndarray
    flop: np.ndarray
    packets: np.ndarray
    compute_s: np.ndarray
    send_s: np.ndarray
    compute_j: np.ndarray
    send_j: np.ndarray
    finish_s: np.ndarray  # last arrival; NaN: sent nothing
    download_bytes: np.ndarray
    download_s: np.ndarray
    download_j: np.ndarray
    repeated_bytes: np.ndarray  # of bytes: what the link lost and carried again
    lost_computing: np.ndarray  # attempts that ended because the device went off
    lost_sending: np.ndarray
    lost_receiving: np.ndarray
    too_late: np.ndarray  # uploads that the server no longer waited for
    lost_s: np.ndarray  # of the attempts
    lost_bytes: np.ndarray  # sent or received for nothing, not part of bytes


def sent_uploads(run):
    """Rows of /uploads that were on the air, lost ones included."""
    uploads = run.uploads
    return uploads[uploads["outcome"] != PLANNED] if len(uploads) else uploads


def device_sums(run):
    count, uploads, downloads = len(run.devices), sent_uploads(run), run.downloads
    losses = run.losses
    who = losses["device"].astype(int)
    cut_off = losses["stage"] != TOO_LATE

    def lost(stage):
        return np.bincount(who[losses["stage"] == stage], minlength=count)

    if not len(uploads):
        zeros = np.zeros(count)
        sums = {field.name: zeros for field in dataclasses.fields(DeviceSums)}
        return DeviceSums(**{**sums, "finish_s": np.full(count, NAN)})
    of = uploads["device"].astype(int)
    finish = np.full(count, -np.inf)
    np.maximum.at(finish, of, seconds(uploads["arrival_ns"]))
    to = downloads["device"].astype(int)
    return DeviceSums(
        bytes=total_by(of, uploads["charged_bytes"], count),
        flop=total_by(of, uploads["charged_flop"], count),
        packets=np.bincount(of, minlength=count),
        compute_s=total_by(
            of, seconds(uploads["compute_end_ns"] - uploads["compute_start_ns"]), count
        ),
        send_s=total_by(of, seconds(uploads["send_end_ns"] - uploads["send_start_ns"]), count),
        compute_j=total_by(of, uploads["compute_energy_j"], count),
        send_j=total_by(of, uploads["send_energy_j"], count),
        finish_s=np.where(np.isfinite(finish), finish, NAN),
        download_bytes=total_by(to, downloads["charged_bytes"], count),
        download_s=total_by(to, seconds(downloads["end_ns"] - downloads["start_ns"]), count),
        download_j=total_by(to, downloads["energy_j"], count),
        repeated_bytes=total_by(of, uploads["repeated_bytes"], count),
        lost_computing=lost(LOST_COMPUTING),
        lost_sending=lost(LOST_SENDING),
        lost_receiving=lost(LOST_RECEIVING),
        too_late=lost(TOO_LATE),
        lost_s=total_by(
            who[cut_off], seconds(losses["end_ns"] - losses["start_ns"])[cut_off], count
        ),
        lost_bytes=total_by(who, losses["charged_bytes"], count),
    )


@dataclasses.dataclass
class DeviceClass:
    """Devices with one profile, link and backbone."""

    profile: str
    link: str
    backbone: int
    backbone_name: str
    members: np.ndarray  # device indices, admitted ones
    refused: int
    samples: int
    memory_need_bytes: float  # of one device; the largest where they differ
    memory_bytes: float
    refused_need_bytes: float  # of a refused device; NaN: none was


def device_classes(run):
    """The classes of the fleet, by backbone, in the order of the configuration."""
    devices, need = run.devices, run.devices["memory_need_bytes"]
    keys = list(
        zip(devices["backbone"].tolist(), devices["profile"].tolist(), devices["link"].tolist())
    )
    profiles, links = run.labels("devices", "profile"), run.labels("devices", "link")
    classes = []
    for key in sorted(set(keys)):
        rows = np.array([i for i, other in enumerate(keys) if other == key])
        admitted = rows[devices["admitted"][rows] != 0]
        classes.append(
            DeviceClass(
                profile=profiles[rows[0]],
                link=links[rows[0]],
                backbone=key[0],
                backbone_name=run.backbone_names[key[0]],
                members=admitted,
                refused=len(rows) - len(admitted),
                samples=int(devices["samples"][admitted].sum()),
                memory_need_bytes=float(need[admitted if len(admitted) else rows].max()),
                memory_bytes=float(devices["memory_bytes"][rows].min()),
                refused_need_bytes=float(max(need[np.setdiff1d(rows, admitted)], default=NAN)),
            )
        )
    return classes


@dataclasses.dataclass
class Curve:
    """The evaluations of one backbone, or of all (-1)."""

    backbone: int
    update: np.ndarray
    time_s: np.ndarray
    metric: np.ndarray
    f1: np.ndarray
    loss: np.ndarray

    @property
    def final(self):
        return float(self.metric[-1])


def curves(run):
    """{backbone index, -1 for overall: Curve}, only those with a row; overall comes last."""
    found = {}
    table = run.evaluations
    present = sorted(set(table["backbone"].astype(int).tolist()) - {-1}) + [-1]
    for backbone in present:
        rows = table[table["backbone"] == backbone]
        if len(rows):
            found[backbone] = Curve(
                backbone,
                rows["update"],
                seconds(rows["time_ns"]),
                rows["metric"],
                rows["f1"],
                rows["loss"],
            )
    return found


@dataclasses.dataclass
class Tested:
    """The test set by one state of the weights."""

    updates: int  # that they had seen
    metric: dict  # backbone index, -1 for overall -> number
    f1: dict
    loss: dict


def tests(run):
    """{figures.LAST, figures.BEST: Tested}; empty without a validation set."""
    found = {}
    for row in run.tables["test_scores"] if run.has("test_scores") else ():
        one = found.setdefault(int(row["weights"]), Tested(int(row["update"]), {}, {}, {}))
        for column in ("metric", "f1", "loss"):
            getattr(one, column)[int(row["backbone"])] = float(row[column])
    return found


@dataclasses.dataclass
class Passes:
    """How often the samples of a group were in an update."""

    number: int
    samples: int
    mean: float
    fewest: int
    most: int


def passes(run, group):
    """The rows of one PassGroup of mobilog.figures, in order of their numbers."""
    rows = run.tables["passes"] if run.has("passes") else ()
    return [
        Passes(int(row["number"]), int(row["samples"]), float(row["mean"]), int(row["fewest"]), int(row["most"]))
        for row in rows
        if row["group"] == group
    ]


def time_to(curve, level, consecutive=1):
    """Virtual time of the first of `consecutive` evaluations in a row at `level` or above; NaN."""
    return figures.time_to(curve.time_s, curve.metric, level, consecutive)


def shown_gap(curve, reference):
    """Difference of the two final values as they are written, with one decimal."""
    return round(round(curve.final, 1) - round(reference.final, 1), 1)


@dataclasses.dataclass
class Server:
    """How loaded the server was, between the first arrival and its last update."""

    updates: int
    arrivals: int
    replays: int
    start_s: float
    end_s: float
    arrival_share: float  # of that time, spent on updates on arrivals
    replay_share: float
    wait_median_s: float  # from a packet's arrival to the start of its update
    wait_p95_s: float
    most_waiting: int
    last_arrival_s: float

    @property
    def busy_share(self):
        return self.arrival_share + self.replay_share


def server(run):
    uploads, updates = sent_uploads(run), run.updates
    arrival = seconds(uploads["arrival_ns"]) if len(uploads) else np.zeros(0)
    if not len(updates):
        return Server(
            0, 0, 0, NAN, NAN, NAN, NAN, NAN, NAN, 0, arrival.max() if len(arrival) else NAN
        )
    start, end, kind = seconds(updates["start_ns"]), seconds(updates["end_ns"]), updates["kind"]
    begin = min(arrival.min(), start.min()) if len(arrival) else start.min()
    span = max(end.max() - begin, 1e-12)
    known = (updates["upload"] >= 0) & (updates["upload"] < len(run.uploads))
    served = updates[(kind == ARRIVAL) & known]
    _, first = np.unique(served["upload"], return_index=True)
    served = served[first]
    all_arrivals = seconds(run.uploads["arrival_ns"])
    wait = seconds(served["start_ns"]) - all_arrivals[served["upload"].astype(int)]
    return Server(
        updates=len(updates),
        arrivals=int((kind == ARRIVAL).sum()),
        replays=int((kind == REPLAY).sum()),
        start_s=float(begin),
        end_s=float(end.max()),
        arrival_share=float((end - start)[kind == ARRIVAL].sum() / span),
        replay_share=float((end - start)[kind == REPLAY].sum() / span),
        wait_median_s=float(np.median(wait)) if len(wait) else NAN,
        wait_p95_s=float(np.percentile(wait, 95)) if len(wait) else NAN,
        most_waiting=int(updates["waiting_packets"].max()),
        last_arrival_s=float(arrival.max()) if len(arrival) else NAN,
    )


@dataclasses.dataclass
class Forward:
    """The testbed's own forward passes of one backbone, all ranks together; wall time."""

    backbone: int
    tokens: int
    samples: int
    wall_s: float  # of the rank that took longest
    tokens_per_wall_s: float
    flop_per_wall_s: float
    peak_share: float  # of the GEMM peak of the threads used; NaN: not measured
    threads: int


def host_rows(run, phase):
    """Rows of /host of one phase, by its name."""
    table = run.host
    code = {name: value for value, name in run.names.get(("host", "phase"), {}).items()}.get(
        phase, -1
    )
    return table[table["phase"] == code] if len(table) else table


def forwards(run, phases=("forward", "evaluation_forward")):
    """Throughput by backbone.  A rank's rate is its work over its own wall time; ranks add up."""
    found = []
    for backbone in range(len(run.backbones)):
        rows = [
            row
            for phase in phases
            for row in host_rows(run, phase)
            if row["backbone"] == backbone and row["wall_s"] > 0 and row["samples"] > 0
        ]
        if not rows:
            continue
        rows = np.array(rows, dtype=run.host.dtype)
        wall = {
            rank: rows["wall_s"][rows["rank"] == rank].sum() for rank in np.unique(rows["rank"])
        }
        per_rank = [
            (
                rows["tokens"][rows["rank"] == rank].sum() / spent,
                rows["done_flop"][rows["rank"] == rank].sum() / spent,
            )
            for rank, spent in wall.items()
        ]
        peak = rows["peak_flop_per_s"] * rows["threads"] * rows["wall_s"]
        threads = {rank: rows["threads"][rows["rank"] == rank].max() for rank in wall}
        found.append(
            Forward(
                backbone=backbone,
                tokens=int(rows["tokens"].sum()),
                samples=int(rows["samples"].sum()),
                wall_s=float(max(wall.values())),
                tokens_per_wall_s=float(sum(rate for rate, _ in per_rank)),
                flop_per_wall_s=float(sum(rate for _, rate in per_rank)),
                peak_share=float(rows["done_flop"].sum() / peak.sum()) if np.all(peak > 0) else NAN,
                threads=int(sum(threads.values())),
            )
        )
    return found


def phase_seconds(run):
    """{phase: {rank: wall seconds}}, phases in the order of the enumeration."""
    result = {}
    for _, phase in sorted(run.names.get(("host", "phase"), {}).items()):
        rows = host_rows(run, phase)
        if len(rows):
            result[phase] = {
                int(rank): float(rows["wall_s"][rows["rank"] == rank].sum())
                for rank in np.unique(rows["rank"])
            }
    return result


def confusion(run):
    """(C, C) counts summed over the backbones, or None."""
    matrices = [
        matrix for matrix in run.confusion.values() if matrix.ndim == 2 and matrix.sum() > 0
    ]
    if run.regression or not matrices:
        return None
    return np.sum(matrices, axis=0)


def recall(matrix):
    """Per class, percent of its samples that were recognised; NaN for a class without samples."""
    support = matrix.sum(axis=1)
    return np.where(support > 0, 100 * matrix.diagonal() / np.maximum(support, 1), NAN)


def confused_pairs(matrix, most):
    """[(truth, prediction, count, share of truth)], most frequent first."""
    wrong = matrix.astype("i8").copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, wrong.shape)
    return [
        (int(r), int(c), int(wrong[r, c]), wrong[r, c] / matrix[r].sum())
        for r, c in zip(rows, columns)
        if wrong[r, c] > 0
    ]


@dataclasses.dataclass
class Summary:
    """The numbers of a whole run, computed once."""

    sums: DeviceSums
    classes: list
    curves: dict
    server: Server
    forwards: list
    duration_s: float  # until the last event, downloads included
    admitted: np.ndarray  # device indices
    tests: dict  # of tests()

    def total(self, column):
        """Over admitted devices; NaN where any of them has no figure."""
        return float(getattr(self.sums, column)[self.admitted].sum()) if len(self.admitted) else 0.0

    def known_total(self, column):
        """(sum over the devices that have a figure, how many they are)."""
        values = getattr(self.sums, column)[self.admitted]
        known = ~np.isnan(values)
        return (float(values[known].sum()) if known.any() else NAN), int(known.sum())

    @property
    def overall(self):
        return self.curves.get(-1)

    def final(self, backbone=-1):
        """The metric at the end: on the test set, by the last weights."""
        last = self.tests.get(figures.LAST)
        return last.metric[backbone] if last else self.curves[backbone].final

    @property
    def peak_memory_bytes(self):
        needs = [group.memory_need_bytes for group in self.classes if len(group.members)]
        return max(needs) if needs else NAN


def summarise(run):
    ends = [
        seconds(run.tables[table][column]).max()
        for table, column in (
            ("uploads", "arrival_ns"),
            ("updates", "end_ns"),
            ("downloads", "end_ns"),
        )
        if run.has(table) and (table != "uploads" or run.complete)
    ]
    return Summary(
        sums=device_sums(run),
        classes=device_classes(run),
        curves=curves(run),
        server=server(run),
        forwards=forwards(run),
        duration_s=float(max(ends)) if ends else NAN,
        tests=tests(run),
        admitted=(
            np.flatnonzero(run.devices["admitted"] != 0) if len(run.devices) else np.zeros(0, int)
        ),
    )
