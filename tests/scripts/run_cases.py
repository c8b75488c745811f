#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every case of inputs and accidents that real users had (MOBI_SHARED/cases), and prints a table.

usage: run_cases.py [--program FILE] [--only NAME]... [--fast]

  --program FILE  fedmobillm, in build/<preset>/src/app of its repository (default: the release preset)
  --only NAME     cases whose name contains NAME (may be given again)
  --fast          leave out what takes longer than some seconds

The cases are not part of the project: each is copied to a temporary folder, and its command run there with
limits on time and memory.  What is right is what the case's README states: for `files` an entry of FILES
here, else the exit code that the README begins with; for `accidents` a function of accident_cases.py.
Exit codes: 0 all right; 1 something is not; 77 no cases are there.
"""
import argparse
import os
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import accident_cases  # noqa: E402
from case_runner import Judged, NotHere, Runner  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
OK, REFUSED = 0, 3

# name -> what is right: one or more of (exit code, what stdout and stderr must hold, what they must not).
FILES = {
    "bert_gamma_beta": [(OK, r": ok", r"NOT EQUAL")],
    "config_says_cased": [(OK, r"2 of 2 equal", None)],
    "decoder_empty_text": [(REFUSED, r"train\.tsv:8: .*empty", None), (OK, r"", None)],
    "gpt2_added_pad": [(OK, r"(\d+) of \1 equal", None)],
    "gpt2_added_tokens_json": [(OK, r"1 of 1 equal", None)],
    "gpt2_common_names": [(OK, r": ok", r"NOT EQUAL")],
    "gzip_named_tsv": [(REFUSED, r"train\.tsv: .*gzip", r"iconv")],
    "label_trailing_blank": [(OK, r"", None), (REFUSED, r"label", None)],
    "letters_after_unicode_15": [(OK, r"4 of 4 equal", None), (1, r"Unicode 1[567]", None)],
    "lfs_pointer": [(REFUSED, r"(?s)Git LFS.*git lfs pull", None)],
    "orig_mod_prefix": [(OK, r": ok", r"NOT EQUAL"), (REFUSED, r"_orig_mod\.", None)],
    "pandas_index_column": [(OK, r"", None)],
    "pooling_new_spelling": [(OK, r"", None)],
    "pytorch_bin_only": [(REFUSED, r"(?s)pytorch_model\.bin.*convert", None)],
    "qwen2_kv_heads_null": [(OK, r": ok", r"NOT EQUAL")],
    "roberta_config_prefix_space": [(OK, r"1 of 1 equal", None)],
    "rope_both_keys_linear": [(OK, r": ok", r"NOT EQUAL")],
    "rope_type_message": [(OK, r": ok", r"NOT EQUAL"), (REFUSED, r"dynamic", r"absent")],
    "shard_dot_slash": [(OK, r": ok", r"NOT EQUAL")],
    "shard_index_decides": [(OK, r": ok", r"NOT EQUAL"), (REFUSED, r"index", r"in another file of the folder too$")],
    "tied_only_lm_head_llama": [(OK, r": ok", r"NOT EQUAL")],
    "tokenizer_beyond_vocabulary": [(REFUSED, r"t(rain|est)\.tsv:\d+: .*58", None), (2, r"58", None)],
    "tsv_cr_only": [(OK, r"", None), (REFUSED, r"(?i)line end|carriage|\bCR\b", r"\r")],
    "tsv_quoted_newline": [(REFUSED, r"(?i)quot", None)],
    "upper_case_extension": [(OK, r"", None), (REFUSED, r"(?i)\.csv", r'has no column "label"; its columns are text,label$')],
    "vocab_txt_added_tokens_decoder": [(OK, r"1 of 1 equal", None)],
    "vocab_txt_added_tokens_json": [(OK, r"1 of 1 equal", None)],
}


def run_of(readme):
    """The command of a README, as words behind `fedmobillm`, and what it says is right."""
    command = re.search(r"^run [^:]*:\s+fedmobillm (.*)$", readme, re.M)
    expected = re.search(r"^expected:\s+(.*)$", readme, re.M)
    return command[1].split() if command else None, expected[1] if expected else ""


def pivot_is_mean(folder):
    """What pooling_new_spelling adds: the run file holds the mean (2) as pivot."""
    import h5py

    with h5py.File(next(folder.rglob("*.h5"))) as run:
        return (run["backbones"]["pivot"] == 2).all()


def labels_are_two(folder):
    import h5py

    with h5py.File(next(folder.rglob("*.h5"))) as run:
        return len(run["classes"]) == 2


# what a successful run must have put into its file
CHECKS = {"pooling_new_spelling": pivot_is_mean, "label_trailing_blank": labels_are_two}


def judge_file_case(runner, name):
    words, stated = run_of((runner.folder / "README").read_text())
    if words is None:
        return Judged(name, "", None, stated, None, "its README has no command")
    rules = FILES.get(name)
    if rules is None:
        code = re.match(r"exit (\d+)", stated)
        rules = [(int(code[1]), r"", None)] if code else []
    end = runner.program(*words)
    good = any(
        end.code == code and re.search(holds, end.text) and not (lacks and re.search(lacks, end.text, re.M))
        for code, holds, lacks in rules
    )
    if good and end.code == OK and name in CHECKS:
        # a warning that names the difference does as well
        good = CHECKS[name](runner.folder) or (name == "label_trailing_blank" and "warning" in end.text)
    return Judged(name, " ".join(words), end.code, stated, good if rules else None, end.text)


def cases_of(folder, only):
    return [
        path for path in sorted(folder.iterdir())
        if path.is_dir() and (not only or any(part in str(path.relative_to(folder.parent)) for part in only))
    ] if folder.is_dir() else []  # fmt: skip


def run_all(cases, program, only, fast):
    """Yields a Judged for every command of every case."""
    for kind in ("files", "accidents"):
        for path in cases_of(cases / kind, only):
            with tempfile.TemporaryDirectory(prefix="fedmobillm_case_") as scratch:
                copy = pathlib.Path(scratch) / kind / path.name
                shutil.copytree(path, copy, symlinks=True)
                common = cases / kind / "common"
                if common.is_dir() and path.name != "common":
                    shutil.copytree(common, copy.parent / "common", symlinks=True)
                runner = Runner(program, ROOT, copy, fast)
                try:
                    if kind == "files":
                        yield judge_file_case(runner, path.name)
                    else:
                        yield from accident_cases.judge(runner, path.name)
                except NotHere as reason:
                    yield Judged(path.name, "", None, "", None, str(reason))


def cell(text, width):
    text = " ".join(str(text).split())
    return (text if len(text) <= width else text[: width - 3] + "...").ljust(width)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("MOBI_FEDMOBILLM", ROOT / "build/release/src/app/fedmobillm")
    parser.add_argument("--program", type=pathlib.Path, default=pathlib.Path(default))
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--fast", action="store_true")
    options = parser.parse_args()
    shared = os.environ.get("MOBI_SHARED") or os.environ.get("MOBI_SHARED_DEFAULT") or ROOT.parent / "shared"
    cases = pathlib.Path(shared) / "cases"
    if not cases.is_dir():
        print(f"{cases} is not there: set MOBI_SHARED to the reference data")
        return 77
    if not os.access(options.program, os.X_OK):
        print(f"run_cases.py: no program {options.program}: --program FILE", file=sys.stderr)
        return 2
    print(f"[REFERENCE] run_cases.{'fast' if options.fast else 'all'}")
    print(f"{'case':32} {'command':60} {'code':>4}  {'what is right':60} verdict", flush=True)
    count = {True: 0, False: 0, None: 0}
    for judged in run_all(cases, options.program.resolve(), options.only, options.fast):
        count[judged.good] += 1
        verdict = {True: "right", False: "WRONG", None: "not judged"}[judged.good]
        code = "" if judged.code is None else judged.code
        print(f"{cell(judged.case, 32)} {cell(judged.command, 60)} {code:>4}  {cell(judged.right, 60)} {verdict}")
        if judged.good is not True and judged.text.strip():
            print("".join(f"    | {line[:200]}\n" for line in judged.text.strip().splitlines()[-4:]), end="")
        sys.stdout.flush()
    print(f"{count[True]} right, {count[False]} wrong, {count[None]} not judged")
    return 1 if count[False] else 0


if __name__ == "__main__":
    sys.exit(main())
