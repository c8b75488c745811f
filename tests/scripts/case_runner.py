# SPDX-License-Identifier: Apache-2.0
"""Runs a command as an impatient user with little memory would: what run_cases.py stands on."""
import dataclasses
import os
import pathlib
import resource
import signal
import subprocess
import time

SECONDS = 60  # for one command; the cases that hang would for ever
MEMORY = 6 << 30  # bytes of address space


class NotHere(Exception):
    """Something that a case needs is not on this machine: the reason."""


@dataclasses.dataclass
class Judged:
    """A row of the table; `good` None: nobody can say."""

    case: str
    command: str
    code: object
    right: str
    good: object
    text: str


@dataclasses.dataclass
class End:
    """How a command ended; `code` is "timeout" when it had to be killed."""

    code: object
    text: str
    seconds: float

    @property
    def lines(self):
        """Without the lines of a log and of a launch script."""
        return [line for line in self.text.splitlines() if line and not line.startswith(("[", "==> ", "# "))]


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Runner:
    """The copy of a case, and what runs there."""

    def __init__(self, program, root, folder, fast):
        self.path = pathlib.Path(program)
        self.root = root
        self.folder = folder
        self.fast = fast
        self.common = folder.parent / "common"
        ours = ("MOBI_", "OMPI_", "SLURM_", "PMI_", "OMP_")
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        self.environment.update(
            OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"
        )

    # ---- commands ------------------------------------------------------------------------------

    def start(self, *words, folder=None, environment=None, limited=True):
        return subprocess.Popen(
            [str(word) for word in words], cwd=folder or self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
            env={**self.environment, **(environment or {})}, preexec_fn=limit_memory if limited else None,
        )  # fmt: skip

    def wait(self, process, seconds=SECONDS):
        """The end of a started command; with it ends all that it started."""
        began = time.monotonic()
        try:
            text, _ = process.communicate(timeout=seconds)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text, _ = process.communicate()
            code = "timeout"
        return End(code, text, time.monotonic() - began)

    def program(self, *words, **where):
        """Runs fedmobillm in the case's folder."""
        seconds = where.pop("seconds", SECONDS)
        return self.wait(self.start(self.path, *words, **where), seconds)

    def run(self, *settings, config="base.cfg", compute="none", command="run", **where):
        """`run base.cfg --overwrite --set ...` in the folder that all accidents share."""
        words = [command, config, *(["--overwrite"] if command == "run" else [])]
        for setting in (*settings, *([f"run.compute={compute}"] if compute else [])):
            words += ["--set", setting]
        return self.program(*words, folder=self.common, **where)

    def project(self):
        """A project in the case's folder whose launch scripts run this program: they write results there."""
        root = self.folder / "project"
        if not root.exists():
            root.mkdir()
            for name in ("mpi_launch", "configs", "data", "analysis"):
                (root / name).symlink_to(self.root / name)
            # the scripts take the folder above them for the project
            (root / "mpi_launch").unlink()
            (root / "mpi_launch").mkdir()
            for script in filter(pathlib.Path.is_file, (self.root / "mpi_launch").iterdir()):
                (root / "mpi_launch" / script.name).write_bytes(script.read_bytes())
            program = root / "build/release/src/app/fedmobillm"
            program.parent.mkdir(parents=True)
            program.symlink_to(self.path)
        return root

    def script(self, name, *words, folder=None, environment=None, seconds=SECONDS):
        return self.wait(self.start_script(name, *words, folder=folder, environment=environment), seconds)

    def start_script(self, name, *words, folder=None, environment=None):
        # mpirun and its daemons reserve more than any limit that is of use for the program
        return self.start(
            "bash", self.project() / "mpi_launch" / name, *words, folder=folder or self.common,
            environment=environment, limited=False,
        )  # fmt: skip
