# SPDX-License-Identifier: Apache-2.0
"""Runs that are killed and go on."""
import os
import random
import signal
import subprocess
import time

from rank_processes import ranks_of
from tiny_fleet import ENVIRONMENT, PROGRAM, Workspace

KILLS = int(os.environ.get("MOBI_KILLS", "1"))  # moments of each kind of run; 5 are a thorough check
OFTEN = ("record.checkpoint=30 ms", "record.flush=20 ms")


class KillingWorkspace(Workspace):
    def start(self, path, settings, ranks, resume):
        words = ["run", self.config, *(["--resume"] if resume else [])]
        for setting in (*settings, *OFTEN, f"run.output={path}"):
            words += ["--set", setting]
        return subprocess.Popen(
            self.command(words, ranks), cwd=self.folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def kill(self, process, whom):
        """kill -9 of rank 0, of the last rank, or of everything at once."""
        ranks = ranks_of(PROGRAM, process.pid)
        if whom == "all" or not ranks:
            self.end(process.pid, *ranks.values())
        else:
            self.end(ranks[0] if whom == "server" else max(ranks.items())[1])
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.end(process.pid)
            process.communicate()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # until the last one has given the output back
            left = ranks_of(PROGRAM, process.pid)
            if not left:
                return
            if whom == "all":
                self.end(*left.values())
            time.sleep(0.02)
        self.fail(f"ranks outlive the kill: {left}")

    @staticmethod
    def end(*processes):
        for number in processes:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def finish(self, path, settings, ranks):
        process = self.start(path, settings, ranks, resume=True)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, f"{out}\n{err}")

    def kill_anywhere(self, kinds):
        """Of each kind {name: settings}: a whole run, and KILLS that are killed and must come to the same file.

        \return how many kills met a checkpoint.
        """
        draw = random.Random(int(os.environ.get("MOBI_SEED", "1")))
        resumed = 0
        for kind, settings in kinds.items():
            began = time.monotonic()
            whole = self.run_fleet(f"{kind}.h5", *settings, *OFTEN, ranks=3)
            took = time.monotonic() - began
            for case in range(KILLS):
                path = self.folder / f"{kind}_{case}.h5"
                lives, whom = draw.choice((1, 1, 3)), draw.choice(("server", "worker", "all"))
                with self.subTest(kind=kind, case=case, lives=lives, whom=whom):
                    for life in range(lives):
                        process = self.start(path, settings, 3, resume=life > 0)
                        time.sleep(draw.uniform(0.2, 1.0) * took)
                        resumed += (path.parent / f"{path.name}.checkpoint").exists()
                        self.kill(process, whom)
                    self.finish(path, settings, 3)
                    self.assert_same(whole, path)
                    self.assertFalse((path.parent / f"{path.name}.checkpoint").exists())
                path.unlink(missing_ok=True)
        return resumed
