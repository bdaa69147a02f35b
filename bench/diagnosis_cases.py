"""diagnosis_cases.py - the faults of the bench, by the cause that they are: several variants each.

A Case says what its site is like and which faults make it ill; make() is called once per run of it
with a random generator of its own, so that no two runs are alike. What one machine cannot produce
is in NOT_HERE.
"""

import dataclasses
import re
from typing import Callable

import injector_faults as f
from diagnosis_material import SEGMENT_S

NOT_HERE = {
    "congestion": "of a whole region, with loss and other people's traffic: here throttled bodies stand for it",
    "probe": "a broken route or a radio link: here all hosts fail together, or the resolver does",
}


@dataclasses.dataclass
class Case:
    cause: str
    name: str
    make: Callable  # (random, world) -> list of faults
    kind: str = "ts"
    has_cache: bool = False
    is_tls: bool = False
    query: str = ""
    n_addresses: int = 1
    watch_s: float = 40
    is_from_start: bool = False
    host: str = ""  # another name than its own: one that does not exist


CASES = []


def case(cause, name, **settings):
    def add(make):
        CASES.append(Case(cause, name, make, **settings))
        return make
    return add


RUNGS = ("low", "mid", "top")
TOKEN = "?token=9c1f7a&expires=1790000000"


def some(random, n=1):
    return random.sample(RUNGS, n)


# ---- dns ----

@case("dns", "no such name any more")
def _(random, world):
    return [f.Names(world.names, "nxdomain")]


@case("dns", "the server of the zone fails", kind="lone")
def _(random, world):
    return [f.Names(world.names, "servfail")]


@case("dns", "the server of the zone is silent")
def _(random, world):
    return [f.Names(world.names, "silent")]


@case("dns", "never existed", host="gone-{n}.invalid", is_from_start=True)
def _(random, world):
    return []


@case("dns", "no such name, fMP4 behind a CDN", kind="fmp4", has_cache=True)
def _(random, world):
    return [f.Names(world.names, "nxdomain")]


# ---- tls ----

@case("tls", "certificate expired", is_tls=True)
def _(random, world):
    return [f.Tls(world.tls("expired"))]


@case("tls", "certificate signed by itself", is_tls=True, kind="lone")
def _(random, world):
    return [f.Tls(world.tls("own"))]


@case("tls", "certificate of another name", is_tls=True)
def _(random, world):
    return [f.Tls(world.tls("other"))]


@case("tls", "no TLS at the TLS port", is_tls=True)
def _(random, world):
    return [f.Tls(None)]


@case("tls", "expired, fMP4 behind a CDN", is_tls=True, kind="fmp4", has_cache=True)
def _(random, world):
    return [f.Tls(world.tls("expired"))]


# ---- access ----

@case("access", "403 to everything", query=TOKEN)
def _(random, world):
    return [f.Status(403)]


@case("access", "401 to playlists, no token in sight")
def _(random, world):
    return [f.Status(401, kinds=("playlist", "master"))]


@case("access", "403 to segments", query=TOKEN)
def _(random, world):
    return [f.Status(403, kinds=("segment",))]


@case("access", "403 from the edge", query=TOKEN, has_cache=True, kind="fmp4")
def _(random, world):
    return [f.Status(403, {"X-Cache": "HIT"})]


@case("access", "403 to a lone playlist", query=TOKEN, kind="lone")
def _(random, world):
    return [f.Status(403, kinds=("playlist",))]


# ---- origin down ----

@case("origin_down", "refuses")
def _(random, world):
    return [f.Refuse()]


@case("origin_down", "hangs")
def _(random, world):
    return [f.Act("hang")]


@case("origin_down", "500", kind="lone")
def _(random, world):
    return [f.Status(random.choice((500, 502, 504)))]


@case("origin_down", "502 of the origin by way of a CDN", has_cache=True)
def _(random, world):
    return [f.Status(502, {"Cache-Status": 'edge; fwd=miss; fwd-status=502', "X-Cache": "MISS"})]


