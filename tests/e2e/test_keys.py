#!/usr/bin/env python3
"""Who may publish: stream keys, RTMPS and callbacks, with the encoders of Debian."""

import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

import chain


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)


def gst_publish(one, path, url, sink="rtmp2sink", *more):
    location = f"location={url} live=1" if sink == "rtmpsink" else f"location={url}"
    with open(one.home / "gst.log", "ab") as log:
        return one.spawn(["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "qtdemux", "!", "h264parse", "!",
                          "identity", "sync=true", "!", "flvmux", "streamable=true", "!", sink, location, *more],
                         stdout=log, stderr=log, start_new_session=True)


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-keys-"))
        cls.keys_file = cls.folder / "keys.conf"
        make_certificate(cls.folder, "first")
        cls.secrets = {}
        cls.add("main", "--stream=mystream")
        cls.add("second", "--stream=second", "--hash")
        cls.add("any", "--stream=*")
        cls.add("gone", "--stream=gone")
        cls.add("elsewhere", "--stream=mystream", "--allow=192.0.2.0/24")
        cls.add("past", "--stream=mystream", "--expires=2020-01-01")
        cls.rtmps_port = free_port()
        cls.one = chain.Chain({"ingest": {
            "keys-file": cls.keys_file, "rtmps": f"127.0.0.1:{cls.rtmps_port}",
            "rtmps-certificate": cls.folder / "cert.pem", "rtmps-key": cls.folder / "key.pem"}})
        cls.one.__enter__()
        cls.file = chain.material("loop", seconds=16)
        cls.publisher = cls.ffmpeg(cls.one.publish_url(cls.secrets["main"]))
        cls.one.wait_playable()

    @classmethod
    def tearDownClass(cls):
        cls.one.close()
        shutil.rmtree(cls.folder)

    @classmethod
    def ctl(cls, *arguments, check=True):
        return subprocess.run([chain.BINARY, "ctl", "key", *arguments, f"--keys-file={cls.keys_file}"],
                              check=check, capture_output=True, text=True, env=dict(os.environ, HOME=str(cls.folder)))

    @classmethod
    def add(cls, key_id, *arguments):
        told = json.loads(cls.ctl("add", key_id, *arguments, "--json").stdout)
        cls.secrets[key_id] = told["key"]

    @classmethod
    def ffmpeg(cls, url):
        with open(cls.one.home / "ffmpeg.log", "ab") as log:
            return cls.one.spawn(["ffmpeg", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i", cls.file,
                                  "-c", "copy", "-f", "flv", url], stdout=log, stderr=log)

    def tearDown(self):
        """The first publisher never notices anything, no role died, and no key was told to anybody."""
        self.assertIsNone(self.publisher.poll())
        self.assertEqual({name: role["restarts"] for name, role in self.one.roles().items()},
                         {name: 0 for name in self.one.roles()})
        status = self.one.urls["ingest_status"]
        said = [self.one.log(), (self.one.home / "run.json").read_text(encoding="utf-8"),
                chain.get(status)[1].decode(), chain.get(status.replace("/healthz", "/metrics"))[1].decode(),
                self.ctl("list").stdout, self.ctl("list", "--json").stdout]
        for name, secret in self.secrets.items():
            for text in said:
                self.assertNotIn(secret, text, name)
        for text in said[:4]:
            self.assertNotIn("guess", text)

    def stop(self, child):
        child.terminate()
        child.wait(20)

    def refused(self, child):
        self.assertNotEqual(child.wait(20), 0)

    def test_other_forms(self):
        """Hashed key; ?key= behind the name, with ffmpeg, rtmp2sink and rtmpsink; a key for any stream."""
        urls = [("second", self.one.publish_url(self.secrets["second"])),
                ("cam2", self.one.publish_url(f"cam2?key={self.secrets['any']}"))]
        children = [self.ffmpeg(url) for _, url in urls]
        for name, _ in urls:
            self.one.wait_playable(name, 2)
        for child in children:
            self.stop(child)
        for number, sink in enumerate(("rtmp2sink", "rtmpsink")):
            name = f"gst{number}"
            child = gst_publish(self.one, self.file, self.one.publish_url(f"{name}?key={self.secrets['any']}"), sink)
            self.one.wait_playable(name, 2)
            self.stop(child)

    def test_wrong_keys(self):
        for key in ("guess-guess-guess", "mystream", f"second?key={self.secrets['main']}", self.secrets["any"],
                    self.secrets["elsewhere"], self.secrets["past"]):
            self.refused(self.ffmpeg(self.one.publish_url(key)))
        self.refused(gst_publish(self.one, self.file, self.one.publish_url("guess-guess-again")))
        self.assertIn("[key-refused]", self.one.log())
        text = chain.get(self.one.urls["ingest_status"].replace("/healthz", "/metrics"))[1].decode()
        for reason in ("unknown-key", "stream", "address", "expired"):
            line = re.search(rf'denied_total{{reason="{reason}"}} (\d+)', text)
            self.assertGreater(int(line[1]), 0, reason)

    def test_revoke(self):
        child = self.ffmpeg(self.one.publish_url(self.secrets["gone"]))
        self.one.wait_playable("gone", 1)
        self.ctl("revoke", "gone")
        self.refused(child)
        self.assertIn("[key-withdrawn]", self.one.log())
        self.refused(self.ffmpeg(self.one.publish_url(self.secrets["gone"])))

    def test_bad_file_and_sighup(self):
        good = self.keys_file.read_text(encoding="utf-8")
        self.keys_file.write_text(good + "[broken\n", encoding="utf-8")
        self.one.signal("ingest", signal.SIGHUP)
        chain.wait_for("the mistake to be told", lambda: "[keys-invalid]" in self.one.log())
        self.assertRegex(self.one.log(), rf"keys.conf:{good.count(chr(10)) + 1}: the group has no \]")
        before = self.one.log().count("[keys-loaded]")
        self.keys_file.write_text(good, encoding="utf-8")
        self.one.signal("ingest", signal.SIGHUP)
        chain.wait_for("the good file to be read", lambda: self.one.log().count("[keys-loaded]") > before)

    def served_name(self):
        told = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.rtmps_port}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        return re.search(r"subject=.*CN ?= ?(\w+)", told.stdout)[1]

    def test_rtmps(self):
        """Over TLS with ffmpeg and rtmp2sink; a new certificate disturbs nobody."""
        base = f"rtmps://127.0.0.1:{self.rtmps_port}/live/"
        child = self.ffmpeg(f"{base}tls1?key={self.secrets['any']}")
        self.one.wait_playable("tls1", 2)
        self.assertEqual(self.served_name(), "first")
        make_certificate(self.folder, "second")
        self.one.signal("ingest", signal.SIGHUP)
        chain.wait_for("the new certificate", lambda: self.served_name() == "second")
        other = gst_publish(self.one, self.file, f"{base}tls2?key={self.secrets['any']}", "rtmp2sink",
                            "tls-validation-flags=0")
        self.one.wait_playable("tls2", 2)
        self.assertIsNone(child.poll())
        self.stop(child)
        self.stop(other)

    def test_wrong_port(self):
        """Each port says what it is for."""
        self.refused(self.ffmpeg(f"rtmp://127.0.0.1:{self.rtmps_port}/live/guess"))
        plain = self.one.publish_url("guess").replace("rtmp://", "rtmps://")
        self.refused(self.ffmpeg(plain))
        chain.wait_for("both hints", lambda: "plain RTMP came on the RTMPS port" in self.one.log()
                       and f"or port {self.rtmps_port} with rtmps://" in self.one.log())


