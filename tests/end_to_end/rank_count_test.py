# SPDX-License-Identifier: Apache-2.0
"""A run's file is the same with any number of ranks (docs/design.md 2, promises 2 and 3)."""
import unittest

import h5py

from tiny_fleet import EVENT_TABLES, Workspace, h5diff_says, read_datasets


class RankCountTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.configure(
            fleet__mix="slow:4 fast:5 middle:3",
            fleet__backbones="slow:small fast:large middle:deep",
            fleet__links="slow:thin *:thick",
            backbone__deep__path=cls.folder / "deep",
            backbone__deep__weights="random",
        )
        cls.alone = cls.run_fleet("np1.h5", ranks=1)

    def assert_whole(self, path):
        """The comparison would mean nothing between two empty files."""
        data = read_datasets(path)
        for name in ("uploads", "updates", "training", "evaluations", "activations/small/block_1", "update_samples"):
            self.assertIn(name, data)
            self.assertGreater(data[name][1][0], 0, name)

    def assert_costs_add_up(self, path):
        with h5py.File(path) as file:
            costs, uploads, losses = (file[name][()] for name in ("costs", "uploads", "losses"))
        self.assertGreater(costs["off_ns"].sum(), 0)
        self.assertGreaterEqual(costs["wait_ns"].min(), 0)
        together = costs["compute_ns"] + costs["send_ns"] - costs["both_ns"] + costs["wait_ns"] + costs["off_ns"]
        self.assertTrue((together == costs["done_ns"]).all())
        kinds = ("tap", "scale", "residual", "label", "header", "repeated")
        self.assertEqual(sum(costs[f"{kind}_bytes"].sum() for kind in kinds), uploads["charged_bytes"].sum())
        self.assertEqual(costs["vain_bytes"].sum(), losses["charged_bytes"][losses["packet"] >= 0].sum())

    def assert_downloads_of_every_kind(self, path):
        with h5py.File(path) as file:
            devices, downloads, losses = (file[name][()] for name in ("devices", "downloads", "losses"))
        self.assertEqual(len(downloads), devices["admitted"].sum())
        self.assertGreater(downloads["repeated_bytes"].max(), 0)
        self.assertGreater((losses["stage"] == 2).sum(), 0, "no download was cut off")
        self.assertGreater((losses["stage"] == 3).sum(), 0, "no upload was late")

    def assert_equal_files(self, first, second):
        self.assert_same(first, second)
        empty = [name for name, (_, shape, *_) in read_datasets(first).items() if shape and shape[0] == 0]
        self.assertIn(h5diff_says(first, second, empty), ("", None))

    def test_two_three_and_five_ranks_write_the_file_of_one(self):
        self.assert_whole(self.alone)
        for ranks in (2, 3, 5):
            with self.subTest(ranks=ranks):
                self.assert_equal_files(self.alone, self.run_fleet(f"np{ranks}.h5", ranks=ranks))

    def test_two_threads_of_one_process_change_nothing(self):
        self.assert_equal_files(self.alone, self.run_fleet("threads.h5", "run.threads=2", ranks=1))

    def test_the_timeline_alone_has_the_same_event_tables(self):
        for ranks in (None, 3):
            with self.subTest(ranks=ranks):
                timeline = self.run_fleet(f"none{ranks}.h5", "run.compute=none", ranks=ranks)
                self.assert_same(self.alone, timeline, only=EVENT_TABLES)
                self.assertNotIn("training", [k for k, v in read_datasets(timeline).items() if v[1] != (0,)])

    def test_packets_of_zeros_are_as_many_and_as_large(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                zeros = self.run_fleet(f"zeros{ranks}.h5", "run.compute=packets", ranks=ranks)
                self.assert_same(self.alone, zeros, only=EVENT_TABLES)
                data, real = read_datasets(zeros), read_datasets(self.alone)
                for name in ("activations/small/block_1", "activations/large/residual"):
                    self.assertEqual(data[name][:2], real[name][:2])
                    self.assertEqual(set(data[name][2]), {0})
                self.assertEqual(data["evaluations"][1], (0,))
                end = self.call("replay", zeros)
                self.assertEqual(end.returncode, 2)
                self.assertIn("nothing to train on", end.stderr)

    def test_other_settings(self):
        for name, settings in {
            "per_device": ("server.mode=per_device",),
            "arrival_only": ("server.mode=arrival_only",),
            "replay_after_all": ("server.mode=replay_after_all",),
            "int8": ("packet.dtype=int8", "forward.dtype=fp32"),
            "bf16": ("packet.dtype=bf16", "device.epochs=2"),
        }.items():
            with self.subTest(name):
                one = self.run_fleet(f"{name}1.h5", *settings)
                three = self.run_fleet(f"{name}3.h5", *settings, ranks=3)
                none = self.run_fleet(f"{name}0.h5", *settings, "run.compute=none")
                self.assert_equal_files(one, three)
                self.assert_same(one, none, only=EVENT_TABLES)

    def test_a_fleet_that_shares_loses_and_comes_back(self):
        trace = self.folder / "uplink.trace"
        trace.write_text("0 0.2\n0.4 0\n0.5 1.5\n1.5 0.1\n")
        settings = [
            "fleet.availability=*:flaky", "availability.flaky.kind=markov", "availability.flaky.mean_on=40 ms",
            "availability.flaky.mean_off=30 ms", "availability.flaky.join=100 ms", f"link.thin.trace={trace}",
            "link.thin.trace_start=random", "link.thin.loss=0.1", "link.thin.wake_up=5 ms",
            "link.thin.wake_after=20 ms", "link.thick.cell_devices=3", "link.thick.cell_uplink=4 Mbit/s",
            "link.thick.jitter=1 ms", "link.thick.spread=0.4", "device.*.compute_spread=0.3", "server.access_rate=6 Mbit/s",
            f"link.thin.downlink_trace={trace}", "link.thin.duplex=half",
            "link.thick.cell_downlink=1 Mbit/s", "link.thick.uplink_deviation=300 kbit/s",
            "link.thick.downlink_deviation=1 Mbit/s", "device.*.compute_deviation=0.2",
        ]  # fmt: skip
        one = self.run_fleet("rough1.h5", *settings)
        self.assert_whole(one)
        tables = read_datasets(one)
        self.assertGreater(tables["losses"][1][0], 0)
        self.assert_costs_add_up(one)
        for ranks in (2, 3, 5):
            with self.subTest(ranks=ranks):
                self.assert_equal_files(one, self.run_fleet(f"rough{ranks}.h5", *settings, ranks=ranks))
        self.assert_same(one, self.run_fleet("rough0.h5", *settings, "run.compute=none"), only=EVENT_TABLES)
        late = self.run_fleet("late1.h5", *settings, "server.enough=0.8")
        self.assert_downloads_of_every_kind(late)
        self.assert_equal_files(late, self.run_fleet("late3.h5", *settings, "server.enough=0.8", ranks=3))
        self.assert_same(late, self.replay(late, "again.h5"), only=EVENT_TABLES)

    def test_the_server_stops_waiting(self):
        settings = ("server.enough=0.5", "run.compute=none")
        half = self.run_fleet("half.h5", *settings)
        packets = read_datasets(self.alone)["uploads"][1][0]
        self.assertEqual(read_datasets(half)["uploads"][1][0], -(-packets // 2))

    def test_a_window_of_one_packet_changes_the_order_of_work_only(self):
        # the window bounds what waits at rank 0; it is part of /config, which differs
        narrow = self.run_fleet("narrow.h5", "forward.window=1 kB", ranks=3)
        self.assert_same(self.alone, narrow, but=("host", "config"))


if __name__ == "__main__":
    unittest.main()
