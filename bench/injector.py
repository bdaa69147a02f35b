"""injector.py - a server of real HLS that can be made ill in every way that one machine can produce.

An Injector is one asyncio loop in a thread. Each Site on it is a stream with an address of its own:
its files come from a Source (diagnosis_material.py) by way of nginx, or from the switcher of our own
chain (diagnosis_chain.py), as a CDN gets them from an origin, and every answer passes the faults that
are active at the moment (injector_faults.py). A site that is well is not perfect: answers take a while,
segments are listed a little late, one request in some hundred fails.

Standard library only.
"""

import asyncio
import collections
import dataclasses
import datetime
import hashlib
import random
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

import diagnosis_material as material

PLAYLIST_S = 0.2  # for how long an answer of the source is good
MAX_KEPT = 800  # segments of the source
OWN_FOLDER, OWN_PLAYLIST = "hls/", "hls/index.m3u8"  # where viewers of our own chain go
TYPES = {"m3u8": "application/vnd.apple.mpegurl", "ts": "video/mp2t", "m4s": "video/mp4",
         "mp4": "video/mp4"}
REASONS = {200: "OK", 304: "Not Modified", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           410: "Gone", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
           503: "Service Unavailable", 504: "Gateway Timeout"}


# ---- playlists ----

@dataclasses.dataclass
class Row:
    duration: float
    date: datetime.datetime
    uri: str
    tags: list

    @property
    def number(self):
        """Of the file, whatever the media sequence says."""
        return material.number_of(self.uri)


class Listing:
    """A media playlist as far as faults change it."""

    def __init__(self, text):
        self.head, self.rows, self.sequence, self.target = [], [], 0, 0
        self.is_ended, self.discontinuity = False, None
        duration, date, tags = None, None, []
        for line in text.splitlines():
            if line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
                self.sequence = int(line.split(":")[1])
            elif line.startswith("#EXT-X-DISCONTINUITY-SEQUENCE:"):
                self.discontinuity = int(line.split(":")[1])
            elif line.startswith("#EXT-X-TARGETDURATION:"):
                self.target = int(line.split(":")[1])
            elif line.startswith("#EXTINF:"):
                duration = float(line.split(":")[1].split(",")[0])
            elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
                date = datetime.datetime.strptime(line.split(":", 1)[1], "%Y-%m-%dT%H:%M:%S.%f%z")
            elif line == "#EXT-X-ENDLIST":
                self.is_ended = True
            elif line.startswith("#") and (duration is not None or line == "#EXT-X-DISCONTINUITY"):
                tags.append(line)
            elif line.startswith("#"):
                self.head.append(line)
            elif line:
                self.rows.append(Row(duration, date, line, tags))
                duration, date, tags = None, None, []

    def keep_last(self, count):
        self.drop_first(max(0, len(self.rows) - count))

    def drop_first(self, count):
        self.rows = self.rows[count:]
        self.sequence += count

    def render(self):
        lines = [*self.head,f"#EXT-X-TARGETDURATION:{self.target}", f"#EXT-X-MEDIA-SEQUENCE:{self.sequence}"]
        if self.discontinuity is not None:
            lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{self.discontinuity}")
        for row in self.rows:
            lines += row.tags
            lines.append(f"#EXTINF:{row.duration:.6f},")
            if row.date is not None:
                lines.append("#EXT-X-PROGRAM-DATE-TIME:"
                             + row.date.isoformat(timespec="milliseconds"))
            lines.append(row.uri)
        if self.is_ended:
            lines.append("#EXT-X-ENDLIST")
        return "\n".join(lines) + "\n"


@dataclasses.dataclass
class Request:
    kind: str  # master, playlist, segment
    rung: str
    uri: str  # the last part of the path
    headers: dict
    address: str  # of the site that was asked
    is_first: bool = False  # on its connection

    @property
    def number(self):
        return material.number_of(self.uri) if self.kind == "segment" else None


@dataclasses.dataclass
class Reply:
    status: int
    body: bytes
    headers: dict
    delay_s: float = 0.0  # before the first byte
    rate: float = 0.0  # bytes per second of the body; 0: as fast as it goes
    cut: int = -1  # after so many bytes of the body the connection ends
    action: str = ""  # reset, hang, close: instead of an answer


# ---- the source ----

