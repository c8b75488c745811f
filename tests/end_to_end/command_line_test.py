# SPDX-License-Identifier: Apache-2.0
"""The command line itself: which words lead where, what help says, how a mistake in it ends."""
import re
import unittest

from tiny_fleet import Workspace

CONFIG = 2
COMMANDS = ("run", "check", "replay", "verify", "bench")
OPTIONS = {
    "run": ("--set", "--resume", "--overwrite", "--verbose", "--help"),
    "check": ("--set", "--print-defaults", "--list-runs", "--same-as", "--devices", "--links", "--laws",
              "--backbone", "--tokens", "--no-estimate", "--help"),
    "replay": ("--set", "--resume", "--overwrite", "--help"),
    "verify": ("--tokenizer", "--each", "--bare", "--generate", "--prompt", "--layers", "--dtype", "--weight-dtype",
               "--tolerance", "--help"),
}  # fmt: skip


class CommandLineTest(Workspace):
    def refused(self, *words, ranks=None):
        """The one line that a mistake in the command line ends with."""
        end = self.call(*words, ranks=ranks)
        self.assertEqual((end.returncode, end.stdout), (CONFIG, ""), end.stderr)
        said = [line for line in end.stderr.splitlines() if line.startswith("fedmobillm")]
        self.assertEqual(len(said), 1, end.stderr)
        if ranks is None:
            self.assertEqual(end.stderr, said[0] + "\n")
        return said[0]

    def test_without_a_command_there_is_help(self):
        texts = {self.good(*words).stdout for words in ((), ("--help",), ("help",))}
        self.assertEqual(len(texts), 1)
        lines = texts.pop().splitlines()
        listed = [line.split()[0] for line in lines if line.startswith("  ")]
        self.assertEqual(listed, list(COMMANDS))
        version = self.good("--version").stdout
        self.assertRegex(version, r"^\d+\.\d+\.\d+\S*\n$")
        self.assertTrue(lines[0].startswith(f"fedmobillm {version.strip()} ("))

    def test_an_unknown_command_is_named_with_those_that_are(self):
        line = self.refused("runn", "fleet.cfg")
        self.assertTrue(line.startswith("fedmobillm: no command 'runn'; "))
        for command in COMMANDS:
            self.assertRegex(line, rf"\b{command}\b")

    def test_help_of_a_command_lists_its_options(self):
        for command, options in OPTIONS.items():
            with self.subTest(command):
                text = self.good(command, "--help").stdout
                self.assertRegex(text, rf"^usage: .*fedmobillm {command} ")
                self.assertEqual(tuple(re.findall(r"^  (--\S+)", text, re.M)), options)

    def test_help_is_printed_once_whatever_the_ranks(self):
        alone = self.good("run", "--help")
        self.assertEqual(self.good("run", "--help", ranks=3).stdout, alone.stdout)

    def test_a_mistake_has_the_name_of_its_command(self):
        for command in COMMANDS:
            if command == "bench":
                continue
            with self.subTest(command):
                line = self.refused(command, "--halp")
                self.assertEqual(
                    line,
                    f"fedmobillm {command}: unknown option --halp; did you mean --help? (--help lists the options)",
                )
        self.assertEqual(
            self.refused("bench", "sideways"),
            "fedmobillm bench: bench sideways: accepted: forward, server, timeline or transport",
        )

    def test_a_run_needs_a_configuration_on_any_number_of_ranks(self):
        for ranks in (None, 2):
            self.assertEqual(
                self.refused("run", ranks=ranks),
                "fedmobillm run: run takes one configuration file or more, e.g. configs/quickstart.cfg",
            )
        for ranks in (None, 3):
            line = self.refused("run", self.configure(), "--set", ranks=ranks)
            self.assertTrue(line.startswith("fedmobillm run: command line: "), line)
            self.assertIn("set", line)

    def test_an_override_may_follow_its_option_or_be_part_of_it(self):
        config = self.configure()
        printed = {
            self.good("check", *words).stdout
            for words in (
                (config, "--no-estimate", "--set", "run.seed=9"),
                (config, "--no-estimate", "--set=run.seed=9"),
                ("--set", "run.seed=3", config, "--set", "run.seed=9", "--no-estimate"),
            )
        }
        self.assertEqual(len(printed), 1, "the last of two counts")
        self.assertIn("\nseed = 9\n", printed.pop())

    def test_a_run_says_what_was_overridden(self):
        config = self.configure(run__compute="none")
        ends = [
            self.good("run", config, "--set", f"run.output={self.folder}/{name}.h5", "--set", "run.seed=2", *more)
            for name, more in (("quiet", ()), ("loud", ("--verbose",)))
        ]
        for end in ends:
            self.assertIn("override: run.seed=2\n", end.stderr)
        same = [re.sub(r"(?m)^(wall time|run file).*\n", "", end.stdout) for end in ends]
        self.assertEqual(*same, "of what is computed nothing depends on --verbose")


if __name__ == "__main__":
    unittest.main()
