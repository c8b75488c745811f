# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` and `pip install` give: a tree that is moved, read-only and another user's, and commands.

Environment: MOBI_BUILD, a build folder with the program; MOBI_ANALYSIS_PYTHON, a Python with numpy and h5py.
"""
import ast
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOBI_BUILD", ROOT / "build/release"))
PYTHON = os.environ.get("MOBI_ANALYSIS_PYTHON", sys.executable)
PACKAGES = ROOT / "mpi_launch/packages"
VERSION = re.search(r"project\(fedmobillm VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]

CONFIG = """
[data]
train = data/cache/synthetic/train.tsv
test = data/cache/synthetic/test.tsv
[fleet]
mix = jetson_tx2:4
backbones = *:tiny
links = *:wifi_20
[backbone.tiny]
path = data/cache/synthetic/tiny
weights = random
[server]
epochs = 1
"""


def run(command, **options):
    return subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=250, **options
    )


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (BUILD / "src/app/fedmobillm").exists():
            raise unittest.SkipTest(f"no program in {BUILD}")
        holder = tempfile.TemporaryDirectory(prefix="fedmobillm_install_")
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        cls.folder.chmod(0o755)
        first, cls.prefix = cls.folder / "first", cls.folder / "moved to a prefix"
        umask = os.umask(0o022)
        cls.addClassCleanup(os.umask, umask)
        done = run(["cmake", "--install", BUILD, "--prefix", first, "--strip"])
        assert done.returncode == 0, done.stderr
        first.rename(cls.prefix)
        for path in (cls.prefix, *cls.prefix.rglob("*")):
            path.chmod(path.stat().st_mode & ~0o222)
        cls.addClassCleanup(lambda: [path.chmod(0o755) for path in (cls.prefix, *cls.prefix.rglob("*")) if path.is_dir()])
        cls.installed = cls.listing()
        cls.share = cls.prefix / "share/fedmobillm"

    @classmethod
    def listing(cls):
        return {path: path.stat().st_mtime_ns for path in cls.prefix.rglob("*")}

    def setUp(self):
        """A folder of a user who may not write to the prefix: nobody, where the tests run as root."""
        self.place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.user = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.place, nobody.pw_uid, nobody.pw_gid)
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def as_user(self, *command, **environment):
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("MOBI_", "OMPI_", "PYTHON"))}
        return run(command, cwd=self.place, env={**clean, "HOME": str(self.place), **environment}, **self.user)

    def prepare(self):
        done = self.as_user("python3", self.share / "data/make_synthetic.py", "--train", 64, "--test", 20)
        self.assertEqual(done.returncode, 0, done.stderr)
        (self.place / "tiny.cfg").write_text(CONFIG + "[runs]\nseed = 1 2\n")

    def assert_prefix_is_as_it_was(self):
        self.assertEqual(self.listing(), self.installed)

    def test_the_program_finds_its_catalogue(self):
        program = self.prefix / "bin/fedmobillm"
        self.assertEqual(self.as_user(program, "--version").stdout, VERSION + "\n")
        devices = self.as_user(program, "check", "--devices")
        self.assertEqual(devices.returncode, 0, devices.stderr)
        self.assertEqual(len(devices.stdout.splitlines()), 1 + len(list((ROOT / "configs/devices").glob("*.cfg"))))

    def test_a_run_and_its_report(self):
        self.prepare()
        script = self.share / "mpi_launch/run_local.sh"
        done = self.as_user(script, "-n", 2, "--", "tiny.cfg", "--set", "run.output=results/run.h5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.place / "results/run.h5").is_file())
        if run([PYTHON, "-c", "import h5py, matplotlib"]).returncode == 0:
            report = self.as_user(PYTHON, self.share / "analysis/report.py", "results/run.h5")
            self.assertEqual((report.returncode, report.stdout), (0, "results/report.html\n"), report.stderr)
            self.assertTrue((self.place / "results/replay_all.h5").is_file(), "replayed by the installed program")
        self.assert_prefix_is_as_it_was()

    def test_an_experiment(self):
        self.prepare()
        script = self.share / "mpi_launch/run_experiment.sh"
        done = self.as_user(script, "-n", 1, "--only", "seed=2", "tiny.cfg")
        self.assertIn("tiny: 1 made, 0 there before", done.stderr)
        done = self.as_user(script, "-n", 1, "tiny.cfg")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tiny: 1 made, 1 there before", done.stderr)
        self.assertEqual(
            sorted(path.name for path in (self.place / "results/tiny").glob("*.h5")), ["seed=1.h5", "seed=2.h5"]
        )
        self.assertIn("0 made, 2 there before", self.as_user(script, "-n", 1, "tiny.cfg").stderr)
        self.assert_prefix_is_as_it_was()

    def test_configurations_of_the_installation_are_found(self):
        script = self.share / "mpi_launch/run_local.sh"
        done = self.as_user(script, "-n", 1, "--", "configs/quickstart.cfg")
        self.assertEqual(done.returncode, 2 if "working directory" in done.stderr else 3, done.stderr)
        self.assertIn("data/cache/wordnet/train.tsv", done.stderr)  # the configuration was read, its text is not there
        experiment = self.as_user(self.share / "mpi_launch/run_experiment.sh", "--only", "none", "configs/experiments/seeds.cfg")
        self.assertIn("no run 'none'", experiment.stderr)

    @unittest.skipUnless(shutil.which("tclsh"), "tclsh is not installed")
    def test_the_module_file_names_folders_that_are_there(self):
        modulefile = self.prefix / "share/modulefiles/fedmobillm" / VERSION
        commands = "".join(f"proc {name} args {{ puts [join $args |] }}\n" for name in
                           ("setenv", "prepend-path", "conflict", "module-whatis"))  # fmt: skip
        script = f'{commands}set ModulesCurrentModulefile "{modulefile}"\nsource "{modulefile}"\n'
        (self.place / "load.tcl").write_text(script)
        done = self.as_user("tclsh", "load.tcl")
        self.assertEqual(done.returncode, 0, done.stderr)
        paths = [line.split("|")[1] for line in done.stdout.splitlines() if "|" in line]
        self.assertEqual(len(paths), 5)
        for path in paths:
            self.assertTrue(pathlib.Path(path).is_dir(), path)
            self.assertTrue(path.startswith(str(self.prefix)))


class PipTest(unittest.TestCase):
    def test_a_fresh_environment_has_the_packages_and_the_command(self):
        if run([PYTHON, "-c", "import venv, ensurepip, setuptools, h5py, matplotlib"]).returncode != 0:
            self.skipTest(f"{PYTHON} lacks venv, setuptools, h5py or matplotlib")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            shutil.copytree(ROOT / "analysis", folder / "analysis", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
            clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
            run([PYTHON, "-m", "venv", "--system-site-packages", folder / "environment"], env=clean)
            python = folder / "environment/bin/python"
            done = run(  # what it needs is there, though pip does not know Debian's h5py
                [python, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", folder / "analysis"], env=clean
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            shutil.rmtree(folder / "analysis")
            said = run([python, "-c", "import mobilog, mobireport.page as p; print(mobilog.__version__, '.tiles' in p.css())"],
                       env=clean, cwd=folder)  # fmt: skip
            self.assertEqual(said.stdout, f"{VERSION} True\n", said.stderr)
            shown = run([python, "-m", "pip", "show", "fedmobillm-analysis"], env=clean)
            self.assertIn(f"\nVersion: {VERSION}\n", shown.stdout)
            none = run([folder / "environment/bin/mobireport", folder / "none.h5"], env=clean)
            self.assertEqual((none.returncode, none.stderr), (3, f"mobireport: {folder}/none.h5: no such file\n"))


class RecipeTest(unittest.TestCase):
    """What can be said of recipes without Apptainer and Spack."""

    def test_versions_are_the_projects(self):
        self.assertIn(f'__version__ = "{VERSION}"', (ROOT / "analysis/mobilog/__init__.py").read_text())
        self.assertIn(f"\nversion: {VERSION}\n", (ROOT / "CITATION.cff").read_text())
        recipe = (PACKAGES / "spack_repo/fedmobillm/packages/fedmobillm/package.py").read_text()
        self.assertIn(f'version("{VERSION}")', recipe)
        self.assertIn("class Fedmobillm(", [line[:17] for line in recipe.splitlines()])
        ast.parse(recipe)

    def test_the_image_is_made_of_files_and_functions_that_are_there(self):
        text = (PACKAGES / "apptainer.def").read_text()
        sections = dict(re.findall(r"^%(\w+)\n((?:(?!%).*\n)*)", text, re.M))
        self.assertEqual(set(sections), {"files", "post", "environment", "runscript", "test", "help"})
        for line in sections["files"].splitlines():
            if line.strip():
                source, target = line.split()
                self.assertTrue((ROOT / source).exists(), source)
                self.assertEqual(target, f"/opt/source/{source}")
        for name in ("post", "environment", "runscript", "test"):
            self.assertEqual(run(["sh", "-n", "-c", sections[name]]).returncode, 0, name)
        script = re.search(r"bash -euo pipefail -c '(.*)'", sections["post"], re.S)[1]
        self.assertEqual(run(["bash", "-n", "-c", script]).returncode, 0)
        common = (ROOT / "mpi_launch/common.sh").read_text()
        for function in re.findall(r"\bmobi_\w+", script):
            self.assertIn(f"\n{function}() {{", common)

    def test_what_is_installed_is_all_there_is(self):
        """A configuration or a script that is new is installed, too, or left out on purpose."""
        left_out = {"mpi_launch/quickstart.sh"}  # it builds
        rules = (ROOT / "src/cmake/MobiInstall.cmake").read_text()
        for folder, patterns in (("mpi_launch", ("*.sh", "*.sbatch", "*.py")), ("data", ("*.sh", "*.py"))):
            for pattern in patterns:
                for path in (ROOT / folder).glob(pattern):
                    name = f"{folder}/{path.name}"
                    self.assertEqual(name in rules, name not in left_out, name)


if __name__ == "__main__":
    unittest.main()
