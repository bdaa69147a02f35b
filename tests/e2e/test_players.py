#!/usr/bin/env python3
"""The players' records must show every fault that the matrix looks for, and none where none is.

First the judgement alone, with records made by hand. Then the real players on an origin that does
wrong on purpose: it lists a segment twice, leaves one out, refuses one, stands still, and at last
serves something that is no playlist.
"""

import http.server
import subprocess
import threading
import time
import unittest
import urllib.parse

import audience
import chain
import matrix
import numbered
from numbered import Finding, Shown


def play(numbers, start_s=100.0, media_s=0.0):
    """Pictures shown in time, one number after the other."""
    return [Shown(start_s + i / numbered.RATE, media_s + i / numbered.RATE, number)
            for i, number in enumerate(numbers)]


def amounts(findings):
    return [(finding.kind, finding.amount) for finding in findings]


class Numbers(unittest.TestCase):
    def test_strips_differ_and_are_read(self):
        self.assertEqual(len(numbered.NUMBERS), numbered.LOOP)
        self.assertEqual(len(numbered.MD5S), numbered.LOOP)
        # One block read wrong is never another number.
        pixels = bytearray(numbered.strip(1234))
        for block in range(numbered.BLOCKS):
            pixels[block] ^= 255
            self.assertNotIn(bytes(pixels), numbered.NUMBERS)
            pixels[block] ^= 255

    def test_in_order(self):
        self.assertEqual(numbered.judge_numbers(play(range(100))), [])
        self.assertEqual(numbered.judge_numbers(play([3998, 3999, 0, 1])), [])

    def test_missing_repeated_unreadable(self):
        self.assertEqual(amounts(numbered.judge_numbers(play([1, 2, 5, 6]))), [("missing", 2)])
        self.assertEqual(amounts(numbered.judge_numbers(play([3998, 3999, 2]))), [("missing", 2)])
        self.assertEqual(amounts(numbered.judge_numbers(play([1, 2, 3, 2, 3, 4]))), [("repeated", 2)])
        self.assertEqual(amounts(numbered.judge_numbers(play([1, 1, 2]))), [("repeated", 1)])
        self.assertEqual(amounts(numbered.judge_numbers(play([1, None, 3]))),
                         [("unreadable", 1), ("missing", 1)])

    def test_not_painted_is_not_missing(self):
        rows = play(range(100))
        del rows[40:60]
        rows[10].number += 1  # painted between two questions
        self.assertEqual(numbered.judge_painted(rows), [])
        for row in rows[50:]:
            row.number += 3
        self.assertEqual(amounts(numbered.judge_painted(rows)), [("missing", 3)])
        for row in rows[65:]:
            row.number -= 1
            row.media_s += 0.3 / numbered.RATE  # another timeline, between two pictures
        self.assertEqual(amounts(numbered.judge_painted(rows)), [("missing", 3), ("repeated", 1)])

    def test_drift(self):
        rows = play(range(100))
        self.assertEqual(numbered.judge_drift(rows), [])
        for row in rows[50:]:
            row.media_s += 2 / numbered.RATE
        self.assertEqual(amounts(numbered.judge_drift(rows)), [("hole", 80)])

    def test_painted_round_the_loop(self):
        rows = play([*range(3980, 4000), *range(20)])
        self.assertEqual(numbered.judge_painted(rows), [])

    def test_arrival(self):
        rows = play(range(200))
        for row in rows[:100]:
            row.wall_s = 100.0  # a cushion of 4 s
        self.assertEqual(numbered.judge_arrival(rows, 100), [])
        for row in rows[150:]:
            row.wall_s += 3
        findings = numbered.judge_arrival(rows, 100)
        self.assertEqual(amounts(findings), [("stall", 3000)])
        # The viewer is 3 s later from there on, and does not stand still again.
        for row in rows[180:]:
            row.wall_s += 1
        self.assertEqual(amounts(numbered.judge_arrival(rows, 100)), [("stall", 3000), ("stall", 1000)])

    def test_pace(self):
        rows = play(range(50))
        for row in rows[25:]:
            row.wall_s += 0.4
        hungry = [(101.1, 101.3)]
        self.assertEqual(amounts(numbered.judge_pace(rows, hungry, 100, 1000)), [("stall", 400)])
        self.assertEqual(numbered.judge_pace(rows, hungry, 500, 1000), [])
        self.assertEqual(numbered.judge_pace(rows, [(100.1, 100.3)], 100, 1000), [])  # busy
        self.assertEqual(amounts(numbered.judge_pace(rows, [], 100, 300)), [("stall", 400)])


