# SPDX-License-Identifier: Apache-2.0
"""The virtual clock under extreme but accepted figures.

Draws configurations of a tiny fleet: every key of data, fleet, device, link, availability, packet and server that the
clock depends on, at both ends of what is accepted, at powers of ten, at the default and a little off it; traces and
tables with the same extremes.  Each must end within a minute and 1 GiB or be refused in one line with exit code 2 or 3,
have no negative time and no time before its cause.  `clock_cases` (tests/app) looks at all of them in one process, through
what `check` does; every --every th also goes through `fedmobillm check` and `run`, which must agree, and its run file
is read.

    clock_property.py build/ci/tests/app/clock_cases build/ci/src/app/fedmobillm --cases 10000 --every 100

One line a finding, with the settings; exit code 0 without any.  `--only N` repeats one case.
"""
import argparse
import os
import pathlib
import random
import resource
import selectors
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import tiny_fleet  # noqa: E402

SECONDS = 60
MEMORY_MIB = 1024
DEVICES = ("slow", "fast")
LINKS = ("thin", "thick")


# ---- values ------------------------------------------------------------------------------------------------------------


def power(draw, low, high):
    """A power of ten, or a number between two, from 10^low to 10^high."""
    exponent = draw.randint(low, high)
    return f"1e{exponent}" if draw.random() < 0.6 else f"{draw.uniform(1, 9.99):.3g}e{exponent}"


def quantity(units, low, high, *words):
    """Of the first unit's size, mostly about what is usual, sometimes at the ends."""

    def value(draw):
        if words and draw.random() < 0.15:
            return draw.choice(words)
        if draw.random() < 0.12:
            return power(draw, -300, 20) + " " + units
        return power(draw, low, high) + " " + units

    return value


def number(least, most, *values):
    def value(draw):
        kind = draw.random()
        if kind < 0.4 and values:
            return draw.choice(values)
        if kind < 0.6:
            return draw.choice((least, most))
        return repr(draw.uniform(least, most)) if kind < 0.8 else repr(min(most, max(least, 10 ** draw.uniform(-12, 1))))

    return value


def integer(least, *values):
    most = values[-1]

    def value(draw):
        kind = draw.random()
        if kind < 0.4:
            return draw.choice(values)
        return least if kind < 0.6 else min(most, max(least, int(10 ** draw.uniform(0, 9.4))))

    return value


def words(*choices):
    return lambda draw: draw.choice(choices)


def entries(section, names, key, value):
    return [(f"{section}.{name}.{key}", value) for name in names]


