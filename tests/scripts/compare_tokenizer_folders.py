#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares our ids with those of transformers' AutoTokenizer on random folders whose files disagree.

For every family, folders are made of a random choice of tokenizer.json, vocab.txt or vocab.json with merges.txt,
tokenizer_config.json, special_tokens_map.json, added_tokens.json and config.json, which say the same things in
different ways: class, clean-up, blanks, special and added tokens with all their switches, ids with gaps and
collisions. Each is to be equal, or refused with a line that names a file. What transformers cannot load or encode
is counted apart: we may read it or not.

Needs transformers 5 and the built program:  compare_tokenizer_folders.py --folders 1000
Exit code 0 when no folder is different in silence.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "critical")

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = ["hello", "Hello", "my", "shot", "naïve", "na\u0131ve", "ÉCOLE", "x", "y", "ab", "lo", "中文", "don't", "1234"]
BLANKS = ["", " ", " ", " ", "  ", "\u00a0", "\n"]
NEW = ["xyx", "[ENT]", "<|user|>", "<|pad|>", "ent", "New Tok", "Ünï", "ABC", "<extra_0>", " lead", "中", "x-y", "@@"]
KNOWN = ["hello", "Hello", "x", "##x", "ab", "lo", "[", "na"]
CASE_SWITCHES = ["do_lower_case", "tokenize_chinese_chars", "strip_accents"]
NAMES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]


class Family:
    """What a family's folders have in common."""

    def __init__(self, model_types, classes, special, word_piece=False, files=True):
        self.model_types, self.classes, self.special = model_types, classes, special
        self.word_piece, self.files = word_piece, files  # files: a vocabulary can do without tokenizer.json


BERT = dict(unk="[UNK]", sep="[SEP]", pad="[PAD]", cls="[CLS]", mask="[MASK]")
ROBERTA = dict(bos="<s>", eos="</s>", unk="<unk>", sep="</s>", pad="<pad>", cls="<s>", mask="<mask>")
END = "<|endoftext|>"
FAMILIES = {
    "bert": Family(["bert", "bert", "electra", "visual_bert", "nystromformer"],
                   ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer"], BERT, word_piece=True),
    "mpnet": Family(["mpnet"], ["MPNetTokenizer", "MPNetTokenizerFast"], {**ROBERTA, "unk": "[UNK]"}, word_piece=True),
    "gpt2": Family(["gpt2", "gpt2", "phi", "gpt_bigcode", "granite"], ["GPT2Tokenizer", "GPT2TokenizerFast"],
                   dict(bos=END, eos=END, unk=END)),
    "opt": Family(["opt"], ["GPT2Tokenizer"], dict(bos="</s>", eos="</s>", unk="</s>", pad="<pad>")),
    "roberta": Family(["roberta", "roberta", "bart", "lilt", "xlm-roberta-xl"],
                      ["RobertaTokenizer", "RobertaTokenizerFast"], ROBERTA),
    "qwen2": Family(["qwen2", "qwen2", "qwen3", "qwen3_5"], ["Qwen2Tokenizer", "Qwen2TokenizerFast"],
                    dict(eos=END, pad=END, unk=END)),
    "llama3": Family(["llama", "llama", "mistral", "smolvlm"], ["PreTrainedTokenizerFast", "LlamaTokenizerFast"],
                     dict(bos="<|begin|>", eos="<|end|>"), files=False),
    "llama2": Family(["llama", "llama", "mistral", "persimmon"], ["LlamaTokenizer", "LlamaTokenizerFast"],
                     dict(bos="<s>", eos="</s>", unk="<unk>"), files=False),
}


def byte_alphabet():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(rest))]


