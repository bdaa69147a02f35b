#!/usr/bin/env python3
"""What an attacker, an unlucky operator and a bad network do, alone and together."""

import os
import signal
import socket
import threading
import time
import unittest

import chain
import rtmp
from test_failover import Watch

KILL, STOP, CONT = signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT
# Rules that hold even when every process and its memory are gone at once.
UNFORGIVABLE = {"bytes", "uri", "edit", "insert", "media-sequence", "discontinuity-sequence",
                "target-duration", "ts", "playlist", "internal"}
# The ingest's thread that writes its state comes and goes.
WRITER = 1


def freeze(pid, seconds):
    os.kill(pid, STOP)
    time.sleep(seconds)  # the fault itself
    os.kill(pid, CONT)


def resources(pid):
    """Descriptors, resident KiB and threads of a process."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    return len(os.listdir(f"/proc/{pid}/fd")), pages * 4, len(os.listdir(f"/proc/{pid}/task"))


class Chaos(unittest.TestCase):
    """Faults of one chain that lives through all of them."""

    @classmethod
    def setUpClass(cls):
        cls.loop = chain.material("loop", seconds=16)
        cls.tags = rtmp.tags_of(cls.loop)
        cls.one = chain.Chain()
        cls.one.__enter__()
        cls.publisher = cls.one.ffmpeg_publish(cls.loop)
        cls.one.wait_playable()

    @classmethod
    def tearDownClass(cls):
        cls.one.close()

    def setUp(self):
        # Nothing of the test before hangs over.
        chain.wait_for("both origins to be up", lambda: all(
            origin["state"] == "up" for origin in self.health()["origins"].values()))
        self.watch = Watch(self.one.viewer_url(), poll_ms=50)
        self.report = None
        self.addCleanup(self.stop_watch)
        self.watch.wait_segments(1)

    def stop_watch(self):
        if self.report is None:
            self.report = self.watch.stop()
        return self.report

    def health(self):
        return chain.get_json(self.one.viewer_url().split("/hls/")[0] + "/healthz")

    def assert_unharmed(self, may_miss_left=False):
        report = self.stop_watch()
        self.assertEqual(report["violations"], [])
        failed = report["failed_requests"]
        if may_miss_left:
            # What had left the playlist before the switcher died is not known to the next one.
            numbers = {s["uri"]: s["number"] for s in report["segments"]}
            oldest = min(numbers.values()) + 2
            failed = [f for f in failed if numbers.get(f["url"].rsplit("/", 1)[1], oldest) >= oldest]
        self.assertEqual(failed, [])
        self.assertEqual(report["discontinuities"], [])

    def test_frozen_packager_comes_back(self):
        """Frozen for less than the hang timeout: its sister is not slowed, it catches up."""
        freeze(self.one.pid("packager-backup"), 6)
        self.watch.wait_segments(2)
        self.assert_unharmed()
        late = {n: ms for n, ms in self.report["delays_ms"].items() if ms > 1200}
        self.assertEqual(late, {})
        chain.wait_for("equal playlists", lambda: len({
            chain.get(self.one.origin_url(o)) for o in ("primary", "backup")}) == 1)
        self.assertEqual(self.one.roles()["packager-backup"]["restarts"], 0)

    def test_frozen_switcher_blames_nobody(self):
        before = self.one.metric("failovers_total")
        freeze(self.one.pid("switcher"), 4)
        self.watch.wait_segments(2)
        self.assert_unharmed()
        self.assertEqual(self.one.metric("failovers_total"), before)
        self.assertIn("stood still", self.one.log())

    def test_killed_switcher_fails_no_listed_segment(self):
        """Requests for its segments wait while the next switcher reads the origins."""
        pid = self.one.signal("switcher", KILL)
        self.watch.wait_segments(2)
        self.one.wait_restarted("switcher", pid)
        self.assert_unharmed(may_miss_left=True)

    def test_two_faults_at_once(self):
        primary = self.one.signal("packager-primary", STOP)
        backup = self.one.signal("packager-backup", KILL)
        self.one.wait_restarted("packager-backup", backup)
        self.watch.wait_segments(2)
        os.kill(primary, CONT)
        self.watch.wait_segments(1)
        self.assert_unharmed()

    def test_flood_of_connections(self):
        """More than there are places for, all silent: the stream goes on, an encoder gets in."""
        host, port = self.one.publish_url().split("//")[1].split("/")[0].split(":")
        pid = self.one.pid("ingest")
        before, silent = resources(pid), []
        for _ in range(700):
            silent.append(socket.create_connection((host, int(port)), timeout=10))
        rtmp.Publisher(self.one.publish_url("late")).close()
        for sock in silent:
            sock.close()
        chain.wait_for("the descriptors", lambda: resources(pid)[0] <= before[0] + 2)
        self.assertLessEqual(resources(pid)[2], before[2] + WRITER)
        self.assert_unharmed()
        self.assertIn("closing the oldest connections that publish nothing", self.one.log())

    def test_reconnects_and_restarts_leave_nothing(self):
        url = self.one.publish_url("comes-and-goes")
        pid = self.one.pid("ingest")

        def reconnect(times):
            for _ in range(times):
                publisher = rtmp.Publisher(url)
                for tag in self.tags[:20]:
                    publisher.send(*tag)
                publisher.close()
            ends = f"publisher 127.0.0.1:{publisher.port} ended"
            chain.wait_for("the end of the last one", lambda: ends in self.one.log())
        reconnect(50)
        descriptors, kibibytes, threads = resources(pid)
        reconnect(150)
        after = resources(pid)
        self.assertLessEqual(after[0], descriptors + 2)
        self.assertLess(after[1], kibibytes + 4096)
        self.assertLessEqual(after[2], threads + WRITER)
        self.assert_unharmed()

    def test_silent_publisher_gives_way(self):
        """A dead encoder's open connection holds its key for two seconds, not more."""
        url = self.one.publish_url("taken-over")
        first = rtmp.Publisher(url)
        first.play(rtmp.loop(self.tags), seconds=1)
        begin = time.monotonic()
        second = rtmp.Publisher(url)  # waits, and is accepted
        self.assertIn(b"Publish.Start", second.answer)
        self.assertLess(time.monotonic() - begin, 4)
        first.read_to_end()  # a timeout here: it was not closed
        second.close()
        first.close()
        self.assertIn("[publish-takeover]", self.one.log())
        self.assert_unharmed()


