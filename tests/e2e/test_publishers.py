#!/usr/bin/env python3
"""Main and backup encoders of one stream, streams brought in from nginx-rtmp, and streams pushed on to
it and to a second ingest over TLS, seen by a strict viewer."""
# test-e2e: classes apart

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import chain
import foreign
from watch import Watch

KEYS = """[main]
key = key-of-the-main-encoder-1234567890
stream = mystream
priority = 0

[backup]
key = key-of-the-backup-encoder-12345678
stream = mystream
priority = 1
"""
HOLD_DOWN_S = 3


@contextlib.contextmanager
def temporary_folder():
    with tempfile.TemporaryDirectory(prefix="understudy-publishers-") as path:
        yield pathlib.Path(path)


class Wire:
    """A TCP way to a port that can be cut without a word: both ends stay open, nothing passes."""

    def __init__(self, port):
        self.target = port
        self.is_cut = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            self.sockets += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    def _copy(self, one, other):
        try:
            while data := one.recv(65536):
                if self.is_cut.is_set():
                    return  # and nothing is closed
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        for one in [self.listener] + self.sockets:
            one.close()


class Nginx:
    """nginx with its RTMP module; may be killed and started again on the same port."""

    def __init__(self, folder):
        self.port, = foreign.free_ports(1)
        self.folder = folder / "nginx"
        self.folder.mkdir()
        config = self.folder / "nginx.conf"
        config.write_text(f"""
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; worker_processes 1;
error_log {self.folder}/error.log; pid {self.folder}/pid;
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:{self.port}; application live {{ live on; wait_key on; }} }} }}
""", encoding="utf-8")
        self.argv = ["nginx", "-p", str(self.folder), "-c", str(config)]
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "output", "ab") as out:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        chain.wait_for("nginx to listen", lambda: foreign.is_listening(self.port))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def url(self, key):
        return f"rtmp://127.0.0.1:{self.port}/live/{key}"


def publish(one, path, url):
    """ffmpeg, a file looped in real time, to any URL."""
    with open(one.home / "ffmpeg.log", "ab") as log:
        return one.spawn(["ffmpeg", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i", path,
                          "-c", "copy", "-f", "flv", url], stdout=log, stderr=log)


def probe(url):
    """The codecs that ffprobe finds at a URL; an empty list while there is nothing."""
    try:
        out = subprocess.run(["ffprobe", "-v", "quiet", "-rw_timeout", "5000000", "-show_entries",
                              "stream=codec_name", "-of", "csv=p=0", url], capture_output=True,
                             text=True, timeout=20).stdout
    except subprocess.TimeoutExpired:
        return []
    return sorted(out.split())


def ingest_stream(one, name="mystream"):
    streams = chain.get_json(one.urls["ingest_status"])["streams"]
    return next((stream for stream in streams if stream["name"] == name), None)


def assert_clean(case, report, breaks):
    """The material is without B-frames: where a stream breaks off, those before the last picture would
    be missing, which the viewer rightly finds."""
    case.assertEqual(report["violations"], [])
    case.assertEqual(report["failed_requests"], [])
    case.assertEqual(len(report["discontinuities"]), breaks, report["discontinuities"])


