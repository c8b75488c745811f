# SPDX-License-Identifier: Apache-2.0
"""How mpi_launch starts a run and tells its end, with a small shell script in the program's place."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Writes the file of --set run.output=, then does what $ACT says.  `check --same-as` ends with $SAME.
PROGRAM = r"""#!/usr/bin/env bash
rank=${OMPI_COMM_WORLD_RANK:-}
if [ "$1 $2" = "check --same-as" ]; then
    printf '%s\n' "$@" >>"$SCRATCH/compared"
    exit "${SAME:-0}"
fi
if [ "$1" = check ]; then
    printf 'one\t--set a.b="4 GiB" --set c=d\ntwo\t\n'
    exit
fi
if [ "$rank" = 0 ]; then
    printf '%s\n' "$@" >"$SCRATCH/arguments"
    for word in "$@"; do case $word in run.output=*) : >"${word#run.output=}" ;; esac; done
fi
case ${ACT:-end} in
    complain) [ "$rank" != 0 ] || echo "fedmobillm run: unknown key" >&2; exit 2 ;;
    silent)
        sleep "$rank"; echo "fedmobillm run: rank 1: rank 0 on n has been silent for 9 s (run.patience)" >&2
        exec sleep 20 ;;
    die) [ "$rank" != 1 ] || kill -KILL $$; sleep 20 ;;
    crash) [ "$rank" != 0 ] || kill -SEGV $$; sleep 20 ;;
    work)
        [ "$rank" != 0 ] || trap 'sleep 1.5; : >"$SCRATCH/closed"; exit 143' TERM INT
        : >"$SCRATCH/started.$rank"
        for _ in $(seq 200); do sleep 0.1; done ;;
esac
"""

HANGING_MPIRUN = f"""#!{sys.executable}
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: None)
signal.signal(signal.SIGINT, signal.SIG_DFL)  # as ranks find it, though this was started in the background
command = sys.argv[sys.argv.index("-np") + 2 :]
ranks = [subprocess.Popen(command, env={{**os.environ, "OMPI_COMM_WORLD_RANK": str(rank)}}) for rank in (0, 1)]
pathlib.Path(os.environ["SCRATCH"], f"mpirun.{{os.getpid()}}").touch()
while True:
    for rank in ranks:
        rank.poll()
    time.sleep(0.1)
