# SPDX-License-Identifier: Apache-2.0
"""What one device does in virtual time: when it is there, how long it computes, what its link carries.

Written from docs/method.md 4, docs/devices.md 3 to 5 and docs/design.md 5 and 8, on the figures of /devices.
Times are whole nanoseconds, Python integers.
"""
import bisect
import math
from fractions import Fraction

import random_draws as draws

SECOND = 10**9
DAY = 24 * 3600 * SECOND
HORIZON = 200 * 365 * DAY  # the longest run
NEVER = 2**63 - 1


def ns(seconds):
    """Rounded once, half up; durations are not negative."""
    product = seconds * 1e9
    whole = math.floor(product)
    return whole + (product - whole >= 0.5)


def in_seconds(time):
    return time / 1e9


# ---- when it is there (docs/devices.md 5.3) --------------------------------------------------------------------


def _drawn(seconds):
    return ns(seconds) if seconds < in_seconds(HORIZON) else NEVER


def _markov(pattern, draw):
    time = 0
    share = pattern["mean_on_s"] / (pattern["mean_on_s"] + pattern["mean_off_s"])
    if draw.uniform() < share:
        time = _drawn(-pattern["mean_on_s"] * math.log1p(-draw.uniform()))
        yield 0, time
    while time < HORIZON:
        on = time + _drawn(-pattern["mean_off_s"] * math.log1p(-draw.uniform()))
        time = on + _drawn(-pattern["mean_on_s"] * math.log1p(-draw.uniform()))
        yield on, time