@case("origin_down", "resets every request", kind="fmp4")
def _(random, world):
    return [f.Act("reset")]


@case("origin_down", "503 to everything")
def _(random, world):
    return [f.Status(503)]


# ---- edge ----

@case("cdn_edge", "a cache hands out an old playlist", has_cache=True, watch_s=50)
def _(random, world):
    return [f.Freeze(is_cached=True)]


@case("cdn_edge", "old and new playlists in turn", has_cache=True)
def _(random, world):
    return [f.TwoVersions(random.choice((2, 3)), share=random.uniform(0.35, 0.6))]


@case("cdn_edge", "old and new in turn, no Age")
def _(random, world):
    return [f.TwoVersions(3, share=0.5, has_age=False)]


@case("cdn_edge", "one of two addresses fails", has_cache=True, n_addresses=2, watch_s=75)
def _(random, world):
    return [f.Status(random.choice((500, 502)), addresses=(world.address(1),))]


@case("cdn_edge", "hits take long as well", has_cache=True, watch_s=50)
def _(random, world):
    return [f.Slow(random.uniform(1.4, 2.0), kinds=("segment",))]


@case("cdn_edge", "an old lone playlist", has_cache=True, kind="lone", watch_s=50)
def _(random, world):
    return [f.Freeze(is_cached=True)]


@case("cdn_edge", "one of two hosts that have it all fails", kind="twice", n_addresses=2, watch_s=45)
def _(random, world):
    return [f.Status(random.choice((500, 502, 504)), addresses=(world.address(0),))]


@case("cdn_edge", "one of two hosts that have it all stands still", kind="twice", n_addresses=2,
      watch_s=45)
def _(random, world):
    return [f.Freeze(addresses=(world.address(0),))]


# ---- encoder ----

@case("encoder", "all renditions stop")
def _(random, world):
    return [f.Freeze()]


@case("encoder", "all stop within a segment", kind="fmp4")
def _(random, world):
    return [f.Freeze(stagger_s=0.7 * SEGMENT_S)]


@case("encoder", "a lone playlist stops", kind="lone")
def _(random, world):
    return [f.Freeze()]


@case("encoder", "all stop, fresh copies at the CDN", has_cache=True)
def _(random, world):
    return [f.Freeze()]


@case("encoder", "the server forgets the stream")
def _(random, world):
    return [f.Status(404, kinds=("playlist", "master"))]


# ---- packager ----

@case("packager", "one rendition stops", watch_s=45)
def _(random, world):
    return [f.Freeze(rungs=some(random))]


@case("packager", "two renditions stop", watch_s=45)
def _(random, world):
    return [f.Freeze(rungs=some(random, 2))]


@case("packager", "one rendition lacks its new segments")
def _(random, world):
    return [f.Never(rungs=some(random))]


@case("packager", "all lack their new segments")
def _(random, world):
    return [f.Never()]


@case("packager", "the playlist of one is gone")
def _(random, world):
    return [f.Status(404, rungs=some(random), kinds=("playlist",))]


@case("packager", "a malformed playlist", kind="lone")
def _(random, world):
    return [f.Text(lambda text: re.sub(r"#EXTINF:[\d.]+", "#EXTINF:nan?", text))]


@case("packager", "empty playlists")
def _(random, world):
    return [f.Body(b"", kinds=("playlist",))]


# ---- restart ----

@case("restart", "numbers and time stamps begin anew")
def _(random, world):
    return [f.Restart(gap_s=random.uniform(0, 1))]


@case("restart", "the same after a gap")
def _(random, world):
    return [f.Restart(gap_s=random.uniform(6, 9))]


@case("restart", "numbers begin anew, time stamps go on")
def _(random, world):
    return [f.Sequence(begin=0)]


@case("restart", "a lone playlist begins anew", kind="lone")
def _(random, world):
    return [f.Restart(gap_s=random.uniform(0, 3))]


