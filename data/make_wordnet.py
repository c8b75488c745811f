# SPDX-License-Identifier: Apache-2.0
"""Makes a text classification task of WordNet: a noun's gloss, and which of 26 kinds of thing it is.

usage: make_wordnet.py DATA_NOUN FOLDER [--train N] [--test N] [--seed S] [--all]

Writes FOLDER/train.tsv and FOLDER/test.tsv with the columns text and label.  The text is the gloss up
to its first quoted example, the label the lexicographer file of the synset (noun.act, noun.animal,
...).  Synsets are put in the order of sha256("<seed>:<offset>"), which no version of Python changes:
the first --test (3,000) are the test set, the next --train (12,000), or with --all every other one, the
training set; the default seed is 1.

DATA_NOUN is WordNet's data.noun.  A line of it: synset offset, number of the lexicographer file, "n",
..., then " | " and the gloss; the licence comes first, on lines that begin with two blanks.
"""
import argparse
import hashlib
import os
import pathlib
import sys

FIRST_FILE = 3  # numbers of lexnames(5WN): 03 noun.Tops to 28 noun.time
LABELS = [
    "noun." + name
    for name in (
        "Tops act animal artifact attribute body cognition communication event feeling food group location"
        " motive object person phenomenon plant possession process quantity relation shape state substance"
        " time"
    ).split()
]


def read_synsets(path):
    """(offset, text, label) of every noun synset, in the file's order."""
    synsets = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("  "):
                continue
            head, bar, gloss = line.partition(" | ")
            fields = head.split(" ")
            kind = int(fields[1]) - FIRST_FILE if len(fields) > 2 and fields[1].isdigit() else -1
            if not bar or not 0 <= kind < len(LABELS):
                sys.exit(f"make_wordnet.py: {path}:{number}: not a noun synset of WordNet 3")
            text = " ".join(gloss.partition('"')[0].split()).rstrip("; ")
            synsets.append((fields[0], text, LABELS[kind]))
    return synsets


def shuffled(synsets, seed):
    return sorted(synsets, key=lambda synset: hashlib.sha256(f"{seed}:{synset[0]}".encode()).digest())


def write_tsv(path, synsets):
    partial = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    with open(partial, "w", encoding="utf-8", newline="\n") as file:
        file.write("text\tlabel\n")
        file.writelines(f"{text}\t{label}\n" for _, text, label in synsets)
    partial.replace(path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("data_noun", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--train", type=int, default=12000)
    parser.add_argument("--test", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()

    synsets = shuffled(read_synsets(options.data_noun), options.seed)
    end = len(synsets) if options.all else options.test + options.train
    if not 0 < options.test < end <= len(synsets):
        sys.exit(f"make_wordnet.py: {end} synsets wanted, {options.data_noun} has {len(synsets)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    write_tsv(options.folder / "train.tsv", synsets[options.test : end])
    write_tsv(options.folder / "test.tsv", synsets[: options.test])


if __name__ == "__main__":
    main()
