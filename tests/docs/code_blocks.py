# SPDX-License-Identifier: Apache-2.0
"""Writes the code blocks of a page as files, so that what it shows can be compiled.

usage: code_blocks.py PAGE SOURCE OUT

A block whose fence is followed by a language and a path (```cpp src/a.hpp) is the whole file OUT/src/a.hpp.  A block
of the language diff is a change of SOURCE/src/a.cpp, which is written to OUT: its lines without + are found there
once, and those with - go.  A change that does not fit is an error, so a page cannot fall behind the code.
"""
import pathlib
import re
import sys

FENCE = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.M | re.S)


class PageError(Exception):
    pass


def changed(text, path, diff):
    """The text after a change."""
    lines = diff.splitlines()
    before = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
    after = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
    if text.count(before) != 1:
        raise PageError(f"{path}: has these lines {text.count(before)} times:\n{before}")
    return text.replace(before, after)


def write_blocks(page, source, out):
    """The paths that were written."""
    files = {}
    for language, path, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if language != "diff":
            files[path] = body
        else:
            files[path] = changed(files.get(path) or (source / path).read_text(encoding="utf-8"), path, body)
    for path, text in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, encoding="utf-8")
    return sorted(files)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        if not write_blocks(*(pathlib.Path(argument) for argument in sys.argv[1:])):
            raise PageError("no block names a file")
    except PageError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
