# SPDX-License-Identifier: Apache-2.0
"""Several hosts on one machine: each has its own network, host name and /dev/shm, as namespaces of the kernel.

Their links meet in a namespace in the middle: in a bridge, or, to make them slow, in forwarder.py.  Needs root.
"""
import ctypes
import os
import pathlib
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SUBNET = "10.213.77"


class CannotMakeHosts(Exception):
    """This machine does not permit it; the text says why."""


def call(*words):
    end = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if end.returncode != 0:
        raise RuntimeError(f"{shlex.join(map(str, words))}: {end.stderr.strip() or end.returncode}")
    return end.stdout


class Hosts:
    """node1, node2, ...; address(i) and run(i, ...) count from 1."""

    def __init__(self, count, latency_s=0.0, bits_per_s=0.0):
        """Without latency and rate: as fast as the machine.  \\throws CannotMakeHosts"""
        self.count = count
        self.holder = tempfile.TemporaryDirectory(prefix="fedmobillm_hosts_")
        self.folder = pathlib.Path(self.holder.name)
        self.keepers = {}  # by name: the process whose namespaces they are
        self.forwarder = None
        if os.geteuid() != 0:
            raise CannotMakeHosts("only root can make network namespaces")
        try:
            self.make(latency_s, bits_per_s)
        except (RuntimeError, OSError) as error:
            self.close()
            raise CannotMakeHosts(f"no network namespaces here: {error}") from error
        except BaseException:
            self.close()
            raise

    @staticmethod
    def name(host):
        return f"node{host}"

    @staticmethod
    def address(host):
        return f"{SUBNET}.{host}"

    def names(self):
        return [self.name(host) for host in range(1, self.count + 1)]

    # ---- making and ending them ------------------------------------------------------------------

    def make(self, latency_s, bits_per_s):
        known = ["127.0.0.1 localhost"] + [f"{self.address(h)} {self.name(h)}" for h in range(1, self.count + 1)]
        (self.folder / "hosts").write_text("\n".join(known) + "\n")
        self.keep("middle")
        for host in range(1, self.count + 1):
            name = self.name(host)
            (self.folder / name).mkdir()
            self.keep(name)
            call("ip", "link", "add", f"port{host}", "netns", self.keepers["middle"].pid, "type", "veth",
                 "peer", "name", "eth0", "netns", self.keepers[name].pid)  # fmt: skip
            self.inside(name, "ip", "link", "set", "lo", "up")
            self.inside(name, "ip", "addr", "add", f"{self.address(host)}/24", "dev", "eth0")
            self.inside(name, "ip", "link", "set", "eth0", "up")
            self.inside("middle", "ip", "link", "set", f"port{host}", "up")
        ports = [f"port{host}" for host in range(1, self.count + 1)]
        if latency_s == 0 and bits_per_s == 0:
            self.inside("middle", "ip", "link", "add", "bridge", "type", "bridge")
            for port in ports:
                self.inside("middle", "ip", "link", "set", port, "master", "bridge")
            self.inside("middle", "ip", "link", "set", "bridge", "up")
        else:
            for name in self.names():
                self.inside(name, sys.executable, HERE / "hosts.py", "plain", "eth0")
            words = [sys.executable, str(HERE / "forwarder.py"), str(latency_s), str(bits_per_s), *ports]
            self.forwarder = subprocess.Popen(self.command("middle", *words), stdout=subprocess.PIPE, text=True)
            if self.forwarder.stdout.readline() != "ready\n":
                raise RuntimeError("the forwarder does not start")

    def keep(self, name):
        """A process that holds the namespaces of one host, with nothing in its /dev/shm."""
        script = (
            f"hostname {name} && mount -t tmpfs none /dev/shm && mount --bind {self.folder}/hosts /etc/hosts"
            " && echo ready && exec sleep infinity"
        )
        keeper = subprocess.Popen(
            ["unshare", "--net", "--uts", "--mount", "sh", "-c", script], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.keepers[name] = keeper
        if keeper.stdout.readline() != "ready\n":
            raise RuntimeError(keeper.communicate()[1].strip() or "unshare fails")
        (self.folder / f"{name}.pid").write_text(str(keeper.pid))

    def command(self, name, *words):
        """The words that run `words` on a host."""
        return ["nsenter", f"--target={self.keepers[name].pid}", "--net", "--uts", "--mount", "--wd=/", "--",
                *map(str, words)]  # fmt: skip

    def inside(self, name, *words):
        return call(*self.command(name, *words))

    def processes(self, host=None):
        """What runs on a host, or on all, but for the keepers: {process: its program}."""
        names = [*self.keepers] if host is None else [self.name(host)]
        own = {os.readlink(f"/proc/{self.keepers[name].pid}/ns/net") for name in names
               if self.keepers[name].poll() is None}  # fmt: skip
        keepers = {keeper.pid for keeper in self.keepers.values()}
        found = {}
        for entry in os.listdir("/proc"):
            try:
                if int(entry) not in keepers and os.readlink(f"/proc/{entry}/ns/net") in own:
                    found[int(entry)] = os.path.basename(os.readlink(f"/proc/{entry}/exe"))
            except (OSError, ValueError):
                continue
        return found

    def close(self):
        """Ends everything that runs on the hosts, and them."""
        for _ in range(3):  # what has just been started by what is ended
            for process in self.processes():
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        for process in (self.forwarder, *self.keepers.values()):
            if process is not None:
                process.kill()
                process.communicate()
        self.keepers.clear()
        self.holder.cleanup()

    # ---- what tests do with them -----------------------------------------------------------------

    def environment(self, host):
        return {"MOBI_HOSTS": str(self.folder), "TMPDIR": str(self.folder / self.name(host))}

    def mpirun_arguments(self):
        """Between the hosts there is TCP alone."""
        return (
            f"--mca plm_rsh_agent {HERE / 'enter_host.sh'} --mca btl tcp,self --mca btl_tcp_if_include eth0"
            " --mca oob_tcp_if_include eth0"
        )

    def cut(self, host):
        """The host's cable is pulled in the middle: packets vanish, nobody is told."""
        self.inside("middle", "ip", "link", "set", f"port{host}", "down")

    def mend(self, host):
        self.inside("middle", "ip", "link", "set", f"port{host}", "up")

    def round_trip_s(self, one, other, size=1, repeats=5):
        """The shortest of some TCP round trips: `size` bytes there, one byte back."""
        server = subprocess.Popen(
            self.command(self.name(other), sys.executable, HERE / "hosts.py", "echo", self.address(other), size,
                         repeats),
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        server.stdout.readline()
        told = self.inside(self.name(one), sys.executable, HERE / "hosts.py", "ask", self.address(other), size, repeats)
        server.communicate()
        return float(told)


# ---- run inside a host: hosts.py plain|echo|ask ... ------------------------------------------------

PORT = 7391
SIOCETHTOOL = 0x8946
ETHTOOL_OFF = {"tx checksums": 0x17, "segmentation": 0x1F, "gso": 0x24, "gro": 0x2C}


def plain(device):
    """Frames leave as they would on a cable: whole checksums, none above the MTU."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        for command in ETHTOOL_OFF.values():
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = ctypes.create_string_buffer(struct.pack("16sP8x", device.encode(), ctypes.addressof(value)))
            if ctypes.CDLL(None, use_errno=True).ioctl(anything.fileno(), SIOCETHTOOL, request) != 0:
                raise OSError(ctypes.get_errno(), f"SIOCETHTOOL {command:#x} of {device}")


def take(connection, size):
    while size > 0:
        got = connection.recv(min(size, 1 << 20))
        if not got:
            raise EOFError
        size -= len(got)


def echo(address, size, repeats):
    with socket.create_server((address, PORT)) as server:
        print("ready", flush=True)
        connection, _ = server.accept()
        with connection:
            for _ in range(repeats):
                take(connection, size)
                connection.sendall(b"x")


def ask(address, size, repeats):
    best = float("inf")
    with socket.create_connection((address, PORT)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(repeats):
            begun = time.monotonic()
            connection.sendall(bytes(size))
            take(connection, 1)
            best = min(best, time.monotonic() - begun)
    print(best)


if __name__ == "__main__":
    {"plain": plain, "echo": echo, "ask": ask}[sys.argv[1]](
        sys.argv[2], *map(int, sys.argv[3:])
    )