"""


class Launch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.scratch = pathlib.Path(folder.name)
        self.root = self.scratch / "project"
        shutil.copytree(ROOT / "mpi_launch", self.root / "mpi_launch")
        self.program = self.root / "build/release/src/app/fedmobillm"
        self.program.parent.mkdir(parents=True)
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)
        self.config = self.scratch / "study.cfg"
        self.config.write_text("")

    def start(self, script, *arguments, **environment):
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("MOBI_", "OMPI_"))}
        return subprocess.Popen(
            ["bash", str(self.root / "mpi_launch" / script), *map(str, arguments)],
            env={**clean, "SCRATCH": str(self.scratch), **environment},
            cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip

    def run_to_end(self, script, *arguments, **environment):
        process = self.start(script, *arguments, **environment)
        process.out, process.err = process.communicate(timeout=200)
        process.lines = [line for line in process.err.splitlines() if not line.startswith("==> ")]
        return process


class RunLocalTest(Launch):
    def test_passes_arguments_on_and_prints_the_mpirun_line(self):
        end = self.run_to_end("run_local.sh", "-n", 2, "--", "study.cfg", "--set", "link.*.uplink=5 Mbit/s")
        self.assertEqual(end.returncode, 0, end.err)
        self.assertEqual(
            (self.scratch / "arguments").read_text().splitlines(),
            ["run", str(self.config), "--set", "link.*.uplink=5 Mbit/s"],
        )
        self.assertRegex(end.err, r"==> mpirun .*-np 2 \S+/fedmobillm run \S+study.cfg --set link.\\\*.uplink=5\\ Mbit/s </dev/null\n")

    def test_ranks_are_cores_whatever_openmp_is_told(self):
        for environment in ({"OMP_NUM_THREADS": "16"}, {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}):
            with self.subTest(**environment):
                end = self.run_to_end("run_local.sh", "--", "study.cfg", **environment)
                self.assertIn(f" -np {len(os.sched_getaffinity(0)) + 1} ", end.err)

    def test_every_configuration_is_looked_for_where_the_user_is(self):
        (self.scratch / "extra.cfg").write_text("")
        (self.scratch / "a.b=c").write_text("")  # the value of --set is no file
        (self.root / "configs").mkdir()
        (self.root / "configs/own.cfg").write_text("")
        self.run_to_end("run_local.sh", "-n", 1, "--", "study.cfg", "configs/own.cfg", "extra.cfg", "--set", "a.b=c")
        self.assertEqual(
            (self.scratch / "arguments").read_text().splitlines(),
            ["run", str(self.config), "configs/own.cfg", str(self.scratch / "extra.cfg"), "--set", "a.b=c"],
        )

    def test_a_folder_for_temporary_files_that_is_not_there(self):
        end = self.run_to_end("run_local.sh", "-n", 1, "--", "study.cfg", TMPDIR="/nonexistent")
        self.assertEqual(end.returncode, 2)
        self.assertEqual(len(end.lines), 1, end.err)
        self.assertIn("TMPDIR=/nonexistent", end.lines[0])

    def test_a_failure_of_mpirun_itself_is_code_4(self):
        mpirun = self.scratch / "bin/mpirun"
        mpirun.parent.mkdir()
        for code in (1, 213, 255):
            mpirun.write_text(f"#!/bin/sh\necho no such host >&2\nexit {code}\n")
            mpirun.chmod(0o755)
            path = f"{mpirun.parent}:{os.environ['PATH']}"
            end = self.run_to_end("run_local.sh", "-n", 1, "--", "study.cfg", PATH=path)
            self.assertEqual(end.returncode, 4)
            self.assertEqual(end.lines[0], "no such host")
            self.assertIn(f"mpirun could not run the ranks (its code {code})", end.lines[1])

    def test_after_an_answer_to_a_signal_nothing_else_is_said(self):
        mpirun = self.scratch / "bin/mpirun"
        mpirun.parent.mkdir()
        answer = "fedmobillm run: rank 0: terminated; the run file is closed with status aborted"
        for code in (1, 137, 143):
            mpirun.write_text(f"#!/bin/sh\necho '{answer}' >&2\nexit {code}\n")
            mpirun.chmod(0o755)
            path = f"{mpirun.parent}:{os.environ['PATH']}"
            end = self.run_to_end("run_local.sh", "-n", 1, "--", "study.cfg", PATH=path)
            self.assertEqual((end.returncode, end.lines), (143, [answer]))

    def test_the_programs_own_message_stands_alone(self):
        end = self.run_to_end("run_local.sh", "-n", 2, "--", "study.cfg", ACT="complain")
        self.assertEqual(end.returncode, 2)
        self.assertEqual(end.lines, ["fedmobillm run: unknown key"])

    def test_a_worker_that_is_killed_is_one_line_and_code_4(self):
        end = self.run_to_end("run_local.sh", "-n", 2, "--", "study.cfg", ACT="die")
        self.assertEqual(end.returncode, 4, end.err)
        self.assertEqual(len(end.lines), 1, end.err)
        # mpirun does not always get to say which rank it was
        who = r"(rank 1 on \S+ died on signal 9 \(Killed\)|a rank died on signal 9 \(SIGKILL\))"
        self.assertRegex(end.lines[0], rf"run_local.sh: {who} .* incomplete")

    def test_a_server_that_crashes_is_code_4(self):
        end = self.run_to_end("run_local.sh", "-n", 2, "--", "study.cfg", ACT="crash")
        self.assertEqual(end.returncode, 4, end.err)
        self.assertRegex(end.lines[-1], r"(rank 0 on \S+|a rank) died on signal 11")

    def start_to_work(self):
        process = self.start("run_local.sh", "-n", 2, "--", "study.cfg", ACT="work")
        deadline = time.monotonic() + 100
        while not all((self.scratch / f"started.{rank}").exists() for rank in (0, 1)):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        return process

    def test_a_second_ctrl_c_does_not_wait(self):
        process = self.start_to_work()
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.4)
        lines = [line for line in process.communicate(timeout=100)[1].splitlines() if not line.startswith("==> ")]
        self.assertEqual(process.returncode, 130)
        self.assertLessEqual(len(lines), 1, lines)  # none: rank 0 was quicker
        for line in lines:
            self.assertRegex(line, "^run_local.sh: ended by SIGINT at once: the run file keeps every flushed row, and its status")

    def stop(self, number):
        process = self.start_to_work()
        os.killpg(process.pid, number)  # as a terminal does: to the whole group
        process.communicate(timeout=100)
        self.assertTrue((self.scratch / "closed").exists(), "rank 0 had no time to close its file")
        return process.returncode

    def test_sigterm_gives_rank_0_time_to_close_the_file(self):
        self.assertEqual(self.stop(signal.SIGTERM), 143)

    def test_ctrl_c_gives_rank_0_time_to_close_the_file(self):
        self.assertEqual(self.stop(signal.SIGINT), 130)

    def hang(self, act):
        """With an mpirun that has lost a host: it does not end, whoever of its ranks does, nor at a signal."""
        common = self.root / "mpi_launch/common.sh"
        common.write_text(common.read_text().replace("MOBI_GRACE=20\n", "MOBI_GRACE=1\n"))
        self.assertIn("MOBI_GRACE=1\n", common.read_text())
        mpirun = self.scratch / "bin/mpirun"
        mpirun.parent.mkdir()
        mpirun.write_text(HANGING_MPIRUN)
        mpirun.chmod(0o755)
        return {"ACT": act, "PATH": f"{mpirun.parent}:{os.environ['PATH']}"}

    def assert_mpirun_was_ended(self):
        (mpirun,) = self.scratch.glob("mpirun.*")
        self.assertFalse(pathlib.Path("/proc", mpirun.suffix[1:]).exists())

    def test_an_mpirun_that_hangs_is_ended_and_the_programs_line_stands_alone(self):
        end = self.run_to_end("run_local.sh", "-n", 2, "--", "study.cfg", **self.hang("silent"))
        self.assertEqual(end.returncode, 4, end.err)
        self.assertEqual(end.lines, ["fedmobillm run: rank 1: rank 0 on n has been silent for 9 s (run.patience)"])
        self.assert_mpirun_was_ended()

    def test_an_mpirun_that_hangs_after_ctrl_c_is_ended(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number=number):
                self.setUp()
                process = self.start("run_local.sh", "-n", 2, "--", "study.cfg", **self.hang("work"))
                while not all((self.scratch / f"started.{rank}").exists() for rank in (0, 1)):
                    time.sleep(0.05)
                os.killpg(process.pid, number)
                _, text = process.communicate(timeout=100)
                self.assertEqual(process.returncode, code, text)
                self.assertTrue((self.scratch / "closed").exists(), "rank 0 had no time to close its file")
                self.assertNotIn("run_local.sh: ", text)
                self.assert_mpirun_was_ended()

    def test_open_mpis_words_about_a_failed_start_pass(self):
        end = self.run_to_end("run_local.sh", "-n", 2, "--", "study.cfg", MOBI_MPIRUN="--no-such-option")
        self.assertNotEqual(end.returncode, 0)
        self.assertIn("no-such-option", "\n".join(end.lines))

    def test_wrong_use_is_said_before_mpirun_starts(self):
        for arguments, words in (
            (("-n", "0", "--", "study.cfg"), "1 or more, not '0'"),
            (("-n",), "-n needs a value"),
            (("--hostfile", "nowhere", "--", "study.cfg"), "hostfile.example"),
            ((), "no configuration"),
        ):
            with self.subTest(arguments=arguments):
                end = self.run_to_end("run_local.sh", *arguments)
                self.assertEqual(end.returncode, 2)
                self.assertEqual(len(end.lines), 1, end.err)
                self.assertIn(words, end.lines[0])

    def test_a_missing_program_says_how_to_build_it(self):
        self.program.unlink()
        end = self.run_to_end("run_local.sh", "--", "study.cfg")
        self.assertEqual(end.returncode, 1)
        self.assertRegex(end.lines[0], "is not built: run mpi_launch/quickstart.sh")


class RunExperimentTest(Launch):
    def names(self):
        return sorted(path.name for path in (self.root / "results/study").iterdir())

    def test_makes_each_run_once(self):
        end = self.run_to_end("run_experiment.sh", "-n", 2, "study.cfg")
        self.assertEqual(end.returncode, 0, end.err)
        self.assertEqual(self.names(), ["one.h5", "two.h5"])
        self.assertIn("0 made, 2 there before, 0 failed", self.run_to_end("run_experiment.sh", "study.cfg").err)

    def test_a_run_of_another_configuration_is_not_taken_for_done(self):
        self.run_to_end("run_experiment.sh", "-n", 1, "study.cfg")
        end = self.run_to_end("run_experiment.sh", "-n", 1, "study.cfg", SAME="2")
        self.assertEqual(end.returncode, 2, end.err)
        self.assertIn("0 made, 0 there before, 2 failed", end.err)
        self.assertRegex(end.lines[0], "run 'one' is not the one that is asked for: move results/study/one.h5 away")
        self.assertEqual(self.names(), ["one.h5", "two.h5"])
        self.assertEqual(
            (self.scratch / "compared").read_text().splitlines()[:8],
            ["check", "--same-as", "results/study/one.h5", str(self.config), "--set", "a.b=4 GiB", "--set", "c=d"],
        )

    def test_one_experiment_at_a_time_in_a_folder(self):
        first = self.start("run_experiment.sh", "-n", 1, "study.cfg", ACT="work")
        deadline = time.monotonic() + 100
        while not (self.scratch / "started.0").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        end = self.run_to_end("run_experiment.sh", "-n", 1, "study.cfg")
        self.assertEqual(end.returncode, 5, end.err)
        self.assertIn("results/study is in use by another run_experiment.sh or by its job", end.lines[0])
        self.assertEqual(self.names(), ["one.partial.h5"])
        os.killpg(first.pid, signal.SIGTERM)
        self.assertIn("interrupted in 'one'", first.communicate(timeout=100)[1])
        self.assertEqual(self.run_to_end("run_experiment.sh", "-n", 1, "study.cfg").returncode, 0)

    def test_quoted_arguments_stay_whole(self):
        self.run_to_end("run_experiment.sh", "-n", 1, "--only", "one", "study.cfg")
        self.assertEqual(self.names(), ["one.h5"])
        self.assertEqual(
            (self.scratch / "arguments").read_text().splitlines()[2:],
            ["--resume", "--set", "a.b=4 GiB", "--set", "c=d", "--set", "run.output=results/study/one.partial.h5"],
        )

    def test_a_failed_run_is_not_taken_for_finished(self):
        end = self.run_to_end("run_experiment.sh", "-n", 2, "study.cfg", ACT="complain")
        self.assertEqual(end.returncode, 2)
        self.assertEqual(self.names(), ["one.partial.h5", "two.partial.h5"])
        self.assertIn("0 made, 0 there before, 2 failed", end.err)

    def test_an_unknown_name_lists_those_that_are_there(self):
        end = self.run_to_end("run_experiment.sh", "--only", "three", "study.cfg")
        self.assertEqual(end.returncode, 2)
        self.assertIn("it has: one two", end.lines[0])


class SubmitExperimentTest(Launch):
    """run_experiment.sh --slurm, with a script in sbatch's place; end_to_end/slurm_test.py has the real one."""

    def setUp(self):
        super().setUp()
        sbatch = self.scratch / "bin/sbatch"
        sbatch.parent.mkdir()
        sbatch.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$SCRATCH/submitted"\necho "${JOB:-42}"\nexit "${FAIL:-0}"\n')
        sbatch.chmod(0o755)
        self.path = f"{sbatch.parent}:{os.environ['PATH']}"

    def submit(self, *words, **environment):
        (self.scratch / "submitted").unlink(missing_ok=True)
        end = self.run_to_end("run_experiment.sh", *words, PATH=self.path, **environment)
        end.submitted = (self.scratch / "submitted").read_text().splitlines() if (self.scratch / "submitted").exists() else None
        return end

    def finish(self, *names):
        (self.root / "results/study").mkdir(parents=True, exist_ok=True)
        for name in names:
            (self.root / f"results/study/{name}.h5").write_text("")

    def test_one_task_for_each_run(self):
        end = self.submit("--slurm", "--time=5", "-N", "2", "study.cfg", JOB="42;cluster")
        self.assertEqual((end.returncode, end.out), (0, "42\n"), end.err)
        at = end.submitted.index("--time=5")
        self.assertEqual(
            end.submitted[at:],
            ["--time=5", "-N", "2", "--array=1-2", str(self.root / "mpi_launch/run_slurm.sbatch"), "--experiment", str(self.config), "one", "two"],
        )
        self.assertIn("squeue --job=42", end.err)

    def test_what_is_there_is_left_out(self):
        self.finish("one")
        end = self.submit("--slurm", "study.cfg")
        self.assertEqual(end.submitted[-3:], ["--experiment", str(self.config), "two"])
        self.assertIn("--array=1-1", end.submitted)
        self.assertIn("1 runs, 1 there before", end.err)
        self.finish("two")
        end = self.submit("--slurm", "study.cfg")
        self.assertEqual((end.returncode, end.out, end.submitted), (0, "", None))

    def test_a_run_of_another_configuration_is_named(self):
        self.finish("one")
        end = self.submit("--slurm", "study.cfg", SAME="2")
        self.assertEqual((end.returncode, end.out), (2, "42\n"))
        self.assertRegex(end.lines[0], "run 'one' is not the one that is asked for")
        self.assertEqual(end.submitted[-1], "two")

    def test_only_some(self):
        for words in (("--only", "two", "--slurm", "study.cfg"), ("--slurm", "--only", "two", "study.cfg"), ("study.cfg", "--slurm", "--only", "two")):
            end = self.submit(*words)
            self.assertEqual(end.submitted[-2:], [str(self.config), "two"], end.err)

    def test_how_many_at_a_time(self):
        self.assertIn("--array=1-2%1", self.submit("--slurm", "--array=%1", "study.cfg").submitted)

    def test_wrong_use(self):
        for words, said in (
            (("-n", "4", "--slurm", "study.cfg"), "--ntasks-per-node=4"),
            (("--slurm", "study.cfg", "--time=5"), "FILE comes last"),
            (("--slurm",), "which experiment"),
            (("--slurm", "--array=1-3", "study.cfg"), "--array=%4"),
            (("--slurm", "--only", "three", "study.cfg"), "it has: one two"),
        ):
            end = self.submit(*words)
            self.assertEqual((end.returncode, end.submitted, len(end.lines)), (2, None, 1), end.err)
            self.assertIn(said, end.lines[0])

    def test_without_slurm_or_its_consent(self):
        end = self.submit("--slurm", "study.cfg", FAIL="1")
        self.assertEqual(end.returncode, 1)
        self.assertIn("sbatch did not take the job", end.lines[-1])
        if shutil.which("sbatch") is None:
            end = self.run_to_end("run_experiment.sh", "--slurm", "study.cfg")
            self.assertEqual(end.returncode, 1)
            self.assertIn("sbatch is missing", end.lines[0])


