# SPDX-License-Identifier: Apache-2.0
"""Makes a small text classification task for tests: made-up sentences whose words tell their class.

usage: make_synthetic.py FILE [--samples N] [--classes C] [--seed S]

Writes FILE, a table with the columns text and label (class_0, class_1, ...).  A sentence has 4 to 15
words; each is, with one chance in three, one of its class's 8 words, else one of 40 that all classes
share.  Classes take turns, so each has N / C sentences.  Same arguments, same bytes.
"""
import argparse
import hashlib
import pathlib

SYLLABLES = "ba be bo da de do ka ke ko la le lo ma me mo na ne no ra re ro sa se so ta te to".split()


def word(*key):
    """A made-up word of two to four syllables, the same for the same key."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return "".join(SYLLABLES[byte % len(SYLLABLES)] for byte in digest[: 2 + digest[31] % 3])


def sentence(seed, sample, kind):
    def draw(limit, *purpose):
        digest = hashlib.sha256(repr((seed, sample, purpose)).encode()).digest()
        return int.from_bytes(digest[:8], "little") % limit

    def one(position):
        if draw(3, "own", position) == 0:
            return word(seed, "class", kind, draw(8, "which", position))
        return word(seed, "shared", draw(40, "which", position))

    return " ".join(one(position) for position in range(4 + draw(12, "length")))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--classes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.samples < 1 or options.classes < 1:
        parser.error("--samples and --classes must be 1 or more")
    options.file.parent.mkdir(parents=True, exist_ok=True)
    with open(options.file, "w", encoding="utf-8", newline="\n") as file:
        file.write("text\tlabel\n")
        for sample in range(options.samples):
            kind = sample % options.classes
            file.write(f"{sentence(options.seed, sample, kind)}\tclass_{kind}\n")


if __name__ == "__main__":
    main()
