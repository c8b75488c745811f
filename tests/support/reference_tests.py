# SPDX-License-Identifier: Apache-2.0
"""Says how many tests of a CTest log read reference data, for tests/run.sh.

usage: reference_tests.py LOG FOLDER

Exit codes: 0; 1 when FOLDER, the reference data, is there and a test found nothing of its own in it.  The
words in the log are those of shared_data.hpp.
"""
import pathlib
import re
import sys


def main(log, folder):
    text = pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
    ran = len(set(re.findall(r"^\[REFERENCE\] (.*)$", text, re.M)))
    skipped = len(re.findall(r"set MOBI_SHARED to the reference data", text))
    print(f"tests that read reference data: {ran} ran, {skipped} skipped (MOBI_SHARED is {folder})")
    if skipped and pathlib.Path(folder).is_dir():
        print(f"{folder} is there, but {skipped} tests found nothing of theirs in it: search for 'set MOBI_SHARED' in {log}")
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    sys.exit(main(*sys.argv[1:]))