class RunSlurmTest(Launch):
    def job(self, *words, **environment):
        return self.run_to_end("run_slurm.sbatch", *words, SLURM_SUBMIT_DIR=str(self.root), **{"SLURM_NTASKS": "2", **environment})

    def arguments(self):
        return (self.scratch / "arguments").read_text().splitlines()

    def test_runs_one_rank_a_task(self):
        end = self.job(self.config)
        self.assertEqual(end.returncode, 0, end.err)
        self.assertIn("-np 2 ", end.err)

    def test_says_so_when_it_is_not_a_job(self):
        end = self.run_to_end("run_slurm.sbatch", self.config)
        self.assertEqual(end.returncode, 2)
        self.assertIn("this is a Slurm job: sbatch", end.err)

    def test_the_number_of_the_task_in_an_array(self):
        self.job(self.config, "--set", "run.seed=%a", "--set", "run.output=s%a.h5", SLURM_ARRAY_TASK_ID="7")
        self.assertEqual(self.arguments()[2:], ["--set", "run.seed=7", "--set", "run.output=s7.h5"])
        self.job(self.config, "--set", "a.b=%a")  # in no array nothing is replaced
        self.assertEqual(self.arguments()[2:], ["--set", "a.b=%a"])

    def test_a_task_is_one_run_of_an_experiment(self):
        results = self.root / "results/study"
        results.mkdir(parents=True)
        end = self.job("--experiment", self.config, "two", "one", SLURM_ARRAY_TASK_ID="2")
        self.assertEqual(end.returncode, 0, end.err)
        self.assertEqual([path.name for path in results.iterdir()], ["one.h5"])
        self.assertEqual(
            self.arguments()[2:],
            ["--resume", "--set", "a.b=4 GiB", "--set", "c=d", "--set", "run.output=results/study/one.partial.h5"],
        )
        for task, said in (("3", "task '3' of a job with 2 runs"), ("", "task '' of a job")):
            end = self.job("--experiment", self.config, "two", "one", SLURM_ARRAY_TASK_ID=task)
            self.assertEqual(end.returncode, 2)
            self.assertIn(said, end.lines[0])
        end = self.job("--experiment", self.config, "three", SLURM_ARRAY_TASK_ID="1")
        self.assertEqual(end.returncode, 2)
        self.assertIn("has no run 'three' any more", end.lines[0])