@case("restart", "time stamps begin anew, numbers go on")
def _(random, world):
    return [f.Restart(begins_anew=False, keeps_old=True)]


# ---- retention ----

@case("retention", "the oldest one is gone")
def _(random, world):
    return [f.GoneEarly(1)]


@case("retention", "the oldest two are gone", kind="lone")
def _(random, world):
    return [f.GoneEarly(2)]


@case("retention", "gone early, fMP4", kind="fmp4")
def _(random, world):
    return [f.GoneEarly(random.choice((1, 2)))]


@case("retention", "a short list, and gone early")
def _(random, world):
    return [f.Window(5), f.GoneEarly(1)]


@case("retention", "gone early behind a CDN", has_cache=True)
def _(random, world):
    return [f.GoneEarly(random.choice((1, 2)))]


# ---- propagation ----

@case("propagation", "listed too early")
def _(random, world):
    return [f.Late(random.uniform(0.5, 1.4), share=0.7)]


@case("propagation", "listed too early, lone", kind="lone")
def _(random, world):
    return [f.Late(random.uniform(0.5, 1.4), share=0.8)]


@case("propagation", "a cache keeps the 404", has_cache=True)
def _(random, world):
    return [f.Late(random.uniform(0.6, 1.4), is_cached=True, share=0.7)]


@case("propagation", "of one rendition")
def _(random, world):
    return [f.Late(random.uniform(0.5, 1.4), rungs=some(random), share=0.9)]


@case("propagation", "now and then, fMP4", kind="fmp4")
def _(random, world):
    return [f.Late(random.uniform(0.5, 1.4), share=0.35)]


# ---- congestion ----

@case("congestion", "the top rendition does not fit", watch_s=75)
def _(random, world):
    return [f.Throttle(random.uniform(0.55, 0.8), rungs=("top",))]


@case("congestion", "the upper two do not fit", watch_s=75)
def _(random, world):
    return [f.Throttle(random.uniform(0.55, 0.8), rungs=("mid", "top"))]


@case("congestion", "a pipe for the smallest only", watch_s=75)
def _(random, world):
    return [f.Pipe(random.uniform(17000, 19000), rungs=("mid", "top"))]


@case("congestion", "the top of fMP4", kind="fmp4", watch_s=75)
def _(random, world):
    return [f.Throttle(random.uniform(0.55, 0.8), rungs=("top",))]


@case("congestion", "the top, by a CDN", has_cache=True, watch_s=75)
def _(random, world):
    return [f.Throttle(random.uniform(0.5, 0.8), rungs=("top",))]


# ---- overload ----

@case("overload", "the first byte takes long", watch_s=45)
def _(random, world):
    return [f.Slow(random.uniform(1.2, 1.7))]


@case("overload", "long, and 503 now and then", watch_s=45)
def _(random, world):
    return [f.Slow(random.uniform(1.0, 1.5)), f.Status(503, share=0.12, kinds=("segment",))]


@case("overload", "long for what the cache lacks", has_cache=True, watch_s=45)
def _(random, world):
    return [f.Slow(random.uniform(1.3, 1.8), misses_only=True)]


@case("overload", "long, and 429 now and then", kind="fmp4", watch_s=45)
def _(random, world):
    return [f.Slow(random.uniform(1.0, 1.5)), f.Status(429, share=0.12)]


@case("overload", "long for segments", kind="lone", watch_s=45)
def _(random, world):
    return [f.Slow(random.uniform(1.2, 1.7), kinds=("segment",))]


# ---- content ----

@case("content", "black", watch_s=50)
def _(random, world):
    return [f.Content("black")]


@case("content", "frozen", watch_s=50)
def _(random, world):
    return [f.Content("frozen")]


@case("content", "silent", watch_s=50)
def _(random, world):
    return [f.Content("silent")]


@case("content", "black and silent", kind="lone", watch_s=50)
def _(random, world):
    return [f.Content("dark")]


