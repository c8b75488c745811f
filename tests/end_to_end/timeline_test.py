# SPDX-License-Identifier: Apache-2.0
"""The virtual times of a fleet of two devices, derived again in exact fractions from docs/design.md 5
and docs/method.md 1.6, 1.8 and 4.3.  Nothing is computed: run.compute = none.

Each duration is rounded to whole nanoseconds once; the rest are sums of integers.
"""
import unittest
from fractions import Fraction

import h5py
import numpy as np

from tiny_fleet import Workspace

SECOND = 10**9  # ns
N, D, F, H = 2, 24, 40, 3  # the golden BERT: blocks, width, FFN, heads
VOCABULARY, POSITIONS, TYPES = 50, 20, 2
B, M, R, C = 2, 16, 8, 2  # blocks of the side network, its width and bottleneck, classes
SAMPLES, PACKET, BATCH, EPOCHS = 12, 2, 4, 3

# Device 0 is bound by its rate and waits for its own computing; device 1 by its memory and by its link.
RATE = (Fraction(500_000), Fraction(10**9))  # FLOP/s
BANDWIDTH = (Fraction(10**9), Fraction(400_000))  # byte/s
T0 = (Fraction(0), Fraction(7, 1000))
STRETCH = (Fraction(1), Fraction(5, 4))
UPLINK = (Fraction(8_000_000), Fraction(16_000))  # bit/s
DOWNLINK = (Fraction(1_000_000), Fraction(3_000_000))
LATENCY = (Fraction(5, 1000), Fraction(123_456_789, SECOND))
SERVER_RATE, IO_RATE, OVERHEAD = Fraction(3 * 10**6), Fraction(10**6), Fraction(1, 10**4)

PARAMETERS = (
    (VOCABULARY + POSITIONS + TYPES) * D + 2 * D  # embeddings and their norm
    + N * (4 * (D * D + D) + 2 * (D * F) + F + D + 4 * D)  # attention, FFN, two norms
)  # fmt: skip


def ns(seconds):
    """To whole nanoseconds, half up."""
    return int(seconds * SECOND + Fraction(1, 2))


def words(sample):
    """Words of a sample's text, each one token."""
    return 3 + (5 * sample) % 11


