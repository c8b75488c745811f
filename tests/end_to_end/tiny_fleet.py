# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: a fleet so small that a whole run takes a second, the program under
test, and comparisons of run files.

Environment: MOBI_FEDMOBILLM, the program; MPIEXEC (default mpirun).
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/backbone"
PROGRAM = os.environ.get("MOBI_FEDMOBILLM", str(ROOT / "build/release/src/app/fedmobillm"))
MPIEXEC = os.environ.get("MPIEXEC", "mpirun")
SECONDS = 120  # for one command; each takes one or two on an idle machine

ENVIRONMENT = {
    **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}  # fmt: skip

EVENT_TABLES = ("devices", "samples", "uploads", "losses", "costs", "downloads", "updates", "update_samples")
CLASSES = ("animal", "plant", "stone", "star")

# The entries of [device.*] and [link.*] that a configuration may name.
CATALOGUE = {
    "device.slow": {"rate_fp32": "40 MFLOP/s", "memory": "64 MB", "memory_bandwidth": "2 GB/s"},
    "device.middle": {"rate_fp32": "120 MFLOP/s", "memory": "64 MB", "memory_bandwidth": "5 GB/s"},
    "device.fast": {
        "rate_fp32": "400 MFLOP/s", "memory": "64 MB", "memory_bandwidth": "20 GB/s", "power_compute": "5 W"
    },
    "link.thin": {"uplink": "200 kbit/s", "downlink": "1 Mbit/s"},
    "link.thick": {"uplink": "8 Mbit/s", "downlink": "8 Mbit/s", "latency": "2 ms"},
}  # fmt: skip


def vocabulary(specials, size):
    """`size` pieces: whole words w0.., and two that only continue a word."""
    words = [f"w{number}" for number in range(size - len(specials) - 2)]
    return [*specials, *words, "##x", "##y"]


BERT_PIECES = vocabulary(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), 50)
MPNET_PIECES = vocabulary(("<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>"), 60)


def write_task(folder, train=120, test=40, seed=1):
    """train.tsv, test.tsv: 4 to 12 words, every third one of the eight that the class owns."""
    draw = random.Random(seed)
    for name, count in (("train", train), ("test", test)):
        lines = ["text\tlabel"]
        for sample in range(count):
            kind = sample % len(CLASSES)
            words = [
                f"w{8 * kind + draw.randrange(8)}" if draw.random() < 0.4 else f"w{32 + draw.randrange(11)}"
                for _ in range(draw.randint(4, 12))
            ]
            words[-1] += draw.choice(("", "x", "y"))
            lines.append(" ".join(words) + "\t" + CLASSES[kind])
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")


def write_backbones(folder):
    """Folders bert (2 x 24), mpnet (2 x 24), both with weights, and deep (BERT, 4 x 32), config alone."""
    for name, pieces in (("bert", BERT_PIECES), ("mpnet", MPNET_PIECES)):
        shutil.copytree(GOLDEN / name, folder / name)
        (folder / name / "vocab.txt").write_text("\n".join(pieces) + "\n")
    deep = folder / "deep"
    deep.mkdir()
    shape = json.loads((GOLDEN / "bert/config.json").read_text())
    shape.update(hidden_size=32, num_attention_heads=4, intermediate_size=64, num_hidden_layers=4)
    (deep / "config.json").write_text(json.dumps(shape))
    (deep / "vocab.txt").write_text("\n".join(BERT_PIECES) + "\n")


