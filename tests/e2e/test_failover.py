#!/usr/bin/env python3
"""Kill and freeze every part behind the viewer's URL, and watch as a viewer and as a real player."""
# test-e2e: classes apart

import signal
import socket
import threading
import time
import unittest

import chain
import players
import rtmp
from watch import Watch

# Only a fault is this late; bench/failover measures the real figures (budgets: 100 and 500 ms).
LATE_MS = 1200


class Failover(unittest.TestCase):
    def setUp(self):
        self.loop = chain.material("loop", seconds=16)

    def assert_clean(self, report, label):
        self.assertEqual(report["violations"], [], label)
        self.assertEqual(report["failed_requests"], [], label)

    def break_packagers(self, one, watch):
        """All faults of issue line 3; each waits until the part is whole again."""
        for role in ("packager-primary", "packager-backup"):
            for number in (signal.SIGKILL, signal.SIGSTOP):
                pid = one.signal(role, number)
                watch.wait_segments(2)
                one.wait_restarted(role, pid)
                watch.wait_segments(2)
        # Both, one after the other: the second goes as soon as the first is back.
        pid = one.signal("packager-primary", signal.SIGKILL)
        one.wait_restarted("packager-primary", pid)
        watch.wait_segments(1)
        pid = one.signal("packager-backup", signal.SIGKILL)
        one.wait_restarted("packager-backup", pid)
        watch.wait_segments(3)

    def test_packagers(self):
        source = chain.decoded_pictures(self.loop)
        with chain.Chain({"run": {"hang-timeout": "3s"}}) as one:
            one.ffmpeg_publish(self.loop)
            one.wait_playable()
            watch = Watch(one.viewer_url(), poll_ms=50)
            player = players.FFmpeg(one.viewer_url(), 75)
            try:
                self.break_packagers(one, watch)
                playback = player.result()
            finally:
                report = watch.stop()
            self.assert_clean(report, "viewer")
            self.assertEqual(report["discontinuities"], [])
            late = {n: ms for n, ms in report["delays_ms"].items() if ms > LATE_MS}
            self.assertEqual(late, {}, f"delays: {report['delays_ms']}")
            print("worst delay of a segment: %.0f ms" % max(report["delays_ms"].values()))
            playback.check_pictures(source)
            playback.check_monotonic()
            self.assertEqual(playback.complaints, [])
            self.assertEqual(one.metric("understudy_switcher_divergence_total") or 0, 0)


class Restarts(unittest.TestCase):
    def setUp(self):
        self.loop = chain.material("loop", seconds=16)

    def test_restarts(self):
        chain.side_by_side(self, self.switcher_restart_fails_no_request, self.ingest)

    def switcher_restart_fails_no_request(self):
        with chain.Chain() as one:
            one.ffmpeg_publish(self.loop)
            one.wait_playable()
            statuses, done = [], threading.Event()

            def ask():
                while not done.is_set():
                    statuses.append(chain.get(one.viewer_url())[0])
            url_number = lambda: int(chain.get(one.viewer_url())[1].decode()
                                     .split("#EXT-X-MEDIA-SEQUENCE:")[1].split()[0])
            before = url_number()
            asker = threading.Thread(target=ask)
            asker.start()
            one.wait_restarted("switcher", one.signal("switcher", signal.SIGKILL))
            one.wait_playable(segments=3)
            done.set()
            asker.join()
            self.assertGreaterEqual(url_number(), before)
            bad = [status for status in statuses if status != 200]
            # A connection that was being served is reset; urllib raises, and the test would end.
            self.assertEqual(bad, [])

    def ingest(self):
        """The encoder's connection breaks with the ingest; it reconnects as encoders do."""
        with chain.Chain() as one:
            publisher = one.ffmpeg_publish(self.loop)
            one.wait_playable()
            watch = Watch(one.viewer_url(), poll_ms=50)
            try:
                watch.wait_segments(2)
                pid = one.signal("ingest", signal.SIGKILL)
                publisher.wait(30)
                one.ffmpeg_publish(self.loop)
                one.wait_restarted("ingest", pid)
                watch.wait_segments(5)
            finally:
                report = watch.stop()
            self.assertEqual(report["violations"], [])
            self.assertEqual(report["failed_requests"], [])
            self.assertEqual(len(report["discontinuities"]), 1)
            self.assertEqual(one.roles()["ingest"]["restarts"], 1)


