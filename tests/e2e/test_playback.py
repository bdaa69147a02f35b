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
        # RTMP counts milliseconds; one AAC frame is 21.3 ms, so a lost or doubled one cannot hide.
        for before, after in zip(playback.sound, playback.sound[1:]):
            step_s = after[0] - before[0] - before[1] / rate
            self.assertLess(abs(step_s), 0.005, f"{playback.name}: sound at {after[0]:.3f} s")
        span_s = playback.sound[-1][0] - playback.sound[0][0]
        samples = sum(samples for _, samples in playback.sound[:-1])
        self.assertAlmostEqual(samples, span_s * rate, delta=rate * 0.005,
                               msg=f"{playback.name}: audio samples")
        self.assertEqual(playback.complaints, [], f"{playback.name} complains")

    def test_sixty_seconds(self):
        # 16 s: as many AAC frames as pictures end together, so that the loop has no seam of its own.
        loop = chain.material("loop", seconds=16)
        once = chain.material("once", seconds=SECONDS + 45)
        pictures = {"mystream": chain.decoded_pictures(loop), "sink": chain.decoded_pictures(once)}
        with chain.Chain() as one:
            one.ffmpeg_publish(loop, key="mystream", app=None)
            # Paced behind the muxer: flvmux fed in real time writes equal time stamps by itself.
            one.spawn(["gst-launch-1.0", "-q", "filesrc", f"location={once}", "!", "qtdemux",
                       "name=d", "d.video_0", "!", "queue", "!", "h264parse", "!", "flvmux",
                       "streamable=true", "name=m", "!", "identity", "sync=true", "!", "rtmp2sink",
                       "location=" + one.publish_url("sink"),
                       "d.audio_0", "!", "queue", "!", "aacparse", "!", "m."])
            watching = []
            for stream, url in (("mystream", one.viewer_url()), ("sink", one.viewer_url("sink"))):
                # Beyond the first segment: flvmux moves the sound before time 0 into it.
                one.wait_playable(None if stream == "mystream" else stream, segments=5)
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
