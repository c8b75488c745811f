# SPDX-License-Identifier: Apache-2.0
"""What is right in each case of `accidents`: a function a case, for run_cases.py.

A function gets a Runner whose folder is a copy of the case and yields a Judged for each of its commands.
"""
import json
import os
import re
import signal
import stat
import time

from case_runner import Judged, NotHere

CONFIG, DATA, MPI, RECORD = 2, 3, 4, 5
TWO_HUNDRED_YEARS = r"200 years"


def row(runner, command, end, right, good):
    return Judged(runner.folder.name, command, end.code, right, bool(good), end.text)


def refused(runner, command, end, words, code=CONFIG, seconds=20):
    """One that must be refused soon, in few lines that hold `words`."""
    good = end.code == code and re.search(words, end.text) and len(end.lines) <= 3 and end.seconds < seconds
    return row(runner, command, end, f"code {code}, one line: {words}", good)


def columns(path, table, *names):
    import h5py

    with h5py.File(path) as run:
        return [run[table][name] for name in names]


def virtual_s(end):
    """Of the summary: `virtual time 99.2 ms`, in seconds."""
    found = re.search(r"virtual time\s+(-?[\d.e+]+) (ms|s|min|h|d)\b(?: (\d+) (?:s|min|h))?", end.text)
    if not found:
        return float("nan")
    return float(found[1]) * {"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}[found[2]]


def needs_root():
    if os.geteuid() != 0:
        raise NotHere("takes root: it makes a device node")


def needs_wordnet(runner):
    if not (runner.root / "data/cache/wordnet/train.tsv").exists():
        raise NotHere("needs data/fetch_wordnet.sh and data/fetch_backbones.sh")


# ---- fidelity --------------------------------------------------------------------------------------


def f01_last_device_takes_the_rest(runner):
    for partition in ("uniform", "dirichlet"):
        times = []
        for devices in (250, 251):
            output = runner.folder / f"{partition}{devices}.h5"
            end = runner.run(f"fleet.mix=slow:{devices}", f"data.partition={partition}", f"run.output={output}")
            right, good = "shards differ by one sample at most", False
            if end.code == 0:
                (device,) = columns(output, "samples", "device")
                sizes = [int((device == one).sum()) for one in range(devices)]
                good = max(sizes) - min(sizes) <= 1
                times.append(virtual_s(end))
                if devices == 251 and partition == "uniform":
                    right, good = right + ", and the time is that of 250", good and times[1] < 1.5 * times[0]
            yield row(runner, f"run fleet.mix=slow:{devices} data.partition={partition}", end, right, good)


def f05_server_clock_overflow(runner):
    for command in ("run", "check"):
        end = runner.run("server.step_overhead=12000 h", command=command, compute="none")
        yield refused(runner, f"{command} server.step_overhead=12000 h", end, TWO_HUNDRED_YEARS)
    if (runner.root / "data/cache/wordnet/train.tsv").exists() and (runner.root / "data/cache/backbones/all-mpnet-base-v2").exists():
        words = ("--set", "server.rate=5 FLOP/s", "--set", "run.compute=none", "--set", f"run.output={runner.folder}/x.h5")
        end = runner.program("run", "configs/quickstart.cfg", *words, folder=runner.root)
        yield refused(runner, "run quickstart.cfg server.rate=5 FLOP/s", end, TWO_HUNDRED_YEARS)


def f06_shared_link_overflow(runner):
    for rate in ("1e-5 bit/s", "1e-6 bit/s", "1e-9 bit/s"):
        end = runner.run(f"server.access_rate={rate}")
        yield refused(runner, f"run server.access_rate={rate}", end, TWO_HUNDRED_YEARS)


def f09_time_zones_overflow(runner):
    config = merged(runner, "f09.cfg")
    for zones in (24, 1000, 1000000, 2147483647):
        settings = ("fleet.availability=*:dl", f"availability.dl.time_zones={zones}")
        end = runner.run(*settings, config=config)
        good = (end.code == 0 and virtual_s(end) > 10 * 3600) or (end.code == CONFIG and "time_zones" in end.text)
        yield row(runner, f"run availability.dl.time_zones={zones}", end, "some 20 h, or refused in a line", good)


def f14_mahimahi_period(runner):
    config = merged(runner, "one.cfg")
    output = runner.folder / "out.h5"
    end = runner.run(
        f"link.*.trace={runner.folder}/12mbit.txt", "link.*.latency=0 s", "device.slow.time_per_sample=1 ns",
        "packet.samples=500", f"run.output={output}", config=config,
    )  # fmt: skip
    good, rate = False, float("nan")
    if end.code == 0:
        size, first, last = columns(output, "uploads", "charged_bytes", "send_start_ns", "send_end_ns")
        rate = float(size[0]) * 8e3 / float(last[0] - first[0])
        good = abs(rate - 12) < 0.2
    yield row(runner, f"run link.*.trace=12mbit.txt ({rate:.2f} Mbit/s)", end, "12 Mbit/s", good)


# ---- loops and limits ------------------------------------------------------------------------------


def merged(runner, name):
    """base.cfg with the case's own lines behind it, in the folder that all accidents share."""
    (runner.common / name).write_text("include = base.cfg\n" + (runner.folder / name).read_text())
    return name


def f07_sessions_shorter_than_a_packet(runner):
    config = merged(runner, "f07.cfg")
    (runner.common / "short.csv").write_text("0,0,0.02\n")
    for settings in (
        (),
        ("availability.mk.mean_on=5 s", "availability.mk.mean_off=55 s", "device.slow.time_per_sample=60 s", "fleet.mix=slow:1"),
        ("availability.mk.kind=trace", "availability.mk.trace=short.csv", "availability.mk.trace_period=1 s", "fleet.mix=slow:1"),
    ):  # fmt: skip
        end = runner.run("fleet.availability=*:mk", *settings, config=config)
        good = end.code in (0, CONFIG) and end.seconds < 20
        good = good and (end.code == 0 or re.search(r"(packet|download).*(on for|on at|presence|200 years)", end.text))
        # a run goes on without devices that can never send; that none is left is an error
        good = good and (end.code != 0 or re.search(r"never|not finished|missing", end.text))
        yield row(runner, " ".join(("run", *settings[:2])), end, "in seconds, a line: a packet takes longer than the device is on", good)


def f08_day_cycle_extremes(runner):
    config = merged(runner, "f08.cfg")
    pattern = "fleet.availability=*:dc"
    end = runner.run(pattern, "availability.dc.slot=0.4 ns", config=config)
    yield refused(runner, "run availability.dc.slot=0.4 ns", end, r"slot")
    end = runner.run(pattern, "availability.dc.slot=1 ms", config=config)
    good = end.seconds < 20 and (end.code == 0 or (end.code == CONFIG and re.search(r"slot|200 years|availability\.dc", end.text)))
    yield row(runner, "run availability.dc.slot=1 ms", end, "ends in seconds, or a line, code 2", good)
    lines = (runner.common / "train.tsv").read_text().splitlines()
    (runner.common / "many.tsv").write_text("\n".join([lines[0], *(lines[1:] * 30)[:12000]]) + "\n")
    end = runner.run(pattern, "availability.dc.level_spread=5", "data.train=many.tsv", "fleet.mix=fast:1000", config=config)
    good = end.code != "timeout" and end.code in (0, CONFIG)
    yield row(runner, "run availability.dc.level_spread=5, 1000 devices", end, "ends, or a line, code 2", good)


def f10_signals_while_planning(runner):
    process = runner.start(
        runner.path, "run", "base.cfg", "--set", "device.epochs=100000000", "--set", "run.compute=none", folder=runner.common
    )
    for pause in (4, 1):
        time.sleep(pause)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    end = runner.wait(process, 5)
    good = end.code == 130 or (end.code == CONFIG and re.search("epochs|packets", end.text))
    yield row(runner, "run device.epochs=100000000; Ctrl-C twice", end, "code 130 at the second signal at the latest", good)


def f12_fleet_larger_than_the_text(runner):
    for command, settings, words in (
        ("run", ("fleet.mix=slow:10000000",), r"500 training samples.*10000000 devices"),
        ("run", ("fleet.devices=2147483647",), r"fleet\.devices|500 training samples"),
        ("check", ("fleet.devices=2147483647",), r"fleet\.devices|500 training samples"),
    ):
        end = runner.run(*settings, command=command, compute="none" if command == "run" else None)
        yield refused(runner, f"{command} {settings[0]}", end, words, seconds=10)


def f20_include_of_an_endless_file(runner):
    os.mkfifo(runner.folder / "pipe")
    (runner.folder / "pipe.cfg").write_text("include = pipe\n")
    for name in ("zero.cfg", "pipe.cfg"):
        yield refused(runner, f"check {name}", runner.program("check", name, seconds=20), r"not a regular file")


def availability_never_fits(runner):
    needs_wordnet(runner)
    words = [str(runner.folder / "one.cfg"), "--set", f"availability.mine.trace={runner.folder}/onespan.csv"]
    words += ["--set", "link.wifi_20.downlink=2 Mbit/s", "--set", f"run.output={runner.folder}/x.h5"]
    (runner.folder / "configs").symlink_to(runner.root / "configs")  # that it includes
    for command in ("check", "run"):
        end = runner.program(command, *words, folder=runner.root)
        yield refused(runner, f"{command} one.cfg downlink=2 Mbit/s", end, r"download|never|presence")


# ---- zero and refusals -----------------------------------------------------------------------------


def f11_download_refused_after_the_run(runner):
    for command in ("check", "run"):
        end = runner.run("link.*.downlink=1e-9 bit/s", command=command, compute=None)
        yield refused(runner, f"{command} link.*.downlink=1e-9 bit/s", end, r"download|downlink")


def f19_alpha_denormal(runner):
    for alpha in ("1e-308", "1e-323"):
        end = runner.run(f"data.alpha={alpha}")
        good = end.code == CONFIG and "alpha" in end.text
        # or the limit: one class a device
        good = good or (end.code == 0 and alpha == "1e-308") or (end.code == 0 and "data.alpha" not in end.text)
        yield row(runner, f"run data.alpha={alpha}", end, "refused as data.alpha, or the limit", good)


# ---- the output ------------------------------------------------------------------------------------


def f02_output_dev_null(runner):
    needs_root()
    node = runner.common / "nul"
    os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    end = runner.run("run.output=nul")
    good = end.code == RECORD and len(end.lines) == 1 and "regular file" in end.text and stat.S_ISCHR(node.lstat().st_mode)
    yield row(runner, "run run.output=nul (a device)", end, "code 5, one line; the node is still there", good)


def f03_output_over_an_input(runner):
    mine = runner.common / "my.tsv"
    mine.write_bytes((runner.common / "train.tsv").read_bytes())
    config = runner.common / "my.cfg"
    config.write_bytes((runner.common / "base.cfg").read_bytes())
    old = runner.common / "old.h5"
    runner.run(f"run.output={old}")
    old.chmod(0o444)
    weights = runner.common / "bert/model.safetensors"
    for command in ("run", "check"):
        for path, settings, name in (
            (mine, ("data.train=my.tsv",), "base.cfg"), (config, (), "my.cfg"), (weights, (), "base.cfg"), (old, (), "base.cfg"),
        ):  # fmt: skip
            before = path.read_bytes()
            end = runner.run(*settings, f"run.output={path}", config=name, command=command)
            good = end.code == CONFIG and len(end.lines) == 1 and "run.output" in end.text and path.read_bytes() == before
            yield row(runner, f"{command} run.output={path.name}", end, "code 2; the file is as it was", good)


def f04_two_runs_one_output(runner):
    first = runner.start(
        runner.path, "run", "base.cfg", *sets("run.output=two.h5", "run.seed=1", "server.epochs=100000"), folder=runner.common
    )
    time.sleep(3)
    end = runner.run("run.output=two.h5", "run.seed=2", "server.epochs=300", compute=None)
    yield refused(runner, "run run.output=two.h5, twice", end, r"two\.h5 is being written by another process", RECORD)
    first.send_signal(signal.SIGTERM)
    end = runner.wait(first)
    (seed,) = attributes(runner.common / "two.h5", "seed") if (runner.common / "two.h5").exists() else (None,)
    yield row(runner, "the first of them, ended by SIGTERM", end, "code 143; its file is there", end.code == 143 and seed == 1)


def attributes(path, *names):
    import h5py

    with h5py.File(path) as run:
        return [run.attrs[name] for name in names]


def sets(*settings):
    return [word for setting in settings for word in ("--set", setting)]


def f18_tilde_in_an_output(runner):
    home = runner.folder / "home"
    home.mkdir()
    end = runner.run("run.output=~/results/run.h5", environment={"HOME": str(home)})
    there = (home / "results/run.h5").exists()
    good = not (runner.common / "~").exists() and ((end.code == 0 and there) or (end.code == CONFIG and "~" in end.text))
    yield row(runner, "run run.output=~/results/run.h5", end, "the home folder, or a line that ~ is not expanded", good)


# ---- launching -------------------------------------------------------------------------------------


def f13_ranks_from_OMP_NUM_THREADS(runner):
    ranks = len(os.sched_getaffinity(0)) + 1
    for environment in ({"OMP_NUM_THREADS": "16"}, {"OMP_NUM_THREADS": "1"}, {"OMP_THREAD_LIMIT": "1"}):
        words = ("--", runner.common / "base.cfg", "--overwrite", *sets("run.compute=none", f"run.output={runner.folder}/o.h5"))
        end = runner.script("run_local.sh", *words, *sets(*absolute(runner)), environment=environment)
        name, value = next(iter(environment.items()))
        yield row(runner, f"{name}={value} run_local.sh", end, f"-np {ranks}", end.code == 0 and f"-np {ranks} " in end.text)


def absolute(runner):
    """The paths of base.cfg, for scripts that work in the project's folder."""
    common = runner.common
    paths = {"data.train": "train.tsv", "data.test": "test.tsv", "backbone.small.path": "bert"}
    paths.update({"backbone.large.path": "mpnet", "backbone.cache": "out/prepared"})
    return [f"{key}={common / name}" for key, name in paths.items()]


def f15_experiment_of_the_same_name(runner):
    for config in (runner.folder / "exp1.cfg", runner.folder / "other/exp1.cfg"):
        text = config.read_text()
        lines = [line for line in text.splitlines() if not line.startswith("include")]
        keys = "".join(f"{key} = {value}\n" for key, value in (one.split("=", 1) for one in absolute(runner)))
        config.write_text(f"include = {runner.common}/base.cfg\n{keys}" + "\n".join(lines) + "\n")
    result = runner.project() / "results/exp1/a.h5"

    def started(config, what, good, right):
        before = result.read_bytes() if result.exists() else None
        end = runner.script("run_experiment.sh", "-n", "1", config)
        kept = before is None or result.read_bytes() == before
        return row(runner, f"run_experiment.sh {what}", end, right, kept and good(end))

    mine = runner.folder / "exp1.cfg"
    yield started(mine, "exp1.cfg", lambda end: end.code == 0 and "1 made" in end.text, "1 made")
    yield started(mine, "exp1.cfg again", lambda end: end.code == 0 and "1 there before" in end.text, "1 there before")

    def named(end):
        return end.code != 0 and re.search(r"a\.h5 is of another configuration", end.text)

    right = "a line: results/exp1/a.h5 is of another configuration"
    yield started(runner.folder / "other/exp1.cfg", "other/exp1.cfg", named, right)
    mine.write_text(re.sub(r"run\.seed=\d+", "run.seed=7", mine.read_text()))
    yield started(mine, "exp1.cfg, edited", named, right)


def f16_singletons_under_srun(runner):
    tasks = []
    for task in range(3):
        slurm = {"SLURM_PROCID": str(task), "SLURM_NPROCS": "3", "SLURM_NTASKS": "3", "SLURM_STEP_ID": "0", "SLURM_JOB_ID": "77"}
        tasks.append(
            runner.start(runner.path, "run", "base.cfg", *sets("run.output=s.h5"), folder=runner.common, environment=slurm)
        )
    for task, process in enumerate(tasks):
        end = runner.wait(process)
        good = re.search(r"Slurm started 3 tasks.*(mpirun|pmix)", end.text)
        yield row(runner, f"task {task} of srun -n 3 without PMIx", end, "one rank, but Slurm started 3 tasks: ...", good)


def f17_catalogue_from_another_folder(runner):
    elsewhere = runner.folder / "elsewhere"
    elsewhere.mkdir()
    for words in (("--devices",), ("--links",)):
        end = runner.program("check", *words, folder=elsewhere)
        good = (end.code == 0 and len(end.text.splitlines()) > 10) or (end.code == CONFIG and "configs" in end.text)
        yield row(runner, f"check {words[0]}, elsewhere", end, "the catalogue, or a line, code 2", good)
    end = runner.program("check", runner.root / "configs/quickstart.cfg", folder=elsewhere)
    good = "known: \n" not in end.text and (
        not re.search(r"no (device|link|backbone) '", end.text) or "no such folder" in end.text
    )
    yield row(runner, "check quickstart.cfg, elsewhere", end, "no empty list of what is known", good)


# ---- tests -----------------------------------------------------------------------------------------


def ctest_ignores_MOBI_SHARED(runner):
    build = runner.path.parents[2]
    if not (build / "CTestTestfile.cmake").exists():
        raise NotHere("the program is not in a build folder")
    # from a folder of its own: the build's log is that of the ctest which may be running this
    (runner.folder / "CTestTestfile.cmake").write_text(f'subdirs("{build}/tests")\n')
    end = runner.wait(runner.start("ctest", "--show-only=json-v1", folder=runner.folder, limited=False))
    tests = json.loads(end.text)["tests"] if end.code == 0 else []
    fixed = [
        test["name"]
        for test in tests
        for one in test.get("properties", ())
        if one["name"] == "ENVIRONMENT" and any(value.startswith("MOBI_SHARED=") for value in one["value"])
    ]
    end.text = f"of {len(tests)} tests, these do not take the caller's: {' '.join(fixed)}" if fixed else ""
    yield row(runner, "ctest --show-only", end, "no test has a MOBI_SHARED of its own", tests and not fixed)
    name = "side_network_reference_test"
    if not (build / f"tests/model/{name}").exists():
        return
    nowhere = {"MOBI_SHARED": str(runner.folder / "nowhere")}
    end = runner.wait(
        runner.start("ctest", "-R", f"^{name}$", folder=runner.folder, environment=nowhere, limited=False)
    )
    yield row(runner, f"MOBI_SHARED=nowhere ctest -R {name}", end, "Skipped", "Skipped" in end.text)


# ---- messages --------------------------------------------------------------------------------------


def u01_messages(runner):
    """Refused rightly, but the words misled: what misled must be gone."""

    def judged(letter, command, end, code, holds, lacks=None):
        good = end.code in (code if isinstance(code, tuple) else (code,)) and re.search(holds, end.text)
        good = good and not (lacks and re.search(lacks, end.text, re.M))
        return row(runner, f"{letter}  {command}", end, f"code {code}: {holds}" + (f", not {lacks}" if lacks else ""), good)

    def write(name, data):
        path = runner.common / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return name

    for setting in ("packet.samples=2147483648", "server.epochs=1000000000000", "run.seed=18446744073709551616"):
        end = runner.run(setting, command="check", compute=None)
        yield judged("a", f"check {setting}", end, CONFIG, r"(to|at most|up to) [\d^' -]*\d", r"1 or more$")
    end = runner.run("run.output=", command="check")
    yield judged("b", "check run.output=", end, CONFIG, r"run\.output", r"H5Fcreate")
    for letter, text, holds, lacks in (
        ("c", "1697000000.5 1\n1697000001.5 2\n", r"", r"accepted: seconds, then"),
        ("d", "0,5\n1,6\n", r"comma|blank", r"whole milliseconds from the start$"),
        ("d", "time,mbps\n0,5\n", r"comma|blank|head", r"whole milliseconds from the start$"),
        ("e", b"\xef\xbb\xbf0 5\n1 6\n", r"", r"xef"),
    ):
        name = write("trace.txt", text)
        end = runner.run(f"link.*.trace={name}")
        yield judged(letter, f"run link.*.trace of {text[:14]!r}", end, (0, CONFIG, DATA), holds, lacks)
    end = runner.run(f"device.*.load={write('load.txt', '0 0' + chr(10) + '1 0' + chr(10))}")
    yield judged("f", "run device.*.load of zeros", end, (CONFIG, DATA), r"load", r"the link never carries")
    base = (runner.common / "base.cfg").read_text()
    named = base.replace("[device.slow]", "[device.té]\nrate_fp32 = 1 TFLOP/s\n[device.slow]")
    end = runner.run(config=write("named.cfg", named), command="check")
    yield judged("g", "check a file with [device.té]", end, CONFIG, r"té", r"backbone\.large\.rate_fp32")
    end = runner.run(config=write("utf16.cfg", base.encode("utf-16")), command="check")
    yield judged("h", "check a file in UTF-16", end, CONFIG, r"UTF-16")
    if not runner.fast:
        settings = ("packet.samples=30000000", "data.max_tokens=16", "server.batch=16")
        end = runner.run(*settings, command="check", compute=None)
        yield judged("i", "check a packet beyond 2 GiB", end, (0, CONFIG), r"", r"message to rank")
    for command, code in (("check", RECORD), ("run", RECORD)):
        line = f"exec '{runner.path}' {command} base.cfg --set run.compute=none --set run.output=full.h5 >/dev/full"
        end = runner.wait(runner.start("bash", "-c", line, folder=runner.common))
        good = end.code not in (0, 70) and "No space left" in end.text
        yield row(runner, f"j  {command} > /dev/full", end, "not 0 nor 70, and said", good)
    yield from messages_of_scripts(runner, judged)
    end = runner.run("device.*.battery=1 J", "device.*.battery_start=0", "device.*.power_compute=5 W")
    yield judged("m", "run device.*.battery_start=0", end, (0, CONFIG), r"battery_start|battery", r"see fleet\.availability and server\.deadline$")
    end = runner.run("fleet.mix=slow:10000")
    yield judged("n", "run fleet.mix=slow:10000", end, CONFIG, r"(fleet\.|data\.)")
    end = runner.run("server.deadline=1e15 h")
    yield judged("p", "run server.deadline=1e15 h", end, CONFIG, r"server\.deadline", r"check the rates of the device")


def messages_of_scripts(runner, judged):
    output = runner.common / "noext"
    end = runner.run(f"run.output={output}")
    end = runner.wait(runner.start("python3", runner.root / "analysis/report.py", output, "--no-reference", limited=False))
    if "import" not in end.text:
        yield judged("k", "report.py FILE without .h5", end, (0, RECORD), r"", r"Errno")
    words = ("-n", "2", "--", runner.common / "base.cfg")
    settings = ("--overwrite", *sets(*absolute(runner), "run.compute=none", f"run.output={runner.folder}/o.h5"))
    end = runner.script("run_local.sh", *words, *settings)
    yield judged("o", "run_local.sh: the printed line", end, 0, r"==> mpirun .* </dev/null")
    yield judged("s", "run_local.sh with mpirun 5", end, 0, r"", r"SET OMP_NUM_THREADS")
    end = runner.script("run_local.sh", *words, *settings, environment={"TMPDIR": "/nonexistent"})
    yield judged("q", "TMPDIR=/nonexistent run_local.sh", end, CONFIG, r"TMPDIR", r"^mktemp:")
    (runner.common / "extra.cfg").write_text("[run]\nseed = 5\n")
    end = runner.script("run_local.sh", "-n", "1", "--", "base.cfg", "extra.cfg", *settings)
    yield judged("r", "run_local.sh with two files", end, 0, r"", r"no such file")
    process = runner.start_script("run_local.sh", *words, *sets(*absolute(runner), "server.epochs=100000", f"run.output={runner.folder}/l.h5"))
    time.sleep(8)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.6)
    yield judged("l", "run_local.sh, Ctrl-C twice", runner.wait(process), 130, r"", r"Segmentation|before rank 0 had closed")
    output = runner.folder / "hup.h5"
    process = runner.start(
        runner.path, "run", "base.cfg", *sets("server.epochs=100000", f"run.output={output}"), folder=runner.common
    )
    time.sleep(5)
    process.send_signal(signal.SIGHUP)
    end = runner.wait(process)
    (status,) = columns(output, "status", "status") if output.exists() and end.code != "timeout" else ([-1],)
    yield row(runner, "t  SIGHUP to the bare program", end, "129; the file is closed: aborted", end.code == 129 and status[0] == 2)


SLOW = {"f08_day_cycle_extremes", "f10_signals_while_planning", "f07_sessions_shorter_than_a_packet", "u01_messages"}


def judge(runner, name):
    if name == "common":
        return
    case = globals().get(name)
    if case is None:
        raise NotHere("no expectation is stated for it")
    if runner.fast and name in SLOW:
        raise NotHere("not among the fast ones")
    yield from case(runner)
