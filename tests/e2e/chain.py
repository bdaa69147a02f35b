"""chain.py - the whole program under test: `understudy run` with everything on free ports.

Standard library only. A Chain is a temporary home, a configuration file, the supervisor and its
children; everything is gone when the `with` block ends. Publishers and players are real programs.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("UNDERSTUDY_BUILD", ROOT / "build"))
BINARY = BUILD / "src" / "commands" / "understudy"
PLAYER = BUILD / "tests" / "e2e" / "player"
WAIT_S = 60  # a watchdog: only a fault takes this long


class Failure(AssertionError):
    """Something that should have happened did not."""


def wait_for(what, condition, timeout_s=WAIT_S):
    """Polls until condition() is true; returns its value. The only way these tests wait."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"waited {timeout_s} s in vain for {what}")
        time.sleep(0.02)


def side_by_side(case, *parts):
    """Parts of a test that mostly wait, each with a chain of its own, run at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(parts)) as pool:
        runs = [(part.__name__, pool.submit(part)) for part in parts]
        for name, run in runs:
            with case.subTest(name):
                run.result()


def get(url, timeout_s=15):
    """One GET; returns (status, bytes). An HTTP error status is a result, not an exception."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def get_json(url, timeout_s=15):
    return json.loads(get(url, timeout_s)[1])


