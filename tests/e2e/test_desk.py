#!/usr/bin/env python3
"""test_desk.py - the operations desk as part of the real chain.

    python3 test_desk.py

`understudy run` with its desk and a publisher: the stream of the chain is watched by itself; a
failover is on its timeline within a second, with what it looked like before and after, and is no
incident; a publisher that goes is one, with the encoder as its cause; it ends by itself when the
publisher comes back. A desk that is killed in the middle has one incident, not two or none.
"""

import http.client
import json
import pathlib
import signal
import subprocess
import time
import unittest
import urllib.parse

import chain

STREAM = "own-mystream"


class Desk:
    """The REST interface of the desk of a chain."""

    def __init__(self, one):
        self.base = one.urls["desk"].rstrip("/").replace("localhost", "127.0.0.1")

    def get(self, path):
        status, body = chain.get(self.base + path)
        if status != 200:
            raise chain.Failure(f"{path}: {status} {body[:300]}")
        return json.loads(body)

    def stream(self):
        status, body = chain.get(f"{self.base}/api/streams/{STREAM}")
        return json.loads(body) if status == 200 else {}

    def events(self, kind):
        return [event for event in self.get(f"/api/streams/{STREAM}/timeline?limit=500")
                if event["event_type"] == kind]

    def incidents(self):
        return self.get("/api/incidents?active_only=false")


class Listener:
    """/api/events, read by the test itself: each event with the time it came."""

    def __init__(self, desk):
        url = urllib.parse.urlparse(desk.base)
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=chain.WAIT_S)
        self.connection.request("GET", "/api/events?kinds=event")
        self.reply = self.connection.getresponse()
        if self.reply.status != 200:
            raise chain.Failure(f"/api/events: {self.reply.status} {self.reply.read()[:300]}")

    def wait(self, kind):
        deadline = time.monotonic() + chain.WAIT_S
        while time.monotonic() < deadline:
            line = self.reply.readline().decode()
            if not line:
                raise chain.Failure("the desk ended the events")
            if line.startswith("data:"):
                event = json.loads(line[5:])
                if event.get("event_type") == kind:
                    return time.monotonic(), event
        raise chain.Failure(f"no event {kind}")

    def close(self):
        self.reply.close()
        self.connection.close()


class DeskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.chain = chain.Chain({"run": {"monitor": "true"},
                                 "monitor": {"thumbnail-interval": "2s"}})
        cls.addClassCleanup(cls.chain.close)
        cls.chain.start()
        cls.clip = chain.material("desk", gop_s=1.0, seconds=30)
        cls.publisher = cls.chain.ffmpeg_publish(cls.clip)
        cls.desk = Desk(cls.chain)
        chain.wait_for("the own stream to be healthy",
                       lambda: cls.desk.stream().get("state") == "HEALTHY")

    def test_1_own_stream(self):
        stream = self.desk.stream()
        self.assertTrue(stream["is_own"])
        self.assertEqual(stream["own_stream"], "mystream")
        self.assertEqual(stream["health"], "green")
        chain.wait_for("what the chain says of it", lambda: self.desk.stream()["chain"]["pair"] == "identical")
        told = self.desk.stream()["chain"]
        self.assertIn(told["active_origin"], ("primary", "backup"))
        self.assertEqual((told["has_publisher"], told["viewer_path"]), (True, "/hls/index.m3u8"))
        chain.wait_for("a picture", lambda: self.desk.stream()["thumbnail_url"])
        status, jpeg = chain.get(self.desk.base + self.desk.stream()["thumbnail_url"])
        self.assertEqual((status, jpeg[:3]), (200, b"\xff\xd8\xff"))
        self.assertEqual(self.desk.incidents(), [])
        with self.subTest("the shell"):
            shown = self.ctl("streams")
            self.assertIn(STREAM, shown)
            self.assertIn("HEALTHY", shown)

    def ctl(self, *words):
        done = subprocess.run([chain.BINARY, "ctl", *words, "--desk", self.desk.base],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_2_failover(self):
        active = "primary" if self.chain.metric("switcher_active_origin") == 1 else "backup"
        other = "backup" if active == "primary" else "primary"
        chain.wait_for("both origins up", lambda: all(
            chain.get(self.chain.origin_url(name))[0] == 200 for name in ("primary", "backup")))
        listener = Listener(self.desk)
        self.addCleanup(listener.close)
        pid = self.chain.signal(f"packager-{active}", signal.SIGKILL)
        killed = time.monotonic()
        seen, event = listener.wait("switch")
        self.assertLess(seen - killed, 1.0, event)
        self.assertEqual(event["stream_id"], STREAM)
        self.assertIn(f"Viewers get {other} instead of {active}", event["message"])
        self.assertEqual(event["metadata"]["from"], active)
        self.assertEqual(event["metadata"]["to"], other)
        chain.wait_for("the other origin in the list", lambda: [
            one["chain"]["active_origin"] for one in self.desk.get("/api/streams")] == [other])
        self.assertTrue(event["metadata"]["reason"])
        status, before = chain.get(self.desk.base + event["thumbnail_url"])
        self.assertEqual((status, before[:3]), (200, b"\xff\xd8\xff"))
        after = f"{self.desk.base}/api/thumbnails/{event['metadata']['thumbnail_after']}"
        chain.wait_for("the picture of afterwards", lambda: chain.get(after)[0] == 200)
        self.chain.wait_restarted(f"packager-{active}", pid)
        chain.wait_for("the packager's return on the timeline", lambda: any(
            "restarted" in one["message"] for one in self.desk.events("packager")))
        self.assertEqual(self.desk.stream()["state"], "HEALTHY")
        self.assertEqual(self.desk.incidents(), [])

    def test_3_publisher_gone(self):
        self.publisher.kill()
        self.publisher.wait()
        incident = chain.wait_for("an incident", lambda: next(iter(self.desk.incidents()), None))
        self.assertEqual(incident["stream_id"], STREAM)
        cause = chain.wait_for("the cause", lambda: self.cause_of(incident["id"], "high"))
        self.assertEqual(cause["cause"], "encoder", cause)
        self.assertEqual(cause["label"], "Encoder/Packager Issue")
        self.assertIn("ack", self.ctl("ack", incident["id"], "--why", "calling the studio"))

        pid = self.chain.signal("monitor", signal.SIGKILL)
        self.chain.wait_restarted("monitor", pid)
        chain.wait_for("the desk to be back", lambda: self.is_back())
        incidents = self.desk.incidents()
        self.assertEqual([one["id"] for one in incidents], [incident["id"]])
        self.assertEqual(incidents[0]["status"], "acknowledged")

        type(self).publisher = self.chain.ffmpeg_publish(self.clip)
        for status in ("recovering", "resolved"):
            chain.wait_for(f"the incident to be {status}",
                           lambda: self.desk.incidents()[0]["status"] == status, 180)
        self.assertEqual(len(self.desk.incidents()), 1)
        kinds = [event["event_type"] for event in self.desk.get(
            f"/api/incidents/{incident['id']}/timeline?limit=500")]
        for kind in ("incident_opened", "incident_acknowledged", "incident_recovering",
                     "incident_resolved", "publisher"):
            self.assertIn(kind, kinds)

    def cause_of(self, incident, confidence):
        cause = self.desk.get(f"/api/incidents/{incident}")["root_cause"]
        return cause if cause and cause["confidence"] == confidence else None

    def is_back(self):
        try:
            return bool(self.desk.stream())
        except OSError:
            return False

    def test_4_metrics(self):
        status, text = chain.get(self.desk.base + "/metrics")
        self.assertEqual(status, 200)
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))
        self.assertIn(f'understudy_rendition_playlist_age_seconds{{stream="{STREAM}",'.encode(), text)
        self.assertNotIn(b"http://", text)

    def test_5_end_is_no_incident(self):
        """The desk ends before what it watches."""
        folder = pathlib.Path(self.chain.home)
        self.chain.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.chain.process.wait(30), 0)
        log = self.chain.log()
        self.assertNotIn("Incident", log[log.rindex("draining"):])
        self.assertTrue(list(folder.rglob("desk.sqlite")))


