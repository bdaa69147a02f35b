"""players.py - players that nobody here wrote, and what they decoded.

Each runs as a process for some seconds of media and yields a Playback: the MD5 of every picture, the
times of pictures and sound, and what the player complained about.
"""

import subprocess
import threading
import traceback

from chain import PLAYER, Failure


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
        else:
            self.playback.complaints.append(rest)