class Fetcher:
    """What the source has, asked for once."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.kept = collections.OrderedDict()  # path -> (status, body, when)
        self.under_way = {}

    async def get(self, path):
        kept = self.kept.get(path)
        if kept and (not path.endswith(".m3u8") or time.monotonic() - kept[2] < PLAYLIST_S):
            return kept[:2]
        if path not in self.under_way:
            self.under_way[path] = asyncio.ensure_future(self._fetch(path))
        return await asyncio.shield(self.under_way[path])

    async def _fetch(self, path):
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
            writer.write(f"GET /{path} HTTP/1.1\r\nHost: source\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
            writer.close()
            status = int(head.split()[1])
        except (OSError, IndexError, ValueError):
            status, body = 502, b""
        finally:
            self.under_way.pop(path, None)
        if status == 200:
            self.kept[path] = (status, body, time.monotonic())
            self.kept.move_to_end(path)
            while len(self.kept) > MAX_KEPT:
                self.kept.popitem(last=False)
        return status, body


# ---- sites ----

class NotHttp(Exception):
    """Something else is spoken here."""


class Site:
    """One stream. `kind`: ts (three renditions), twice (each of them at a second host as well), fmp4
    (two, and sound), lone (a media playlist), own (the same, of our own chain)."""

    def __init__(self, injector, name, addresses, port, kind="ts", has_cache=False, seed=0,
                 tls=None, query="", twin=None):
        self.injector, self.name, self.addresses, self.port = injector, name, addresses, port
        self.kind, self.has_cache, self.tls = kind, has_cache, tls
        self.random = random.Random(seed)
        self.query, self.twin = query, twin  # the second host's name
        self.faults, self.servers, self.writers = [], {}, set()
        self.listed = {}  # (rung, number) -> when first listed
        self.edges = {}  # rung -> the newest number listed
        self.n_requests = 0
        self.sickness = 0.0015  # share of requests that fail though all is well
        self.habits = {}  # headers that are always so; None: left out

    @property
    def path(self):
        return "/live/" + ("top.m3u8" if self.kind in ("lone", "own") else "master.m3u8") + self.query

    @property
    def folder(self):
        return "fmp4" if self.kind == "fmp4" else "ts"

    # -- listening --

    async def listen(self, addresses=None):
        for address in addresses or self.addresses:
            if address not in self.servers:
                self.servers[address] = await asyncio.start_server(
                    lambda reader, writer, address=address: self._serve(reader, writer, address),
                    address, self.port, ssl=self.tls, backlog=64)

    async def stop_listening(self, addresses=None):
        for address in addresses or list(self.servers):
            server = self.servers.pop(address, None)
            if server is not None:
                server.close()
        self.drop_connections(addresses)

    def drop_connections(self, addresses=None):
        for writer, address in list(self.writers):
            if addresses is None or address in addresses:
                writer.transport.abort()

    # -- serving --

    async def _serve(self, reader, writer, address):
        entry = (writer, address)
        self.writers.add(entry)
        try:
            is_first = True
            while await self._serve_one(reader, writer, address, is_first):
                is_first = False
        except NotHttp:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            self.writers.discard(entry)
        writer.transport.abort()

    async def _serve_one(self, reader, writer, address, is_first):
        first = await reader.readexactly(1)
        if first not in b"GH":  # of GET and HEAD; what speaks TLS is told so
            raise NotHttp
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        target = head[0].split(" ")[1]
        headers = {name.strip().lower(): value.strip()
                   for name, _, value in (line.partition(":") for line in head[1:]) if name}
        uri = urllib.parse.urlsplit(target).path.rsplit("/", 1)[-1]
        kind = "segment" if not uri.endswith(".m3u8") else \
            "master" if uri == "master.m3u8" else "playlist"
        request = Request(kind, re.split(r"[-.]", uri)[0], uri, headers, address, is_first)
        self.n_requests += 1
        reply = await self._answer(request)
        if reply.action == "hang":
            await reader.read(-1)  # until the other one gives up
            return False
        if reply.action:
            if reply.action == "reset":
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
            return False
        await self._write(writer, reply, target)
        return reply.cut < 0

    async def _write(self, writer, reply, target):
        if reply.delay_s > 0:
            await asyncio.sleep(reply.delay_s)
        reply.headers.setdefault("Content-Length", str(len(reply.body)))
        lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Other')}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        body = reply.body if reply.cut < 0 else reply.body[:reply.cut]
        if reply.rate <= 0:
            writer.write(body)
            await writer.drain()
            return
        step = max(1, int(reply.rate / 10))
        for at in range(0, len(body), step):
            writer.write(body[at:at + step])
            await writer.drain()
            await asyncio.sleep(len(body[at:at + step]) / reply.rate)

    # -- answers --

    async def _answer(self, request):
        faults = [fault for fault in self.faults if fault.concerns(self, request)]
        if request.kind == "master":
            text = self.injector.source.master(self.kind, self.twin)
            reply = self._reply(request, 200, text.encode())
        elif request.kind == "playlist":
            reply = await self._playlist(request, faults)
        else:
            reply = await self._segment(request, faults)
        reply.delay_s += self._usual_delay()
        if self.random.random() < self.sickness:
            reply = Reply(503, b"", {})
        for fault in faults:
            fault.answer(self, request, reply)
        return self._validate(request, reply)

    def _usual_delay(self):
        chance = self.random.random()
        return 0.12 + 0.2 * self.random.random() if chance < 0.01 else 0.004 + 0.03 * chance

    def _validate(self, request, reply):
        """304 for what the other one has already."""
        if reply.action or reply.status != 200 or request.kind == "segment" or reply.cut >= 0:
            return reply
        tag = f'"{hashlib.md5(reply.body).hexdigest()[:16]}"'
        reply.headers["ETag"] = tag
        if request.headers.get("if-none-match") == tag:
            reply.status, reply.body = 304, b""
            reply.headers.pop("Content-Length", None)
        return reply

    def _reply(self, request, status, body):
        headers = {"Content-Type": TYPES.get(request.uri.rsplit(".", 1)[-1], "text/plain"),
                   "Access-Control-Allow-Origin": "*"}
        if request.kind != "segment":
            headers["Cache-Control"] = "max-age=1"
            headers.update(self.habits)
            headers = {name: value for name, value in headers.items() if value is not None}
        if self.has_cache:
            is_hit = self.random.random() < 0.5
            headers["Via"] = "1.1 edge"
            headers["X-Cache"] = "HIT" if is_hit else "MISS"
            if is_hit:
                headers["Age"] = str(self.random.choice((0, 0, 1)) if request.kind != "segment"
                                     else self.random.randrange(1, 4))
        return Reply(status, body, headers)

    async def listing(self, rung, kind="plain", folder=None):
        """Of the source as it is now; None: not had."""
        if self.kind == "own":
            return await self._own_listing(rung)
        folder = folder or self.folder
        name = rung if folder == "fmp4" else f"{rung}-{kind}"
        status, body = await self.injector.fetcher.get(f"{folder}/{name}.m3u8")
        return Listing(body.decode()) if status == 200 else None

    async def _own_listing(self, rung):
        status, body = await self.injector.own.get(OWN_PLAYLIST)
        if status != 200:
            return None
        listing = Listing(body.decode())
        for row in listing.rows:
            row.uri = f"{rung}-{row.uri}"  # names have their rung first
        return listing

    async def _playlist(self, request, faults):
        listing = await self.listing(request.rung)
        if listing is None:
            return Reply(502, b"", {})
        self._hold_back(request.rung, listing)
        for fault in faults:
            listing = await fault.listing(self, request, listing) or listing
        now = time.monotonic()
        for row in listing.rows:
            self.listed.setdefault((request.rung, row.number), now)
        if listing.rows:
            self.edges[request.rung] = listing.rows[-1].number
        return self._reply(request, 200, listing.render().encode())

    def _hold_back(self, rung, listing):
        """The newest segment appears up to 0.4 s late, differently each time."""
        while len(listing.rows) > 2:
            row = listing.rows[-1]
            shade = int(hashlib.md5(f"{self.name}{rung}{row.number}".encode()).hexdigest()[:4], 16)
            due = row.date.timestamp() + row.duration + 0.4 * shade / 65536
            if due <= time.time():
                return
            listing.rows.pop()

    async def _segment(self, request, faults):
        if self.kind == "own":
            fetcher, path = self.injector.own, OWN_FOLDER + request.uri.partition("-")[2]
        else:
            fetcher, path = self.injector.fetcher, f"{self.folder}/{request.uri}"
        for fault in faults:
            path = fault.path(self, request, path) or path
        status, body = await fetcher.get(path)
        return self._reply(request, status, body)


class Injector:
    """All sites, in a loop of their own; a context manager. Calls from other threads wait. `own`:
    where our own chain is, or None."""

    def __init__(self, source, own=None):
        self.source = source
        self.fetcher = Fetcher(source.url)
        self.own = Fetcher(own) if own else None
        self.sites = {}
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name="injector", daemon=True)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(lambda loop, context: None)  # connections that were cut
        self.loop.run_forever()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        for site in list(self.sites.values()):
            self.call(site.stop_listening())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def call(self, coroutine, timeout_s=20):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout_s)

    def add(self, name, addresses, port, **settings):
        site = Site(self, name, addresses, port, **settings)
        self.sites[name] = site
        self.call(site.listen())
        return site

    def remove(self, name):
        site = self.sites.pop(name)
        self.call(site.stop_listening())

    def begin(self, site, *faults):
        for fault in faults:
            self.call(fault.begin(site))
            site.faults.append(fault)

    def end(self, site, *faults):
        for fault in faults:
            if fault in site.faults:
                site.faults.remove(fault)
            self.call(fault.end(site))


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
