# SPDX-License-Identifier: Apache-2.0
"""`fedmobillm bench`: what it prints, not how fast it is."""
import json
import unittest

from tiny_fleet import GOLDEN, Workspace


class BenchTest(Workspace):
    def test_json_holds_what_the_table_shows(self):
        words = ("bench", "forward", GOLDEN / "bert", "--batch", "32,64", "--seconds", "0.01")
        lengths = self.folder / "lengths.txt"
        lengths.write_text("# tokens\n5\n17\n9\n")
        report = json.loads(self.good(*words, "--lengths", lengths, "--json").stdout)
        self.assertEqual([batch["batch_tokens"] for batch in report["batches"]], [32, 64])
        for batch in report["batches"]:
            self.assertLessEqual(batch["mean_tokens"], batch["batch_tokens"])
            for name in ("tokens_per_second", "flop_per_second", "linear_peak", "packed_peak", "share_of_linear"):
                self.assertGreater(batch[name], 0, name)
        table = self.good(*words).stdout.splitlines()
        self.assertEqual(len(table), 4)
        self.assertEqual(table[1].split()[:3], ["batch", "tokens", "tokens/s"])

    def test_a_configuration_is_enough_for_random_weights(self):
        (self.folder / "config.json").write_text((GOLDEN / "bert/config.json").read_text())
        self.good("bench", "forward", self.folder, "--random", "--batch", "32", "--seconds", "0.01")

    def test_the_timeline_has_five_lines_a_fleet(self):
        words = ("timeline", "--devices", "50,100", "--packets", "2", "--repeat", "1", "--folder", self.folder)
        table = self.good("bench", *words).stdout.splitlines()
        self.assertEqual(len(table), 1 + 2 * 5)
        for line in table[1:]:
            self.assertGreater(float(line.split()[-2]), 0, line)
        self.assertEqual(list(self.folder.glob("*.h5")), [], "left a file behind")

    def test_the_server_is_measured_and_can_be_put_into_the_configuration(self):
        config = self.configure()
        words = ("bench", "server", config, "--seconds", "0.01", "--samples", "2,16")
        head, *lines = self.good(*words, "--set", "optimizer.clip=1e-6").stdout.splitlines()
        self.assertIn("2 blocks x 24, bottleneck 8, 4 classes, 2 kinds of taps; 1 thread", head)
        table = [[float(word) for word in line.replace("|", " ").split()] for line in lines[1:5]]
        self.assertEqual([row[:2] for row in table], [[1, 2], [1, 16], [2, 2], [2, 16]])
        for _, _, formula, eager, eager_ms, _, foreach, foreach_ms in table:
            self.assertLessEqual(abs(eager - formula), 0.03 * formula)
            self.assertLess(foreach, eager)
            self.assertGreater(min(eager_ms, foreach_ms), 0)
        section = self.folder / "server.cfg"
        section.write_text("\n".join(lines[6:]) + "\n")
        self.assertIn("\n[server]\nstep_overhead = launches\nlaunch = ", section.read_text())
        launch = section.read_text().partition("launch = ")[2].splitlines()[0]
        resolved = self.good("check", config, section, "--no-estimate").stdout
        self.assertIn(f"\nlaunch = {launch}\n", resolved)

    def test_the_server_needs_two_sizes_of_batch_for_its_section(self):
        words = ("bench", "server", self.configure(), "--seconds", "0.01", "--samples", "8")
        self.assertNotIn("[server]\n", self.good(*words).stdout)

    def test_the_transport_has_a_line_a_size(self):
        words = ("transport", "--bytes", "100,5000", "--repeat", "1")
        table = self.good("bench", *words, ranks=3).stdout.splitlines()
        self.assertEqual(len(table), 1 + 2)
        for line in table[1:]:
            self.assertTrue(all(float(word) > 0 for word in line.split()), line)

    def test_mistakes(self):
        (self.folder / "lengths.txt").write_text("12\nfour\n")
        for code, words, arguments in (
            (2, "bench forward takes a backbone's folder", ("forward",)),
            (2, "bench backward: accepted: forward, server, timeline or transport", ("backward",)),
            (2, "bench server takes one configuration file or more", ("server",)),
            (2, "--samples:1: '0'", ("server", self.configure(), "--samples", "0")),
            (2, "one rank has nobody to talk to", ("transport",)),
            (2, "--devices:1: 'x'", ("timeline", "--devices", "x")),
            (2, "lengths.txt:2: 'four'", ("forward", GOLDEN / "bert", "--lengths", self.folder / "lengths.txt")),
            (2, "--batch:1: '0'", ("forward", GOLDEN / "bert", "--batch", "0")),
            (3, "nothing.txt: cannot be read", ("forward", GOLDEN / "bert", "--lengths", "nothing.txt")),
        ):
            with self.subTest(words):
                end = self.call("bench", *arguments)
                self.assertEqual(end.returncode, code, end.stderr)
                self.assertIn(words, end.stderr)
                self.assertEqual(end.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
