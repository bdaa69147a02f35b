"""diagnosis_material.py - the real HLS behind the fault injector, and what a fault may put in its place.

One ffmpeg reads short looped files in real time and writes HLS of three renditions, and of the same
three with a black picture, a frozen one, no sound, and so on: all cut at the same pictures, with the
same time stamps, so that a segment of one can stand for that of another. A second one does the same
for fMP4 with sound of its own. A third begins later and is what a restarted encoder makes. One nginx
serves their folders. Copying costs next to nothing: only the short files are encoded, once.
"""

import os
import pathlib
import re
import shutil
import subprocess

import measure
from measure import chain

SEGMENT_S = 2
SECONDS = 24
RATE = 15
RUNGS = [("low", "160x90", 60), ("mid", "208x118", 110), ("top", "256x144", 190)]
SOUND_KBPS = 32
PICTURES = {
    "plain": "testsrc2=s={size}:r={rate}",
    "black": "color=black:s={size}:r={rate}",
    "frozen": "testsrc2=s={size}:r={rate},trim=end_frame=1,loop=loop=-1:size=1:start=0,"
              "setpts=N/{rate}/TB",
}
SOUNDS = {"sound": "sine=f=500:b=4:r=48000", "silent": "anullsrc=r=48000:cl=mono"}
# What a rendition can show instead: (picture, sound); None: no such track.
CONTENTS = {
    "plain": ("plain", "sound"), "black": ("black", "sound"), "frozen": ("frozen", "sound"),
    "silent": ("plain", "silent"), "dark": ("black", "silent"),
    "deaf": ("plain", None), "blind": (None, "sound"),
}

NGINX = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
{user}
events {{ worker_connections 1024; }}
http {{
  access_log off;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 mp4 m4s; }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  keepalive_requests 100000;
  server {{ listen {address}:{port}; root {folder}/www; }}
}}
"""


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def encode_picture(path, picture, size, kbps):
    gop = RATE * SEGMENT_S
    ffmpeg("-f", "lavfi", "-i", PICTURES[picture].format(size=size, rate=RATE), "-t", SECONDS,
           "-c:v", "libx264", "-preset", "veryfast", "-bf", 0, "-g", gop, "-keyint_min", gop,
           "-sc_threshold", 0, "-b:v", f"{kbps}k", "-maxrate", f"{kbps}k", "-bufsize", f"{kbps}k",
           "-pix_fmt", "yuv420p", path)


def codecs_of(path):
    """The RFC 6381 name of the H.264 in an MP4 file, from its avcC box."""
    data = pathlib.Path(path).read_bytes()
    at = data.index(b"avcC") + 5
    return f"avc1.{data[at]:02x}{data[at + 1]:02x}{data[at + 2]:02x}"


class Material:
    """The short files, in a folder; made when they are not there."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        for rung, size, kbps in RUNGS:
            for picture in PICTURES:
                path = self.picture(rung, picture)
                if not path.exists():
                    encode_picture(path, picture, size, kbps)
        for sound, source in SOUNDS.items():
            if not self.sound(sound).exists():
                ffmpeg("-f", "lavfi", "-i", source, "-t", SECONDS, *chain.sound_arguments(SECONDS),
                       "-b:a", f"{SOUND_KBPS}k", "-ac", 1, self.sound(sound))
        for rung, _, _ in RUNGS:
            for name, (picture, sound) in CONTENTS.items():
                self._join(self.joined(rung, name), rung, picture, sound)
        self.codecs = {rung: codecs_of(self.picture(rung, "plain")) for rung, _, _ in RUNGS}

    def _join(self, path, rung, picture, sound):
        if path.exists():
            return
        inputs = ([self.picture(rung, picture)] if picture else []) + \
            ([self.sound(sound)] if sound else [])
        arguments = [part for each in inputs for part in ("-i", each)]
        maps = [part for index in range(len(inputs)) for part in ("-map", index)]
        ffmpeg(*arguments, *maps, "-c", "copy", path)

    def picture(self, rung, picture):
        return self.folder / f"{rung}-{picture}-only.mp4"

    def sound(self, sound):
        return self.folder / f"{sound}.mp4"

    def joined(self, rung, content):
        return self.folder / f"{rung}-{content}.mp4"


