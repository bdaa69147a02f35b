"""machines.py - several hosts on this one, and links between them that a test can break.

A host is a network namespace: programs in it are real, so are their sockets, and nothing but the
links leads out. It has no name that could be left behind: it lasts as long as the process that holds
it. A link is two veth pairs with a wire between them, a process that carries every frame from the
one to the other, and loses, delays or swallows them as it is told, each direction by itself. The
kernel's own netem would do, but not every kernel has it.

Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN: root, or what `unshare --user --map-root-user`
gives. Standard library and `ip` only.
"""

import ctypes
import errno
import fcntl
import heapq
import json
import os
import pathlib
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 0x0003
PACKET_OUTGOING = 4
SIOCETHTOOL = 0x8946
# checksums, scatter-gather, TCP and generic segmentation, receive offload: off, so that the wire
# sees frames as they would be on a cable
OFFLOADS = (0x17, 0x19, 0x1F, 0x24, 0x2C)
FRAME_BYTES = 65536
QUEUE_FRAMES = 4096  # on their way in one direction; a cable holds less


class NotAllowed(AssertionError):
    """This process may not make network namespaces."""


# ---- the wire, a process of its own

class Way:
    """One direction of one link."""

    def __init__(self, device):
        self.device = device  # frames from here
        self.out = None  # to this socket
        self.loss, self.delay_s, self.jitter_s = 0.0, 0.0, 0.0
        self.queued, self.last_due = 0, 0.0