def _day_cycle(pattern, draw, seed, device):
    level = math.exp(pattern["level_spread"] * draw.normal())
    if level * 0.1 > 1.001:
        yield 0, NEVER
        return
    length = ns(pattern["slot_s"])
    for slot in range(HORIZON // length + 1):
        cycle = 0.4 * math.sin(2 * math.pi * (slot * pattern["slot_s"]) / 86400) + 0.5
        if draws.Stream(seed, draws.AVAILABILITY_SLOT, device, slot).uniform() < min(1.0, level * cycle):
            yield slot * length, (slot + 1) * length


def _periodic(spans, period):
    if any(off - on >= period for on, off in spans):
        yield 0, NEVER
        return
    if not spans:
        return
    for number in range(-1, HORIZON // period + 1):
        for on, off in spans:
            if number * period + off > 0:
                yield max(0, number * period + on), number * period + off


def _spans(device, log_spans, seed):
    """The times on of a device, before those that touch are joined, and when it joins."""
    pattern = device["pattern"]
    if pattern is None or pattern["kind"] == "always":
        join = 0
        if pattern is not None and pattern["join_s"] > 0:
            join = ns(draws.Stream(seed, draws.AVAILABILITY, device["device"]).uniform() * pattern["join_s"])
        return iter([(0, NEVER)]), join
    draw = draws.Stream(seed, draws.AVAILABILITY, device["device"])
    join = _drawn(draw.uniform() * pattern["join_s"]) if pattern["join_s"] > 0 else 0
    if pattern["kind"] == "daily":
        opens = ns(pattern["from_s"])
        begin = opens + DAY * draw.below(pattern["time_zones"]) // pattern["time_zones"]
        length = ns(pattern["to_s"]) - opens
        while length <= 0:
            length += DAY
        # A day of its zone that began before the run is not part of it.
        return _periodic([(begin % DAY, begin % DAY + length)], DAY), max(join, begin - DAY)
    if pattern["kind"] == "markov":
        return _markov(pattern, draw), join
    if pattern["kind"] == "day_cycle":
        return _day_cycle(pattern, draw, seed, device["device"]), join
    own = log_spans.get((pattern["availability"], device["device"] % pattern["trace_devices"]), [])
    return _periodic(own, ns(pattern["trace_period_s"])), join


class Presence:
    """The spans of time in which a device is on, drawn as far as somebody asks."""

    def __init__(self, device, log_spans, seed):
        self._source, self._join = _spans(device, log_spans, seed)
        self._ons, self._offs = [], []  # of spans that are whole: nothing follows at their ends
        self._open = None  # the one that may go on
        self._over = False

    def _grow(self):
        """One more whole span; False when there is none."""
        count = len(self._ons)
        while len(self._ons) == count and not self._over:
            on, off = next(self._source, (NEVER, NEVER))
            on = max(on, self._join)
            if self._open is not None and (on > self._open[1] or on >= HORIZON or self._open[1] >= HORIZON):
                self._ons.append(self._open[0])
                self._offs.append(self._open[1])
                self._open = None
            if on >= HORIZON:
                self._over = True
            elif off > on:
                self._open = (on if self._open is None else self._open[0], off)
        return len(self._ons) > count

    def _place(self, time):
        """Of the span that holds `time`, or the next one; None: there is none."""
        while not self._offs or self._offs[-1] <= time:
            if not self._grow():
                return None
        return bisect.bisect_right(self._offs, time)

    def next_on(self, time):
        """The first time from `time` on at which it is on; None: it never is again."""
        place = None if time > HORIZON else self._place(time)
        return None if place is None else max(time, self._ons[place])

    def off_after(self, start):
        """When a device that is on at `start` goes off."""
        return self._offs[self._place(start)]

    def off_until(self, end):
        """How much of [0, end) it is off."""
        self._place(end)
        return end - sum(max(0, min(off, end) - on) for on, off in zip(self._ons, self._offs))


# ---- rates over time (docs/devices.md 4.1) ---------------------------------------------------------------------


class Trace:
    """Steps of a whole rate over whole nanoseconds; what is carried is rate times nanoseconds, exactly."""

    def __init__(self, steps, period, end):
        self.begins = [begin for begin, _ in steps]
        self.rates = [rate for _, rate in steps]
        self.period, self.holds = period, end == "hold"
        self.before = [0]
        for place, rate in enumerate(self.rates):
            self.before.append(self.before[-1] + rate * (self._end(place) - self.begins[place]))

    def _end(self, place):
        return self.begins[place + 1] if place + 1 < len(self.begins) else self.period

    def _place(self, time):
        return bisect.bisect_right(self.begins, time) - 1

    def carried_until(self, time):
        if time >= self.period and self.holds:
            return self.before[-1] + self.rates[-1] * (time - self.period)
        periods, inside = divmod(time, self.period)
        place = self._place(inside)
        return periods * self.before[-1] + self.before[place] + self.rates[place] * (inside - self.begins[place])

    def time_of(self, amount):
        """The first nanosecond until which `amount` has been carried."""
        if amount <= 0:
            return 0
        periods, place = (amount - 1) // self.before[-1], len(self.rates) - 1
        if self.holds and periods > 0:
            periods = 0
        else:
            amount -= periods * self.before[-1]
            place = bisect.bisect_left(self.before, amount, lo=1) - 1
        inside = -(-(amount - self.before[place]) // self.rates[place])
        return periods * self.period + self.begins[place] + inside

    def step_at(self, time):
        """The rate at `time`, and when it changes; None: it holds."""
        if time >= self.period and self.holds:
            return self.rates[-1], None
        periods, inside = divmod(time, self.period)
        place = self._place(inside)
        return self.rates[place], periods * self.period + self._end(place)


# ---- computing (docs/method.md 4.3, docs/devices.md 3 and 5.2) --------------------------------------------------------


def work_seconds(device, packet):
    """A packet's computation at the full rate, before what is drawn for it."""
    seconds = device["time_per_sample_s"] * packet.samples
    if math.isnan(seconds):
        moved = packet.weight_bytes + packet.tap_bytes
        computing = packet.flop / device["rate_flop_per_s"] + device["launches"] * device["launch_s"]
        seconds = max(computing, moved / device["memory_bandwidth_bytes_per_s"])
    return device["start_up_s"] + seconds * device["thermal_stretch"]


def drawn_factor(device, number, seed):
    factor = 1.0
    if device["compute_spread"] > 0:
        draw = draws.Stream(seed, draws.COMPUTE_TIME, device["device"], number)
        factor = math.exp(device["compute_spread"] * draw.normal())
    if device["compute_deviation"] > 0:
        draw = draws.Stream(seed, draws.COMPUTE_DEVIATION, device["device"], number)
        factor *= draw.positive_normal(1, device["compute_deviation"])
    return factor


def throttled_seconds(device, work, heat):
    """How long `work` seconds take a device that has worked for `heat`: full rate up to the budget, then the rate
    floor + (1 - floor) exp(-hot / decay), integrated."""
    budget, floor, decay = device["thermal_budget_s"], device["thermal_floor"], device["thermal_decay_s"]
    cool = min(work, max(0.0, budget - heat))
    rest = work - cool
    if budget <= 0 or rest <= 0:
        return work
    start = (1 - floor) * math.exp(-max(0.0, heat - budget) / decay)

    def done(time):
        return floor * time - decay * start * math.expm1(-time / decay)

    low, high = rest, rest / floor  # the rate lies between the floor and 1
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if done(middle) < rest else (low, middle)
    return cool + (low + high) / 2


class Computed:
    """A packet's computation that got through."""

    def __init__(self, start, end):
        self.start, self.end = start, end


class Battery:
    def __init__(self, device):
        self.device = device
        self.there = device["battery_j"] > 0
        self.left = device["battery_j"] * device["battery_start"]

    def rest(self):
        low = self.there and self.left < self.device["battery_low"] * self.device["battery_j"]
        return ns(self.device["battery_rest_s"]) if low else 0

    def lasts(self):
        if not self.there or self.device["compute_w"] <= 0:
            return NEVER
        return int(min(max(0.0, self.left) / self.device["compute_w"], in_seconds(HORIZON)) * 1e9)

    def compute(self, time):
        self.left -= self.device["compute_w"] * in_seconds(time)

    def send(self, size):
        time = ns(float(size) / self.device["uplink_bytes_per_s"])
        energy = self.device["up_base_w"] * in_seconds(time) + size * self.device["up_j_per_byte"]
        if not math.isnan(energy):
            self.left -= energy


def compute_all(device, packets, presence, load, seed):
    """Packet after packet.

    Gives [Computed], as many as it gets to; [(packet, start, end)] of attempts that were cut off; and when the
    battery was empty, or None.
    """
    battery, heat, free, worked_until = Battery(device), 0.0, 0, 0
    computed, lost = [], []
    for number, packet in enumerate(packets):
        work = ns(work_seconds(device, packet) * drawn_factor(device, number, seed))
        free += battery.rest()
        while True:
            start = presence.next_on(free)
            if start is None:
                return computed, lost, None
            heat = max(0.0, heat - in_seconds(start - worked_until))
            need = work
            if device["thermal_budget_s"] > 0:
                need = ns(throttled_seconds(device, in_seconds(work), heat))
            if load is not None and need > 0:
                begin = start + device["load_offset_ns"]
                need = load.time_of(load.carried_until(begin) + 10**6 * need) - begin
            end = min(start + need, presence.off_after(start))
            emptied = battery.lasts() < end - start
            if emptied:
                end = start + battery.lasts()
            heat += in_seconds(end - start)
            if battery.there:
                battery.compute(end - start)
            free = worked_until = end
            if end == start + need:
                break
            lost.append((number, start, end))
            if emptied:
                return computed, lost, end
        computed.append(Computed(start, end))
        if battery.there:
            battery.send(packet.bytes)
    return computed, lost, None


# ---- one way of its link (docs/devices.md 4 and 5.2) -------------------------------------------------------------


class Way:
    """The uplink or the downlink of a device: what a transfer is charged, when its first byte goes, when it is there."""

    PURPOSES = {
        "up": (draws.LINK_LOSS, draws.UPLINK_RATE, draws.LINK_LATENCY),
        "down": (draws.DOWNLINK_LOSS, draws.DOWNLINK_RATE, draws.DOWNLINK_LATENCY),
    }

    def __init__(self, device, way, trace, seed):
        self.device, self.trace, self._seed = device, trace, seed
        self._purposes = self.PURPOSES[way]
        self.rate = device[f"{way}link_bytes_per_s"]
        self._deviation = device[f"{way}link_deviation_bytes_per_s"]
        self.offset = device[f"{way}link_offset_ns"]
        self._transfers = self._last_arrival = 0
        self.last_byte = None
        self._carried, self._carried_to = None, 0  # of the trace, and until when

    def _draw(self, which, number):
        return draws.Stream(self._seed, self._purposes[which], self.device["device"], number)

    def begin(self, size):
        """What is drawn for the next transfer: its bytes with what is lost and sent again, its rate."""
        number, self._transfers = self._transfers, self._transfers + 1
        sent, loss = size, self.device["loss"]
        if loss > 0:
            draw, sent = self._draw(0, number), 0
            for left in range(size, 0, -1500):
                sent += min(left, 1500) * (1 + math.floor(math.log1p(-draw.uniform()) / math.log(loss)))
        rate = self.rate
        if self._deviation > 0:
            rate = self._draw(1, number).positive_normal(self.rate, self._deviation)
        return Transfer(number, size, sent, rate)

    def awake(self, on):
        """When the first byte goes of a transfer that begins at `on`."""
        if self.device["wake_up_s"] <= 0:
            return on
        if self.last_byte is not None and (
            self.device["wake_after_s"] >= in_seconds(HORIZON) or on - self.last_byte <= ns(self.device["wake_after_s"])
        ):
            return on
        return on + ns(self.device["wake_up_s"])

    def alone(self, begin, transfer):
        """When the last byte has gone over a link of its own; `keep` is called when that is so."""
        if self.trace is None:
            return begin + ns(float(transfer.sent) / transfer.rate), None
        carried = self._carried
        if carried is None or begin > self._carried_to:
            carried = self.trace.carried_until(begin + self.offset)
        carried += 8 * SECOND * transfer.sent
        return max(begin, self.trace.time_of(carried) - self.offset), carried

    def keep(self, end, carried):
        self._carried, self._carried_to = carried, end

    def carried_by(self, begin, at, transfer):
        """Whole bytes that have gone by `at`."""
        if at <= begin:
            return 0
        if self.trace is None:
            return int(transfer.rate * in_seconds(at - begin))
        amount = self.trace.carried_until(at + self.offset) - self.trace.carried_until(begin + self.offset)
        return amount // (8 * SECOND)

    def own_rate(self, at, transfer):
        """Bytes/s at the nanosecond `at` as a fraction, and when that changes."""
        if self.trace is None:
            return Fraction(transfer.rate), None
        rate, until = self.trace.step_at(at + self.offset)
        return Fraction(rate, 8), None if until is None else until - self.offset

    def arrival(self, end, transfer):
        """One latency later, and not before an earlier one's."""
        latency = self.device["latency_s"]
        if self.device["jitter_s"] > 0:
            latency = max(0.0, latency + self.device["jitter_s"] * self._draw(2, transfer.number).normal())
        self._last_arrival = max(self._last_arrival, end + ns(latency))
        return self._last_arrival


class Transfer:
    """One packet or download on its way."""

    def __init__(self, number, size, sent, rate):
        self.number, self.size, self.sent, self.rate = number, size, sent, rate
        self.ready = self.start = self.end = self.arrival = None
