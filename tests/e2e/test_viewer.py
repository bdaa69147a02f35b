#!/usr/bin/env python3
"""test_viewer.py - the viewer must see each broken rule, and none where none is broken.

    python3 test_viewer.py

A made-up origin per case: it serves one version of the playlist after the other, a new one with
every poll, and segments made by hand. Each case breaks one thing. All cases run at the same time,
once, before the first test looks at its report.
"""

import concurrent.futures
import functools
import http.server
import threading
import time
import unittest

import mpegts
import viewer

EXTINF = 0.32  # 8 pictures of 40 ms, 10 AAC frames of 32 ms
WINDOW = 10
FIRST = 100
EPOCH_TIME = "2026-11-21T20:%02d:%06.3fZ"


# ---- segments


def _packet(pid, counter, payload, is_start=False):
    field = 184 - len(payload)
    head = bytes([0x47, (0x40 if is_start else 0) | pid >> 8, pid & 0xFF, (0x30 if field else 0x10) | counter & 15])
    if field:
        head += bytes([field - 1]) + (b"\x00" + b"\xff" * (field - 2) if field > 1 else b"")
    return head + payload


def _table(pid, counter, body):
    section = body[:1] + (0xB000 | len(body) + 1).to_bytes(2, "big") + body[3:]
    section += mpegts.crc32(section).to_bytes(4, "big")
    return _packet(pid, counter, (b"\x00" + section).ljust(184, b"\xff"), True)


def _pes(stream_id, ticks, body):
    ticks %= 1 << 33
    stamp = bytes([0x21 | ticks >> 29 & 0x0E, ticks >> 22 & 0xFF, ticks >> 14 & 0xFE | 1, ticks >> 7 & 0xFF,
                   ticks << 1 & 0xFE | 1])
    return b"\x00\x00\x01" + bytes([stream_id, 0, 0, 0x80, 0x80, 5]) + stamp + body


@functools.lru_cache(None)
def make_segment(number, offset=0, drop=None, double=None, mute=None,
                 first=0x65, bump=0, audio_type=0x0F, tables=True):
    """One segment of 8 pictures and 10 sounds, 16 packets each. @offset: ticks on top of the number's
    own time; @drop, @double: index of a picture; @mute: of a sound; @bump: added to the video counters."""
    start = number * 28800 + offset
    pat = b"\x00\x00\x00\x00\x01\xc1\x00\x00\x00\x01\xe0\x20"
    pmt = bytes([2, 0, 0, 0, 1, 0xC1, 0, 0, 0xE0, 0x41, 0xF0, 0, 0x1B, 0xE0, 0x41, 0xF0, 0, audio_type, 0xE0,
                 0x42, 0xF0, 0])
    out = [_table(0, number, pat), _table(0x20, number, pmt)]
    if not tables:
        out.reverse()
    counter = bump
    pictures = [i for i in range(8) if i != drop]
    if double is not None:
        pictures.insert(double, double)
    for i in pictures:
        nal = bytes([0, 0, 1, first if i == 0 else 0x41, 0x88]) + b"\x55" * 40
        out.append(_packet(0x41, counter, _pes(0xE0, start + i * 3600, nal), True))
        counter += 1
    while counter % 16 != bump % 16:  # fill up to a multiple of 16 with more of the last picture
        out.append(_packet(0x41, counter, b"\x55" * 20))
        counter += 1
    counter = 0
    for i in range(10):
        if i == mute:
            continue
        # AAC LC, 32 kHz, a frame of 19 bytes
        adts = bytes([0xFF, 0xF1, 0x54, 0x80, 0x02, 0x7F, 0xFC]) + b"\x00" * 12
        pes = _pes(0xC0, start + i * 2880, adts)
        extra = 15 - counter if i == 9 else 0  # the last one is cut, up to 16 packets in all
        out.append(_packet(0x42, counter, pes[:len(pes) - extra], True))
        counter += 1
        for k in range(extra):
            at = len(pes) - extra + k
            out.append(_packet(0x42, counter, pes[at:at + 1]))
            counter += 1
    return b"".join(out)


