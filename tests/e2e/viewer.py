#!/usr/bin/env python3
"""viewer.py - an HLS viewer that trusts nobody.

    python3 viewer.py URL --seconds 60 --report out.json [--block | --poll-ms 100]

It follows a live playlist as a player does, keeps every row it ever saw, fetches every segment when
it appears, again while it is listed and once more after it has left, and reads the segments itself.
Whatever breaks a rule of RFC 8216 that can be seen from outside becomes a violation in the report.
It shares no code with the program under test: it is the other opinion.

As a module: Viewer(url, seconds=60).run() returns the report; stop() ends it early from any thread.

Threads: run() polls the playlist in the caller's thread; one thread plans repeated fetches; a pool
fetches. `_lock` guards the rows and the lists of the report. All times are monotonic, in seconds
since run() began.
"""

import argparse
import concurrent.futures
import datetime
import hashlib
import http.client
import json
import os
import re
import statistics
import sys
import threading
import time
import traceback
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mpegts  # noqa: E402

REQUEST_LIMIT_S = 10.0  # a player gives up about here
MAX_BODY = 256 * 1024 * 1024
MAX_ENTRIES = 1000
PDT_TOLERANCE_S = 0.020
EXTINF_TOLERANCE_S = 0.100


class FetchError(Exception):
    def __init__(self, reason, status=None, body=b""):
        super().__init__(reason)
        self.status, self.body = status, body


class PlaylistError(Exception):
    pass


def fetch(url, limit_s=REQUEST_LIMIT_S):
    """Returns the whole body of a 200 answer; everything else is a FetchError."""
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    deadline = time.monotonic() + limit_s
    connection = kind(parts.hostname, parts.port, timeout=limit_s)
    try:
        path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        connection.request("GET", path, headers={"Accept-Encoding": "identity", "Connection": "close",
                                                 "User-Agent": "understudy-test-viewer"})
        connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        sock = connection.sock
        answer = connection.getresponse()
        parts_read, size = [], 0
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise FetchError("no end of the body within %g s" % limit_s, answer.status)
            try:
                sock.settimeout(left)
            except OSError:
                pass  # all is read and the socket closed already
            chunk = answer.read1(65536)
            if not chunk:
                break
            parts_read.append(chunk)
            size += len(chunk)
            if size > MAX_BODY:
                raise FetchError("body larger than %d bytes" % MAX_BODY, answer.status)
        body = b"".join(parts_read)
        if answer.length not in (None, 0):
            raise FetchError("body ends %d bytes early" % answer.length, answer.status)
        if answer.status != 200:
            raise FetchError("status %d" % answer.status, answer.status, body)
        return body
    except http.client.IncompleteRead as error:
        raise FetchError("body ends early: %s" % error)
    except http.client.HTTPException as error:
        raise FetchError("%s: %s" % (type(error).__name__, error))
    except OSError as error:
        raise FetchError("%s: %s" % (type(error).__name__, error))
    finally:
        connection.close()


class Row:
    """One published segment. `as_published` never changes."""

    def __init__(self, number, dsn, uri, extinf, pdt, is_discontinuous):
        self.number, self.dsn, self.uri, self.extinf = number, dsn, uri, extinf
        self.pdt, self.is_discontinuous = pdt, is_discontinuous
        self.visible_at = self.left_at = self.sha256 = self.info = None
        self.appended = False  # seen to appear, not there from the beginning
        self.next_check = None
        self.fetches = 0
        self.is_last_check_done = False

    def as_published(self):
        return {"URI": self.uri, "EXTINF": self.extinf, "PDT": self.pdt,
                "DISCONTINUITY": self.is_discontinuous, "discontinuity number": self.dsn}