class Judgement(unittest.TestCase):
    ROWS = [("before", 0.0, 100.0), ("kill", 100.0, 120.0), ("freeze", 120.0, 140.0),
            ("encoder-gone", 140.0, float("inf"))]

    def record(self, **lists):
        empty = {name: [] for name in ("broken", "failed", "stalls", "numbers", "holes", "notes")}
        return audience.Record("player", [], 6.0, **{**empty, **lists})

    def judge(self, limits=matrix.IDENTICAL, **lists):
        table = matrix.cells(self.record(**lists), self.ROWS)
        return [fault for name, cell in table.items()
                for fault in matrix.judge_cell(name, "player", cell, limits)]

    def test_clean(self):
        self.assertEqual(self.judge(), [])

    def test_each_kind_is_a_fault(self):
        for name, kind in (("broken", "error"), ("failed", "error"), ("stalls", "stall"),
                           ("numbers", "missing"), ("numbers", "repeated"),
                           ("numbers", "unreadable"), ("holes", "hole"), ("notes", "error")):
            with self.subTest(kind=kind, name=name):
                faults = self.judge(**{name: [Finding(kind, 115.0, 101, "made up")]})
                self.assertEqual(len(faults), 1, faults)
                self.assertIn("kill, player", faults[0])

    def test_cause_lies_before_what_is_seen(self):
        missing = Finding("missing", 124.0, 2, "shown in the window of freeze, 6 s behind")
        self.assertIn("kill", self.judge(numbers=[missing])[0])

    def test_foreign_limits(self):
        stall = [Finding("stall", 115.0, 290, "")]
        self.assertEqual(self.judge(matrix.FOREIGN, stalls=stall), [])
        stall[0].amount = 310
        self.assertEqual(len(self.judge(matrix.FOREIGN, stalls=stall)), 1)
        failed = [Finding("error", 115.0, 1, "HTTP error 404 Not Found")]
        self.assertEqual(len(self.judge(matrix.FOREIGN, notes=failed)), 1)

    def test_without_a_source(self):
        late = [Finding("stall", 150.0, 5000, "")]
        self.assertEqual(self.judge(stalls=late, numbers=[Finding("missing", 152.0, 80, "")]), [])
        self.assertEqual(len(self.judge(broken=[Finding("error", 150.0, 1, "fatal")])), 1)
        self.assertEqual(len(self.judge(failed=[Finding("error", 150.0, 1, "404")])), 1)

    def test_seams(self):
        change = {"at_s": 100.0, "from": "primary", "to": "backup", "method": "date", "gap_ms": 400,
                  "overlap_ms": 0}
        biases = [(99.0, "primary", 0.0), (99.0, "backup", 0.2)]
        judge = matrix.judge_seams
        self.assertEqual(judge([(101.0, 5)], [change], biases, matrix.FOREIGN), [])
        self.assertEqual(len(judge([(101.0, 10)], [change], biases, matrix.FOREIGN)), 1)
        self.assertEqual(len(judge([], [change], biases, matrix.FOREIGN)), 1)
        back = {"at_s": 102.0, "from": "backup", "to": "primary", "method": "date", "gap_ms": 0,
                "overlap_ms": 400}
        jumps = [(102.5, 5), (103.5, -5)]  # the first one seen after the second was made
        self.assertEqual(judge(jumps, [change, back], biases, matrix.FOREIGN), [])
        self.assertEqual(len(judge([*jumps, (120.0, 1)], [change, back], biases, matrix.FOREIGN)), 1)
        self.assertEqual(judge([], [change], biases, matrix.FOREIGN, [(90, 110)]), [])
        known = dict(change, method="fingerprint", gap_ms=0)
        self.assertEqual(judge([], [known], biases, matrix.RECOGNISED), [])
        self.assertEqual(judge([(101.0, -1)], [known], biases, matrix.RECOGNISED), [])
        self.assertEqual(len(judge([(101.0, -2)], [known], biases, matrix.RECOGNISED)), 2)

    def test_drills_own_viewer(self):
        drill = {"name": "kill", "passed": True, "verdict": "nobody noticed",
                 "viewer": {"violations": [], "failed_requests": 0, "discontinuities": 0}}
        self.assertEqual(matrix.judge_drill(drill), [])
        self.assertEqual(len(matrix.judge_drill(dict(drill, passed=False))), 1)
        self.assertEqual(len(matrix.judge_drill(dict(drill, skipped=True))), 1)
        broken = dict(drill, viewer=dict(drill["viewer"], violations=["went back"]))
        self.assertEqual(len(matrix.judge_drill(broken)), 1)


