# SPDX-License-Identifier: Apache-2.0
"""Makes the golden files of the byte-pair tokenizers: small vocabularies trained on the text below, and what
transformers makes of some texts with them.

    pip install tokenizers==0.23.* transformers==5.*
    python make_golden.py            # writes one folder per kind beside this file

gpt2, opt           vocab.json, merges.txt, config.json
roberta             the same and tokenizer.json
qwen2, llama3       tokenizer.json: byte level, their own patterns; NFC; ignore_merges
llama               tokenizer.json: byte fallback, blanks made by the normalizer
metaspace           tokenizer.json: byte fallback, blanks made by the pre-tokenizer, `<unk>` fused
llama2c             tokenizer.bin, encoded by the rules of llama2.c's run.c written down below

cases.jsonl has a case a line, with special tokens: `ids`, `type_ids` where not all are 0, `ids_max16` where cutting to
16 ids changes them, `decoded` where ids give another text back (which special tokens do) without U+FFFD in it.
"""
import json
import pathlib
import struct

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import GPT2Tokenizer, PreTrainedTokenizerFast, RobertaTokenizer

CORPUS = [
    "The phone learns while its owner sleeps, and the side network learns what the phone has seen.",
    "A phone's battery isn't large: they'll stop the training when it's low, and we've seen it stop at 20%.",
    "In 2024 the server had 1024 devices; in 2025 it had 4096 devices, 16 links and 3 kinds of phone.",
    "The network taps the layers of the backbone. The backbone stays frozen; the side network is trained.",
    "Größe und Länge, café au lait, naïve coöperation: die Größe der Länge, les cafés.",
    "Телефон учится, пока его владелец спит. Сервер учит боковую сеть.",
    "2024 2024 2024 2024 2025 2025 1024 1024 1024 1024 20 20 20 20 20 10 10 10 4096 4096 4096",
    "手机在主人睡觉时学习。服务器训练侧网络。手机学习。",
    "for (int i = 0; i < 10; ++i) {\n    sum += i;\n}\n\nreturn sum;\n",
] * 3

TEXTS = [
    "",
    " ",
    "  ",
    "   \t \n  ",
    "the phone learns",
    " the phone learns ",
    "The Phones' batteries aren't low: they'll, we've, I'm, he'd, you're, it's",
    "IT'S they'LL We'Ve 'S 'x 'ſ l'l '",
    "  tabs\tand\nlines\r\nand   blanks\n\n\n  x\n ",
    "\n\nfor (int i = 0; i < 10; ++i)\n    sum += i;  // 12345",
    "1 12 123 1234 12345678901 2024 120241024 3.14 1,000 ½ ² Ⅷ ٣٤ 1a2b",
    "café cafe\u0301 Größe \u212b \u1e9b\u0323 e\u0323\u0301",
    "Телефон учится",
    "手机学习。 中 文",
    "🙂 👨\u200d👩\u200d👧 🏳️\u200d🌈",
    "a\u0000b\u0001c\u007fd\u0085e\u00a0f\u2003g\u3000h\u2028i\u200bj\ufeffk",
    "!!! ... -- a-b_c/d#e @f $5 50%",
    "x" * 40,
    "한글 ไทย עברית العربية हिन्दी",
    "</s> <s> <unk> <pad> <mask> <|endoftext|>",
    "a  <mask>  b <mask>",
    "<|im_start|>user\nthe phone<|im_end|>\n",
    "<s><s>the</s>the  phone</s>  ",
    "▁the ▁▁ phone▁",
    "<0x41><0x0A>",
    "\U0010fffd\ue000\u0378",
    "the\u00a0phone \u00a0the",
]

PAIRS = [
    ("the phone", "the network learns"),
    ("", "the phone"),
    ("<s>the</s>", " 手机  the"),
    ("the side network is trained and the backbone stays frozen", "the phone"),
    ("the phone", "the side network is trained and the backbone stays frozen"),
    ("the side network is trained and stays", "the side network is trained and the backbone"),
]

LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_PATTERN = LLAMA3_PATTERN.replace("{1,3}", "")


def special(content, **options):
    return AddedToken(content, special=True, normalized=False, **options)


def train(tokenizer, first, size, alphabet):
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=first, initial_alphabet=alphabet, show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())["model"]


def byte_level(first, words, normalizer=None, size=330, trained_on=None, **options):
    """A trained byte-level tokenizer: `words` is the pre-tokenizer, `first` are the tokens with ids from 0 on.  Trained
    on the words of another one, it has merges that its own words must not reach."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = trained_on or words
    model = train(tokenizer, first, size, pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(model["vocab"], [tuple(merge) for merge in model["merges"]], **options))
    made.pre_tokenizer = words
    made.decoder = decoders.ByteLevel()
    if normalizer is not None:
        made.normalizer = normalizer
    return made


def split(pattern):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def template(bos, id_of_bos):
    return processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, id_of_bos)]
    )


def sentence_pieces(bytes_too, size, **options):
    """A trained tokenizer of characters, U+2581 for blanks."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    first = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256) if bytes_too]
    model = train(tokenizer, first, size, [])
    model["merges"] = [tuple(merge) for merge in model["merges"]]
    return Tokenizer(models.BPE(model["vocab"], model["merges"], unk_token="<unk>", **options))


def case(backend, name, text, pair):
    """What transformers makes of a text or a pair, None where there is none."""
    whole = backend(text, pair, return_token_type_ids=True)
    ids = whole["input_ids"]
    line = {"case": name, "text": text}
    if pair is not None:
        line["pair"] = pair
    line["ids"] = ids
    if any(whole["token_type_ids"]):
        line["type_ids"] = whole["token_type_ids"]
    cut = backend(text, pair, truncation="longest_first", max_length=16)["input_ids"]
    if cut != ids:
        line["ids_max16"] = cut
    if pair is None:
        decoded = backend.decode(ids, clean_up_tokenization_spaces=False)
        if decoded != text and "\ufffd" not in decoded:
            line["decoded"] = decoded
    return line


def write_cases(folder, backend):
    lines = [case(backend, f"text_{i:02}", text, None) for i, text in enumerate(TEXTS)]
    lines += [case(backend, f"pair_{i:02}", *pair) for i, pair in enumerate(PAIRS)]
    (folder / "cases.jsonl").write_text(
        "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines), encoding="utf-8"
    )


def write_vocabulary(folder, tokenizer, model_type):
    folder.mkdir(exist_ok=True)
    model = json.loads(tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False) + "\n", encoding="utf-8")
    lines = ["#version: 0.2"] + [" ".join(merge) for merge in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}) + "\n")
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def write_json(folder, tokenizer):
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(tokenizer.to_str() + "\n", encoding="utf-8")
    return PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))


def write_gpt2(folder):
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocabulary = write_vocabulary(folder, byte_level(["<|endoftext|>"], words), "gpt2")
    write_cases(folder, GPT2Tokenizer(*vocabulary))


