# SPDX-License-Identifier: Apache-2.0
"""What CONTRIBUTING.md asks of every script: --help, strict mode, no path of one machine, shellcheck."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHELL = sorted(
    path
    for folder in ("mpi_launch", "data", "tests", ".ci")
    for path in (ROOT / folder).rglob("*")
    if (path.suffix in (".sh", ".sbatch") or path == ROOT / ".ci/run") and "cache" not in path.parts
)
PYTHON = sorted((ROOT / "data").glob("*.py"))
MACHINE_PATH = re.compile(r"(?<![\w.$}/>])/(home|root|work|tmp|opt|scratch|mnt|media|srv)/")


class EveryScriptTest(unittest.TestCase):
    def run_script(self, path, *arguments):
        runner = [sys.executable] if path.suffix == ".py" else ["bash"]
        with tempfile.TemporaryDirectory() as elsewhere:  # from any directory
            return subprocess.run(
                runner + [str(path), *arguments],
                cwd=elsewhere, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200,
            )  # fmt: skip

    def each(self, paths):
        for path in paths:
            with self.subTest(script=str(path.relative_to(ROOT))):
                yield path

    def test_help_tells_the_usage(self):
        for path in self.each(SHELL + PYTHON):
            result = self.run_script(path, "--help")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("usage:", result.stdout)
            self.assertLess(len(result.stdout.splitlines()), 40)

    def test_an_unknown_option_is_an_error_in_one_line(self):
        for path in self.each(set(SHELL) - {ROOT / "mpi_launch/common.sh"}):
            result = self.run_script(path, "--no-such-option")
            self.assertNotEqual(result.returncode, 0)
            self.assertRegex(result.stderr, r"^\S+: (unknown option|no backbone) '--no-such-option'.*\n$")

    def test_shell_scripts_are_strict_and_licensed(self):
        for path in self.each(SHELL):
            text = path.read_text()
            self.assertIn("\nset -euo pipefail\n", text)
            self.assertIn("SPDX-License-Identifier: Apache-2.0", text.splitlines()[1])
            self.assertTrue(path.stat().st_mode & 0o111, "is not executable")

    def test_no_script_holds_a_path_of_one_machine(self):
        for path in self.each(SHELL + PYTHON + [ROOT / "mpi_launch/hostfile.example"]):
            self.assertIsNone(MACHINE_PATH.search(path.read_text()))

    def test_cores_are_counted_in_one_place(self):
        for path in self.each(SHELL):  # nproc obeys OMP_NUM_THREADS
            text = re.sub(r"env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc", "", path.read_text())
            self.assertNotRegex(text, r"\$\(nproc|^\s*nproc")

    def test_shellcheck_finds_nothing(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("shellcheck is not installed")
        result = subprocess.run(["shellcheck", "-x", *map(str, SHELL)], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout)


class DocumentTest(unittest.TestCase):
    DOCUMENTS = [path for path in ROOT.glob("*.md")] + [
        ROOT / folder / "README.md" for folder in ("src", "data", "tests", "analysis", "mpi_launch")
    ]

    def test_the_readme_is_at_most_150_lines(self):
        self.assertLessEqual(len((ROOT / "README.md").read_text().splitlines()), 150)

    def test_the_commands_in_documents_name_files_that_are_there(self):
        for path in self.DOCUMENTS:
            for command in re.findall(r"^(?:\$ )?((?:mpi_launch|data|tests|analysis|configs)/\S+\.\w+)", path.read_text(), re.M):
                with self.subTest(document=str(path.relative_to(ROOT)), command=command):
                    self.assertTrue((ROOT / command).exists())


if __name__ == "__main__":
    unittest.main()