class Wire:
    def __init__(self):
        self.ways, self.sockets = {}, {}  # device -> Way; file descriptor -> (socket, Way)
        self.heap, self.serial = [], 0
        self.random = random.Random(1)

    @staticmethod
    def _raw(device):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind((device, 0))
        sock.setblocking(False)
        return sock

    @staticmethod
    def _as_on_a_cable(device):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for command in OFFLOADS:
                value = ctypes.create_string_buffer(struct.pack("II", command, 0))
                request = struct.pack("16sP", device.encode(), ctypes.addressof(value))
                try:
                    fcntl.ioctl(sock, SIOCETHTOOL, request)
                except OSError as error:
                    if error.errno != errno.EOPNOTSUPP:
                        raise

    def add(self, ends):
        """ends: [(device in the host, process that holds the host)] of the two."""
        sockets = []
        for device, pid in ends:
            ip("link", "add", device, "type", "veth", "peer", "name", "w-" + device)
            for name in (device, "w-" + device):
                self._as_on_a_cable(name)
            ip("link", "set", "w-" + device, "up")
            ip("link", "set", device, "netns", str(pid))
            sockets.append(self._raw("w-" + device))
        for (device, _), sock, other in zip(ends, sockets, reversed(sockets)):
            way = self.ways[device] = Way(device)
            way.out = other
            self.sockets[sock.fileno()] = (sock, way)

    def shape(self, device, loss, delay_s, jitter_s):
        way = self.ways[device]
        way.loss, way.delay_s, way.jitter_s = loss, delay_s, jitter_s

    def plug(self, device, state):
        ip("link", "set", "w-" + device, state)

    def _take(self, sock, way):
        for _ in range(64):
            try:
                frame, address = sock.recvfrom(FRAME_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.ENETDOWN:
                    return
                raise
            if address[2] == PACKET_OUTGOING or self.random.random() < way.loss:
                continue
            if way.queued >= QUEUE_FRAMES:
                continue
            # In order, as on a road: a delay that changes does not let one overtake another.
            due = time.monotonic() + way.delay_s + self.random.uniform(-1, 1) * way.jitter_s
            way.last_due = max(due, way.last_due)
            way.queued += 1
            self.serial += 1
            heapq.heappush(self.heap, (way.last_due, self.serial, way, frame))

    def _deliver(self):
        now = time.monotonic()
        while self.heap and self.heap[0][0] <= now:
            _, _, way, frame = heapq.heappop(self.heap)
            way.queued -= 1
            try:
                way.out.send(frame)
            except OSError as error:  # pulled, or full: lost, as on a cable
                if error.errno not in (errno.ENETDOWN, errno.ENOBUFS, errno.EAGAIN, errno.ENXIO):
                    raise

    def run(self):
        poll = select.poll()
        poll.register(0, select.POLLIN)
        commands = os.fdopen(0, "rb", buffering=0)
        registered = set()
        print("ready", flush=True)
        while True:
            for descriptor in set(self.sockets) - registered:
                poll.register(descriptor, select.POLLIN)
                registered.add(descriptor)
            wait_ms = None
            if self.heap:
                wait_ms = max(self.heap[0][0] - time.monotonic(), 0) * 1000
            for descriptor, _ in poll.poll(wait_ms):
                if descriptor != 0:
                    self._take(*self.sockets[descriptor])
                    continue
                line = commands.readline()
                if not line:
                    return
                order = json.loads(line)
                getattr(self, order.pop("do"))(**order)
                print("done", flush=True)
            self._deliver()


# ---- the test's side

def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _namespace_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


class Net:
    """links: [("a", "b"), ...]; the hosts are those named there. `with` block: all is gone after."""

    def __init__(self, links):
        self.links = links
        self.hosts = {}  # name -> process that holds it
        self.addresses = {}  # (host, peer) -> the host's address on that link
        self.wire = None
        self.children = []
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._is_away = False

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self.close()

    def _start(self):
        probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
        if probe.returncode != 0:
            raise NotAllowed(
                f"cannot make network namespaces: {probe.stderr.strip()}; run this test as root, in "
                "a container with CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW, or below "
                "`unshare --user --map-root-user`")
        for name in sorted({host for link in self.links for host in link}):
            self.hosts[name] = self._hold(["sleep", "infinity"], stdout=subprocess.DEVNULL)
        self.wire = self._hold([sys.executable, __file__, "--wire"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
        self._expect(b"ready\n")
        for number, link in enumerate(self.links):
            self._link(number, link)
        for name in self.hosts:
            self.check(name, "ip", "link", "set", "lo", "up")

    @staticmethod
    def _hold(argv, **streams):
        streams.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(["unshare", "--net", "--", *argv], **streams)
        ours = _namespace_of("self")
        deadline = time.monotonic() + 10
        while _namespace_of(process.pid) == ours:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotAllowed(f"unshare --net ended with {process.returncode}")
            time.sleep(0.005)
        return process

    def _link(self, number, link):
        ends = [(f"{host}-{peer}", self.hosts[host].pid)
                for host, peer in (link, tuple(reversed(link)))]
        self._order(do="add", ends=ends)
        for (host, peer), last in ((link, 1), (tuple(reversed(link)), 2)):
            self.addresses[host, peer] = f"10.99.{number}.{last}"
            device = f"{host}-{peer}"
            self.check(host, "ip", "address", "add", f"10.99.{number}.{last}/30", "dev", device)
            self.check(host, "ip", "link", "set", device, "up")

    def close(self):
        for child in [*self.children, self.wire, *self.hosts.values()]:
            if child is not None and child.poll() is None:
                child.send_signal(signal.SIGKILL)
        for child in [*self.children, self.wire, *self.hosts.values()]:
            if child is not None:
                child.wait()
        if self.wire is not None:
            self.wire.stdin.close()
            self.wire.stdout.close()
        if self._is_away:
            try:
                self.enter(None)
            except PermissionError:
                pass  # below `unshare --user` there is no way back; that host stays as long as we do
        os.close(self._home)

    def _order(self, **order):
        self.wire.stdin.write(json.dumps(order).encode() + b"\n")
        self.wire.stdin.flush()
        self._expect(b"done\n")

    def _expect(self, word):
        said = self.wire.stdout.readline()
        if said != word:
            raise AssertionError(f"the wire ended with {self.wire.wait()}")

    # -- programs

    def inside(self, host, argv):
        return ["nsenter", "--target", str(self.hosts[host].pid), "--net", "--",
                *(str(word) for word in argv)]

    def check(self, host, *argv):
        done = subprocess.run(self.inside(host, argv), capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{host}: {' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    def run(self, host, argv, **streams):
        """Returns the running process; it is killed at the end."""
        streams.setdefault("stdin", subprocess.DEVNULL)
        self.children.append(subprocess.Popen(self.inside(host, argv), **streams))
        return self.children[-1]

    def enter(self, host):
        """Moves the calling thread, and threads that it starts from now on, to that host; None: back."""
        path = f"/proc/{self.hosts[host].pid}/ns/net" if host is not None else None
        descriptor = os.open(path, os.O_RDONLY) if path else self._home
        libc = ctypes.CDLL(None, use_errno=True)
        result = libc.setns(descriptor, CLONE_NEWNET)
        if path:
            os.close(descriptor)
        if result != 0:
            raise OSError(ctypes.get_errno(), "setns: " + os.strerror(ctypes.get_errno()))
        self._is_away = host is not None

    def address(self, host, peer):
        """Of the host, as its peer on that link knows it."""
        return self.addresses[host, peer]

    # -- links

    def rough(self, host, peer, loss=0.0, delay_ms=0.0, jitter_ms=0.0):
        """Both directions."""
        for device in (f"{host}-{peer}", f"{peer}-{host}"):
            self._order(do="shape", device=device, loss=loss, delay_s=delay_ms / 1000,
                        jitter_s=jitter_ms / 1000)

    def cut(self, host, peer):
        """Frames vanish; neither side is told."""
        self.rough(host, peer, loss=1.0)

    def cut_one_way(self, host, peer):
        """Frames from the host to the peer vanish, those in the other direction arrive."""
        self._order(do="shape", device=f"{host}-{peer}", loss=1.0, delay_s=0, jitter_s=0)

    def unplug(self, host, peer):
        """Both sides lose their carrier."""
        for device in (f"{host}-{peer}", f"{peer}-{host}"):
            self._order(do="plug", device=device, state="down")

    def heal(self, host, peer):
        for device in (f"{host}-{peer}", f"{peer}-{host}"):
            self._order(do="plug", device=device, state="up")
        self.rough(host, peer)


if __name__ == "__main__":
    assert sys.argv[1:] == ["--wire"], pathlib.Path(__file__).name
    Wire().run()
