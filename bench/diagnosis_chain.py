"""diagnosis_chain.py - our own chain at the bench: a source behind the fault injector, and faults made
inside it, which its own desk hears of from its roles.

Each fault inside has a chain to itself, `understudy run` with everything on free ports and a
publisher, so that no fault leaves anything to the next one.
"""

import contextlib
import dataclasses
import os
import signal
import threading
import time
import urllib.parse
from typing import Callable

import diagnosis_material as material
from measure import chain
from deskclient import Desk, Refused

STREAM = "own-mystream"
ROLES = ("ingest", "packager-primary", "packager-backup", "switcher")
PACKAGERS = ROLES[1:3]
GOOD_ROUNDS, BAD_ROUNDS = 2, 8  # of a film of material.SECONDS each
KILL_EVERY_S = 0.2
WAIT_US = 300000  # for sound that has ended; ffmpeg's own 10 s would hold the pictures back


def settings(has_desk):
    """Nobody is to be started again: a role that hangs is the fault."""
    return {"run": {"monitor": "true" if has_desk else "false", "hang-timeout": "10min"},
            "monitor": {"thumbnail-interval": "0s"}}


class Publisher:
    """ffmpeg, in real time: a film again and again, or a good one first and a bad one then."""

    def __init__(self, one, films, content="plain"):
        self.one, self.good_s = one, GOOD_ROUNDS * material.SECONDS
        good, bad = films.joined("top", "plain"), films.joined("top", content)
        if content == "plain":
            source = ["-stream_loop", "-1", "-i", good]
        else:
            rounds = one.home / "rounds.txt"
            rounds.write_text("".join(f"file '{path}'\n" for path in
                                      [good] * GOOD_ROUNDS + [bad] * BAD_ROUNDS), encoding="utf-8")
            source = ["-f", "concat", "-safe", "0", "-i", rounds]
        with open(one.home / "publisher.log", "ab") as log:
            self.process = one.spawn(["ffmpeg", "-nostdin", "-v", "warning", "-re", *source, "-c", "copy",
                                      "-max_interleave_delta", str(WAIT_US), "-f", "flv", one.publish_url()], stdout=log, stderr=log)
        self.begun = time.time()


class OwnSource:
    """A chain that is well. A context manager; `url` is that of its switcher."""

    def __init__(self, films):
        self.films, self.one = films, chain.Chain(settings(has_desk=False))

    def __enter__(self):
        self.one.__enter__()
        try:
            Publisher(self.one, self.films)
            self.one.wait_playable(segments=5)
        except BaseException:
            self.one.close(failed=True)
            raise
        self.url = self.one.urls["viewer"].split("/hls/")[0].replace("localhost", "127.0.0.1")
        return self

    def __exit__(self, kind, value, traceback):
        self.one.close(failed=kind is not None)


class ChainDesk(Desk):
    """The desk of a chain that runs."""

    def __init__(self, one):
        super().__init__(one.home)
        self.port, self.process = urllib.parse.urlsplit(one.urls["desk"]).port, one.process


# ---- faults inside ----

class Inside:
    """A chain with a desk, and what is done to it. A context manager."""

    def __init__(self, films, content="plain"):
        self.films, self.content = films, content
        self.one = chain.Chain(settings(has_desk=True))
        self.stopped, self.is_over = [], threading.Event()
        self.killer = None

    def __enter__(self):
        self.one.__enter__()
        try:
            self.publisher = Publisher(self.one, self.films, self.content)
            self.desk = ChainDesk(self.one)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        self.is_over.set()
        if self.killer is not None:
            self.killer.join()
        for pid in self.stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.one.close()

    def is_healthy(self):
        try:
            return self.desk.stream(STREAM)["state"] == "HEALTHY"
        except (Refused, OSError):
            return False  # it is not known yet

    def stop(self, *roles):
        for role in roles:
            self.stopped.append(self.one.signal(role, signal.SIGSTOP))

    def stop_publisher(self):
        self.stopped.append(self.publisher.process.pid)
        os.kill(self.publisher.process.pid, signal.SIGSTOP)

    def kill_always(self, *roles):
        """As often as they are started again."""
        def kill():
            while not self.is_over.wait(KILL_EVERY_S):
                for role in roles:
                    with contextlib.suppress(ProcessLookupError, KeyError):
                        if self.one.roles()[role]["state"] == "running":
                            self.one.signal(role, signal.SIGKILL)
        self.killer = threading.Thread(target=kill, daemon=True)
        self.killer.start()

    def wait_for_film(self):
        """Until the bad one begins."""
        self.is_over.wait(max(0.0, self.publisher.begun + self.publisher.good_s - time.time()))


@dataclasses.dataclass
class Drill:
    cause: str
    name: str
    make: Callable  # (Inside): makes it ill
    content: str = "plain"
    watch_s: float = 45


def film(cause, name, content):
    return Drill(cause, name, Inside.wait_for_film, content, 50)


DRILLS = [
    Drill("encoder", "the encoder dies", lambda one: one.publisher.process.kill()),
    Drill("encoder", "the encoder leaves", lambda one: one.publisher.process.terminate()),
    Drill("encoder", "the encoder stands still", Inside.stop_publisher),
    Drill("encoder", "the ingest hangs", lambda one: one.stop("ingest")),
    Drill("packager", "both packagers hang", lambda one: one.stop(*PACKAGERS)),
    Drill("packager", "both packagers die again and again", lambda one: one.kill_always(*PACKAGERS)),
    Drill("origin_down", "the switcher hangs", lambda one: one.stop("switcher")),
    Drill("origin_down", "the whole chain hangs", lambda one: one.stop(*ROLES)),
    film("content", "black from the encoder", "black"),
    film("content", "frozen from the encoder", "frozen"),
    film("content", "silent from the encoder", "silent"),
    film("content", "black and silent from the encoder", "dark"),
    film("content", "the encoder loses its sound", "deaf"),
]
