"""browser.py - hls.js in a headless Chromium, and what its page reports.

A small server on a free port serves the page (hlsjs/), hls.js as vendored in data/web/vendor, and
takes the page's reports. Chromium runs with a profile of its own that is gone at the end. Browser
is used as a context manager; everything it collects may be read while it runs.
"""

import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

import chain
import numbered
import players

FOLDER = pathlib.Path(__file__).resolve().parent
FILES = {
    "/": (FOLDER / "hlsjs" / "index.html", "text/html"),
    "/page.js": (FOLDER / "hlsjs" / "page.js", "text/javascript"),
    "/hls.min.js": (chain.ROOT / "data/web/vendor/hls.js/hls.min.js", "text/javascript"),
}
CHROMIUM = [
    "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--mute-audio",
    "--autoplay-policy=no-user-gesture-required", "--window-size=400,300",
    # A headless window counts as hidden or covered to some; its timers must not slow down.
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows", "--disable-features=CalculateNativeWinOcclusion",
]
START_S = 2.0
LARGEST_REPORT = 4 * 1024 * 1024
# What ends a test: the player gave up, or could not make sense of a playlist or segment.
BROKEN = {"levelParsingError", "manifestParsingError", "fragParsingError", "bufferAppendError",
          "bufferAppendingError", "keySystemNoKeys", "internalException", "remuxAllocError"}
# What a request that failed looks like.
FAILED = {"manifestLoadError", "manifestLoadTimeOut", "levelLoadError", "levelLoadTimeOut",
          "fragLoadError", "fragLoadTimeOut", "audioTrackLoadError", "audioTrackLoadTimeOut",
          "levelEmptyError"}
STALLED = {"bufferStalledError", "bufferNudgeOnStall", "bufferSeekOverHole"}