class Playlist:
    """One version of a playlist, as read."""

    def __init__(self, body):
        self.target = self.sequence = None
        self.discontinuity_sequence = 0
        self.is_ended = self.can_block = False
        self.playlist_type = None
        self.rows, self.variants, self.faults = [], [], []
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise PlaylistError("not UTF-8: %s" % error)
        lines = text.replace("\r\n", "\n").split("\n")
        if lines[0].strip() != "#EXTM3U":
            raise PlaylistError("no #EXTM3U in front: %r" % text[:60])
        try:
            self._read(lines)
        except ValueError as error:
            raise PlaylistError(str(error))
        if not self.variants and self.target is None:
            raise PlaylistError("no #EXT-X-TARGETDURATION")

    def _read(self, lines):
        extinf = pdt = None
        is_discontinuous, count, is_variant = False, 0, False
        for line in lines[1:]:
            tag, _, value = line.strip().partition(":")
            if not tag and not value:
                continue
            if tag == "#EXTINF":
                extinf = float(self._number(value.split(",")[0], r"\d+(\.\d+)?", tag))
            elif tag == "#EXT-X-PROGRAM-DATE-TIME":
                pdt = self._time(value)
            elif tag == "#EXT-X-DISCONTINUITY":
                is_discontinuous, count = True, count + 1
            elif tag == "#EXT-X-TARGETDURATION":
                self.target = int(self._number(value, r"\d+", tag))
            elif tag == "#EXT-X-MEDIA-SEQUENCE":
                self._once(self.sequence, tag)
                self.sequence = int(self._number(value, r"\d+", tag))
            elif tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
                self.discontinuity_sequence = int(self._number(value, r"\d+", tag))
            elif tag == "#EXT-X-ENDLIST":
                self.is_ended = True
            elif tag == "#EXT-X-PLAYLIST-TYPE":
                self.playlist_type = value
            elif tag == "#EXT-X-SERVER-CONTROL":
                self.can_block = "CAN-BLOCK-RELOAD=YES" in value.split(",")
            elif tag == "#EXT-X-GAP":
                self.faults.append("#EXT-X-GAP")
            elif tag == "#EXT-X-STREAM-INF":
                is_variant = True
            elif line.startswith("#"):
                continue
            elif is_variant:
                self.variants.append(line.strip())
                is_variant = False
            else:
                if extinf is None:
                    raise ValueError("URI without #EXTINF: %r" % line[:80])
                number = (self.sequence or 0) + len(self.rows)
                self.rows.append(Row(number, self.discontinuity_sequence + count, line.strip(), extinf,
                                     pdt, is_discontinuous))
                extinf, pdt, is_discontinuous = None, None, False
        if extinf is not None:
            raise ValueError("ends after #EXTINF")
        self.sequence = self.sequence or 0

    @staticmethod
    def _once(old, tag):
        if old is not None:
            raise ValueError("%s twice" % tag)

    @staticmethod
    def _number(value, pattern, tag):
        if not re.fullmatch(pattern, value):  # int() and float() take "nan", "1_0", " 1" ...
            raise ValueError("%s:%s is no number" % (tag, value))
        return value

    @staticmethod
    def _time(value):
        time_ = datetime.datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        if time_.tzinfo is None:
            time_ = time_.replace(tzinfo=datetime.timezone.utc)
        return round(time_.timestamp(), 3)

    @property
    def end(self):
        """Number that the next segment will have."""
        return self.sequence + len(self.rows)


