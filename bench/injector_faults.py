"""injector_faults.py - what can be wrong with a Site, one class each.

A fault is active between begin() and end(). It concerns some rungs of the ladder, kinds of request
and addresses (all, unless it is told otherwise) and a share of these requests; then it may change
what a playlist lists, where a segment comes from, and how the answer goes out.
"""

import asyncio
import copy
import datetime
import random
import time

import diagnosis_material as material

SEGMENT_S = material.SEGMENT_S


class Fault:
    def __init__(self, rungs=None, kinds=None, addresses=None, share=1.0, seed=1):
        self.rungs, self.kinds, self.addresses, self.share = rungs, kinds, addresses, share
        self.random = random.Random(seed)
        self.begun = None

    def seed(self, seed):
        self.random = random.Random(seed)

    def concerns(self, site, request):
        return ((self.rungs is None or request.rung in self.rungs)
                and (self.kinds is None or request.kind in self.kinds)
                and (self.addresses is None or request.address in self.addresses)
                and (self.share >= 1 or self.random.random() < self.share))

    async def begin(self, site):
        self.begun = time.monotonic()
        self.edges = dict(site.edges)  # what was listed before

    async def end(self, site):
        pass

    async def listing(self, site, request, listing):
        return None

    def path(self, site, request, path):
        return None

    def answer(self, site, request, reply):
        return None

    def is_after(self, request):
        """Whether a segment was first listed after the fault began."""
        return request.number is not None and request.number > self.edges.get(request.rung, -1)


# ---- reach ----

class Refuse(Fault):
    """Nobody listens any more."""

    async def begin(self, site):
        await super().begin(site)
        await site.stop_listening(self.addresses)

    async def end(self, site):
        await site.listen()


class Act(Fault):
    """reset, hang or close instead of an answer."""

    def __init__(self, action, **where):
        super().__init__(**where)
        self.action = action

    def answer(self, site, request, reply):
        reply.action = self.action


class Status(Fault):
    def __init__(self, status, headers=None, body=b"", **where):
        super().__init__(**where)
        self.status, self.headers, self.body = status, headers or {}, body

    def answer(self, site, request, reply):
        reply.status, reply.body = self.status, self.body
        reply.headers.pop("Content-Length", None)
        reply.headers.update(self.headers)


class Body(Fault):
    """Something else with status 200."""

    def __init__(self, body, content_type=None, **where):
        super().__init__(**where)
        self.body, self.content_type = body, content_type

    def answer(self, site, request, reply):
        reply.body = self.body(reply.body) if callable(self.body) else self.body
        if self.content_type:
            reply.headers["Content-Type"] = self.content_type


class Tls(Fault):
    """From now on with another certificate, or without TLS at all."""

    def __init__(self, context, **where):
        super().__init__(**where)
        self.context = context

    async def begin(self, site):
        await super().begin(site)
        self.before = site.tls
        await self._change(site, self.context)

    async def end(self, site):
        await self._change(site, self.before)

    async def _change(self, site, context):
        await site.stop_listening()
        site.tls = context
        await asyncio.sleep(0.05)
        await site.listen()


class Names(Fault):
    """What the name server says of the site: nxdomain, servfail, silent."""

    def __init__(self, server, mode, **where):
        super().__init__(**where)
        self.server, self.mode = server, mode

    async def begin(self, site):
        await super().begin(site)
        self.server.modes[site.name] = self.mode
        site.drop_connections()

    # Without that nobody need look a name up again.
    def answer(self, site, request, reply):
        reply.headers["Connection"] = "close"
        reply.cut = len(reply.body)

    async def end(self, site):
        self.server.modes.pop(site.name, None)


# ---- time ----

class Slow(Fault):
    """The first byte takes `seconds`, give or take a third; only what the cache does not have,
    when so told."""

    def __init__(self, seconds, misses_only=False, hits_only=False, **where):
        super().__init__(**where)
        self.seconds, self.misses_only, self.hits_only = seconds, misses_only, hits_only

    def answer(self, site, request, reply):
        cache = reply.headers.get("X-Cache")
        if (self.misses_only and cache != "MISS") or (self.hits_only and cache != "HIT"):
            return
        reply.delay_s += self.seconds * self.random.uniform(0.67, 1.33)


class Throttle(Fault):
    """Bodies of segments come at `speed` times the speed they play."""

    def __init__(self, speed, **where):
        super().__init__(kinds=("segment",), **where)
        self.speed = speed

    def answer(self, site, request, reply):
        speed = self.speed * self.random.uniform(0.8, 1.2)
        reply.rate = max(1.0, len(reply.body) * speed / SEGMENT_S)


class Pipe(Fault):
    """All segments share so many bytes per second: what is large is late, what is small is not."""

    def __init__(self, rate, **where):
        super().__init__(kinds=("segment",), **where)
        self.rate = rate

    def answer(self, site, request, reply):
        reply.rate = self.rate * self.random.uniform(0.85, 1.15)


