"""players.py - players that nobody here wrote, and what they decoded.

FFmpeg and Playbin3 run as a process for some seconds of media and yield a Playback: the MD5 of every
picture, the times of pictures and sound, and what the player complained about. NumberedFFmpeg and
NumberedPlaybin3 run until they are stopped and keep the number in every picture (numbered.py).
"""

import subprocess
import threading
import time
import traceback

import numbered
from chain import PLAYER, Failure, wait_for

START_S = 1.0  # what a viewer behind ffmpeg waits before it shows the first picture
BUSY_MS = 2000  # a machine with more to do than it can shows a picture that much too late


class Playback:
    """pictures: [(pts_s, md5)]; sound: [(pts_s, samples)]; complaints: lines on standard error."""

    def __init__(self, name):
        self.name = name
        self.pictures, self.sound, self.complaints = [], [], []
        self.returncode = None

    def check_monotonic(self):
        for what, rows in (("picture", self.pictures), ("sound", self.sound)):
            for before, after in zip(rows, rows[1:]):
                if after[0] <= before[0]:
                    raise Failure(f"{self.name}: {what} at {after[0]} follows {before[0]}")

    def check_pictures(self, source):
        """Every picture is the one that follows its predecessor in the looped source."""
        md5s = [md5 for _, md5 in self.pictures]
        if not md5s:
            raise Failure(f"{self.name}: no picture at all")
        try:
            start = source.index(md5s[0])
        except ValueError:
            raise Failure(f"{self.name}: the first picture is not in the source") from None
        for i, md5 in enumerate(md5s):
            expected = source[(start + i) % len(source)]
            if md5 != expected:
                where = source.index(md5) if md5 in source else None
                raise Failure(f"{self.name}: picture {i} of {len(md5s)} should be number "
                              f"{(start + i) % len(source)} of the source, but is {where}")

    def count_samples(self):
        return sum(samples for _, samples in self.sound)


class _Player(threading.Thread):
    def __init__(self, name, argv, limit_s):
        super().__init__(name=name, daemon=True)
        self.playback = Playback(name)
        self.argv, self.limit_s = [str(a) for a in argv], limit_s
        self.start()

    def run(self):
        try:
            self._play()
        except Exception:
            self.playback.complaints.append(traceback.format_exc())
            raise

    def _play(self):
        process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, errors="replace")
        timer = threading.Timer(self.limit_s, process.kill)
        timer.start()
        drain = threading.Thread(
            target=lambda: self.playback.complaints.extend(
                line.strip() for line in process.stderr if line.strip()))
        drain.start()
        for line in process.stdout:
            self.take(line)
        self.playback.returncode = process.wait()
        drain.join()
        timer.cancel()
        process.stdout.close()
        process.stderr.close()

    def result(self):
        self.join()
        if self.playback.returncode != 0:
            raise Failure(f"{self.name} ended with {self.playback.returncode} after "
                          f"{len(self.playback.pictures)} pictures: {self.playback.complaints[-5:]}")
        return self.playback


