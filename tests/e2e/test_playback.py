#!/usr/bin/env python3
"""A real encoder's stream plays in players that nobody here wrote: every picture, every sample."""

import unittest

import chain
import players
import viewer

SECONDS = 60


class Playback(unittest.TestCase):
    def check(self, playback, source, rate=48000):
        playback.check_pictures(source)
        playback.check_monotonic()
        self.assertGreaterEqual(len(playback.pictures), SECONDS * 30 - 60)
        span = playback.sound[-1][0] - playback.sound[0][0]
        expected = span * rate + playback.sound[-1][1]
        # RTMP counts milliseconds; one AAC frame is 21.3 ms, so a lost one cannot hide in this.
        self.assertAlmostEqual(playback.count_samples(), expected, delta=rate * 0.015,
                               msg=f"{playback.name}: audio samples")
        self.assertEqual(playback.complaints, [], f"{playback.name} complains")

    def test_sixty_seconds(self):
        # 16 s: as many AAC frames as pictures end together, so that the loop has no seam of its own.
        loop = chain.material("loop", seconds=16)
        once = chain.material("once", seconds=SECONDS + 45)
        pictures = {"mystream": chain.decoded_pictures(loop), "sink": chain.decoded_pictures(once)}
        with chain.Chain() as one:
            one.ffmpeg_publish(loop, key="mystream", app=None)
            one.spawn(["gst-launch-1.0", "-q", "filesrc", f"location={once}", "!", "qtdemux",
                       "name=d", "d.video_0", "!", "queue", "!", "h264parse", "!", "identity",
                       "sync=true", "!", "queue", "!", "flvmux", "streamable=true", "name=m", "!",
                       "rtmp2sink", "location=" + one.publish_url("sink"), "d.audio_0", "!", "queue",
                       "!", "aacparse", "!", "identity", "sync=true", "!", "queue", "!", "m."])
            watching = []
            for stream, url in (("mystream", one.viewer_url()), ("sink", one.viewer_url("sink"))):
                one.wait_playable(None if stream == "mystream" else stream)
                watching.append((players.FFmpeg(url, SECONDS, f"ffmpeg on {stream}"), stream))
                watching.append((players.Playbin3(url, SECONDS, f"playbin3 on {stream}"), stream))
            report = viewer.Viewer(one.viewer_url(), seconds=SECONDS).run()
            self.assertEqual(report["violations"], [])
            self.assertEqual(report["failed_requests"], [])
            for player, stream in watching:
                with self.subTest(player=player.name):
                    self.check(player.result(), pictures[stream])


if __name__ == "__main__":
    unittest.main(verbosity=2)
