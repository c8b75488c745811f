# SPDX-License-Identifier: Apache-2.0
"""Tests of code_blocks.py."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import code_blocks  # noqa: E402

PAGE = """# A page
```cpp src/new.hpp
int a();
```
```
no file
```
```diff src/old.cpp
 one
-two
+2
+2.5
```
```diff src/old.cpp
 three
+four
```
"""


class CodeBlocksTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "src").mkdir()
        (self.folder / "src/old.cpp").write_text("zero\none\ntwo\nthree\n")
        self.page = self.folder / "page.txt"
        self.page.write_text(PAGE)

    def write(self):
        return code_blocks.write_blocks(self.page, self.folder, self.folder / "out")

    def test_blocks_become_files_and_changes_add_up(self):
        self.assertEqual(self.write(), ["src/new.hpp", "src/old.cpp"])
        self.assertEqual((self.folder / "out/src/new.hpp").read_text(), "int a();\n")
        self.assertEqual((self.folder / "out/src/old.cpp").read_text(), "zero\none\n2\n2.5\nthree\nfour\n")
        self.assertEqual((self.folder / "src/old.cpp").read_text(), "zero\none\ntwo\nthree\n")

    def test_a_change_that_does_not_fit_is_an_error(self):
        for text in ("zero\none\n2\nthree\n", "one\ntwo\none\ntwo\nthree\n"):
            (self.folder / "src/old.cpp").write_text(text)
            with self.assertRaisesRegex(code_blocks.PageError, "src/old.cpp: has these lines [02] times"):
                self.write()


if __name__ == "__main__":
    unittest.main()
