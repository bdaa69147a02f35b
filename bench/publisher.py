"""publisher.py - a small RTMP publisher that knows when each key frame left.

It sends an FLV file in a loop and in real time, every message in one write, and notes the moment
before each video key frame was written. Shares no code with the program that is measured.
"""

import pathlib
import socket
import struct
import subprocess
import threading
import time

from measure import chain

CHUNK = 65536
AUDIO, VIDEO, COMMAND = 8, 9, 20


def make_flv(source):
    """The same file as FLV, and its tags: [(kind, milliseconds, bytes)], without meta data."""
    path = pathlib.Path(source).with_suffix(".flv")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source, "-c", "copy",
                    "-flvflags", "no_duration_filesize", str(path)], check=True)
    data, tags, at = path.read_bytes(), [], 13
    while at + 11 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1:at + 4], "big")
        stamp = int.from_bytes(data[at + 4:at + 7], "big") | data[at + 7] << 24
        is_end = kind == VIDEO and data[at + 12] == 2  # end of sequence: the loop goes on
        if kind in (AUDIO, VIDEO) and not is_end:
            tags.append((kind, stamp, data[at + 11:at + 11 + size]))
        at += 11 + size + 4
    return tags


def is_header(kind, body):
    """AVC or AAC sequence header: AVCPacketType or AACPacketType 0 (FLV 1.0 annex E.4)."""
    return body[1] == 0


def is_keyframe(kind, body):
    return kind == VIDEO and body[0] >> 4 == 1 and not is_header(kind, body)


def amf(*values):
    """AMF0 of numbers, texts, None, and flat objects."""
    out = b""
    for value in values:
        if isinstance(value, dict):
            inner = b"".join(struct.pack(">H", len(k)) + k.encode() + amf(v) for k, v in value.items())
            out += b"\x03" + inner + b"\x00\x00\x09"
        elif isinstance(value, str):
            out += b"\x02" + struct.pack(">H", len(value)) + value.encode()
        elif value is None:
            out += b"\x05"
        else:
            out += b"\x00" + struct.pack(">d", value)
    return out


def message(kind, stream_id, stamp, body, channel=4):
    """One message as chunks with a full header (RTMP 1.0 5.3.1)."""
    extended = struct.pack(">I", stamp) if stamp >= 0xFFFFFF else b""
    head = bytes([channel]) + min(stamp, 0xFFFFFF).to_bytes(3, "big") + len(body).to_bytes(3, "big") \
        + bytes([kind]) + struct.pack("<I", stream_id) + extended
    pieces = [body[i:i + CHUNK] for i in range(0, len(body), CHUNK)] or [b""]
    return head + (bytes([0xC0 | channel]) + extended).join(pieces)


class Publisher:
    """Publishes `tags` to rtmp://host:port/app/key from a thread of its own until stop().

    keyframes: the monotonic time of every key frame in order, from the first."""

    def __init__(self, url, tags):
        host, self.app, self.key = url.split("//")[1].split("/")
        self.tags, self.keyframes, self.error = tags, [], None
        name, port = host.rsplit(":", 1)
        self.socket = socket.create_connection((name, int(port)), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._drain, daemon=True),
                         threading.Thread(target=self._send, daemon=True)]
        for thread in self._threads:
            thread.start()

    def _open(self):
        self.socket.sendall(b"\x03" + bytes(1536))
        answer = self._exactly(1 + 1536 + 1536)
        self.socket.sendall(answer[1:1537])
        address = f"rtmp://127.0.0.1/{self.app}"
        self.socket.sendall(
            message(1, 0, 0, struct.pack(">I", CHUNK), 2)
            + message(COMMAND, 0, 0, amf("connect", 1, {"app": self.app, "tcUrl": address}), 3))
        self._until(b"NetConnection.Connect.Success")
        self.socket.sendall(message(COMMAND, 0, 0, amf("createStream", 2, None), 3))
        self._until(b"_result")
        self.socket.sendall(message(COMMAND, 1, 0, amf("publish", 3, None, self.key, "live"), 3))
        self._until(b"NetStream.Publish.Start")

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("the ingest closed the connection")
            data += piece
        return data

    def _until(self, word):
        data = b""
        while word not in data:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError(f"no {word.decode()} from the ingest")
            data += piece

    def _drain(self):
        try:
            while self.socket.recv(65536):
                pass
        except OSError:
            pass

    def _send(self):
        # One loop lasts from the first picture to the end of the last one.
        stamps = [stamp for kind, stamp, body in self.tags if kind == VIDEO and not is_header(kind, body)]
        loop_ms = stamps[-1] - stamps[0] + round((stamps[-1] - stamps[0]) / (len(stamps) - 1))
        start, offset = time.monotonic(), 0
        try:
            while not self._stopped.is_set():
                for kind, stamp, body in self.tags:
                    if offset and is_header(kind, body):
                        continue
                    due = start + (offset + stamp) / 1000
                    if self._stopped.wait(max(0, due - time.monotonic())):
                        return
                    data = message(kind, 1, offset + stamp, body, 6 if kind == VIDEO else 4)
                    before = time.monotonic()
                    self.socket.sendall(data)
                    if is_keyframe(kind, body):
                        self.keyframes.append(before)
                offset += loop_ms
        except OSError as error:
            self.error = error

    def stop(self):
        self._stopped.set()
        self._threads[1].join()
        self.socket.close()

    def wait_keyframe(self, count):
        """Waits until so many key frames were sent; returns when the last of them left."""
        chain.wait_for(f"key frame {count}", lambda: self.error or len(self.keyframes) >= count)
        if self.error:
            raise chain.Failure(f"the publisher's connection broke: {self.error}")
        return self.keyframes[count - 1]
