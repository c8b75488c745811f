# SPDX-License-Identifier: Apache-2.0
"""A Slurm cluster on this machine: Debian's slurm-wlm and munge, with a configuration of its own in a
temporary folder, so that neither /etc nor a cluster that the machine belongs to is touched.

Each node is a slurmd with a name, port and spool folder of its own, in a UTS namespace in which the
machine has the node's name: Open MPI knows hosts by their names, and with one name for all nodes
neither mpirun's start on the other nodes nor its shared memory would be those of a cluster. The nodes
share files, processes and the loopback interface, over which all ranks of different nodes talk.

A program calls enter() first: it goes on in a PID namespace, with which every daemon and every process
of a job ends, however the program itself ends.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

PROGRAMS = ("munged", "mungekey", "slurmctld", "slurmd", "sbatch", "scontrol", "scancel", "sinfo", "srun", "unshare")
SYSTEM = "/usr/sbin:/sbin"  # where the daemons are; not on every user's path
PATIENCE = 300  # s; every wait ends as soon as what it waits for is there
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "DEADLINE")
INSIDE = "MOBI_IN_NAMESPACES"


def missing():
    """What this machine lacks for a cluster, in words; empty: nothing."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM}") is None]
    if absent:
        return f"no {', '.join(absent)}: apt-get install slurm-wlm munge"
    if os.geteuid() != 0:
        return "needs root, for daemons that start jobs and for namespaces"
    probe = subprocess.run(
        ["unshare", "--fork", "--pid", "--mount-proc", "--uts", "hostname", "probe"], capture_output=True, text=True
    )
    if probe.returncode != 0:
        return f"this machine makes no namespaces (unshare): {probe.stderr.strip()}"
    return ""


