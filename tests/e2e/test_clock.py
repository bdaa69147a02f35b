#!/usr/bin/env python3
"""The clock of one packager jumps by half a minute and by an hour: nothing is switched for that.

libfaketime gives one packager a wall clock of its own, which follows a file: the monotonic clock
stays. Our own packager is told the time of each segment by the ingest: only the Date of its answers
goes wrong, and the metric, which is about dates in playlists, has nothing to show. ffmpeg dates its
playlist by its own clock when it starts, so it is started again after each jump.
"""

import email.utils
import glob
import os
import pathlib
import signal
import tempfile
import time
import unittest

import chain
import foreign
import viewer
from test_failover import Watch

STEPS_S = (30, -30, 3600, -3600)
OFFSET = "understudy_origin_clock_offset_seconds"


class Clock:
    """A wall clock that can be set, as environment for a process."""

    def __init__(self, folder):
        libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not libraries:
            raise chain.Failure("libfaketime is not installed: scripts/deps install test")
        self.path = pathlib.Path(folder, "clock")
        self.set(0)
        self.env = {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": str(self.path),
                    "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set(self, offset_s):
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{offset_s:+d}\n", encoding="ascii")
        fresh.replace(self.path)


def metric(base_url, name, label=""):
    for line in chain.get(base_url + "/metrics")[1].decode().splitlines():
        if line.startswith(name) and label in line and line[len(name)] in " {":
            return float(line.rsplit(" ", 1)[1])
    return None


class Roles:
    """Ingest, two packagers and a switcher, each started by hand: one of them lives in another time.
    `origins`: base URLs of other origins in place of the packagers and the ingest."""

    def __init__(self, path=None, origins=None, packager_env=None):
        self.folder = tempfile.mkdtemp(prefix="understudy-roles-")
        self.keepers = {}
        self.path, self.origins, self.packager_env = path, origins, packager_env

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close(failed=True)
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self.close(failed=kind is not None)

    def close(self, failed=False):
        for keeper in self.keepers.values():
            keeper.close()
            if failed:
                print(f"--- {keeper.log.name} ---\n{keeper.log.read_text()[-4000:]}", flush=True)
        chain.shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        self.port, *ports = foreign.free_ports(7)
        if self.origins is None:
            self._start_twins(ports)
        self._keep("switcher", "switcher", f"--http=127.0.0.1:{self.port}",
                   *(f"--{name}-base-url={url}" for name, url in self.origins.items()))

    def _start_twins(self, ports):
        rtmp, status, primary_in, backup_in, primary, backup = ports
        self.origins = {"primary": f"http://127.0.0.1:{primary}/hls",
                        "backup": f"http://127.0.0.1:{backup}/hls"}
        for name, rtmp_in, port, env in (("primary", primary_in, primary, self.packager_env),
                                         ("backup", backup_in, backup, None)):
            self._keep(name, "packager", f"--name={name}", f"--rtmp=127.0.0.1:{rtmp_in}",
                       f"--http=127.0.0.1:{port}", env=env)
        self._keep("ingest", "ingest", f"--rtmp=127.0.0.1:{rtmp}", f"--status=127.0.0.1:{status}",
                   f"--relay=rtmp://127.0.0.1:{primary_in}/live;rtmp://127.0.0.1:{backup_in}/live")
        chain.wait_for("the ingest", lambda: foreign.is_listening(rtmp))
        self.keepers["encoder"] = foreign.Keeper("encoder", [
            "ffmpeg", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i", self.path, "-c",
            "copy", "-f", "flv", f"rtmp://127.0.0.1:{rtmp}/live/mystream"], self.folder, 3)

    def _keep(self, name, *arguments, env=None):
        base = dict(os.environ, HOME=self.folder, XDG_STATE_HOME=self.folder,
                    XDG_CACHE_HOME=str(chain.BUILD / "cache"), DBUS_SESSION_BUS_ADDRESS="disabled:",
                    UNDERSTUDY_PIPELINES=str(chain.ROOT / "pipelines"))
        self.keepers[name] = foreign.Keeper(name, [chain.BINARY, *arguments], self.folder,
                                            env=dict(base, **(env or {})))

    @property
    def switcher(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def viewer_url(self):
        return self.switcher + "/hls/index.m3u8"

    def wait_playable(self, segments=3):
        def listed():
            try:
                status, body = chain.get(self.viewer_url)
            except OSError:
                return False
            return status == 200 and body.count(b"#EXTINF") >= segments
        chain.wait_for("the switcher's playlist", listed)

    def states(self):
        origins = chain.get_json(self.switcher + "/healthz")["origins"]
        return {name: origin["state"] for name, origin in origins.items()}

    def wait_settled(self):
        """At home with both origins up: a busy start may have taken a failover, and its return comes
        seconds later."""
        def settled():
            told = chain.get_json(self.switcher + "/healthz")
            return told["active_origin"] == "primary" and all(
                origin["state"] == "up" for origin in told["origins"].values())
        chain.wait_for("the primary to be active, and both origins up", settled)

    def offset(self, name):
        return metric(self.switcher, OFFSET, f'origin="{name}"')

    def switches(self):
        return [metric(self.switcher, name) for name in ("failovers_total", "switchbacks_total")]


def date_of(url):
    """The Date of an answer, less our time."""
    with chain.urllib.request.urlopen(url, timeout=15) as reply:
        return email.utils.parsedate_to_datetime(reply.headers["Date"]).timestamp() - time.time()


class ClockSteps(unittest.TestCase):
    OF_THE_PACKAGER = {"ts", "continuity", "video", "audio"}

    def assert_shown(self, roles, name, offset_s):
        """The metric comes to show the offset, to a second: dates and headers count in those."""
        def shown():
            value = roles.offset(name)
            return value is not None and abs(value - offset_s) < 2.5
        try:
            chain.wait_for(f"{OFFSET} of {name} to be {offset_s}", shown, 20)
        except chain.Failure as failure:
            self.fail(f"{failure}; it is {roles.offset(name)}")

    def assert_clean(self, report):
        # ffmpeg's streams may begin with another table, and start anew with each of its runs.
        found = [v for v in report["violations"] if v["kind"] not in self.OF_THE_PACKAGER]
        self.assertEqual(found, [])
        self.assertEqual(report["failed_requests"], [])

    def test_twins(self):
        with tempfile.TemporaryDirectory() as folder:
            clock = Clock(folder)
            with Roles(chain.material("loop", seconds=16), packager_env=clock.env) as roles:
                roles.wait_playable()
                roles.wait_settled()
                before = roles.switches()
                watch = Watch(roles.viewer_url, poll_ms=100)
                try:
                    for offset_s in (*STEPS_S, 0):
                        clock.set(offset_s)
                        watch.wait_segments(3)
                        with self.subTest(offset_s=offset_s):
                            self.assertAlmostEqual(
                                date_of(roles.origins["primary"] + "/index.m3u8"), offset_s, delta=2)
                            self.assert_shown(roles, "primary", 0)
                            self.assert_shown(roles, "backup", 0)
                            self.assertEqual(roles.switches(), before)
                            self.assertEqual(set(roles.states().values()), {"up"})
                finally:
                    report = watch.stop()
                self.assertEqual(report["violations"], [])
                self.assertEqual(report["failed_requests"], [])
                self.assertEqual(report["discontinuities"], [])

    def test_foreign(self):
        """The standby's clock jumps, again and again; then it is needed, an hour in the past."""
        with tempfile.TemporaryDirectory() as folder:
            clock = Clock(folder)
            path = chain.material("loop", seconds=16)
            with foreign.Foreign(path, packager_env={"backup": clock.env}) as origins, \
                    Roles(origins=origins.base_urls) as roles:
                roles.wait_playable()
                roles.wait_settled()
                watch = Watch(roles.viewer_url, poll_ms=100)
                try:
                    before = roles.switches()
                    for offset_s in STEPS_S:
                        with self.subTest(offset_s=offset_s):
                            self.step_backup(origins, clock, offset_s)
                            watch.wait_segments(3)
                            self.assert_shown(roles, "backup", offset_s)
                            self.assert_shown(roles, "primary", 0)
                            self.assertEqual(roles.switches(), before)
                    chain.wait_for("the backup to be up", lambda: roles.states()["backup"] == "up")
                    os.kill(origins.keepers["packager-primary"].pid, signal.SIGSTOP)
                    watch.wait_segments(5)
                    os.kill(origins.keepers["packager-primary"].pid, signal.SIGCONT)
                    self.assertEqual(roles.switches()[0], before[0] + 1)
                finally:
                    report = watch.stop()
                self.assert_clean(report)
                late = {number: ms for number, ms in report["delays_ms"].items() if ms > 2500}
                self.assertEqual(late, {})

    @staticmethod
    def step_backup(origins, clock, offset_s):
        clock.set(offset_s)
        os.kill(origins.keepers["packager-backup"].pid, signal.SIGKILL)

        def dated():
            playlist = origins.playlist("backup")
            return playlist and len(playlist.rows) >= 3 and all(
                abs(row.pdt - time.time() - offset_s) < 25 for row in playlist.rows)
        chain.wait_for("a playlist of the backup in its new time", dated)


if __name__ == "__main__":
    unittest.main(verbosity=2)
