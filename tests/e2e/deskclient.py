"""deskclient.py - `understudy monitor` in a folder of its own, and its REST interface as an
operator's program uses it. Standard library only."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import threading

import chain


class Refused(Exception):
    """The desk answered with an error status."""


class Desk:
    """A context manager. `options` of the command go through as they are."""

    def __init__(self, folder, options=(), environment=None, prefix=()):
        self.folder = pathlib.Path(folder)
        self.options, self.prefix = list(options), list(prefix)
        self.environment = environment or {}
        self.port, self.process = None, None
        self.log_path = self.folder / "monitor.log"
        self._local = threading.local()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def close_connection(self):
        """Of this thread."""
        connection, self._local.connection = getattr(self._local, "connection", None), None
        if connection is not None:
            connection.close()

    def start(self):
        env = dict(os.environ, HOME=str(self.folder), XDG_STATE_HOME=str(self.folder / "state"),
                   XDG_CONFIG_HOME=str(self.folder / "config"),
                   XDG_CACHE_HOME=str(chain.BUILD / "cache"), XDG_RUNTIME_DIR=str(self.folder),
                   DBUS_SESSION_BUS_ADDRESS="disabled:",
                   UNDERSTUDY_PIPELINES=str(chain.ROOT / "pipelines"), **self.environment)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = None
        self.log_path.touch()
        self._log_from = self.log_path.stat().st_size
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, chain.BINARY, "monitor", "--http", "127.0.0.1:0",
                 *self.options], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        chain.wait_for("the desk to answer", self._answers)

    def _answers(self):
        if self.process.poll() is not None:
            raise chain.Failure(f"the monitor ended with {self.process.returncode}:\n{self.log()}")
        if self.port is None:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                log.seek(self._log_from)
                port = re.search(r"desk at port (\d+)", log.read())
            if port is None:
                return False
            self.port = int(port[1])
        try:
            return self.get("/health") is not None
        except (OSError, http.client.HTTPException):
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.close_connection()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")[-6000:]

    # -- requests: one kept connection per thread --

    def ask(self, method, path, body=None, headers=None, timeout_s=20):
        """(status, bytes)"""
        data = json.dumps(body).encode() if body is not None else None
        headers = dict(headers or {})
        if data is not None:
            headers["Content-Type"] = "application/json"
        for is_last in (False, True):
            connection = getattr(self._local, "connection", None)
            if connection is None or getattr(self._local, "process", None) is not self.process:
                self.close_connection()
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
                self._local.connection, self._local.process = connection, self.process
            try:
                connection.request(method, path, data, headers)
                reply = connection.getresponse()
                return reply.status, reply.read()
            except (OSError, http.client.HTTPException):
                self.close_connection()
                if is_last:
                    raise
        raise AssertionError

    def call(self, method, path, body=None):
        status, data = self.ask(method, path, body)
        if status >= 300:
            raise Refused(f"{method} {path}: {status} {data[:400].decode(errors='replace')}")
        return json.loads(data) if data else None

    def get(self, path):
        return self.call("GET", path)

    # -- streams and incidents --

    def add(self, name, url, **more):
        return self.call("POST", "/api/streams", dict(name=name, manifest_url=url, **more))["id"]

    def remove(self, stream):
        self.call("DELETE", f"/api/streams/{stream}")

    def stream(self, stream):
        return self.get(f"/api/streams/{stream}")

    def diagnosis(self, stream):
        return self.get(f"/api/streams/{stream}/diagnosis")["root_cause"]

    def incidents(self, stream=None):
        """All of them, the resolved ones as well."""
        return self.get("/api/incidents?active_only=false" + (f"&stream_id={stream}" if stream else ""))
