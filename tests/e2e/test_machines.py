#!/usr/bin/env python3
"""Five hosts, and every link between them cut in turn; two switchers that tell the same story.

    e publisher ─▶ a ingest, packager primary ─┬─▶ c switcher ─┬─▶ v viewers
                            │                  ×               │
                            └─▶ b packager backup ─▶ d switcher ┘

Two strict viewers, one at each switcher, a comparer that holds every playlist of one switcher
against the other's, and a viewer that changes switchers with each request.
"""
# test-e2e: classes apart
# test-e2e: light Links Alone

import os
import pathlib
import shutil
import statistics
import tempfile
import threading
import time
import unittest
import urllib.request

import chain
import machines
import viewer
from test_failover import Watch

LINKS = [("e", "a"), ("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("v", "c"), ("v", "d")]
SWITCHERS = ("c", "d")
ORIGINS = {"primary": "a", "backup": "b"}
POLL_S = 0.05


class Plant:
    """Real programs on all hosts, with their default ports; this thread is on host v."""

    def __init__(self, material, switcher_options=()):
        self.material, self.switcher_options = material, switcher_options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-machines-"))
        self.net = machines.Net(LINKS)
        self.processes = {}

    def __enter__(self):
        try:
            self.net.__enter__()
            self.net.enter("v")
            self._start()
        except BaseException:
            self.close(failed=True)
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self.close(failed=kind is not None)

    def close(self, failed=False):
        self.net.close()
        for log in sorted(self.folder.glob("*.log")):
            if failed:
                print(f"--- {log.name} ---\n{self.log(log.stem)[-5000:]}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def run(self, host, name, *arguments):
        home = self.folder / name
        home.mkdir(exist_ok=True)
        environment = dict(
            os.environ, HOME=str(home), XDG_STATE_HOME=str(home), XDG_CONFIG_HOME=str(home),
            XDG_CACHE_HOME=str(chain.BUILD / "cache"), DBUS_SESSION_BUS_ADDRESS="disabled:",
            UNDERSTUDY_PIPELINES=str(chain.ROOT / "pipelines"))
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = self.net.run(host, [chain.BINARY, *arguments], env=environment,
                                                stdout=log, stderr=log)

    def _start(self):
        address = self.net.address
        self.run("a", "primary", "packager", "--name=primary")
        self.run("b", "backup", "packager", "--name=backup", "--rtmp=0.0.0.0:19362")
        self.run("a", "ingest", "ingest", "--open-publish=private",
                 f"--relay=rtmp://127.0.0.1:19361/live;rtmp://{address('b', 'a')}:19362/live")
        for host in SWITCHERS:
            self.start_switcher(host)
        self.run("e", "publisher", "publish", f"--file={self.material}",
                 f"--url=rtmp://{address('a', 'e')}:1936/live/mystream")
        self.wait_whole()

    def start_switcher(self, host):
        address = self.net.address
        self.run(host, f"switcher-{host}", "switcher", "--bus=none", *self.switcher_options,
                 f"--primary-base-url=http://{address('a', host)}:8081/hls",
                 f"--backup-base-url=http://{address('b', host)}:8082/hls")

    def restart_switcher(self, host):
        self.processes[f"switcher-{host}"].kill()
        self.processes[f"switcher-{host}"].wait()
        self.start_switcher(host)

    def url(self, host):
        return f"http://{self.net.address(host, 'v')}:8080"

    def viewer_url(self, host):
        return self.url(host) + "/hls/index.m3u8"

    def health(self, host):
        try:
            return chain.get_json(self.url(host) + "/healthz", 5)
        except (OSError, ValueError):
            return None

    def is_whole(self, host):
        told = self.health(host)
        return told and all(origin["state"] == "up" for origin in told["origins"].values()) and any(
            rendition["pair"] == "identical" and rendition["is_served"]
            for stream in told["streams"] for rendition in stream["renditions"])

    def wait_whole(self):
        for host in SWITCHERS:
            chain.wait_for(f"the switcher on {host} to have both origins up, as twins",
                           lambda: self.is_whole(host))


def entity_tag(url):
    request = urllib.request.Request(url, method="HEAD")
    with urllib.request.urlopen(request, timeout=10) as reply:
        return reply.headers["ETag"]


class Comparer:
    """Polls both switchers, and keeps every version of both playlists."""

    def __init__(self, plant):
        self.urls = {host: plant.viewer_url(host) for host in SWITCHERS}
        self.windows = {}  # (first number, number behind the last) -> {host: bytes}
        self.rows = {}  # number -> {host: (row, when it was first seen)}
        self.tags = {}  # URI -> {host: ETag}
        self.faults, self.n_windows = [], 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._follow, args=(host,)) for host in SWITCHERS]
        self._lock = threading.Lock()
        for thread in self._threads:
            thread.start()

    def _follow(self, host):
        etag = None
        while not self._stop.wait(POLL_S):
            try:
                body = viewer.fetch(self.urls[host], 5)
            except viewer.FetchError:
                continue  # a switcher that is restarted; the strict viewers count these
            if body != etag:
                etag = body
                self._take(host, body)

    def _take(self, host, body):
        playlist = viewer.Playlist(body)
        now = time.monotonic()
        with self._lock:
            window = (playlist.sequence, playlist.end)
            known = self.windows.setdefault(window, {})
            if known.setdefault(host, body) != body:
                self.faults.append(f"{host} rewrote {window}:\n{known[host].decode()}\n{body.decode()}")
            self.n_windows += len(known) == 2
            if len(set(known.values())) > 1:
                self.faults.append(f"{window} differs:\n" + "\n".join(
                    f"--- {name}\n{text.decode()}" for name, text in known.items()))
            for row in playlist.rows:
                told = self.rows.setdefault(row.number, {})
                told.setdefault(host, (row.as_published(), now))
                if len({str(published) for published, _ in told.values()}) > 1:
                    self.faults.append(f"row {row.number} differs: {told}")

    def compare_tags(self, plant):
        """The entity tags of everything that both list now."""
        listed = [viewer.Playlist(viewer.fetch(self.urls[host])).rows for host in SWITCHERS]
        both = {row.uri for row in listed[0]} & {row.uri for row in listed[1]}
        for uri in both:
            tags = {entity_tag(f"{plant.url(host)}/hls/{uri}") for host in SWITCHERS}
            if len(tags) != 1 or None in tags:
                self.faults.append(f"{uri} has the entity tags {tags}")
        return len(both)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def lags_ms(self):
        """How much later than the other the slower one listed each segment."""
        times = [[when for _, when in told.values()] for told in self.rows.values() if len(told) == 2]
        return sorted(abs(a - b) * 1000 for a, b in times)


class Hopper:
    """Asks the other switcher each time, and again the other one after a failure, as a round robin
    does. With `block`, for the next segment."""

    def __init__(self, plant, block):
        self.urls = [plant.viewer_url(host) for host in SWITCHERS]
        self.block = block
        self.ends, self.failed, self.steps_back = [], [], []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        turn, has_failed = 0, False
        while not self._stop.is_set():
            url = self.urls[turn % 2]
            turn += 1
            if self.block and self.ends:
                url += f"?_HLS_msn={self.ends[-1]}"
            elif not self.block:
                self._stop.wait(POLL_S)
            try:
                playlist = viewer.Playlist(viewer.fetch(url))
            except (viewer.FetchError, viewer.PlaylistError) as error:
                # No proxy asks elsewhere after a 4xx.
                is_final = 400 <= (getattr(error, "status", None) or 0) < 500
                if has_failed or is_final:
                    self.failed.append(f"{url}: {error}{', and the other failed too' if has_failed else ''}")
                    self._stop.wait(POLL_S)
                has_failed = True
                continue
            has_failed = False
            newest = max(self.ends, default=playlist.end)
            if playlist.end < newest:
                self.steps_back.append(newest - playlist.end)
            self.ends.append(playlist.end)

    def stop(self):
        self._stop.set()
        self._thread.join()


class Eyes:
    """All that watches, from before the first fault to after the last."""

    def __init__(self, plant):
        self.plant = plant
        self.watches = {host: Watch(plant.viewer_url(host), poll_ms=100) for host in SWITCHERS}
        self.comparer = Comparer(plant)
        self.hoppers = [Hopper(plant, False), Hopper(plant, True)]
        self.reports = {}

    def wait_segments(self, more, hosts=SWITCHERS):
        for host in hosts:
            self.watches[host].wait_segments(more)

    def close(self):
        for watch in self.watches.values():
            watch.viewer.stop()
        for part in (self.comparer, *self.hoppers):
            part.stop()
        self.reports = {host: watch.stop() for host, watch in self.watches.items()}


class Plants:
    VIDEO_KBPS = 800
    SWITCHER_OPTIONS = ()

    def setUp(self):
        # Without B-frames an encoder that is cut off leaves no hole before its last picture.
        self.material = chain.material("machines", seconds=16, bframes=0, video_kbps=self.VIDEO_KBPS)

    def watched(self, part):
        """Runs part(plant, eyes); returns eyes, closed."""
        with Plant(self.material, self.SWITCHER_OPTIONS) as plant:
            eyes = Eyes(plant)
            try:
                eyes.wait_segments(1)
                part(plant, eyes)
                self.assertGreaterEqual(eyes.comparer.compare_tags(plant), 3)
            finally:
                eyes.close()
            self.judge_agreement(eyes)
        return eyes

    def judge_agreement(self, eyes):
        comparer = eyes.comparer
        self.assertEqual(comparer.faults[:3], [])
        self.assertGreaterEqual(comparer.n_windows, 5, "versions that both switchers showed")
        lags = comparer.lags_ms()
        print(f"{comparer.n_windows} equal playlists; the slower switcher listed a segment "
              f"{statistics.median(lags):.0f} ms (median), {lags[len(lags) * 99 // 100]:.0f} ms (p99), "
              f"{lags[-1]:.0f} ms (worst of {len(lags)}) after the other")
        plain, blocking = eyes.hoppers
        print(f"changing switchers: {len(plain.steps_back)} of {len(plain.ends)} plain reloads one or "
              f"more behind (at most {max(plain.steps_back, default=0)}), "
              f"{len(blocking.steps_back)} of {len(blocking.ends)} blocking ones")

    def assert_unnoticed(self, eyes, is_prompt=True):
        for host, report in eyes.reports.items():
            print(f"viewer of {host}: {len(report['segments'])} segments, worst delay "
                  f"{max(report['delays_ms'].values()):.0f} ms")
            self.assertEqual(report["failed_requests"], [], host)
            self.assertEqual(report["violations"], [], host)
            if is_prompt:
                self.assertEqual(report["late_advances"], [], host)
            self.assertEqual(report["discontinuities"], [], host)
        for hopper in eyes.hoppers:
            self.assertEqual(hopper.failed, [])


class Links(Plants, unittest.TestCase):
    """One path survives, so nobody notices anything."""

    FAULTS = {
        "cut": lambda net, a, b: net.cut(a, b),
        "unplug": lambda net, a, b: net.unplug(a, b),
        "one way": lambda net, a, b: net.cut_one_way(a, b),
        "the other way": lambda net, a, b: net.cut_one_way(b, a),
    }
    # Together: what each switcher is left with is one origin.
    PLACES = ([("a", "b")], [("a", "c"), ("b", "d")], [("b", "c"), ("a", "d")])

    def test_links(self):
        spans = []  # (what, {host: number of the last segment before})

        def part(plant, eyes):
            for links in self.PLACES:
                for name, fault in self.FAULTS.items():
                    spans.append((f"{' '.join('-'.join(link) for link in links)}: {name}",
                                  {host: eyes.watches[host].viewer.last_number for host in SWITCHERS}))
                    self.break_links(plant, eyes, links, fault)
        eyes = self.watched(part)
        self.assert_unnoticed(eyes)
        for (what, since), (_, until) in zip(spans, [*spans[1:], (None, None)]):
            late_ms = {host: max(delay for number, delay in eyes.reports[host]["delays_ms"].items()
                                 if number > since[host] and (not until or number <= until[host]))
                       for host in SWITCHERS}
            print(f"{what}: worst delay {late_ms['c']:.0f} ms at c, {late_ms['d']:.0f} ms at d")

    def break_links(self, plant, eyes, links, fault):
        downs = plant.log("ingest").count("is down:")
        for link in links:
            fault(plant.net, *link)
        eyes.wait_segments(3)
        if links == [("a", "b")]:
            chain.wait_for("the ingest to give up the connection",
                           lambda: plant.log("ingest").count("is down:") > downs)
        for link in links:
            plant.net.heal(*link)
        plant.wait_whole()
        eyes.wait_segments(1)


class Rough(Plants, unittest.TestCase):
    """Slow, jittery, lossy lines. TCP carries about MSS / RTT * 1.2 / sqrt(loss) over one of them,
    60 kB/s here; what is published is half of that."""

    VIDEO_KBPS = 200
    IN_HAND_MS = 4000  # what players have, of segments of 2 s

    def test_rough(self):
        def part(plant, eyes):
            for link in (("a", "b"), ("a", "c"), ("b", "d")):
                plant.net.rough(*link, loss=0.02, delay_ms=100, jitter_ms=50)
            eyes.wait_segments(10)
        eyes = self.watched(part)
        self.assert_unnoticed(eyes, is_prompt=False)
        for host, report in eyes.reports.items():
            self.assertLess(max(report["delays_ms"].values()), self.IN_HAND_MS, host)


class Alone(Plants, unittest.TestCase):
    """Both switchers lose both origins, one after the other, for longer than playlists reach back;
    both are killed besides. They end up with the same story, and meanwhile send viewers away."""

    SWITCHER_OPTIONS = ("--self-verdict",)
    MOST_BACK = 6  # segments, until the one that is alone knows it

    def test_alone(self):
        def part(plant, eyes):
            plant.restart_switcher("d")
            plant.wait_whole()
            eyes.wait_segments(2)
            for host in SWITCHERS:
                other = next(name for name in SWITCHERS if name != host)
                for origin in ORIGINS.values():
                    plant.net.cut(origin, host)
                eyes.wait_segments(14, [other])
                for origin in ORIGINS.values():
                    plant.net.heal(origin, host)
                plant.wait_whole()
                eyes.wait_segments(2)
            plant.restart_switcher("c")
            plant.wait_whole()
            eyes.wait_segments(2)
        eyes = self.watched(part)
        for host, report in eyes.reports.items():
            self.assertEqual(report["discontinuities"], [], host)
            self.assertTrue(any(failed["status"] == 503 for failed in report["failed_requests"]))
            jumps = [fault["number"] for fault in report["violations"] if fault["kind"] == "jump"]
            self.assertEqual(len(jumps), 1, f"{host}: {report['violations'][:5]}")
            before = max(row["number"] for row in report["segments"] if row["number"] < jumps[0])
            # What was out of reach was never seen; nothing else is wrong.
            others = [fault for fault in report["violations"]
                      if fault["number"] not in (before, jumps[0])]
            self.assertEqual(others, [], host)
        for hopper in eyes.hoppers:
            self.assertEqual(hopper.failed, [])
            self.assertLessEqual(max(hopper.steps_back, default=0), self.MOST_BACK)


class Publisher(Plants, unittest.TestCase):
    """The encoder's line is cut: nothing to be had, then one DISCONTINUITY."""

    def test_publisher(self):
        def part(plant, eyes):
            eyes.wait_segments(2)
            plant.net.cut("e", "a")
            chain.wait_for("the publisher to notice",
                           lambda: "trying again" in plant.log("publisher"))
            plant.net.heal("e", "a")
            eyes.wait_segments(4)
        eyes = self.watched(part)
        for host, report in eyes.reports.items():
            self.assertEqual(report["failed_requests"], [], host)
            self.assertEqual(report["violations"], [], host)
            self.assertEqual(len(report["discontinuities"]), 1, host)


if __name__ == "__main__":
    unittest.main(verbosity=2)
