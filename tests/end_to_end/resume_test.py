# SPDX-License-Identifier: Apache-2.0
"""A run that is killed anywhere goes on with --resume and ends with the file of one that was not."""
import signal
import subprocess
import time
import unittest

import h5py

from killing import KILLS, OFTEN, KillingWorkspace
from tiny_fleet import ENVIRONMENT

# What a learner keeps differs between these.
KINDS = {
    "replay": (),
    "adjusted": ("loss.kind=ce_residual", "loss.logit_adjustment=type", "server.mixup=0.2"),
    "per_device": ("server.mode=per_device",),
    "central": ("method.name=central_side",),
    "passes": ("device.epochs=2", "packet.dtype=int8"),
    "unlogged": ("record.activations=none",),
    "packets": ("run.compute=packets",),
    "validated": ("data.split=0.25", "server.balance=passes", "eval.patience=30"),
    "absent": ("server.enough=0.7", "server.deadline=30 s"),
}


class ResumeTest(KillingWorkspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure(server__epochs=150, eval__every=60)

    def test_killed_anywhere(self):
        self.assertGreater(self.kill_anywhere(KINDS), KILLS, "hardly a kill met a checkpoint")

    def test_a_replay_that_is_killed(self):
        log = self.run_fleet("log.h5", "device.epochs=2", ranks=2)
        other = self.run_fleet("log2.h5", "device.epochs=2", "run.seed=2", ranks=2)
        settings = [word for one in (*OFTEN, "server.epochs=300") for word in ("--set", one)]
        began = time.monotonic()
        whole = self.replay(log, "whole.h5", *OFTEN, "server.epochs=300")
        took = time.monotonic() - began
        resumed = 0
        for share in (0.5, 0.7, 0.9):
            path = self.folder / "again.h5"
            words = ["replay", log, *settings, "--set", f"run.output={path}"]
            process = subprocess.Popen(self.command(words), cwd=self.folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)  # fmt: skip
            time.sleep(share * took)
            process.kill()
            process.wait()
            met = (self.folder / "again.h5.checkpoint").exists()
            if met:
                end = self.call("replay", other, "--resume", *settings, "--set", "run.seed=1", "--set", f"run.output={path}")
                self.assertEqual(end.returncode, 3, end.stderr)
                self.assertIn("other activations", end.stderr)
            resumed += met
            self.good(*words, "--resume")
            self.assert_same(whole, path)
            path.unlink()
        self.assertGreater(resumed, 0, "no kill met a checkpoint")

    def test_a_signal_leaves_a_checkpoint(self):
        path = self.folder / "signal.h5"
        settings = ("server.epochs=4000", "record.checkpoint=0 s")
        process = subprocess.Popen(
            self.command(["run", self.config, *(word for one in (*settings, "record.flush=20 ms", f"run.output={path}")
                                                for word in ("--set", one))]),
            cwd=self.folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with h5py.File(path, "r", swmr=True) as file:
                    if len(file["updates"]) > 20:  # the first flush
                        break
            except (OSError, KeyError):
                pass
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143, err)
        self.assertIn("--resume goes on with it", err)
        self.assertTrue((self.folder / "signal.h5.checkpoint").exists())
        end = self.good("run", self.config, "--resume", "--set", settings[0], "--set", settings[1],
                        "--set", "record.flush=20 ms", "--set", f"run.output={path}")
        self.assertNotIn("starts over", end.stdout + end.stderr)
        self.assert_same(self.run_fleet("unsignalled.h5", *settings, "record.flush=20 ms"), path)

    def test_a_finished_run_is_left_alone(self):
        path = self.run_fleet("kept.h5", ranks=2)
        before = path.read_bytes()
        end = self.good("run", self.config, "--resume", "--set", f"run.output={path}", ranks=2)
        self.assertIn("has finished", end.stdout)
        self.assertEqual(path.read_bytes(), before)

    def test_other_settings_are_named(self):
        path = self.folder / "other.h5"
        process = self.start(path, ("server.epochs=2000",), 2, resume=False)
        while not (self.folder / "other.h5.checkpoint").exists():
            time.sleep(0.05)
            self.assertIsNone(process.poll())
        self.kill(process, "all")
        end = self.call("run", self.config, "--resume", "--set", f"run.output={path}", "--set", "server.epochs=1999")
        self.assertEqual(end.returncode, 2)
        self.assertIn("server.epochs", end.stderr)
        checkpoint = self.folder / "other.h5.checkpoint"
        damaged = bytearray(checkpoint.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        checkpoint.write_bytes(damaged)
        end = self.call("run", self.config, "--resume", "--set", "server.epochs=2000",
                        *(word for one in OFTEN for word in ("--set", one)), "--set", f"run.output={path}")
        self.assertEqual(end.returncode, 3)
        self.assertIn("damaged", end.stderr)


if __name__ == "__main__":
    unittest.main()
