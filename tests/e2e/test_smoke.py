"""test_smoke.py - scripts/smoke-viewer sees what a viewer would feel, and nothing else.

Its verdict is what every way in is measured by, so each kind of fault is shown to it.
"""
# test-e2e: light

import importlib.machinery
import importlib.util
import subprocess
import types
import unittest

import chain

SCRIPT = chain.ROOT / "scripts/smoke-viewer"


def load():
    loader = importlib.machinery.SourceFileLoader("smoke_viewer", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("smoke_viewer", loader))
    loader.exec_module(module)
    return module


smoke = load()


def pictures(count=200, rate=25, has_number=False):
    return [smoke.Picture(100 + i / rate, i / rate, f"md5 of {i}", i if has_number else None)
            for i in range(count)]


class Pictures(unittest.TestCase):
    def judge(self, shown):
        how, lacking, faults = smoke.judge_pictures(shown)
        return how, lacking, sorted({fault.kind for fault in faults})

    def test_what_is_whole(self):
        self.assertEqual(self.judge(pictures()), ("content and time", 0, []))
        self.assertEqual(self.judge(pictures(has_number=True)), ("the number that each carries", 0, []))

    def test_a_still_picture_is_told_by_its_times(self):
        still = [picture._replace(md5="the same") for picture in pictures()]
        self.assertEqual(self.judge(still), ("time alone", 0, []))
        self.assertEqual(self.judge(still[:90] + still[95:])[1], 5)

    def test_missing(self):
        for has_number in (False, True):
            shown = pictures(has_number=has_number)
            self.assertEqual(self.judge(shown[:120] + shown[123:])[1], 3)

    def test_repeated_with_times_that_go_on(self):
        shown = pictures()
        again = [picture._replace(md5=shown[i - 4].md5) if 150 <= i < 154 else picture
                 for i, picture in enumerate(shown)]
        self.assertEqual(self.judge(again)[2], ["repeated"])
        shown = pictures(has_number=True)
        again = [picture._replace(number=shown[i - 4].number) if i >= 150 else picture
                 for i, picture in enumerate(shown)]
        self.assertEqual(self.judge(again)[2], ["repeated"])

    def test_times_that_go_back(self):
        shown = [picture._replace(media_s=picture.media_s - 1) if i >= 150 else picture
                 for i, picture in enumerate(pictures())]
        self.assertEqual(self.judge(shown)[2], ["repeated"])

    def test_late(self):
        for late_s, kinds in ((0.05, []), (0.5, ["stall"])):
            shown = [picture._replace(wall_s=picture.wall_s + late_s) if i >= 150 else picture
                     for i, picture in enumerate(pictures())]
            self.assertEqual(self.judge(shown)[2], kinds)

    def test_a_damaged_number(self):
        shown = [picture._replace(number=None) if i == 150 else picture
                 for i, picture in enumerate(pictures(has_number=True))]
        self.assertEqual(self.judge(shown)[2], ["missing", "unreadable"])


class LeftOut(unittest.TestCase):
    """What the encoder did not make, which no change of sides can have lost."""

    def view(self, *segments, faults=()):
        rows = {n: types.SimpleNamespace(number=n, info=types.SimpleNamespace(
                    faults=list(faults), video=[types.SimpleNamespace(pts=pts) for pts in times]))
                for n, times in enumerate(segments)}
        return types.SimpleNamespace(rows=rows, _ticks=smoke.viewer.Viewer._ticks)

    def test_inside_a_segment(self):
        times = list(range(0, 180000, 3600))
        self.assertEqual(smoke.left_out(self.view(times)), (0, set()))
        self.assertEqual(smoke.left_out(self.view(times, times[:20] + times[22:])), (2, {1}))

    def test_not_between_segments_and_not_in_a_damaged_one(self):
        times = list(range(0, 180000, 3600))
        later = [time + 180000 + 7200 for time in times]
        self.assertEqual(smoke.left_out(self.view(times, later)), (0, set()))
        self.assertEqual(smoke.left_out(self.view(times[:20] + times[22:], faults=["cut off"])), (0, set()))


class Words(unittest.TestCase):
    def say(self, *arguments):
        return subprocess.run([str(SCRIPT), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)

    def test_wrong_usage(self):
        for arguments in (["--url", "http://x/"], ["--kill", "true"],
                          ["--url", "http://x/", "--kill", "true", "--seconds", "2"]):
            self.assertEqual(self.say(*arguments).returncode, 2)

    def test_no_stream(self):
        done = self.say("--url", "http://127.0.0.1:9/x.m3u8", "--kill", "true", "--start", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no stream at http://127.0.0.1:9/x.m3u8", done.stdout)


class Watched(unittest.TestCase):
    """The whole of it, before a real chain."""

    def watch(self, name, command):
        with chain.Chain(publish=True) as one:
            pids = {role: one.pid(role) for role in ("packager-primary", "packager-backup")}
            done = subprocess.run([str(SCRIPT), "--url", one.viewer_url(), "--seconds", "20", "--kill",
                                   command.format(**{role.partition("-")[2]: pid for role, pid in pids.items()})],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False)
        return done.returncode, done.stdout

    def one_packager_is_killed(self):
        code, out = self.watch("one", "kill -9 {primary}")
        self.assertEqual(code, 0, out)
        self.assertIn("0 stalls", out)

    def both_packagers_stand_still(self):
        code, out = self.watch("both", "kill -STOP {primary} {backup}")
        self.assertEqual(code, 1, out)
        self.assertIn("the playlist stood still", out)

    def the_command_fails(self):
        code, out = self.watch("none", "echo nothing there; exit 3")
        self.assertEqual(code, 1, out)
        self.assertIn("the command ended with 3: nothing there", out)

    def test_the_verdict(self):
        chain.side_by_side(self, self.one_packager_is_killed, self.both_packagers_stand_still,
                           self.the_command_fails)


if __name__ == "__main__":
    unittest.main()