class Viewer:
    """seconds: how long to watch (None: until stop()).  block: ask for the next segment with _HLS_msn.
    poll_ms: poll this often instead of by the rules of RFC 8216 6.3.4.  wait_s: how long the stream
    may take to start, without it counting as failed.  require_pdt: every row needs a date."""

    def __init__(self, url, seconds=None, block=False, poll_ms=None, wait_s=0, require_pdt=True,
                 limit_s=REQUEST_LIMIT_S):
        self.url, self.seconds, self.block, self.poll_ms = url, seconds, block, poll_ms
        self.wait_s, self.require_pdt, self.limit_s = wait_s, require_pdt, limit_s
        self.stop_event = threading.Event()
        self.rows = {}  # number -> Row, of all times
        self.versions = 0
        self.violations, self.failed_requests = [], []
        self.requests = 0
        self.max_advance_gap_s = 0.0
        self.late_advances = []
        self._lock = threading.RLock()
        self._uris = {}
        self._last = None  # the last Playlist taken
        self._listed = set()
        self._longest = 0
        self._advanced_at = None
        self._target = None
        self._running = self._advanced = False
        self._pool = concurrent.futures.ThreadPoolExecutor(8, "viewer-fetch")
        self._t0 = time.monotonic()

    # ---- what anybody may call

    def stop(self):
        self.stop_event.set()

    def now(self):
        return time.monotonic() - self._t0

    @property
    def last_number(self):
        """The newest segment's number, or None: lets a test wait for progress."""
        with self._lock:
            return max(self.rows) if self.rows else None

    def run(self):
        self._t0 = time.monotonic()
        sys.setswitchinterval(0.0005)  # reading segments must not delay the polling that is timed
        keeper = threading.Thread(target=self._guard, args=(self._keep_checking,), name="viewer-check")
        self._running = True
        keeper.start()
        try:
            self._guard(self._follow)
            # The ones still listed must be there to the end.
            with self._lock:
                listed = [self.rows[n] for n in sorted(self._listed)]
            self._running = False
            keeper.join()
            for row in listed:
                self._submit(row, "last look")
        finally:
            self._running = False
            self._pool.shutdown(wait=True)  # every fetch has its own time limit
        return self.report()

    # ---- notes

    def _violate(self, kind, detail, number=None):
        with self._lock:
            for entry in self.violations:
                if entry["kind"] == kind and entry["detail"] == detail:
                    entry["count"] += 1
                    return
            if len(self.violations) < MAX_ENTRIES:
                self.violations.append({"t": round(self.now(), 3), "kind": kind, "detail": detail,
                                        "number": number, "count": 1})

    def _guard(self, function, *args):
        try:
            function(*args)
        except Exception:
            self._violate("internal", traceback.format_exc())

    def _get(self, url, limit_s=None):
        """Fetches and notes a failure; None when it failed."""
        start = self.now()
        with self._lock:
            self.requests += 1
        try:
            body = fetch(url, limit_s or self.limit_s)
        except FetchError as error:
            with self._lock:
                if len(self.failed_requests) < MAX_ENTRIES:
                    self.failed_requests.append({
                        "t": round(start, 3), "seconds": round(self.now() - start, 3), "url": url,
                        "status": error.status, "reason": str(error)})
            return None
        return body

    # ---- the playlist

    def _wait_for_start(self):
        deadline = self.now() + self.wait_s
        while self.now() < deadline and not self.stop_event.is_set():
            try:
                if Playlist(fetch(self.url, self.limit_s)).rows:
                    return
            except (FetchError, PlaylistError):
                pass
            self.stop_event.wait(0.1)

    def _follow(self):
        self._wait_for_start()
        end = None if self.seconds is None else self.now() + self.seconds
        while not self.stop_event.is_set() and (end is None or self.now() < end):
            asked_at = self.now()
            is_blocking = self.block and self._last is not None and self._last.can_block
            changed = self._reload(is_blocking, asked_at)
            if is_blocking and changed:
                continue
            if end is not None and self.now() >= end:
                return
            self.stop_event.wait(self._pause(changed, asked_at))

    def _pause(self, changed, asked_at):
        if self.poll_ms is not None:
            return max(self.poll_ms / 1000 - (self.now() - asked_at), 0.001)
        target = self._target or 1.0
        if self.block and not changed:
            return 0.1  # a failure or a refusal to wait; both are noted
        return max((target if changed else target / 2) - (self.now() - asked_at), 0.01)

    def _reload(self, is_blocking, asked_at):
        url, limit = self.url, self.limit_s
        if is_blocking:
            url += ("&" if "?" in url else "?") + "_HLS_msn=%d" % self._last.end
            limit = max(limit, 4 * (self._target or 1))
        body = self._get(url, limit)
        if body is None:
            return False
        try:
            playlist = Playlist(body)
        except PlaylistError as error:
            self._violate("playlist", str(error))
            return False
        if playlist.variants:
            self.url = urllib.parse.urljoin(self.url, playlist.variants[0])
            return False
        if is_blocking and playlist.end <= self._last.end:
            held = self.now() - asked_at
            if held < 2 * self._target:
                self._violate("block", "asked for %d and got a playlist that ends at %d after %.3f s"
                              % (self._last.end, playlist.end - 1, held))
        self._guard(self._take, playlist)
        return self._advanced

    def _take(self, playlist):
        """Compares a version with all that was ever published, and takes over what is new."""
        now = self.now()
        self._advanced = False
        with self._lock:
            self.versions += 1
            self._check_header(playlist)
            self._check_window(playlist)
            newest = max(self.rows) if self.rows else None
            is_first = not self.rows
            for row in playlist.rows:
                known = self.rows.get(row.number)
                if known is not None:
                    self._check_unchanged(known, row)
                elif newest is not None and row.number < newest:
                    self._violate("insert", "row %d appears behind the window" % row.number, row.number)
                else:
                    self._append(row, now, is_first)
            if self._advanced:
                self._note_advance(now, is_first)
            self._note_left(playlist, now)
            self._last = playlist

    def _check_header(self, playlist):
        last = self._last
        for fault in playlist.faults:
            self._violate("playlist", fault)
        if playlist.is_ended:
            self._violate("endlist", "#EXT-X-ENDLIST in a live playlist")
        if playlist.playlist_type is not None:
            self._violate("playlist-type", "#EXT-X-PLAYLIST-TYPE:%s in a live playlist"
                          % playlist.playlist_type)
        if self._target is None:
            self._target = playlist.target
        elif playlist.target != self._target:
            self._violate("target-duration", "changed from %d to %d" % (self._target, playlist.target))
        if last is not None and playlist.sequence < last.sequence:
            self._violate("media-sequence", "went back from %d to %d" % (last.sequence, playlist.sequence))
        if last is not None and playlist.discontinuity_sequence < last.discontinuity_sequence:
            self._violate("discontinuity-sequence", "went back from %d to %d"
                          % (last.discontinuity_sequence, playlist.discontinuity_sequence))
        if last is not None and playlist.end < last.end:
            self._violate("tail", "the last segment was %d and is now %d" % (last.end - 1, playlist.end - 1))

    def _check_window(self, playlist):
        if len(playlist.rows) < 3 <= self._longest:
            self._violate("window", "%d segments after there were %d" % (len(playlist.rows), self._longest))
        self._longest = max(self._longest, len(playlist.rows))
        was_cut = self._last is not None and playlist.sequence > self._last.sequence
        total = sum(row.extinf for row in playlist.rows)
        if was_cut and total + 0.001 < 3 * playlist.target:
            self._violate("window", "cut to %.3f s, less than three target durations" % total)
        uris = [row.uri for row in playlist.rows]
        if len(set(uris)) != len(uris):
            self._violate("uri", "a URI stands twice in one playlist")

    def _check_unchanged(self, known, row):
        before, after = known.as_published(), row.as_published()
        for what, value in before.items():
            if after[what] != value:
                self._violate("edit", "%s of published segment %d changed from %r to %r"
                              % (what, row.number, value, after[what]), row.number)

    def _append(self, row, now, is_first):
        previous = self.rows.get(row.number - 1)
        if previous is None and not is_first:
            self._violate("jump", "segment %d appears, %d was never seen" % (row.number, row.number - 1),
                          row.number)
        if round(row.extinf + 1e-9) > self._target:
            self._violate("extinf", "segment %d of %.3f s is longer than the target duration %d"
                          % (row.number, row.extinf, self._target), row.number)
        other = self._uris.setdefault(row.uri, row.number)
        if other != row.number:
            self._violate("uri", "%s is segment %d and was %d" % (row.uri, row.number, other), row.number)
        if row.pdt is None and self.require_pdt:
            self._violate("pdt", "segment %d has no #EXT-X-PROGRAM-DATE-TIME" % row.number, row.number)
        if previous is not None:
            self._check_follows(previous, row)
        row.visible_at, row.appended = now, not is_first
        self.rows[row.number] = row
        self._advanced = True
        self._submit(row, "first fetch")

    def _check_follows(self, previous, row):
        if row.dsn != previous.dsn + row.is_discontinuous:
            self._violate("discontinuity-sequence", "segment %d has discontinuity number %d, the one before %d"
                          % (row.number, row.dsn, previous.dsn), row.number)
        if None in (previous.pdt, row.pdt):
            return
        error = row.pdt - previous.pdt - previous.extinf
        if row.dsn == previous.dsn and abs(error) > PDT_TOLERANCE_S:
            self._violate("pdt", "segment %d starts %+.3f s off the end of the one before"
                          % (row.number, error), row.number)

    def _note_advance(self, now, is_first):
        if not is_first and self._advanced_at is not None:
            gap = now - self._advanced_at
            self.max_advance_gap_s = max(self.max_advance_gap_s, gap)
            # RFC 8216 6.2.1; what our own polling may add is no fault of the server
            allowed = 1.5 * self._target + (self.poll_ms / 1000 if self.poll_ms else self._target)
            if gap > allowed and len(self.late_advances) < MAX_ENTRIES:
                self.late_advances.append({"t": round(now, 3), "gap_s": round(gap, 3)})
        self._advanced_at = now

    # ---- the segments

    def _note_left(self, playlist, now):
        listed = {row.number for row in playlist.rows} & set(self.rows)
        for number in self._listed - listed:
            row = self.rows[number]
            row.left_at = now
            row.next_check = now + 0.9 * row.extinf
        for number in listed - self._listed:
            self.rows[number].next_check = now + 2 * (self._target or 1)
        self._listed = listed

    def _keep_checking(self):
        """Fetches listed segments again and again, and one last time before they may go."""
        while self._running:
            now = self.now()
            with self._lock:
                due = [row for row in self.rows.values()
                       if row.next_check is not None and row.next_check <= now]
                for row in due:
                    row.next_check = None if row.left_at is not None else now + 2 * (self._target or 1)
                    self._submit(row, "listed" if row.left_at is None else "left the playlist")
            time.sleep(0.05)

    def _submit(self, row, why):
        self._pool.submit(self._guard, self._check_segment, row, why)

    def _check_segment(self, row, why):
        body = self._get(urllib.parse.urljoin(self.url, row.uri))
        if body is None:
            return
        sha256 = hashlib.sha256(body).hexdigest()
        info = mpegts.Segment(body) if row.sha256 is None else None
        with self._lock:
            row.fetches += 1
            if row.sha256 is None:
                row.sha256, row.info = sha256, info
            elif row.sha256 != sha256:
                self._violate("bytes", "segment %d has other bytes than before (%s)" % (row.number, why),
                              row.number)

    # ---- the verdict

    def _judge_media(self):
        """Reads the segments in their order, one timeline (discontinuity number) after the other."""
        totals = {kind: {"frames": 0, "missing": 0, "doubled": 0} for kind in ("video", "audio")}
        rows = [self.rows[n] for n in sorted(self.rows)]
        for row in rows:
            if row.info is None:
                self._violate("not-fetched", "segment %d was never fetched whole" % row.number, row.number)
                continue
            for fault in row.info.faults:
                self._violate("ts", "segment %d: %s" % (row.number, fault), row.number)
        for before, after in zip(rows, rows[1:]):
            if after.dsn == before.dsn and before.info and after.info:
                self._judge_seam(before, after)
        for timeline in self._timelines():
            members = [row for row in timeline if row.info]
            self._judge_video(members, totals["video"])
            self._judge_audio(members, totals["audio"])
        return totals

    def _timelines(self):
        """The rows in runs between discontinuities and jumps."""
        runs = []
        for number in sorted(self.rows):
            row, before = self.rows[number], self.rows.get(number - 1)
            if before is None or row.dsn != before.dsn:
                runs.append([])
            runs[-1].append(row)
        return runs

    def _judge_seam(self, before, after):
        if before.info.streams != after.info.streams:
            self._violate("seam", "segment %d has other streams than the one before" % after.number, after.number)
        for pid, (counter, has_payload) in after.info.first_counter.items():
            last = before.info.last_counter.get(pid)
            if last is not None and counter != (last + has_payload) & 0x0F:
                self._violate("continuity", "segment %d, PID %d: counter %d after %d"
                              % (after.number, pid, counter, last), after.number)
        frames, following = before.info.video or before.info.audio, after.info.video or after.info.audio
        if frames and following:
            length = self._ticks(following[0].pts - frames[0].pts) / 90000
            if abs(length - before.extinf) > EXTINF_TOLERANCE_S:
                self._violate("extinf", "segment %d says %.3f s and lasts %.3f s"
                              % (before.number, before.extinf, length), before.number)

    @staticmethod
    def _ticks(difference):
        """A difference of 33 bit time stamps, as a signed number."""
        return (difference + (1 << 32)) % (1 << 33) - (1 << 32)

    def _judge_video(self, rows, total):
        frames = [(row.number, frame) for row in rows for frame in row.info.video]
        if len(frames) < 2:
            total["frames"] += len(frames)
            return
        total["frames"] += len(frames)
        base = frames[0][1].pts
        last_dts = None
        for number, frame in frames:
            if last_dts is not None and self._ticks(frame.dts - last_dts) <= 0:
                self._violate("video", "segment %d: DTS goes back at %d" % (number, frame.dts), number)
            last_dts = frame.dts
        shown = sorted((self._ticks(frame.pts - base), number) for number, frame in frames)
        steps = [b[0] - a[0] for a, b in zip(shown, shown[1:])]
        interval = statistics.median(steps)
        total["interval_ms"] = round(interval / 90, 3)
        for (start, _), (end, number) in zip(shown, shown[1:]):
            step = end - start
            if step > 1.5 * interval:
                total["missing"] += max(round(step / interval) - 1, 1)
                self._violate("video", "segment %d: %.1f ms to the picture at %.3f s, %.1f are usual"
                              % (number, step / 90, end / 90000, interval / 90), number)
            elif step < 0.5 * interval:
                total["doubled"] += 1
                self._violate("video", "segment %d: a second picture at %.3f s" % (number, end / 90000), number)

    def _judge_audio(self, rows, total):
        due = None
        for row in rows:
            for frame in row.info.audio:
                total["frames"] += frame.count
                length = 90000 * frame.samples / frame.rate if frame.rate else 0
                error = 0 if due is None or not length else self._ticks(round(frame.pts - due))
                if error > length / 2:
                    total["missing"] += max(round(error / length), 1)
                    self._violate("audio", "segment %d: %.1f ms without sound" % (row.number, error / 90),
                                  row.number)
                elif error < -length / 2:
                    total["doubled"] += max(round(-error / length), 1)
                    self._violate("audio", "segment %d: %.1f ms of sound twice" % (row.number, -error / 90),
                                  row.number)
                due = frame.pts + length * frame.count if length else None

    def _delays(self):
        """How much later than usual each segment became visible. Usual: the median of its timeline,
        since the first segment seen may itself have been late."""
        delays = {}
        for timeline in self._timelines():
            expected, raw = None, {}
            for row in timeline:
                if not row.appended:
                    continue
                expected = row.visible_at if expected is None else expected + row.extinf
                raw[row.number] = (row.visible_at - expected) * 1000
            if raw:
                usual = statistics.median(raw.values())
                delays.update({number: round(value - usual, 1) for number, value in raw.items()})
        return delays

    def report(self):
        with self._lock:
            if not self.rows:
                self._violate("no-playlist", "no segment was ever seen")
            totals = {}
            try:
                totals = self._judge_media()
            except Exception:
                self._violate("internal", traceback.format_exc())
            segments = []
            for number in sorted(self.rows):
                row = self.rows[number]
                segments.append({
                    "number": number, "uri": row.uri, "sha256": row.sha256, "dsn": row.dsn,
                    "discontinuity": row.is_discontinuous,
                    "visible_at_s": round(row.visible_at, 4), "extinf": row.extinf, "pdt": row.pdt,
                    "fetches": row.fetches,
                    "video_frames": len(row.info.video) if row.info else None,
                    "audio_frames": row.info.audio_frames if row.info else None})
            return {
                "ok": not self.violations and not self.failed_requests,
                "url": self.url, "seconds": round(self.now(), 3),
                "mode": "block" if self.block else "poll %d ms" % self.poll_ms if self.poll_ms else "player",
                "requests": self.requests, "versions": self.versions,
                "violations": self.violations, "failed_requests": self.failed_requests,
                "segments": segments, "target_duration": self._target,
                "max_advance_gap_s": round(self.max_advance_gap_s, 4),
                "late_advances": self.late_advances, "delays_ms": self._delays(),
                "discontinuities": [s["number"] for s in segments if s["discontinuity"]], **totals}


