# SPDX-License-Identifier: Apache-2.0
"""Reads what tests/record/write_sample wrote: every table, every encoding, killed and aborted runs."""

import os
import signal
import subprocess
import tempfile
import unittest
import warnings

import h5py
import numpy as np

import mobilog

WRITE_SAMPLE = os.environ.get("MOBI_WRITE_SAMPLE", "")
UPDATES, BATCH, TRAIN, TEST = 2500, 4, 40, 7


@unittest.skipUnless(WRITE_SAMPLE, "MOBI_WRITE_SAMPLE names the program that writes the sample run")
class RunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.finished = cls.write("finished")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def write(cls, how, expected=0):
        path = os.path.join(cls.folder.name, f"{how}.h5")
        done = subprocess.run([WRITE_SAMPLE, path, how], check=False)
        assert done.returncode == expected, done.returncode
        return path

    def open(self):
        run = mobilog.open_run(self.finished)
        self.addCleanup(run.close)
        return run

    def test_a_finished_run_opens_without_a_warning(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run = self.open()
        self.assertEqual((run.status, run.updates_done, run.incomplete), ("finished", UPDATES, False))
        self.assertEqual(run.attributes["seed"], 2**64 - 1)
        self.assertEqual(run.attributes["libtorch_version"], "1.13.0")
        self.assertEqual(run.attributes["schema_version"], 5)
        self.assertIn("hdf5_version", run.attributes)
        self.assertEqual(run.classes, ["noun.act", "noun.plant", "caf\u00e9"])
        self.assertEqual(run.config, {"run.seed": str(2**64 - 1), "backbone.b-fp32.width": "6"})
        self.assertTrue(run.config_text.startswith("# a small run\n"))
        self.assertEqual(run.backbones, ["b-fp32", "b-fp16", "b-bf16", "b-int8", "b-int4"])

    def test_every_dataset_has_a_description_and_a_unit(self):
        found = []
        self.open().file.visititems(lambda name, item: found.append((name, item)))
        datasets = [(name, item) for name, item in found if isinstance(item, h5py.Dataset)]
        self.assertGreater(len(datasets), 60)
        for name, item in datasets:
            self.assertTrue(item.attrs["description"], name)
            self.assertTrue(len(item.attrs["unit"]), name)
            if item.dtype.names:
                self.assertEqual(len(item.attrs["unit"]), len(item.dtype.names), name)
                self.assertEqual(len(item.attrs["column_description"]), len(item.dtype.names), name)

    def test_event_tables(self):
        run = self.open()
        devices = run.table("devices", decode=True)
        self.assertEqual(devices["profile"].tolist(), ["jetson_tx2", "phone, old", "jetson_tx2"])
        self.assertEqual(devices["backbone"].tolist(), ["b-fp32", "b-fp16", "b-bf16"])
        self.assertEqual(devices["admitted"].tolist(), ["admitted", "out_of_memory", "admitted"])
        self.assertEqual(devices["missing_packets"].tolist(), [0, 1, 2])
        self.assertEqual(run.table("devices")["admitted"].tolist(), [1, 0, 1])
        self.assertEqual(devices["memory_need_bytes"].tolist(), [1e9, 1e9 + 1, 1e9 + 2])
        samples = run.table("samples")
        self.assertEqual(samples["sample"].tolist(), list(range(TRAIN)))
        self.assertEqual(samples["device"].tolist(), [i % 4 - 1 for i in range(TRAIN)])
        self.assertEqual(samples["target"].tolist(), [i / 2 for i in range(TRAIN)])
        uploads = run.table("uploads", decode=True)
        self.assertEqual(uploads["charged_bytes"].tolist(), [2 ** (20 + i) for i in range(12)])
        self.assertEqual(uploads["arrival_ns"].tolist(), [10**12 * i + 4 for i in range(12)])
        self.assertEqual(uploads["outcome"].tolist(), ["delivered", "lost", "planned"] * 4)
        self.assertTrue(np.isnan(uploads["send_energy_j"]).all())
        np.testing.assert_array_equal(
            uploads["compute_energy_j"], [0.25 * i if i % 2 == 0 else np.nan for i in range(12)]
        )
        self.assertEqual(run.table("downloads")["end_ns"].tolist(), [200, 201, 202])
        updates = run.table("updates", decode=True)
        self.assertEqual(updates["update"].tolist(), list(range(UPDATES)))
        self.assertEqual(updates["kind"][:3].tolist(), ["arrival", "replay", "arrival"])
        self.assertEqual(updates["first_sample"].tolist(), [BATCH * i for i in range(UPDATES)])
        ids = run.array("update_samples")
        self.assertEqual(ids.tolist(), [i * 7 % TRAIN for i in range(UPDATES * BATCH)])

    def test_learning_tables(self):
        run = self.open()
        training = run.table("training")
        np.testing.assert_array_equal(training["loss"], 1 / np.arange(1, UPDATES + 1))
        gates = run.array("training_gates")
        self.assertEqual(gates.shape, (UPDATES, 2))
        np.testing.assert_array_equal(gates.ravel(), 1 / np.arange(1, 2 * UPDATES + 1, dtype=np.float32))
        evaluations = run.table("evaluations", decode=True)
        self.assertEqual(evaluations["backbone"][-1], "all")
        self.assertEqual(run.table("evaluations")["backbone"][-1], -1)
        self.assertEqual(evaluations["metric"].tolist(), [70 + i for i in range(12)])
        backbones = run.table("backbones", decode=True)
        self.assertEqual(backbones["name"].tolist(), run.backbones)
        self.assertEqual(backbones["weight_dtype"].tolist(), ["fp32", "fp16", "bf16", "int8", "int4"])
        self.assertEqual(backbones["pivot"].tolist(), ["first", "last", "mean", "first", "last"])

    def test_host_ends_with_the_recording_itself(self):
        host = self.open().table("host", decode=True)
        self.assertEqual(host["phase"][:7].tolist()[-2:], ["recording", "waiting"])
        self.assertEqual((host["phase"][-1], host["backbone"][-1]), ("recording", "none"))
        self.assertGreater(host["wire_bytes"][-1], 100_000)
        self.assertGreater(host["wall_s"][-1], 0)

    def test_units(self):
        run = self.open()
        self.assertEqual(run.unit("uploads", "charged_bytes"), "bytes")
        self.assertEqual(run.unit("updates", "start_ns"), "ns")
        self.assertEqual(run.unit("confusion/b-int8"), "samples")

    def raw_taps(self, backbone, row_bytes):
        """The bytes that write_sample put into block 2, (12, row_bytes)."""
        packets = []
        for packet in range(4):
            start = 3 * row_bytes  # block 2 follows block 1 of the packet's three samples
            values = (backbone * 31 + packet * 7 + np.arange(start, 2 * start)) % 251
            packets.append(values.astype(np.uint8).reshape(3, row_bytes))
        return np.concatenate(packets)

    def test_activations_of_all_encodings(self):
        run = self.open()
        scales = np.tile(np.array([1.0, 1.25, 1.5], np.float32), 4)[:, None]

        raw = self.raw_taps(0, 24)
        raw[:, 3::4] = 0x3F
        np.testing.assert_array_equal(run.activations("b-fp32", 2), raw.view("<f4"))

        raw = self.raw_taps(1, 10)
        raw[:, 1::2] &= 0xBF
        np.testing.assert_array_equal(run.activations("b-fp16", 2), raw.view("<f2").astype("f4"))

        raw = self.raw_taps(2, 16)
        raw[:, 1::2] &= 0xBF
        wide = np.zeros((12, 32), np.uint8)
        wide[:, 2::4], wide[:, 3::4] = raw[:, 0::2], raw[:, 1::2]
        np.testing.assert_array_equal(run.activations("b-bf16", 2), wide.view("<f4"))

        raw = self.raw_taps(3, 7)
        np.testing.assert_array_equal(run.activations("b-int8", 2), raw.view("i1").astype("f4") * scales)

        raw = self.raw_taps(4, 5).astype(int)
        nibbles = np.stack([raw & 15, raw >> 4], -1).reshape(12, 10)[:, :9]
        nibbles = np.where(nibbles > 7, nibbles - 16, nibbles).astype("f4")
        np.testing.assert_array_equal(run.activations("b-int4", 2), nibbles * scales)
        np.testing.assert_array_equal(run.activations("b-int4", 2, slice(2, 5)), (nibbles * scales)[2:5])

        self.assertEqual(run.layers("b-fp16"), [0, 3])
        self.assertEqual(run.encoding("b-int4"), "int4")

    def test_what_belongs_to_the_activations(self):
        run = self.open()
        self.assertEqual(run.activation_samples("b-int8").tolist(), [i * 3 % TRAIN for i in range(12)])
        self.assertEqual(run.activation_uploads("b-int8").tolist(), [p * 2 + 1 for p in range(4) for _ in range(3)])
        residual = run.residual("b-int8")
        self.assertEqual(residual.shape, (12, 3))
        np.testing.assert_allclose(residual[0], [0, -1 / 3, -2 / 3], rtol=1e-6)

    def test_evaluation_is_in_the_order_of_the_test_samples(self):
        run = self.open()
        blocks, output, labels, targets = run.evaluation("b-int4")
        self.assertEqual([block.shape for block in blocks], [(TEST, 9), (TEST, 9)])
        expected = 4 + 100 + 10 * np.arange(TEST)[:, None] + np.arange(9) / 16
        np.testing.assert_array_equal(blocks[1], expected.astype("f4"))
        np.testing.assert_array_equal(output, np.arange(TEST)[:, None] - np.arange(3.0))
        self.assertEqual(labels.tolist(), [0, 1, 2, 0, 1, 2, 0])
        self.assertTrue(np.isnan(targets).all())
        self.assertEqual(run.confusion("b-int8").tolist(), [[30, 31, 32], [33, 34, 35], [36, 37, 38]])

    def test_weights(self):
        run = self.open()
        initial, final = run.weights("initial"), run.weights()
        self.assertEqual(sorted(final), ["P.b-fp32.1", "W_dn.1", "alpha.1"])
        self.assertEqual(initial["W_dn.1"].tolist(), [[0, 1, 2], [3, 4, 5]])
        self.assertEqual(final["alpha.1"], 0.5)

    def test_a_killed_run_opens_with_every_flushed_row(self):
        for how in ("killed", "plain"):  # with SWMR, and without
            with self.subTest(how):
                path = self.write(how, -signal.SIGKILL)
                with self.assertWarnsRegex(mobilog.IncompleteRun, "is incomplete: running, with 2500 updates"):
                    run = mobilog.open_run(path)
                with run:
                    self.assertTrue(run.incomplete)
                    self.assertEqual(len(run.table("updates")), UPDATES)
                    self.assertEqual(len(run.array("update_samples")), UPDATES * BATCH)
                    with mobilog.open_run(self.finished) as whole:
                        for name in ("devices", "samples", "uploads", "updates", "training", "evaluations"):
                            self.assertEqual(
                                run.table(name).tobytes(), whole.table(name).tobytes(), name
                            )
                        for backbone in whole.backbones:
                            np.testing.assert_array_equal(
                                run.activations(backbone, 1), whole.activations(backbone, 1)
                            )

    def test_an_aborted_run_says_so(self):
        path = self.write("aborted")
        with self.assertWarnsRegex(mobilog.IncompleteRun, "aborted, with 2500 updates"):
            mobilog.open_run(path).close()

    def test_what_is_not_there_is_one_clear_line(self):
        run = self.open()
        with self.assertRaisesRegex(mobilog.RunError, "no dataset 'upload'"):
            run.table("upload")
        with self.assertRaisesRegex(mobilog.RunError, "no group 'activations/mpnet'; there are: b-bf16, b-fp16"):
            run.activations("mpnet", 1)
        with self.assertRaisesRegex(mobilog.RunError, "block_3"):
            run.activations("b-fp32", 3)


class OpenRunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "a.h5")

    def refuse(self, text):
        with self.assertRaisesRegex(mobilog.RunError, text) as caught:
            mobilog.open_run(self.path)
        self.assertIn(self.path, str(caught.exception))

    def test_a_missing_file(self):
        self.refuse("no such file")

    def test_another_kind_of_file(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("loss,accuracy\n")
        self.refuse("not an HDF5 file")

    def test_an_hdf5_file_of_another_program(self):
        h5py.File(self.path, "w").close()
        self.refuse("no run file of fedmobillm")

    def test_another_schema_version(self):
        with h5py.File(self.path, "w") as file:
            file.attrs["schema_version"] = 99
            file["status"] = 1
        self.refuse("schema version 99, this mobilog reads 4 and 5")


if __name__ == "__main__":
    unittest.main()
