#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes the virtual times and energies of a run again, from its file alone, and compares.

    replay_times.py RUN.h5...

An implementation of its own, of docs/method.md 1.6, 1.8 and 4, docs/devices.md 3 to 5 and docs/design.md 5 and 8;
it shares no code with the program.  From the file it takes figures (/devices, /backbones, /server, traces,
patterns), the samples of the devices, and which samples a replayed batch had; all times, bytes, energies and the
order of events it derives.  Prints for each kind of event how many there are and the largest difference.

Exit code 0: every time is the same to the nanosecond; 1: not; 2: the file cannot be replayed.
Methods that assign tasks during the run are not covered, nor is the wall clock, whose times are measured.
"""
import argparse
import bisect
import collections
import math
import sys

import transfers
from device_times import NEVER, Presence, Trace, Way, compute_all, in_seconds, ns
from run_log import BYTES, Refused, RunLog, SideShape, vector_bytes

ENERGY_TOLERANCE = 1e-12  # relative; sums of doubles in another order


# ---- what is to be done ------------------------------------------------------------------------------------


def forward_flop(backbone, tokens):
    """docs/method.md 4.1"""
    n, d, width = tokens, backbone["width"], backbone["head_dim"]
    projections = 4 * n * d * width * (backbone["heads"] + backbone["kv_heads"])
    attention = 4 * n * n * backbone["heads"] * width
    feed_forward = (6 if backbone["gated_mlp"] else 4) * n * d * backbone["ffn"]
    return backbone["layers"] * (projections + attention + feed_forward)


class Packet:
    """One upload as it is planned: docs/method.md 1.3, 1.8, 4.1."""

    def __init__(self, log, backbone, ids, tokens):
        self.ids, self.samples = ids, len(ids)
        self.tokens = sum(tokens[i] for i in ids)
        padding = log.word("cost.padding")
        longest = max(tokens[i] for i in ids)
        self.padded = int(log.word("data.max_tokens")) if padding == "max" else longest
        lengths = [tokens[i] for i in ids] if padding == "none" else [self.padded] * len(ids)
        self.flop = float(sum(forward_flop(backbone, n) for n in lengths))
        self.weight_bytes = backbone["parameters"] * BYTES[backbone["weight_dtype"]]
        self.tap_bytes = float(backbone["tap_row_bytes"] * len(ids))
        header = 40 + 4 * len(ids) if log.flag("packet.charge_header") else 0
        self.bytes = backbone["payload_bytes"] * len(ids) + header


class Fleet:
    """Devices with their figures and packets."""

    def __init__(self, log):
        self.log, self.seed = log, int(log.file.attrs["seed"])
        self._presences = {}
        self.backbones = log.rows("backbones")
        labels = log.flag("packet.labels")
        for row in self.backbones:
            encoding = log.encoding(row["name"])
            row["tap_row_bytes"] = vector_bytes(encoding, row["width"]) * row["taps"]
            scales = 4 * row["taps"] if encoding in ("int8", "int4") else 0
            row["residual_bytes"] = 4 * log.attribute("classes")
            row["payload_bytes"] = row["tap_row_bytes"] + scales + row["residual_bytes"] + (4 if labels else 0)
        names = {row["name"]: row for row in self.backbones}
        self.server = log.rows("server")[0]
        self.spans = collections.defaultdict(list)
        for row in log.rows("availability_spans"):
            self.spans[row["availability"], row["trace_device"]].append((row["on_ns"], row["off_ns"]))
        steps = list(zip(log.column("trace_steps", "begin_ns"), log.column("trace_steps", "rate")))
        self.traces = [
            Trace(steps[row["first_step"] : row["first_step"] + row["steps"]], row["period_ns"], row["end"])
            for row in log.rows("traces")
        ]
        patterns = log.rows("availability")
        self.devices = log.rows("devices")
        for device in self.devices:
            device["type"] = names[device["backbone"]]
            device["pattern"] = patterns[device["availability"]] if device["availability"] >= 0 else None
        self._deal()

    def _deal(self):
        """The packets of every device, in all its passes."""
        log = self.log
        self.tokens = log.column("samples", "tokens")
        shards = collections.defaultdict(lambda: collections.defaultdict(list))
        for sample, device, packet in zip(*(log.column("samples", c) for c in ("sample", "device", "packet"))):
            if device >= 0:
                shards[device][packet].append(sample)
        self.device_of = log.column("samples", "device")
        for device in self.devices:
            own = shards[device["device"]] if device["admitted"] == "admitted" else {}
            once = [Packet(log, device["type"], sorted(own[number]), self.tokens) for number in sorted(own)]
            device["packets"] = once * int(log.word("device.epochs"))
            device["shard"] = sum(packet.samples for packet in once)

    def presence(self, device):
        """Drawn once: every question has the same answer whoever asks."""
        return self._presences.setdefault(device["device"], Presence(device, self.spans, self.seed))

    def trace(self, number):
        return self.traces[number] if number >= 0 else None

    def lane(self, device, direction, queue):
        way = Way(device, direction, self.trace(device[f"{direction}link_trace"]), self.seed)
        return transfers.Lane(way, self.presence(device), queue)


# ---- uploads -------------------------------------------------------------------------------------------------


def compute_and_upload(fleet):
    """Fills in `computed`, `lost`, `emptied`, `uploads` of every device that has packets."""
    lanes = []
    for device in fleet.devices:
        device["computed"], device["lost"], device["emptied"], device["uploads"] = [], [], None, []
        if not device["packets"]:
            continue
        load = fleet.trace(device["load_trace"])
        computed, cut, emptied = compute_all(device, device["packets"], fleet.presence(device), load, fleet.seed)
        device["computed"], device["emptied"] = computed, emptied
        device["lost"] += [(packet, "compute", start, end, 0) for packet, start, end in cut]
        queue = [(one.end, packet.bytes) for one, packet in zip(computed, device["packets"])]
        lanes.append(fleet.lane(device, "up", queue))
    transfers.run_fleet(lanes, "up", fleet.server["access_bytes_per_s"])
    for lane in lanes:
        device = lane.way.device
        device["uploads"] = lane.done
        device["lost"] += [(packet, "upload", start, end, size) for packet, start, end, size in lane.lost]
        device["lost"].sort(key=lambda one: (one[0], one[2]))


Arrival = collections.namedtuple("Arrival", "at device number packet transfer")


def arrivals_of(fleet):
    """What arrives in the order of (arrival, device, packet): what the server waits for, and what comes too late."""
    everything = sorted(
        (
            Arrival(one.arrival, device["device"], number, device["packets"][number], one)
            for device in fleet.devices
            for number, one in enumerate(device["uploads"])
        ),
        key=lambda one: one[:3],
    )
    planned = sum(len(device["packets"]) for device in fleet.devices)
    deadline = ns(fleet.server["deadline_s"]) if fleet.server["deadline_s"] > 0 else NEVER
    enough = math.ceil(fleet.server["enough_share"] * planned)
    count = 0
    while count < len(everything) and count < enough and everything[count].at <= deadline:
        count += 1
    return everything[:count], everything[count:]


def central_arrivals(fleet):
    """docs/method.md 3: the server passes all samples itself before the first update."""
    packets = [(device, number) for device in fleet.devices for number in range(len(device["packets"]))]
    ready = ns(sum(device["packets"][number].flop for device, number in packets) / fleet.server["rate_flop_per_s"])
    return [Arrival(ready, device["device"], number, device["packets"][number], None) for device, number in packets]


# ---- the server's steps (docs/method.md 1.6, 4.3) -------------------------------------------------------------------


def update_seconds(fleet, shape, counts, launches):
    """Of an update on so many samples of each backbone, which launches so many kernels."""
    server = fleet.server
    total = server["step_overhead_s"]
    if math.isnan(total):
        total = launches * server["launch_s"]
    for row, count in zip(fleet.backbones, counts):
        idle = shape.scope == "device_layer" and row["devices"] == 0
        flop = 0.0 if idle else shape.update_flop(row["width"])
        total += count * (flop / server["rate_flop_per_s"] + row["payload_bytes"] / server["io_rate_bytes_per_s"])
    return total


class Network:
    """What the server trains: one network, or one of a device's own."""

    def __init__(self, fleet, devices, after_all):
        log = fleet.log
        self.planned_samples = sum(device["shard"] for device in devices)
        packets = sum(len(device["packets"]) for device in devices)
        batches = -(-self.planned_samples // int(log.word("server.batch")))
        replays = after_all or log.word("server.mode") != "arrival_only"
        self.replays = int(log.word("server.epochs")) * batches if replays else 0
        on_arrival = 0 if after_all else int(log.word("server.updates_per_arrival")) * packets
        self.planned = self.replays + on_arrival
        self.samples, self.done, self.replays_done = set(), 0, 0

    def may_replay(self, all_here):
        if not self.samples:
            return False
        if all_here and self.replays > 0:
            return self.replays_done < self.planned - (self.done - self.replays_done)
        return self.replays_done < self.replays * len(self.samples) // self.planned_samples


Update = collections.namedtuple("Update", "kind device upload start_ns end_ns inbox_samples waiting_packets samples")


def server_steps(fleet, arrivals, central):
    """The server's updates, one after another; the batches of replays are the log's."""
    log = fleet.log
    shape = SideShape(log)
    mode = log.word("server.mode")
    after_all = central or mode == "replay_after_all"
    with_packets = [device for device in fleet.devices if device["packets"]]
    own = mode == "per_device"
    if own:
        networks = {device["device"]: Network(fleet, [device], after_all) for device in with_packets}
    else:
        networks = dict.fromkeys((device["device"] for device in with_packets), Network(fleet, with_packets, after_all))
    in_turn = list(networks.items()) if own else [next(iter(networks.items()))]
    logged, firsts, counts, launches = (
        log.table("update_samples"), log.column("updates", "first_sample"), log.column("updates", "samples"),
        log.column("updates", "launches"),
    )  # fmt: skip
    times = [one.at for one in arrivals]
    place = {row["name"]: number for number, row in enumerate(fleet.backbones)}
    type_of = [place[fleet.devices[device]["backbone"]] if device >= 0 else -1 for device in fleet.device_of]
    steps, free, taken, inbox, turn, all_here, owed = [], 0, 0, 0, 0, False, 0

    def step(kind, device, upload, samples):
        nonlocal free
        by_type = [0] * len(fleet.backbones)
        for sample in samples:
            by_type[type_of[sample]] += 1
        end = free + ns(update_seconds(fleet, shape, by_type, launches[min(len(steps), len(launches) - 1)]))
        waiting = bisect.bisect_right(times, free) - taken
        steps.append(Update(kind, device, upload, free, end, inbox, waiting, len(samples)))
        free = end

    def take():
        nonlocal free, taken, inbox, owed
        arrival = arrivals[taken]
        free, taken = max(free, arrival.at), taken + 1
        samples = networks[arrival.device].samples
        inbox -= len(samples)
        samples.update(arrival.packet.ids)
        inbox += len(samples)
        owed = 0 if after_all else int(log.word("server.updates_per_arrival"))

    while True:
        if owed > 0:
            owed -= 1
            arrival = arrivals[taken - 1]
            networks[arrival.device].done += 1
            upload = taken - 1
            step("arrival", arrival.device, upload, arrival.packet.ids)
            continue
        if taken < len(arrivals) and (after_all or arrivals[taken].at <= free):
            take()
            continue
        for offset in range(len(in_turn)):
            device, network = in_turn[(turn + offset) % len(in_turn)]
            if network.may_replay(all_here):
                turn = (turn + offset + 1) % len(in_turn)
                network.replays_done += 1
                network.done += 1
                number = len(steps)
                if number >= len(firsts):
                    return steps  # more than the log has: said by the comparison
                batch = logged[firsts[number] : firsts[number] + counts[number]]
                step("replay", device if own else -1, -1, batch)
                break
        else:
            if taken < len(arrivals):
                take()
            elif all_here:
                return steps
            else:
                all_here = True


# ---- downloads at the end (docs/method.md 1.8) ----------------------------------------------------------------------


def downloads(fleet, ready, late):
    """[(device, Transfer, arrival)], [(device, start, end, bytes)] of those that were cut off."""
    shape = SideShape(fleet.log)
    lanes = []
    for device in fleet.devices:
        if device["admitted"] != "admitted" or (device["emptied"] is not None and device["emptied"] <= ready):
            continue
        free = ready
        if device["duplex"] == "half":
            for upload in late:
                if upload.device == device["device"] and upload.transfer.start < ready:
                    free = max(free, upload.transfer.end)
        size = 4 * shape.parameters(device["type"]["width"], fleet.log)
        lanes.append(fleet.lane(device, "down", [(free, size)]))
    transfers.run_fleet(lanes, "down", fleet.server["access_bytes_per_s"])
    got = [(lane.way.device, one) for lane in lanes for one in lane.done]
    return got, [(lane.way.device, *one[1:]) for lane in lanes for one in lane.lost]


# ---- energies ---------------------------------------------------------------------------------------------------


def compute_energy(device, time):
    return device["compute_w"] * in_seconds(time)


def radio_energy(device, way, time, size):
    return device[f"{way}_base_w"] * in_seconds(time) + size * device[f"{way}_j_per_byte"]


def _overlap(first, second):
    """Time that lies in both of two lists of spans."""
    total, i, j = 0, 0, 0
    while i < len(first) and j < len(second):
        total += max(0, min(first[i][1], second[j][1]) - max(first[i][0], second[j][0]))
        i, j = (i + 1, j) if first[i][1] < second[j][1] else (i, j + 1)
    return total


def costs_of(fleet, device, arrived):
    """A row of /costs."""
    own = [one for one in arrived if one.device == device["device"]]
    done = max(one.at for one in own)
    computing = [(device["computed"][one.number].start, device["computed"][one.number].end) for one in own]
    sending = [(one.transfer.start, one.transfer.end) for one in own]
    row = collections.Counter(device=device["device"], done_ns=done)
    row["compute_energy_j"] = sum(compute_energy(device, end - start) for start, end in computing)
    row["send_energy_j"] = sum(
        radio_energy(device, "up", one.transfer.end - one.transfer.start, one.transfer.sent) for one in own
    )
    for one in own:
        kind, samples = device["type"], one.packet.samples
        row["tokens"] += one.packet.tokens
        row["charged_flop"] += one.packet.flop
        row["repeated_bytes"] += one.transfer.sent - one.packet.bytes
        row["tap_bytes"] += kind["tap_row_bytes"] * samples
        row["residual_bytes"] += kind["residual_bytes"] * samples
        row["header_bytes"] += one.packet.bytes - kind["payload_bytes"] * samples
    for _, stage, start, end, size in device["lost"]:
        if end > done:
            continue
        row["vain_bytes"] += size
        (sending if stage == "upload" else computing).append((start, end))
        if stage == "upload":
            row["send_energy_j"] += radio_energy(device, "up", end - start, size)
        else:
            row["compute_energy_j"] += compute_energy(device, end - start)
    computing.sort()
    sending.sort()
    row["compute_ns"] = sum(end - start for start, end in computing)
    row["send_ns"] = sum(end - start for start, end in sending)
    row["both_ns"] = _overlap(computing, sending)
    row["off_ns"] = fleet.presence(device).off_until(done)
    row["wait_ns"] = done - (row["compute_ns"] + row["send_ns"] - row["both_ns"]) - row["off_ns"]
    row["wait_energy_j"] = device["idle_w"] * in_seconds(row["wait_ns"])
    return row


# ---- the comparison ----------------------------------------------------------------------------------------------


class Comparison:
    """Largest differences, by kind of event."""

    def __init__(self):
        self.kinds = {}  # kind -> [events, largest difference, where]

    def values(self, kind, where, ours, logged, relative=False):
        entry = self.kinds.setdefault(kind, [0, 0, ""])
        entry[0] += 1
        if ours == logged or (ours != ours and logged != logged):
            return
        difference = abs(ours - logged) / (max(abs(ours), abs(logged)) if relative else 1)
        if not difference <= entry[1]:
            entry[1], entry[2] = difference, f"{where}: {ours} here, {logged} in the file"

    def rows(self, table, key, ours, logged, columns):
        """columns: {column: kind}; energies are compared as shares of themselves."""
        count = f"/{table}, rows"
        self.values(count, table, len(ours), len(logged))
        for one, other in zip(ours, logged):
            where = ", ".join(f"{name} {other[name]}" for name in key)
            for column, kind in columns.items():
                if isinstance(other[column], str):
                    self.values(kind, f"{where}, {column}", one[column] != other[column], False)
                else:
                    self.values(kind, f"{where}, {column}", one[column], other[column], column.endswith("_j"))

    def good(self, kind):
        return self.kinds[kind][1] <= (ENERGY_TOLERANCE if kind.startswith("energy") else 0)

    def report(self):
        lines = [f"{'kind of event':<44} {'values':>9}  largest difference"]
        for kind, (count, difference, where) in self.kinds.items():
            unit = "" if kind.startswith("energy") else " ns" if kind.startswith("time") else ""
            lines.append(f"{kind:<44} {count:>9}  {difference:g}{unit}" + ("" if self.good(kind) else f"   {where}"))
        return "\n".join(lines)


def compare(log):
    """The Comparison of a run file."""
    if log.word("run.clock") != "virtual":
        raise Refused(f"{log.path}: run.clock = wall: its times were measured, not computed")
    method = log.word("method.name")
    if method not in ("fed_mobillm", "central_side"):
        raise Refused(f"{log.path}: method.name = {method} assigns tasks during the run, which is not covered")
    fleet, result = Fleet(log), Comparison()
    central = method == "central_side"
    if central:
        for device in fleet.devices:
            device["emptied"] = None
        arrived, late, losses = central_arrivals(fleet), [], []
    else:
        compute_and_upload(fleet)
        arrived, late = arrivals_of(fleet)
        losses = [
            (device["device"], *one) for device in fleet.devices for one in device["lost"]
        ]  # fmt: skip
        compare_uploads(fleet, arrived, log, result)
    steps = server_steps(fleet, arrived, central)
    names = Update._fields
    result.rows("updates", ["update"], [one._asdict() for one in steps], log.rows("updates"),
                {"start_ns": "time: server's steps", "end_ns": "time: server's steps",
                 **dict.fromkeys(set(names) - {"start_ns", "end_ns"}, "server's steps, what and on what")})
    if central:
        return result
    end = max([arrived[-1].at] + [one.end_ns for one in steps])
    losses += sorted(
        (one.device, one.number, "late", one.transfer.start, one.transfer.end, one.transfer.sent)
        for one in late if one.transfer.start < end
    )  # fmt: skip
    got, cut = downloads(fleet, end, late)
    losses += [(device["device"], -1, "download", *one) for device, *one in cut]
    result.rows(
        "losses", ["device", "packet"],
        [dict(zip(("device", "packet", "stage", "start_ns", "end_ns", "charged_bytes"), one)) for one in losses],
        log.rows("losses"),
        {"device": "losses, whose", "packet": "losses, whose", "stage": "losses, whose",
         "start_ns": "time: losses", "end_ns": "time: losses", "charged_bytes": "bytes: losses"},
    )  # fmt: skip
    ours = [
        {"device": device["device"], "start_ns": one.start, "end_ns": one.arrival, "charged_bytes": one.sent,
         "repeated_bytes": one.sent - one.size,
         "energy_j": radio_energy(device, "down", one.end - one.start, one.sent)}
        for device, one in got
    ]  # fmt: skip
    result.rows("downloads", ["device"], ours, log.rows("downloads"),
                {"start_ns": "time: downloads", "end_ns": "time: downloads", "charged_bytes": "bytes: downloads",
                 "repeated_bytes": "bytes: downloads", "energy_j": "energy: receiving"})
    return result


def compare_uploads(fleet, arrived, log, result):
    ours = []
    for one in arrived:
        device = fleet.devices[one.device]
        work, sent = device["computed"][one.number], one.transfer
        ours.append({
            "device": one.device, "packet": one.number, "samples": one.packet.samples, "tokens": one.packet.tokens,
            "padded_tokens": one.packet.padded, "compute_start_ns": work.start, "compute_end_ns": work.end,
            "send_start_ns": sent.start, "send_end_ns": sent.end, "arrival_ns": one.at, "charged_bytes": sent.sent,
            "repeated_bytes": sent.sent - one.packet.bytes, "charged_flop": one.packet.flop,
            "compute_energy_j": compute_energy(device, work.end - work.start),
            "send_energy_j": radio_energy(device, "up", sent.end - sent.start, sent.sent),
        })  # fmt: skip
    result.rows("uploads", ["device", "packet"], ours, log.rows("uploads"), {
        "device": "uploads, whose", "packet": "uploads, whose", "samples": "uploads, of what",
        "tokens": "uploads, of what", "padded_tokens": "uploads, of what",
        "compute_start_ns": "time: computing", "compute_end_ns": "time: computing",
        "send_start_ns": "time: sending", "send_end_ns": "time: sending", "arrival_ns": "time: arrivals",
        "charged_bytes": "bytes: uploads", "repeated_bytes": "bytes: uploads", "charged_flop": "FLOPs: uploads",
        "compute_energy_j": "energy: computing", "send_energy_j": "energy: sending",
    })  # fmt: skip
    result.rows("devices", ["device"],
                [{"emptied_ns": -1 if one["emptied"] is None else one["emptied"]} for one in fleet.devices],
                log.rows("devices"), {"emptied_ns": "time: batteries empty"})
    senders = sorted({one.device for one in arrived})
    columns = ["tokens", "charged_flop", "tap_bytes", "residual_bytes", "header_bytes", "repeated_bytes", "vain_bytes",
               "compute_ns", "send_ns", "both_ns", "wait_ns", "off_ns", "done_ns"]  # fmt: skip
    result.rows("costs", ["device"], [costs_of(fleet, fleet.devices[one], arrived) for one in senders],
                log.rows("costs"),
                {**{name: "time: costs of devices" if name.endswith("_ns") else "costs of devices" for name in columns},
                 **{f"{what}_energy_j": "energy: costs of devices" for what in ("compute", "send", "wait")}})


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", metavar="RUN.h5")
    good = True
    try:
        for path in parser.parse_args().runs:
            with RunLog(path) as log:
                result = compare(log)
            print(f"{path}\n{result.report()}\n")
            good = good and all(map(result.good, result.kinds))
    except (Refused, OSError) as error:
        print(f"replay_times: {error}", file=sys.stderr)
        return 2
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
