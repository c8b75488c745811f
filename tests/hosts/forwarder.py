#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A slow switch between network devices, for kernels without tc netem.

usage: forwarder.py LATENCY_S BITS_PER_S DEVICE...

Each frame that one of the devices receives leaves at the one behind which its receiver is (all others, while that is
not known) after the devices before it have left at BITS_PER_S, and LATENCY_S later.  A frame that would wait for more
than a second is dropped, as a switch with a full queue does.  Prints "ready" when it begins; ends when it is killed.
"""
import heapq
import select
import socket
import sys
import time

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
LONGEST_QUEUE_S = 1.0
OVERHEAD_BYTES = 24  # preamble, checksum and gap of a frame on a cable


def open_port(device):
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    port.bind((device, 0))
    port.setblocking(False)
    return port


class Switch:
    def __init__(self, latency_s, bits_per_s, devices):
        self.latency_s = latency_s
        self.bits_per_s = bits_per_s
        self.ports = [open_port(device) for device in devices]
        self.free_at = [0.0] * len(devices)  # when each port has sent what it has
        self.behind = {}  # address -> port
        self.waiting = []  # (when it is due, number, port, frame)
        self.frames = 0

    def take(self, source):
        for _ in range(64):  # then others get their turn
            try:
                frame, address = self.ports[source].recvfrom(65535)
            except OSError:  # nothing more, or the device is down
                return
            if address[2] == PACKET_OUTGOING or len(frame) < 14:
                continue
            self.behind[frame[6:12]] = source
            port = self.behind.get(frame[:6])
            for target in range(len(self.ports)) if port is None else [port]:
                if target != source:
                    self.hold(target, frame)

    def hold(self, port, frame):
        now = time.monotonic()
        sent = max(now, self.free_at[port])
        if self.bits_per_s > 0:
            if sent - now > LONGEST_QUEUE_S:
                return
            sent += 8 * (len(frame) + OVERHEAD_BYTES) / self.bits_per_s
        self.free_at[port] = sent
        heapq.heappush(self.waiting, (sent + self.latency_s, self.frames, port, frame))
        self.frames += 1

    def release(self):
        """What is due leaves.  \\return when the next one is, in seconds from now."""
        while self.waiting:
            due, _, port, frame = self.waiting[0]
            wait = due - time.monotonic()
            if wait > 0:
                return wait
            heapq.heappop(self.waiting)
            try:
                self.ports[port].send(frame)
            except OSError:  # the device is down, or its queue full: the frame is lost
                pass
        return None

    def run(self):
        while True:
            readable, _, _ = select.select(self.ports, [], [], self.release())
            for port in readable:
                self.take(self.ports.index(port))


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    switch = Switch(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
    print("ready", flush=True)
    switch.run()