def keys(files):
    """(key, how to draw its value): what the clock depends on."""
    rate = quantity("bit/s", 2, 9)
    list_of = [
        ("data.partition", words("dirichlet", "uniform", "one_class")),
        ("data.remainder", words("spread", "last")),
        ("data.alpha", lambda draw: power(draw, -323, 300)),
        ("data.concentration", words("total", "per_class")),
        ("data.train_samples", integer(1, 1, 7, 40, 2147483647)),
        ("fleet.mix", lambda draw: f"slow:{draw.randint(1, 9)} fast:{draw.randint(1, 9)}"),
        ("fleet.devices", integer(1, 1, 2, 13, 41, 10000000)),
        ("fleet.devices_file", words(*files["table"])),
        ("device.epochs", integer(1, 1, 3, 100, 101, 2147483647)),
        ("packet.samples", integer(1, 1, 2, 40, 2147483647)),
        ("packet.dtype", words("fp32", "fp16", "int8", "int4")),
        ("packet.charge_header", words("true", "false")),
        ("cost.padding", words("batch", "max", "none")),
        ("method.name", words("fed_mobillm", "fed_mobillm", "central_side")),
        ("server.mode", words("arrival_replay", "arrival_only", "replay_after_all", "per_device")),
        ("server.updates_per_arrival", integer(0, 0, 1, 100, 101, 2147483647)),
        ("server.batch", integer(1, 1, 16, 2147483647)),
        ("server.sampler", words("auto", "uniform", "permutation")),
        ("server.epochs", integer(0, 0, 3, 100, 101, 2147483647)),
        ("server.balance", words("none", "backbone", "device", "passes")),
        ("server.rate", quantity("FLOP/s", 6, 15)),
        ("server.io_rate", quantity("B/s", 3, 12)),
        ("server.access_rate", quantity("bit/s", 2, 9, "unlimited")),
        ("server.deadline", quantity("s", -3, 7, "none")),
        ("server.enough", number(0.001, 1, 0.5)),
        ("server.step_overhead", quantity("s", -6, 3, "0 s")),
        ("run.seed", integer(0, 1, 2, 3, 18446744073709551615)),
    ]
    for key, value in {
        "rate_fp32": quantity("FLOP/s", 4, 12),
        "memory_bandwidth": quantity("B/s", 4, 12),
        "time_per_sample": quantity("s", -6, 4, "unknown", "0 s"),
        "t0": quantity("s", -6, 4, "0 s"),
        "spread": number(0, 10),
        "compute_spread": number(0, 10),
        "compute_deviation": number(0, 10),
        "thermal_budget": quantity("s", -6, 6, "none"),
        "thermal_floor": number(0.01, 1),
        "thermal_decay": quantity("s", -6, 6),
        "thermal_stretch": words("1", "1e300", "2", "1e6"),
        "power_compute": quantity("W", -3, 3, "unknown", "0 W"),
        "power_idle": quantity("W", -3, 3, "unknown", "0 W"),
        "battery": quantity("J", -3, 6, "mains"),
        "battery_start": number(0, 1),
        "battery_low": number(0, 1),
        "battery_rest": quantity("s", -3, 6, "0 s"),
        "load": words(*files["load"]),
        "load_start": words("begin", "random"),
    }.items():
        list_of += entries("device", DEVICES, key, value)
    for key, value in {
        "uplink": rate,
        "downlink": rate,
        "uplink_deviation": quantity("bit/s", 2, 9, "none"),
        "downlink_deviation": quantity("bit/s", 2, 9, "none"),
        "duplex": words("full", "half"),
        "latency": quantity("s", -6, 4, "0 s"),
        "spread": number(0, 10),
        "jitter": quantity("s", -6, 4, "0 s"),
        "loss": number(0, 0.99),
        "wake_up": quantity("s", -6, 4, "0 s"),
        "wake_after": quantity("s", -6, 4, "0 s"),
        "cell_devices": integer(1, 1, 2, 2147483647),
        "cell_uplink": rate,
        "cell_downlink": rate,
        "trace": words(*files["trace"]),
        "downlink_trace": words(*files["trace"]),
        "trace_end": words("wrap", "hold"),
        "trace_start": words("begin", "random"),
        "trace_mean": words("measured", "link"),
        "atc_profile": words(*files["atc"]),
    }.items():
        list_of += entries("link", LINKS, key, value)
    return list_of


def presence(draw, files):
    """Settings of one pattern, which all or some of the devices follow."""
    kind = draw.choice(("always", "daily", "markov", "day_cycle", "trace"))
    time_on = quantity("s", -6, 6)
    clock = lambda value: value if float(value.split()[0]) <= 86400 else "24 h"  # noqa: E731
    settings = {"kind": kind}
    if draw.random() < 0.3:
        settings["join"] = quantity("s", -3, 6)(draw)
    if kind == "daily":
        settings["from"] = clock(quantity("s", -6, 4)(draw))
        settings["to"] = clock(quantity("s", -6, 4)(draw))
        settings["time_zones"] = integer(1, 1, 24, 1000, 2147483647)(draw)
    if kind == "markov":
        settings["mean_on"], settings["mean_off"] = time_on(draw), time_on(draw)
    if kind == "day_cycle":
        settings["slot"], settings["level_spread"] = time_on(draw), number(0, 10)(draw)
    if kind == "trace":
        settings["trace"] = draw.choice(files["availability"])
        settings["trace_period"] = draw.choice(("1 ns", "10 ns", "1 s", "10 s", "1000 s", "24 h", "1e6 h"))
    users = draw.choice(("*:p", "slow:p", "fast:p"))
    return [f"fleet.availability={users}"] + [f"availability.p.{key}={value}" for key, value in settings.items()]