def write_roberta_and_opt(roberta, opt):
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = byte_level(names, pre_tokenizers.ByteLevel(add_prefix_space=False))
    vocabulary = write_vocabulary(roberta, tokenizer, "roberta")
    tokenizer.add_special_tokens([special(name) for name in names[:4]] + [special("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    write_json(roberta, tokenizer)
    write_cases(roberta, RobertaTokenizer(*vocabulary, mask_token=special("<mask>", lstrip=True)))
    vocabulary = write_vocabulary(opt, tokenizer, "opt")
    end = {f"{name}_token": "</s>" for name in ("bos", "eos", "unk")}
    write_cases(opt, GPT2Tokenizer(*vocabulary, **end, pad_token="<pad>", add_bos_token=True))


def write_qwen2(folder):
    tokenizer = byte_level([], split(QWEN2_PATTERN), normalizers.NFC(), trained_on=split(LLAMA3_PATTERN))
    tokenizer.add_special_tokens([special(name) for name in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    tokenizer.add_tokens([AddedToken("<tool>", normalized=True)])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False)
    write_cases(folder, write_json(folder, tokenizer))


def write_llama3(folder):
    # More merges than are written: pieces that only ignore_merges reaches.
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    full = json.loads(byte_level([], split(LLAMA3_PATTERN), size=345, trained_on=words).to_str())["model"]
    merges = [tuple(merge) for merge in full["merges"] if len(merge[0] + merge[1]) != 3]
    made = [left + right for left, right in merges]
    merges = [m for m in merges if all(len(part) == 1 or part in made for part in m)]
    tokenizer = Tokenizer(models.BPE(full["vocab"], merges, ignore_merges=True))
    tokenizer.pre_tokenizer = split(LLAMA3_PATTERN)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([special("<|begin_of_text|>"), special("<|endoftext|>")])
    bos = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence(
        [processors.ByteLevel(trim_offsets=False), template("<|begin_of_text|>", bos)]
    )
    write_cases(folder, write_json(folder, tokenizer))


def write_llama(folder):
    tokenizer = sentence_pieces(True, 420, byte_fallback=True, fuse_unk=True)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([special(name) for name in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = template("<s>", 1)
    write_cases(folder, write_json(folder, tokenizer))
    return json.loads(tokenizer.to_str())["model"]


def write_metaspace(folder):
    tokenizer = sentence_pieces(False, 170, fuse_unk=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([special(name) for name in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = template("<s>", 1)
    write_cases(folder, write_json(folder, tokenizer))


def llama2c_ids(pieces, scores, text):
    """The rules of encode() in https://github.com/karpathy/llama2.c/blob/master/run.c."""
    ids = [1] + ([pieces[" "]] if text else [])
    for character in text:
        ids += [pieces[character]] if character in pieces else [byte + 3 for byte in character.encode()]
    names = {id: piece for piece, id in pieces.items()}
    while True:
        best = None
        for place in range(len(ids) - 1):
            whole = pieces.get(names.get(ids[place], "\0") + names.get(ids[place + 1], "\0"))
            if whole is not None and (best is None or scores[whole] > best[0]):
                best = scores[whole], place, whole
        if best is None:
            return ids
        ids[best[1] : best[1] + 2] = [best[2]]


def write_llama2c(folder, model):
    """The vocabulary of `llama` with a score by rank; pieces of characters alone come last."""
    folder.mkdir(exist_ok=True)
    merged = [(left + right).replace("▁", " ") for left, right in model["merges"]]
    letters = [piece.replace("▁", " ") for piece, id in model["vocab"].items() if id >= 259 and len(piece) == 1]
    tokens = [("<unk>", 0.0), ("\n<s>\n", 0.0), ("\n</s>\n", 0.0)] + [(f"<0x{byte:02X}>", 0.0) for byte in range(256)]
    tokens += [(piece, -float(rank)) for rank, piece in enumerate(dict.fromkeys(merged))]
    tokens += [(piece, -1000.0) for piece in letters]
    data = struct.pack("<i", max(len(piece.encode()) for piece, _ in tokens))
    for piece, score in tokens:
        data += struct.pack("<fi", score, len(piece.encode())) + piece.encode()
    (folder / "tokenizer.bin").write_bytes(data)
    pieces = {piece: id for id, (piece, _) in enumerate(tokens) if id >= 259}
    scores = [score for _, score in tokens]
    with open(folder / "cases.jsonl", "w", encoding="utf-8") as file:
        for i, text in enumerate(TEXTS):
            line = {"case": f"text_{i:02}", "text": text, "ids": llama2c_ids(pieces, scores, text)}
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


def main():
    here = pathlib.Path(__file__).parent
    write_gpt2(here / "gpt2")
    write_roberta_and_opt(here / "roberta", here / "opt")
    write_qwen2(here / "qwen2")
    write_llama3(here / "llama3")
    write_llama2c(here / "llama2c", write_llama(here / "llama"))
    write_metaspace(here / "metaspace")


if __name__ == "__main__":
    main()
