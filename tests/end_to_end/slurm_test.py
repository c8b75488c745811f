# SPDX-License-Identifier: Apache-2.0
"""Runs as jobs of a real Slurm with two nodes: states, exit codes, signals, requeues, arrays, experiments."""
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time
import unittest

import h5py

import slurm_cluster
from killing import OFTEN
from tiny_fleet import ENVIRONMENT, PROGRAM, ROOT, Workspace

LONG = ("server.epochs=100000", "record.checkpoint=500 ms", "record.flush=100 ms")  # longer than any test waits
LASTING = ("server.epochs=20000", *LONG[1:])
MEDIUM = ("server.epochs=300", *OFTEN)
TWO_NODES = ("--nodes=2", "--ntasks-per-node=1")
ONE_NODE = ("--nodes=1", "--ntasks-per-node=2")
ONE_TASK = ("--nodes=1", "--ntasks-per-node=1")
LEFT = "terminated; the run file is closed with status aborted; --resume goes on with it"


def sets(*settings):
    return [word for setting in settings for word in ("--set", str(setting))]


class SlurmTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure(server__epochs=10, eval__every=60)
        # run_slurm.sbatch looks for the program where a build puts it, and experiments write beside it
        cls.project = cls.folder / "project"
        shutil.copytree(ROOT / "mpi_launch", cls.project / "mpi_launch")
        program = cls.project / "build/release/src/app/fedmobillm"
        program.parent.mkdir(parents=True)
        program.symlink_to(PROGRAM)
        cls.whole = {}

        holder = tempfile.TemporaryDirectory(prefix="fedmobillm_slurm_")
        cls.addClassCleanup(holder.cleanup)
        cls.cluster = slurm_cluster.Cluster(holder.name)
        cls.cluster.environment = {
            key: value
            for key, value in {**ENVIRONMENT, **cls.cluster.environment}.items()
            if not key.startswith("MOBI_")
        }
        cls.cluster.environment["OMPI_MCA_btl_tcp_if_include"] = "lo"  # what the nodes have in common
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()
        cls.limited = cls.limit_a_job()

    @classmethod
    def limit_a_job(cls):
        """A job that comes to its time limit in a minute or two, in the background: Slurm counts in minutes."""
        job, path = cls.begin("limit.h5", *LONG, options=ONE_TASK, before=("nice", "-n", "19"))
        hours, minutes, seconds = map(int, cls.cluster.job(job)["RunTime"].split(":"))
        limit = (3600 * hours + 60 * minutes + seconds + 45) // 60 + 1  # the signal comes 60 s before
        cls.cluster.good("scontrol", "update", f"JobId={job}", f"TimeLimit={limit}")
        return job, path

    # ---- jobs ----------------------------------------------------------------------------------

    @classmethod
    def submit(cls, *words, options=TWO_NODES, before=()):
        """A job of run_slurm.sbatch; `words` are its arguments, `before` stands before sbatch."""
        words = (*before, "sbatch", "--parsable", *options, "mpi_launch/run_slurm.sbatch", *words)
        return cls.cluster.good(*words, folder=cls.project).stdout.strip()

    def ended(self, job, state, code):
        """Waits for the end; what the job has written."""
        (job_now,) = self.cluster.wait_until_over(job)
        said = self.cluster.output(job)
        self.assertEqual((job_now["JobState"], job_now["ExitCode"]), (state, code), f"{job_now}\n{said}")
        return said

    def uninterrupted(self, *settings):
        """The file of the same run on this machine without Slurm; made once."""
        if settings not in self.whole:
            self.whole[settings] = self.run_fleet(f"whole_{len(self.whole)}.h5", *settings)
        return self.whole[settings]

    @classmethod
    def begin(cls, name, *settings, **options):
        """A job that lasts, once it has left a checkpoint; its number and its file."""
        path = cls.folder / name
        job = cls.submit(cls.config, *sets(*settings, f"run.output={path}"), **options)
        cls.wait_for_checkpoint(job, path)
        return job, path

    @classmethod
    def wait_for_checkpoint(cls, job, path):
        def has_checkpoint():
            state = cls.cluster.job(job)["JobState"]
            if state in slurm_cluster.ENDED:
                raise AssertionError(f"{state} without a checkpoint: {cls.cluster.output(job)}")
            return pathlib.Path(f"{path}.checkpoint").exists()

        slurm_cluster.until(has_checkpoint)

    def assert_closed(self, path, said):
        """A run that a signal has ended in good order."""
        self.assertIn(LEFT, said)
        self.assertNotIn("at once", said)
        self.assertNotIn("died", said)
        self.assertNotIn(74 * "-", said)  # a box of Open MPI's
        with h5py.File(path) as file:
            self.assertEqual(file["status"]["status"][0], 2)

    # ---- one run -------------------------------------------------------------------------------

    def test_a_run_on_two_nodes(self):
        path = self.folder / "finished.h5"
        job = self.submit(self.config, *sets(f"run.output={path}"), options=("--nodes=2", "--ntasks-per-node=2"))
        said = self.ended(job, "COMPLETED", "0:0")
        self.assertEqual(self.cluster.job(job)["NumNodes"], "2")
        self.assertIn(" -np 4 ", said)
        self.assert_same(self.uninterrupted(), path)
        with h5py.File(path) as file:
            self.assertEqual(set(file["host"]["rank"][()]), {0, 1, 2, 3})

    def test_a_wrong_configuration(self):
        said = self.ended(self.submit(self.config, *sets("server.epoch=3")), "FAILED", "2:0")
        self.assertIn("server.epoch", said)
        lines = [line for line in said.splitlines() if not line.startswith("==> ")]
        self.assertEqual(len(lines), 1, said)

    def test_a_time_limit(self):
        job, path = self.limited
        self.assert_closed(path, self.ended(job, "FAILED", "143:0"))

    def test_a_signal_to_the_batch_script(self):
        job, path = self.begin("signal.h5", *LASTING)
        self.cluster.good("scancel", "--batch", "--signal=TERM", job)
        self.assert_closed(path, self.ended(job, "FAILED", "143:0"))

    def test_scancel(self):  # SIGTERM for every process, mpirun too
        job, path = self.begin("cancel.h5", *LASTING, options=ONE_NODE)
        self.cluster.good("scancel", job)
        self.assert_closed(path, self.ended(job, "CANCELLED", "143:0"))

    def test_scancel_on_two_nodes(self):  # mpirun loses its daemon at once, and then rank 0 has one second
        job, path = self.begin("cancel_two.h5", *LASTING)
        self.cluster.good("scancel", job)
        said = self.ended(job, "CANCELLED", "143:0")
        self.assertTrue(pathlib.Path(f"{path}.checkpoint").exists())
        if LEFT in said:  # it was quick enough
            self.assert_closed(path, said)

    def test_a_requeued_job_goes_on(self):
        job, path = self.begin("requeued.h5", *MEDIUM)
        self.cluster.requeue(job)
        said = self.ended(job, "COMPLETED", "0:0")
        self.assertIn("SLURM_RESTART_COUNT = 1: as with --resume", said)
        self.assert_went_on(job, said, path)
        self.assert_same(self.uninterrupted(*MEDIUM), path)

    def assert_went_on(self, job, said, path):
        self.assertEqual(self.cluster.job(job)["Restarts"], "1")
        self.assertEqual(said.count("==> mpirun "), 2, said)  # the second life's output is appended
        self.assertNotIn("starts over", said)
        with h5py.File(path) as file:
            rows = [(row["rank"], row["phase"], row["backbone"]) for row in file["host"]]
        self.assertGreater(len(rows), len(set(rows)), "only one life has left its figures")

    # ---- several runs --------------------------------------------------------------------------

    def test_an_array_over_seeds(self):
        job = self.submit(
            self.config, *sets("run.seed=%a", f"run.output={self.folder}/seed_%a.h5"), options=(*ONE_NODE, "--array=1-3")
        )
        tasks = self.cluster.wait_until_over(job)
        self.assertEqual([(task["JobState"], task["ExitCode"]) for task in tasks], 3 * [("COMPLETED", "0:0")])
        for seed in (1, 2, 3):
            with h5py.File(self.folder / f"seed_{seed}.h5") as file:
                self.assertEqual(file.attrs["seed"], seed)
        self.assert_same(self.uninterrupted("run.seed=2"), self.folder / "seed_2.h5")

    def test_a_chain(self):
        first = self.submit(self.config, *sets(f"run.output={self.folder}/first.h5"), options=ONE_TASK)
        after = (*ONE_TASK, f"--dependency=afterok:{first}")
        second = self.submit(self.config, *sets(f"run.output={self.folder}/second.h5"), options=after)
        wrong = self.submit(self.config, *sets("server.epoch=3"), options=ONE_TASK)
        after = (*ONE_TASK, f"--dependency=afterok:{wrong}", "--kill-on-invalid-dep=yes")
        never = self.submit(self.config, *sets(f"run.output={self.folder}/never.h5"), options=after)
        self.ended(first, "COMPLETED", "0:0")
        self.ended(second, "COMPLETED", "0:0")
        self.assertGreaterEqual(self.cluster.job(second)["StartTime"], self.cluster.job(first)["EndTime"])
        self.ended(wrong, "FAILED", "2:0")
        self.ended(never, "CANCELLED", "0:0")
        self.assertFalse((self.folder / "never.h5").exists())

    # ---- without mpirun ------------------------------------------------------------------------

    def srun(self, mpi, output):
        return self.cluster.call(
            "srun", f"--mpi={mpi}", "--nodes=2", "--ntasks=3", PROGRAM, "run", self.config, *sets(f"run.output={output}")
        )

    def test_srun_with_pmix(self):
        path = self.folder / "srun.h5"
        end = self.srun("pmix", path)
        self.assertEqual(end.returncode, 0, end.stderr)
        self.assert_same(self.uninterrupted(), path)

    def test_srun_without_pmix(self):
        for mpi in ("none", "pmi2"):
            end = self.srun(mpi, self.folder / "alone.h5")
            self.assertEqual(end.returncode, 4 if mpi == "none" else 1, end.stderr)  # 1: Open MPI's own
            lines = [line for line in end.stderr.splitlines() if line.startswith("fedmobillm run: ")]
            self.assertEqual(len(lines), 3 if mpi == "none" else 1, end.stderr)
            for line in lines:
                self.assertRegex(line, r"Slurm started 3 tasks.* use mpirun \(run_slurm.sbatch\) or srun --mpi=pmix$")
            self.assertFalse((self.folder / "alone.h5").exists())

    # ---- experiments ---------------------------------------------------------------------------

    def experiment(self, *words):
        """run_experiment.sh; what it has printed: out, the number of the job."""
        end = self.cluster.good("bash", "mpi_launch/run_experiment.sh", *words, folder=self.project)
        return end.stdout.strip(), end.stderr

    def test_an_experiment(self):
        file = self.folder / "study.cfg"
        file.write_text(self.config.read_text() + "[runs]\n" + "".join(
            f"b{batch}_s{seed} = --set server.batch={batch} --set run.seed={seed}\n" for batch in (8, 16, 32) for seed in (1, 2, 3)
        ))  # fmt: skip
        results = self.project / "results/study"
        job, _ = self.experiment("--only", "b16_s1", "--slurm", *ONE_TASK, file)
        self.all_completed(job, 1)
        self.assertEqual([path.name for path in results.glob("*.h5")], ["b16_s1.h5"])
        self.assert_same(self.uninterrupted(), results / "b16_s1.h5")

        job, said = self.experiment("--slurm", *ONE_TASK, file)
        self.assertIn("8 runs, 1 there before", said)
        self.all_completed(job, 8)
        self.assertEqual(len(list(results.glob("b*_s*.h5"))), 9)
        self.assertEqual(list(results.glob("*.partial.h5")), [])
        self.assert_same(self.uninterrupted("server.batch=8", "run.seed=3"), results / "b8_s3.h5")

        job, said = self.experiment("--slurm", *ONE_TASK, file)
        self.assertIn("nothing to submit, 9 there before", said)
        self.assertEqual(job, "")

    def all_completed(self, job, count):
        tasks = self.cluster.wait_until_over(job)
        said = "\n".join(path.read_text() for path in sorted(self.project.glob(f"results/*/slurm-{job}_*.out")))
        self.assertEqual([(task["JobState"], task["ExitCode"]) for task in tasks], count * [("COMPLETED", "0:0")], said)

    def test_a_requeued_run_of_an_experiment(self):
        file = self.folder / "requeued.cfg"
        arguments = " ".join(f"--set '{setting}'" for setting in MEDIUM)
        file.write_text(f"{self.config.read_text()}[runs]\nwrong = --set data.train=nowhere.tsv\nlasting = {arguments}\n")
        results = self.project / "results/requeued"
        job, _ = self.experiment("--slurm", *ONE_NODE, file)
        lasting = f"{job}_2"
        self.wait_for_checkpoint(lasting, results / "lasting.partial.h5")
        self.cluster.requeue(lasting)
        self.assert_went_on(lasting, self.ended(lasting, "COMPLETED", "0:0"), results / "lasting.h5")
        self.assert_same(self.uninterrupted(*MEDIUM), results / "lasting.h5")

        self.assertIn("nowhere.tsv", self.ended(f"{job}_1", "FAILED", "3:0"))
        job, said = self.experiment("--slurm", *ONE_NODE, file)  # again: what has failed alone
        self.assertIn("1 runs, 1 there before", said)
        self.ended(job, "FAILED", "3:0")


if __name__ == "__main__":
    lacking = slurm_cluster.enter()
    if lacking and "slurm" in os.environ.get("MOBI_REQUIRE", "").split(","):
        sys.exit(f"slurm_test.py: MOBI_REQUIRE={os.environ['MOBI_REQUIRE']}, but {lacking}")
    if lacking:
        print(f"skipped: {lacking}")
        sys.exit(77)
    unittest.main(verbosity=2)