class Workspace(unittest.TestCase):
    """A test case with a folder of its own, which holds text, backbones and a configuration."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="fedmobillm_e2e_")
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        write_task(cls.folder)
        write_backbones(cls.folder)

    # ---- configurations ------------------------------------------------------------------------

    @classmethod
    def configure(cls, name="fleet.cfg", **settings):
        """Writes a configuration; `section__key=value` sets or, with None, leaves out a key."""
        keys = {
            "data.train": cls.folder / "train.tsv",
            "data.test": cls.folder / "test.tsv",
            "data.max_tokens": 16,
            "fleet.mix": "slow:5 fast:7",
            "fleet.backbones": "slow:small fast:large",
            "fleet.links": "slow:thin fast:thick",
            "backbone.cache": cls.folder / "prepared",
            "backbone.weight_dtype": "fp32",
            "backbone.small.path": cls.folder / "bert",
            "backbone.large.path": cls.folder / "mpnet",
            "forward.group_devices": 2,
            "forward.batch_tokens": 64,
            "packet.samples": 4,
            "side.bottleneck": 8,
            "server.batch": 16,
            "server.epochs": 3,
            "eval.every": 20,
            "run.output": cls.folder / "run.h5",
            "run.threads": 1,
        }
        keys.update({key.replace("__", "."): value for key, value in settings.items()})
        named = set(f"{keys['fleet.mix']} {keys['fleet.links']}".replace(":", " ").split())
        for section, figures in CATALOGUE.items():
            if section.partition(".")[2] in named:
                keys = {**{f"{section}.{key}": value for key, value in figures.items()}, **keys}
        sections = {}
        for key, value in keys.items():
            section, _, key = key.rpartition(".")
            if value is not None:
                sections.setdefault(section, []).append(f"{key} = {value}\n")
        path = cls.folder / name
        path.write_text("".join(f"[{section}]\n" + "".join(lines) for section, lines in sections.items()))
        return path

    @classmethod
    def link_project(cls):
        """A folder with the launch scripts, which look for the program beside themselves, wherever it was built."""
        root = cls.folder / "project"
        shutil.copytree(ROOT / "mpi_launch", root / "mpi_launch")
        program = root / "build/release/src/app/fedmobillm"
        program.parent.mkdir(parents=True)
        program.symlink_to(PROGRAM)
        return root

    # ---- the program ---------------------------------------------------------------------------

    @classmethod
    def command(cls, words, ranks=None):
        """ranks None: without mpirun, which is a run of one rank as well."""
        launch = [] if ranks is None else [
            MPIEXEC, "-np", str(ranks), "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"
        ]  # fmt: skip
        return [*launch, PROGRAM, *map(str, words)]

    @classmethod
    def call(cls, *words, ranks=None):
        return subprocess.run(
            cls.command(words, ranks), cwd=cls.folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=SECONDS,
        )  # fmt: skip

    @classmethod
    def good(cls, *words, ranks=None):
        end = cls.call(*words, ranks=ranks)
        if end.returncode != 0:
            raise AssertionError(f"{words}: exit code {end.returncode}\n{end.stdout}\n{end.stderr}")
        return end

    @classmethod
    def run_fleet(cls, output, *settings, ranks=None, config=None):
        """The path of a finished run's file, which replaces an earlier one; `settings` are key=value."""
        path = cls.folder / output
        overrides = [word for setting in (*settings, f"run.output={path}") for word in ("--set", setting)]
        cls.good("run", "--overwrite", config or cls.config, *overrides, ranks=ranks)
        return path

    @classmethod
    def replay(cls, log, output, *settings):
        path = cls.folder / output
        overrides = [word for setting in (*settings, f"run.output={path}") for word in ("--set", setting)]
        cls.good("replay", "--overwrite", log, *overrides)
        return path

    def wait_for(self, what, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    # ---- comparisons ---------------------------------------------------------------------------

    def assert_same(self, first, second, only=None, but=("host",)):
        """Both files hold the same datasets, bit for bit; `only` or all `but` these at the root."""
        one, two = read_datasets(first, only, but), read_datasets(second, only, but)
        self.assertEqual(sorted(one), sorted(two))
        self.assertGreater(len(one), 0, "nothing to compare")
        different = [name for name in one if one[name] != two[name]]
        self.assertEqual(different, [], f"of {first.name} and {second.name}")


def table(path, name):
    with h5py.File(path) as file:
        return file[name][()]


def read_datasets(path, only=None, but=()):
    """{name: (type, shape, bytes)} of all datasets; text as it is."""
    found = {}

    def visit(name, item):
        root = name.split("/")[0]
        if not isinstance(item, h5py.Dataset) or root in but or (only is not None and root not in only):
            return
        value = item[()]
        found[name] = (
            str(item.dtype),
            item.shape,
            value.tobytes() if isinstance(value, (np.ndarray, np.generic)) and item.dtype.kind != "O" else repr(value),
        )

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def h5diff_says(first, second, aside=()):
    """What h5diff prints about two run files, /host and `aside` left out; None without h5diff.

    It calls tables without a row "not comparable": those belong to `aside`.
    """
    if shutil.which("h5diff") is None:
        return None
    excluded = [word for name in ("host", *aside) for word in ("--exclude-path", f"/{name}")]
    end = subprocess.run(
        ["h5diff", *excluded, str(first), str(second)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
    )  # fmt: skip
    return end.stdout if end.returncode == 0 else f"exit code {end.returncode}: {end.stdout}"