class TwoEncoders(unittest.TestCase):
    """OBS and a spare, in the shape of two ffmpegs with key frames at different times."""

    def setUp(self):
        self.main_file = chain.material("main", seconds=16, bframes=0)
        self.backup_file = chain.material("backup", gop_s=1.0, seconds=12, size="256x144", bframes=0)

    def chain(self, folder, **settings):
        keys = folder / "keys.conf"
        keys.write_text(KEYS, encoding="utf-8")
        keys.chmod(0o600)
        return chain.Chain({"ingest": {"keys-file": str(keys), "rtmp": "127.0.0.1:0",
                                       "publisher-hold-down": f"{HOLD_DOWN_S}s", **settings}})

    def wait_active(self, one, key_id):
        def is_active():
            stream = ingest_stream(one)
            active = [p for p in (stream or {}).get("publishers", []) if p["role"] == "active"]
            return active and active[0]["key_id"] == key_id
        chain.wait_for(f"{key_id} to feed the stream", is_active)

    def wait_standby(self, one, key_id):
        chain.wait_for(f"{key_id} to stand by", lambda: any(
            p["key_id"] == key_id and p["role"] == "standby" for p in ingest_stream(one)["publishers"]))

    def both(self, one, main_port=None):
        port = main_port or int(one.urls["publish"].split(":")[2].split("/")[0])
        main = publish(one, self.main_file,
                       f"rtmp://127.0.0.1:{port}/live/key-of-the-main-encoder-1234567890")
        self.wait_active(one, "main")
        backup = publish(one, self.backup_file, one.publish_url("key-of-the-backup-encoder-12345678"))
        self.wait_standby(one, "backup")
        one.wait_playable()
        return main, backup

    def test_main_fails(self):
        chain.side_by_side(self, self.frozen, self.killed, self.cut_off)

    def frozen(self):
        """SIGSTOP: its kernel still acknowledges everything. It goes on, and is taken back."""
        with temporary_folder() as folder, self.chain(folder) as one:
            main, _ = self.both(one)
            watch = Watch(one.viewer_url(), poll_ms=100)
            try:
                watch.wait_segments(2)
                main.send_signal(signal.SIGSTOP)
                self.wait_active(one, "backup")
                watch.wait_segments(2)
                main.send_signal(signal.SIGCONT)
                self.wait_active(one, "main")
                watch.wait_segments(2)
            finally:
                report = watch.stop()
            assert_clean(self, report, 2)

    def killed(self):
        """SIGKILL, and a new one with the same key at once; then the backup goes too."""
        with temporary_folder() as folder, self.chain(folder) as one:
            main, backup = self.both(one)
            watch = Watch(one.viewer_url(), poll_ms=100)
            try:
                watch.wait_segments(2)
                main.kill()
                self.wait_active(one, "backup")
                publish(one, self.main_file, one.publish_url("key-of-the-main-encoder-1234567890"))
                self.wait_standby(one, "main")
                watch.wait_segments(1)
                self.wait_active(one, "main")
                watch.wait_segments(2)
                backup.kill()
                watch.wait_segments(2)
            finally:
                report = watch.stop()
            assert_clean(self, report, 2)
            self.assertNotIn("key-of-the", one.log())

    def cut_off(self):
        """The network to the main encoder goes without a word: half-open connections at both ends. An
        encoder that comes back by another way has its key at once."""
        with temporary_folder() as folder, self.chain(folder, **{"publisher-failback": "sticky"}) as one:
            wire = Wire(int(one.urls["publish"].split(":")[2].split("/")[0]))
            self.both(one, wire.port)
            watch = Watch(one.viewer_url(), poll_ms=100)
            try:
                watch.wait_segments(2)
                wire.is_cut.set()
                self.wait_active(one, "backup")
                publish(one, self.main_file, one.publish_url("key-of-the-main-encoder-1234567890"))
                self.wait_standby(one, "main")
                watch.wait_segments(HOLD_DOWN_S)
                self.wait_active(one, "backup")  # sticky
            finally:
                report = watch.stop()
                wire.close()
            assert_clean(self, report, 1)