class TimelineTest(Workspace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("train", "test"):
            rows = [" ".join(["w1"] * words(sample)) + f"\tclass_{sample % C}" for sample in range(SAMPLES)]
            (cls.folder / f"{name}.tsv").write_text("text\tlabel\n" + "\n".join(rows) + "\n")

    def run_timeline(self, **settings):
        config = self.configure(
            **{
                "run__compute": "none",
                "data__partition": "uniform",
                "fleet__mix": "first:1 second:1",
                "fleet__backbones": "*:small",
                "fleet__links": "first:a second:b",
                "backbone__large__path": None,
                "backbone__small__weight_dtype": "fp16",
                "device__first__rate_fp16": "0.5 MFLOP/s",
                "device__first__memory": "1 MB",
                "device__first__memory_bandwidth": "1 GB/s",
                "device__first__power_compute": "15 W",
                "device__second__rate_fp16": "1 GFLOP/s",
                "device__second__memory": "1 MB",
                "device__second__memory_bandwidth": "400 kB/s",
                "device__second__t0": "7 ms",
                "device__second__thermal_stretch": "1.25",
                "link__a__uplink": "8 Mbit/s",
                "link__a__downlink": "1 Mbit/s",
                "link__a__power_up_base": "2926 mW",
                "link__a__power_up_slope": "76.7 mW per Mbit/s",
                "link__b__uplink": "16 kbit/s",
                "link__b__downlink": "3 Mbit/s",
                "link__b__latency": "123456789 ns",
                "packet__samples": PACKET,
                "side__width": M,
                "side__bottleneck": R,
                "server__batch": BATCH,
                "server__epochs": EPOCHS,
                "server__rate": "3 MFLOP/s",
                "server__io_rate": "1 MB/s",
                "server__step_overhead": "0.1 ms",
                **settings,
            }
        )
        with h5py.File(self.run_fleet("timeline.h5", config=config)) as file:
            return {name: file[name][()] for name in ("samples", "uploads", "updates", "downloads", "backbones", "devices")}

    # ---- what is expected ----------------------------------------------------------------------

    def packets(self, samples, tap_bytes, scale_bytes=0, header=True):
        """Rows of /uploads in order of arrival; `samples` is /samples, which says who got which."""
        rows = []
        for device in (0, 1):
            own = samples[samples["device"] == device]
            computed = sent = 0
            for number in range(own["packet"].max() + 1):
                ids = own["sample"][own["packet"] == number]
                n, b = max(words(sample) + 2 for sample in ids), len(ids)
                flop = b * N * (8 * n * D * D + 4 * n * D * F + 4 * n * n * D)
                moved = 2 * PARAMETERS + b * B * D * tap_bytes
                size = b * (B * (D * tap_bytes + scale_bytes) + 4 * C) + (40 + 4 * b if header else 0)
                time = T0[device] + max(flop / RATE[device], moved / BANDWIDTH[device]) * STRETCH[device]
                start, computed = computed, computed + ns(time)
                send = max(computed, sent)
                sent = send + ns(8 * size / UPLINK[device])
                arrival = sent + ns(LATENCY[device])
                rows.append((arrival, device, number, b, n, start, computed, send, sent, size, flop))
        return sorted(rows)

    def server(self, packets, tap_bytes, scale_bytes=0, per_arrival=1):
        """(kind, upload, start, end, samples, inbox, waiting) of every update, arrival_replay."""
        one_sample = Fraction(6 * (2 * B * M * R + C * M) + 4 * B * M * D) / SERVER_RATE + (
            B * (D * tap_bytes + scale_bytes) + 4 * C
        ) / IO_RATE
        replays = EPOCHS * -(-SAMPLES // BATCH)
        time, inbox, taken, done, rows = 0, 0, 0, 0, []

        def update(kind, upload, count):
            nonlocal time
            end = time + ns(OVERHEAD + count * one_sample)
            waiting = sum(1 for packet in packets[taken:] if packet[0] <= time)
            rows.append((kind, upload, time, end, count, inbox, waiting))
            time = end

        while taken < len(packets) or done < replays:
            waits = taken < len(packets) and packets[taken][0] <= time
            due = done < replays * inbox // SAMPLES  # no further than what has arrived
            if waits or not due:
                time = max(time, packets[taken][0])
                inbox += packets[taken][3]
                taken += 1
                for _ in range(per_arrival):
                    update(0, taken - 1, packets[taken - 1][3])
            else:
                done += 1
                update(1, -1, min(BATCH, inbox))
        return rows

    # ---- comparisons ---------------------------------------------------------------------------

    def assert_close(self, actual, expected, what):
        np.testing.assert_allclose(np.array(actual, np.int64), np.array(expected, np.int64), rtol=0, atol=1, err_msg=what)

    def assert_timeline(self, tables, tap_bytes, scale_bytes=0, header=True, per_arrival=1):
        samples, uploads, updates = tables["samples"], tables["uploads"], tables["updates"]
        np.testing.assert_array_equal(samples["tokens"], [words(sample) + 2 for sample in range(SAMPLES)])
        packets = self.packets(samples, tap_bytes, scale_bytes, header)
        columns = (
            "arrival_ns", "device", "packet", "samples", "padded_tokens", "compute_start_ns", "compute_end_ns",
            "send_start_ns", "send_end_ns",
        )  # fmt: skip
        for column, expected in zip(columns, zip(*packets)):
            self.assert_close(uploads[column], expected, column)
        np.testing.assert_array_equal(uploads["charged_bytes"], [packet[9] for packet in packets])
        np.testing.assert_array_equal(uploads["charged_flop"], [packet[10] for packet in packets])
        steps = self.server(packets, tap_bytes, scale_bytes, per_arrival)
        for column, expected in zip(
            ("kind", "upload", "start_ns", "end_ns", "samples", "inbox_samples", "waiting_packets"), zip(*steps)
        ):
            self.assert_close(updates[column], expected, column)
        return packets, steps

    # ---- the tests -----------------------------------------------------------------------------

    def test_uploads_and_updates(self):
        tables = self.run_timeline()
        self.assertEqual(tables["backbones"]["parameters"][0], PARAMETERS)
        packets, steps = self.assert_timeline(tables, tap_bytes=4)
        # the fleet shows what it was made for
        self.assertTrue(all(row[7] == row[6] for row in packets if row[1] == 0), "device 0 sends when it has computed")
        self.assertTrue(any(row[7] > row[6] for row in packets if row[1] == 1), "device 1 waits for its link")
        self.assertTrue(any(step[0] == 1 for step in steps[:-9]), "no replay in a gap")
        self.assertEqual(len(steps), 6 + 9)

    def test_a_packet_by_hand(self):
        # 2 samples, the longer of n tokens: 2 * 2 * (8 n 576 + 4 n 960 + 96 n n) = 33,792 n + 384 n^2 FLOP;
        # 40 + 2 * (4 + 2 * 24 * 4 + 2 * 4) = 448 bytes; 8 Mbit/s: 0.448 ms
        row = next(row for row in self.run_timeline()["uploads"] if row["device"] == 0 and row["packet"] == 0)
        n = int(row["padded_tokens"])
        self.assertEqual(row["charged_bytes"], 448)
        self.assertEqual(row["charged_flop"], 33_792 * n + 384 * n * n)
        self.assertEqual(row["compute_start_ns"], 0)
        self.assertEqual(row["compute_end_ns"], 2000 * (33_792 * n + 384 * n * n))  # 0.5 MFLOP/s
        self.assertEqual(row["send_end_ns"] - row["compute_end_ns"], 448_000)
        self.assertEqual(row["arrival_ns"] - row["send_end_ns"], 5_000_000)
        self.assertAlmostEqual(row["compute_energy_j"], 15e-9 * row["compute_end_ns"], delta=1e-9)
        self.assertAlmostEqual(row["send_energy_j"], (2.926 + 0.0767 * 8) * 448e-6, delta=1e-9)

    def test_other_codecs_headers_and_arrival_updates(self):
        self.assert_timeline(self.run_timeline(packet__dtype="fp16"), tap_bytes=2)
        self.assert_timeline(self.run_timeline(packet__dtype="int8"), tap_bytes=1, scale_bytes=4)
        self.assert_timeline(self.run_timeline(packet__charge_header="false"), tap_bytes=4, header=False)
        self.assert_timeline(self.run_timeline(server__updates_per_arrival=3), tap_bytes=4, per_arrival=3)

    def test_an_unknown_power_is_no_number(self):
        uploads = self.run_timeline()["uploads"]
        second = uploads[uploads["device"] == 1]
        self.assertTrue(np.isnan(second["compute_energy_j"]).all() and np.isnan(second["send_energy_j"]).all())

    def test_measured_points_in_place_of_a_rate(self):
        # 2 ms a launch, 1 MFLOP/s; this backbone has 2 x 17 launches
        points = self.folder / "points.csv"
        lines = [f"fp16,{flop},34,{68 + flop / 1000},{flop} FLOP" for flop in (1000, 3000, 9000, 40000)]
        points.write_text("precision,flop [FLOP],launches,time [ms],source\n" + "\n".join(lines) + "\n")
        tables = self.run_timeline(device__first__rate_fp16=None, device__first__profile=points)
        first, second = tables["devices"]
        self.assertAlmostEqual(first["launch_s"], 0.002, delta=1e-9)
        self.assertAlmostEqual(first["rate_flop_per_s"], 1e6, delta=1e-3)
        self.assertEqual((first["start_up_s"], first["launches"], first["memory_bandwidth_bytes_per_s"]), (0, 34, 1e9))
        self.assertLess(abs(first["law_error"]), 1e-9)
        self.assertEqual((second["start_up_s"], second["launch_s"], second["rate_flop_per_s"]), (0.007, 0, 1e9))
        self.assertTrue(np.isnan(second["law_error"]))
        # and the file alone gives every time
        uploads = tables["uploads"]
        self.assertEqual(set(uploads["device"]), {0, 1})
        for row in uploads:
            device = tables["devices"][row["device"]]
            moved = 2 * PARAMETERS + int(row["samples"]) * B * D * 4
            computing = device["launches"] * device["launch_s"] + row["charged_flop"] / device["rate_flop_per_s"]
            bound = max(computing, moved / device["memory_bandwidth_bytes_per_s"])
            seconds = device["start_up_s"] + bound * float(STRETCH[row["device"]])
            self.assertAlmostEqual(row["compute_end_ns"] - row["compute_start_ns"], seconds * SECOND, delta=1)

    def test_downloads(self):
        tables = self.run_timeline()
        end = int(tables["updates"]["end_ns"][-1])
        shared = B * (2 * M * R + R + M + 1) + C * M + C + 2 * M * (B + 1)
        size = 4 * (shared + B * (M * D + M))
        for row in tables["downloads"]:
            device = row["device"]
            self.assertEqual(row["charged_bytes"], size)
            self.assertEqual(row["start_ns"], end)
            self.assertLessEqual(abs(row["end_ns"] - end - ns(LATENCY[device]) - ns(8 * size / DOWNLINK[device])), 1)
        self.assertEqual(len(tables["downloads"]), 2)


if __name__ == "__main__":
    unittest.main()
