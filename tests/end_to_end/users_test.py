# SPDX-License-Identifier: Apache-2.0
"""Other people's machines: two users on one node at once, umask 077, homes with blanks and without a cache."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import tiny_fleet
from tiny_fleet import ENVIRONMENT, PROGRAM

USERS = (64001, 64002)  # no accounts: what a container or a site's directory service leaves of them


@unittest.skipUnless(os.geteuid() == 0, "becoming other users needs root")
class UsersTest(tiny_fleet.Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure(backbone__cache=None)
        cls.folder.chmod(0o755)  # all may read it, root alone may write
        cls.program = cls.folder / "fedmobillm"
        shutil.copy(PROGRAM, cls.program)  # the build may lie where only root may look
        cls.whole = cls.run_fleet("whole.h5", ranks=3)

    def home_of(self, user):
        home = pathlib.Path(tempfile.mkdtemp(prefix="the home of ", dir=self.folder))
        os.chown(home, user, user)
        home.chmod(0o700)
        return home

    def start(self, user, home, *settings, ranks=3):
        """A run in a user's home, whose files nobody else may read."""
        words = [word for setting in settings for word in ("--set", setting)]
        command = [str(self.program) if word == PROGRAM else word for word in self.command(["run", self.config, *words], ranks)]
        return subprocess.Popen(
            command, cwd=home, env={**ENVIRONMENT, "HOME": str(home), "USER": str(user)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, user=user, group=user, extra_groups=[], umask=0o077,
        )  # fmt: skip

    def end(self, process):
        said, errors = process.communicate(timeout=tiny_fleet.SECONDS)
        return process.returncode, said + errors

    def test_two_users_at_once(self):
        homes = {user: self.home_of(user) for user in USERS}
        runs = {user: self.start(user, home, "run.output=run.h5") for user, home in homes.items()}
        for user, process in runs.items():
            code, said = self.end(process)
            self.assertEqual(code, 0, said)
            output = homes[user] / "run.h5"
            self.assertEqual((output.stat().st_uid, output.stat().st_mode & 0o777), (user, 0o600))
            self.assert_same(self.whole, output)

    def test_two_runs_of_a_user_prepare_one_cache(self):
        home = self.home_of(USERS[0])
        runs = [self.start(USERS[0], home, f"run.output={name}.h5") for name in ("one", "two")]
        for process in runs:
            code, said = self.end(process)
            self.assertEqual(code, 0, said)
        self.assert_same(self.whole, home / "one.h5")
        self.assert_same(self.whole, home / "two.h5")
        self.assertEqual(len(list((home / "data/cache/prepared").glob("*.weights"))), 2, "one of each backbone")

    def test_the_cache_of_another_user(self):
        homes = [self.home_of(user) for user in USERS]
        code, said = self.end(self.start(USERS[0], homes[0], "run.output=run.h5"))
        self.assertEqual(code, 0, said)
        theirs = homes[0] / "data/cache/prepared"
        for folder in (homes[0], theirs.parent.parent, theirs.parent, theirs):
            folder.chmod(0o755)

        settings = (f"backbone.cache={theirs}", "run.output=run.h5")
        code, said = self.end(self.start(USERS[1], homes[1], *settings))
        self.assertEqual(code, 3, said)  # the files themselves are theirs alone
        self.assertIn("Permission denied", said)
        self.assertIn(str(theirs), said)
        self.assertFalse((homes[1] / "run.h5").exists())

        for file in theirs.iterdir():
            file.chmod(0o644)
        code, said = self.end(self.start(USERS[1], homes[1], *settings))
        self.assertEqual(code, 0, said)
        self.assert_same(self.whole, homes[1] / "run.h5", but=("host", "config"))  # which names the cache

    def test_a_folder_without_write_access(self):
        home = self.home_of(USERS[0])
        home.chmod(0o500)
        code, said = self.end(self.start(USERS[0], home, "run.output=run.h5"))
        self.assertEqual(code, 5, said)
        self.assertIn("Permission denied", said)
        self.assertEqual(list(home.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