class Pull(unittest.TestCase):
    def setUp(self):
        self.loop = chain.material("loop-plain", seconds=16, bframes=0)

    def test_nginx(self):
        """A stream that lives in nginx-rtmp; nginx is killed and comes back, then its publisher."""
        with temporary_folder() as folder:
            nginx = Nginx(folder)
            try:
                with chain.Chain({"pull": {"sources": f"cam={nginx.url('cam-SECRET?token=SECRET')}",
                                           "idle-timeout": "2s"}}) as one:
                    self.watch_nginx(one, nginx)
                    self.assertNotIn("SECRET", one.log())
            finally:
                nginx.kill()

    def watch_nginx(self, one, nginx):
        source = publish(one, self.loop, nginx.url("cam-SECRET"))
        one.wait_playable("cam", segments=3)
        self.assertEqual(one.roles()["pull-cam"]["state"], "running")
        watch = Watch(one.viewer_url("cam"), poll_ms=100)
        try:
            watch.wait_segments(2)
            nginx.kill()  # and the publisher with it
            source.wait()
            nginx.start()
            source = publish(one, self.loop, nginx.url("cam-SECRET"))
            watch.wait_segments(3)
            source.kill()  # nginx stays, and says nothing more
            source.wait()
            source = publish(one, self.loop, nginx.url("cam-SECRET"))
            watch.wait_segments(3)
            pid = one.signal("pull-cam", signal.SIGKILL)
            one.wait_restarted("pull-cam", pid)
            watch.wait_segments(3)
        finally:
            report = watch.stop()
        assert_clean(self, report, 3)

    def test_wrong_settings(self):
        for settings, complaint in (
                ("rtmp://127.0.0.1/live/x", "lacks its stream: NAME=URL"),
                ("a=rtmp://127.0.0.1/live/x;a=rtmp://127.0.0.1/live/y", "is there twice"),
                (";".join(f"c{n}=rtmp://127.0.0.1/live/x" for n in range(17)), "one too many"),
                ("a=ftp://127.0.0.1/x", "is not a list of")):
            done = subprocess.run([chain.BINARY, "run", f"--pull.sources={settings}"],
                                  capture_output=True, text=True, timeout=30,
                                  env={**os.environ, "HOME": "/nonexistent"})
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(complaint, done.stderr)


class Push(unittest.TestCase):
    """One stream to nginx-rtmp under a key of its own, and to a second ingest over TLS."""

    def setUp(self):
        self.loop = chain.material("loop", seconds=16)

    def test_push(self):
        with temporary_folder() as folder:
            certificate, key = folder / "cert.pem", folder / "key.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key, "-out",
                            certificate, "-subj", "/CN=localhost", "-addext",
                            "subjectAltName=DNS:localhost"], check=True, capture_output=True)
            port, = foreign.free_ports(1)
            nginx = Nginx(folder)
            try:
                with chain.Chain({"ingest": {"rtmp": "127.0.0.1:0", "status": "127.0.0.1:0",
                                             "rtmps": f"127.0.0.1:{port}", "rtmps-certificate": certificate,
                                             "rtmps-key": key}}) as second:
                    self.push(second, nginx, port, certificate)
            finally:
                nginx.kill()

    def push(self, second, nginx, port, certificate):
        routes = [f"mystream={nginx.url('SECRET-1')}?t=SECRET-2",
                  f"rtmps://localhost:{port}/live/copy-of-{{stream}}",
                  f"other={nginx.url('SECRET-3')}"]
        with chain.Chain({"ingest": {"rtmp": "127.0.0.1:0", "status": "127.0.0.1:0",
                                     "push": ";".join(routes), "push-ca-file": certificate}}) as one:
            one.ffmpeg_publish(self.loop)
            one.wait_playable()
            second.wait_playable("copy-of-mystream")
            chain.wait_for("the stream at nginx", lambda: probe(nginx.url("SECRET-1")) == ["aac", "h264"])
            nginx.kill()  # the others notice nothing
            watch = Watch(second.viewer_url("copy-of-mystream"), poll_ms=100)
            try:
                watch.wait_segments(2)
                nginx.start()
                chain.wait_for("the stream at nginx again",
                               lambda: probe(nginx.url("SECRET-1")) == ["aac", "h264"])
                watch.wait_segments(1)
            finally:
                report = watch.stop()
            assert_clean(self, report, 0)
            self.assertEqual(probe(nginx.url("SECRET-3")), [])
            status = chain.get(one.urls["ingest_status"])[1].decode()
            for text in (one.log(), status):
                self.assertNotIn("SECRET", text)


if __name__ == "__main__":
    unittest.main()