class Timestamps(unittest.TestCase):
    """Encoders with broken clocks, side by side; each is watched as strictly as a good one."""
    BREAK_MS = 3000  # between two key frames, where a jump falls into a segment

    def changes(self):
        at = self.BREAK_MS
        return {
            "plus-hour": lambda t: t + 3600000 if t >= at else t,
            "minus-10s": lambda t: t + 20000 if t < at else t + 10000,
            "24-bit": lambda t: t + 0xFFFFFF - at,
            "32-bit": lambda t: t + 0xFFFFFFFF - at,
            "constant": lambda t: 0,
        }

    def test_each(self):
        tags = rtmp.tags_of(chain.material("loop", seconds=16))
        with chain.Chain() as one:
            watches, errors, threads = {}, {}, []

            def publish(key, change):
                publisher = rtmp.Publisher(one.publish_url(key))
                try:
                    # One whose clock stands still is sent away after 10 s, on a busy machine later.
                    publisher.play(rtmp.loop(tags), change, seconds=45 if key == "constant" else 14)
                except OSError as error:
                    errors[key] = error
                publisher.close()

            for key, change in self.changes().items():
                threads.append(threading.Thread(target=publish, args=(key, change)))
                threads[-1].start()
                watches[key] = Watch(one.viewer_url(key), poll_ms=200, wait_s=20)
            for thread in threads:
                thread.join()
            reports = {key: watch.stop() for key, watch in watches.items()}
            self.assertEqual(list(errors), ["constant"], errors)
            self.assertIn("time stamps do not advance", one.log())
            for key, cuts in (("plus-hour", 1), ("minus-10s", 1), ("24-bit", 0), ("32-bit", 0)):
                with self.subTest(key=key):
                    report = reports[key]
                    self.assertEqual(len(report["discontinuities"]), cuts)
                    self.assertGreaterEqual(len(report["segments"]), 6)
                    self.assertLessEqual(max(s["extinf"] for s in report["segments"]), 3.0)
                    # Where a timeline breaks off, the last pictures lack their successors.
                    found = {v["kind"] for v in report["violations"]} - {"video", "audio"}
                    self.assertEqual(found, set(), report["violations"])
                    self.assertEqual(report["failed_requests"], [])
            self.assertEqual({r["restarts"] for r in one.roles().values()}, {0})


class Everything(unittest.TestCase):
    def test_killed_at_once_and_started_again(self):
        loop = chain.material("loop", seconds=16)
        with chain.Chain() as one:
            publisher = one.ffmpeg_publish(loop)
            one.wait_playable()
            self.keep_ports(one)
            watch = Watch(one.viewer_url(), poll_ms=50)
            try:
                watch.wait_segments(1)
                for pid in [role["pid"] for role in one.roles().values()] + [one.process.pid]:
                    os.kill(pid, KILL)
                one.process.wait()
                publisher.wait(30)
                one.status_path.unlink()
                one.start()
                one.ffmpeg_publish(loop)
                watch.wait_segments(3)
            finally:
                report = watch.stop()
            found = [v for v in report["violations"] if v["kind"] in UNFORGIVABLE]
            self.assertEqual(found, [])
            # The memory of the segments is gone; no answer may be anything worse than that.
            self.assertLessEqual({f["status"] for f in report["failed_requests"]}, {None, 404})
            self.assertEqual(len(report["discontinuities"]), 1)

    @staticmethod
    def keep_ports(one):
        ports = {name: url.split("://")[1].split("/")[0].split(":")[1]
                 for name, url in one.urls.items()}
        one.settings["switcher"]["http"] = "127.0.0.1:" + ports["viewer"]
        one.settings["ingest"]["rtmp"] = "127.0.0.1:" + ports["publish"]

    def test_no_state_directory(self):
        """Nothing can be remembered, and the ingest dies: the packagers know the number."""
        loop = chain.material("loop", seconds=16)
        with chain.Chain({"general": {"state-dir": "/proc/nothing"}}) as one:
            publisher = one.ffmpeg_publish(loop)
            one.wait_playable()
            watch = Watch(one.viewer_url(), poll_ms=50)
            try:
                watch.wait_segments(1)
                pid = one.signal("ingest", KILL)
                publisher.wait(30)
                one.wait_restarted("ingest", pid)
                one.ffmpeg_publish(loop)
                watch.wait_segments(3)
            finally:
                report = watch.stop()
            self.assertEqual(report["violations"], [])
            self.assertEqual(report["failed_requests"], [])
            self.assertEqual(len(report["discontinuities"]), 1)
            self.assertIn("numbering goes on from the packager's", one.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
