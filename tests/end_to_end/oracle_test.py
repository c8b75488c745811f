# SPDX-License-Identifier: Apache-2.0
"""Runs are computed again from their files alone, by programs that share no code with ours.

tests/oracle/replay_times.py: every virtual time to the nanosecond.  tests/oracle/replay_training.py: the weights to
1e-4 of the distance that training moved them; with the Python of MOBI_TORCH_PYTHON, or the one that runs this test,
and skipped where that one has no PyTorch.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import h5py

from golden_runs import RUNS, settings_of, write_traces
from tiny_fleet import ENVIRONMENT, ROOT, SECONDS, Workspace, write_task

ORACLE = ROOT / "tests/oracle"
TORCH_PYTHON = os.environ.get("MOBI_TORCH_PYTHON", sys.executable)

# Days of 8 hours, in which a restless device comes and goes a million times, are for the golden runs.
_SHORT = {"availability__evening__time_zones": "1", "availability__evening__to": "6 s"}

TIMES = {
    **{name: RUNS[name] for name in (
        "plain", "two_epochs", "links_vary", "server_link", "cells_and_server_link", "half_duplex", "everything",
        "everything_late", "heat_and_load", "batteries", "per_device", "replay_after_all", "arrival_only", "central_side",
    )},
    "comes_and_goes": {**RUNS["comes_and_goes"], **_SHORT},
    "cells": {**RUNS["cells"], **_SHORT},
    "hot_and_low": {**RUNS["heat_and_load"], **RUNS["batteries"], "device__slow__battery_rest": "30 ms"},
    "pattern_of_a_file": {
        "fleet__availability": "*:logged", "availability__logged__kind": "trace", "packet__dtype": "int4",
        "availability__logged__trace": "{folder}/presence.csv", "availability__logged__trace_period": "3 s",
        "availability__logged__join": "0.2 s", "packet__labels": "true", "cost__padding": "none",
        "plan__embedding": "true", "server__updates_per_arrival": 3,
    },
    "day_cycle": {
        "fleet__availability": "*:cycle", "availability__cycle__kind": "day_cycle", "availability__cycle__slot": "90 ms",
        "cost__padding": "max", "packet__charge_header": "false", "packet__dtype": "int8", "server__balance": "backbone",
        "align__projection": "device_layer",
    },
    "single_devices": {
        "fleet__devices_file": "{folder}/devices.csv", "backbone__weight_dtype": "int8", "align__projection": "type",
        "device__fast__t0": "3 ms", "server__sampler": "permutation", "packet__samples": 7,
        "server__step_overhead": "launches",
    },
}  # fmt: skip

_CROSS = {"loss__kind": "ce_residual", "loss__logit_adjustment": "type"}
TRAINING = {
    "plain": {"forward__dtype": "fp32"},
    "everything": {**RUNS["everything"], **_CROSS, "server__mixup": 0.4, "align__start": "identity"},
    "labels_and_int8": {**_CROSS, "loss__kind": "ce_with_label", "packet__labels": "true", "packet__dtype": "int8",
                        "device__epochs": 2, "optimizer__schedule": "constant", "optimizer__clip": 0},
    "gelu_and_embedding": {"side__activation": "gelu", "side__gate": "fixed", "plan__embedding": "true",
                           "align__projection": "device_layer", "loss__kind": "huber_residual", "packet__dtype": "bf16"},
    "sum_without_norms": {"side__gate": "none", "side__ln_affine": "false", "side__zero_init": "false",
                          "align__projection": "type", "packet__dtype": "int4", "side__width": 20},
    "central_side": {"method__name": "central_side", **_CROSS, "server__mixup": 1.5},
    "per_device": {"server__mode": "per_device", "server__mixup": 0.4},
}  # fmt: skip


def has_torch():
    end = subprocess.run([TORCH_PYTHON, "-c", "import torch, h5py"], stderr=subprocess.DEVNULL)
    return end.returncode == 0


class OracleTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_traces(cls.folder)
        (cls.folder / "presence.csv").write_text(
            "device,on_s,off_s\n" + "".join(f"{d},{0.05 * d},{0.4 + 0.05 * d}\n{d},0.9,1.7\n" for d in range(5))
        )
        rows = [f"{2 + device},{20 + 3 * device}" for device in range(12)]
        (cls.folder / "devices.csv").write_text("time_per_sample [ms],uplink [kB/s]\n" + "\n".join(rows) + "\n")

    def carry_out(self, name, run, **more):
        config = self.configure(f"{name}.cfg", **settings_of({**run, **more}, self.folder))
        return self.run_fleet(f"{name}.h5", config=config)

    def ask(self, script, *words, python=sys.executable):
        return subprocess.run(
            [python, ORACLE / script, *words], cwd=self.folder, env=ENVIRONMENT, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
        )  # fmt: skip

    def test_every_time_is_computed_again_to_the_nanosecond(self):
        for name, run in TIMES.items():
            with self.subTest(run=name):
                end = self.ask("replay_times.py", self.carry_out(name, run, run__compute="none"))
                self.assertEqual(end.returncode, 0, end.stdout)
                self.assertIn("time: server's steps", end.stdout)

    def test_a_wrong_figure_is_noticed(self):
        path = self.carry_out("plain", RUNS["plain"], run__compute="none")
        for table, column in (("devices", "rate_flop_per_s"), ("devices", "uplink_bytes_per_s"), ("server", "step_overhead_s"),
                              ("uploads", "arrival_ns"), ("updates", "end_ns"), ("downloads", "start_ns")):  # fmt: skip
            with self.subTest(column=column):
                changed = shutil.copy(path, self.folder / "changed.h5")
                with h5py.File(changed, "r+") as file:
                    rows = file[table][()]
                    rows[column][-1] += 1 + rows[column][-1] // 1000
                    file[table][...] = rows
                end = self.ask("replay_times.py", changed)
                self.assertEqual(end.returncode, 1, end.stdout)

    def test_an_older_file_and_a_measured_one_are_refused(self):
        path = self.carry_out("older", RUNS["plain"], run__compute="none")
        with h5py.File(path, "r+") as file:
            del file["server"]
        end = self.ask("replay_times.py", path)
        self.assertEqual(end.returncode, 2)
        self.assertIn("has no /server", end.stdout)
        path = self.carry_out("wall", {"run__clock": "wall", "run__time_scale": 50})
        end = self.ask("replay_times.py", path)
        self.assertEqual(end.returncode, 2)
        self.assertIn("run.clock = wall", end.stdout)

    @unittest.skipUnless(has_torch(), f"{pathlib.Path(TORCH_PYTHON).name} has no PyTorch (MOBI_TORCH_PYTHON)")
    def test_the_training_is_computed_again(self):
        write_task(self.folder)
        for name, run in TRAINING.items():
            with self.subTest(run=name):
                end = self.ask("replay_training.py", self.carry_out(f"training_{name}", run), python=TORCH_PYTHON)
                self.assertEqual(end.returncode, 0, end.stdout)
                self.assertEqual("server__mixup" in run, "share from its draw" in end.stdout, end.stdout)

    @unittest.skipUnless(has_torch(), f"{pathlib.Path(TORCH_PYTHON).name} has no PyTorch (MOBI_TORCH_PYTHON)")
    def test_a_wrong_weight_or_share_is_noticed(self):
        path = self.carry_out("training_mixed", {"server__mixup": 0.4})
        for name, change in (("weights/final/W_dn.1", lambda values: values * 1.01), ("mixup", _without_partner)):
            with self.subTest(dataset=name):
                changed = shutil.copy(path, self.folder / "changed.h5")
                with h5py.File(changed, "r+") as file:
                    file[name][...] = change(file[name][()])
                self.assertEqual(self.ask("replay_training.py", changed, python=TORCH_PYTHON).returncode, 1)


def _without_partner(rows):
    rows["share"][:] = 1
    return rows


if __name__ == "__main__":
    unittest.main()
