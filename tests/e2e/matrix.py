"""matrix.py - one pair of origins, every drill, three players: the run and the judgement.

A Rehearsal is `understudy drill run ... --keep`; the audience watches its viewer URL from before the
first fault until after the last. Then each player's findings are laid into the windows of the drills
by the time of their cause, and held against what this pair promises. The judgement takes values and
returns sentences, so that test_players.py can feed it faults.
"""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import audience
import chain
import numbered

LEAD_IN_S = 15  # until all three play, and ffmpeg has a clock behind it
RUN_LIMIT_S = 800
# Nothing can be played while there is no source: these may stall, and pictures may be missing.
SOURCE_GONE = ("both-dead", "encoder-gone", "ingest-restart")
# Lines of ffmpeg's log that mean: a request failed.
REQUEST_FAILED = re.compile(r"HTTP error|Failed to (open|reload)|keepalive request failed|"
                            r"Connection (refused|reset)|timed out", re.IGNORECASE)
FRAME_MS = 1000 / numbered.RATE
SEEN_WITHIN_S = 5.0  # ffmpeg reads the playlist every two seconds, and then the segment


@dataclasses.dataclass
class Limits:
    """What a pair promises its viewers in every drill that leaves them a source."""
    stall_ms: float = 0  # the longest, where 0 is less than can be seen (audience.py)
    frames_missing: bool = False  # pictures may be missing or repeated, as reported
    seam_frames: float = None  # per change of sides, at most
    notes: bool = False  # players may complain: at a DISCONTINUITY ffmpeg does


IDENTICAL = Limits()
FOREIGN = Limits(stall_ms=300, frames_missing=True, notes=True)
RECOGNISED = Limits(stall_ms=300, frames_missing=True, seam_frames=1, notes=True)


