"""foreign.py - two origins that know nothing of each other, as people run them today.

One encoder (ffmpeg) publishes to an ingest, which pushes to two packagers: ffmpeg each, started
3.3 s apart, encoding with other bit rates (or copying), each writing HLS into its folder; one nginx
serves each folder on a port of its own. Segment borders, numbers, names, time stamps and the error
of the dates all differ.

Whoever of them ends is started again by its Keeper, whose pid file says who runs at the moment: a
drill kills and freezes by it. Foreign is a context manager.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import chain
import numbered
import viewer

LATER_S = 3.3
NGINX = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
{user}
events {{ worker_connections 256; }}
http {{
  access_log off;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{primary}; root {folder}/primary; }}
  server {{ listen 127.0.0.1:{backup}; root {folder}/backup; }}
}}
"""


def free_ports(count):
    """Ports that are free at this moment, for programs that cannot choose their own."""
    sockets = [socket.socket() for _ in range(count)]
    for sock in sockets:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


class Keeper:
    """Runs a program and starts it again `delay_s` after each end, until close()."""

    def __init__(self, name, argv, folder, delay_s=0.2, env=None):
        self.argv, self.delay_s, self.env = [str(a) for a in argv], delay_s, env
        self.pid_file = pathlib.Path(folder, name + ".pid")
        self.log = pathlib.Path(folder, name + ".log")
        self.starts = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()  # between close() and a start
        self._process = None
        self._start()
        self._thread = threading.Thread(target=self._keep, name=name)
        self._thread.start()

    @property
    def pid(self):
        return self._process.pid

    def _start(self):
        with self._lock:
            if self._closing.is_set():
                return
            with open(self.log, "ab") as log:
                self._process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log,
                                                 stderr=log, env=self.env)
            self.starts += 1
            fresh = self.pid_file.with_suffix(".new")
            fresh.write_text(f"{self._process.pid}\n", encoding="ascii")
            fresh.replace(self.pid_file)

    def _keep(self):
        while not self._closing.is_set():
            self._process.wait()
            if not self._closing.wait(self.delay_s):
                self._start()

    def close(self):
        with self._lock:
            self._closing.set()
        try:
            os.kill(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._thread.join()


class Foreign:
    """`copy`: both packagers pass the encoder's pictures on, so that these can be recognised."""

    def __init__(self, path, copy=False, packager_env=None):
        self.path, self.copy = path, copy
        self.packager_env = packager_env or {}  # name of the packager -> more environment
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-foreign-"))
        self.keepers = {}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close(failed=True)
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self.close(failed=kind is not None)

    def _start(self):
        ports = dict(zip(("rtmp", "status", "primary-in", "backup-in", "primary", "backup"),
                         free_ports(6)))
        self.base_urls = {name: f"http://127.0.0.1:{ports[name]}" for name in ("primary", "backup")}
        for name in self.base_urls:
            (self.folder / name).mkdir()
        self._keep_nginx(ports)
        push = ";".join(f"rtmp://127.0.0.1:{ports[name + '-in']}/live" for name in self.base_urls)
        self._keep("ingest", [
            # Port 1 is closed: there are none of our own packagers, only what is pushed to.
            chain.BINARY, "ingest", f"--rtmp=127.0.0.1:{ports['rtmp']}", "--relay=rtmp://127.0.0.1:1/no",
            f"--status=127.0.0.1:{ports['status']}", f"--push={push}"],
            env={"XDG_STATE_HOME": str(self.folder), "HOME": str(self.folder)})
        chain.wait_for("the ingest", lambda: is_listening(ports["rtmp"]))
        # An encoder that lost its server tries again after some seconds.
        self._keep("encoder", [
            "ffmpeg", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i", self.path,
            "-c", "copy", "-f", "flv", f"rtmp://127.0.0.1:{ports['rtmp']}/live/mystream"], delay_s=3)
        self._keep_packager("primary", ports["primary-in"], 600)
        self.wait_listed("primary", 1)
        time.sleep(LATER_S)  # what makes the two differ
        self._keep_packager("backup", ports["backup-in"], 300)
        for name in self.base_urls:
            self.wait_listed(name, 5)

    def _keep(self, name, argv, delay_s=0.2, env=None):
        self.keepers[name] = Keeper(name, argv, self.folder, delay_s, dict(os.environ, **(env or {})))

    def _keep_nginx(self, ports):
        conf = self.folder / "nginx.conf"
        # Its worker would be another user than the one whose folder this is.
        user = "user root;" if os.getuid() == 0 else ""
        conf.write_text(NGINX.format(folder=self.folder, user=user, **{
            name: ports[name] for name in self.base_urls}), encoding="utf-8")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self._keep("nginx", [nginx, "-c", conf, "-p", self.folder, "-e", self.folder / "nginx-error.log"])

    def _keep_packager(self, name, port, kbps):
        codec = ["-c", "copy"] if self.copy else [
            # Left to itself, ffmpeg doubles or drops pictures at its start to keep an even pace.
            "-fps_mode", "passthrough",
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", f"{kbps}k",
            "-force_key_frames", "expr:gte(t,n_forced*2)", "-c:a", "aac", "-b:a", "96k"]
        # The ingest lets everybody in at a segment, at the same pictures therefore; without its
        # first half second the second one cuts at other pictures than the first.
        cut = ["-ss", "0.52"] if name == "backup" else []
        # One counts from the clock, the other from 0 again: both are met in the field.
        source = "epoch" if name == "primary" else "generic"
        self._keep("packager-" + name, [
            "ffmpeg", "-nostdin", "-v", "warning", "-listen", "1",
            "-i", f"rtmp://127.0.0.1:{port}/live/mystream", *cut, *codec, "-f", "hls", "-hls_time", "2",
            "-hls_list_size", "10", "-hls_start_number_source", source, "-hls_flags",
            "program_date_time+independent_segments+delete_segments+temp_file",
            "-hls_segment_filename", self.folder / name / f"{name}-%d.ts",
            self.folder / name / "index.m3u8"], env=self.packager_env.get(name))

    def close(self, failed=False):
        for keeper in self.keepers.values():
            keeper.close()
        if failed:
            for log in sorted(self.folder.glob("*.log")):
                text = log.read_text(encoding="utf-8", errors="replace")
                print(f"--- {log.name} of the foreign pair ---\n{text[-3000:]}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what it serves --

    def playlist_url(self, name):
        return self.base_urls[name] + "/index.m3u8"

    def playlist(self, name):
        status, body = chain.get(self.playlist_url(name))
        return viewer.Playlist(body) if status == 200 else None

    def wait_listed(self, name, segments):
        def listed():
            playlist = self.playlist(name)
            return playlist and len(playlist.rows) >= segments
        chain.wait_for(f"{segments} segments of {name}", listed)

    def look(self, name):
        """(number of the first picture, date) of the newest segment, or None while there is none."""
        playlist = self.playlist(name)
        if not playlist or not playlist.rows:
            return None
        row = playlist.rows[-1]
        done = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-i",
             urllib.parse.urljoin(self.playlist_url(name), row.uri), "-map", "0:v", "-frames:v", "1",
             "-vf", numbered.FFMPEG_READER, "-f", "framemd5", "-"], capture_output=True, text=True)
        numbers = [numbered.MD5S.get(line.rsplit(",", 1)[1].strip())
                   for line in done.stdout.splitlines() if not line.startswith("#")]
        return (numbers[0], row.pdt) if numbers and numbers[0] is not None else None