# ---- playlists


class Row:
    def __init__(self, number, dsn=0, **other):
        self.number, self.dsn, self.is_discontinuous = number, dsn, False
        self.uri, self.extinf, self.is_gap = "s%d.ts" % number, "%.3f" % EXTINF, False
        seconds = 16 + (number - FIRST) * EXTINF
        self.pdt = EPOCH_TIME % (26 + seconds // 60, seconds % 60)
        self.__dict__.update(other)

    def text(self):
        return ("#EXT-X-DISCONTINUITY\n" if self.is_discontinuous else "") \
            + ("#EXT-X-GAP\n" if self.is_gap else "") \
            + ("#EXT-X-PROGRAM-DATE-TIME:%s\n" % self.pdt if self.pdt else "") \
            + "#EXTINF:%s,\n%s\n" % (self.extinf, self.uri)


class Version:
    """Rows [start, end) of the origin's list, with what the header says of them."""

    def __init__(self, rows, start, end):
        self.rows = [Row(**row.__dict__) for row in rows[start:end]]
        head = self.rows[0]
        self.target, self.sequence = 1, head.number
        self.discontinuity_sequence = head.dsn - head.is_discontinuous
        self.tail, self.head, self.raw, self.status = "", "", None, 200

    def text(self):
        if self.raw is not None:
            return self.raw
        return ("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n"
                "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n%s" % (self.target, self.sequence,
                                                          self.discontinuity_sequence, self.head)
                + "".join(row.text() for row in self.rows) + self.tail)


class Origin:
    """A script of versions, and the answer to each segment's name."""

    def __init__(self, n_versions=5, discontinuity_at=None):
        self.rows = []
        dsn = 0
        for number in range(FIRST, FIRST + WINDOW + n_versions):
            is_discontinuous = number == discontinuity_at
            dsn += is_discontinuous
            self.rows.append(Row(number, dsn, is_discontinuous=is_discontinuous))
        self.versions = [Version(self.rows, i, i + WINDOW) for i in range(n_versions)]
        self.bodies = {row.uri: make_segment(row.number) for row in self.rows}
        self.gone = set()  # names answered with 404 when asked for again
        self.later = {}  # name -> other body when asked for again
        self.fetched = set()
        self.broken = {}  # name -> "cut", "close" or "slow"
        self.hold_s = 0  # how long a blocking reload waits
        self.options = {}
        self.asked = 0
        self.lock = threading.Lock()

    def next_version(self):
        with self.lock:
            version = self.versions[min(self.asked, len(self.versions) - 1)]
            self.asked += 1
            return version

    def is_repeated(self, name):
        with self.lock:
            is_known = name in self.fetched
            self.fetched.add(name)
            return is_known


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        origin, (path, _, query) = self.server.origin, self.path.partition("?")
        name = path.rsplit("/", 1)[1]
        if name == "master.m3u8":
            self._answer(200, b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nindex.m3u8\n")
        elif name == "index.m3u8":
            if "_HLS_msn=" in query:
                self.server.stop_event.wait(origin.hold_s)
            version = origin.next_version()
            self._answer(version.status, version.text().encode())
        elif name not in origin.bodies:
            self._answer(404, b"no")
        else:
            is_repeated, body = origin.is_repeated(name), origin.bodies[name]
            if is_repeated and name in origin.gone:
                self._answer(404, b"no")
            else:
                self._answer(200, origin.later.get(name, body) if is_repeated else body, origin.broken.get(name))

    def _answer(self, status, body, fault=None):
        if fault == "close":
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "cut":
            body = body[:1000]
        elif fault == "slow":
            self.server.stop_event.wait(5)
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a client that gave up


def end_when_done(origin, one):
    """The script has been served, and every segment that left was fetched after it did."""
    for _ in range(600):
        time.sleep(0.05)
        rows = list(one.rows.values())
        if origin.asked > len(origin.versions) + 2 and all(
                row.left_at is None or row.next_check is None for row in rows):
            break
    one.stop()


def watch(origin, path="/live/index.m3u8"):
    """Runs a viewer over the whole script, and on until it has looked at what left; returns its report."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.origin, server.stop_event = origin, threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        one = viewer.Viewer("http://127.0.0.1:%d%s" % (server.server_port, path),
                            **{"poll_ms": 50, **origin.options})
        ender = threading.Thread(target=end_when_done, args=(origin, one))
        ender.start()
        report = one.run()
        ender.join()
        server.stop_event.set()
        server.shutdown()
        thread.join()
    return report


# ---- cases: each breaks one thing and names the violation it must give

CASES = {}


def case(expected, **options):
    def add(function):
        def make():
            origin = Origin(**options)
            function(origin)
            return origin
        CASES[function.__name__] = (expected, make)
        return function
    return add


@case("media-sequence")
def sequence_goes_back(o):
    o.versions.append(Version(o.rows, 2, 2 + WINDOW))


@case("tail")
def tail_goes_back(o):
    o.versions.append(Version(o.rows, 4, 4 + WINDOW - 1))


@case("jump", n_versions=30)
def segments_skipped(o):
    del o.versions[3:-1]


@case("discontinuity-sequence", discontinuity_at=FIRST + 1)
def discontinuity_sequence_goes_back(o):
    o.versions[4].discontinuity_sequence = 0


@case("edit", discontinuity_at=FIRST + 1)
def discontinuity_not_counted(o):
    for version in o.versions[2:]:
        version.discontinuity_sequence = 0


@case("edit")
def uri_edited(o):
    o.versions[3].rows[0].uri = "s101.ts?again"


@case("edit")
def extinf_edited(o):
    o.versions[3].rows[4].extinf = "0.330"


@case("edit")
def date_edited(o):
    o.versions[3].rows[4].pdt = o.versions[3].rows[4].pdt.replace("20:26", "20:27")


@case("edit")
def discontinuity_inserted_later(o):
    o.versions[3].rows[5].is_discontinuous = True


@case("target-duration")
def target_duration_changes(o):
    o.versions[3].target = 2


@case("extinf")
def extinf_above_target(o):
    for version in o.versions:
        for row in version.rows:
            if row.number == 112:
                row.extinf = "1.600"


@case("extinf")
def extinf_not_true(o):
    for version in o.versions:
        for row in version.rows:
            row.extinf, row.pdt = ("0.900", None) if row.number == 105 else (row.extinf, row.pdt)
    o.options = {"require_pdt": False}


@case("window")
def window_below_three(o):
    o.versions.append(Version(o.rows, 12, 14))


@case("window")
def window_below_three_targets(o):
    o.versions.append(Version(o.rows, 8, 14))


@case("endlist")
def end_list(o):
    o.versions[3].tail = "#EXT-X-ENDLIST\n"


@case("playlist-type")
def playlist_type(o):
    o.versions[3].head = "#EXT-X-PLAYLIST-TYPE:EVENT\n"


@case("playlist")
def not_a_number(o):
    o.versions[3].rows[3].extinf = "nan"


@case("playlist")
def html(o):
    o.versions[3].raw = "<html>sorry</html>"


@case("playlist")
def cut_playlist(o):
    o.versions[3].raw = o.versions[3].text()[:-len("s112.ts\n")]


@case("playlist")
def gap(o):
    o.versions[4].rows[-1].is_gap = True


@case("uri")
def uri_repeated(o):
    o.versions[4].rows[-1].uri = "s101.ts"


@case("uri")
def uri_twice(o):
    o.versions[4].rows[-1].uri = "s110.ts"


@case("pdt")
def date_jumps(o):
    for version in o.versions:
        for row in version.rows:
            if row.number >= 111:
                row.pdt = row.pdt.replace("20:26", "20:27")


@case("pdt")
def date_missing(o):
    o.versions[4].rows[-1].pdt = None


@case("failed")
def playlist_503(o):
    o.versions[3].status = 503


@case("failed")
def segment_404(o):
    del o.bodies["s112.ts"]


@case("failed")
def segment_gone_while_listed(o):
    o.gone.add("s112.ts")


@case("failed")
def segment_gone_too_early(o):
    o.gone.add("s102.ts")


@case("failed")
def segment_cut(o):
    o.broken["s112.ts"] = "cut"


@case("failed")
def connection_closed(o):
    o.broken["s112.ts"] = "close"


@case("failed")
def segment_slow(o):
    o.broken["s112.ts"] = "slow"
    o.options = {"limit_s": 0.5}


@case("bytes")
def bytes_change(o):
    o.later["s112.ts"] = make_segment(112, first=0x25)


@case("ts")
def off_the_grid(o):
    o.bodies["s112.ts"] += b"x"


@case("ts")
def not_a_segment(o):
    o.bodies["s112.ts"] = b"<html>" * 188


@case("ts")
def no_tables_in_front(o):
    o.bodies["s112.ts"] = make_segment(112, tables=False)


@case("ts")
def no_idr_in_front(o):
    o.bodies["s112.ts"] = make_segment(112, first=0x41)


@case("ts")
def packet_lost(o):
    o.bodies["s112.ts"] = o.bodies["s112.ts"][:188 * 5] + o.bodies["s112.ts"][188 * 6:]


@case("continuity")
def counter_jumps_between(o):
    o.bodies["s112.ts"] = make_segment(112, bump=3)


@case("video")
def picture_missing(o):
    o.bodies["s112.ts"] = make_segment(112, drop=5)


@case("video")
def picture_missing_at_seam(o):
    o.bodies["s112.ts"] = make_segment(112, drop=7)


@case("video")
def picture_doubled(o):
    o.bodies["s112.ts"] = make_segment(112, double=4)


@case("video")
def timeline_jumps_without_tag(o):
    for number in range(112, 115):
        o.bodies["s%d.ts" % number] = make_segment(number, offset=-90000)


@case("audio")
def sound_missing(o):
    o.bodies["s112.ts"] = make_segment(112, mute=4)


@case("seam")
def tracks_change_without_tag(o):
    o.bodies["s112.ts"] = make_segment(112, audio_type=0x06)


@case("block")
def blocking_reload_does_not_wait(o):
    for version in o.versions:
        version.head = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n"
    o.options = {"block": True, "poll_ms": None}


# ---- and the ones that break nothing


@case(None, n_versions=8)
def clean(o):
    pass


@case(None, discontinuity_at=FIRST + 3)
def clean_discontinuity(o):
    for row in o.rows[3:]:
        o.bodies[row.uri] = make_segment(row.number, offset=-80000, bump=5)
    for version in o.versions:
        for row in version.rows:
            if row.number >= FIRST + 3:
                row.pdt = row.pdt.replace("20:26", "20:28")


@case(None)
def clean_time_stamps_wrap(o):
    for row in o.rows:
        o.bodies[row.uri] = make_segment(row.number, offset=(1 << 33) - 105 * 28800)


@case(None)
def clean_player_mode(o):
    o.options = {"poll_ms": None}


@case(None, n_versions=20)
def clean_blocking_reload(o):  # the last version no longer offers it, so that the script can end
    for version in o.versions[:-1]:
        version.head = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n"
    o.hold_s = 0.05
    o.options = {"block": True, "poll_ms": None}


REPORTS = {}


def setUpModule():
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        futures = {name: pool.submit(lambda make=make: watch(make())) for name, (_, make) in CASES.items()}
        for name, future in futures.items():
            REPORTS[name] = future.result()


class TestViewer(unittest.TestCase):
    def test_cases(self):
        for name, (expected, _) in CASES.items():
            with self.subTest(name):
                report = REPORTS[name]
                kinds = {entry["kind"] for entry in report["violations"]}
                self.assertNotIn("internal", kinds, report["violations"])
                if expected is None:
                    self.assertTrue(report["ok"], (report["violations"], report["failed_requests"]))
                    continue
                self.assertFalse(report["ok"])
                if expected == "failed":
                    self.assertTrue(report["failed_requests"])
                else:
                    self.assertIn(expected, kinds, report["violations"])
                    self.assertFalse(expected == "edit" and kinds - {"edit", "discontinuity-sequence", "uri"},
                                     report["violations"])

    def test_report(self):
        report = REPORTS["clean"]
        numbers = [segment["number"] for segment in report["segments"]]
        self.assertEqual(numbers, list(range(FIRST, FIRST + WINDOW + 7)))
        self.assertEqual({segment["video_frames"] for segment in report["segments"]}, {8})
        self.assertEqual({segment["audio_frames"] for segment in report["segments"]}, {10})
        self.assertEqual(report["video"]["frames"], 17 * 8)
        self.assertEqual(report["video"]["interval_ms"], 40)
        self.assertEqual(report["audio"]["frames"], 17 * 10)
        self.assertEqual(set(report["delays_ms"]), set(range(FIRST + WINDOW, FIRST + WINDOW + 7)))
        self.assertGreater(report["max_advance_gap_s"], 0.04)
        # first look, last look; the ones that left were looked at once more
        self.assertTrue(all(segment["fetches"] >= 2 for segment in report["segments"]))
        self.assertEqual(len(REPORTS["clean_blocking_reload"]["segments"]), WINDOW + 19)
        self.assertEqual(REPORTS["clean_discontinuity"]["discontinuities"], [FIRST + 3])

    def test_failures_say_what_and_when(self):
        failed = REPORTS["segment_404"]["failed_requests"][0]
        self.assertEqual(failed["status"], 404)
        self.assertTrue(failed["url"].endswith("/live/s112.ts"))
        self.assertGreater(failed["t"], 0)
        self.assertIn("early", REPORTS["segment_cut"]["failed_requests"][0]["reason"])
        self.assertGreaterEqual(REPORTS["segment_slow"]["failed_requests"][0]["seconds"], 0.49)
        self.assertEqual(REPORTS["playlist_503"]["failed_requests"][0]["status"], 503)

    def test_frames_are_counted(self):
        self.assertEqual(REPORTS["picture_missing"]["video"]["missing"], 1)
        self.assertEqual(REPORTS["picture_missing"]["video"]["doubled"], 0)
        self.assertEqual(REPORTS["picture_doubled"]["video"]["doubled"], 1)
        self.assertEqual(REPORTS["sound_missing"]["audio"]["missing"], 1)

    def test_nobody_there(self):
        with Server(("127.0.0.1", 0), Handler) as server:
            port = server.server_port
        report = viewer.Viewer("http://127.0.0.1:%d/x.m3u8" % port, seconds=0.2, poll_ms=50).run()
        self.assertIn("no-playlist", {entry["kind"] for entry in report["violations"]})
        self.assertIn("refused", report["failed_requests"][0]["reason"])

    def test_variant_is_followed(self):
        origin = Origin()
        report = watch(origin, "/live/master.m3u8")
        self.assertTrue(report["ok"], report["violations"])
        self.assertTrue(report["url"].endswith("/live/index.m3u8"))
        self.assertGreaterEqual(len(report["segments"]), WINDOW)

    def test_stop_from_another_thread(self):
        origin = Origin()
        origin.options = {"seconds": None}
        with Server(("127.0.0.1", 0), Handler) as server:
            server.origin, server.stop_event = origin, threading.Event()
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            one = viewer.Viewer("http://127.0.0.1:%d/live/index.m3u8" % server.server_port, poll_ms=20)
            timer = threading.Timer(0.3, one.stop)
            timer.start()
            report = one.run()
            server.shutdown()
        self.assertTrue(report["ok"], report["violations"])
        self.assertEqual(one.last_number, FIRST + WINDOW + 3)


if __name__ == "__main__":
    unittest.main()
