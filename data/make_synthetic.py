#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes text for studies of scale: as many samples as wanted, and a tiny model that reads them.

    data/make_synthetic.py --train 100000

writes train.tsv and test.tsv (text, label) and folders without weights (`weights = random`): `tiny` and
`base`, config.json and vocab.txt of a BERT of 2 blocks of width 64 and of 12 of width 768, and `roberta-base`,
the published model's sizes with a vocabulary of single bytes.  Each class has words of its own, which two
fifths of its words are drawn from, so that there is something to learn.  The same arguments give the same
bytes.
"""
import argparse
import json
import pathlib
import random
import sys

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
OWN = 20  # words of a class
COMMON = 200  # words of all
SHARE = 0.4  # of a text that its class's own words are


def words_of(classes):
    return [f"w{number}" for number in range(classes * OWN + COMMON)]


def write_table(path, count, options, stream):
    """`count` lines, classes in turn."""
    draw = random.Random(f"{options.seed} {stream}")
    first_common = options.classes * OWN
    with open(path, "w", encoding="utf-8") as file:
        file.write("text\tlabel\n")
        for sample in range(count):
            kind = sample % options.classes
            words = []
            for _ in range(draw.randint(options.least, options.most)):
                if draw.random() < SHARE:
                    words.append(kind * OWN + draw.randrange(OWN))
                else:
                    words.append(first_common + draw.randrange(COMMON))
            file.write(" ".join(f"w{word}" for word in words) + f"\tclass{kind}\n")


def write_model(folder, classes, width, layers):
    folder.mkdir(exist_ok=True)
    vocabulary = [*SPECIALS, *words_of(classes)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    config = {
        "model_type": "bert",
        "vocab_size": len(vocabulary),
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": max(4, width // 64),
        "intermediate_size": 4 * width,
        "max_position_embeddings": 128,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def byte_letters():
    """The printable character that byte-level vocabularies write for each byte (GPT-2's table)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [*map(chr, printable), *(chr(256 + place) for place in range(len(others)))]


def write_roberta(folder):
    """RoBERTa-base as huggingface.co/FacebookAI/roberta-base describes it; each byte of a text is a token."""
    folder.mkdir(exist_ok=True)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *byte_letters(), "<mask>"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    config = {
        "model_type": "roberta",
        "vocab_size": 50265,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "pad_token_id": 1,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-5,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=10_000, help="training samples (default: 10000)")
    parser.add_argument("--test", type=int, default=400, help="test samples (default: 400)")
    parser.add_argument("--classes", type=int, default=4, help="classes (default: 4)")
    parser.add_argument("--least", type=int, default=6, help="words of the shortest text (default: 6)")
    parser.add_argument("--most", type=int, default=20, help="words of the longest text (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="of every draw (default: 1)")
    parser.add_argument("--folder", type=pathlib.Path, help="where to (default: data/cache/synthetic)")
    options = parser.parse_args()
    if min(options.train, options.test, options.least) < 1 or options.classes < 2 or options.most < options.least:
        sys.exit("make_synthetic.py: accepted: 1 sample and word or more, 2 classes or more, --least up to --most")
    root = pathlib.Path(__file__).resolve().parents[1]
    if root.parts[-2:] == ("share", "fedmobillm"):  # an installed copy need not be writable
        root = pathlib.Path.cwd()
    folder = options.folder or root / "data/cache/synthetic"
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "train.tsv", options.train, options, "train")
    write_table(folder / "test.tsv", options.test, options, "test")
    write_model(folder / "tiny", options.classes, width=64, layers=2)
    write_model(folder / "base", options.classes, width=768, layers=12)
    write_roberta(folder / "roberta-base")
    print(
        f"{folder}: {options.train} training and {options.test} test samples, {options.classes} classes, "
        "models tiny, base and roberta-base"
    )


if __name__ == "__main__":
    main()
