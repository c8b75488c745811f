#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints, by module, how much of src ran in the tests, and how many lines of test there are to a line of source.

usage: coverage.py [BUILD]      (default: build/coverage)

    MOBI_PRESET=coverage tests/run.sh && tests/scripts/coverage.py

A line counts once, however many objects it was compiled into.  Needs gcov of the compiler that built.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"


def modules():
    """The folders that declare a module, the innermost first."""
    found = [path.parent.relative_to(SOURCE) for path in SOURCE.rglob("CMakeLists.txt") if path.parent != SOURCE]
    return sorted(found, key=lambda folder: -len(folder.parts))


def module_of(path, folders):
    return next((folder for folder in folders if folder in path.parents), None)


def ran_lines(data):
    """{source: {line: whether it ran}} of one object."""
    end = subprocess.run(
        ["gcov", "--json-format", "--stdout", str(data)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=data.parent, check=False,
    )  # fmt: skip
    found = {}
    for text in end.stdout.splitlines():
        for file in json.loads(text)["files"]:
            path = pathlib.Path(os.path.normpath(data.parent / file["file"]))
            if SOURCE in path.parents:
                found[path.relative_to(SOURCE)] = {line["line_number"]: line["count"] > 0 for line in file["lines"]}
    return found


def code_lines(folder, deeper):
    """Lines of C++ and Python that are neither blank nor a comment, without the folders of other modules."""
    count = 0
    for path in folder.rglob("*"):
        if path.suffix not in (".cpp", ".hpp", ".py") or any(folder / one in path.parents for one in deeper):
            continue
        count += sum(bool(re.match(r"\s*[^\s/#*]", line)) for line in path.read_text().splitlines())
    return count


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/coverage").resolve()
    objects = sorted(build.rglob("*.gcda"))
    if not objects:
        sys.exit(f"{build}: no test has run in a build with the preset coverage")
    ran = collections.defaultdict(dict)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(ran_lines, objects):
            for path, counts in lines.items():
                for line, yes in counts.items():
                    ran[path][line] = ran[path].get(line, False) or yes
    folders = modules()
    total, covered = collections.Counter(), collections.Counter()
    for path, lines in ran.items():
        module = module_of(path, folders)
        total[module] += len(lines)
        covered[module] += sum(lines.values())
    print(f"{'module':18} {'lines':>7} {'ran':>7}   test lines a line of source")
    for module in sorted(folders):
        deeper = [one.relative_to(module) for one in folders if module in one.parents]
        source = code_lines(SOURCE / module, deeper)
        tests = code_lines(ROOT / "tests" / module, deeper)
        share = f"{100 * covered[module] / total[module]:6.1f}%" if total[module] else "      -"
        print(f"{str(module):18} {total[module]:7} {share}   {tests / max(source, 1):.2f}")
    everything = sum(total.values())
    print(f"{'all':18} {everything:7} {100 * sum(covered.values()) / max(everything, 1):6.1f}%")


if __name__ == "__main__":
    main()
