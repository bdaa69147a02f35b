"""rtmp.py - an RTMP publisher that does what it is told, also what no encoder should do.

Standard library only; shares no code with the program under test. A Publisher is one connection
with one stream; send() takes any time stamp for any bytes. Tags of a real file come from tags_of(),
or from enhanced_tags_of() as Enhanced RTMP has them, which ffmpeg 5 and 7 do not or only in part.
"""

import json
import pathlib
import socket
import struct
import subprocess
import time

AUDIO, VIDEO, COMMAND = 8, 9, 20
FOURCC = {"h264": b"avc1", "hevc": b"hvc1", "av1": b"av01", "vp9": b"vp09", "aac": b"mp4a",
          "opus": b"Opus", "ac3": b"ac-3", "eac3": b"ec-3", "flac": b"fLaC"}
CONFIG, FRAME, FRAME_X = 0, 1, 3  # packet types
CHUNK = 65536


def tags_of(path):
    """[(kind, milliseconds, body)] of a file that ffmpeg can read, as FLV says it."""
    data = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(pathlib.Path(path)), "-c", "copy",
         "-flvflags", "no_duration_filesize+no_sequence_end", "-f", "flv", "-"],
        check=True, capture_output=True).stdout
    tags, at = [], 13
    while at + 11 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1:at + 4], "big")
        stamp = int.from_bytes(data[at + 4:at + 7], "big") | data[at + 7] << 24
        if kind in (AUDIO, VIDEO):
            tags.append((kind, stamp, data[at + 11:at + 11 + size]))
        at += 11 + size + 4
    return tags


def _probe(path, *what):
    return json.loads(subprocess.run(["ffprobe", "-v", "error", "-of", "json", *what, str(path)],
                                     check=True, capture_output=True).stdout)


def _hexdump(text):
    """The bytes of ffprobe's -show_data."""
    return bytes.fromhex("".join("".join(line.split(":", 1)[1].split("  ")[0].split())
                                 for line in text.splitlines() if ":" in line))


def enhanced(kind, codec, packet, data, is_key=True, composition_ms=0):
    """The body of a message with an Enhanced RTMP header (v2, "ExVideoTagHeader")."""
    if kind == AUDIO:
        return bytes([0x90 | packet]) + FOURCC[codec] + data
    head = bytes([(0x90 if is_key else 0xA0) | packet]) + FOURCC[codec]
    if packet == FRAME and codec in ("h264", "hevc"):
        head += (composition_ms & 0xFFFFFF).to_bytes(3, "big")
    return head + data


def enhanced_tags_of(path, seconds):
    """The same of an MP4 file, all of it as Enhanced RTMP; pictures and sound by their place in it.
    Of each track just so much that it can be looped without a seam: encoders add a frame of sound."""
    file = pathlib.Path(path).read_bytes()
    probe = _probe(path, "-show_data", "-show_entries", "stream=index,codec_name,codec_type,extradata:"
                   "packet=stream_index,pts_time,dts_time,pos,size,flags")
    streams = {s["index"]: (VIDEO if s["codec_type"] == "video" else AUDIO, s["codec_name"])
               for s in probe["streams"]}
    tags = [(streams[s["index"]][0], 0,
             enhanced(*streams[s["index"]], CONFIG, _hexdump(s["extradata"])))
            for s in probe["streams"] if s.get("extradata")]
    packets = [(float(p["dts_time"]), p) for p in probe["packets"]]
    first = min(dts for dts, _ in packets)
    starts = {index: min(dts for dts, p in packets if p["stream_index"] == index) for index in streams}
    for dts, p in sorted(packets, key=lambda one: one[0]):
        kind, codec = streams[p["stream_index"]]
        if dts - starts[p["stream_index"]] > seconds - 0.001:
            continue
        at, size = int(p["pos"]), int(p["size"])
        stamp, shown = round((dts - first) * 1000), round((float(p["pts_time"]) - first) * 1000)
        packet = FRAME if kind == AUDIO or shown != stamp or codec not in ("h264", "hevc") else FRAME_X
        tags.append((kind, stamp, enhanced(kind, codec, packet, file[at:at + size],
                                           "K" in p["flags"], shown - stamp)))
    return tags


