#!/usr/bin/env python3
"""HEVC, Opus, AC-3 and E-AC-3 by Enhanced RTMP: through the whole chain, and over the end of a packager."""

import signal
import subprocess
import threading
import unittest

import chain
import players
import rtmp
from watch import Watch

SECONDS = 8  # of the material; a whole number of groups of pictures and of sound frames
SOUND = {"aac": chain.sound_arguments(SECONDS), "opus": ["-c:a", "libopus", "-b:a", "96k"],
         "ac3": ["-c:a", "ac3", "-b:a", "192k"], "eac3": ["-c:a", "eac3", "-b:a", "192k"]}


def material(video, audio):
    """Pictures that all differ and a tone, in MP4; made once per run of this program."""
    encoder = {"h264": ["-c:v", "libx264", "-g", "30", "-bf", "2", "-sc_threshold", "0"],
               "hevc": ["-c:v", "libx265", "-x265-params",
                        "keyint=30:min-keyint=30:scenecut=0:bframes=2:open-gop=0:log-level=error"]}
    return chain.made(f"{video}-{audio}.mp4", lambda path: subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30",
         "-f", "lavfi", "-i", "sine=r=48000:b=2", "-t", str(SECONDS), *encoder[video], "-preset",
         "ultrafast", "-b:v", "600k", "-pix_fmt", "yuv420p", "-ac", "2", *SOUND[audio], str(path)],
        check=True))


def tags_of(path):
    return rtmp.enhanced_tags_of(path, SECONDS)


class Loop:
    """A publisher that sends a file over and over until it is stopped."""

    def __init__(self, url, tags, **kwargs):
        self.publisher = rtmp.Publisher(url, **kwargs)
        self.is_stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(tags,), daemon=True)
        self.thread.start()

    def _run(self, tags):
        try:
            self.publisher.play(rtmp.loop(tags, SECONDS * 1000), stop=self.is_stopped.is_set)
        except OSError:
            pass  # sent away

    def stop(self):
        self.is_stopped.set()
        self.thread.join()
        self.publisher.close()


def ingest(one):
    return chain.get_json(one.urls["ingest_status"].split("/healthz")[0] + "/healthz")


def stream_of(one, name):
    return next((s for s in ingest(one)["streams"] if s["name"] == name), None)