class Chain:
    """`understudy run` in a temporary home. `settings` is a dict of {group: {key: value}}."""

    def __init__(self, settings=None, publish=False, environment=None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="understudy-e2e-"))
        self.settings = {
            "ingest": {"rtmp": "127.0.0.1:0", "status": "127.0.0.1:0"},
            "packager-primary": {"rtmp": "127.0.0.1:0", "http": "127.0.0.1:0"},
            "packager-backup": {"rtmp": "127.0.0.1:0", "http": "127.0.0.1:0"},
            "switcher": {"http": "127.0.0.1:0"},
            "monitor": {"http": "127.0.0.1:0"},
            "run": {"publish": "true" if publish else "false", "monitor": "false"},
            "general": {"log-level": "info"},
        }
        for group, keys in (settings or {}).items():
            self.settings.setdefault(group, {}).update(keys)
        self.log_path = self.home / "log"
        self.status_path = self.home / "run.json"
        self.environment = environment or {}
        self.children = []
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close(failed=True)
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self.close(failed=kind is not None)

    def start(self):
        config = self.home / "understudy.conf"
        with open(config, "w", encoding="utf-8") as out:
            for group, keys in self.settings.items():
                out.write(f"[{group}]\n")
                out.writelines(f"{key} = {value}\n" for key, value in keys.items())
        env = dict(os.environ)
        env.update(
            HOME=str(self.home),
            XDG_STATE_HOME=str(self.home / "state"),
            XDG_CONFIG_HOME=str(self.home / "config"),
            XDG_CACHE_HOME=str(BUILD / "cache"),
            XDG_RUNTIME_DIR=str(self.home),
            DBUS_SESSION_BUS_ADDRESS="disabled:",
            UNDERSTUDY_PIPELINES=str(ROOT / "pipelines"),
        )
        env.update(self.environment)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "run", f"--config={config}", f"--status-file={self.status_path}"],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for("all roles to run", self._all_running)

    def _all_running(self):
        if self.process.poll() is not None:
            raise Failure(f"understudy run ended with {self.process.returncode}:\n{self.log()}")
        roles = self.roles()
        return len(roles) >= 4 and all(r["state"] == "running" for r in roles.values())

    def close(self, failed=False):
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if failed:
            print(f"--- log of the chain ({self.home}) ---\n{self.log()[-12000:]}", flush=True)
        shutil.rmtree(self.home, ignore_errors=True)

    # -- what it says of itself --

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def status(self):
        try:
            return json.loads(self.status_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def roles(self):
        return {role["name"]: role for role in self.status().get("roles", [])}

    def pid(self, role):
        return self.roles()[role]["pid"]

    @property
    def urls(self):
        return self.status()["urls"]

    def viewer_url(self, stream=None):
        url = self.urls["viewer"]
        return url if stream is None else url.replace("/hls/", f"/hls/{stream}/")

    def origin_url(self, name, stream=None):
        url = self.urls[name]
        return url if stream is None else url.replace("/hls/", f"/hls/{stream}/")

    def publish_url(self, key="mystream", app="live"):
        host = self.urls["publish"].split("//")[1].split("/")[0]
        return f"rtmp://{host}/{app}/{key}" if app else f"rtmp://{host}/{key}"

    def metric(self, name, labels=""):
        base = self.urls["viewer"].split("/hls/")[0]
        for line in get(base + "/metrics")[1].decode().splitlines():
            if line.startswith(name) and labels in line and line[len(name)] in " {":
                return float(line.rsplit(" ", 1)[1])
        return None

    # -- what is done to it --

    def signal(self, role, number):
        pid = self.pid(role)
        os.kill(pid, number)
        return pid

    def wait_restarted(self, role, old_pid):
        wait_for(f"{role} to be restarted", lambda: self.roles()[role]["pid"] not in (0, old_pid)
                 and self.roles()[role]["state"] == "running")

    def spawn(self, argv, **kwargs):
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        child = subprocess.Popen([str(a) for a in argv], **kwargs)
        self.children.append(child)
        return child

    def ffmpeg_publish(self, path, key="mystream", app="live"):
        """The command of the README: a file, looped, copied, in real time."""
        with open(self.home / f"publisher-{key}.log", "ab") as log:
            return self.spawn(["ffmpeg", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1",
                               "-i", path, "-c", "copy", "-f", "flv", self.publish_url(key, app)],
                              stdout=log, stderr=log)

    def wait_playable(self, stream=None, segments=3):
        """Until the viewer's playlist lists so many segments."""
        url = self.viewer_url(stream)

        def listed():
            status, body = get(url)
            return status == 200 and body.count(b"#EXTINF") >= segments
        wait_for(f"{segments} segments at {url}", listed)


_material_folder = None
_material_lock = threading.Lock()


def made(filename, make):
    """The path of a file in a folder that lives as long as the test program; make(path) makes it."""
    global _material_folder
    with _material_lock:
        if _material_folder is None:
            _material_folder = tempfile.TemporaryDirectory(prefix="understudy-material-")
        path = pathlib.Path(_material_folder.name) / filename
        if not path.exists():
            make(path)
    return path


def sound_arguments(seconds):
    """Sound exactly as long as the pictures, the encoder's priming frame being the first of it:
    without this the loop would have a seam of its own. ffmpeg 7 counts what lies before time 0 into
    the length of a round, so nothing may lie there."""
    return ["-c:a", "aac", "-b:a", "96k", "-ac", "2",
            "-af", f"atrim=end_sample={(seconds * 48000 // 1024 - 1) * 1024}",
            "-bsf:a", "setts=ts=TS+1024"]


def material(name, gop_s=2.0, seconds=20, size="320x180", rate=30, video_kbps=800, bframes=2):
    """An H.264 + AAC file whose pictures all differ; made once per run of a test program."""
    gop = int(gop_s * rate)
    return made(name + ".mp4", lambda path: subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y",
         "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}",
         "-f", "lavfi", "-i", "sine=r=48000:b=2", "-t", str(seconds),
         "-c:v", "libx264", "-preset", "ultrafast", "-bf", str(bframes), "-g", str(gop),
         "-keyint_min", str(gop), "-sc_threshold", "0", "-b:v", f"{video_kbps}k",
         "-pix_fmt", "yuv420p", *sound_arguments(seconds), str(path)], check=True))


def decoded_pictures(path):
    """MD5 of every decoded picture of a file, in order."""
    out = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v",
                          "-f", "framemd5", "-"], check=True, capture_output=True, text=True).stdout
    return [line.rsplit(",", 1)[1].strip() for line in out.splitlines() if not line.startswith("#")]


def sha256(data):
    return hashlib.sha256(data).hexdigest()