@case("content", "the sound is gone", watch_s=40)
def _(random, world):
    return [f.Content("deaf")]


@case("content", "the picture is gone", kind="lone", watch_s=40)
def _(random, world):
    return [f.Content("blind")]


# ---- transcoder of one rendition ----

@case("transcoder", "one is black", watch_s=50)
def _(random, world):
    return [f.Content("black", rungs=some(random))]


@case("transcoder", "one is frozen", watch_s=50)
def _(random, world):
    return [f.Content("frozen", rungs=some(random))]


@case("transcoder", "one has lost its sound")
def _(random, world):
    return [f.Content("deaf", rungs=some(random))]


@case("transcoder", "the packets of one are damaged")
def _(random, world):
    return [f.Corrupt(random.uniform(0.05, 0.3), rungs=some(random))]


@case("transcoder", "one is no media at all")
def _(random, world):
    return [f.Corrupt(1.0, rungs=some(random))]


# ---- clock ----

@case("clock", "a minute ahead")
def _(random, world):
    return [f.Dates(random.uniform(20, 90))]


@case("clock", "half a minute back")
def _(random, world):
    return [f.Dates(-random.uniform(20, 60))]


@case("clock", "five seconds ahead", kind="lone")
def _(random, world):
    return [f.Dates(random.uniform(4, 8))]


@case("clock", "listed dates are changed")
def _(random, world):
    return [f.Dates(random.choice((-1, 1)) * random.uniform(15, 40), is_rewritten=True)]


@case("clock", "an hour ahead, fMP4", kind="fmp4")
def _(random, world):
    return [f.Dates(3600)]


# ---- planned end ----

@case("planned_end", "ended", watch_s=35)
def _(random, world):
    return [f.Ended()]


@case("planned_end", "ended, lone", kind="lone", watch_s=35)
def _(random, world):
    return [f.Ended()]


@case("planned_end", "ended, gone later")
def _(random, world):
    return [f.Ended(gone_after_s=random.uniform(10, 18))]


@case("planned_end", "ended, 410 later", kind="fmp4")
def _(random, world):
    return [f.Ended(gone_after_s=random.uniform(10, 18), status=410)]


@case("planned_end", "ended behind a CDN", has_cache=True, watch_s=35)
def _(random, world):
    return [f.Ended()]


# ---- configuration ----

@case("configuration", "BANDWIDTH far too low", is_from_start=True)
def _(random, world):
    return [f.Text(lambda text: re.sub(r"BANDWIDTH=\d+", "BANDWIDTH=40000", text), ("master",))]


@case("configuration", "CODECS of another profile", is_from_start=True)
def _(random, world):
    return [f.Text(lambda text: re.sub(r"avc1\.\w+", "hvc1.1.6.L93.B0", text), ("master",))]


@case("configuration", "target duration too small", is_from_start=True, kind="lone")
def _(random, world):
    return [f.TargetDuration(1)]


@case("configuration", "MIME type of text", is_from_start=True)
def _(random, world):
    return [f.Headers({"Content-Type": "text/plain"}, kinds=("playlist", "master"))]


@case("configuration", "caches may keep playlists too long", is_from_start=True, kind="fmp4")
def _(random, world):
    return [f.Headers({"Cache-Control": "max-age=120"}, kinds=("playlist",))]


@case("configuration", "a window of two segments", is_from_start=True, kind="lone")
def _(random, world):
    return [f.Window(2)]


# ---- the same in front of our own chain ----

@case("restart", "numbers begin anew, our own chain", kind="own")
def _(random, world):
    return [f.Sequence(begin=0)]


def _of_our_own():
    """Whatever a lone playlist can have, unless it shows other films: those are the chain's inside."""
    for each in list(CASES):
        if each.kind == "lone" and each.cause not in ("content", "restart"):
            CASES.append(dataclasses.replace(each, name=f"{each.name}, our own chain", kind="own"))


_of_our_own()
