"""The nginx cache tier of docker/, two switchers behind it, and 2,000 viewers before it.

The very docker/nginx-edge.conf in Debian's nginx, with other addresses. A packager is killed, then the
switcher that nginx asks; it comes back as a container would, and then the other one is killed as well.
Apart from that: one that hangs; one that reaches no origin; and viewers beside those who ask for what there is not.
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import yaml

import chain
from test_flapping import Relay

VIEWERS = 2000
CALM = 4  # segments between two faults
FORGET_S = 30  # nginx asks a switcher again after so long: fail_timeout


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Edge:
    """nginx with the configuration of docker/, in a folder of its own."""

    def __init__(self, switchers):
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-edge-"))
        self.folder.chmod(0o755)  # its workers are another user when the test is root
        text = (chain.ROOT / "docker/nginx-edge.conf").read_text(encoding="utf-8")
        for old, new in (("server switcher:8080", f"server 127.0.0.1:{switchers[0]}"),
                         ("server switcher-2:8080", f"server 127.0.0.1:{switchers[1]}"),
                         ("listen 8090", f"listen 127.0.0.1:{self.port}"),
                         ("/var/cache/nginx", f"{self.folder}/cache"),
                         ("/tmp/nginx.pid", f"{self.folder}/nginx.pid"),
                         ("error_log stderr", f"error_log {self.folder}/error.log")):
            assert text.count(old) >= 1, old
            text = text.replace(old, new)
        (self.folder / "cache").mkdir()
        self.conf = self.folder / "nginx.conf"
        self.conf.write_text(text, encoding="utf-8")
        self.process = None

    def argv(self, *more):
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        return [nginx, "-c", self.conf, "-p", self.folder, "-e", self.folder / "error.log", *more]

    def start(self):
        self.process = subprocess.Popen(self.argv("-g", "daemon off;"), stdin=subprocess.DEVNULL)
        chain.wait_for("nginx", lambda: self.answers("/edge/healthz"))

    def has_tried_again(self, port):
        """Whether that switcher has let requests wait in vain, and another one long after them"""
        pattern = rf"^\S+ (\S+) \[warn\] .* temporarily disabled .*http://127\.0\.0\.1:{port}/"
        text = (self.folder / "error.log").read_text(encoding="utf-8")
        times = [time.mktime(time.strptime(found, "%H:%M:%S")) for found in re.findall(pattern, text, re.M)]
        return any((then - before) % 86400 >= FORGET_S for before, then in zip(times, times[1:]))

    def answers(self, path):
        try:
            return chain.get(f"http://127.0.0.1:{self.port}{path}")[0] == 200
        except OSError:
            return False

    def close(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def overlay_command(service, folder):
    """How docker/compose.edge.yaml starts it, with the secret in a folder of ours."""
    services = yaml.safe_load((chain.ROOT / "docker/compose.edge.yaml").read_text(encoding="utf-8"))["services"]
    token = folder / f"{service}-token"
    token.write_text("test " + 48 * "0" + "\n", encoding="ascii")
    return [word.replace("/run/secrets/control-token", str(token)) for word in services[service]["command"]]


class Switcher:
    """One of two, in front of the origins of a chain, without a supervisor."""

    def __init__(self, one, name, ways=None):
        """ways: {side: port} of what stands between it and an origin"""
        self.one, self.name, self.port, self.ways = one, name, free_port(), ways or {}
        self.start()

    def origin_url(self, side):
        url = self.one.origin_url(side)
        return f"http://127.0.0.1:{self.ways[side]}/hls" if side in self.ways else url.rsplit("/", 1)[0]

    def start(self):
        base = {side: self.origin_url(side) for side in ("primary", "backup")}
        log = open(self.one.home / f"{self.name}.log", "ab")
        with log:
            self.process = self.one.spawn(
                [chain.BINARY, *overlay_command(self.name, self.one.home), f"--http=127.0.0.1:{self.port}",
                 f"--primary-base-url={base['primary']}", f"--backup-base-url={base['backup']}"],
                stdout=log, stderr=log, env={**os.environ, "HOME": str(self.one.home),
                                             "XDG_STATE_HOME": str(self.one.home / self.name)})

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def url(self):
        return f"http://127.0.0.1:{self.port}/hls/index.m3u8"

    def requests(self):
        """How many it has answered, with this one."""
        text = chain.get(f"http://127.0.0.1:{self.port}/metrics")[1].decode()
        return int(re.search(r"^understudy_switcher_http_requests_total (\d+)$", text, re.M)[1])

    def wait_asked(self):
        """Until others ask it than this test."""
        at = self.requests()

        def is_asked():
            nonlocal at
            at += 1
            return self.requests() > at
        chain.wait_for(f"{self.name} to be asked", is_asked)

    def wait_serving(self):
        def serves():
            try:
                return chain.get(f"http://127.0.0.1:{self.port}/healthz")[0] == 200
            except OSError:
                return False
        chain.wait_for(f"{self.name} to serve", serves)


class Tier(unittest.TestCase):
    """A chain with one stream, two switchers and nginx in front of both."""

    stream = None  # published under this name; None: the default one

    @classmethod
    def setUpClass(cls):
        # Small pictures: what is tested is the number of viewers, not the loopback's throughput.
        cls.file = chain.material("edge", seconds=16, size="160x90", video_kbps=60)

    def setUp(self):
        self.one = chain.Chain()
        self.addCleanup(self.one.close)
        self.one.start()
        self.one.ffmpeg_publish(self.file, key=self.stream or "mystream")
        self.one.wait_playable(self.stream)
        self.switchers = [Switcher(self.one, "switcher", self.ways()), Switcher(self.one, "switcher-2")]
        for switcher in self.switchers:
            switcher.wait_serving()
        self.edge = Edge([switcher.port for switcher in self.switchers])
        self.addCleanup(self.edge.close)
        self.edge.start()
        self.root = f"http://127.0.0.1:{self.edge.port}/hls"
        self.url = f"{self.root}/{self.stream + '/' if self.stream else ''}index.m3u8"

    def ways(self):
        """What stands between the first switcher and the origins"""
        return {}

    def end(self, url=None):
        """The number behind the last segment."""
        text = chain.get(url or self.url)[1].decode()
        return int(text.split("#EXT-X-MEDIA-SEQUENCE:")[1].split()[0]) + text.count("#EXTINF")

    def wait_segments(self, count):
        until = self.end() + count
        chain.wait_for(f"{count} segments", lambda: self.end() >= until)

    def crowd(self, viewers, *more):
        """Starts it. Returns: the process, and where it leaves its report"""
        report_path = self.one.home / "crowd.json"
        return self.one.spawn([sys.executable, pathlib.Path(__file__).with_name("crowd.py"), self.url,
                               "--viewers", str(viewers), "--report", str(report_path), *more]), report_path

    def report(self, crowd, path):
        self.assertIsNone(crowd.poll(), "the crowd has gone")
        crowd.terminate()
        crowd.wait(60)
        return json.loads(path.read_text(encoding="utf-8"))


class CacheTier(Tier):
    def test_configurations(self):
        """What nginx itself says of both files, as the images would read them."""
        done = subprocess.run(self.edge.argv("-t"), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("warn", done.stderr)
        # Whatever the host has: connections (430 bytes each) and caches leave a third of the container's.
        text = self.edge.conf.read_text(encoding="utf-8")
        one = {name: int(re.search(rf"{name} (\d+);", text)[1]) for name in ("worker_processes", "worker_connections")}
        kept_mb = sum(map(int, re.findall(r"(?:keys_zone=\w+:|max_size=)(\d+)m", text)))
        edge = yaml.safe_load((chain.ROOT / "docker/compose.edge.yaml").read_text(encoding="utf-8"))["services"]["edge"]
        self.assertEqual(edge["mem_limit"], "1g")
        self.assertLess(one["worker_processes"] * one["worker_connections"] * 430 / 2**20 + kept_mb, 640)
        text = (chain.ROOT / "docker/nginx-origin.conf").read_text(encoding="utf-8")
        self.edge.conf.write_text(text.replace("/tmp/", f"{self.edge.folder}/"), encoding="utf-8")
        done = subprocess.run(self.edge.argv("-t"), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_headers(self):
        """What a player gets is what the switcher says, and no viewer can make new entries."""
        def headers(path):
            connection = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=15)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                return {name.lower(): value for name, value in answer.getheaders()}, answer.status
            finally:
                connection.close()
        found, status = headers("/hls/index.m3u8")
        self.assertEqual(status, 200)
        self.assertEqual(found["content-type"], "application/vnd.apple.mpegurl")
        self.assertEqual(found["access-control-allow-origin"], "*")
        self.assertIn("s-maxage=1", found["cache-control"])
        segment = chain.get(self.url)[1].decode().splitlines()[-1]
        for expected in ("MISS", "HIT"):
            found, status = headers(f"/hls/{segment}?player={expected}")
            self.assertEqual((status, found["x-cache"]), (200, expected))
            self.assertIn("immutable", found["cache-control"])
        # A parameter that is none of HLS does not reach the key; neither does a number that is none.
        chain.get(self.url)
        for query in ("?x=1", "?_HLS_msn=x", "?_HLS_msn=-1", "?session=abc&_HLS_part=0"):
            self.assertIn(headers(f"/hls/index.m3u8{query}")[0]["x-cache"], ("HIT", "EXPIRED", "UPDATING"))
        # One that is not there is asked for once by all who miss it at the same time.
        for name in ("0-1.ts", "nobody/1-1.ts"):
            for expected in ("MISS", "HIT"):
                found, status = headers(f"/hls/{name}")
                self.assertEqual((status, found["x-cache"]), (404, expected), name)
        for path in ("/metrics", "/healthz", "/control/status", "/", "/hls/../metrics", "/hls/%2e%2e/metrics"):
            self.assertEqual(headers(path)[1], 404, path)

    def test_two_thousand_viewers(self):
        crowd, path = self.crowd(VIEWERS)
        self.wait_segments(CALM + 2)  # the crowd arrives
        old = self.one.signal("packager-primary", signal.SIGKILL)
        self.one.wait_restarted("packager-primary", old)
        self.wait_segments(CALM)
        first, second = self.switchers
        first.kill()
        self.wait_segments(CALM)  # without it
        first.start()
        first.wait_serving()
        first.wait_asked()  # nginx has gone home
        self.wait_segments(CALM)
        second.kill()
        self.wait_segments(CALM)
        self.judge(self.report(crowd, path))

    def judge(self, report):
        misses = report["misses_per_segment"]
        # Those that were new while the crowd was there in full: the first and last ones are not.
        inner = list(misses.values())[2:-2]
        shown = {key: value for key, value in report.items() if key not in ("misses_per_segment", "failures",
                                                                          "backwards")}
        print(json.dumps(shown), "misses per segment:", sum(inner) / max(len(inner), 1), max(inner), flush=True)
        self.assertEqual(report["viewers"], VIEWERS)
        self.assertEqual(report["failures"], [])
        self.assertEqual(report["failed"], 0)
        self.assertEqual(report["backwards"], [])
        self.assertEqual(report["missed"], 0)
        self.assertEqual(report["differing"], 0, "the same name had other bytes")
        self.assertGreater(report["segments"], 15)
        # Nobody was left out: every viewer got every segment of its time.
        self.assertGreater(report["segment_fetches"], 0.8 * VIEWERS * (report["segments"] - 4))
        hits = sum(count for kind, count in report["cache"].items() if kind.split()[1] in ("HIT", "UPDATING", "STALE"))
        self.assertGreater(hits / report["requests"], 0.95)
        # One request for one segment, and few more while a switcher went away under it.
        self.assertLessEqual(max(inner), 3)
        self.assertLess(sum(inner) / len(inner), 1.2)


class SwitcherThatHangs(Tier):
    def test_stopped(self):
        """Its connections stay, and nothing comes: `docker pause`, or a machine that lost its power."""
        first, second = self.switchers
        crowd, path = self.crowd(200, "--limit", "15")
        self.wait_segments(CALM + 2)
        first.process.send_signal(signal.SIGSTOP)
        chain.wait_for("nginx to try it again, in vain", lambda: self.edge.has_tried_again(first.port), 120)
        first.process.send_signal(signal.SIGCONT)
        chain.wait_for("the first to know what is on", lambda: self.end(first.url()) >= self.end())
        # Whether nginx has come back to it or not.
        second.kill()
        self.wait_segments(CALM)
        report = self.report(crowd, path)
        print(json.dumps({key: report[key] for key in ("failed", "stood_still_s", "wait_ms", "cache")}),
              flush=True)
        self.assertEqual((report["backwards"], report["missed"], report["differing"]), ([], 0, 0))
        # Those whose own request is at the switcher that hangs: one a second, until nginx leaves it.
        self.assertLessEqual(report["failed"], 20)
        self.assertEqual({failure["status"] for failure in report["failures"]} - {None}, set(), "errors")
        # All others: what they wait anyway (2 s), until a playlist is old (2 s), and a time-out (6 s).
        self.assertLess(report["stood_still_s"]["p90"], 13)
        self.assertGreater(report["segments"], 24)


class SwitcherCutOff(Tier):
    """The switcher that nginx asks is there and reaches no origin; the other one reaches both."""

    def ways(self):
        self.relays = {}
        for side in ("primary", "backup"):
            self.relays[side] = Relay(int(self.one.origin_url(side).split(":")[2].split("/")[0]))
            self.addCleanup(self.relays[side].close)
        return {side: relay.port for side, relay in self.relays.items()}

    def test_cut_off(self):
        crowd, path = self.crowd(100)
        self.wait_segments(2)
        for is_cut in (True, False):
            for relay in self.relays.values():
                relay.is_cut = is_cut
            self.wait_segments(6)
        report = self.report(crowd, path)
        print(json.dumps({key: report[key] for key in ("stood_still_s", "wait_ms", "cache")}), flush=True)
        self.assertEqual((report["failures"], report["backwards"]), ([], []))
        self.assertEqual((report["missed"], report["differing"]), (0, 0))
        # It says so when its playlist is older than 1.5 target durations (2 s).
        self.assertLess(report["stood_still_s"]["p100"], 7)
        self.assertEqual(chain.get(self.switchers[0].url())[0], 200)


class Asker(threading.Thread):
    """Asks for one path, and keeps what it got."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.answer = url, None
        self.start()

    def run(self):
        try:
            status, body = chain.get(self.url, timeout_s=60)
            self.answer = status, body.decode("utf-8", "replace")
        except OSError as error:
            self.answer = 0, str(error)