class Browser:
    def __init__(self, url, name="hls.js"):
        self.url, self.name = url, name
        self.lines = []  # every line of every report, in order, with wall_s in place of `at`
        self.offset_s = None  # of the page's clock to the monotonic one
        self._pending = []
        self._lock = threading.Lock()

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="understudy-chromium-")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        page = "http://127.0.0.1:%d/?%s" % (self.server.server_address[1],
                                            urllib.parse.urlencode({"url": self.url}))
        env = dict(os.environ, HOME=self.profile, DBUS_SESSION_BUS_ADDRESS="disabled:")
        with open(pathlib.Path(self.profile, "log"), "wb") as log:
            # A session of its own: it has many processes, and all of them end together.
            self.process = subprocess.Popen([*CHROMIUM, "--user-data-dir=" + self.profile, page],
                                            env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        return self

    def __exit__(self, kind, value, traceback):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def take(self, body, now_s):
        """One report. The smallest difference between sending and arrival is the clocks' offset; a
        slow delivery only makes it larger, so it is settled by the reports of the first seconds."""
        lines = [json.loads(line) for line in body.decode().splitlines() if line]
        with self._lock:
            offset_s = now_s - lines[-1]["at"] / 1000
            self.offset_s = offset_s if self.offset_s is None else min(self.offset_s, offset_s)
            for line in lines:
                line["at_s"] = line.pop("at") / 1000
            self.lines.extend(line for line in lines if line["kind"] != "sent")

    def _of(self, *kinds):
        with self._lock:
            return [dict(line, wall_s=line["at_s"] + self.offset_s) for line in self.lines
                    if line["kind"] in kinds]

    def wait_playing(self):
        try:
            chain.wait_for("hls.js to play", lambda: self.process.poll() is not None or any(
                line["media"] > 0 for line in self._of("picture")))
        except chain.Failure as failure:
            raise chain.Failure(f"{failure}; {self._last_words()}")
        if self.process.poll() is not None:
            raise chain.Failure(f"chromium ended: {self._last_words()}")

    def _last_words(self):
        log = pathlib.Path(self.profile, "log").read_text(encoding="utf-8", errors="replace")
        return f"errors {self._of('error')[:5]}, clock {self._of('clock')[-1:]}, log {log[-2000:]}"

    # -- what it saw --

    def shown(self):
        numbers = numbered.NUMBERS
        return [numbered.Shown(line["wall_s"], line["media"],
                               numbers.get(bytes(255 * (bit == "1") for bit in line["bits"])))
                for line in self._of("picture")]

    def errors(self):
        """(broken, failed requests, stalls, others), each a list of findings."""
        sorts = ([], [], [], [])
        shown = self.shown()
        for line in self._of("error"):
            details = line["details"]
            # While it starts, it finds its place: one that does not is found to play nothing.
            if details in STALLED and not line["fatal"] and (
                    not shown or line["wall_s"] < shown[0].wall_s):
                continue
            index = 0 if line["fatal"] or details in BROKEN else \
                1 if details in FAILED else 2 if details in STALLED else 3
            told = {key: line.get(key) for key in ("fatal", "status", "reason", "url", "media", "hole")
                    if line.get(key) is not None}
            sorts[index].append(numbered.Finding("error", line["wall_s"], 1, f"{details} {told}"))
        return sorts

    def stalls(self, tolerance_ms):
        """Where the media's time fell behind the clock's while it should have played, joined to one
        finding for each standstill. One with data for the next half second at hand is a busy
        machine's, up to BUSY_MS."""
        findings, behind_ms, since, was_hungry = [], 0, None, False

        def settle(detail):
            if behind_ms > (tolerance_ms if was_hungry else players.BUSY_MS):
                findings.append(numbered.Finding("stall", since, round(behind_ms), detail))

        # While it starts, it finds its place.
        begin = next((line["wall_s"] for line in self._of("picture")), 0) + START_S
        clock = [line for line in self._of("clock") if line["wall_s"] > begin]
        for before, line in zip(clock, clock[1:]):
            lost_ms = ((line["wall_s"] - before["wall_s"]) - (line["media"] - before["media"])) * 1000
            if lost_ms > 50:
                since = since or before["wall_s"]
                behind_ms += lost_ms
                was_hungry = was_hungry or is_hungry(before) or is_hungry(line)
                continue
            settle(f"at {line['media']:.3f} s")
            behind_ms, since, was_hungry = 0, None, False
        settle("and still stands")
        return findings

    def holes(self):
        """Gaps between buffered ranges, each once."""
        found = {}
        for line in self._of("clock"):
            for before, after in zip(line["buffered"], line["buffered"][1:]):
                key = round(before[1], 1)
                if key not in found:
                    found[key] = numbered.Finding("hole", line["wall_s"],
                                                  round((after[0] - before[1]) * 1000),
                                                  f"from {before[1]:.3f} to {after[0]:.3f} s")
        return list(found.values())

    def dropped(self):
        clock = self._of("clock")
        return (clock[-1]["painted"], clock[-1]["dropped"]) if clock else (0, 0)


def is_hungry(line):
    """Whether the element lacks data for the next half second, or looks for its place."""
    ahead_s = [end - line["media"] for begin, end in line["buffered"] if begin - 0.1 <= line["media"] <= end]
    return line["ready"] < 3 or line["seeking"] or not ahead_s or ahead_s[0] < 0.5


def _handler_for(browser):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path, kind = FILES.get(urllib.parse.urlsplit(self.path).path, (None, None))
            body = path.read_bytes() if path else b""
            self.answer(200 if path else 404, body, kind or "text/plain")

        def do_POST(self):
            now_s = time.monotonic()
            length = int(self.headers.get("Content-Length", 0))
            if length > LARGEST_REPORT:
                self.answer(413, b"")
                return
            browser.take(self.rfile.read(length), now_s)
            self.answer(204, b"")

        def answer(self, status, body, kind="text/plain"):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass
    return Handler
