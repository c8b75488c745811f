# SPDX-License-Identifier: Apache-2.0
"""Makes the golden files of the word-piece tokenizer: a vocabulary of our own and what the tokenizers library
makes of some texts with it.

    pip install tokenizers==0.23.*
    python make_golden.py            # writes bert/, mpnet/ and cased/ beside this file

Each folder has tokenizer.json, vocab.txt, tokenizer_config.json and cases.jsonl: one case a line with special tokens,
`ids_max16` where cutting to 16 ids changes them.
"""
import json
import pathlib

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

LETTERS = list("abcdefghijklmnopqrstuvwxyz")
PIECES = (
    LETTERS
    + ["##" + letter for letter in LETTERS]
    + ["the", "phone", "##phone", "##s", "##ing", "learn", "learns", "side", "network", "un", "##able", "tap", "##ped"]
    + ["A", "B", "The", "##é", "é", "i̇", "ß", "##ß", "##ł", "σ", "ς", "##ς"]
    + list("0123456789") + ["##0", "##1"]
    + list(".,!?'\"-()[]<>/#$&@^_`~") + ["—", "“", "”", "。", "…"]
    + ["中", "文", "字", "한", "ᄒ", "##ᅡ", "##ᆫ", "ア", "##ア", "и", "##и", "α", "##α", "½", "™", "🙂", "##🙂"]
)

TEXTS = [
    "",
    " ",
    "the phone learns",
    "The Phones, tapped & untapped: learning!",
    "  tabs\tand\nlines\r\nand  blanks ",
    "phonephonephones unable tapping",
    "don't stop-the side_network (now) [ok] <b>",
    "café CAFÉ cafe\u0301 naïve Ångström",
    "İstanbul ISPARTA ısı",
    "Σίσυφος ΣΑΣ α",
    "straße ŁÓDŹ łódź",
    "中文字and中 文",
    "한글 한 \u1112\u1161\u11ab",
    "アパート ア ｱ",
    "й и\u0306 и",
    "½ ™ 🙂 a🙂 👨\u200d👩\u200d👧",
    "a\u0000b\u0001c\ufffdd\u007fe\u0085f",
    "zero\u200bwidth\u200djoin\ufeffbom\u00adsoft",
    "nb\u00a0space\u2003em\u3000wide\u2028line",
    "a" * 100,
    "a" * 101,
    "é" * 100 + " " + "é" * 101,
    "e\u0301" * 101,
    "a [SEP] b [MASK]c[CLS]",
    "a [sep] [Mask] [ MASK ]",
    "a <s> b </s> c <mask> d <MASK> <unk> <UNK> [UNK] <pad>",
    "  <mask>  [MASK]  ",
    "a\u1885b a\u1734b a\ua9bdb a\U000111c9b a\u166db",
    "a\u0890b a\u0d00b a\u061db a\U0001f970b a\ue000b a\u0378b",
    "a\u0315\u0300\u05ae\u0300b q\u0323\u0307 q\u0307\u0323",
    "\u1e69 s\u0323\u0307 ﬁ ﬀ Ǆ",
    "“quoted” — dash… 。",
    "0123 10 1,000.00 $5 #1 @a ~`^",
    "a" * 40 + "." + "b" * 40,
    "lone surrogate-free \U0010fffd plane \U000e0001 tag",
    "\U00020000\U0002b820\U0002b920 \u3400\u2e80\u3040",
]

LONG = "the side network learns the phone the side network learns the phone the side network"
PAIRS = [
    ("the phone", "the network learns"),
    ("", ""),
    ("", "the phone"),
    ("the phone", ""),
    (LONG, "the phone"),
    ("the phone", LONG),
    (LONG, LONG),
    (LONG, LONG + " learns"),
    (LONG + " learns", LONG),
    ("a b c d e f", "a b c d e f g"),
    ("a b c d e f g", "a b c d e f"),
    ("a b c d e f g h", "a b c d e f"),
    ("a b c d e f g", "a b c d e f g"),
    ("café [SEP] b", "中文 <mask> </s>"),
]


def special(content, **options):
    return AddedToken(content, special=True, normalized=options.pop("normalized", False), **options)


def bert(vocab, lowercase):
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([special(t) for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])],
    )
    return tokenizer


def mpnet(vocab):
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(
        [special(t) for t in ("<s>", "<pad>", "</s>")]
        + [special("<unk>", normalized=True), special("[UNK]"), special("<mask>", lstrip=True)]
    )
    tokenizer.post_processor = processors.RobertaProcessing(
        sep=("</s>", vocab["</s>"]), cls_token=("<s>", vocab["<s>"]), add_prefix_space=False
    )
    return tokenizer


def case(tokenizer, name, text, pair=None):
    tokenizer.no_truncation()
    whole = tokenizer.encode(text, pair)
    line = {"case": name, "text": text}
    if pair is not None:
        line["pair"] = pair
    line |= {"ids": whole.ids, "type_ids": whole.type_ids}
    tokenizer.enable_truncation(16, strategy="longest_first")
    cut = tokenizer.encode(text, pair).ids
    tokenizer.no_truncation()
    if cut != whole.ids:
        line["ids_max16"] = cut
    return line


def write(folder, tokenizer, vocab, config):
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("".join(piece + "\n" for piece in vocab), encoding="utf-8", newline="\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "tokenizer.json").write_text(tokenizer.to_str() + "\n", encoding="utf-8")
    lines = [case(tokenizer, f"text_{i:02}", text) for i, text in enumerate(TEXTS)]
    lines += [case(tokenizer, f"pair_{i:02}", *pair) for i, pair in enumerate(PAIRS)]
    (folder / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def main():
    here = pathlib.Path(__file__).parent
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    for name, lowercase in (("bert", True), ("cased", False)):
        vocab = {piece: i for i, piece in enumerate(dict.fromkeys(names + PIECES))}
        config = {"tokenizer_class": "BertTokenizer", "do_lower_case": lowercase, "strip_accents": None}
        write(here / name, bert(vocab, lowercase), vocab, config)
    names = ["<s>", "<pad>", "</s>", "<unk>", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys(names + PIECES + ["<mask>"]))}
    config = {"tokenizer_class": "MPNetTokenizer", "do_lower_case": True, "cls_token": "<s>", "mask_token": "<mask>"}
    write(here / "mpnet", mpnet(vocab), vocab, config)


if __name__ == "__main__":
    main()
