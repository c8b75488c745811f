# SPDX-License-Identifier: Apache-2.0
"""Compares our tokenizers with those of transformers on random texts.

Draws texts of every Unicode category, runs of white space, digits, contractions, emoji, CJK, combining marks, control
characters and the spelling of special tokens, encodes them with transformers, alone and in pairs, whole and cut to 16
ids, decodes the ids, and lets `fedmobillm verify FOLDER --tokenizer` compare.  One line a folder: how many of the texts
are equal in all of that, how many a byte-level tokenizer gives back as they were, the first difference.

Exit code 0 when everything is equal, 1 when something is not.  Needs tokenizers 0.23 and transformers 5.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/byte_pair"
SHARED = pathlib.Path(os.environ.get("MOBI_SHARED") or ROOT / "../shared") / "data/tokenizer"

WORDS = (
    "the The THE phone phones learns network I'm don't they'LL we've it's it'S 'tis O'Neil rock'n'roll "
    "straße naïve café e\u0301 Größe İstanbul ΣΑΣ Телефон учится 手机 学习 アパート 한국어 \u1112\u1161\u11ab "
    "ไทย हिन्दी עברית العربية https://a.b/c?d=e&f=g a_b-c int main(){} $1,000.00 3.14159 2024-06-01 x86_64 ½ Ⅷ ٣٤ ²"
).split() + ["\u212b", "ﬁ", "Ǆ", "\u1e9b\u0323", "'\u017f", "’s"]
EMOJI = ["🙂", "👨\u200d👩\u200d👧", "🏳️\u200d🌈", "👍🏽", "🇩🇪", "✅", "\u2764\ufe0f", "1\ufe0f\u20e3"]
BLANKS = [" ", " ", " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", " \n", "\n "]
BLANKS += ["\u00a0", "\u2003", "\u3000", "\u0085", "\u2028", "\u1680"]
SPECIAL = (
    "<s> </s> <unk> <pad> <mask> [CLS] [SEP] [UNK] [PAD] [MASK] <|endoftext|> <|im_start|> <|im_end|> "
    "<|begin_of_text|> <tool> <0x41> <0x0A> ▁ ▁▁ ## ##s Ġ <s |>"
).split() + [" <mask> "]
CONTRACTIONS = "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'Ve 'M 'lL 'D 'x '' '".split()


def characters_by_category():
    """Code points that Unicode 14 assigns, private ones and unassigned ones that later versions did not assign."""
    groups = {}
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category not in ("Cs", "Cn"):
            groups.setdefault(category, []).append(chr(code))
    groups["Cn"] = ["\u0378", "\u05ff", "\U000e0080", "\U0010ffff", "\ufdd0"]
    return groups


class Texts:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.groups = characters_by_category()
        self.kinds = list(self.groups)

    def any_characters(self):
        return "".join(
            self.random.choice(self.groups[self.random.choice(self.kinds)]) for _ in range(self.random.randint(1, 6))
        )

    def piece(self):
        draw = self.random
        kind = draw.randrange(12)
        if kind < 3:
            return draw.choice(WORDS)
        if kind < 5:
            return draw.choice(BLANKS) * draw.choice((1, 1, 1, 2, 3))
        if kind == 5:
            return "".join(draw.choice("0123456789") for _ in range(draw.randint(1, 8)))
        if kind == 6:
            return draw.choice(CONTRACTIONS)
        if kind == 7:
            return draw.choice(SPECIAL)
        if kind == 8:
            return draw.choice(EMOJI)
        if kind == 9:
            return draw.choice("aeoun가ᄒ") + "".join(draw.choice(self.groups["Mn"]) for _ in range(draw.randint(1, 3)))
        if kind == 10:
            return "".join(chr(draw.randint(1, 0x7F)) for _ in range(draw.randint(1, 6)))
        return self.any_characters()

    def text(self):
        return "".join(self.piece() for _ in range(self.random.randint(0, 12)))


def backends():
    """Each folder: its files, what transformers makes of them, whether it is byte-level and keeps every character."""
    from tokenizers import decoders
    from transformers import GPT2Tokenizer, PreTrainedTokenizerFast, RobertaTokenizer

    def vocabulary(folder):
        merges = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
        return json.loads((folder / "vocab.json").read_text(encoding="utf-8")), [
            tuple(line.split(" ")) for line in merges if line and not line.startswith("#version")
        ]

    def gpt2(folder):
        return GPT2Tokenizer(*vocabulary(folder))

    def opt(folder):
        end = {f"{name}_token": "</s>" for name in ("bos", "eos", "unk")}
        return GPT2Tokenizer(*vocabulary(folder), **end, pad_token="<pad>", add_bos_token=True)

    def roberta(folder):
        return RobertaTokenizer(*vocabulary(folder))

    def from_json(folder):
        backend = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        backend.backend_tokenizer.no_padding()
        backend.backend_tokenizer.no_truncation()
        return backend

    def word_piece(folder):
        backend = from_json(folder)
        backend.backend_tokenizer.decoder = decoders.WordPiece(cleanup=False)
        return backend

    pairs = ("vocab.json", "merges.txt")
    for base in (SHARED, GOLDEN):
        yield base / "gpt2", pairs, gpt2, True
        yield base / "opt", pairs, opt, True
        yield base / "roberta", pairs, roberta, True
        yield base / "roberta", ("tokenizer.json",), from_json, True
    for name in ("bert_uncased", "mpnet"):
        yield SHARED / name, ("tokenizer.json",), word_piece, False
        yield SHARED / name, ("vocab.txt", "tokenizer_config.json"), word_piece, False
    for name in ("qwen2", "llama3", "llama", "metaspace"):
        yield GOLDEN / name, ("tokenizer.json",), from_json, name == "llama3"


def chunks(items, size):
    return (items[start : start + size] for start in range(0, len(items), size))


def cases(backend, texts):
    """Every fifth text is the first of a pair with the next one, unless that is empty."""
    single, paired = [], []
    for i, (text, other) in enumerate(zip(texts, texts[1:] + [""])):
        (paired if i % 5 == 0 and other else single).append((i, text, other))
    for group in (single, paired):
        if not group:
            continue
        others = [other for _, _, other in group] if group is paired else None
        arguments = [text for _, text, _ in group], others
        whole = backend(*arguments, return_token_type_ids=True)
        cut = backend(*arguments, truncation="longest_first", max_length=16)["input_ids"]
        for (i, text, other), ids, types, short in zip(group, whole["input_ids"], whole["token_type_ids"], cut):
            line = {"case": i, "text": text, "ids": ids, "type_ids": types, "ids_max16": short}
            if group is paired:
                line["pair"] = other
            decoded = backend.decode(ids, clean_up_tokenization_spaces=False)
            if "\ufffd" not in decoded:  # else transformers replaced bytes that our exact text keeps
                line["decoded"] = decoded
            yield line


def round_trips(lines, backend):
    """How many of the texts without special tokens in them the ids give back, and of how many."""
    spelled = [*backend.all_special_tokens, *backend.get_added_vocab()]
    plain = [line for line in lines if "pair" not in line and not any(token in line["text"] for token in spelled)]
    options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
    return sum(backend.decode(line["ids"], **options) == line["text"] for line in plain), len(plain)


def verify(program, folder, lines, scratch):
    file = scratch / "cases.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    end = subprocess.run([program, "verify", folder, "--tokenizer", file], capture_output=True, text=True)
    match = re.match(r"(\d+) of (\d+) equal\n(?:first that differs: (.*)\n)?$", end.stdout)
    if match is None:
        sys.exit(end.stderr or end.stdout)
    return int(match[1]), int(match[2]), match[3]


def compare(program, source, files, backend, byte_level, texts):
    equal = total = back = plain = 0
    first = None
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        folder = scratch / source.name
        folder.mkdir()
        for name in files:
            shutil.copy(source / name, folder / name)
        if "vocab.json" in files:
            (folder / "config.json").write_text(json.dumps({"model_type": source.name}))
        for part in chunks(texts, 20000):
            lines = list(cases(backend, part))
            got = verify(program, folder, lines, scratch)
            equal, total = equal + got[0], total + got[1]
            if got[2] and first is None:
                number = re.match(r"case (\d+)", got[2])
                first = f"{got[2]}; text {json.dumps(part[int(number[1])])}"
            if byte_level:
                counts = round_trips(lines, backend)
                back, plain = back + counts[0], plain + counts[1]
    return equal, total, back, plain, first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/src/app/fedmobillm")
    parser.add_argument("--texts", type=int, default=100_000, help="how many (100000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="folders whose path holds this")
    arguments = parser.parse_args()
    drawn = Texts(arguments.seed)
    texts = [drawn.text() for _ in range(arguments.texts)]
    different = False
    for source, files, make, byte_level in backends():
        label = f"{source.parent.name}/{source.name} ({', '.join(files)})"
        if arguments.only not in label:
            continue
        if not source.exists():
            print(f"{label}: not there", flush=True)
            continue
        start = time.monotonic()
        equal, total, back, plain, first = compare(arguments.program, source, files, make(source), byte_level, texts)
        trips = f"; {back} of {plain} round trips" if byte_level else ""
        print(f"{label}: {equal} of {total} equal{trips}; {time.monotonic() - start:.0f} s", flush=True)
        if first is not None:
            print(f"  first difference: {first}", flush=True)
        different |= first is not None
    sys.exit(different)


if __name__ == "__main__":
    main()
