# SPDX-License-Identifier: Apache-2.0
"""A mistake of the user ends in one clear line, the exit code of its kind, and no run file."""
import json
import shutil
import unittest

import h5py
import numpy as np

from tiny_fleet import Workspace

CONFIG, DATA, RECORD, NUMBERS = 2, 3, 5, 6


def read_safetensors(path):
    """(header, what follows it)."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def write_safetensors(path, header, rest):
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + rest)


class ErrorsTest(Workspace):
    def setUp(self):
        self.output = self.folder / "out/run.h5"

    def damaged(self, name, file="model.safetensors"):
        """A copy of the small backbone, to be damaged: its folder and the path of a file in it."""
        folder = self.folder / name
        shutil.copytree(self.folder / "bert", folder, dirs_exist_ok=True)
        return folder, folder / file

    def refused(self, code, *words, ranks=None, command="run", **settings):
        """Runs into a mistake; the one line of the program must hold all `words`."""
        settings = {"run__output": self.output, **settings}
        end = self.call(command, self.configure(**settings), ranks=ranks)
        self.assertEqual(end.returncode, code, end.stderr)
        said = [line for line in end.stderr.splitlines() if line.startswith("fedmobillm")]
        self.assertEqual(len(said), 1, end.stderr)
        self.assertTrue(said[0].startswith(f"fedmobillm {command}: "), said[0])
        if ranks is None and code != RECORD:  # that one ends with what HDF5 says
            # before the mistake is found, weights of another backbone may be prepared
            rest = [line for line in end.stderr.splitlines() if line not in said and " info: preparing " not in line]
            self.assertEqual(rest, [], end.stderr)
        for word in words:
            self.assertIn(str(word), said[0])
        self.assertFalse(self.output.exists(), "left a run file behind")
        return said[0]

    # ---- configuration -------------------------------------------------------------------------

    def test_an_unknown_key_names_line_and_the_nearest_key(self):
        line = self.refused(CONFIG, "server.epoch = 3", "unknown key", "server.epochs", server__epoch=3)
        self.assertRegex(line, r"fleet\.cfg:\d+: ")

    def test_a_missing_unit_names_the_units(self):
        line = self.refused(CONFIG, "link.thin.uplink = 200:", "accepted:", "Mbit/s", link__thin__uplink="200")
        self.assertRegex(line, r"fleet\.cfg:\d+: ")

    def test_all_problems_come_at_once(self):
        end = self.call("run", self.configure(data__alfa=2, side__gate="no", server__batch=0, run__output=self.output))
        self.assertEqual(end.returncode, CONFIG)
        self.assertEqual(end.stderr.splitlines()[0], "fedmobillm run: the configuration has 3 problems")
        for words in ("data.alpha", "side.gate = no: accepted: learned | fixed | none", "server.batch = 0: accepted:"):
            self.assertIn(words, end.stderr)
        self.assertFalse(self.output.exists())

    def test_an_override_is_checked_like_a_line(self):
        end = self.call("run", self.configure(run__output=self.output), "--set", "packet.dtipe=int8")
        self.assertEqual(end.returncode, CONFIG)
        self.assertEqual(
            end.stderr, "fedmobillm run: --set: packet.dtipe = int8: unknown key; did you mean packet.dtype?\n"
        )

    def test_zero_devices(self):
        self.refused(CONFIG, "fleet.mix", "zero devices", "accepted:", fleet__mix="")
        self.refused(CONFIG, "fleet.mix = slow:0", "accepted:", "1 to", fleet__mix="slow:0 fast:7")

    def test_no_device_is_admitted(self):
        self.refused(
            CONFIG, "no device is admitted", "slow with small needs", "has 3 kB", "fleet.backbones", "memory",
            device__slow__memory="3 kB", device__fast__memory="3 kB",
        )  # fmt: skip

    def test_a_device_that_nobody_defines(self):
        self.refused(CONFIG, "fleet.mix", "'fats'", "did you mean 'fast'", fleet__mix="slow:5 fats:7")

    def test_no_configuration_file(self):
        end = self.call("run", self.folder / "nothing.cfg")
        self.assertEqual(end.returncode, CONFIG)
        self.assertRegex(end.stderr, r"nothing\.cfg: no such file\n")

    def test_check_finds_the_same(self):
        self.refused(CONFIG, "did you mean server.epochs", command="check", server__epoch=3)
        self.refused(DATA, "train.tsv", "fetch_wordnet.sh", command="check", data__train="data/cache/wordnet/train.tsv")

    def refused_twice(self, *words, **settings):
        """By `check` and by `run`, in the same words."""
        said = [
            self.refused(CONFIG, *words, command=command, **settings).partition(f"{command}: ")[2]
            for command in ("check", "run")
        ]
        self.assertEqual(*said)

    def test_times_beyond_the_clock(self):
        endless = "more than 200 years of virtual time"
        self.refused_twice(endless, "server.rate", server__rate="1e-9 FLOP/s")
        self.refused_twice(endless, "server.step_overhead", server__step_overhead="200000 h")
        self.refused_twice(endless, "server.access_rate", server__access_rate="1e-6 bit/s")
        self.refused_twice(endless, "an upload over link.thin", link__thin__uplink="1e-9 bit/s")
        self.refused_twice(endless, "a download over link.thin", link__thin__downlink="1e-9 bit/s")
        self.refused_twice(endless, "the rest of device.slow", device__slow__battery="1 J",
                           device__slow__battery_start=0.1, device__slow__power_compute="1 W",
                           device__slow__battery_rest="1e12 s")  # fmt: skip
        self.refused_twice(endless, "server.rate", server__rate="1e-9 FLOP/s", method__name="central_side")

    def test_work_that_never_fits(self):
        pattern = self.folder / "spans.csv"
        pattern.write_text("0,0,0.02\n")
        trace = {"availability__p__kind": "trace", "availability__p__trace": pattern, "fleet__availability": "*:p"}
        self.refused_twice("computing a packet on device.slow: takes", "on for 20 ms at a time",
                           availability__p__trace_period="1 s", device__slow__time_per_sample="1 s", **trace)  # fmt: skip
        self.refused_twice("an upload over link.thin: takes", availability__p__trace_period="1 s",
                           device__slow__time_per_sample="1 ms", **trace)  # fmt: skip
        pattern.write_text("0,0,1\n")
        self.refused_twice("a download over link.thin: takes", link__thin__downlink="2 kbit/s",
                           availability__p__trace_period="2 s", **trace)  # fmt: skip
        self.refused_twice("cut off 10000 times in a row", "on for 1 ms at a time", fleet__availability="*:p",
                           availability__p__kind="markov", availability__p__mean_on="1 ms",
                           availability__p__mean_off="1 ms")  # fmt: skip

    def test_a_pattern_that_cannot_be_followed(self):
        cycle = {"fleet__availability": "*:p", "availability__p__kind": "day_cycle"}
        self.refused_twice("availability.p.slot", "1 ns or more", availability__p__slot="0.4 ns", **cycle)
        self.refused_twice("on for 1 ms at a time", availability__p__slot="1 ms", **cycle)
        self.refused_twice("less than once in 200 years", availability__p__level_spread=10,
                           fleet__mix="slow:60 fast:60", **cycle)  # fmt: skip

    def test_more_than_a_run_can_hold(self):
        self.refused_twice("120 training samples cannot be dealt to 10000000 devices", fleet__mix="slow:10000000",
                           fleet__backbones="slow:small", fleet__links="slow:thin")  # fmt: skip
        self.refused_twice("fleet.devices = 2147483647", "to 10000000", fleet__devices=2147483647)
        self.refused_twice("device.epochs", "3600000000 packets", device__epochs=100000000)
        self.refused_twice("server.epochs", "10000000 updates", server__epochs=2000000000)
        self.refused_twice("data.alpha = 1e-323", data__alpha="1e-323")

    # ---- input files ---------------------------------------------------------------------------

    def test_a_missing_file_names_the_command_that_fetches_it(self):
        self.refused(
            DATA, "data/cache/wordnet/train.tsv: no such file", "data/fetch_wordnet.sh",
            data__train="data/cache/wordnet/train.tsv",
        )  # fmt: skip
        self.refused(
            DATA, "data/cache/backbones/all-minilm-l6-v2: no such folder", "data/fetch_backbones.sh",
            backbone__small__path="data/cache/backbones/all-minilm-l6-v2",
        )  # fmt: skip
        self.refused(DATA, "texts.tsv: no such file", "data.train", data__train=self.folder / "texts.tsv")

    def test_a_label_outside_the_classes(self):
        classes = self.folder / "three.txt"
        classes.write_text("animal\nplant\nstone\n")
        self.refused(DATA, 'train.tsv:5: the label "star"', "animal, plant, stone", data__classes=classes)

    def test_a_column_that_is_not_there(self):
        self.refused(DATA, 'train.tsv: has no column "kind"', "text, label", data__label="kind")

    def test_a_truncated_checkpoint(self):
        folder, file = self.damaged("truncated")
        file.write_bytes(file.read_bytes()[:-100])
        self.refused(DATA, "truncated/model.safetensors", "cut off", "fetch", backbone__small__path=folder)
        file.write_bytes(file.read_bytes()[:5])
        self.refused(DATA, "truncated/model.safetensors", backbone__small__path=folder)

    def test_a_folder_without_its_weights(self):
        folder, file = self.damaged("converted")
        file.rename(folder / "pytorch_model.bin")
        for command in ("check", "run"):
            self.refused(DATA, "converted: holds neither model.safetensors", "pytorch_model.bin", "safetensors.torch",
                         command=command, backbone__small__path=folder)  # fmt: skip
        end = self.call("check", self.configure(backbone__small__path=folder, run__compute="none"))
        self.assertEqual(end.returncode, 0, end.stderr)  # nothing is computed, so no weights are read

    def test_pooling_is_listed_or_refused(self):
        folder, file = self.damaged("pooled", "1_Pooling/config.json")
        file.write_text('{"pooling_mode": "mean", "embedding_dimension": 24}')
        end = self.call("check", self.configure(backbone__small__path=folder))
        self.assertEqual(end.returncode, 0, end.stderr)
        self.assertRegex(end.stdout, rf"(?m)^backbone\.small: pooling mean from {file}$")
        file.write_text('{"pooling_mode": ["mean", "max"], "embedding_dimension": 24}')
        for command in ("check", "run"):
            self.refused(DATA, f"{file}: pooling_mode = mean, max: accepted: cls, mean, lasttoken", "packet.pivot",
                         command=command, backbone__small__path=folder)  # fmt: skip
        end = self.call("check", self.configure(backbone__small__path=folder, packet__pivot="mean"))
        self.assertEqual(end.returncode, 0, end.stderr)

    def test_a_lying_checkpoint(self):
        folder, file = self.damaged("lying")
        header, rest = read_safetensors(file)
        name = next(name for name in header if name.endswith("query.weight"))
        for shape, words in (([1024, 1024], "its dtype and shape need 4194304"), ([12, 48], "config.json says [24, 24]")):
            header[name]["shape"] = shape
            write_safetensors(file, header, rest)
            self.refused(DATA, "lying/model.safetensors", name, words, backbone__small__path=folder)
        file.write_bytes((1 << 60).to_bytes(8, "little") + rest)
        self.refused(DATA, "lying/model.safetensors", "header length", backbone__small__path=folder)

    def test_a_checkpoint_without_a_tensor(self):
        folder, file = self.damaged("short")
        header, rest = read_safetensors(file)
        name = next(name for name in header if name.endswith("layer.1.output.dense.bias"))
        header["other"] = header.pop(name)
        write_safetensors(file, header, rest)
        self.refused(DATA, "/short: ", name.removeprefix("bert."), backbone__small__path=folder)

    def test_an_unsupported_architecture(self):
        folder, file = self.damaged("t5", "config.json")
        file.write_text(json.dumps({**json.loads(file.read_text()), "model_type": "t5"}))
        self.refused(DATA, "config.json", 'model_type = "t5"', "accepted: bert, gpt2", backbone__small__path=folder)

    def test_a_backbone_without_a_tokenizer(self):
        folder, file = self.damaged("mute", "vocab.txt")
        file.unlink()
        self.refused(DATA, "mute", "tokenizer.json", "vocab.txt", backbone__small__path=folder)

    # ---- output --------------------------------------------------------------------------------

    def test_an_output_that_cannot_be_written(self):
        plain = self.folder / "plain"
        plain.write_text("a file where a folder is needed")
        self.refused(RECORD, "plain", run__output=plain / "run.h5")
        self.refused(RECORD, self.folder, "it is a folder; run.output accepts a file", run__output=self.folder)
        self.refused(RECORD, "/proc/run.h5", run__output="/proc/run.h5")
        self.assertEqual(plain.read_text(), "a file where a folder is needed")

    def test_a_mistake_leaves_the_file_of_an_earlier_run_alone(self):
        earlier = self.folder / "earlier.h5"
        earlier.write_text("precious")
        for settings in ({"server__epoch": 3}, {"data__train": self.folder / "texts.tsv"}, {"fleet__mix": ""}):
            self.call("run", self.configure(run__output=earlier, **settings))
            self.assertEqual(earlier.read_text(), "precious")

    # ---- numbers -------------------------------------------------------------------------------

    def test_training_that_diverges_ends_or_skips(self):
        output = self.folder / "diverged.h5"
        config = self.configure(run__output=output, optimizer__lr="1e30", optimizer__warmup=0, optimizer__clip=0)
        for ranks in (None, 3):
            end = self.call("run", "--overwrite", config, ranks=ranks)
            self.assertEqual(end.returncode, NUMBERS, end.stderr)
            said = [line for line in end.stderr.splitlines() if line.startswith("fedmobillm")]
            self.assertEqual(len(said), 1, end.stderr)
            for words in ("update ", "not finite", "optimizer.lr (1e+30)", "train.on_nan = skip"):
                self.assertIn(words, said[0])
            with h5py.File(output) as file:
                self.assertEqual(file["status"]["status"][0], 2)  # aborted
                self.assertTrue(np.isfinite(file["training"]["loss"][()]).all())
        end = self.good("run", "--overwrite", config, "--set", "train.on_nan=skip")
        with h5py.File(output) as file:
            rows = file["training"][()]
            self.assertEqual(len(rows), len(file["updates"]))
            bad = ~(np.isfinite(rows["loss"]) & np.isfinite(rows["gradient_norm"]))
            self.assertTrue(0 < bad.sum() < len(rows))
            for name in file["weights/after"] if "weights/after" in file else ():
                self.assertTrue(np.isfinite(file["weights/after"][name][()]).all())
        self.assertRegex(end.stdout, rf"(?m)^skipped +{bad.sum()} updates, whose loss or gradient was not finite$")

    # ---- under mpirun --------------------------------------------------------------------------

    def test_three_ranks_say_it_once(self):
        self.refused(CONFIG, "did you mean server.epochs", ranks=3, server__epoch=3)
        folder, file = self.damaged("truncated")
        file.write_bytes(file.read_bytes()[:-100])
        self.refused(DATA, "truncated/model.safetensors", "cut off", ranks=3, backbone__small__path=folder)
        self.refused(RECORD, "run.h5", ranks=3, run__output="/proc/run.h5")


if __name__ == "__main__":
    unittest.main()
