#!/usr/bin/env python3
"""The reduced course of bench/diagnosis: every cause once, told right, and nothing of the well ones."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import chain


class Diagnosis(unittest.TestCase):
    def test_every_cause_once(self):
        with tempfile.TemporaryDirectory(prefix="understudy-diagnosis-test-") as folder:
            path = pathlib.Path(folder, "result.json")
            done = subprocess.run(
                [sys.executable, chain.ROOT / "bench" / "diagnosis", "--quick", "--well", "6",
                 "--json", path], capture_output=True, text=True, timeout=600)
            print(done.stderr, done.stdout, flush=True)
            self.assertTrue(path.exists(), "no result")
            result = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual(result["broken_runs"], [])
        self.assertGreaterEqual(result["runs"], 17)
        self.assertEqual(result["wrong"], [])
        self.assertEqual(result["wrong_at_high"], 0)
        self.assertEqual(result["false_incidents"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
