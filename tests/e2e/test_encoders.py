#!/usr/bin/env python3
"""ffmpeg and GStreamer as encoders: each publishes, stops, comes back with other settings, is killed
and comes back again. Every segment decodes, nothing is missing, one DISCONTINUITY for each change."""

import json
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

import chain
import viewer

SECONDS = 8  # of the material
RATE = 25
BFRAMES = 2
# Where an encoder was stopped between a picture and its sound, or began with its sound.
HARMLESS_DROPS = {"tail", "early"}


def made(name, *arguments):
    return chain.made(name, lambda path: subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments, str(path)], check=True))


def pictures(size, bframes=BFRAMES):
    """libx264, a key frame each second; B-frames refer to B-frames."""
    return ["-c:v", "libx264", "-preset", "ultrafast", "-bf", str(bframes), "-b_strategy", "0", "-g",
            str(RATE), "-sc_threshold", "0", "-b:v", "200k", "-pix_fmt", "yuv420p"], \
        ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={RATE}"]


def source(name, size=None, sound=None, rate=48000, bframes=BFRAMES):
    """The path of a file to be looped. size, sound: None leaves the track out."""
    inputs, outputs = [], []
    if size:
        outputs, inputs = pictures(size, bframes)
    if sound:
        inputs = inputs + ["-f", "lavfi", "-i", f"sine=r={rate}:b=2"]
        outputs = outputs + ["-ac", "2", *sound]
    return made(f"{name}.{'flv' if sound and 'libmp3lame' in sound else 'mp4'}", *inputs, "-t", str(SECONDS),
                *outputs)


AAC = ["-c:a", "aac", "-b:a", "64k"]
MP3 = ["-c:a", "libmp3lame", "-b:a", "64k"]


class FFmpeg:
    """Copies a file in real time, as `ffmpeg -re` is used everywhere. first, then: the two settings, as
    arguments of source(); app: None for a URL of one part."""

    JITTER_S = 0.0025  # RTMP counts milliseconds

    def __init__(self, name, first, then, app="live"):
        self.name, self.app = name, app
        self.settings = [dict(first), dict(then)]

    def prepare(self):
        for setting in (0, 1):
            self.path(setting)

    def path(self, setting):
        return source(f"{self.name}-{setting}", **self.settings[setting])

    def argv(self, one, setting):
        return ["ffmpeg", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i",
                self.path(setting), "-c", "copy", "-f", "flv", one.publish_url(self.name, self.app)]

    def expected(self, setting):
        wanted = self.settings[setting]
        rows = []
        if wanted.get("size"):
            rows.append("h264," + wanted["size"].replace("x", ","))
        if wanted.get("sound"):
            codec = "mp3" if "libmp3lame" in wanted["sound"] else "aac"
            rows.append(f"{codec},{wanted.get('rate', 48000)}")
        return sorted(rows)


class GStreamer:
    """Encodes while it sends: x264enc with B-frames, voaacenc, flvmux. sink: rtmp2sink, or rtmpsink of
    librtmp. The sink keeps the pace: of sources that are live by themselves flvmux 1.22 gives
    pictures times that are off by up to a tenth of a second, where one track is late."""

    JITTER_S = FFmpeg.JITTER_S
    QUEUE = "queue max-size-buffers=0 max-size-bytes=0 max-size-time=500000000"

    def __init__(self, name, sink):
        self.name, self.sink = name, sink
        self.sizes, self.rates = [(160, 90), (192, 108)], [48000, 44100]

    def prepare(self):
        """It makes its pictures while it sends them."""

    def argv(self, one, setting):
        width, height = self.sizes[setting]
        url = one.publish_url(self.name) + (" live=1" if self.sink == "rtmpsink" else "")
        return ["gst-launch-1.0", "-q", "-e"] + f"""
            videotestsrc pattern=ball ! video/x-raw,width={width},height={height},framerate={RATE}/1
            ! x264enc speed-preset=ultrafast rc-lookahead=0 sync-lookahead=0 bframes={BFRAMES}
              key-int-max={RATE} bitrate=200 ! h264parse ! {self.QUEUE} ! mux.
            audiotestsrc ! audio/x-raw,rate={self.rates[setting]},channels=2
            ! voaacenc bitrate=64000 ! aacparse ! {self.QUEUE} ! mux.
            flvmux name=mux streamable=true ! {self.sink} sync=true""".split() + [f"location={url}"]

    def expected(self, setting):
        width, height = self.sizes[setting]
        return sorted([f"h264,{width},{height}", f"aac,{self.rates[setting]}"])


class Collector(threading.Thread):
    """Keeps every segment that the viewer URL of a stream ever listed: rows of (number, discontinuity
    number, DISCONTINUITY, bytes)."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.rows, self.error = url, [], None
        self.is_stopped = threading.Event()
        self.start()

    def run(self):
        while not self.is_stopped.wait(1):
            try:
                self.look()
            except Exception as error:  # the test fails with it
                self.error = error
                return

    def look(self):
        status, body = chain.get(self.url)
        if status != 200:
            return
        for row in viewer.Playlist(body).rows:
            if self.rows and row.number <= self.rows[-1][0]:
                continue
            status, data = chain.get(urllib.parse.urljoin(self.url, row.uri))
            if status != 200:
                raise chain.Failure(f"{row.uri}: {status}")
            self.rows.append((row.number, row.dsn, row.is_discontinuous, data))

    def count(self, change):
        """Segments behind so many DISCONTINUITY tags."""
        if self.error:
            raise self.error
        return len(self.groups()[change]) if change < len(self.groups()) else 0

    def groups(self):
        groups = []
        for number, dsn, is_discontinuous, data in list(self.rows):
            if not groups or is_discontinuous:
                groups.append([])
            groups[-1].append(data)
        return groups

    def stop(self):
        self.is_stopped.set()
        self.join()
        self.look()


def drops(one):
    """{(stream, reason): number} of the ingest's metric."""
    found = {}
    text = chain.get(one.urls["ingest_status"].rsplit("/", 1)[0] + "/metrics")[1].decode()
    for line in text.splitlines():
        if not line.startswith("understudy_ingest_dropped_total{"):
            continue
        labels, number = line.split("{")[1].split("} ")
        words = dict(word.split("=") for word in labels.replace('"', "").split(","))
        key = (words["stream"], words["reason"])
        found[key] = found.get(key, 0) + float(number)
    return {key: number for key, number in found.items() if number}