class Wrongdoer:
    """A live origin with segments of 1 s. rows[i] = (content, is discontinuous); published one a
    second, but for `pause`: {row: seconds before it}. `refused`: rows whose segment each kind of
    player gets a 404 for, twice. From row `garbage` on the playlist is none."""
    WINDOW = 8

    def __init__(self, folder, rows, pause, refused, garbage):
        self.folder, self.rows, self.pause = folder, rows, pause
        self.refused = {(row, player): 2 for row in refused
                        for player in ("Lavf", "GStreamer", "Mozilla")}
        self.garbage = garbage

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.since = time.monotonic() - self.WINDOW
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return "http://127.0.0.1:%d/index.m3u8" % self.server.server_address[1]

    def published(self):
        due = 0
        for number in range(len(self.rows)):
            due += 1 + self.pause.get(number, 0)
            if due > time.monotonic() - self.since:
                return number
        return len(self.rows)

    def is_refused(self, number, agent):
        for row, player in self.refused:
            if row == number and player in agent and self.refused[row, player] > 0:
                self.refused[row, player] -= 1
                return True
        return False

    def answer(self, path, agent):
        end = self.published()
        if path == "/index.m3u8":
            if end > self.garbage:
                return 200, b"#EXTM3U\n#EXTINF:abc\n#EXT-X-TARGETDURATION:\n"
            begin = max(0, end - self.WINDOW)
            lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1",
                     f"#EXT-X-MEDIA-SEQUENCE:{begin}", "#EXT-X-DISCONTINUITY-SEQUENCE:%d"
                     % sum(is_cut for _, is_cut in self.rows[:begin])]
            for number in range(begin, end):
                lines += ["#EXT-X-DISCONTINUITY"] * self.rows[number][1]
                lines += ["#EXTINF:1.000,", f"{number}.ts"]
            return 200, ("\n".join(lines) + "\n").encode()
        number = int(path.strip("/").split(".")[0])
        if self.is_refused(number, agent):
            return 404, b""
        return 200, (self.folder / f"{self.rows[number][0]}.ts").read_bytes()


def _handler_for(origin):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = urllib.parse.urlsplit(self.path).path
            status, body = origin.answer(path, self.headers.get("User-Agent", ""))
            self.send_response(status)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "application/vnd.apple.mpegurl"
                             if path.endswith("m3u8") else "video/mp2t")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass
    return Handler


class Players(unittest.TestCase):
    def test_each_fault_is_seen_by_each_player(self):
        path = numbered.material("gop1", gop_s=1.0)
        folder = chain.made("wrongdoer", lambda made: made.mkdir())
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", path, "-t", "90", "-c", "copy",
                        "-f", "hls", "-hls_time", "1", "-hls_list_size", "0",
                        "-hls_segment_filename", folder / "%d.ts", folder / "all.m3u8"], check=True)
        rows = [(content, False) for content in range(20)]
        rows += [(19, True)] + [(content, False) for content in range(20, 28)]  # row 20: once more
        rows += [(30, True)] + [(content, False) for content in range(31, 80)]  # row 29: two left out
        with Wrongdoer(folder, rows, {50: 12}, (38,), 62) as origin:
            with audience.Audience(origin.url) as watching:
                chain.wait_for("the end of it", lambda: origin.published() > 70, 120)
            records = {record.name: record for record in watching.records()}
        for name, record in records.items():
            with self.subTest(player=name):
                found = amounts(record.numbers)
                # A browser tells the time of a picture to two pictures, and paints what it can.
                slack = 3 if name == "hls.js" else 0
                for kind, amount in (("repeated", 25), ("missing", 50)):
                    self.assertTrue(any(seen == kind and abs(n - amount) <= slack for seen, n in found),
                                    record.numbers)
                stalls = [finding for finding in record.stalls if finding.kind == "stall"]
                self.assertTrue(any(4000 < stall.amount < 13000 for stall in stalls), record.stalls)
                self.assertGreater(len(record.shown), 1000)
                failed = [str(f) for f in record.failed] + [
                    str(f) for f in record.notes if matrix.REQUEST_FAILED.search(f.detail)]
                # hlsdemux2 asks three times before it says a word.
                self.assertEqual(bool(failed), name != "hlsdemux2", record.notes)
                # All that was wrong before the first fault would be the players' own.
                early = [f for f in record.numbers + record.stalls + record.notes
                         if f.wall_s < record.shown[0].wall_s + 4]
                self.assertEqual(early, [])
        self.assertTrue(records["hls.js"].broken, "no playlist, and hls.js does not mind")


if __name__ == "__main__":
    unittest.main(verbosity=2)