def is_header(tag):
    """A sequence header: packet type 0 (FLV 1.0, E.4; Enhanced RTMP)."""
    kind, _, body = tag
    if body[0] & 0x80 if kind == VIDEO else body[0] >> 4 == 9:
        return body[0] & 0x0F == CONFIG
    return (kind == VIDEO or body[0] >> 4 == 10) and body[1] == 0


def loop(tags, length=None):
    """The tags over and over, on one growing timeline, headers once. length: of a round, in ms."""
    yield from (tag for tag in tags if is_header(tag))
    media = [tag for tag in tags if not is_header(tag)]
    length = length or max(stamp for _, stamp, _ in media) + 33
    base = 0
    while True:
        yield from ((kind, base + stamp, body) for kind, stamp, body in media)
        base += length


def _text(value):
    return b"\x02" + struct.pack(">H", len(value)) + value.encode()


def _number(value):
    return b"\x00" + struct.pack(">d", value)


class Publisher:
    """publish_url: as Chain.publish_url() says it. Raises OSError when refused. connect: AMF0 members
    of the object of connect, beside app."""

    def __init__(self, publish_url, limit_s=20, connect=b""):
        host, app, key = publish_url.split("//")[1].split("/")
        address, port = host.split(":")
        self.sock = socket.create_connection((address, int(port)), timeout=limit_s)
        self.port = self.sock.getsockname()[1]
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(b"\x03" + bytes(1536))
        reply = self._read(1 + 1536 + 1536)
        self.sock.sendall(reply[1:1537])
        self._message(2, 1, 0, struct.pack(">I", CHUNK), 0)
        properties = b"\x03\x00\x03app" + _text(app) + connect + b"\x00\x00\x09"
        self._command(0, _text("connect") + _number(1) + properties)
        self._command(0, _text("createStream") + _number(2) + b"\x05")
        self._command(1, _text("publish") + _number(3) + b"\x05" + _text(key) + _text("live"))
        self.answer = self._wait_for(b"NetStream.Publish.")

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise ConnectionResetError("closed by the server")
            data += part
        return data

    def _wait_for(self, word):
        said = b""
        while word not in said or len(said) - said.index(word) < len(word) + 12:
            part = self.sock.recv(4096)
            if not part:
                raise ConnectionResetError("closed by the server")
            said += part
        begin = said.index(word)
        return said[begin:begin + len(word) + 12]

    def _command(self, stream, body):
        self._message(3, COMMAND, stream, body, 0)

    def _message(self, chunk_stream, kind, stream, body, stamp):
        """One chunk with a full header; no body here is larger than CHUNK, except key frames."""
        extended = stamp >= 0xFFFFFF
        header = bytes([chunk_stream]) + min(stamp, 0xFFFFFF).to_bytes(3, "big")
        header += len(body).to_bytes(3, "big") + bytes([kind]) + struct.pack("<I", stream)
        tail = struct.pack(">I", stamp) if extended else b""
        data = header + tail + body[:CHUNK]
        for at in range(CHUNK, len(body), CHUNK):
            data += bytes([0xC0 | chunk_stream]) + tail + body[at:at + CHUNK]
        self.sock.sendall(data)

    def send(self, kind, stamp, body):
        self._message(6 if kind == VIDEO else 4, kind, 1, body, stamp & 0xFFFFFFFF)

    def play(self, tags, change=lambda stamp: stamp, seconds=None, stop=lambda: False):
        """Sends tags when their own time has come; change() says which stamp they carry."""
        begin = time.monotonic()
        for kind, stamp, body in tags:
            if seconds is not None and stamp >= seconds * 1000 or stop():
                return
            wait = begin + stamp / 1000 - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.send(kind, change(stamp), body)

    def read_to_end(self):
        """What the server still says until it closes."""
        said = b""
        try:
            while part := self.sock.recv(4096):
                said += part
        except ConnectionError:
            pass
        return said

    def close(self):
        self.sock.close()