class Codecs(unittest.TestCase):
    def assert_clean(self, report, label):
        self.assertEqual(report["violations"], [], label)
        self.assertEqual(report["failed_requests"], [], label)
        self.assertEqual(report["discontinuities"], [], label)

    def assert_truth(self, stream):
        """What the ingest measured of pictures that are known; how late they came is the machine's affair."""
        measured, lateness = stream["measured"], {"link-slow", "encoder-slow", "faster-than-real-time"}
        self.assertAlmostEqual(measured["fps"], 30, delta=0.1)
        self.assertEqual((measured["gop_ms"], measured["gop_longest_ms"]), (1000, 1000))
        self.assertGreater(measured["reorder_ms"], 0)  # B-frames
        self.assertEqual((measured["jumps"], measured["missing_frames"], measured["uneven_ratio"]), (0, 0, 0))
        self.assertGreater(measured["rtt_ms"], 0)
        self.assertLess(abs(measured["audio_lead_ms"]), 300)
        self.assertLessEqual({warning["id"] for warning in stream["warnings"]}, lateness, stream["name"])

    def test_a_packager_dies_and_another_freezes(self):
        """HEVC and AAC: the same bytes on both sides, every picture once, whatever dies."""
        path = material("hevc", "aac")
        source = chain.decoded_pictures(path)
        with chain.Chain({"run": {"hang-timeout": "3s"}}) as one:
            loop = Loop(one.publish_url(), tags_of(path))
            one.wait_playable()
            watch = Watch(one.viewer_url(), poll_ms=50)
            player = players.FFmpeg(one.viewer_url(), 30)
            try:
                for role, number in (("packager-primary", signal.SIGKILL),
                                     ("packager-backup", signal.SIGSTOP)):
                    pid = one.signal(role, number)
                    watch.wait_segments(2)
                    one.wait_restarted(role, pid)
                    watch.wait_segments(2)
                playback = player.result()
            finally:
                report = watch.stop()
                loop.stop()
            self.assert_clean(report, "viewer")
            playback.check_pictures(source)
            playback.check_monotonic()
            self.assertGreater(len(playback.pictures), 800)
            self.assertEqual(playback.complaints, [])
            self.assertEqual(one.metric("understudy_switcher_divergence_total") or 0, 0)

    def test_every_codec(self):
        rows = [("h264", "opus", 2), ("hevc", "ac3", 2), ("h264", "eac3", 2)]
        with chain.Chain() as one:
            loops, watches, decoders = [], [], []
            try:
                for video, audio, _ in rows:
                    name = f"{video}{audio}"
                    loops.append(Loop(one.publish_url(name),
                                      tags_of(material(video, audio))))
                for video, audio, _ in rows:
                    one.wait_playable(f"{video}{audio}")
                    watches.append(Watch(one.viewer_url(f"{video}{audio}"), poll_ms=50))
                    decoders.append(players.FFmpeg(one.viewer_url(f"{video}{audio}"), 12))
                playbacks = [decoder.result() for decoder in decoders]
                seen = [subprocess.run(
                    ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,channels,sample_rate",
                     "-of", "csv=p=0", one.viewer_url(f"{video}{audio}")],
                    check=True, capture_output=True, text=True).stdout for video, audio, _ in rows]
                streams = [stream_of(one, f"{video}{audio}") for video, audio, _ in rows]
                told = [stream["publisher"] for stream in streams]
            finally:
                for part in watches + loops:
                    part.stop()
            for stream in streams:
                self.assert_truth(stream)
            for (video, audio, channels), watch, playback, probe, status in zip(
                    rows, watches, playbacks, seen, told):
                with self.subTest(video=video, audio=audio):
                    self.assert_clean(watch.report, "viewer")
                    playback.check_pictures(chain.decoded_pictures(material(video, audio)))
                    playback.check_monotonic()
                    self.assertEqual(playback.complaints, [])
                    self.assertGreater(playback.count_samples(), 11 * 48000)
                    self.assertIn(video, probe)
                    self.assertIn(f"{audio},48000,{channels}", probe)
                    self.assertEqual(status["video"]["codec"], {"hevc": "h265"}.get(video, video))
                    self.assertEqual((status["video"]["width"], status["video"]["height"]), (320, 180))
                    self.assertEqual(status["audio"], {"codec": audio, "sample_rate_hz": 48000,
                                                       "channels": channels})

    def test_what_cannot_be_carried_is_said(self):
        """AV1 with sound, and what stands in the status of an encoder that knows the maps."""
        fourccs = b"\x00\x0afourCcList\x0a\x00\x00\x00\x02" + b"".join(
            b"\x02\x00\x04" + name for name in (b"av01", b"hvc1"))
        sound = [tag for tag in tags_of(material("h264", "opus")) if tag[0] == rtmp.AUDIO]
        with chain.Chain() as one:
            refused = rtmp.Publisher(one.publish_url("av1"), connect=fourccs)
            for kind, stamp, body in sound[:20]:
                refused.send(kind, stamp, body)
            refused.send(rtmp.VIDEO, 0, rtmp.enhanced(rtmp.VIDEO, "av1", rtmp.CONFIG, b"\x81\0\0\0"))
            chain.wait_for("the stream", lambda: stream_of(one, "av1"))
            publisher = stream_of(one, "av1")["publisher"]
            self.assertEqual(publisher["enhanced_rtmp"], "av01,hvc1")
            self.assertEqual(publisher["video"]["unsupported"], "AV1")
            sent = threading.Event()

            def go_on():
                stamp = 0
                while not sent.wait(0.05):
                    stamp += 50
                    try:
                        refused.send(rtmp.VIDEO, stamp, rtmp.enhanced(
                            rtmp.VIDEO, "av1", rtmp.FRAME, b"\x0a\x01", stamp % 1000 == 0))
                    except OSError:
                        return
            sender = threading.Thread(target=go_on)
            sender.start()
            said = refused.read_to_end()
            sent.set()
            sender.join()
            refused.close()
            self.assertIn(b"NetStream.Publish.Denied", said)
            self.assertIn(b"the video codec AV1 cannot be put into MPEG-TS segments; "
                          b"set the encoder to H.264 or HEVC", said)
            self.assertIn("AV1", one.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