def enter():
    """Goes on in new PID and mount namespaces.

    \return there: an empty text. Where there can be no cluster: what the machine lacks.
    """
    if os.environ.pop(INSIDE, None):
        return ""
    lacking = missing()
    if not lacking:
        os.environ[INSIDE] = "yes"
        sys.stdout.flush()
        os.execvp("unshare", ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", sys.executable, *sys.argv])
    return lacking


def until(what, seconds=PATIENCE, every=0.25):
    """The first true value of what(); raises when there was none for so long."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {getattr(what, '__name__', what)}")
        time.sleep(every)
    return value


class Cluster:
    """
    :param folder:   an empty one, with a short path: sockets lie in it.
    :param nodes:    how many.
    :param cores:    of each, whatever the machine has: jobs of tests mostly wait.
    """

    def __init__(self, folder, nodes=2, cores=4):
        self.folder = pathlib.Path(folder)
        self.nodes = [f"node{number}" for number in range(1, nodes + 1)]
        self.daemons = []
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "SBATCH_"))},
            "PATH": f"{os.environ['PATH']}:{SYSTEM}",
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "TMPDIR": str(self.folder / "tmp"),  # Open MPI leaves folders behind
        }  # fmt: skip
        ports = self._free_ports(nodes + 1)
        host = socket.gethostname().partition(".")[0]
        (self.folder / "slurm.conf").write_text(f"""
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={self.folder}/munge.socket
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool.%n
TmpFS={self.folder}/tmp.%n
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.%n.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
MpiDefault=none
JobCompType=jobcomp/filetxt
JobCompLoc={self.folder}/completed.txt
MailProg=/bin/true
PropagatePrioProcess=1
ReturnToService=2
SlurmdParameters=config_overrides
""" + "".join(
            f"NodeName={name} NodeHostname={name} NodeAddr=127.0.0.1 Port={port} CPUs={cores} RealMemory=100000\n"
            for name, port in zip(self.nodes, ports[1:])
        ) + f"PartitionName=all Nodes={','.join(self.nodes)} Default=YES MaxTime=INFINITE State=UP\n")  # fmt: skip

    @staticmethod
    def _free_ports(count):
        held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        ports = [one.getsockname()[1] for one in held]
        for one in held:
            one.close()
        return ports

    # ---- daemons -------------------------------------------------------------------------------

    def start(self):
        for name in ("state", "tmp", *(f"{kind}.{node}" for node in self.nodes for kind in ("spool", "tmp"))):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        self.good("mungekey", "--create", "--keyfile", key)
        self._start(
            "munged", "--foreground", "--socket", self.folder / "munge.socket", "--key-file", key,
            "--pid-file", self.folder / "munged.pid", "--seed-file", self.folder / "munged.seed",
            "--log-file", self.folder / "munged.log", "--num-threads", 2, "--force",
        )  # fmt: skip
        until((self.folder / "munge.socket").exists)
        self._start("slurmctld", "-D", "-i")
        for node in self.nodes:
            self._start("unshare", "--uts", "sh", "-c", 'hostname "$1" && exec slurmd -D -N "$1"', "sh", node)
        try:
            until(self._all_idle)
        except TimeoutError as error:
            raise RuntimeError(f"no cluster: {error}\n{self.log()}") from error

    def _start(self, *words):
        with open(self.folder / "daemons.txt", "ab") as output:
            self.daemons.append(
                subprocess.Popen(
                    [str(word) for word in words], env=self.environment, stdin=subprocess.DEVNULL,
                    stdout=output, stderr=output, start_new_session=True,
                )  # fmt: skip
            )

    def _all_idle(self):
        for daemon in self.daemons:
            if daemon.poll() is not None:
                raise RuntimeError(f"{daemon.args[0]} ended with code {daemon.returncode}\n{self.log()}")
        states = self.call("sinfo", "--noheader", "--Node", "--format=%T").stdout.split()
        return states == ["idle"] * len(self.nodes)

    def stop(self):
        """Ends all jobs, then the daemons."""
        if not self.daemons:
            return
        try:
            self.call("scancel", "--signal=KILL", "--full", "--user=root", seconds=10)
        except subprocess.TimeoutExpired:
            pass  # no controller any more; the namespace ends them
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons = []

    def log(self):
        """The end of what each daemon has logged."""
        files = sorted([*self.folder.glob("*.log"), self.folder / "daemons.txt"])
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in files if path.exists())

    # ---- commands ------------------------------------------------------------------------------

    def call(self, *words, environment=None, seconds=PATIENCE, folder=None):
        return subprocess.run(
            [str(word) for word in words], env={**self.environment, **(environment or {})}, cwd=folder or self.folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
        )  # fmt: skip

    def good(self, *words, **options):
        end = self.call(*words, **options)
        if end.returncode != 0:
            raise RuntimeError(f"{words}: exit code {end.returncode}\n{end.stdout}\n{end.stderr}")
        return end

    def submit(self, *words, **options):
        """sbatch; the number of the job."""
        return self.good("sbatch", "--parsable", *words, **options).stdout.strip()

    def jobs(self, job):
        """What Slurm knows about a job, or about each task of an array: [{field: value}]."""
        lines = self.good("scontrol", "--oneliner", "show", "job", job).stdout.splitlines()
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines if line]

    def job(self, job):
        return self.jobs(job)[0]

    def wait_for(self, job, state):
        """Until the job is in that state; its fields."""

        def reached():
            found = self.job(job)
            if found["JobState"] != state and found["JobState"] in ENDED:
                raise AssertionError(f"job {job} is {found['JobState']}, not {state}: {found}\n{self.output(job)}")
            return found["JobState"] == state and found

        return until(reached)

    def wait_until_over(self, job, seconds=PATIENCE):
        """Until the job, or each task of an array, has ended; [{field: value}] of all."""

        def over():
            found = self.jobs(job)
            return all(one["JobState"] in ENDED for one in found) and found

        return until(over, seconds)

    def requeue(self, job):
        """Ends a running job and has it start again at once; Slurm by itself waits for two minutes.

        That wait is there so that the first life's end is reported before the second begins: a report
        that comes later ends the second life. So this waits for the process that reports it.
        """
        number = self.job(job)["JobId"]
        self.good("scontrol", "requeue", job)
        until(lambda: self.job(job)["JobState"] == "PENDING")
        until(lambda: not self._has_process(f"slurmstepd: [{number}.batch]"))
        self.good("scontrol", "update", f"JobId={job}", "StartTime=now")

    @staticmethod
    def _has_process(title):
        for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if title.encode() in file.read_bytes():
                    return True
            except OSError:
                pass  # it has just ended
        return False

    def output(self, job):
        """What a job that has its own file of output has written."""
        path = pathlib.Path(self.job(job)["StdOut"])
        return path.read_text(errors="replace") if path.exists() else ""