class Rehearsal:
    """`understudy drill run` with everything in a temporary folder; ends with the `with` block."""

    def __init__(self, path, arguments=(), drills=("all",)):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-matrix-"))
        self.announce_path = self.folder / "announce.json"
        self.evidence = self.folder / "evidence"
        self.argv = [chain.BINARY, "drill", "run", *drills, *arguments, f"--file={path}",
                     f"--announce={self.announce_path}", f"--lead-in={LEAD_IN_S}", "--keep",
                     f"--evidence={self.evidence}"]
        self.process = None

    def __enter__(self):
        env = dict(os.environ, HOME=str(self.folder), DBUS_SESSION_BUS_ADDRESS="disabled:",
                   XDG_STATE_HOME=str(self.folder / "state"), XDG_CACHE_HOME=str(chain.BUILD / "cache"),
                   XDG_RUNTIME_DIR=str(self.folder),
                   UNDERSTUDY_PIPELINES=str(chain.ROOT / "pipelines"))
        try:
            with open(self.folder / "log", "wb") as log:
                # A session of its own, so that whatever it leaves behind can be ended.
                # With --keep, the end of its standard input would be its own.
                self.process = subprocess.Popen([str(a) for a in self.argv], env=env, stdout=log,
                                                stdin=subprocess.PIPE, stderr=log,
                                                start_new_session=True)
            chain.wait_for("the drills to announce their chain", self._is_announced)
        except BaseException:
            self.close(failed=True)
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self.close(failed=kind is not None)

    def _is_announced(self):
        if self.process.poll() is not None:
            raise chain.Failure(f"drill ended with {self.process.returncode}:\n{self.log()[-3000:]}")
        return self.announce_path.exists()

    def close(self, failed=False):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                failed = True
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        if self.process is not None:
            self.process.stdin.close()
        if failed:
            print(f"--- log of the drills ---\n{self.log()[-8000:]}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def announced(self):
        return json.loads(self.announce_path.read_text(encoding="utf-8"))

    def results(self):
        try:
            return json.loads((self.evidence / "result.json").read_text(encoding="utf-8"))["drills"]
        except FileNotFoundError:
            return []

    def wait_done(self):
        """Until every drill has been run; with --keep the chain goes on."""
        def is_done():
            if self.process.poll() is not None:
                raise chain.Failure(f"drill ended with {self.process.returncode}")
            return "done" in self.log().splitlines()
        chain.wait_for("the end of the drills", is_done, RUN_LIMIT_S)

    def health(self):
        return chain.get_json(self.announced["switcher"].split("/hls")[0].rstrip("/") + "/healthz")


class Switches(threading.Thread):
    """Follows /healthz and keeps every change of sides: it remembers only the last few itself."""

    def __init__(self, rehearsal):
        super().__init__(daemon=True)
        self.rehearsal, self.found, self.pairs = rehearsal, {}, []
        self._closing = threading.Event()
        self.start()

    def run(self):
        while not self._closing.wait(1):
            try:
                streams = self.rehearsal.health().get("streams", [])
            except (OSError, ValueError):
                continue
            for stream in streams[:1]:
                for change in stream.get("switches", []):
                    self.found[(change["wall_ms"], change["to"])] = change
                if not self.pairs or self.pairs[-1] != stream.get("pair"):
                    self.pairs.append(stream.get("pair"))

    def stop(self):
        self._closing.set()
        self.join()
        offset_s = time.monotonic() - time.time()
        return [dict(change, at_s=change["wall_ms"] / 1000 + offset_s)
                for _, change in sorted(self.found.items())]


# ---- judgement: values in, sentences out


@dataclasses.dataclass
class Cell:
    """One player in one drill."""
    stall_ms: float = 0
    failed: int = 0
    broken: int = 0
    missing: int = 0
    repeated: int = 0
    unreadable: int = 0
    holes_ms: float = 0
    details: list = dataclasses.field(default_factory=list)


def windows(drills):
    """[(name, from, to)] in monotonic seconds, each until the next begins; first what was before."""
    starts = [((drill.get("injected") or drill["started"])["monotonic_us"] / 1e6, drill["name"])
              for drill in drills if not drill.get("skipped")]
    rows = [("before", 0.0, starts[0][0] if starts else float("inf"))]
    for i, (start, name) in enumerate(starts):
        rows.append((name, start, starts[i + 1][0] if i + 1 < len(starts) else float("inf")))
    return rows


def window_of(rows, span):
    """The drill that a span belongs to. One that takes the source away explains everything that it
    may have caused; else it is the one in which the span ends."""
    touched = [row for row in rows if row[1] <= span[1] and row[2] >= span[0]]
    gone = [row for row in touched if row[0] in SOURCE_GONE]
    return (gone or touched)[-1][0]


def cells(record, rows):
    """{drill: Cell} of one player."""
    table = {name: Cell() for name, _, _ in rows}

    def cell(finding, span):
        found = table[window_of(rows, span)]
        found.details.append(f"{finding}")
        return found

    for finding in record.broken:
        cell(finding, record.cause(finding)).broken += 1
    for finding in record.failed:
        cell(finding, record.cause(finding)).failed += 1
    for finding in record.stalls:
        found = cell(finding, record.cause(finding))
        found.stall_ms += finding.amount if finding.kind == "stall" else 0
    for finding in record.numbers:
        begin = record.cause(finding)[0]
        found = cell(finding, (begin, finding.wall_s - record.lag_s))
        setattr(found, finding.kind, getattr(found, finding.kind) + int(finding.amount))
    for finding in record.holes:
        cell(finding, record.cause(finding)).holes_ms += finding.amount
    for finding in record.notes:
        found = cell(finding, record.cause(finding))
        if REQUEST_FAILED.search(finding.detail):
            found.failed += 1
    return table


def judge_cell(name, player, cell, limits):
    faults = []
    if cell.broken:
        faults.append("a fatal error, or something that could not be read")
    if cell.failed:
        faults.append(f"{cell.failed} failed requests")
    if cell.unreadable:
        faults.append(f"{cell.unreadable} unreadable pictures")
    if name not in SOURCE_GONE:
        if cell.stall_ms > limits.stall_ms:
            faults.append(f"stood still for {cell.stall_ms:.0f} ms")
        if not limits.frames_missing and (cell.missing or cell.repeated):
            faults.append(f"{cell.missing} pictures missing, {cell.repeated} repeated")
        if not limits.frames_missing and cell.holes_ms:
            faults.append(f"{cell.holes_ms:.0f} ms of holes in the buffer")
        if not limits.notes and cell.details and not faults:
            faults.append("complains")
    return [f"{name}, {player}: {fault}; {'; '.join(cell.details[:4])}" for fault in faults]


def judge_drill(drill):
    """What the drill's own viewer says: sequence rules, and requests of a third kind of client."""
    faults = []
    viewer = drill["viewer"]
    if drill.get("skipped"):
        return [f"{drill['name']}: was skipped: {drill['verdict']}"]
    if viewer["violations"]:
        faults.append(f"rules broken: {viewer['violations'][:3]}")
    if viewer["failed_requests"]:
        faults.append(f"{viewer['failed_requests']} requests of the drill's viewer failed")
    if drill["name"] in SOURCE_GONE and viewer["discontinuities"] > 1:
        faults.append(f"{viewer['discontinuities']} DISCONTINUITY tags")
    if not drill["passed"] and not faults:
        faults.append(f"not passed: {drill['verdict']}")
    return [f"{drill['name']}, drill: {fault}" for fault in faults]


def judge_seams(jumps, switches, biases, limits, source_gone=()):
    """Do reported gap and overlap agree with the numbers in the pictures?

    @jumps: (monotonic seconds at the live edge, pictures: missing > 0, repeated < 0)
    @switches: with at_s, from, to, method, gap_ms, overlap_ms
    @biases: (monotonic seconds, origin, seconds that its dates run ahead of the pictures)
    @source_gone: spans in which the timeline itself breaks

    Without recognised pictures the switcher has only the two origins' dates: what they are wrong by
    against each other, it cannot know. That error is measured here from the pictures and taken out;
    what is left may be one picture, the rounding of dates to that.
    """
    faults, due = [], []
    for change in switches:
        if within(change["at_s"], source_gone):
            continue
        told_ms, wrong_ms = change["gap_ms"] - change["overlap_ms"], 0
        if change.get("method") in ("date", "edge"):
            wrong_ms = (bias_at(biases, change["to"], change["at_s"])
                        - bias_at(biases, change["from"], change["at_s"])) * 1000
        due.append({"change": change, "told_ms": told_ms, "wrong_ms": wrong_ms, "seen_ms": None,
                    "is_seen": abs(told_ms - wrong_ms) > FRAME_MS / 2})
    for wall_s, pictures in jumps:
        if within(wall_s, source_gone):
            continue
        near = [row for row in due if row["seen_ms"] is None
                and row["change"]["at_s"] - 0.5 <= wall_s <= row["change"]["at_s"] + SEEN_WITHIN_S]
        # In their order; one that should show nothing leaves the jump to the next.
        found = next((row for row in near if row["is_seen"]), near[0] if near else None)
        if found is None:
            faults.append(f"{pictures:+} pictures at {wall_s:.2f} that nobody reported")
        else:
            found["seen_ms"] = pictures * FRAME_MS
    for row in due:
        seen_ms, change = row["seen_ms"] or 0, row["change"]
        name = f"{change['from']} to {change['to']} by {change.get('method')}"
        if abs(row["told_ms"] - row["wrong_ms"] - seen_ms) > FRAME_MS * 1.5:
            faults.append(f"{name}: told {row['told_ms']:.0f} ms of which the dates' error is "
                          f"{row['wrong_ms']:.0f}, seen {seen_ms:.0f} ms")
        if limits.seam_frames is not None and abs(seen_ms) > limits.seam_frames * FRAME_MS + 1:
            faults.append(f"{name}: {seen_ms / FRAME_MS:+.0f} pictures at the seam")
    return faults


def within(at_s, spans):
    return any(begin <= at_s <= end for begin, end in spans)


def bias_at(biases, origin, at_s):
    """The reading nearest in time: an origin's error changes when its packager starts again."""
    mine = [(abs(wall_s - at_s), bias) for wall_s, name, bias in biases if name == origin]
    return min(mine)[1] if mine else 0.0


def live_jumps(record):
    return [(finding.wall_s, finding.amount if finding.kind == "missing" else -finding.amount)
            for finding in record.numbers if finding.kind in ("missing", "repeated")]


def table_text(pair, drills, tables):
    """One line per drill: stall ms / missing / repeated / failed of each player."""
    names = list(tables)
    lines = [f"{pair:<16} " + " ".join(f"{name:>24}" for name in names) + "  added ms  switches",
             f"{'':<16} " + " ".join(f"{'stall miss rep fail':>24}" for _ in names)]
    by_name = {drill["name"]: drill for drill in drills}
    for drill in list(next(iter(tables.values()))):
        row = [f"{c.stall_ms:7.0f} {c.missing:5} {c.repeated:5} {c.failed + c.broken:4}"
               for c in (tables[name][drill] for name in names)]
        own = by_name.get(drill)
        tail = f"  {own['viewer']['added_delay_ms']:8}  {len(own['switches']):8}" if own else ""
        lines.append(f"{drill:<16} " + " ".join(f"{text:>24}" for text in row) + tail)
    return "\n".join(lines)
