#!/usr/bin/env python3
"""What the desk survives: hostile playlists, its own death, another time, crowds at /metrics."""
# test-e2e: classes apart
# test-e2e: light Death OtherTime

import gzip
import pathlib
import random
import resource
import shutil
import tempfile
import threading
import time
import unittest

import chain
import deskclient
import deskorigin
from test_clock import Clock

MEBI = 1024 * 1024


def resident_bytes(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


class Base:
    environment = {}

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-desk-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.origin = self.enterContext(deskorigin.Origin())
        # Even where no segments are wanted one would be taken for a picture.
        self.desk = deskclient.Desk(self.folder, ["--thumbnail-interval", "0s"],
                                    environment=self.environment)
        self.desk.start()
        self.addCleanup(self.desk.stop)

    def add(self, path, **more):
        more.setdefault("segment_share", 0)
        return self.desk.add(path.strip("/"), self.origin.url(path), **more)

    def wait_state(self, stream, state, timeout_s=chain.WAIT_S):
        def is_there():
            view = self.desk.stream(stream)
            return view if view["state"] == state else None
        return chain.wait_for(f"{stream} to be {state}", is_there, timeout_s)

    def checks(self, stream):
        return {finding["check"] for finding in self.desk.stream(stream)["findings"]}

    def wait_check(self, stream, check):
        try:
            chain.wait_for(f"the finding {check}", lambda: check in self.checks(stream), 40)
        except chain.Failure:
            self.fail(f"{stream}: {check} is not among {self.checks(stream)}")


def live(*rows, target=1, sequence=1, head=""):
    lines = ["#EXTM3U", f"#EXT-X-TARGETDURATION:{target}", f"#EXT-X-MEDIA-SEQUENCE:{sequence}"]
    return ("\n".join(lines) + "\n" + head + "\n".join(rows) + "\n").encode()


def drip(handler):
    """An endless body, a byte at a time."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"#")
            time.sleep(0.2)  # that is the fault
    except OSError:
        return None


def flood(handler):
    """An endless body, as fast as it goes."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"#EXTM3U\n" * 8192)
    except OSError:
        return None


def redirect(where):
    return lambda handler: (302, {"Location": where}, b"")


def nested(handler):
    depth = int(handler.path.strip("/").split("-")[1])
    return 200, {}, f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nnested-{depth + 1}\n".encode()


class Hostile(Base, unittest.TestCase):
    """M1: none of these costs more than a finding, and the stream beside them is well."""

    def test_playlists(self):
        row = "#EXTINF:1.0,\ns.ts"
        bomb = gzip.compress(b"#EXTM3U\n" + b"#\n" * (64 * MEBI))
        many = b"#EXTM3U\n" + b"".join(
            b"#EXT-X-STREAM-INF:BANDWIDTH=%d\nv%d\n" % (each + 1, each) for each in range(20000))
        special = {
            "/itself": (live(head="#EXT-X-STREAM-INF:BANDWIDTH=1000\nitself\n"), "parse_error"),
            "/long": (live(*[row] * 1000000), None),
            "/nan": (live("#EXTINF:nan,\ns.ts"), "parse_error"),
            "/negative": (live("#EXTINF:-1,\ns.ts"), "parse_error"),
            "/huge": (live("#EXTINF:1e300,\ns.ts"), "parse_error"),
            "/overflow": (live(row, sequence=2**64), "parse_error"),
            "/nul": (live("#EXTINF:1.0,\ns\0.ts"), "parse_error"),
            "/utf16": (live(row).decode().encode("utf-16"), "not_a_playlist"),
            "/html": (b"<html><body>It works!</body></html>", "not_a_playlist"),
            "/nothing": (b"", "empty_body"),
            "/file": (live("#EXTINF:1.0,\nfile:///etc/passwd"), None),
            "/many": (many, None),
        }
        for path, (body, _) in special.items():
            self.origin.special[path] = (200, {}, body)
        self.origin.special["/bomb"] = (200, {"Content-Encoding": "gzip"}, bomb)
        self.origin.special["/drip"] = drip
        self.origin.special["/flood"] = flood
        self.origin.special["/round"] = redirect("/round")
        self.origin.special["/metadata"] = redirect("http://169.254.169.254/latest/meta-data/")
        self.origin.special["/scheme"] = redirect("file:///etc/passwd")
        for depth in range(10):
            self.origin.special[f"/nested-{depth}"] = nested
        good = self.add("/good")
        self.wait_state(good, "HEALTHY")
        streams = {path: self.add(path, segment_share=1.0 if path == "/file" else 0)
                   for path in [*special, "/bomb", "/drip", "/flood", "/round", "/metadata",
                                "/scheme", "/nested-0"]}
        for path, (_, check) in special.items():
            if check is not None:
                self.wait_check(streams[path], check)
        self.wait_check(streams["/round"], "redirect")
        self.wait_check(streams["/metadata"], "forbidden_address")
        self.wait_check(streams["/drip"], "timeout")
        self.assertNotIn("/nested-3", self.origin.asked)  # a master of a master is no playlist
        self.assertIsNone(self.desk.process.poll())
        self.assertLess(resident_bytes(self.desk.process.pid), 400 * MEBI)
        view = self.desk.stream(good)
        self.assertEqual((view["state"], view["has_active_incident"]), ("HEALTHY", False),
                         view["reasons"])
        self.assertNotIn("root:", self.desk.log())

    def test_addresses_that_are_no_streams(self):
        for url in ("file:///etc/passwd", "ftp://127.0.0.1/x.m3u8", "javascript:alert(1)", "",
                    "http://", "//127.0.0.1/x", "http://[::1", "http://a b/", "gopher://x/",
                    "http://127.0.0.1:99999/x.m3u8", "http://x/" + "a" * 5000):
            status, body = self.desk.ask("POST", "/api/streams",
                                         {"name": "bad", "manifest_url": url})
            self.assertIn(status, (400, 422), (url, body))
            self.assertIn(b"manifest_url", body, url)
        self.assertEqual(self.desk.get("/api/streams"), [])


class Death(Base, unittest.TestCase):
    """M4: kill -9 between an incident's begin and its end, ten times."""

    def test_one_incident_and_every_note(self):
        rng = random.Random(4)
        paths = [f"/s{n}" for n in range(4)]
        streams = [self.add(path) for path in paths]
        for stream in streams:
            self.wait_state(stream, "HEALTHY")
        for path in paths:
            self.origin.special[path] = (500, {}, b"")
        notes, first = [], None
        for turn in range(10):
            if turn > 0:
                incident = chain.wait_for("the incident", self._active(streams[0]))["id"]
                first = first or incident
                self.assertEqual(incident, first)
                text = f"note {turn}"
                self.desk.call("POST", f"/api/incidents/{incident}/notes",
                               {"note": text, "who": "test"})
                notes.append(text)
            else:
                # the first one dies while the incidents are being opened
                chain.wait_for("the first failures", lambda: self.checks(streams[0]))
            chain.wait_for("a moment like any other", lambda end=time.monotonic() + rng.uniform(
                0, 1.5): time.monotonic() >= end)
            self.desk.kill()
            self.desk.start()
            self.assertEqual(len(self.desk.get("/api/streams")), len(streams))
        for stream in streams:
            chain.wait_for("an incident of each", self._active(stream))
        for path in paths:
            del self.origin.special[path]
        for stream in streams:
            chain.wait_for("its end", lambda stream=stream: [
                incident for incident in self.desk.incidents(stream)
                if incident["status"] == "resolved"], 240)
            incidents = self.desk.incidents(stream)
            self.assertEqual(len(incidents), 1, incidents)
            self.assertEqual(incidents[0]["reopened_count"], 0)
        kept = self.desk.get(f"/api/incidents/{first}/notes")
        kept = kept["notes"] if isinstance(kept, dict) else kept
        self.assertEqual(sorted(note["note"] for note in kept), sorted(notes))

    def _active(self, stream):
        return lambda: self.desk.stream(stream)["active_incident"]


class OtherTime(Base, unittest.TestCase):
    """M3: the clock of this machine jumps by an hour, forwards and backwards."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="understudy-clock-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.clock = Clock(folder)
        self.environment = self.clock.env
        super().setUp()

    def test_jumps(self):
        stream = self.add("/dated")
        self.wait_state(stream, "HEALTHY")
        began = time.monotonic()
        chain.wait_for("a usual latency to be known", lambda: time.monotonic() - began > 20)
        for offset_s in (3600, 0, -3600, 0):
            self.clock.set(offset_s)
            jumped = time.monotonic()
            while time.monotonic() - jumped < 8:
                view = self.desk.stream(stream)
                self.assertEqual((view["state"], [f["check"] for f in view["findings"]
                                                  if f["severity"] != "info"]), ("HEALTHY", []),
                                 (offset_s, view["reasons"]))
                time.sleep(0.25)  # to look, not to wait
        self.assertEqual(self.desk.incidents(), [])


class Crowd(Base, unittest.TestCase):
    """M5: fifty clients at /metrics, and an origin that would like ten thousand labels."""

    def test_metrics(self):
        count = [0]

        def fresh(handler):
            count[0] += 1
            body = "#EXTM3U\n" + "".join(
                f"#EXT-X-STREAM-INF:BANDWIDTH={each + 1}\nv-{count[0]}-{each}\n"
                for each in range(500))
            return 200, {}, body.encode()
        self.origin.special["/labels"] = fresh
        streams = [self.add("/labels"), self.desk.add('a"b\\c d{}=é' * 8, self.origin.url("/x"),
                                                      segment_share=0)]
        self.wait_state(streams[1], "HEALTHY")
        chain.wait_for("many polls", lambda: count[0] >= 2)
        times, sizes, faults = [], [], []

        def scrape():
            client = deskclient.Desk(self.folder)
            client.port, client.process = self.desk.port, self.desk.process
            for _ in range(10):
                begun = time.monotonic()
                try:
                    status, body = client.ask("GET", "/metrics")
                except OSError as error:
                    faults.append(error)
                    return
                times.append(time.monotonic() - begun)
                sizes.append(len(body))
                if status != 200:
                    faults.append(status)
            client.close_connection()
        threads = [threading.Thread(target=scrape) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        self.assertEqual(len(times), 500)
        self.assertLess(sorted(times)[-5], 5, "the slowest percent")
        self.assertLess(max(sizes), 2 * MEBI)
        series = [line for line in self.desk.ask("GET", "/metrics")[1].decode().splitlines()
                  if line and not line.startswith("#")]
        self.assertLess(len(series), 6000)
        renditions = {line.split('rendition="')[1].split('"')[0] for line in series
                      if 'stream="labels"' in line and 'rendition="' in line}
        self.assertLessEqual(len(renditions), 65)
        self.assertEqual(self.desk.stream(streams[1])["state"], "HEALTHY")


if __name__ == "__main__":
    unittest.main(verbosity=2)
