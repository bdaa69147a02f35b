#!/usr/bin/env python3
"""`understudy check URL`: what is well is said to be well, what is wrong is named, in text and JSON.

Recordings and a live stream by ffmpeg behind nginx, and the viewer's address of our own chain.
Faults are made in copies of a recording, so that each test knows what must be found, and what not.
"""
# test-e2e: classes apart
# test-e2e: light Check

import concurrent.futures
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import chain
import foreign

NGINX = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
{user}
events {{ worker_connections 256; }}
http {{
  access_log off;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 mp4 m4s; text/html html; }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  add_header Access-Control-Allow-Origin *;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/root;
    location /protected/ {{
      if ($http_authorization != "Bearer good") {{ return 401; }}
    }}
    location /broken/ {{ return 500; }}
  }}
}}
"""
SECONDS = 16
COPY = ["-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"]


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


class Site:
    """nginx and the recordings that it serves."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-check-"))
        self.root = self.folder / "root"
        self.root.mkdir()
        self.source = chain.material("loop", seconds=SECONDS)
        self.port = foreign.free_ports(1)[0]
        user = "user root;" if os.getuid() == 0 else ""
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=self.folder, port=self.port, user=user), encoding="utf-8")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.nginx = subprocess.Popen([nginx, "-c", conf, "-p", self.folder, "-e",
                                       self.folder / "nginx-error.log"])
        self.live = None
        chain.wait_for("nginx", lambda: foreign.is_listening(self.port))

    def close(self):
        for process in (self.live, self.nginx):
            if process is not None:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def make(self, name):
        folder = self.root / name
        folder.mkdir()
        return folder

    def make_recordings(self):
        ts, fmp4, aes = self.make("ts"), self.make("fmp4"), self.make("aes")
        ffmpeg("-i", self.source, *COPY, ts / "index.m3u8")
        ffmpeg("-i", self.source, *COPY, "-hls_segment_type", "fmp4", fmp4 / "index.m3u8")
        (aes / "key").write_bytes(os.urandom(16))
        (self.folder / "key-info").write_text(f"key\n{aes / 'key'}\n", encoding="utf-8")
        ffmpeg("-i", self.source, *COPY, "-hls_key_info_file", self.folder / "key-info",
               aes / "index.m3u8")
        ladder = self.make("ladder")
        ffmpeg("-i", self.source, "-map", "0:v", "-map", "0:a", "-map", "0:v", "-map", "0:a",
               "-c:a", "copy", "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-keyint_min",
               "60", "-sc_threshold", "0", "-b:v:0", "900k", "-maxrate:v:0", "900k", "-bufsize:v:0",
               "900k", "-b:v:1", "300k", "-maxrate:v:1", "300k", "-bufsize:v:1", "300k",
               "-s:v:1", "160x90", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod",
               "-var_stream_map", "v:0,a:0 v:1,a:1", "-master_pl_name", "master.m3u8",
               "-hls_segment_filename", ladder / "%v-%d.ts", ladder / "%v.m3u8")

    def start_live(self):
        folder = self.make("live")
        self.live = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", self.source,
             "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_list_size", "6", "-hls_flags",
             "delete_segments+program_date_time+temp_file", folder / "index.m3u8"],
            stdin=subprocess.DEVNULL)
        chain.wait_for("a live stream", lambda: chain.get(self.url("live/index.m3u8"))[1]
                       .count(b"#EXTINF") >= 4)

    def spoil(self, name, source="ts"):
        """A copy to be spoilt; returns its folder."""
        folder = self.root / name
        shutil.copytree(self.root / source, folder)
        return folder