class MpirunFilterTest(unittest.TestCase):
    RULE = b"-" * 74 + b"\n"

    def filter(self, *chunks):
        with tempfile.NamedTemporaryFile() as report:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "mpi_launch/mpirun_filter.py"), report.name, os.devnull],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            for chunk in chunks:
                process.stdin.write(chunk)
                process.stdin.flush()
                time.sleep(0.02)
            return process.communicate()[0], report.read()

    def test_other_boxes_and_lines_pass_unchanged(self):
        text = b"first\n" + self.RULE + b"no such host\n" + self.RULE + b"\rprogress 1\rprogress 2\n---\nlast"
        self.assertEqual(self.filter(text), (text, b""))
        self.assertEqual(self.filter(*(text[at : at + 7] for at in range(0, len(text), 7))), (text, b""))

    def test_the_box_about_a_death_becomes_the_report(self):
        box = self.RULE + b"mpirun noticed that process rank 3 with PID 0 on node n1 exited on signal 9 (Killed).\n" + self.RULE
        self.assertEqual(self.filter(b"a\n" + box + b"b\n"), (b"a\nb\n", b"rank 3 on n1 died on signal 9 (Killed)"))

    def test_the_words_of_open_mpi_5_are_known_too(self):
        boxes = (
            b'prterun has exited due to process rank 0 with PID 0 on node vm calling\n"abort". This may have caused'
            b" other processes in the application to be\nterminated by signals sent by prterun (as reported here).\n",
            b"prterun detected that one or more processes exited with non-zero status,\nthus causing the job to be"
            b" terminated. The first process to do so was:\n\n   Process name: [prterun-vm-1@1,0]\n   Exit code:    2\n",
            b"prterun noticed that process rank 2 with PID 77 on node vm exited on\nsignal 9 (Killed).\n",
        )
        text = b"[vm:03952] SET OMP_NUM_THREADS=1\n[vm:03952] SET OPENBLAS_NUM_THREADS=1\nours\n"
        text += b"".join(self.RULE + box + self.RULE for box in boxes)
        self.assertEqual(self.filter(text), (b"ours\n", b"rank 2 on vm died on signal 9 (Killed)"))
        improper = self.RULE + b"prterun has exited due to process rank 0 with PID 0 on node vm exiting improperly.\n" + self.RULE
        self.assertEqual(self.filter(improper), (improper, b""))

    def test_of_ranks_that_miss_another_one_is_heard(self):
        silence = b"fedmobillm run: rank %d: rank 3 on node3 has been silent for 61 s (run.patience)\n"
        other = b"fedmobillm run: rank 2: no such file\n"
        text = b"\r 5 %% done" + silence % 0 + silence % 1 + other + silence % 2
        self.assertEqual(self.filter(text)[0], b"\r 5 %% done" + silence % 0 + other)
        self.assertEqual(self.filter(silence % 0, b"\r 6 %% done", silence % 1)[0], silence % 0 + b"\r 6 %% done\n")

    def test_lost_connections_are_told_unless_a_rank_has_given_up(self):
        box = self.RULE + b"WARNING: Open MPI failed to TCP connect to a peer MPI process.\n" + self.RULE
        line = b"fedmobillm run: rank 0: what it was\n"
        self.assertEqual(self.filter(box + line + box)[0], box + line)

    def test_an_answer_to_a_signal_stands_for_all_deaths(self):
        answer = b"[9/99] progress\rfedmobillm run: rank 0: terminated; the run file is closed\n"
        box = self.RULE + b"mpirun noticed that process rank 1 with PID 0 on node n1 exited on signal 9 (Killed).\n" + self.RULE
        for text in (answer + box, box + answer):
            out, report = self.filter(*(text[at : at + 9] for at in range(0, len(text), 9)))
            self.assertEqual((out, report), (answer, b"rank 1 on n1 died on signal 9 (Killed)\nanswered"))
        why = b"fedmobillm run: rank 2: rank 0 on n1 has been silent for 3 s\n"
        for at in (5, 9, 17, 200):
            text = why + answer
            self.assertEqual(self.filter(*(text[first : first + at] for first in range(0, len(text), at))), (text, b""))
        lost = b"[n1:7] oob:tcp: send_msg: write failed: Broken pipe (32) [sd = 22]\n" + self.RULE + b"lost a daemon\n" + self.RULE
        self.assertEqual(self.filter(answer, lost), (answer, b"\nanswered"))
        self.assertEqual(self.filter(lost), (lost, b""))

    def test_an_unfinished_box_is_not_lost(self):
        text = self.RULE + b"MPI_ABORT was invoked on rank 0\n"
        self.assertEqual(self.filter(text)[0], text)

    def test_a_crash_of_mpirun_itself_is_left_out(self):
        def trace(program):
            return (
                b"[vm:1] *** Process received signal ***\n[vm:1] Signal: Segmentation fault (11)\n"
                b"[vm:1] [ 1] " + program + b"(+0x11)[0x5]\n[vm:1] *** End of error message ***\n"
            )

        text = b"a\n" + trace(b"/usr/bin/mpirun") + b"b\n" + trace(b"/x/fedmobillm") + b"c\n"
        self.assertEqual(self.filter(text), (b"a\nb\n" + trace(b"/x/fedmobillm") + b"c\n", b""))
        behind = b"\r[3/9] progress" + trace(b"mpirun") + b"ours\n"
        for size in (1, 7, 1000):
            pieces = (behind[at : at + size] for at in range(0, len(behind), size))
            self.assertEqual(self.filter(*pieces), (b"\r[3/9] progressours\n", b""))
        half = trace(b"mpirun")[:60]
        self.assertEqual(self.filter(half), (half, b""))  # nothing is held back at the end


if __name__ == "__main__":
    unittest.main()