def draw_case(number_, files, table):
    draw = random.Random(number_)
    settings = {}
    for _ in range(1 + int(draw.expovariate(0.25))):
        key, value = draw.choice(table)
        settings[key] = value(draw)
    case = [f"{key}={value}" for key, value in settings.items()]
    if draw.random() < 0.5:
        case += presence(draw, files)
    return case


# ---- files -------------------------------------------------------------------------------------------------------------


def write_files(folder):
    """{kind: names}, with extremes of each form."""
    texts = {
        "trace": ["1\n", "5\n5\n", "0\n1\n2\n", "1000000\n", "1\n" * 1000, "315360000000\n", "0 1e-6\n1 0\n", "0 1e6\n",
                  "0 1\n1e-9 1000\n2e-9 0\n", "0 0\n1e8 1\n", "0 5\n1 0\n2 5\n3 0.000001\n", "0 12\n315360000 1\n"],
        "load": ["0 1\n", "0 0.5\n1 1\n", "0 0\n1 0.000001\n", "0 1\n1e-9 0\n2e-9 1\n", "0 0\n1e8 1\n"],
        "availability": ["0,0,1e-9\n", "0,0,1\n", "0,0,0.5\n1,0,0.001\n2,0.25,1\n", "0,0,10\n", "9999999,0,1\n",
                         "0,0,1e-9\n0,2e-9,3e-9\n1,0,1e-8\n", "0,100,86400\n1,0,86400\n"],
        "atc": ['{"content":{"up":{"rate":%s,"delay":{"delay":%s,"jitter":%s},"loss":{"percentage":%s}},'
                '"down":{"rate":%s}}}' % values for values in
                ((1e-3, 0, 0, 0, 1e-3), (1e9, 3.6e6, 3.6e6, 99, 1e9), (240, 440, 5, 1, 200))],
        "table": ["time_per_sample [s],uplink [bit/s]\n" + line * 12 for line in
                  ("1e-9,1e30\n", "0,1e-300\n", "1e9,1e3\n", "1e-30,1e5\n")],
    }  # fmt: skip
    files = {}
    for kind, list_of in texts.items():
        files[kind] = []
        for index, text in enumerate(list_of):
            path = folder / f"{kind}{index}.{'csv' if kind in ('availability', 'table') else 'txt'}"
            path.write_text(text)
            files[kind].append(str(path))
    return files


class Fleet(tiny_fleet.Workspace):
    """Only for its folder and configuration."""

    def runTest(self):
        pass


# ---- the driver --------------------------------------------------------------------------------------------------------