class WhatIsNotThere(Tier):
    """The default stream is idle, others are asked for that nobody publishes; the show goes on."""

    stream = "show"

    def test_strangers(self):
        crowd, path = self.crowd(100)
        strangers = {"segment": [], "playlist": [], "idle": [], "idle-segment": []}
        self.wait_segments(2)
        until = self.end() + 10
        while self.end() < until:
            number = len(strangers["segment"])
            strangers["segment"].append(Asker(f"{self.root}/nobody/{number}-1.ts"))
            strangers["playlist"].append(Asker(f"{self.root}/nobody-{number}/index.m3u8"))
            strangers["idle"].append(Asker(f"{self.root}/index.m3u8?_HLS_msn={number}"))
            strangers["idle-segment"].append(Asker(f"{self.root}/{number}-1.ts"))
            time.sleep(0.5)  # their pace, not ours
        report = self.report(crowd, path)
        self.assertEqual(report["failures"], [])
        self.assertEqual((report["failed"], report["missed"], report["differing"]), (0, 0, 0))
        self.assertEqual(report["backwards"], [])
        self.assertGreater(report["segments"], 10)
        # A switcher's own words, not nginx's "no live upstreams".
        for kind, reason in (("segment", "unknown-stream"), ("playlist", "unknown-stream"),
                             ("idle", "stream-starting"), ("idle-segment", "unknown-segment")):
            self.assertGreater(len(strangers[kind]), 20)
            for asker in strangers[kind]:
                asker.join(60)
                self.assertEqual(asker.answer[0], 503 if kind == "idle" else 404, (asker.url, asker.answer))
                self.assertIn(reason, asker.answer[1], asker.url)


if __name__ == "__main__":
    unittest.main()
