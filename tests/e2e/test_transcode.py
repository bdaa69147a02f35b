#!/usr/bin/env python3
"""Two packagers that encode, each at its own bit rate: their segments are interchangeable."""

import signal
import unittest

import chain
import mpegts
import players
import viewer
from test_failover import Watch

PLAY_S = 60
TICKS = 90000
ENCODE = {"pipeline": "packager-x264"}


def parameter_sets(data):
    """Every SPS and PPS of a segment, in order."""
    video, pid = [], None
    segment = mpegts.Segment(data)
    pid = next(p for p, kind in segment.streams.items() if kind == mpegts.H264)
    for at in range(0, len(data), mpegts.PACKET):
        packet = data[at:at + mpegts.PACKET]
        if (packet[1] & 0x1F) << 8 | packet[2] != pid or not packet[3] & 0x10:
            continue
        start = 5 + packet[4] if packet[3] & 0x20 else 4
        if packet[1] & 0x40:
            start += 9 + packet[start + 8]
        video.append(packet[start:])
    stream = b"".join(video)
    nals = stream.split(b"\x00\x00\x01")[1:]
    return [nal.rstrip(b"\x00") for nal in nals if nal and nal[0] & 0x1F in (7, 8)]


class Pair:
    """What both origins list, segment by segment."""

    def __init__(self, one):
        self.playlists, self.segments = {}, {}
        for origin in ("primary", "backup"):
            url = one.origin_url(origin)
            status, body = chain.get(url)
            if status != 200:
                raise chain.Failure(f"{origin} answers {status}")
            self.playlists[origin] = body.decode()
            for name in self.names(origin):
                status, data = chain.get(url.rsplit("/", 1)[0] + "/" + name)
                if status != 200:
                    raise chain.Failure(f"{origin} lists {name} and answers {status}")
                self.segments.setdefault(name, {})[origin] = data

    def names(self, origin):
        return [line for line in self.playlists[origin].splitlines() if not line.startswith("#")]

    def rows(self, origin):
        """{name: (EXTINF, PROGRAM-DATE-TIME)}"""
        rows, tags = {}, {}
        for line in self.playlists[origin].splitlines():
            if line.startswith(("#EXTINF", "#EXT-X-PROGRAM-DATE-TIME")):
                key, value = line.split(":", 1)
                tags[key] = value
            elif not line.startswith("#"):
                rows[line] = tuple(sorted(tags.items()))
        return rows

    def both(self):
        return {name: sides for name, sides in self.segments.items() if len(sides) == 2}


class Transcode(unittest.TestCase):
    def setUp(self):
        self.loop = chain.material("loop", seconds=16)

    def check_pair(self, one):
        """Aligned: other bytes, and all that a viewer counts on is the same."""
        pair = Pair(one)
        both = pair.both()
        self.assertGreaterEqual(len(both), 3)
        rows = {origin: pair.rows(origin) for origin in pair.playlists}
        sets = set()
        for name, sides in both.items():
            with self.subTest(segment=name):
                self.assertEqual(rows["primary"][name], rows["backup"][name])
                self.assertNotEqual(chain.sha256(sides["primary"]), chain.sha256(sides["backup"]))
                primary, backup = mpegts.Segment(sides["primary"]), mpegts.Segment(sides["backup"])
                self.assertEqual(primary.faults + backup.faults, [])
                self.assertEqual([f.pts for f in primary.video], [f.pts for f in backup.video])
                self.assertEqual([f.pts for f in primary.audio], [f.pts for f in backup.audio])
                self.assertTrue(primary.starts_with_idr and backup.starts_with_idr)
                for data in sides.values():
                    sets.add(tuple(parameter_sets(data)))
        self.assertEqual(len(sets), 1, "SPS and PPS differ")
        sizes = {origin: sum(len(sides[origin]) for sides in both.values())
                 for origin in pair.playlists}
        self.assertGreater(sizes["primary"], sizes["backup"])
        return both

    def check_times(self, playback):
        """Every picture once, 1/30 s after the one before it."""
        playback.check_monotonic()
        self.assertGreaterEqual(len(playback.pictures), PLAY_S * 30 - 60)
        for (before, _), (after, _) in zip(playback.pictures, playback.pictures[1:]):
            # RTMP counts milliseconds.
            self.assertAlmostEqual(after - before, 1 / 30, delta=0.003, msg=f"picture at {after}")
        self.assertEqual(playback.complaints, [])

    def test_kills(self):
        settings = {"packager-primary": dict(ENCODE, **{"video-bitrate": 700}),
                    "packager-backup": dict(ENCODE, **{"video-bitrate": 300})}
        with chain.Chain(settings) as one:
            one.ffmpeg_publish(self.loop)
            one.wait_playable(segments=4)
            before = self.check_pair(one)
            watch = Watch(one.viewer_url(), poll_ms=50)
            player = players.FFmpeg(one.viewer_url(), PLAY_S)
            try:
                for role in ("packager-primary", "packager-backup"):
                    watch.wait_segments(2)
                    pid = one.signal(role, signal.SIGKILL)
                    watch.wait_segments(2)
                    one.wait_restarted(role, pid)
                    watch.wait_segments(2)
                after = self.check_pair(one)
                playback = player.result()
            finally:
                report = watch.stop()
            # A restarted packager makes the same bytes of what it is given again.
            again = [name for name in after if name in before]
            for name in again:
                self.assertEqual(after[name], before[name])
            self.check_times(playback)
            self.assertEqual(report["failed_requests"], [])
            self.assertEqual(report["violations"], [])
            self.assertEqual(report["discontinuities"], [])

    def test_defaults(self):
        """The seed's rates: 2500 and 1500 kbit/s, the sum of it told by the origins."""
        with chain.Chain({"packager-primary": ENCODE, "packager-backup": ENCODE}) as one:
            one.ffmpeg_publish(chain.material("busy", seconds=16, video_kbps=6000))
            one.wait_playable(segments=4)
            both = self.check_pair(one)
            for origin, kbps in (("primary", 2500), ("backup", 1500)):
                mean = sum(len(sides[origin]) for sides in both.values()) * 8 / len(both) / 2000
                self.assertLess(mean, kbps * 1.1 + 150, origin)  # with sound and the transport stream
                self.assertGreater(mean, kbps * 0.5, origin)


if __name__ == "__main__":
    unittest.main(verbosity=2)
