"""audience.py - hls.js, ffmpeg and hlsdemux2 watch one stream at the same time.

Audience is a context manager. When it is over, records() says for each player what it showed and
what went wrong, each fault with the span of time in which its cause lies: a player is some seconds
behind the live edge, so what it shows late or wrong happened to the stream that much earlier. How
much, is read from the numbers in the pictures: ffmpeg has each as soon as it is published.
"""

import bisect
import dataclasses
import time

import browser
import chain
import numbered
import players

STALL_MS = 100  # a picture that stood for so much longer than it should have was seen to stand
BEHIND_S = 3.0  # ffmpeg asks for the playlist once in a target duration


@dataclasses.dataclass
class Record:
    """One player's: pictures, and findings by what they are."""
    name: str
    shown: list
    lag_s: float  # behind ffmpeg, at the end of the run-in
    broken: list  # gave up, or could not read what it got
    failed: list  # requests
    stalls: list
    numbers: list  # missing, repeated, unreadable
    holes: list
    notes: list  # all else it complained about

    def cause(self, finding):
        """(from, to) in monotonic seconds: when what caused it happened to the stream."""
        return finding.wall_s - self.lag_s - BEHIND_S, finding.wall_s

    def sum_of(self, kind, findings):
        return sum(finding.amount for finding in findings if finding.kind == kind)


class Audience:
    def __init__(self, url):
        self.url = url
        self.members = []

    def __enter__(self):
        try:
            self.ffmpeg = players.NumberedFFmpeg(self.url)
            self.members.append(self.ffmpeg)
            self.gst = players.NumberedPlaybin3(self.url)
            self.members.append(self.gst)
            self.browser = browser.Browser(self.url).__enter__()
            for member in (*self.members, self.browser):
                member.wait_playing()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.playing_since = time.monotonic()
        return self

    def __exit__(self, kind, value, traceback):
        if getattr(self, "browser", None):
            self.browser.__exit__(kind, value, traceback)
        for member in self.members:
            member.stop()

    def wait_going_on(self, pictures=50):
        """Until every player has shown so many more pictures."""
        for member in (*self.members, self.browser):
            shown = len(member.shown())
            chain.wait_for(f"{member.name} to go on", lambda: len(member.shown()) >= shown + pictures)

    def records(self):
        arrivals = {}
        for picture in self.ffmpeg.shown():
            arrivals.setdefault(picture.number, []).append(picture.wall_s)
        records = []
        for member in self.members:
            rows = member.shown()
            records.append(Record(
                member.name, rows, lag(rows, arrivals), member.failures(), [],
                member.stalls(STALL_MS), numbered.judge_numbers(rows), numbered.judge_drift(rows),
                member.warnings()))
        rows = self.browser.shown()
        painted = numbered.judge_painted(rows)
        broken, failed, stalled, others = self.browser.errors()
        records.append(Record(
            self.browser.name, rows, lag(rows, arrivals), broken, failed,
            self.browser.stalls(STALL_MS) + stalled,
            [finding for finding in painted if finding.kind != "hole"],
            self.browser.holes() + [finding for finding in painted if finding.kind == "hole"], others))
        return records


def lag(rows, arrivals):
    """The median time from a picture's arrival at ffmpeg until this player shows it."""
    lags = []
    for picture in rows[:2000]:
        times = arrivals.get(picture.number, [])
        at = bisect.bisect_right(times, picture.wall_s)
        if at:
            lags.append(picture.wall_s - times[at - 1])
    return sorted(lags)[len(lags) // 2] if lags else 0.0
