# SPDX-License-Identifier: Apache-2.0
"""Tables as people have them: read, or refused in a line that says what to do; by check as by run."""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import h5py
from tiny_fleet import ENVIRONMENT, GOLDEN, ROOT, SECONDS, Workspace

CONFIG, DATA, OUTPUT = 2, 3, 5
LETTERS = "abcdefghijklmnopqrstuvwxy"


def write_decoder(folder):
    """GPT-2 (2 x 21) with a token a letter and none around the text; "z" has one beyond the embedding."""
    shutil.copytree(GOLDEN / "gpt2", folder)
    pieces = {piece: number for number, piece in enumerate(["<|endoftext|>", "Ġ", *LETTERS])}
    rows = json.loads((folder / "config.json").read_text())["vocab_size"]
    assert len(pieces) <= rows
    (folder / "vocab.json").write_text(json.dumps({**pieces, "z": rows}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "GPT2Tokenizer"}))


class Tables(Workspace):
    """One device class, backbone "bert" unless another is named, and tables of a test's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_decoder(cls.folder / "gpt2")

    def tables(self, train, test=None, name="own", end="tsv", backbone="bert", **settings):
        """A configuration that reads these tables: bytes or text."""
        paths = []
        for part, content in (("train", train), ("test", train if test is None else test)):
            path = self.folder / f"{name}_{part}.{end}"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(path)
        self.output = self.folder / "tables.h5"
        self.output.unlink(missing_ok=True)
        return self.configure(**{
            "data__train": paths[0], "data__test": paths[1], "fleet__mix": "slow:2", "fleet__links": "slow:thin",
            "fleet__backbones": "slow:small", "backbone__small__path": self.folder / backbone,
            "backbone__large__path": None, "server__epochs": 1, "run__output": self.output, **settings,
        })  # fmt: skip

    def refused(self, config, *words, code=DATA):
        """check and run both refuse it in the same words; gives them."""
        said = []
        for command in ("check", "run"):
            end = self.call(command, config)
            self.assertEqual(end.returncode, code, end.stderr)
            lines = [line for line in end.stderr.splitlines() if line.startswith("fedmobillm")]
            self.assertEqual(len(lines), 1, end.stderr)
            said.append(lines[0].removeprefix(f"fedmobillm {command}: "))
            self.assertFalse(self.output.exists())
        self.assertEqual(*said)
        for word in words:
            self.assertIn(word, said[0])
        self.assertTrue(said[0].isprintable(), repr(said[0]))
        return said[0]

    def read(self, config, samples):
        """check and run both read it; gives what check prints."""
        end = self.good("check", config)
        self.good("run", "--overwrite", config)
        with h5py.File(self.output) as file:
            self.assertEqual(len(file["samples"]), samples)
        return end


class TokensTest(Tables):
    def test_a_text_without_a_token_is_refused_by_line(self):
        for text in ("", "\x01"):  # the second has a letter that the vocabulary does not have
            config = self.tables(f"text\tlabel\na\tx\n{text}\ty\nb\ty\n{text}\tx\n", backbone="gpt2")
            line = self.refused(config, "own_train.tsv:3: the text", "backbone 'small' puts no special token around it")
            self.assertIn("(2 such samples in this file)", line)

    def test_the_test_part_is_checked_too(self):
        config = self.tables("text\tlabel\na\tx\nb\ty\n", "text\tlabel\na\tx\n\ty\n", backbone="gpt2")
        self.refused(config, "own_test.tsv:3: the text is empty")

    def test_a_pair_has_tokens_when_one_of_its_texts_has(self):
        config = self.tables("text\tmore\tlabel\na\t\tx\n\tb\ty\n", backbone="gpt2", data__pair="more")
        self.read(config, 2)
        config = self.tables("text\tmore\tlabel\na\t\tx\n\t\ty\n", backbone="gpt2", data__pair="more")
        self.refused(config, "own_train.tsv:3: the text is empty")

    def test_special_tokens_make_an_empty_text_readable(self):
        end = self.read(self.tables("text\tlabel\nw1\tx\n\ty\n \tx\nw2\ty\n"), 4)
        self.assertIn("own_train.tsv:3: the text has no token but the special ones around it", end.stderr)
        self.assertIn("2 such samples", end.stderr)

    def test_a_token_beyond_the_embedding_is_refused_by_line(self):
        config = self.tables("text\tlabel\na\tx\nab zed\ty\n", backbone="gpt2")
        self.refused(config, "own_train.tsv:3: ", 'token 30 ("z")', "backbone 'small' has 30 rows")

    def test_a_token_type_beyond_the_table_is_refused_by_line(self):
        folder = self.folder / "one_type"
        shutil.copytree(self.folder / "bert", folder)
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "type_vocab_size": 1}))
        config = self.tables("text\tmore\tlabel\nw1\tw2\tx\nw2\tw1\ty\n", backbone="one_type", data__pair="more")
        self.refused(config, "own_train.tsv:2: ", "tokens of type 1", "type_vocab_size")

    def test_every_backbone_that_reads_a_text_is_asked(self):
        config = self.tables(
            "text\tlabel\na\tx\nb\ty\nc\tx\nd\ty\n", "text\tlabel\na\tx\n\ty\n", fleet__mix="slow:2 fast:2",
            fleet__backbones="slow:small fast:large", fleet__links="*:thin",
            backbone__large__path=self.folder / "gpt2",
        )  # fmt: skip
        self.refused(config, "own_test.tsv:3: the text is empty", "backbone 'large'")

    def test_check_says_what_it_read(self):
        end = self.good("check", self.configure(run__output=self.folder / "x.h5"))
        self.assertRegex(end.stdout, r"text +120 training samples, 40 test samples for each of 2 backbones: \d+ tokens")

    def test_regression_has_no_label_to_send(self):
        config = self.tables("text\tlabel\nw1\t1\nw2\t0.5\n", data__classes="1", packet__labels="true")
        self.refused(config, "packet.labels", "data.classes = 1", code=CONFIG)


class FormsTest(Tables):
    ROWS = "w1 w2{0}x\nw3{0}y\nw4{0}x\n"

    def test_what_pandas_writes(self):
        # to_csv() with its index, with capitals, between tabs with fields that need quotation marks
        self.read(self.tables(",text,label\n0,w1 w2,x\n1,w3,y\n", end="csv"), 2)
        self.read(self.tables("text,label\nw1 w2,x\nw3,y\n", end="CSV"), 2)
        quoted = 'text\tlabel\n"w1\nw2"\tx\nw3\ty\n'
        self.refused(self.tables(quoted), "own_train.tsv:2: 1 field", "data.quoting = csv")
        self.read(self.tables(quoted, data__quoting="csv"), 2)

    def test_line_ends_of_carriage_returns_alone(self):
        text = "text\tlabel\n" + self.ROWS.format("\t")
        for end in ("\r", "\r\n"):
            self.read(self.tables(text.replace("\n", end)), 3)
        self.refused(self.tables(text.replace("x\n", "x\r")), "own_train.tsv:2: 3 fields", "carriage return")

    def test_semicolons_tabs_and_json_under_other_names(self):
        semicolons = "text;label\n" + self.ROWS.format(";")
        self.refused(self.tables(semicolons, end="csv"), '"text;label"', "set data.separator = semicolon")
        self.read(self.tables(semicolons, end="csv", data__separator="semicolon"), 3)
        self.refused(self.tables("text\tlabel\nw1\tx\n", end="csv"), "with tabs in it: set data.separator = tab")
        self.refused(self.tables('{"text": "w1", "label": "x"}\n'), "is JSON", "read_json")

    def test_files_that_are_no_text(self):
        text = b"text\tlabel\nw1\tx\nw2\ty\n"
        for content, words in (
            (gzip.compress(text), "is gzip, not text: 'gunzip < FILE > NEW' unpacks it"),
            (b"PAR1" + text, "is parquet, not text: pandas converts it"),
            (b"<!DOCTYPE html>\n<html>", "is a page of HTML"),
            (text.decode().encode("utf-16"), "is text in UTF-16, not text: iconv -f utf-16 -t utf-8"),
            (text.decode().encode("utf-16-le"), "iconv -f utf-16le -t utf-8"),
            (text.decode().encode("utf-32"), "iconv -f utf-32 -t utf-8"),
            (text + b"caf\xe9\tx\n", "own_train.tsv:4: byte 0xE9 is not UTF-8 text (iconv -f latin1"),
            (text + b"w\0\tx\n", "own_train.tsv:4: a NUL byte is not UTF-8 text"),
        ):
            self.refused(self.tables(content), words)

    def test_labels_with_blanks_are_trimmed_and_reported(self):
        end = self.read(self.tables("text\tlabel\nw1\tx\nw2\ty\nw3\tx \nw4\t y\n"), 4)
        self.assertIn('own_train.tsv:4: the blanks around "x "', end.stderr)
        end = self.read(self.tables("text\tlabel\nw1\tx\nw2\ty\nw3\tX\n"), 3)
        self.assertIn('the classes "X" (line 4) and "x" (line 2) differ only in how they are written', end.stderr)


class OutputTest(Tables):
    def full(self, *words):
        with open("/dev/full", "w") as full:
            return subprocess.run(
                self.command(words), cwd=self.folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=SECONDS,
            )  # fmt: skip

    def test_a_full_standard_output_is_said(self):
        config = self.configure(run__output=self.folder / "full.h5")
        for words in (("check", config), ("check", "--print-defaults"), ("run", config), ("--help",)):
            end = self.full(*words)
            self.assertEqual(end.returncode, OUTPUT, end.stderr)
            said = [line for line in end.stderr.splitlines() if " info: " not in line]
            self.assertEqual(len(said), 1, end.stderr)
            self.assertIn("standard output cannot be written", said[0])
        with h5py.File(self.folder / "full.h5") as file:
            self.assertEqual(file["status"]["status"][0], 1)  # finished


CASES = pathlib.Path(os.environ.get("MOBI_SHARED") or ROOT / "../shared").resolve() / "cases/files"


@unittest.skipUnless(CASES.is_dir(), f"{CASES} is not there")
class CasesTest(Workspace):
    """Folders that others had trouble with."""

    def case(self, name, code, words="", command="run"):
        folder = self.folder / name
        shutil.copytree(CASES / name, folder, dirs_exist_ok=True)
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
        end = subprocess.run(
            self.command([command, "run.cfg"]), cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=SECONDS,
        )  # fmt: skip
        self.assertEqual(end.returncode, code, f"{name}: {end.stderr}")
        self.assertIn(words, end.stderr)

    def test_each(self):
        for name, code, words in (
            ("decoder_empty_text", DATA, "train.tsv:8: the text is empty"),
            ("gzip_named_tsv", DATA, "train.tsv: is gzip, not text"),
            ("label_trailing_blank", 0, 'the blanks around "x "'),
            ("pandas_index_column", 0, ""),
            ("tokenizer_beyond_vocabulary", DATA, "token 58"),
            ("tsv_cr_only", 0, ""),
            ("tsv_quoted_newline", DATA, "data.quoting = csv"),
            ("upper_case_extension", 0, ""),
        ):
            for command in ("check", "run"):
                with self.subTest(case=name, command=command):
                    self.case(name, code, words, command)


if __name__ == "__main__":
    unittest.main()
