# SPDX-License-Identifier: Apache-2.0
"""Transfers of a whole fleet in one direction: over links of their own, or over cells and the server's link.

docs/design.md 5, docs/devices.md 4.1.  Where devices share, a transfer's rate is the least of its own link's, its
cell's max-min fair level and the server's.  Instants lie between nanoseconds there: they are whole numbers of
2^-64 ns, bytes whole numbers of 2^-64 byte, rates exact fractions.
"""
import math
from fractions import Fraction

FINE = 2**64


def without_noise(instant):
    """An end within a millionth of a nanosecond of a whole one, or of one half-way between two, is that."""
    near = (4 * instant + FINE) // (2 * FINE) * FINE // 2
    return near if abs(near - instant) * 10**6 < FINE else instant


class Lane:
    """The transfers of one device, one after another."""

    def __init__(self, way, presence, queue):
        self.way, self.presence = way, presence
        self.waiting = list(queue)  # [(ready, size)] in order
        self.done, self.lost = [], []  # [Transfer]; [(number, start, end, bytes)]
        self.transfer = None
        self.free = 0  # fine
        self.cell = None

    def next_attempt(self):
        """Draws if it is a new transfer; False when there is none, or the device is gone for good."""
        if self.transfer is None:
            if not self.waiting:
                return False
            ready, size = self.waiting.pop(0)
            self.transfer = self.way.begin(size)
            self.transfer.ready = ready
        on = self.presence.next_on(max(self.transfer.ready, -(-self.free // FINE)))
        if on is None:
            return False
        self.on, self.begin, self.off = on, self.way.awake(on), self.presence.off_after(on)
        return True

    def cut(self, carried):
        """The device has gone off: it begins anew."""
        self.lost.append((self.transfer.number, self.on, self.off, carried))
        self.free = self.off * FINE
        if self.off > self.begin:
            self.way.last_byte = self.off

    def finish(self, end):
        transfer, self.transfer = self.transfer, None
        self.free = end
        transfer.start, transfer.end = self.on, (2 * end + FINE) // (2 * FINE)
        self.way.last_byte = transfer.end
        transfer.arrival = self.way.arrival(transfer.end, transfer)
        self.done.append(transfer)


def run_alone(lane):
    while lane.next_attempt():
        end, carried = lane.way.alone(lane.begin, lane.transfer)
        if lane.off < end:
            lane.cut(lane.way.carried_by(lane.begin, lane.off, lane.transfer))
            continue
        lane.way.keep(end, carried)
        lane.finish(end * FINE)


def fair_level(demands, capacity):
    """What each may have at most; None: all have what they ask."""
    demands = sorted(demands)
    for place, demand in enumerate(demands):
        share = capacity / (len(demands) - place)
        if demand > share:
            return share
        capacity -= demand
    return None


def _least(demand, level):
    return demand if level is None else min(demand, level)


class Shared:
    """Devices behind the same link at once: a cell, or the server's with its cells."""

    def __init__(self, lanes, server):
        """server: bytes/s, or None."""
        self.lanes, self.server = lanes, None if server is None else Fraction(server)
        self.flows = {}  # lane -> [own rate, left (fine), when the own rate changes (ns) or None]
        self.now = 0

    def rates(self):
        """Bytes/s of every flow."""
        demands = {lane: flow[0] for lane, flow in self.flows.items()}
        cells = {}
        for lane in self.flows:
            if lane.cell is not None:
                cells.setdefault(lane.cell, []).append(lane)
        for (_, capacity), members in cells.items():
            level = fair_level([demands[lane] for lane in members if demands[lane] > 0], Fraction(capacity))
            for lane in members:
                demands[lane] = _least(demands[lane], level)
        if self.server is None:
            return demands
        level = fair_level([demand for demand in demands.values() if demand > 0], self.server)
        return {lane: _least(demand, level) for lane, demand in demands.items()}

    def start(self, lane):
        """When the first byte of its next transfer goes, fine; None: there is no more."""
        while lane.next_attempt():
            if lane.off < lane.begin:  # the radio was not awake
                lane.cut(0)
                continue
            follows = lane.transfer.ready * FINE <= lane.free and lane.begin == -(-lane.free // FINE)
            return lane.free if follows else lane.begin * FINE
        return None

    def run(self):
        pending = {}
        for lane in self.lanes:
            at = self.start(lane)
            if at is not None:
                pending[lane] = at
        rates, ends = {}, {}
        while pending or self.flows:
            nexts = [at for at in pending.values()]
            nexts += ends.values()
            for lane, flow in self.flows.items():
                nexts.append(lane.off * FINE)
                if flow[2] is not None:
                    nexts.append(flow[2] * FINE)
            to = min(nexts)
            changed = False
            for lane, flow in self.flows.items():
                rate = rates[lane]
                if ends.get(lane, to + 1) <= to:
                    flow[1] = 0
                elif rate > 0:
                    flow[1] -= (to - self.now) * rate.numerator // (rate.denominator * 10**9)
            self.now = to
            for lane in [lane for lane in self.flows if ends.get(lane, to + 1) <= to]:
                changed = True
                del self.flows[lane]
                lane.finish(to)
                at = self.start(lane)
                if at is not None:
                    pending[lane] = at
            for lane, flow in list(self.flows.items()):
                if flow[2] is not None and flow[2] * FINE <= to:
                    changed = True
                    flow[0], flow[2] = lane.way.own_rate(to // FINE, lane.transfer)
                if lane.off * FINE <= to:
                    changed = True
                    del self.flows[lane]
                    lane.cut(lane.transfer.sent - -(-flow[1] // FINE))
                    at = self.start(lane)
                    if at is not None:
                        pending[lane] = at
            for lane in [lane for lane, at in pending.items() if at <= to]:
                changed = True
                del pending[lane]
                rate, until = lane.way.own_rate(to // FINE, lane.transfer)
                self.flows[lane] = [rate, lane.transfer.sent * FINE, until]
            if changed:
                rates, ends = self.rates(), {}
                for lane, flow in self.flows.items():
                    rate = rates[lane]
                    if rate > 0:
                        ends[lane] = without_noise(self.now + flow[1] * rate.denominator * 10**9 // rate.numerator)


def run_fleet(lanes, direction, server):
    """Runs all transfers of one direction.

    lanes   of the devices that take part, in their order: cells hold consecutive ones of a link.
    server  the server's own link, bytes/s, or 0.
    """
    open_cells, number = {}, 0
    for lane in lanes:
        device = lane.way.device
        capacity = device[f"cell_{direction}link_bytes_per_s"]
        if device["cell_devices"] <= 0 or math.isnan(capacity):
            continue
        link = device["link"]
        if link not in open_cells or open_cells[link][1] == device["cell_devices"]:
            open_cells[link], number = [number, 0, capacity], number + 1
        open_cells[link][1] += 1
        lane.cell = (open_cells[link][0], open_cells[link][2])
    if server > 0:
        return Shared(lanes, server).run()
    cells = {}
    for lane in lanes:
        if lane.cell is None:
            run_alone(lane)
        else:
            cells.setdefault(lane.cell, []).append(lane)
    for members in cells.values():
        Shared(members, None).run()
    return None
