# SPDX-License-Identifier: Apache-2.0
"""What CTest would call a success must be one: whose variables count, and what a skipped program is.

Environment: MOBI_BUILD, the build folder.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOBI_BUILD", ROOT / "build/release"))


class CTestTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # from a folder of its own: the build's log is that of the ctest which may be running this
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "CTestTestfile.cmake").write_text(f'subdirs("{BUILD}")\n')
            listing = subprocess.run(
                ["ctest", "--test-dir", folder, "--show-only=json-v1"], capture_output=True, text=True, check=True
            )
        cls.tests = {
            test["name"]: {one["name"]: one["value"] for one in test.get("properties", ())}
            for test in json.loads(listing.stdout)["tests"]
        }

    def labelled(self, label):
        found = {name: test for name, test in self.tests.items() if label in test.get("LABELS", ())}
        self.assertGreater(len(found), 3)
        return found.items()

    def test_the_callers_MOBI_SHARED_counts(self):
        for name, test in self.tests.items():
            fixed = [value for value in test.get("ENVIRONMENT", ()) if value.startswith("MOBI_SHARED=")]
            self.assertEqual(fixed, [], name)

    def test_a_program_that_skips_everything_is_reported_as_skipped(self):
        for name, test in self.labelled("reference"):
            self.assertEqual(test.get("SKIP_RETURN_CODE"), 77, name)
            self.assertIn("MOBI_SHARED_DEFAULT", " ".join(test.get("ENVIRONMENT", ())), name)

    def test_what_reads_reference_data_is_labelled_so(self):
        reads = {
            path.stem
            for path in (ROOT / "tests").rglob("*_test.cpp")
            if "MOBI_NEEDS_SHARED(" in path.read_text(encoding="utf-8")
        }
        self.assertGreater(len(reads), 3)
        self.assertLessEqual(reads, {name for name, _ in self.labelled("reference")})


class ReferenceTestsTest(unittest.TestCase):
    """The count at the end of tests/run.sh."""

    RAN = "[ RUN      ] A.b\n[REFERENCE] A.b\n[       OK ] A.b (1 ms)\n"
    SKIPPED = 'a_test.cpp:3: Skipped\n"/x/vectors/c" is not there: set MOBI_SHARED to the reference data\n'

    def count(self, text, folder):
        with tempfile.TemporaryDirectory() as scratch:
            log = pathlib.Path(scratch) / "LastTest.log"
            log.write_text(text)
            script = ROOT / "tests/support/reference_tests.py"
            end = subprocess.run([sys.executable, script, log, folder], capture_output=True, text=True)
        return end.returncode, end.stdout

    def test_each_test_counts_once(self):
        code, text = self.count(self.RAN + self.RAN + self.RAN.replace("A.b", "A.c"), "/nowhere")
        self.assertEqual(code, 0)
        self.assertIn("2 ran, 0 skipped", text)

    def test_a_skip_beside_the_data_is_a_failure(self):
        code, text = self.count(self.RAN + self.SKIPPED, str(ROOT))
        self.assertEqual(code, 1)
        self.assertIn("1 ran, 1 skipped", text)
        self.assertIn("found nothing of theirs", text)

    def test_a_skip_without_the_data_is_none(self):
        self.assertEqual(self.count(self.SKIPPED, "/nowhere")[0], 0)

    def test_the_words_are_those_that_the_tests_say(self):
        words = (ROOT / "tests/support/shared_data.hpp").read_text()
        self.assertIn("[REFERENCE] %s.%s", words)
        self.assertIn("set MOBI_SHARED to the reference data", words)


if __name__ == "__main__":
    unittest.main()