class Service(http.server.BaseHTTPRequestHandler):
    """Knows who may publish what; a secret becomes a name."""
    calls = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        call = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        self.calls.append(call)
        if call["name"] == "s3cr3t-of-studio" and call.get("pass") == "word":
            self.send_response(302)
            self.send_header("Location", "mystream")
        else:
            self.send_response(200 if call["name"] == "plain" else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        pass


class Callback(unittest.TestCase):
    def test_allow_rename_deny(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}/auth"
        material = chain.material("loop", seconds=16)
        with chain.Chain({"ingest": {"on-publish": url, "on-publish-done": url}}) as one:
            renamed = one.ffmpeg_publish(material, "s3cr3t-of-studio?pass=word")
            one.wait_playable("mystream", 2)
            plain = one.ffmpeg_publish(material, "plain")
            one.wait_playable("plain", 2)
            denied = one.ffmpeg_publish(material, "s3cr3t-of-studio?pass=wrong")
            self.assertNotEqual(denied.wait(20), 0)
            plain.terminate()
            plain.wait(20)
            chain.wait_for("a goodbye", lambda: any(call["call"] == "publish_done" and call["name"] == "plain"
                                                    for call in Service.calls))
            self.assertIsNone(renamed.poll())
            self.assertNotIn("s3cr3t", one.log())
            server.shutdown()
            server.server_close()
            late = one.ffmpeg_publish(material, "plain")  # nobody to ask: it stays out
            self.assertNotEqual(late.wait(20), 0)
            self.assertIn("[publish-hook]", one.log())
        welcome = [call for call in Service.calls if call["call"] == "publish"]
        self.assertEqual([call["addr"] for call in welcome], ["127.0.0.1"] * 3)
        self.assertEqual({call["app"] for call in welcome}, {"live"})


if __name__ == "__main__":
    unittest.main()