class Headers(Fault):
    """Headers set, or taken away (None)."""

    def __init__(self, headers, **where):
        super().__init__(**where)
        self.headers = headers

    def answer(self, site, request, reply):
        for name, value in self.headers.items():
            if value is None:
                reply.headers.pop(name, None)
            else:
                reply.headers[name] = value


# ---- playlists ----

class Freeze(Fault):
    """Nothing new; as a cache has it (`is_cached`: with an Age that grows), or as the packager.
    `stagger_s`: each rung stops so much later, at most."""

    def __init__(self, is_cached=False, stagger_s=0.0, **where):
        super().__init__(kinds=("playlist",), **where)
        self.is_cached, self.stagger_s, self.kept = is_cached, stagger_s, {}
        self.delays = {}

    async def listing(self, site, request, listing):
        delay = self.delays.setdefault(request.rung, self.random.uniform(0, self.stagger_s))
        if time.monotonic() - self.begun < delay:
            return None
        return copy.deepcopy(self.kept.setdefault(request.rung, copy.deepcopy(listing)))

    def answer(self, site, request, reply):
        if self.is_cached:
            reply.headers.update({"Age": str(int(time.monotonic() - self.begun) + 1),
                                  "X-Cache": "HIT", "Via": "1.1 edge"})
        elif site.has_cache:
            reply.headers.update({"X-Cache": "MISS"})
            reply.headers.pop("Age", None)


class TwoVersions(Fault):
    """Two caches behind one name: a share of the answers is `behind` segments old."""

    def __init__(self, behind, share=0.5, has_age=True, **where):
        super().__init__(kinds=("playlist",), share=share, **where)
        self.behind, self.has_age = behind, has_age

    async def listing(self, site, request, listing):
        wanted = listing.rows[-1].number - self.behind
        while len(listing.rows) > 1 and listing.rows[-1].number > wanted:
            listing.rows.pop()

    def answer(self, site, request, reply):
        if self.has_age:
            reply.headers.update({"Age": str(self.behind * SEGMENT_S), "X-Cache": "HIT",
                                  "Via": "1.1 edge"})


class Window(Fault):
    """Only so many segments are listed."""

    def __init__(self, count, **where):
        super().__init__(kinds=("playlist",), **where)
        self.count = count

    async def listing(self, site, request, listing):
        listing.keep_last(self.count)


class Sequence(Fault):
    """The media sequence is another: begins anew at `begin`, or jumps by `jump`."""

    def __init__(self, begin=None, jump=0, **where):
        super().__init__(kinds=("playlist",), **where)
        self.first, self.jump, self.starts = begin, jump, {}

    async def listing(self, site, request, listing):
        if self.first is None:
            listing.sequence += self.jump
            return
        start = self.starts.setdefault(request.rung, listing.rows[-1].number)
        while listing.rows and listing.rows[0].number < start:
            listing.drop_first(1)
        listing.sequence = self.first + max(0, listing.rows[0].number - start)


class Dates(Fault):
    """Program dates are off by `seconds`: those of new segments, or of all."""

    def __init__(self, seconds, is_rewritten=False, **where):
        super().__init__(kinds=("playlist",), **where)
        self.seconds, self.is_rewritten = seconds, is_rewritten

    async def listing(self, site, request, listing):
        edge = self.edges.get(request.rung, -1)
        for row in listing.rows:
            if self.is_rewritten or row.number > edge:
                row.date += datetime.timedelta(seconds=self.seconds)


class Ended(Fault):
    """ENDLIST, and nothing more; after a while no playlist at all."""

    def __init__(self, gone_after_s=None, status=404, **where):
        super().__init__(kinds=("playlist", "master"), **where)
        self.gone_after_s, self.status, self.kept = gone_after_s, status, {}

    async def listing(self, site, request, listing):
        listing = copy.deepcopy(self.kept.setdefault(request.rung, copy.deepcopy(listing)))
        listing.is_ended = True
        return listing

    def answer(self, site, request, reply):
        if self.gone_after_s is not None and time.monotonic() - self.begun > self.gone_after_s:
            reply.status, reply.body = self.status, b""


class TargetDuration(Fault):
    def __init__(self, seconds, **where):
        super().__init__(kinds=("playlist",), **where)
        self.seconds = seconds

    async def listing(self, site, request, listing):
        listing.target = self.seconds