class Driver:
    """clock_cases, started anew after a case that did not end."""

    def __init__(self, program, config):
        self.command = [program, str(config)]
        self.process = None

    def ask(self, case):
        """(answer, seconds, MiB)"""
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env=tiny_fleet.ENVIRONMENT, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
            )  # fmt: skip
        self.process.stdin.write("\t".join(case) + "\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(SECONDS):
                self.stop()
                return "wrong no end in a minute", SECONDS, 0
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            self.process = None
            return f"wrong the process ended with {code}", 0, 0
        answer, seconds, memory = line.rstrip("\n").split("\t")
        return answer, float(seconds), float(memory)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None


# ---- the program -------------------------------------------------------------------------------------------------------

TIMES = {
    "uploads": ("compute_start_ns", "compute_end_ns", "send_start_ns", "send_end_ns", "arrival_ns"),
    "updates": ("start_ns", "end_ns"), "losses": ("start_ns", "end_ns"), "downloads": ("start_ns", "end_ns"),
}  # fmt: skip


def look_at_file(path):
    with h5py.File(path) as file:
        for name, columns in TIMES.items():
            rows = file[name][()]
            last = np.zeros(len(rows), dtype=np.int64)
            for column in columns:
                if np.any(rows[column] < last):
                    return f"/{name} {column} before its cause"
                last = rows[column]
        if np.any(np.diff(file["updates"]["end_ns"][()]) < 0):
            return "/updates out of order"
        used = file["updates"][()]
        if len(file["downloads"]) and len(used) and file["downloads"]["start_ns"][()].min() < used["end_ns"].max():
            return "a download before the last update"
    return ""


def call(program, *command):
    """(exit code, what went to stderr); 124: no end in a minute."""
    try:
        end = subprocess.run(
            [program, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=tiny_fleet.ENVIRONMENT, timeout=SECONDS, cwd=tiny_fleet.ROOT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 124, ""
    return end.returncode, end.stderr


def refusal(stderr, command):
    """Its lines, without the log's."""
    return [line.replace(f"fedmobillm {command}: ", "") for line in stderr.splitlines() if not line.startswith("[")]


def through_the_program(program, config, folder, case, answer):
    output = folder / "case.h5"
    output.unlink(missing_ok=True)
    words_ = [word for setting in case for word in ("--set", setting)]
    check = call(program, "check", str(config), *words_)
    run = call(program, "run", "--overwrite", str(config), *words_, "--set", f"run.output={output}")
    expected = 0 if answer == "ok" else int(answer.split()[1])
    if (check[0], run[0]) != (expected, expected):
        return f"check ends with {check[0]}, run with {run[0]}: {check[1][-300:]} {run[1][-300:]}"
    if expected != 0:
        same = refusal(check[1], "check") == refusal(run[1], "run")
        return "" if same and not output.exists() else f"check says {check[1][-300:]}, run {run[1][-300:]}"
    return look_at_file(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("driver")
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--only", type=int)
    arguments = parser.parse_args()
    Fleet.setUpClass()
    files = write_files(Fleet.folder)
    config = Fleet.configure(run__compute="none", data__train_samples=40)
    table = keys(files)
    driver = Driver(arguments.driver, config)
    numbers = range(arguments.first, arguments.first + arguments.cases)
    if arguments.only is not None:
        numbers = range(arguments.only, arguments.only + 1)
    counts = {"ok": 0, "refused": 0, "wrong": 0}
    slowest = largest = (-1.0, -1)
    through = 0
    start = time.time()
    for number_ in numbers:
        case = draw_case(number_, files, table)
        answer, seconds, memory = driver.ask(case)
        if memory > MEMORY_MIB:
            answer = f"wrong {memory:.0f} MiB"
        slowest, largest = max(slowest, (seconds, number_)), max(largest, (memory, number_))
        if not answer.startswith("wrong") and (number_ % arguments.every == 0 or arguments.only is not None):
            through += 1
            finding = through_the_program(arguments.program, config, Fleet.folder, case, answer)
            answer = f"wrong {finding}" if finding else answer
        counts[answer.split()[0]] += 1
        if answer.startswith("wrong") or arguments.only is not None:
            print(f"case {number_}: {answer} ({seconds:.1f} s, {memory:.0f} MiB)", *case, sep="\n    ", flush=True)
    driver.stop()
    Fleet.doClassCleanups()
    print(f"{len(numbers)} cases in {time.time() - start:.0f} s: {counts['ok']} ran, {counts['refused']} were refused, "
          f"{counts['wrong']} are wrong; {through} through the program; slowest {slowest[0]:.1f} s (case {slowest[1]}), "
          f"largest {largest[0]:.0f} MiB (case {largest[1]})")  # fmt: skip
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
