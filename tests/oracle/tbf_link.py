#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The wall clock's links against the kernel's: `tc tbf` on a veth pair between two network namespaces.

    sudo tests/oracle/tbf_link.py results/pacing/virtual.h5 results/pacing/wall_1.h5

For each device of the run: the time of an upload under the wall clock (median), and that of a TCP transfer of as many
bytes on the wire through a token bucket of the device's rate.  Needs root (CAP_NET_ADMIN), ip and tc; where the machine
does not permit namespaces it says so and ends with exit code 77.
"""
import argparse
import contextlib
import ctypes
import multiprocessing
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "analysis"))

import debian_python  # noqa: E402

try:
    import numpy as np

    import mobilog
except ImportError as missing:
    debian_python.go_on(missing, __name__, __file__, "python3-h5py python3-numpy")

SKIPPED = 77
SENDER, RECEIVER = "mobi_tbf_a", "mobi_tbf_b"
PORT = 7777
BURST = 16 * 1024  # bytes that the bucket lets through at once
REPEATS = 3


def call(*words):
    subprocess.run(words, check=True, capture_output=True, text=True)


def inside(namespace, *words):
    return ("ip", "netns", "exec", namespace, *words)


@contextlib.contextmanager
def veth_pair():
    try:
        for name in (SENDER, RECEIVER):
            call("ip", "netns", "add", name)
        call("ip", "link", "add", "va", "netns", SENDER, "type", "veth", "peer", "name", "vb", "netns", RECEIVER)
        for namespace, device, address in ((SENDER, "va", "10.9.8.1/24"), (RECEIVER, "vb", "10.9.8.2/24")):
            call(*inside(namespace, "ip", "addr", "add", address, "dev", device))
            call(*inside(namespace, "ip", "link", "set", device, "up"))
        yield
    finally:
        for name in (SENDER, RECEIVER):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def set_rate(bits_per_s):
    subprocess.run(inside(SENDER, "tc", "qdisc", "del", "dev", "va", "root"), capture_output=True)
    call(*inside(SENDER, "tc", "qdisc", "add", "dev", "va", "root", "tbf", "rate", f"{bits_per_s:.0f}bit",
                 "burst", str(BURST), "latency", "400ms"))  # fmt: skip


def enter(namespace):
    with open(f"/var/run/netns/{namespace}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0) != 0:  # os.setns: Python 3.12
            raise OSError(ctypes.get_errno(), "setns")


def receive(size, ready, answer):
    enter(RECEIVER)
    with socket.create_server(("10.9.8.2", PORT)) as server:
        ready.set()
        connection, _ = server.accept()
        with connection:
            got, first = len(connection.recv(1)), time.monotonic()
            while got < size:
                got += len(connection.recv(min(1 << 16, size - got)))
            answer.put(time.monotonic() - first)


def send(size):
    enter(SENDER)
    with socket.create_connection(("10.9.8.2", PORT)) as connection:
        connection.sendall(bytes(size))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


def tcp_seconds(size):
    """From the first byte to the last of a transfer."""
    ready, answer = multiprocessing.Event(), multiprocessing.Queue()
    receiver = multiprocessing.Process(target=receive, args=(size, ready, answer))
    receiver.start()
    ready.wait(10)
    sender = multiprocessing.Process(target=send, args=(size,))
    sender.start()
    seconds = answer.get(timeout=60)
    sender.join()
    receiver.join()
    return seconds


def payload_of(wire_bytes):
    """What TCP carries of so many bytes on the wire: 1,448 of each 1,514 (Ethernet 14, IP 20, TCP 32)."""
    return round(wire_bytes * 1448 / 1514)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("virtual", type=pathlib.Path)
    parser.add_argument("wall", type=pathlib.Path)
    options = parser.parse_args()
    with mobilog.open_run(options.virtual) as virtual, mobilog.open_run(options.wall) as wall:
        scale = float(wall.config["run.time_scale"])
        planned, real = virtual.table("uploads"), wall.table("uploads")
    worst = 0
    print("rate, Mbit/s   wall clock, ms   tc tbf, ms   wall clock / tbf")
    try:
        with veth_pair():
            for device in np.unique(planned["device"]):
                own, measured = planned[planned["device"] == device], real[real["device"] == device]
                own, measured = (rows[np.argsort(rows["packet"])] for rows in (own, measured))
                size = int(np.median(own["charged_bytes"]))
                length = (own["send_end_ns"] - own["send_start_ns"]) / 1e9 / scale
                rate = float(np.median(8 * own["charged_bytes"] / length))
                latency = own["arrival_ns"] - own["send_end_ns"]
                wall_s = float(np.median((measured["arrival_ns"] - latency - measured["send_start_ns"]) / 1e9 / scale))
                set_rate(rate)
                # The bucket is full at the start: what it lets through at once takes no time.
                tbf_s = statistics.median(tcp_seconds(payload_of(size + BURST)) for _ in range(REPEATS))
                worst = max(worst, abs(wall_s / tbf_s - 1))
                print(f"{rate / 1e6:12.1f} {1000 * wall_s:16.2f} {1000 * tbf_s:12.2f} {wall_s / tbf_s:18.4f}")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"tbf_link.py: skipped, this machine does not permit it: {getattr(error, 'stderr', '') or error}", file=sys.stderr)
        return SKIPPED
    print(f"worst: {100 * worst:.2f} % apart")
    return 0


if __name__ == "__main__":
    sys.exit(main())
