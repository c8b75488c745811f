# SPDX-License-Identifier: Apache-2.0
"""`fedmobillm verify`: what a user runs after converting a model."""
import json
import re
import shutil
import unittest

import numpy as np

from errors_test import read_safetensors, write_safetensors
from tiny_fleet import GOLDEN, ROOT, Workspace

TOKENIZERS = ROOT / "tests/golden/word_piece"
BYTE_PAIRS = ROOT / "tests/golden/byte_pair"


class VerifyTest(Workspace):
    def changed_reference(self, name, factor):
        """The BERT reference with one float tensor multiplied by a number: its path."""
        path = self.folder / "changed.safetensors"
        header, rest = read_safetensors(GOLDEN / "bert/reference.safetensors")
        self.assertEqual(header[name]["dtype"], "F32")
        first, last = header[name]["data_offsets"]
        values = np.frombuffer(rest[first:last], "<f4") * np.float32(factor)
        write_safetensors(path, header, rest[:first] + values.tobytes() + rest[last:])
        return path

    def test_a_right_reference_is_ok(self):
        for name in ("bert", "mpnet"):
            with self.subTest(name):
                end = self.good("verify", GOLDEN / name, GOLDEN / name / "reference.safetensors")
                errors = [float(text) for text in re.findall(r"^\S+ +(\d\S+)$", end.stdout, re.M)]
                self.assertGreaterEqual(len(errors), 3, end.stdout)
                self.assertLess(max(errors), 1e-4)
                self.assertRegex(end.stdout.splitlines()[-1], r"^largest error \S+, tolerance 1e-04: ok$")

    def test_a_wrong_reference_is_not(self):
        header, _ = read_safetensors(GOLDEN / "bert/reference.safetensors")
        name = sorted(name for name in header if name.startswith("hidden."))[-1]
        end = self.call("verify", GOLDEN / "bert", self.changed_reference(name, 1.001))
        self.assertEqual(end.returncode, 1, end.stdout + end.stderr)
        self.assertRegex(end.stdout, rf"{re.escape(name)} +\S+   above the tolerance\n")
        self.assertRegex(end.stdout.splitlines()[-1], "NOT EQUAL$")
        self.assertEqual(end.stdout.count("above the tolerance"), 1)
        self.good("verify", GOLDEN / "bert", self.changed_reference(name, 1.001), "--tolerance", "0.01")

    def test_other_weights_are_not_equal(self):
        shutil.copytree(GOLDEN / "bert", self.folder / "other")
        file = self.folder / "other/model.safetensors"
        header, rest = read_safetensors(file)
        name = next(name for name in header if name.endswith("layer.0.output.dense.weight"))
        first, last = header[name]["data_offsets"]
        write_safetensors(file, header, rest[:first] + bytes(last - first) + rest[last:])
        end = self.call("verify", self.folder / "other", GOLDEN / "bert/reference.safetensors")
        self.assertEqual(end.returncode, 1, end.stdout + end.stderr)

    def test_coarse_arithmetic_fails_the_tolerance_of_fp32(self):
        end = self.call("verify", GOLDEN / "bert", GOLDEN / "bert/reference.safetensors", "--dtype", "bf16")
        self.assertEqual(end.returncode, 1, end.stdout + end.stderr)

    def test_rounded_weights_report_what_they_cost(self):
        worst = []
        for precision in ("fp16", "int8", "int4"):
            end = self.good("verify", GOLDEN / "bert", GOLDEN / "bert/reference.safetensors", "--weight-dtype", precision)
            last = re.fullmatch(rf"largest error (\S+) with {precision} weights", end.stdout.splitlines()[-1])
            worst.append(float(last[1]))
        self.assertEqual(worst, sorted(worst))
        self.assertGreater(worst[0], 1e-6)
        self.assertLess(worst[0], 1e-2)

    def test_token_ids(self):
        folders = [TOKENIZERS / name for name in ("bert", "mpnet", "cased")]
        folders += sorted(path.parent for path in BYTE_PAIRS.glob("*/cases.jsonl"))
        self.assertEqual(len(folders), 11)
        for folder in folders:
            with self.subTest(folder.name):
                end = self.good("verify", folder, "--tokenizer", folder / "cases.jsonl")
                self.assertRegex(end.stdout, r"^(\d+) of \1 equal\n$")

    def test_token_ids_without_special_tokens(self):
        cases = self.folder / "bare.jsonl"
        line = json.loads((BYTE_PAIRS / "roberta/cases.jsonl").read_text().splitlines()[4])
        arguments = ("verify", BYTE_PAIRS / "roberta", "--tokenizer", cases, "--bare")
        cases.write_text(json.dumps({"text": line["text"], "ids": line["ids"][1:-1]}))
        self.assertEqual(self.good(*arguments).stdout, "1 of 1 equal\n")
        cases.write_text(json.dumps({"text": line["text"], "ids": line["ids"]}))
        self.assertEqual(self.call(*arguments).returncode, 1)

    def test_wrong_token_ids(self):
        end = self.call("verify", TOKENIZERS / "cased", "--tokenizer", TOKENIZERS / "bert/cases.jsonl")
        self.assertEqual(end.returncode, 1, end.stdout + end.stderr)
        self.assertRegex(end.stdout, r"^\d+ of \d+ equal\nfirst that differs: .+\n$")

    def test_mistakes(self):
        for code, words, arguments in (
            (2, "verify takes a backbone's folder", (GOLDEN / "bert",)),
            (2, "--dtype fp8: accepted: fp32 | bf16", (GOLDEN / "bert", GOLDEN / "bert/reference.safetensors", "--dtype", "fp8")),
            (2, "layers", (GOLDEN / "bert", GOLDEN / "bert/reference.safetensors", "--layers", "two")),
            (2, "tolerance", (GOLDEN / "bert", GOLDEN / "bert/reference.safetensors", "--tolerance", "small")),
            (3, "nowhere", (self.folder / "nowhere", GOLDEN / "bert/reference.safetensors")),
            (3, "nothing.safetensors", (GOLDEN / "bert", self.folder / "nothing.safetensors")),
            (3, "nothing.jsonl", (TOKENIZERS / "bert", "--tokenizer", self.folder / "nothing.jsonl")),
        ):
            with self.subTest(words):
                end = self.call("verify", *arguments)
                self.assertEqual(end.returncode, code, end.stderr)
                self.assertRegex(end.stderr, rf"^fedmobillm verify: .*{re.escape(words)}.*\n$")


if __name__ == "__main__":
    unittest.main()