def edit(path, old, new, count=-1):
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise chain.Failure(f"{old!r} is not in {path}:\n{text}")
    path.write_text(text.replace(old, new, count), encoding="utf-8")


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.env = dict(os.environ, HOME=str(cls.site.folder), XDG_CACHE_HOME=str(chain.BUILD / "cache"),
                       UNDERSTUDY_PIPELINES=str(chain.ROOT / "pipelines"))
        try:
            cls.site.make_recordings()
        except BaseException:
            cls.site.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.site.close()

    def run_check(self, *arguments, **kwargs):
        return subprocess.run([str(chain.BINARY), "check", *arguments], env=self.env,
                              capture_output=True, text=True, timeout=120, **kwargs)

    def report(self, url, *arguments):
        done = self.run_check(url, "--json", *arguments)
        self.assertEqual(done.stderr, "")
        report = json.loads(done.stdout)
        self.assertEqual(report["schema"], 1)
        self.assertEqual(report["exit_code"], done.returncode)
        return report

    def reports(self, *wishes):
        """Of several, each with its arguments, at the same time: each takes a while."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda wish: self.report(*wish), wishes))

    def serious(self, report):
        return {finding["check"] for finding in report["findings"] if finding["severity"] != "info"}

    def assert_well(self, report, kind, renditions, segments):
        self.assertEqual(report["findings"], [finding for finding in report["findings"]
                                              if finding["severity"] == "info"])
        self.assertEqual((report["exit_code"], report["verdict"], report["kind"]),
                         (0, "HEALTHY", kind))
        self.assertEqual(len(report["renditions"]), renditions)
        for rendition in report["renditions"]:
            self.assertGreaterEqual(rendition["segments"]["count"], segments)
            self.assertEqual(rendition["segments"]["failed"], 0)
            self.assertRegex(rendition["measured"]["codecs"], r"^avc1\.[0-9a-f]{6},mp4a\.40\.2$")
            self.assertEqual(rendition["measured"]["frame_rate"], 30)
            self.assertGreater(rendition["segments"]["speed"], 1)

    # -- what is well --

    def test_recordings(self):
        names = ("ts", "fmp4", "aes")
        for name, report in zip(names, self.reports(*(
                (self.site.url(f"{name}/index.m3u8"),) for name in names))):
            with self.subTest(name):
                self.assert_well(report, "recording", 1, SECONDS // 2)
                self.assertNotIn("endlist", [one["check"] for one in report["findings"]])
                self.assertEqual(report["renditions"][0]["measured"]["width"], 320)
                self.assertAlmostEqual(report["renditions"][0]["segments"]["media"], SECONDS, delta=0.5)

    def test_ladder(self):
        report = self.report(self.site.url("ladder/master.m3u8"))
        self.assert_well(report, "recording", 2, SECONDS // 2)
        big, small = report["renditions"]
        self.assertEqual((big["declared"]["width"], small["declared"]["width"]), (320, 160))
        self.assertEqual((big["measured"]["width"], small["measured"]["width"]), (320, 160))
        self.assertGreater(big["declared"]["peak_bps"], small["declared"]["peak_bps"])

    def test_a_part_of_a_recording(self):
        report = self.report(self.site.url("ts/index.m3u8"), "--segments", "2")
        self.assertEqual(report["renditions"][0]["segments"]["count"], 2)
        self.assertEqual(report["renditions"][0]["listed_segments"], SECONDS // 2)

    def test_live(self):
        if self.site.live is None:
            self.site.start_live()
        report = self.report(self.site.url("live/index.m3u8"))
        self.assert_well(report, "live", 1, 4)
        self.assertGreaterEqual(report["watched"], 10)

    # -- what is not --

    def test_missing_segment(self):
        (self.site.spoil("missing") / "index4.ts").unlink()
        report = self.report(self.site.url("missing/index.m3u8"))
        self.assertEqual((report["exit_code"], report["verdict"]), (1, "DEGRADED"))
        self.assertEqual(self.serious(report), {"segment_missing"})
        self.assertEqual(report["renditions"][0]["segments"]["failed"], 1)
        finding = next(one for one in report["findings"] if one["check"] == "segment_missing")
        self.assertIn("segment 4", finding["text"])

    def test_fail_on(self):
        (self.site.spoil("severity") / "index4.ts").unlink()
        url = self.site.url("severity/index.m3u8")
        levels = ("info", "degraded", "unhealthy")
        codes = [report["exit_code"] for report in self.reports(*(
            (url, "--fail-on", level) for level in levels))]
        self.assertEqual(codes, [1, 1, 0], levels)

    def test_no_media(self):
        (self.site.spoil("garbage") / "index3.ts").write_bytes(bytes(range(256)) * 40)
        self.assertEqual(self.serious(self.report(self.site.url("garbage/index.m3u8"))),
                         {"media_broken"})

    def test_wrong_durations(self):
        edit(self.site.spoil("long") / "index.m3u8", "#EXTINF:2.000000,", "#EXTINF:2.900000,", 1)
        found = self.serious(self.report(self.site.url("long/index.m3u8")))
        self.assertIn("duration_mismatch", found)
        self.assertLessEqual(found, {"duration_mismatch", "target_duration_exceeded"})

    def test_key_gone(self):
        (self.site.spoil("keyless", "aes") / "key").unlink()
        self.assertIn("key_unreachable",
                      self.serious(self.report(self.site.url("keyless/index.m3u8"))))

    def test_one_rendition(self):
        folder = self.site.spoil("rung", "ladder")
        for segment in folder.glob("1-*.ts"):
            segment.unlink()
        report = self.report(self.site.url("rung/master.m3u8"))
        self.assertEqual((report["exit_code"], report["verdict"]), (1, "DEGRADED"))
        self.assertEqual({finding["rendition"] for finding in report["findings"]
                          if finding["check"] == "segment_missing"},
                         {report["renditions"][1]["label"]})

    def test_bandwidth(self):
        master = self.site.spoil("greedy", "ladder") / "master.m3u8"
        text = master.read_text(encoding="utf-8")
        master.write_text(re.sub(r"BANDWIDTH=\d+", "BANDWIDTH=100000", text), encoding="utf-8")
        self.assertIn("bandwidth_exceeded", self.serious(self.report(self.site.url("greedy/master.m3u8"))))

    def test_black_and_silent(self):
        """However fast it is fetched, what is suspicious is looked at."""
        folder = self.site.make("black")
        ffmpeg("-f", "lavfi", "-i", "color=black:s=320x180:r=25", "-f", "lavfi", "-i",
               "anullsrc=r=48000", "-t", 40, "-c:v", "libx264", "-preset", "ultrafast", "-g", 50,
               "-keyint_min", 50, "-c:a", "aac", "-f", "hls", "-hls_time", 2, "-hls_playlist_type",
               "vod", folder / "index.m3u8")
        url = self.site.url("black/index.m3u8")
        looked, not_looked = self.reports((url,), (url, "--no-content"))
        self.assertEqual(self.serious(looked), {"black", "silent"})
        self.assertEqual(not_looked["findings"], [])

    def test_stalled(self):
        """A live playlist that stands still from the start."""
        edit(self.site.spoil("stalled") / "index.m3u8", "#EXT-X-ENDLIST", "")
        edit(self.site.root / "stalled" / "index.m3u8", "#EXT-X-PLAYLIST-TYPE:VOD\n", "")
        report = self.report(self.site.url("stalled/index.m3u8"))
        self.assertEqual((report["exit_code"], report["kind"]), (1, "live"))
        self.assertEqual(self.serious(report), {"stale"})

    def test_unreachable(self):
        closed = foreign.free_ports(1)[0]
        (self.site.root / "page.m3u8").write_text("<html>no</html>", encoding="utf-8")
        cases = [(f"http://127.0.0.1:{closed}/x.m3u8", "connect"),
                 (self.site.url("nothing.m3u8"), "http_4xx"),
                 (self.site.url("broken/x.m3u8"), "http_5xx"),
                 (self.site.url("page.m3u8"), "not_a_playlist"),
                 ("http://nobody.invalid/x.m3u8", "dns")]
        for (_, check), report in zip(cases, self.reports(*((url,) for url, _ in cases))):
            with self.subTest(check):
                self.assertEqual((report["exit_code"], report["verdict"], report["kind"]),
                                 (1, "UNHEALTHY", "unknown"))
                self.assertEqual(self.serious(report), {check})
                self.assertLess(report["watched"], 30)

    # -- who may ask, and what is asked --

    def test_authorization(self):
        self.site.spoil("protected")
        url = self.site.url("protected/index.m3u8")
        token = self.site.folder / "token"
        token.write_text("Bearer good\n", encoding="utf-8")
        outside, inside = self.reports((url,), (url, f"--authorization-file={token}"))
        self.assertEqual(self.serious(outside), {"auth"})
        self.assertEqual(inside["exit_code"], 0)

    def test_own_rules(self):
        """Our rule keeps us away: that is no fault of the stream."""
        report = self.report(self.site.url("ts/index.m3u8"), "--no-private")
        self.assertEqual((report["exit_code"], report["verdict"]), (2, "NO DATA"))
        self.assertIn("127.0.0.1", report["why"])

    def test_usage(self):
        for arguments, expected in (([], "URL"), (["a", "b"], "one word too many"),
                                    (["ftp://a/b"], "http"), (["--fail-on", "x", "http://a/b"], "fail-on"),
                                    (["--authorization-file=/nonexistent", "http://a/b"], "nonexistent")):
            done = self.run_check(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(expected, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    # -- how it is shown --

    def test_text(self):
        (self.site.spoil("shown") / "index4.ts").unlink()
        done = self.run_check(self.site.url("shown/index.m3u8") + "?token=secret")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("DEGRADED  recording, 1 rendition, ", done.stdout)
        self.assertIn("(segment_missing)", done.stdout)
        self.assertNotIn("secret", done.stdout)
        self.assertNotIn("\033", done.stdout)

    def on_terminal(self, **environment):
        master, slave = pty.openpty()
        env = dict(self.env, TERM="xterm", **environment)
        process = subprocess.Popen([str(chain.BINARY), "check", self.site.url("ts/index.m3u8")],
                                   env=env, stdout=slave, stderr=slave)
        os.close(slave)
        shown = b""
        try:
            while True:
                shown += os.read(master, 65536)
        except OSError:  # the terminal's other end is closed
            pass
        os.close(master)
        self.assertEqual(process.wait(60), 0)
        return shown.decode()

    def test_terminal(self):
        env = {key: value for key, value in self.env.items() if key != "NO_COLOR"}
        self.env, kept = env, self.env
        self.addCleanup(setattr, self, "env", kept)
        shown = self.on_terminal()
        self.assertIn("\033[1;32mHEALTHY", shown)
        self.assertIn("segments, 0 findings", shown)
        self.assertNotIn("\033[1;", self.on_terminal(NO_COLOR="1"))

    def test_interrupted(self):
        if self.site.live is None:
            self.site.start_live()
        process = subprocess.Popen(
            [str(chain.BINARY), "check", self.site.url("live/index.m3u8"), "--for", "1h", "--json",
             "--log-level", "debug"], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True)
        started = pathlib.Path(f"/proc/{process.pid}/status")

        def catches():
            caught = re.search(r"SigCgt:\s*([0-9a-f]+)", started.read_text())
            return int(caught[1], 16) & (1 << (signal.SIGINT - 1))
        chain.wait_for("its handler", catches)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        self.assertTrue(json.loads(out)["is_interrupted"])


class OwnChain(unittest.TestCase):
    def test_viewer_and_origins(self):
        with chain.Chain() as one:
            one.ffmpeg_publish(chain.material("loop", seconds=SECONDS))
            one.wait_playable()
            urls = one.viewer_url(), one.origin_url("primary"), one.origin_url("backup")
            with concurrent.futures.ThreadPoolExecutor(len(urls)) as pool:
                runs = list(pool.map(lambda url: subprocess.run(
                    [str(chain.BINARY), "check", url, "--json"], capture_output=True, text=True,
                    timeout=120, check=False,
                    env=dict(os.environ, XDG_CACHE_HOME=str(chain.BUILD / "cache"),
                             UNDERSTUDY_PIPELINES=str(chain.ROOT / "pipelines"))), urls))
            for url, done in zip(urls, runs):
                report = json.loads(done.stdout)
                serious = [f for f in report["findings"] if f["severity"] != "info"]
                self.assertEqual((done.returncode, serious, report["kind"]), (0, [], "live"), url)
                self.assertEqual(report["renditions"][0]["measured"]["codecs"].count(","), 1)


if __name__ == "__main__":
    unittest.main()