class DemoTest(unittest.TestCase):
    """The built-in demo: a chain of its own beside ours, which must not be taken for it."""

    def test_demo(self):
        with chain.Chain({"run": {"monitor": "true"}}) as one:
            desk = Desk(one)
            status, stream = self.ask(one, "POST", "/api/demo")
            self.assertEqual((status, stream["name"], stream["is_own"]), (201, "Demo stream", False))
            self.assertEqual(self.ask(one, "POST", "/api/demo")[0], 200)
            path = f"/api/streams/{stream['id']}"
            chain.wait_for("the demo to be healthy", lambda: desk.get(path)["state"] == "HEALTHY")
            chain.wait_for("its picture", lambda: desk.get(path)["thumbnail_url"])
            self.assertEqual([s["id"] for s in desk.get("/api/streams")], [stream["id"]])
            folder = next(one.home.rglob("desk/demo"))
            pids = self.processes(json.loads((folder / "run.json").read_text()))
            self.assertGreaterEqual(len(pids), 6)
            self.assertEqual(self.ask(one, "DELETE", path)[0], 200)
            chain.wait_for("its chain to end", lambda: not any(self.is_alive(pid) for pid in pids))
            chain.wait_for("its files to go", lambda: not folder.exists())

            # It goes with its desk, however that ends; the next desk does not know it.
            self.assertEqual(self.ask(one, "POST", "/api/demo")[0], 201)
            pids = self.processes(json.loads((folder / "run.json").read_text()))
            pid = one.signal("monitor", signal.SIGKILL)
            chain.wait_for("its chain to end", lambda: not any(self.is_alive(pid) for pid in pids))
            one.wait_restarted("monitor", pid)
            self.assertEqual(chain.wait_for("the desk", lambda: self.streams(desk)), [[]])

    @staticmethod
    def ask(one, method, path):
        url = urllib.parse.urlparse(one.urls["desk"])
        connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=90)
        try:
            connection.request(method, path)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    @staticmethod
    def processes(status):
        return [status["pid"], *(role["pid"] for role in status["roles"])]

    @staticmethod
    def is_alive(pid):
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state not in "ZX"

    @staticmethod
    def streams(desk):
        try:
            return [desk.get("/api/streams")]
        except OSError:
            return None


if __name__ == "__main__":
    unittest.main()