class Folder:
    """Draws the files of one folder."""

    def __init__(self, name, family, draw):
        self.name, self.family, self.draw = name, family, draw
        self.files = {}
        self.spelled = set()
        self.vocabulary, self.merges = self.base_vocabulary()

    def chance(self, share):
        return self.draw.random() < share

    def base_vocabulary(self):
        special = list(dict.fromkeys(self.family.special.values()))
        if self.chance(0.1):
            special.remove(self.draw.choice(special))
        if self.family.word_piece:
            pieces = "my shot hello Hello na ##ive naive naïve x ##x ##y y [ ] ent 中 ##文 文 a b ##b 中文 e ##c lo c".split()
            return special + pieces, []
        if self.name == "llama2":
            pieces = special + [f"<0x{byte:02X}>" for byte in range(256)]
            pieces += list("▁helomyxab") + ["▁h", "he", "ll", "▁he", "hell", "ello", "▁m", "▁my"]
            pairs = [("▁", "h"), ("h", "e"), ("l", "l"), ("▁", "he"), ("he", "ll"), ("▁", "m"), ("▁m", "y")]
            pieces.append("▁he")
            return list(dict.fromkeys(pieces)), [pair for pair in pairs if "".join(pair) in pieces]
        pairs = [("Ġ", "h"), ("h", "e"), ("l", "l"), ("Ġ", "he"), ("H", "e"), ("He", "ll"), ("l", "o"), ("a", "b"),
                 ("1", "2"), ("12", "3")]
        pieces = byte_alphabet() + ["".join(pair) for pair in pairs]
        return (special + pieces if self.chance(0.5) else pieces + special), pairs

    def content(self):
        kind = self.draw.random()
        if kind < 0.55:
            text = self.draw.choice(NEW)
        elif kind < 0.75:
            text = self.draw.choice(KNOWN)
        else:
            text = self.draw.choice(list(self.family.special.values()))
        self.spelled.add(text)
        return text

    def added(self, content=None, complete=False):
        token = {"content": content or self.content()}
        for key, share in (("lstrip", 0.2), ("rstrip", 0.2), ("single_word", 0.15), ("normalized", 0.4), ("special", 0.5)):
            if complete or self.chance(0.8):
                token[key] = self.chance(share)
        return token

    def ids(self, count):
        """Ids for new tokens: the next ones, with gaps, or of pieces."""
        size = len(self.vocabulary)
        kind = self.draw.random()
        if kind < 0.6:
            return [size + i for i in range(count)]
        if kind < 0.85:
            return self.draw.sample(range(size, size + 20), count)
        return self.draw.sample(range(size + 5), count)

    def names(self):
        """Special tokens by name: as the family has them, mostly."""
        stated = {}
        for name in NAMES:
            usual = self.family.special.get(name.removesuffix("_token"))
            if not self.chance(0.5 if usual else 0.1):
                continue
            kind = self.draw.random()
            content = usual if usual and kind < 0.7 else self.content()
            stated[name] = None if kind > 0.93 else content
        return stated

    def map_of_names(self):
        """As special_tokens_map.json has them: texts or objects."""
        names = self.names()
        return {
            name: self.added(content) if content is not None and self.chance(0.3) else content
            for name, content in names.items()
        }

    def config(self):
        config = {}
        if self.chance(0.7):
            others = ["PreTrainedTokenizerFast", "BertTokenizer", "GPT2Tokenizer", "RobertaTokenizer", "OPTTokenizer"]
            config["tokenizer_class"] = self.draw.choice(self.family.classes if self.chance(0.85) else others)
        for key in CASE_SWITCHES if self.family.word_piece else ["add_prefix_space", "add_bos_token", "add_eos_token"]:
            if self.chance(0.4):
                config[key] = self.chance(0.5)
        if self.chance(0.1):
            config[self.draw.choice([*CASE_SWITCHES, "add_prefix_space", "add_bos_token", "legacy"])] = self.draw.choice(
                [None, True, False]
            )
        for key, value in (("model_max_length", 8), ("trim_offsets", False), ("clean_up_tokenization_spaces", True),
                           ("errors", "replace"), ("legacy", True), ("padding_side", "left")):
            if self.chance(0.15):
                config[key] = value
        if self.chance(0.7):
            for name, content in self.names().items():
                as_object = content is not None and self.chance(0.2)
                config[name] = {"__type": "AddedToken", **self.added(content)} if as_object else content
        if self.chance(0.35):
            count = self.draw.randint(1, 4)
            config["added_tokens_decoder"] = {str(i): self.added(complete=True) for i in self.ids(count)}
        if self.chance(0.25):
            config[self.draw.choice(["additional_special_tokens", "extra_special_tokens"])] = self.extra()
        if self.chance(0.1):
            config["image_token"] = self.content()
        if self.chance(0.05):
            config["audio_token"] = self.content()
        return config

    def extra(self):
        kind = self.draw.random()
        if kind < 0.1:
            return None
        if kind < 0.2:
            return {"video_token": self.content()}
        return [self.content() for _ in range(self.draw.randint(0, 3))]

    def tokenizer_json(self):
        family, vocabulary = self.family, self.vocabulary
        special = {name: vocabulary.index(token) for name, token in family.special.items() if token in vocabulary}
        added = [{"id": i, **self.added(vocabulary[i], complete=True)} for i in sorted(set(special.values()))
                 if self.chance(0.8)]
        count = self.draw.randint(0, 3)
        added += [{"id": i, **self.added(complete=True)} for i in self.ids(count)]
        frame = None
        cls, sep = special.get("cls", special.get("bos")), special.get("sep", special.get("eos"))
        ids = {i: vocabulary[i] for i in (cls, sep) if i is not None}
        if family.word_piece or self.name == "roberta":
            kind = "BertProcessing" if self.name == "bert" else "RobertaProcessing"
            if cls is not None and sep is not None and self.chance(0.9):
                frame = {"type": kind, "sep": [vocabulary[sep], sep], "cls": [vocabulary[cls], cls]}
                if kind == "RobertaProcessing":
                    frame |= {"trim_offsets": True, "add_prefix_space": False}
        elif ids and self.chance(0.6):
            parts = [{"SpecialToken": {"id": vocabulary[i], "type_id": 0}} for i in list(ids)[:1]]
            single = parts + [{"Sequence": {"id": "A", "type_id": 0}}]
            pair = single + [{"Sequence": {"id": "B", "type_id": 1}}]
            tokens = {vocabulary[i]: {"id": vocabulary[i], "ids": [i], "tokens": [vocabulary[i]]} for i in ids}
            frame = {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens}
        else:
            frame = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
        return {
            "version": "1.0", "truncation": None, "padding": self.padding(), "added_tokens": added,
            **self.pipeline(), "post_processor": frame, "decoder": None, "model": self.model(),
        }

    def padding(self):
        if not self.chance(0.15):
            return None
        return {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                "pad_type_id": 0, "pad_token": self.content()}

    def pipeline(self):
        switch = lambda: self.chance(0.5)
        if self.family.word_piece:
            normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": switch(),
                          "strip_accents": self.draw.choice([None, None, True, False]), "lowercase": switch()}
            return {"normalizer": normalizer if self.chance(0.95) else None,
                    "pre_tokenizer": {"type": "BertPreTokenizer"}}
        byte_level = {"type": "ByteLevel", "add_prefix_space": switch(), "trim_offsets": True, "use_regex": True}
        if self.name == "llama2":
            if switch():
                return {"normalizer": {"type": "Sequence", "normalizers": [
                    {"type": "Prepend", "prepend": "▁"},
                    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}, "pre_tokenizer": None}
            scheme = self.draw.choice(["first", "always", "never"])
            return {"normalizer": None, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁",
                                                          "prepend_scheme": scheme, "split": switch()}}
        if self.name in ("llama3", "qwen2"):
            digits = r"\p{N}{1,3}" if self.name == "llama3" else r"\p{N}"
            pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|" + digits +
                       r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
            split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
            last = {**byte_level, "add_prefix_space": False, "use_regex": False}
            return {"normalizer": {"type": "NFC"} if self.name == "qwen2" else None,
                    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, last]}}
        return {"normalizer": None, "pre_tokenizer": byte_level}

    def model(self):
        vocab = {piece: i for i, piece in enumerate(self.vocabulary)}
        if self.family.word_piece:
            return {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                    "max_input_chars_per_word": self.draw.choice([100, 100, 100, 4]), "vocab": vocab}
        llama2 = self.name == "llama2"
        return {"type": "BPE", "dropout": None, "unk_token": "<unk>" if llama2 and "<unk>" in vocab else None,
                "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": llama2,
                "byte_fallback": llama2, "ignore_merges": self.chance(0.3) and not llama2, "vocab": vocab,
                "merges": [" ".join(pair) for pair in self.merges]}

    def fill(self):
        has_json = not self.family.files or self.chance(0.6)
        if has_json:
            self.files["tokenizer.json"] = self.tokenizer_json()
        if self.family.files and (not has_json or self.chance(0.4)):
            pieces = list(self.vocabulary)
            if has_json and self.chance(0.3):
                self.draw.shuffle(pieces)
            if self.family.word_piece:
                self.files["vocab.txt"] = "\n".join(pieces) + "\n"
            else:
                self.files["vocab.json"] = {piece: i for i, piece in enumerate(pieces)}
                self.files["merges.txt"] = "#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in self.merges)
        if self.chance(0.75):
            self.files["tokenizer_config.json"] = self.config()
        elif self.name == "opt" and not has_json:
            self.files["tokenizer_config.json"] = {}  # without it we give OPT its published tokens
        if self.chance(0.4):
            stated = self.map_of_names()
            if self.chance(0.2):
                stated[self.draw.choice(["additional_special_tokens", "extra_special_tokens"])] = [self.content()]
            if self.chance(0.05):
                stated["image_token"] = self.content()
            self.files["special_tokens_map.json"] = stated
        if self.chance(0.4):
            contents = list(dict.fromkeys(self.content() for _ in range(self.draw.randint(1, 4))))
            self.files["added_tokens.json"] = dict(zip(contents, self.ids(len(contents))))
        if self.chance(0.95):
            config = {"model_type": self.draw.choice(self.family.model_types)}
            if self.chance(0.05):
                config["tokenizer_class"] = self.draw.choice(self.family.classes)
            self.files["config.json"] = config

    def texts(self):
        spelled = [*self.spelled, *self.family.special.values()]
        for _ in range(8):
            parts = []
            for _ in range(self.draw.randint(1, 7)):
                parts += [self.draw.choice(WORDS if self.chance(0.5) else spelled), self.draw.choice(BLANKS)]
            yield "".join(parts)

    def write(self, path):
        path.mkdir()
        for name, content in self.files.items():
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=self.chance(0.5))
            (path / name).write_text(text, encoding="utf-8")


