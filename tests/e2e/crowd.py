#!/usr/bin/env python3
"""crowd.py - thousands of viewers of one live playlist, in one process.

    python3 crowd.py URL --viewers 2000 [--seconds 60] [--limit 10] [--report FILE]

Each viewer has one connection that stays, asks for the playlist (every other one by blocking reload,
the rest once a second, each at a moment of its own), and fetches every segment that appears from
the time it came. What a viewer would have felt is counted: requests that failed or took too long,
playlists that go back, the longest time in which a viewer's playlist did not grow, and bytes that
another viewer got otherwise under the same name. X-Cache, if there is one, is counted too. Ends after
--seconds, or at SIGTERM; the report is JSON.

One thread, one epoll set, no locks. A playlist's text is read once, however many get it.
"""

import argparse
import collections
import hashlib
import heapq
import json
import random
import resource
import select
import signal
import socket
import sys
import time
import urllib.parse

REQUEST_LIMIT_S = 10.0  # a player gives up about here, and asks again
POLL_S = 1.0
CONNECTS_PER_S = 500
KEPT_FAILURES = 200


class Playlist:
    def __init__(self, text):
        self.sequence, self.uris = 0, []
        for line in text.splitlines():
            if line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
                self.sequence = int(line.split(":")[1])
            elif line and not line.startswith("#"):
                self.uris.append(line)
        self.end = self.sequence + len(self.uris)


