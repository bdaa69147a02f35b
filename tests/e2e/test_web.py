#!/usr/bin/env python3
# test-e2e: classes apart
"""test_web.py - the web interface in headless Chromium against running chains.

The tests themselves are in tests/web/*.spec.mjs, since playwright-core and axe-core are programs for
Node.js; each of those files is one class here.
"""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

import chain

FOLDER = chain.ROOT / "tests" / "web"
LIMIT_S = 600  # only a fault takes this long


class Spec:
    """What the classes below share: runs one file."""

    def run_spec(self, name):
        if not (FOLDER / "node_modules").is_dir():
            raise chain.Failure("tests/web/node_modules is missing: scripts/test e2e makes it")
        done = subprocess.run(
            [shutil.which("node") or "node", "--test-reporter=spec", FOLDER / f"{name}.spec.mjs"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=LIMIT_S, check=False, cwd=FOLDER, env=dict(os.environ, UNDERSTUDY_BUILD=str(chain.BUILD)))
        print(done.stdout, flush=True)
        passed = re.search(r"\bpass (\d+)", done.stdout)
        self.assertEqual(done.returncode, 0, name)
        self.assertTrue(passed and int(passed[1]) > 0, f"{name}: no test ran")


class Story(Spec, unittest.TestCase):
    def test_story(self):
        self.run_spec("story")


class Live(Spec, unittest.TestCase):
    def test_live(self):
        self.run_spec("live")


class Desk(Spec, unittest.TestCase):
    def test_desk(self):
        self.run_spec("desk")


if __name__ == "__main__":
    unittest.main()
