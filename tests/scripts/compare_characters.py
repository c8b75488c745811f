#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what our tokenizers make of every code point with the tokenizers library, operation by operation.

classes   \\p{L}, \\p{N}, \\s and the rest, as the splitters of byte pairs tell them apart
words     \\w around an added token that stands alone (single_word), and \\s beside one that swallows it (lstrip)
uncased   BertNormalizer with lower case and without accents, BertPreTokenizer
cased     the same with the letters as they are
lower     lower case alone, accents kept
nfc       NFC, with a mark behind the character and one before it

Each code point but U+0000 and the surrogates is a text of its own. Needs the tokenizers library and the built
program; prints a line for each operation, and the first differences. Exit code 0 when all are equal.
"""
import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE_POINTS = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]


def byte_alphabet():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + i) for i, byte in enumerate(rest)}}


def byte_level(normalizer=None, added=()):
    """A letter, a digit and a symbol merge with any byte after them, so that a word's end shows in its ids."""
    spelled = byte_alphabet()
    merges = [(left, spelled[byte]) for left in "a1!" for byte in range(128, 256)]
    pieces = [*spelled.values(), *(left + right for left, right in merges)]
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
             "vocab": {piece: i for i, piece in enumerate(pieces)}, "merges": [" ".join(pair) for pair in merges]}
    words = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokens = [{"id": len(pieces) + i, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
               "normalized": False, "special": False, **switches} for i, (content, switches) in enumerate(added)]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": normalizer,
            "pre_tokenizer": words, "post_processor": None, "decoder": None, "model": model}


def word_piece(lower, strip, characters):
    """Pieces are the characters that the chunk's texts become, alone and within a word."""
    file = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "post_processor": None,
            "decoder": None, "pre_tokenizer": {"type": "BertPreTokenizer"},
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": strip, "lowercase": lower},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0}}}
    clean = Tokenizer.from_str(json.dumps(file)).normalizer
    pieces = sorted({c for text in characters for c in text + clean.normalize_str(text)} | {"x"})
    file["model"]["vocab"] |= {prefix + piece: 1 + 2 * i + j for i, piece in enumerate(pieces)
                               for j, prefix in enumerate(("", "##"))}
    return file


OPERATIONS = {
    "classes": (lambda chunk: byte_level(), lambda c: f"a{c}1{c}!{c} {c}"),
    "words": (lambda chunk: byte_level(added=[("<w>", {"single_word": True}), ("<l>", {"lstrip": True})]),
              lambda c: f"{c}<w>,<w>{c},{c}<l>"),
    "uncased": (lambda chunk: word_piece(True, None, chunk), lambda c: f"x{c}x"),
    "cased": (lambda chunk: word_piece(False, False, chunk), lambda c: f"x{c}x"),
    "lower": (lambda chunk: word_piece(True, False, chunk), lambda c: f"x{c}x"),
    "nfc": (lambda chunk: byte_level({"type": "NFC"}), lambda c: f"{c}\u0301 e{c} {c}\u0323\u0301"),
}


def write_folder(folder, make, text_of, chunk):
    folder.mkdir()
    texts = [text_of(c) for c in chunk]
    text = json.dumps(make(texts if make is not None else chunk))
    (folder / "tokenizer.json").write_text(text)
    tokenizer = Tokenizer.from_str(text)
    with open(folder / "cases.jsonl", "w") as cases:
        for c, whole, encoding in zip(chunk, texts, tokenizer.encode_batch(texts)):
            cases.write(json.dumps({"case": f"U+{ord(c):04X}", "text": whole, "ids": encoding.ids}) + "\n")


def different(program, folder):
    """How many of the folder's texts differ, and the first one."""
    end = subprocess.run([program, "verify", folder, "--tokenizer", folder / "cases.jsonl"], capture_output=True,
                         text=True)
    match = re.match(r"(\d+) of (\d+) equal\n(?:first that differs: (.*)\n)?", end.stdout)
    if match is None:
        sys.exit(end.stderr or end.stdout)
    return int(match[2]) - int(match[1]), match[3]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/src/app/fedmobillm")
    parser.add_argument("--chunk", type=int, default=40_000, help="code points a folder (40000)")
    parser.add_argument("--only", default="", help="operations, separated by commas")
    arguments = parser.parse_args()
    total = collections.Counter()
    for name, (make, text_of) in OPERATIONS.items():
        if arguments.only and name not in arguments.only.split(","):
            continue
        firsts = []
        for start in range(0, len(CODE_POINTS), arguments.chunk):
            chunk = [chr(c) for c in CODE_POINTS[start : start + arguments.chunk]]
            with tempfile.TemporaryDirectory() as scratch:
                folder = pathlib.Path(scratch) / "folder"
                write_folder(folder, make, text_of, chunk)
                count, first = different(arguments.program, folder)
            total[name] += count
            firsts += [first] if first else []
        print(f"{name}: {len(CODE_POINTS) - total[name]} of {len(CODE_POINTS)} equal", flush=True)
        for first in firsts[:5]:
            print(f"  {first}", flush=True)
    sys.exit(sum(total.values()) > 0)


if __name__ == "__main__":
    main()