class FFmpeg(_Player):
    """ffmpeg: decodes everything, prints MD5s; complains from level `warning` on."""

    def __init__(self, url, seconds, name="ffmpeg"):
        self.timebase, self.kind = {}, {}  # before the thread starts
        super().__init__(name, [
            "ffmpeg", "-nostdin", "-v", "warning", "-i", url, "-map", "0:v?", "-map",
            "0:a?", "-t", seconds, "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f",
            "framemd5", "-"], seconds * 2 + 90)

    def take(self, line):
        if line.startswith("#tb"):
            index, value = line[4:].split(":")
            numerator, denominator = value.split("/")
            self.timebase[int(index)] = int(numerator) / int(denominator)
        elif line.startswith("#media_type"):
            index, value = line[12:].split(":")
            self.kind[int(index)] = value.strip()
        elif not line.startswith("#"):
            index, _, pts, duration, size, md5 = (field.strip() for field in line.split(","))
            seconds = int(pts) * self.timebase[int(index)]
            if self.kind[int(index)] == "video":
                self.playback.pictures.append((seconds, md5))
            else:
                self.playback.sound.append((seconds, int(size) // 4))


class Playbin3(_Player):
    """GStreamer's playbin3 with its adaptive HLS demuxer, in step with the clock as on a screen."""

    def __init__(self, url, seconds, name="playbin3"):
        super().__init__(name, [PLAYER, url, seconds], seconds * 2 + 90)

    def take(self, line):
        kind, rest = line[0], line[2:].strip()
        if kind == "v":
            pts, md5 = rest.split()
            self.playback.pictures.append((int(pts) / 1e9, md5))
        elif kind == "a":
            pts, samples = rest.split()
            self.playback.sound.append((int(pts) / 1e9, int(samples)))
        elif kind != "b":  # how full its buffer is; stalls are judged in the matrix
            self.playback.complaints.append(rest)


class _Numbered:
    """A player that runs until stop(). The rows may be read while it runs: they only grow."""

    def __init__(self, name, argv):
        self.name = name
        self.rows = []  # numbered.Shown
        self.complaints = []  # (monotonic seconds, line)
        self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        errors="replace")
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._drain)]
        self._is_stopped = False
        self.ended_at = None  # when it gave up
        for thread in self._threads:
            thread.start()

    def _read(self):
        # What comes after stop() is how it ends, not what it played: ffmpeg 7 drops packets that are
        # on their way to its decoder and still shows what had been decoded ahead of them.
        for line in self.process.stdout:
            if not self._is_stopped:
                self.take(line, time.monotonic())
        if not self._is_stopped:
            self.ended_at = time.monotonic()

    def _drain(self):
        for line in self.process.stderr:
            if line.strip() and not self._is_stopped:
                self.complaints.append((time.monotonic(), line.strip()))

    def stop(self):
        self._is_stopped = True
        self.process.terminate()
        for thread in self._threads:
            thread.join()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_playing(self):
        wait_for(f"{self.name} to play", lambda: self.rows or self.ended_at)
        if self.ended_at:
            raise Failure(f"{self.name} ended: {self.complaints[-5:]}")

    def shown(self):
        return list(self.rows)

    def failures(self):
        """What ends a player's work."""
        if self.ended_at is None:
            return []
        return [numbered.Finding("error", self.ended_at, 1, f"{self.name} gave up")]

    def warnings(self):
        return [numbered.Finding("error", at, 1, line) for at, line in list(self.complaints)]


class NumberedFFmpeg(_Numbered):
    """ffmpeg decodes whatever it gets as soon as it gets it; a viewer's clock is thought of behind
    it, three segments from the live edge as ffmpeg begins."""

    def __init__(self, url, name="ffmpeg"):
        self.timebase = 0
        # A change of timelines is taken as one from half a second on, forwards too.
        super().__init__(name, [
            "ffmpeg", "-nostdin", "-v", "warning", "-dts_delta_threshold", "0.5", "-i", url, "-map",
            "0:v", "-vf", numbered.FFMPEG_READER, "-fps_mode", "passthrough", "-flush_packets", "1",
            "-f", "framemd5", "-"])

    def take(self, line, now_s):
        if line.startswith("#tb"):
            numerator, denominator = line.split(":")[1].split("/")
            self.timebase = int(numerator) / int(denominator)
        elif not line.startswith("#"):
            _, _, pts, _, _, md5 = (field.strip() for field in line.split(","))
            self.rows.append(numbered.Shown(now_s, int(pts) * self.timebase, numbered.MD5S.get(md5)))

    def stalls(self, tolerance_ms):
        return numbered.judge_arrival(self.shown(), tolerance_ms, START_S)


class NumberedPlaybin3(_Numbered):
    """GStreamer's playbin3 with hlsdemux2, in step with the clock; pauses while buffers fill."""

    def __init__(self, url, name="hlsdemux2"):
        self.levels = []  # (monotonic seconds, percent)
        super().__init__(name, [PLAYER, url, 0, "numbers"])

    def take(self, line, now_s):
        fields = line.split()
        if fields[0] == "n":
            pixels = bytes(255 * (bit == "1") for bit in fields[3])
            self.rows.append(numbered.Shown(int(fields[1]) / 1e6, int(fields[2]) / 1e9,
                                            numbered.NUMBERS.get(pixels)))
        elif fields[0] == "b":
            self.levels.append((int(fields[1]) / 1e6, int(fields[2])))
        elif fields[0] == "e":
            self.complaints.append((now_s, line[2:].strip()))

    def stalls(self, tolerance_ms):
        hungry, since = [], None
        for at, percent in list(self.levels):
            if percent < 100:
                since = since or at
            elif since is not None:
                hungry.append((since, at))
                since = None
        if since is not None:
            hungry.append((since, float("inf")))
        return numbered.judge_pace(self.shown(), hungry, tolerance_ms, BUSY_MS)
