# SPDX-License-Identifier: Apache-2.0
"""The place of the run file: what is replaced, what never is, and who may write; and how a run is started."""
import os
import pathlib
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import h5py

from tiny_fleet import ENVIRONMENT, PROGRAM, Workspace

CONFIG, DATA, MPI, RECORD = 2, 3, 4, 5
ABORTED = 2


class OutputCase(Workspace):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="fedmobillm_e2e_")
        self.addCleanup(holder.cleanup)
        self.place = pathlib.Path(holder.name)
        self.config = self.configure(run__compute="none")

    def with_output(self, path, *settings, command="run", ranks=None, config=None, options=()):
        words = [word for setting in (f"run.output={path}", *settings) for word in ("--set", setting)]
        return self.call(command, config or self.config, *options, *words, ranks=ranks)

    def refused(self, code, path, *words, command="run", ranks=None, settings=(), config=None, options=()):
        end = self.with_output(path, *settings, command=command, ranks=ranks, config=config, options=options)
        said = [line for line in end.stderr.splitlines() if line.startswith("fedmobillm")]
        self.assertEqual((end.returncode, len(said)), (code, 1), end.stderr)
        for word in words:
            self.assertIn(str(word), said[0])
        return end

    def start(self, *settings, environment=None, **options):
        """A run that goes on for ever; returns when its file is there."""
        output = self.place / "long.h5"
        settings = (f"run.output={output}", "server.epochs=100000", "run.compute=all", "record.flush=100 ms", *settings)
        words = [word for setting in settings for word in ("--set", setting)]
        process = subprocess.Popen(
            self.command(("run", self.config, *words)), cwd=self.folder, env={**ENVIRONMENT, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 60
        while not output.exists():
            self.assertIsNone(process.poll(), "it ended")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        return process, output


class PlaceTest(OutputCase):
    def test_an_input_is_never_replaced(self):
        copy = self.place / "my.tsv"
        copy.write_bytes((self.folder / "train.tsv").read_bytes())
        config = self.place / "my.cfg"
        config.write_bytes(self.config.read_bytes())
        weights = self.folder / "bert/model.safetensors"
        alias = self.place / "alias.h5"
        alias.symlink_to(copy)
        for path, settings, key in (
            (copy, (f"data.train={copy}",), "data.train"),
            (alias, (f"data.train={copy}",), "data.train"),
            (config, (), "the configuration"),
            (weights, (), "no run file"),
        ):
            before = path.read_bytes()
            for command, ranks in (("check", None), ("run", None), ("run", 3)):
                self.refused(
                    CONFIG, path, "run.output", key, command=command, ranks=ranks, settings=settings,
                    config=config if path == config else None,
                )  # fmt: skip
                self.assertEqual(path.read_bytes(), before)

    def test_what_is_no_regular_file_stays(self):
        pipe = self.place / "pipe"
        os.mkfifo(pipe)
        for command in ("check", "run"):
            self.refused(RECORD, pipe, "it is a pipe", "regular file", command=command)
        self.assertTrue(stat.S_ISFIFO(pipe.lstat().st_mode))
        self.refused(RECORD, self.place, "it is a folder", command="check")
        if os.geteuid() == 0:
            node = self.place / "nul"
            os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            self.refused(RECORD, node, "it is a device", ranks=3)
            self.assertTrue(stat.S_ISCHR(node.lstat().st_mode))

    def test_no_shell_expands_the_path(self):
        for command in ("check", "run"):
            self.refused(CONFIG, "~/run.h5", "~", "not expanded", command=command)
            self.refused(CONFIG, "$HOME/run.h5", "not expanded", command=command)
        self.assertFalse((self.folder / "~").exists())

    def test_a_protected_run_stays_and_another_is_replaced(self):
        path = self.place / "run.h5"
        self.assertEqual(self.with_output(path).returncode, 0)
        path.chmod(0o444)
        before = path.read_bytes()
        self.refused(CONFIG, path, "write-protected", ranks=2)
        self.assertEqual(path.read_bytes(), before)
        path.chmod(0o644)
        end = self.with_output(path, "run.seed=77", options=["--overwrite"])
        self.assertEqual(end.returncode, 0, end.stderr)
        with h5py.File(path) as run:
            self.assertEqual(run.attrs["seed"], 77)
        self.assertEqual(os.listdir(self.place), ["run.h5"], "left something behind")

    def test_a_run_that_fails_before_it_begins_leaves_the_old_one(self):
        path = self.place / "run.h5"
        self.with_output(path)
        before = path.read_bytes()
        empty = self.place / "empty.tsv"
        empty.write_text("text\tlabel\n")
        for settings in ((f"data.train={empty}",), ("device.*.memory=3 kB",), ("server.epoch=1",)):
            end = self.with_output(path, *settings, options=["--overwrite"])
            self.assertNotEqual(end.returncode, 0)
            self.assertNotIn("finished", end.stderr)
            self.assertEqual(path.read_bytes(), before)
        self.assertEqual(sorted(os.listdir(self.place)), ["empty.tsv", "run.h5"])


class ExistingRunTest(OutputCase):
    def test_a_finished_run_is_replaced_only_when_asked(self):
        path = self.place / "run.h5"
        self.assertEqual(self.with_output(path).returncode, 0)
        before = path.read_bytes()
        for ranks in (None, 3):
            self.refused(CONFIG, path, f"{path} is a finished run", "--overwrite", ranks=ranks)
            self.refused(CONFIG, path, "run.seed = 1 there, 2 here", "--overwrite", ranks=ranks, settings=("run.seed=2",),
                         options=["--resume"])  # fmt: skip
        self.refused(CONFIG, path, "give one of them", options=["--resume", "--overwrite"])
        end = self.with_output(path, command="check")
        self.assertEqual(end.returncode, 0)
        self.assertIn("is a finished run; --overwrite replaces it", end.stderr)
        self.assertEqual(path.read_bytes(), before)
        self.assertEqual(self.with_output(path, "run.seed=2", options=["--overwrite"]).returncode, 0)
        with h5py.File(path) as run:
            self.assertEqual(run.attrs["seed"], 2)
        self.assertEqual(os.listdir(self.place), ["run.h5"])

    def test_so_is_a_replay(self):
        log, again = self.place / "log.h5", self.place / "log_replay.h5"
        self.assertEqual(self.with_output(log, "run.compute=all").returncode, 0)
        self.assertEqual(self.call("replay", log).returncode, 0)
        before = again.read_bytes()
        end = self.call("replay", log)
        self.assertEqual((end.returncode, len(end.stderr.splitlines())), (CONFIG, 1), end.stderr)
        self.assertIn(f"{again} is a finished run; --overwrite replaces it", end.stderr)
        self.assertIn("has finished", self.call("replay", log, "--resume").stdout)
        self.assertEqual(again.read_bytes(), before)
        self.assertEqual(self.call("replay", log, "--overwrite", "--set", "run.seed=5").returncode, 0)
        with h5py.File(again) as run:
            self.assertEqual(run.attrs["seed"], 5)

    def test_a_damaged_run_is_not_destroyed_either(self):
        path = self.place / "run.h5"
        self.assertEqual(self.with_output(path).returncode, 0)
        path.write_bytes(path.read_bytes()[:-1000])
        before = path.read_bytes()
        end = self.with_output(path)
        self.assertEqual(end.returncode, CONFIG, end.stderr)
        self.assertEqual(path.read_bytes(), before)

    def test_a_requeued_job_goes_on(self):
        path = self.place / "run.h5"
        words = ["--set", f"run.output={path}", "--overwrite"]
        self.assertEqual(self.with_output(path).returncode, 0)
        end = subprocess.run(
            self.command(("run", self.config, *words)), cwd=self.folder, env={**ENVIRONMENT, "SLURM_RESTART_COUNT": "1"},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        self.assertEqual(end.returncode, 0, end.stderr)
        self.assertIn("has finished", end.stdout)


class TwoRunsTest(OutputCase):
    def test_the_second_is_refused_before_it_works(self):
        first, output = self.start()
        for ranks in (None, 2):
            began = time.monotonic()
            self.refused(RECORD, output, f"{output} is being written by another process", ranks=ranks)
            self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(self.with_output(output, command="check").returncode, 0)
        log = self.place / "log.h5"
        self.with_output(log, "run.compute=all")
        end = self.call("replay", log, "--set", f"run.output={output}")
        self.assertEqual(end.returncode, RECORD, end.stderr)
        self.assertIn("is being written by another process", end.stderr)
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(60), 143)
        with h5py.File(output) as run:
            self.assertEqual(run["status"]["status"][0], ABORTED)
        self.refused(CONFIG, output, "has not finished", "--resume", "--overwrite")
        self.assertEqual(self.with_output(output, options=["--overwrite"]).returncode, 0)

    def test_a_killed_run_does_not_hold_its_place(self):
        first, output = self.start()
        first.kill()
        first.wait()
        self.refused(CONFIG, output, "has not finished", "--resume", "--overwrite", ranks=2)
        self.assertEqual(self.with_output(output, options=["--overwrite"]).returncode, 0)
        self.assertEqual(os.listdir(self.place), ["long.h5"])

    def test_a_terminal_that_goes_closes_the_file(self):
        first, output = self.start()
        first.send_signal(signal.SIGHUP)
        self.assertEqual(first.wait(60), 129)
        with h5py.File(output) as run:
            self.assertEqual(run["status"]["status"][0], ABORTED)

    def test_nohup_is_obeyed(self):
        first, _ = self.start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        first.send_signal(signal.SIGHUP)
        time.sleep(1)
        self.assertIsNone(first.poll())
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(60), 143)


class SameAsTest(OutputCase):
    def same_as(self, path, *settings):
        words = [word for setting in settings for word in ("--set", setting)]
        return self.call("check", "--same-as", path, self.config, *words)

    def test_a_run_of_this_configuration_is_told_from_another(self):
        path = self.place / "run.h5"
        self.with_output(path)
        end = self.same_as(path, "run.output=elsewhere.h5", "run.threads=2")
        self.assertEqual((end.returncode, end.stdout, end.stderr), (0, "", ""))
        end = self.same_as(path, "run.seed=99", "link.*.latency=7 ms")
        self.assertEqual(end.returncode, CONFIG)
        self.assertEqual(len(end.stderr.splitlines()), 1, end.stderr)
        for words in (f"{path} is of another configuration: ", "link.thick.latency = ", "run.seed = 1 there, 99 here"):
            self.assertIn(words, end.stderr)

    def test_what_is_no_finished_run_is_none_of_this_configuration(self):
        for path in (self.place / "nothing.h5", self.folder / "train.tsv"):
            self.assertEqual(self.same_as(path).returncode, DATA)


class StartTest(OutputCase):
    def test_ranks_that_do_not_find_each_other_are_told_so(self):
        for environment, words in (
            ({"SLURM_STEP_ID": "0", "SLURM_NTASKS": "3", "SLURM_PROCID": "1"}, "one rank, but Slurm started 3 tasks"),
            ({"PMI_SIZE": "4", "PMI_RANK": "0"}, "one rank, but the mpirun of MPICH or Intel MPI started 4 tasks"),
        ):
            end = subprocess.run(
                [PROGRAM, "run", self.config, "--set", f"run.output={self.place}/run.h5"], cwd=self.folder,
                env={**ENVIRONMENT, **environment}, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            self.assertEqual(end.returncode, MPI, end.stderr)
            self.assertIn(words, end.stderr)
            self.assertEqual(len(end.stderr.splitlines()), 1, end.stderr)
        self.assertEqual(os.listdir(self.place), [])

    def test_mpirun_in_a_job_of_slurm_is_no_such_case(self):
        job = {"SLURM_JOB_ID": "77", "SLURM_NTASKS": "8", "SLURM_NPROCS": "8", "SLURM_PROCID": "0"}
        for ranks in (None, 1, 2):
            (self.place / "run.h5").unlink(missing_ok=True)
            # plm and ras: not to be taken for a real allocation by mpirun itself
            mca = {"OMPI_MCA_plm": "isolated", "OMPI_MCA_ras": "^slurm"}
            end = subprocess.run(
                self.command(("run", self.config, "--set", f"run.output={self.place}/run.h5"), ranks),
                cwd=self.folder, env={**ENVIRONMENT, **job, **mca}, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            self.assertEqual(end.returncode, 0, end.stderr)

    def test_the_catalogue_is_found_beside_the_program(self):
        for table, entry in (("--devices", "jetson_tx2"), ("--links", "wifi_20")):
            end = self.call("check", table)
            self.assertEqual(end.returncode, 0, end.stderr)
            self.assertIn(entry, end.stdout)

    def test_without_a_catalogue_there_is_a_line(self):
        program = self.place / "fedmobillm"
        program.write_bytes(pathlib.Path(PROGRAM).read_bytes())
        program.chmod(0o755)
        end = subprocess.run([program, "check", "--devices"], cwd=self.place, capture_output=True, text=True)
        self.assertEqual((end.returncode, end.stdout), (CONFIG, ""))
        self.assertIn("there is no folder 'configs'", end.stderr)
        end = subprocess.run([program, "check", self.configure(fleet__mix="jetson_tx2:3")], cwd=self.place, capture_output=True, text=True)
        self.assertEqual(end.returncode, CONFIG)
        self.assertIn("no device 'jetson_tx2' in configs/devices: there is no such folder", end.stderr)
        self.assertNotIn("known: ", end.stderr)


if __name__ == "__main__":
    unittest.main()