class Viewer:
    __slots__ = ("crowd", "number", "is_blocking", "sock", "data", "need", "head", "asked_at", "what",
                 "next_number", "sequence", "known", "wanted", "sent", "grown_at", "stood_s")

    def __init__(self, crowd, number):
        self.crowd, self.number, self.is_blocking = crowd, number, number % 2 == 0
        self.sock = self.what = self.head = None
        self.next_number, self.sequence, self.known, self.wanted = None, 0, 0, collections.deque()
        self.grown_at, self.stood_s = None, 0.0

    # -- the connection

    def connect(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.connect_ex(self.crowd.address)
        self.crowd.viewers[self.sock.fileno()] = self
        self.crowd.epoll.register(self.sock.fileno(), select.EPOLLOUT)

    def drop(self):
        if self.sock is not None:
            self.crowd.epoll.unregister(self.sock.fileno())
            del self.crowd.viewers[self.sock.fileno()]
            self.sock.close()
            self.sock = None

    def on_event(self, event):
        try:
            if event & select.EPOLLOUT and self.what is None:
                error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise OSError(error, "connect")
                self.crowd.epoll.modify(self.sock.fileno(), select.EPOLLIN)
                self.go_on()
            elif event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self.read()
        except OSError as error:
            self.fail(f"{type(error).__name__}: {error}")

    # -- requests

    def ask(self, what):
        self.what, self.asked_at, self.sent = what, time.monotonic(), True
        self.data, self.head, self.need = [], None, 0
        query = f"?_HLS_msn={what[1]}" if what[0] == "playlist" and what[1] is not None else ""
        path = what[1] if what[0] == "segment" else self.crowd.path + query
        self.sock.send(f"GET {path} HTTP/1.1\r\nHost: {self.crowd.host}\r\n\r\n".encode())
        self.crowd.requests += 1
        self.crowd.after(self.crowd.limit_s, self.on_late, self.asked_at)

    def on_late(self, asked_at):
        if self.what is not None and self.asked_at == asked_at:
            self.fail(f"no whole answer within {self.crowd.limit_s:g} s")

    def fail(self, reason, status=None):
        crowd = self.crowd
        crowd.failed += 1
        if len(crowd.failures) < KEPT_FAILURES:
            crowd.failures.append({"t": round(time.monotonic() - crowd.t0, 3), "viewer": self.number,
                                   "what": list(self.what or ("connect",)), "reason": reason, "status": status})
        self.drop()
        self.what = None
        if not crowd.is_over:
            crowd.after(1.0, self.connect_again)

    def connect_again(self):
        if self.sock is None and not self.crowd.is_over:
            self.connect()

    def read(self):
        part = self.sock.recv(262144)
        if not part:
            if self.what is None:  # idle, between two polls: nothing was lost
                self.drop()
                self.connect()
                return
            raise ConnectionError("closed before the answer was whole")
        if self.what is None:
            raise ConnectionError("an answer that nobody asked for")
        self.data.append(part)
        if self.head is None:
            whole = b"".join(self.data)
            at = whole.find(b"\r\n\r\n")
            if at < 0:
                return
            self.head = whole[:at].decode("latin-1")
            self.data = [whole[at + 4:]]
            length = self.field("content-length")
            if length is None:
                raise ConnectionError("an answer without a length: " + self.head[:200])
            self.need = int(length)
        if sum(map(len, self.data)) >= self.need:
            self.answered(b"".join(self.data))

    def field(self, name):
        at = self.head.lower().find("\r\n" + name + ":")
        return self.head[at + len(name) + 3:].split("\r\n", 1)[0].strip() if at >= 0 else None

    # -- what it watches

    def answered(self, body):
        crowd, what = self.crowd, self.what
        crowd.waits.append(time.monotonic() - self.asked_at)
        crowd.cache[what[0], self.field("x-cache") or "-"] += 1
        status = int(self.head.split(" ", 2)[1])
        if status != 200:
            self.fail("status", status)
            return
        self.what = None
        if what[0] == "segment":
            crowd.take_segment(what[1], body, self.field("x-cache"))
        else:
            self.take_playlist(crowd.read_playlist(body), what[1])
        self.go_on()

    def take_playlist(self, playlist, msn):
        crowd = self.crowd
        if playlist.sequence < self.sequence or playlist.end < self.known:
            crowd.backwards.append({"t": round(time.monotonic() - crowd.t0, 3), "viewer": self.number,
                                    "from": [self.sequence, self.known], "to": [playlist.sequence, playlist.end]})
        if msn is not None and playlist.end <= msn:
            crowd.unfulfilled += 1
        if playlist.end > self.known:
            self.stood_s, self.grown_at = self.stood_still_s(), time.monotonic()
        if self.next_number is None:
            self.next_number = max(playlist.end - 1, playlist.sequence)
            crowd.watching += 1
        self.sequence, self.known = playlist.sequence, max(self.known, playlist.end)
        if self.next_number < playlist.sequence:
            crowd.missed += playlist.sequence - self.next_number
            self.next_number = playlist.sequence
        while self.next_number < playlist.end:
            self.wanted.append(urllib.parse.urljoin(crowd.path, playlist.uris[self.next_number - playlist.sequence]))
            self.next_number += 1

    def stood_still_s(self):
        """The longest time in which nothing new was listed, with the one that has not ended."""
        return self.stood_s if self.grown_at is None else max(self.stood_s, time.monotonic() - self.grown_at)

    def go_on(self):
        if self.crowd.is_over:
            self.drop()
        elif self.wanted:
            self.ask(("segment", self.wanted.popleft()))
        elif self.known == 0:
            self.ask(("playlist", None))
        elif self.is_blocking:
            self.ask(("playlist", self.known))
        else:
            self.crowd.after(POLL_S, self.poll)

    def poll(self):
        if self.what is None and self.sock is not None:
            self.ask(("playlist", None))


def at(values, percent):
    return values[min(int(len(values) * percent / 100), len(values) - 1)]


class Crowd:
    def __init__(self, url, viewers, limit_s=REQUEST_LIMIT_S):
        self.limit_s = limit_s
        parts = urllib.parse.urlsplit(url)
        self.address, self.host, self.path = (parts.hostname, parts.port), parts.netloc, parts.path
        self.epoll, self.viewers, self.timers, self.order = select.epoll(), {}, [], 0
        self.watching = self.requests = self.failed = self.missed = self.unfulfilled = self.differing = 0
        self.failures, self.backwards, self.waits = [], [], []
        self.cache = collections.Counter()
        self.segments, self.misses, self.playlists = {}, collections.Counter(), {}
        self.people = [Viewer(self, number) for number in range(viewers)]
        self.fetched = collections.Counter()
        self.is_over, self.t0 = False, time.monotonic()
        random.seed(1)
        for viewer in self.people:
            self.after(viewer.number / CONNECTS_PER_S, viewer.connect)

    def after(self, seconds, function, *args):
        self.order += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.order, function, args))

    def read_playlist(self, body):
        if body not in self.playlists:
            if len(self.playlists) > 1000:
                self.playlists.clear()
            self.playlists[body] = Playlist(body.decode())
        return self.playlists[body]

    def take_segment(self, uri, body, cache):
        known = self.segments.setdefault(uri, body)
        if known is not body and known != body:
            self.differing += 1
        self.fetched[uri] += 1
        if cache in ("MISS", "EXPIRED"):
            self.misses[uri] += 1
        if len(self.segments) > 200:
            self.segments.pop(next(iter(self.segments)))

    def run(self, seconds):
        end = time.monotonic() + seconds if seconds else None
        while not self.is_over:
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                _, _, function, args = heapq.heappop(self.timers)
                function(*args)
            self.is_over = self.is_over or (end is not None and now >= end)
            wait = max(min(self.timers[0][0] - time.monotonic(), 0.2), 0) if self.timers else 0.2
            for fd, event in self.epoll.poll(wait):
                viewer = self.viewers.get(fd)
                if viewer is not None:
                    viewer.on_event(event)
        return self.report()

    def report(self):
        waits = sorted(self.waits) or [0]
        pauses = sorted(viewer.stood_still_s() for viewer in self.people)
        whole = {uri: count for uri, count in self.fetched.items()}
        return {
            "seconds": round(time.monotonic() - self.t0, 1), "viewers": self.watching,
            "requests": self.requests, "failed": self.failed, "failures": self.failures,
            "backwards": self.backwards[:KEPT_FAILURES], "n_backwards": len(self.backwards),
            "missed": self.missed, "unfulfilled": self.unfulfilled, "differing": self.differing,
            "cache": {f"{kind} {word}": count for (kind, word), count in sorted(self.cache.items())},
            "segments": len(whole), "segment_fetches": sum(whole.values()),
            "misses_per_segment": {uri: self.misses[uri] for uri in whole},
            "wait_ms": {f"p{p}": round(1000 * at(waits, p), 1) for p in (50, 90, 99, 100)},
            "stood_still_s": {f"p{p}": round(at(pauses, p), 1) for p in (50, 90, 99, 100)}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--viewers", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--limit", type=float, default=REQUEST_LIMIT_S)
    parser.add_argument("--report")
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(given.url, given.viewers, given.limit)

    def stop(*_):
        crowd.is_over = True
    signal.signal(signal.SIGTERM, stop)
    report = json.dumps(crowd.run(given.seconds), indent=1)
    if given.report:
        with open(given.report, "w", encoding="utf-8") as out:
            out.write(report)
    else:
        print(report)


if __name__ == "__main__":
    sys.exit(main())