def hls(folder, name, suffix="ts", more=()):
    return ["-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_list_size", "8",
            "-hls_delete_threshold", "30", "-hls_flags",
            "program_date_time+independent_segments+delete_segments+temp_file", *more,
            "-hls_segment_filename", str(folder / f"{name}-%d.{suffix}"), str(folder / f"{name}.m3u8")]


class Source:
    """ffmpegs that write HLS, and the nginx that serves it. A context manager."""

    def __init__(self, material, folder, address="127.0.0.1", has_variants=True):
        self.material, self.folder = material, pathlib.Path(folder)
        self.address, self.has_variants = address, has_variants
        self.processes = {}
        self.url = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self.close()

    def _spawn(self, name, argv):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(part) for part in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _start(self):
        www = self.folder / "www"
        for kind in ("ts", "fmp4", "late"):
            (www / kind).mkdir(parents=True)
        port = measure.free_port()
        user = "user root;" if os.getuid() == 0 else ""
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=self.folder, user=user, address=self.address, port=port),
                        encoding="utf-8")
        self._spawn("nginx", [shutil.which("nginx") or "/usr/sbin/nginx", "-c", conf, "-p",
                              self.folder, "-e", self.folder / "nginx-error.log"])
        self.url = f"http://{self.address}:{port}"
        self._start_ts(www / "ts", CONTENTS if self.has_variants else ["plain"], "ts")
        self._start_fmp4(www / "fmp4")
        for rung, _, _ in RUNGS:
            self.wait(f"ts/{rung}-plain.m3u8", 6)
        self._start_ts(www / "late", ["plain"], "late")
        self.wait("fmp4/top.m3u8", 5)
        self.wait("late/top-plain.m3u8", 3)

    def _start_ts(self, folder, contents, name):
        pairs = [(rung, content) for rung, _, _ in RUNGS for content in contents]
        inputs = [part for rung, content in pairs
                  for part in ("-re", "-stream_loop", "-1", "-i", self.material.joined(rung, content))]
        outputs = [part for index, (rung, content) in enumerate(pairs)
                   for part in ("-map", index, "-c", "copy", *hls(folder, f"{rung}-{content}"))]
        self._spawn(name, ["ffmpeg", "-nostdin", "-v", "warning", *inputs, *outputs])

    def _start_fmp4(self, folder):
        inputs, outputs = [], []
        files = [(rung, self.material.picture(rung, "plain")) for rung in ("low", "top")]
        files.append(("sound", self.material.sound("sound")))
        for index, (name, path) in enumerate(files):
            inputs += ["-re", "-stream_loop", "-1", "-i", path]
            outputs += ["-map", index, "-c", "copy", *hls(folder, name, "m4s", (
                "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", f"{name}-init.mp4"))]
        self._spawn("fmp4", ["ffmpeg", "-nostdin", "-v", "warning", *inputs, *outputs])

    def wait(self, path, segments):
        def listed():
            try:
                status, body = chain.get(f"{self.url}/{path}")
            except OSError:
                return False
            return status == 200 and body.count(b"#EXTINF") >= segments
        chain.wait_for(f"{segments} segments of {path}", listed)

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()

    # -- what it is --

    def master(self, kind, twin=None):
        """The multivariant playlist that this material is truly described by. `twin`: a second host
        that has all of it, too."""
        rows = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
        group = ""
        if kind == "fmp4":
            rows.append('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Sound",DEFAULT=YES,'
                        'AUTOSELECT=YES,URI="sound.m3u8"')
            group = ',AUDIO="sound"'
        for rung, size, kbps in RUNGS:
            if kind == "fmp4" and rung == "mid":
                continue
            head = (f"#EXT-X-STREAM-INF:BANDWIDTH={int((kbps * 1.9 + SOUND_KBPS * 1.5) * 1000)},"
                    f'RESOLUTION={size},FRAME-RATE={RATE}.000,'
                    f'CODECS="{self.material.codecs[rung]},mp4a.40.2"{group}')
            rows += [head, f"{rung}.m3u8"]
            if twin is not None:
                rows += [head, f"http://{twin}/live/{rung}.m3u8"]
        return "\n".join(rows) + "\n"


def number_of(uri):
    """The number in the name of a segment."""
    return int(re.search(r"-(\d+)\.(?:ts|m4s)", uri).group(1))
