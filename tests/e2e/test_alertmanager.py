#!/usr/bin/env python3
"""An incident of the desk as a real Alertmanager sees it, and metrics as promtool reads them."""
# test-e2e: light

import http.server
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

import chain
import deskclient
import deskorigin


class Alertmanager:
    """Debian's prometheus-alertmanager in a folder of its own, on a port that it finds itself."""

    CONFIG = """
route: {receiver: sink, group_wait: 0s, group_interval: 1s, repeat_interval: 1h, group_by: [incident]}
receivers: [{name: sink, webhook_configs: [{url: "%s", send_resolved: true}]}]
"""

    def __init__(self, folder, sink_url):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        config = self.folder / "alertmanager.yml"
        config.write_text(self.CONFIG % sink_url, encoding="utf-8")
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={config}",
                 f"--storage.path={self.folder}", "--web.listen-address=127.0.0.1:0",
                 "--cluster.listen-address="], stdout=log, stderr=log)
        chain.wait_for("Alertmanager to listen", self._port)
        self.url = f"http://127.0.0.1:{self._port()}"

    def _port(self):
        if self.process.poll() is not None:
            raise chain.Failure(self.log.read_text(encoding="utf-8"))
        found = re.search(r"address=127\.0\.0\.1:(\d+)", self.log.read_text(encoding="utf-8"))
        return found and int(found[1])

    def alerts(self):
        return chain.get_json(self.url + "/api/v2/alerts")

    def close(self):
        self.process.terminate()
        self.process.wait()


class Sink:
    """Whom Alertmanager notifies: each notification as JSON."""

    def __init__(self):
        self.told = []
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                sink.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Alerts(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-alerts-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        self.alertmanager = Alertmanager(folder / "alertmanager", self.sink.url)
        self.addCleanup(self.alertmanager.close)
        self.origin = self.enterContext(deskorigin.Origin())
        self.desk = self.enterContext(
            deskclient.Desk(folder / "desk", ["--alertmanagers", self.alertmanager.url]))

    def test_incident(self):
        stream = self.desk.add("studio", self.origin.url("/studio"), segment_share=0)
        chain.wait_for("the stream to be well",
                       lambda: self.desk.stream(stream)["state"] == "HEALTHY")
        self.assertEqual(self.alertmanager.alerts(), [])
        self.origin.freeze("/studio")
        alert = chain.wait_for("an alert", lambda: next(
            (each for each in self.alertmanager.alerts() if each["labels"]["stream"] == stream),
            None), 120)
        labels = alert["labels"]
        self.assertEqual(labels["alertname"], "StreamIncident")
        self.assertIn(labels["severity"], ("warning", "critical"))
        self.assertEqual(set(labels), {"alertname", "stream", "severity", "incident", "cause",
                                       "instance"})
        self.assertEqual(set(alert["annotations"]), {"summary", "description"})
        self.assertEqual(alert["status"]["state"], "active")
        incident = self.desk.incidents()[0]
        self.assertEqual(labels["incident"], incident["id"])

        # It is sent again with what is new of it, which is no reason to tell people again.
        self.desk.call("POST", f"/api/incidents/{incident['id']}/acknowledge", {"who": "test"})
        chain.wait_for("the alert to say who looks after it", lambda: [
            each for each in self.alertmanager.alerts()
            if "test" in each["annotations"].get("acknowledged_by", "")])
        # By hand: that it comes by itself takes minutes, and is tested with another clock.
        self.desk.call("POST", f"/api/incidents/{incident['id']}/resolve", {"who": "test"})
        chain.wait_for("the alert to be resolved", lambda: not self.alertmanager.alerts())
        ended = chain.wait_for("people to be told", lambda: next(
            (each for each in self.sink.told if each["status"] == "resolved"), None))
        self.assertEqual(ended["commonLabels"]["incident"], incident["id"])
        # a standing fault is told once, whatever is re-sent in the meantime
        told = [(each["status"], tuple(sorted(each["labels"].items())))
                for group in self.sink.told for each in group["alerts"]]
        self.assertEqual(len(told), len(set(told)))

    def test_metrics(self):
        """What the desk says of itself is what Prometheus wants to read."""
        stream = self.desk.add("studio", self.origin.url("/studio"), segment_share=0)
        chain.wait_for("the stream to be well",
                       lambda: self.desk.stream(stream)["state"] == "HEALTHY")
        status, text = self.desk.ask("GET", "/metrics")
        self.assertEqual(status, 200)
        checked = subprocess.run(["promtool", "check", "metrics"], input=text,
                                 capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
