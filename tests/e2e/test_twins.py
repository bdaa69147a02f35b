#!/usr/bin/env python3
"""Both origins have the same bytes for every segment, whatever happened to one of them."""

import signal
import time
import unittest

import chain
import viewer

SECONDS = 60
STREAMS = {"gop1": 1.0, "gop2": 2.0, "gop5": 5.0}


class Twins(unittest.TestCase):
    def collect(self, one, held):
        """Fetches what the origins list and is not held yet; {stream: {number: {origin: sha}}}"""
        for stream in STREAMS:
            for origin in ("primary", "backup"):
                url = one.origin_url(origin, stream)
                try:
                    status, body = chain.get(url, 2)
                except OSError:
                    continue  # killed just now
                if status != 200:
                    continue
                lines = body.decode().splitlines()
                number = int(next(line.split(":")[1] for line in lines
                                  if line.startswith("#EXT-X-MEDIA-SEQUENCE")))
                for name in (line for line in lines if not line.startswith("#")):
                    shas = held[stream].setdefault(number, {})
                    if origin not in shas:
                        try:
                            status, segment = chain.get(url.rsplit("/", 1)[0] + "/" + name, 5)
                        except OSError:
                            break
                        self.assertEqual(status, 200, f"{origin} lists {name} and does not have it")
                        shas[origin] = chain.sha256(segment)
                    number += 1

    def test_sixty_seconds_with_two_kills(self):
        held = {stream: {} for stream in STREAMS}
        with chain.Chain() as one:
            for stream, gop_s in STREAMS.items():
                one.ffmpeg_publish(chain.material(stream, gop_s=gop_s, seconds=20), key=stream)
            for stream in STREAMS:
                one.wait_playable(stream)
            begin = time.monotonic()
            kills = [15, 35]
            while time.monotonic() - begin < SECONDS:
                if kills and time.monotonic() - begin > kills[0]:
                    kills.pop(0)
                    one.wait_restarted("packager-backup",
                                       one.signal("packager-backup", signal.SIGKILL))
                self.collect(one, held)
                time.sleep(0.5)  # the pace of a poller, not a wait for anything
            self.assertEqual(kills, [])
            for stream, gop_s in STREAMS.items():
                with self.subTest(stream=stream):
                    numbers = sorted(held[stream])
                    self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)))
                    seconds = max(gop_s, 2.0)
                    self.assertGreaterEqual(len(numbers), int(SECONDS / seconds))
                    both = [n for n in numbers if len(held[stream][n]) == 2]
                    # The newest may be missing on one side at the moment of the last look.
                    self.assertGreaterEqual(len(both), len(numbers) - 2)
                    for number in both:
                        shas = held[stream][number]
                        self.assertEqual(shas["primary"], shas["backup"], f"segment {number}")
                    playlists = {origin: chain.get(one.origin_url(origin, stream))[1]
                                 for origin in ("primary", "backup")}
                    target = f"#EXT-X-TARGETDURATION:{int(seconds)}\n".encode()
                    for origin, playlist in playlists.items():
                        self.assertIn(target, playlist, origin)


if __name__ == "__main__":
    unittest.main(verbosity=2)