class Restart(Fault):
    """The encoder was restarted: after `gap_s` come the segments of another one, whose time stamps
    begin elsewhere. Numbers begin anew at 0, or go on."""

    def __init__(self, gap_s=0.0, begins_anew=True, is_announced=False, keeps_old=False, **where):
        super().__init__(**where)
        self.gap_s, self.begins_anew, self.is_announced = gap_s, begins_anew, is_announced
        self.keeps_old = keeps_old
        self.last, self.start = {}, {}

    async def listing(self, site, request, listing):
        last = self.last.setdefault(request.rung, copy.deepcopy(listing))
        if time.monotonic() - self.begun < self.gap_s:
            return copy.deepcopy(last)
        fresh = await site.listing(request.rung, folder="late")
        if fresh is None:
            return copy.deepcopy(last)
        start = self.start.setdefault("all", fresh.rows[-1].number - 1)
        while fresh.rows and fresh.rows[0].number < start:
            fresh.drop_first(1)
        if not fresh.rows:
            return copy.deepcopy(last)
        for row in fresh.rows:
            row.uri = "late" + row.uri  # told apart from the others by path()
            row.uri = row.uri.replace("late" + request.rung, request.rung + "-late")
        if self.begins_anew:
            fresh.sequence = fresh.rows[0].number - start
        else:
            fresh.sequence = last.sequence + len(last.rows) + fresh.rows[0].number - start
            if fresh.rows[0].number == start and self.keeps_old:
                fresh.rows = copy.deepcopy(last.rows[-4:]) + fresh.rows
                fresh.sequence -= min(4, len(last.rows))
        if self.is_announced:
            for row in fresh.rows:
                if row.uri.endswith(f"-{start}.ts") and "late" in row.uri:
                    row.tags.append("#EXT-X-DISCONTINUITY")
            fresh.discontinuity = 0 if fresh.rows[0].number <= start else 1
        return fresh

    def path(self, site, request, path):
        if "-late-" in path:
            return path.replace("ts/", "late/").replace("-late-", "-")
        return None


class Text(Fault):
    """The text of a playlist is changed."""

    def __init__(self, change, kinds=("playlist",), **where):
        super().__init__(kinds=kinds, **where)
        self.change = change

    def answer(self, site, request, reply):
        if reply.status == 200:
            reply.body = self.change(reply.body.decode()).encode()


# ---- segments ----

class Late(Fault):
    """New segments are listed before they are there: 404 for `seconds`, then 200."""

    def __init__(self, seconds, is_cached=False, **where):
        super().__init__(kinds=("segment",), **where)
        self.seconds, self.is_cached, self.chosen = seconds, is_cached, {}

    def concerns(self, site, request):
        if request.kind != "segment" or not self.is_after(request):
            return False
        if self.rungs is not None and request.rung not in self.rungs:
            return False
        key = (request.rung, request.number)  # one decision for all tries
        return self.chosen.setdefault(key, self.random.random() < self.share)

    def answer(self, site, request, reply):
        listed = site.listed.get((request.rung, request.number), 0)
        if time.monotonic() - listed >= self.seconds:
            return
        reply.status, reply.body = 404, b""
        if self.is_cached:
            reply.headers.update({"Age": "1", "X-Cache": "HIT", "Via": "1.1 edge"})


class Never(Fault):
    """New segments are listed and do not exist."""

    def __init__(self, status=404, **where):
        super().__init__(kinds=("segment",), **where)
        self.status = status

    def answer(self, site, request, reply):
        if self.is_after(request):
            reply.status, reply.body = self.status, b""


class GoneEarly(Fault):
    """The oldest listed segments are gone already."""

    def __init__(self, places, **where):
        super().__init__(kinds=("playlist", "segment"), **where)
        self.places, self.first = places, {}

    async def listing(self, site, request, listing):
        self.first[request.rung] = listing.rows[0].number

    def answer(self, site, request, reply):
        first = self.first.get(request.rung)
        if request.kind == "segment" and first is not None and request.number < first + self.places:
            reply.status, reply.body = 404, b""


class Content(Fault):
    """Another picture or sound, from the next segment on."""

    def __init__(self, content, **where):
        super().__init__(kinds=("segment",), **where)
        self.content = content

    def path(self, site, request, path):
        return path.replace("-plain-", f"-{self.content}-") if self.is_after(request) else None


class Corrupt(Fault):
    """Transport stream packets overwritten (`share_of_packets`), or everything."""

    def __init__(self, packets=0.3, **where):
        super().__init__(kinds=("segment",), **where)
        self.packets = packets

    def answer(self, site, request, reply):
        if not self.is_after(request) or reply.status != 200:
            return
        body = bytearray(reply.body)
        for at in range(0, len(body), 188):
            if self.random.random() < self.packets:
                body[at:at + 188] = self.random.randbytes(len(body[at:at + 188]))
        reply.body = bytes(body)


class Truncate(Fault):
    """The connection ends in the middle of the body."""

    def answer(self, site, request, reply):
        if reply.status == 200 and len(reply.body) > 1000:
            reply.headers["Content-Length"] = str(len(reply.body))
            reply.cut = len(reply.body) // 2
