#!/usr/bin/env python3
"""What bad input gets: a clear answer in the form of the place it came from, and nobody else suffers."""

import json
import os
import random
import socket
import subprocess
import unittest

import chain


def talk(address, data, limit_s=20):
    """Sends bytes and reads until the peer closes; returns what it said."""
    with socket.create_connection(address, timeout=limit_s) as sock:
        said = b""
        try:
            sock.sendall(data)
            while True:
                part = sock.recv(65536)
                if not part:
                    return said
                said += part
        except ConnectionError:
            return said


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.one = chain.Chain()
        cls.one.__enter__()
        cls.publisher = cls.one.ffmpeg_publish(chain.material("loop", seconds=16))
        cls.one.wait_playable()
        host = cls.one.publish_url().split("//")[1].split("/")[0].split(":")
        cls.rtmp = (host[0], int(host[1]))

    @classmethod
    def tearDownClass(cls):
        cls.one.close()

    def tearDown(self):
        """Whatever a test did, the stream goes on and no role died of it."""
        self.assertIsNone(self.publisher.poll())
        self.assertEqual({name: role["restarts"] for name, role in self.one.roles().items()},
                         {name: 0 for name in self.one.roles()})
        number = self.one.metric("segment_age_seconds", 'origin="primary"')
        self.assertLess(number, 10)

    def test_http_on_the_rtmp_port(self):
        talk(self.rtmp, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        chain.wait_for("a log line with a hint", lambda: "[not-rtmp]" in self.one.log())
        self.assertIn("HTTP", self.one.log())

    def test_tls_on_the_rtmp_port(self):
        talk(self.rtmp, bytes.fromhex("160301020001000001fc0303") + bytes(200))
        chain.wait_for("a log line that names TLS", lambda: "TLS" in self.one.log())

    def test_garbage_on_the_rtmp_port(self):
        dice = random.Random(7)
        for _ in range(50):
            talk(self.rtmp, b"\x03" + dice.randbytes(dice.randrange(1, 20000)))

    def test_second_publisher_is_refused(self):
        done = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-re", "-t", "5", "-i",
             str(chain.material("loop", seconds=16)), "-c", "copy", "-f", "flv",
             self.one.publish_url()], capture_output=True, text=True, timeout=60)
        self.assertIn("[publish-refused]", self.one.log(), done.stderr)

    def test_unknown_stream(self):
        status, body = chain.get(self.one.viewer_url("nosuchstream"), 30)
        self.assertEqual(status, 404)
        problem = json.loads(body)
        self.assertEqual(problem["status"], 404)
        self.assertIn("nosuchstream", problem["detail"])

    def test_strange_paths(self):
        base = self.one.viewer_url().split("/hls/")[0]
        for path in ("/", "/hls/", "/hls/../etc/passwd", "/hls/%2e%2e/%2e%2e/etc/passwd",
                     "/hls/" + "a" * 5000, "/hls/mystream/%00", "/hls/mystream/nothing.ts"):
            self.assertIn(chain.get(base + path, 30)[0], (400, 404, 414), path)

    def run_binary(self, *argv, **env):
        return subprocess.run([chain.BINARY, *argv], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "HOME": str(self.one.home), **env})

    def test_port_in_use_names_port_and_program(self):
        done = self.run_binary("ingest", f"--rtmp=127.0.0.1:{self.rtmp[1]}", "--status=127.0.0.1:0")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(str(self.rtmp[1]), done.stderr)
        self.assertIn("understudy", done.stderr)

    def test_configuration_errors(self):
        config = self.one.home / "bad.conf"
        for text, expected in (("[switcher]\nrequired-windows = abc\n", ":2:"),
                               ("[swicher]\n", "swicher"),
                               ("[ingest]\nrtpm = 0.0.0.0:1\n", "rtpm"),
                               ("\n\n[switcher]\nprimary-base-url = ftp://x/\n", ":4:")):
            config.write_text(text, encoding="utf-8")
            done = self.run_binary("run", f"--config={config}")
            self.assertEqual(done.returncode, 2, text)
            self.assertIn(expected, done.stderr)
            self.assertEqual(done.stderr.strip().count("\n"), 0, done.stderr)

    def test_print_config_loads_back(self):
        printed = self.run_binary("run", "--print-config")
        self.assertEqual(printed.returncode, 0)
        config = self.one.home / "printed.conf"
        config.write_text(printed.stdout, encoding="utf-8")
        again = self.run_binary("run", f"--config={config}", "--print-config")
        self.assertEqual(again.returncode, 0, again.stderr)
        values = [[line for line in run.stdout.splitlines() if line and line[0] != "#"]
                  for run in (printed, again)]
        self.assertEqual(values[0], values[1])
        self.assertGreater(len(values[0]), 40)


if __name__ == "__main__":
    unittest.main(verbosity=2)