def main():
    parser = argparse.ArgumentParser(description="Watch a live HLS stream and report every broken rule.")
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--report", help="write the JSON report here instead of standard output")
    parser.add_argument("--block", action="store_true", help="blocking reload where offered")
    parser.add_argument("--poll-ms", type=int, help="poll this often instead of by the rules")
    parser.add_argument("--wait", type=float, default=0, help="seconds the stream may take to start")
    parser.add_argument("--no-pdt", action="store_true", help="the stream need not carry dates")
    options = parser.parse_args()
    if options.seconds <= 0 or (options.poll_ms is not None and options.poll_ms <= 0):
        parser.error("--seconds and --poll-ms must be positive")
    viewer = Viewer(options.url, options.seconds, options.block, options.poll_ms, options.wait,
                    not options.no_pdt)
    try:
        report = viewer.run()
    except KeyboardInterrupt:
        viewer.stop()
        report = viewer.report()
    text = json.dumps(report, indent=2)
    if options.report:
        with open(options.report, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    else:
        print(text)
    print("%s: %d segments, %d requests, %d failed, %d violations, largest gap %.3f s"
          % ("ok" if report["ok"] else "NOT OK", len(report["segments"]), report["requests"],
             len(report["failed_requests"]), len(report["violations"]), report["max_advance_gap_s"]),
          file=sys.stderr)
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
