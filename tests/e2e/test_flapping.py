#!/usr/bin/env python3
"""An origin that comes and goes, and both of them gone at once: bounded, counted, and not noticed."""
# test-e2e: classes apart

import concurrent.futures
import os
import re
import select
import signal
import socket
import threading
import time
import unittest

import chain
import viewer
from foreign import free_ports
from test_failover import Watch

STOP, CONT = signal.SIGSTOP, signal.SIGCONT
# Longer than any freeze here: it is the switcher that must deal with it.
PATIENT = {"run": {"hang-timeout": "120s"}}


def switches_in(log):
    """(failovers, switchbacks) as the log tells them."""
    lines = [line for line in log.splitlines() if line.endswith("[switch]")]
    failovers = [line for line in lines if re.search(r"from primary to backup", line)]
    switchbacks = [line for line in lines if re.search(r"from backup to primary", line)]
    assert len(failovers) + len(switchbacks) == len(lines), lines
    return len(failovers), len(switchbacks)


class Relay:
    """Between switcher and primary: passes bytes on, or resets every connection and refuses more."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.port, = free_ports(1)
        self.is_cut, self._closing = False, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        listener, ends = None, {}  # socket -> the other one

        def drop(sock):
            for end in (sock, ends.pop(sock, None)):
                if end is not None:
                    ends.pop(end, None)
                    end.close()
        while not self._closing.is_set():
            if self.is_cut and listener:
                listener.close()
                listener = None
                while ends:
                    drop(next(iter(ends)))
            elif not self.is_cut and not listener:
                listener = socket.create_server(("127.0.0.1", self.port))
            for sock in select.select([*([listener] if listener else []), *ends], [], [], 0.02)[0]:
                if sock is listener:
                    self._join(sock.accept()[0], ends)
                elif sock in ends:
                    try:
                        data = sock.recv(65536)
                        ends[sock].sendall(data)
                    except OSError:
                        data = b""
                    if not data:
                        drop(sock)
        while ends:
            drop(next(iter(ends)))
        if listener:
            listener.close()

    def _join(self, near, ends):
        try:
            far = socket.create_connection(("127.0.0.1", self.target_port))
        except OSError:  # it does not listen yet
            near.close()
            return
        ends[near], ends[far] = far, near

    def close(self):
        self._closing.set()
        self._thread.join()


class Flapping(unittest.TestCase):
    """The primary comes and goes, half of the period each: frozen, or with every connection refused."""

    @classmethod
    def setUpClass(cls):
        cls.loop = chain.material("loop", seconds=16)

    def freeze(self, period_s, rounds):
        with chain.Chain(PATIENT) as one:
            def strike(is_hit):
                os.kill(one.pid("packager-primary"), STOP if is_hit else CONT)
            return self.flap(one, strike, period_s, rounds)

    def refuse(self, period_s, rounds):
        port, = free_ports(1)
        relay = Relay(port)
        try:
            with chain.Chain({"packager-primary": {"http": f"127.0.0.1:{port}"}, "switcher": {
                    "primary-base-url": f"http://127.0.0.1:{relay.port}/hls"}}) as one:
                def strike(is_hit):
                    relay.is_cut = is_hit
                return self.flap(one, strike, period_s, rounds)
        finally:
            relay.close()

    def flap(self, one, strike, period_s, rounds):
        one.ffmpeg_publish(self.loop)
        one.wait_playable(segments=5)
        watch = Watch(one.viewer_url(), poll_ms=100)
        try:
            watch.wait_segments(1)
            for _ in range(rounds):
                for is_hit in (True, False):
                    strike(is_hit)
                    time.sleep(period_s / 2)  # the fault itself
            watch.wait_segments(2)
        finally:
            report = watch.stop()
        # The two are read at different moments, so until they agree.
        told, = chain.wait_for("metrics to equal the log", lambda: self.agreed(one), 10)
        return report, told, one.log()

    @staticmethod
    def agreed(one):
        metrics = (one.metric("failovers_total"), one.metric("switchbacks_total"))
        told = switches_in(one.log())
        return (told,) if metrics == told else None

    def test_periods(self):
        # At most: the first, and one after each hold-down of 5, 10, 20 ... s and three segments.
        cases = [(self.refuse, 1, 30, 3), (self.freeze, 1, 30, 3), (self.refuse, 5, 8, 3),
                 (self.freeze, 5, 8, 3), (self.freeze, 30, 2, 2)]
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            runs = [(how.__name__, period_s, most, pool.submit(how, period_s, rounds))
                    for how, period_s, rounds, most in cases]
            for how, period_s, most, run in runs:
                with self.subTest(how=how, period_s=period_s):
                    report, (failovers, switchbacks), log = run.result()
                    print(f"{how} with a period of {period_s} s: {failovers} failovers, "
                          f"{switchbacks} switchbacks", flush=True)
                    self.assertEqual(report["violations"], [])
                    self.assertEqual(report["failed_requests"], [])
                    self.assertEqual(report["discontinuities"], [])
                    self.assertLessEqual(failovers, most, log[-3000:])
                    self.assertIn(failovers - switchbacks, (0, 1))
                    if how == "refuse" or period_s >= 5:  # 0.5 s may pass between two segments
                        self.assertGreaterEqual(failovers, 1)


class BothGone(unittest.TestCase):
    """Nothing comes any more; everything that was promised is still there."""

    @classmethod
    def setUpClass(cls):
        # Without B-frames an encoder may be killed anywhere and leaves no hole.
        cls.path = chain.material("no-b", seconds=16, bframes=0)

    def test_both_gone(self):
        chain.side_by_side(self, self.frozen, self.encoder_gone, self.killed)

    def check(self, strike, mend):
        with chain.Chain(PATIENT) as one:
            one.ffmpeg_publish(self.path)
            one.wait_playable(segments=10)
            watch = Watch(one.viewer_url(), poll_ms=100)
            try:
                watch.wait_segments(1)
                strike(one)
                self.check_while_gone(one, lambda: mend(one))
                watch.wait_segments(4)
            finally:
                report = watch.stop()
        self.assertEqual(report["violations"], [])
        self.assertEqual(report["failed_requests"], [])
        self.assertLessEqual(len(report["discontinuities"]), 1)
        return report

    def check_while_gone(self, one, mend):
        url = one.viewer_url()

        def stands():  # what was under way is published, nothing follows
            before = viewer.Playlist(chain.get(url)[1]).end
            time.sleep(3)
            return viewer.Playlist(chain.get(url)[1]).end == before
        chain.wait_for("the playlist to stand still", stands)
        playlist = viewer.Playlist(chain.get(url)[1])
        answer, held = {}, threading.Thread(target=lambda: answer.update(
            got=chain.get(f"{url}?_HLS_msn={playlist.end}", 30)))
        held.start()
        self.assertGreaterEqual(len(playlist.rows), 10)
        for row in playlist.rows:
            status, body = chain.get(url.rsplit("/", 1)[0] + "/" + row.uri)
            self.assertEqual((status, len(body) % 188), (200, 0), row.uri)
        held.join(1.5)
        self.assertEqual(answer, {}, "a request for what is to come was not held")
        mend()
        held.join(30)
        self.assertEqual(answer["got"][0], 200)
        self.assertGreater(viewer.Playlist(answer["got"][1]).end, playlist.end)

    def frozen(self):
        pids = []

        def strike(one):
            pids.extend(one.signal(f"packager-{name}", STOP) for name in ("primary", "backup"))

        def mend(one):
            for pid in pids:
                os.kill(pid, CONT)
        report = self.check(strike, mend)
        # They were there all the time, and caught up from the ingest's ring.
        self.assertEqual(report["discontinuities"], [])

    def encoder_gone(self):
        """The source itself: both origins say 503, and then go on with the next epoch."""
        def strike(one):
            one.children[0].kill()
        report = self.check(strike, lambda one: one.ffmpeg_publish(self.path))
        self.assertEqual(len(report["discontinuities"]), 1)

    def killed(self):
        with chain.Chain() as one:
            one.ffmpeg_publish(self.path)
            one.wait_playable(segments=5)
            watch = Watch(one.viewer_url(), poll_ms=100)
            try:
                watch.wait_segments(1)
                for _ in range(3):
                    pids = {name: one.pid(name) for name in ("packager-primary", "packager-backup")}
                    for pid in pids.values():
                        os.kill(pid, signal.SIGKILL)
                    for name, pid in pids.items():
                        one.wait_restarted(name, pid)
                    watch.wait_segments(3)
            finally:
                report = watch.stop()
            self.assertEqual(report["violations"], [])
            self.assertEqual(report["failed_requests"], [])
            self.assertEqual(report["discontinuities"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
