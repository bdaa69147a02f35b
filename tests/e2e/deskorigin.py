"""deskorigin.py - an origin of playlists only, of any number of streams, for tests of the desk.

Each path is a live media playlist that goes on with the monotonic clock, unless a test has put
something else there: a status, a text, or a function that answers. Streams are watched with
segment_share 0, so that one segment is as good as another.
"""

import datetime
import http.server
import subprocess
import threading
import time

import chain

TARGET_S = 1


def second():
    """A segment for whoever wants a picture."""
    return chain.made("second.ts", lambda path: subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=128x72:r=10",
         "-t", str(TARGET_S), "-c:v", "libx264", "-g", "10", str(path)], check=True)).read_bytes()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.origin.answer(self)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # whoever goes away goes away


class Origin:
    """A context manager. `special`: path -> (status, headers, bytes), or a function of the handler."""

    def __init__(self):
        self.special, self.frozen = {}, {}
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.origin = self
        self.began = time.monotonic() - 100
        self.began_wall = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=100)
        self.asked = {}  # path -> requests
        self.lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def freeze(self, path):
        self.frozen[path] = self.playlist()

    def thaw(self, path):
        self.frozen.pop(path, None)

    def playlist(self):
        number = int((time.monotonic() - self.began) / TARGET_S)
        lines = ["#EXTM3U", "#EXT-X-VERSION:6", f"#EXT-X-TARGETDURATION:{TARGET_S}",
                 f"#EXT-X-MEDIA-SEQUENCE:{number - 8}"]
        for each in range(number - 8, number):
            date = self.began_wall + datetime.timedelta(seconds=each * TARGET_S)
            lines += [f"#EXT-X-PROGRAM-DATE-TIME:{date.isoformat(timespec='milliseconds')}",
                      f"#EXTINF:{TARGET_S:.3f},", f"s-{each}.ts"]
        return "\n".join(lines) + "\n"

    def answer(self, handler):
        path = handler.path.split("?")[0]
        with self.lock:
            self.asked[path] = self.asked.get(path, 0) + 1
        special = self.special.get(path)
        if special is None and path.endswith(".ts"):
            special = (200, {"Content-Type": "video/mp2t"}, second())
        if callable(special):
            special = special(handler)
            if special is None:
                return  # it has answered by itself
        if special is None:
            text = self.frozen.get(path) or self.playlist()
            special = (200, {}, text.encode())
        status, headers, body = special
        handler.send_response(status)
        handler.send_header("Content-Type", "application/vnd.apple.mpegurl")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
