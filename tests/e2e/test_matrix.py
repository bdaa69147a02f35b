#!/usr/bin/env python3
"""Every drill before hls.js in Chromium, ffmpeg and hlsdemux2, for every kind of pair of origins.

Each class is one pair: one chain, one run of all drills, three players that watch the whole time.
What they promise: matrix.py. The table of each run is printed, and kept with all details as
matrix-PAIR.json beside the logs of the tests.
"""
# test-e2e: classes apart

import dataclasses
import json
import threading
import time
import unittest

import audience
import chain
import foreign
import matrix
import numbered


class Pair:
    """Mixed into a TestCase; tests of a name in front of this line would be run for it as well."""
    limits = matrix.IDENTICAL
    biases = ()

    def watch(self, pair, path, arguments, drills=("all",), meanwhile=None):
        with matrix.Rehearsal(path, arguments, drills) as rehearsal:
            switches = matrix.Switches(rehearsal)
            with audience.Audience(rehearsal.announced["viewer"]) as watching:
                if meanwhile:
                    meanwhile()
                rehearsal.wait_done()
                watching.wait_going_on(200)  # beyond what the last drill did to the live edge
                results = rehearsal.results()
            changes = switches.stop()
        records = watching.records()
        rows = matrix.windows(results)
        tables = {record.name: matrix.cells(record, rows) for record in records}
        print(matrix.table_text(pair, results, tables), flush=True)
        print("pairs:", switches.pairs, "painted, dropped by Chromium:", watching.browser.dropped())
        self.keep(pair, results, tables, changes)
        faults = [fault for drill in results for fault in matrix.judge_drill(drill)]
        for record in records:
            for name, cell in tables[record.name].items():
                faults += matrix.judge_cell(name, record.name, cell, self.limits)
        if self.limits.frames_missing:
            gone = [(begin, end) for name, begin, end in rows if name in matrix.SOURCE_GONE]
            faults += matrix.judge_seams(matrix.live_jumps(records[0]), changes, self.biases,
                                         self.limits, gone)
        self.assertGreater(len(results), 0)
        self.assertEqual(faults, [], "\n" + "\n".join(faults))

    @staticmethod
    def keep(pair, results, tables, changes):
        folder = chain.BUILD / "e2e-logs"
        folder.mkdir(parents=True, exist_ok=True)
        cells = {name: {drill: dataclasses.asdict(cell) for drill, cell in table.items()}
                 for name, table in tables.items()}
        with open(folder / f"matrix-{pair}.json", "w", encoding="utf-8") as out:
            json.dump({"pair": pair, "drills": results, "players": cells, "switches": changes}, out,
                      indent=1)


class Twins(Pair, unittest.TestCase):
    def test_all_drills(self):
        self.watch("twins", numbered.material(), ["--pair=twins"])


class Transcoded(Pair, unittest.TestCase):
    def test_all_drills(self):
        self.watch("transcoded", numbered.material(), ["--pair=transcoded"])


class Foreign(Pair, unittest.TestCase):
    limits = matrix.FOREIGN
    copy, pair, drills = False, "foreign", ("all",)

    def test_all_drills(self):
        path = numbered.material() if not self.copy else numbered.material("gop1", gop_s=1.0)
        self.biases = []
        with foreign.Foreign(path, self.copy) as origins:
            arguments = [f"--{name}-url={url}" for name, url in origins.base_urls.items()]
            arguments += [f"--{option}-pid={origins.keepers[name].pid_file}" for option, name in (
                ("primary", "packager-primary"), ("backup", "packager-backup"),
                ("encoder", "encoder"), ("ingest", "ingest"))]
            closing = threading.Event()
            observer = threading.Thread(target=self.measure_dates, args=(origins, closing))
            observer.start()
            try:
                self.watch(self.pair, path, arguments, self.drills)
            finally:
                closing.set()
                observer.join()

    def measure_dates(self, origins, closing):
        """How far each origin's dates run ahead of the pictures, again and again. The pictures' own
        time begins anew with each round of the loop and each encoder: only differences count, and
        only between readings of one moment."""
        while not closing.wait(3):
            try:
                looks = {name: origins.look(name) for name in origins.base_urls}
            except (OSError, ValueError):
                continue
            if None in looks.values():
                continue
            number, date = looks["primary"]
            ahead_s = looks["backup"][1] - date - numbered.step(number, looks["backup"][0]) / numbered.RATE
            self.biases += [(time.monotonic(), "primary", 0.0), (time.monotonic(), "backup", ahead_s)]


class Recognised(Foreign):
    """Both packagers copy the encoder's pictures, so the switcher can know which is which."""
    limits = matrix.RECOGNISED
    copy, pair = True, "foreign-copy"
    drills = ("kill", "freeze", "refuse", "5xx", "frozen-playlist", "clock-step", "flapping-5s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