def break_off(publisher, tags, after_ms, meanwhile=lambda: None):
    """Plays from the start; dies two pictures into the segment that the first key frame from
    after_ms on opens, of whose sound nothing was sent; meanwhile() is called in between."""
    def is_last(tag):
        kind, stamp, body = tag
        return kind == rtmp.VIDEO and body[0] == 0x17 and stamp >= after_ms
    end = next(index for index, tag in enumerate(tags) if is_last(tag))
    pictures = [tag for tag in tags[end:] if tag[0] == rtmp.VIDEO]
    publisher.play(tags[:end] + pictures[:2])
    meanwhile()
    publisher.sock.shutdown(socket.SHUT_WR)  # as the kernel does, and nothing sent is lost
    publisher.read_to_end()
    publisher.close()


class Encoder(unittest.TestCase):
    def test_encoder(self):
        chain.side_by_side(self, self.breaks_off_before_its_sound, self.comes_and_goes)

    def breaks_off_before_its_sound(self):
        """No segment without sound, and one discontinuity each time, also for a packager that dies
        in that moment."""
        material = chain.material("loop", seconds=16)
        tags = rtmp.tags_of(material)
        with chain.Chain() as one:
            publisher = rtmp.Publisher(one.publish_url())
            player = threading.Thread(target=break_off, args=(publisher, tags, 8000))
            player.start()
            one.wait_playable()
            watch = Watch(one.viewer_url(), poll_ms=100)
            try:
                player.join()
                chain.wait_for("the first tail", lambda: one.log().count("and is left out") == 1)
                pid = one.pid("packager-backup")
                break_off(rtmp.Publisher(one.publish_url()), tags, 4000,
                          lambda: one.signal("packager-backup", signal.SIGKILL))
                chain.wait_for("the second tail", lambda: one.log().count("and is left out") == 2)
                one.wait_restarted("packager-backup", pid)
                one.ffmpeg_publish(material)
                watch.wait_segments(4)
                lists = [chain.get(one.origin_url(name))[1] for name in ("primary", "backup")]
            finally:
                report = watch.stop()
            self.assertEqual(report["violations"], [])
            self.assertEqual(report["failed_requests"], [])
            self.assertEqual(len(report["discontinuities"]), 2)
            numbers = [segment["number"] for segment in report["segments"]]
            self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)))
            # What was restarted holds what the other does: the shorter list is part of the longer.
            names = [[line for line in body.decode().splitlines() if not line.startswith("#")]
                     for body in lists]
            both = set(names[0]) & set(names[1])
            self.assertGreaterEqual(len(both), min(map(len, names)) - 1)

    def comes_and_goes(self):
        """Killed; back after 3 s; killed; back after 60 s with another picture size."""
        small = chain.material("loop", seconds=16)
        large = chain.material("large", seconds=16, size="640x360")
        with chain.Chain() as one:
            publisher = one.ffmpeg_publish(small)
            one.wait_playable()
            watch = Watch(one.viewer_url(), poll_ms=100)
            player = players.FFmpeg(one.viewer_url(), 90)
            try:
                watch.wait_segments(2)
                for pause_s, path in ((3, small), (60, large)):
                    publisher.kill()
                    publisher.wait()
                    time.sleep(pause_s)  # the fault itself
                    publisher = one.ffmpeg_publish(path)
                    watch.wait_segments(5)
                shown = len(player.playback.pictures)
                chain.wait_for("the player to go on",
                               lambda: len(player.playback.pictures) > shown)
            finally:
                report = watch.stop()
            # A killed encoder may have sent a picture and not the B-frames shown before it: the
            # last segment of an epoch may have that hole. Nothing else may be wrong.
            ends = [number - 1 for number in report["discontinuities"]]
            wrong = [v for v in report["violations"]
                     if v["kind"] != "video" or v.get("number") not in ends]
            self.assertEqual(wrong, [])
            self.assertEqual(report["failed_requests"], [])
            self.assertEqual(len(report["discontinuities"]), 2)
            numbers = [segment["number"] for segment in report["segments"]]
            self.assertEqual(numbers, sorted(set(numbers)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