def expected(path, texts):
    """Lines of cases as AutoTokenizer has them; raises what it raises."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(path), local_files_only=True)
    for i, text in enumerate(texts):
        pair = texts[0] if i == 1 else None
        whole = tokenizer(text, pair, return_token_type_ids=True, verbose=False)
        line = {"case": i, "text": text, "ids": whole["input_ids"], "type_ids": whole["token_type_ids"]}
        yield line if pair is None else {**line, "pair": pair}


def names_a_file(message):
    return re.search(r"\.(json|txt)\b", message) is not None


def compare(name, arguments, parent):
    draw = random.Random(f"{arguments.seed} {name}")
    unloadable = {}
    for number in range(arguments.folders):
        folder = Folder(name, FAMILIES[name], draw)
        folder.fill()
        path = parent / f"{number:05}"
        folder.write(path)
        texts = list(folder.texts())
        try:
            lines = list(expected(path, texts))
        except BaseException as problem:  # the library's panics are no Exceptions
            if isinstance(problem, KeyboardInterrupt):
                raise
            unloadable[path.name] = f"{type(problem).__name__}: {problem}".split("\n")[0]
            lines = [{"case": 0, "text": text, "ids": []} for text in texts[:1]]
        (path / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    end = subprocess.run([arguments.program, "verify", parent, "--tokenizer", "cases.jsonl", "--each"],
                         capture_output=True, text=True)
    verdicts = dict(line.split("\t", 1) for line in end.stdout.splitlines())
    if len(verdicts) != arguments.folders:
        sys.exit(f"{name}: {len(verdicts)} of {arguments.folders} folders compared; {end.stderr}")
    return verdicts, unloadable


def report(name, verdicts, unloadable, show):
    counts, refusals = collections.Counter(), collections.Counter()
    different = []
    for number, verdict in verdicts.items():
        refused = verdict.startswith("refused: ")
        if refused:
            refusals[re.sub(r'"[^"]*"|\d+|\S*/', "..", verdict.removeprefix("refused: "))[:150]] += 1
        if number in unloadable:
            counts["transformers fails, refused" if refused else "transformers fails, read"] += 1
        elif verdict == "equal":
            counts["equal"] += 1
        elif refused and names_a_file(verdict):
            counts["refused"] += 1
        else:
            counts["DIFFERENT"] += 1
            different.append((number, verdict))
    for message, count in refusals.most_common(show):
        print(f"  {name}: {count} x {message}")
    for number, verdict in different[:show]:
        print(f"  {name}: folder {number}: {verdict}")
    return counts


COLUMNS = ["equal", "refused", "transformers fails, refused", "transformers fails, read", "DIFFERENT"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/src/app/fedmobillm")
    parser.add_argument("--folders", type=int, default=1000, help="of each family (1000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="families, separated by commas")
    parser.add_argument("--show", type=int, default=5, help="messages and differences of each family (5)")
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder to keep the folders in")
    arguments = parser.parse_args()
    chosen = [name for name in FAMILIES if not arguments.only or name in arguments.only.split(",")]
    table, different = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        for name in chosen:
            start = time.monotonic()
            parent = (arguments.keep or pathlib.Path(scratch)) / name
            parent.mkdir(parents=True)
            counts = report(name, *compare(name, arguments, parent), arguments.show)
            table.append((name, counts))
            different += counts["DIFFERENT"]
            print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    print("\n" + " | ".join(["family", "folders", *COLUMNS]))
    for name, counts in table:
        print(" | ".join(str(cell) for cell in [name, sum(counts.values()), *(counts[column] for column in COLUMNS)]))
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