class Encoders(unittest.TestCase):
    ENCODERS = [
        FFmpeg("ffmpeg", {"size": "160x90", "sound": AAC}, {"size": "192x108", "sound": AAC}),
        FFmpeg("one-part", {"size": "160x90", "sound": AAC, "bframes": 0},
               {"size": "160x90", "sound": AAC, "rate": 44100}, app=None),
        FFmpeg("pictures-alone", {"size": "160x90"}, {"size": "160x90", "sound": AAC}),
        FFmpeg("sound-alone", {"sound": AAC}, {"sound": AAC, "rate": 44100}),
        FFmpeg("mp3", {"size": "160x90", "sound": MP3, "rate": 44100}, {"size": "160x90", "sound": AAC}),
        GStreamer("rtmp2sink", "rtmp2sink"),
        GStreamer("rtmpsink", "rtmpsink"),
    ]

    def test_each(self):
        for encoder in self.ENCODERS:
            encoder.prepare()
        with chain.Chain() as one:
            collectors = {encoder.name: Collector(one.viewer_url(encoder.name)) for encoder in self.ENCODERS}
            try:
                for change, (setting, end) in enumerate([(0, signal.SIGINT), (1, signal.SIGKILL),
                                                         (1, signal.SIGINT)]):
                    self.run_all(one, collectors, change, setting, end)
                dropped = drops(one)
            finally:
                for collector in collectors.values():
                    collector.stop()
            for encoder in self.ENCODERS:
                with self.subTest(encoder.name):
                    self.check(encoder, collectors[encoder.name])
            self.assertEqual({key: n for key, n in dropped.items() if key[1] not in HARMLESS_DROPS}, {})

    def run_all(self, one, collectors, change, setting, end):
        running = []
        for encoder in self.ENCODERS:
            with open(one.home / f"{encoder.name}.log", "ab") as log:
                running.append(one.spawn(encoder.argv(one, setting), stdout=log, stderr=log))
        for encoder, child in zip(self.ENCODERS, running):
            def has_enough(encoder=encoder, child=child):
                if child.poll() is not None:
                    raise chain.Failure(f"{encoder.name} ended with {child.returncode}: "
                                        + (one.home / f"{encoder.name}.log").read_text(encoding="utf-8"))
                return collectors[encoder.name].count(change) >= 2
            chain.wait_for(f"two segments of {encoder.name} after {change} changes", has_enough)
        for child in running:
            child.send_signal(end)
        for child in running:
            child.wait(30)

    def check(self, encoder, collector):
        numbers = [row[0] for row in collector.rows]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        groups = collector.groups()
        self.assertEqual(len(groups), 3, "two changes are two DISCONTINUITY tags")
        self.assertEqual(collector.rows[-1][1] - collector.rows[0][1], 2)
        for setting, segments in zip((0, 1, 1), groups):
            self.check_segments(b"".join(segments), encoder.expected(setting), encoder.JITTER_S)

    def check_segments(self, data, expected, jitter_s):
        with tempfile.NamedTemporaryFile(suffix=".ts") as file:
            file.write(data)
            file.flush()
            probe = subprocess.run(
                ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height,sample_rate",
                 "-of", "csv=p=0", file.name], check=True, capture_output=True, text=True)
            # ffprobe tells a program's streams twice.
            self.assertEqual(sorted(set(probe.stdout.split())), expected)
            done = subprocess.run(
                ["ffprobe", "-v", "warning", "-show_entries", "frame=media_type,pts_time,nb_samples", "-of",
                 "json", file.name], check=True, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        rates = [int(row.split(",")[1]) for row in expected if row.split(",")[0] in ("aac", "mp3")]
        self.check_times(json.loads(done.stdout)["frames"], jitter_s, *rates)

    def check_times(self, frames, jitter_s, rate=None):
        """No picture and no sound is missing: each begins where the one before it ends. Of the last
        pictures those may be missing that are shown before one that was sent before them: there the
        encoder was stopped."""
        for kind in {frame["media_type"] for frame in frames}:
            times = [(float(f["pts_time"]), f["nb_samples"] / rate if kind == "audio" else 1 / RATE)
                     for f in frames if f["media_type"] == kind]
            self.assertGreater(len(times), RATE)
            whole = times[:-BFRAMES]
            for n, ((pts, duration), (after, _)) in enumerate(zip(whole, whole[1:])):
                self.assertLess(abs(after - pts - duration), jitter_s,
                                f"{kind} {n} of {len(times)} at {pts} + {duration}, the next at {after}")
            lasting = sum(duration for _, duration in whole[1:])
            self.assertLess(abs(whole[-1][0] - whole[0][0] - lasting), 1 / RATE, kind)


if __name__ == "__main__":
    unittest.main()
