"""demo.py - a program that the desk takes for `understudy run`: it only says where a stream is."""

import os
import tempfile
import time

import desk

SCRIPT = """#!/usr/bin/env python3
import json, os, signal, sys
status = next(word.split('=', 1)[1] for word in sys.argv if word.startswith('--status-file='))
assert sys.argv[1:3] == ['run', '--config'] and os.path.exists(sys.argv[3]), sys.argv
with open({log!r}, 'a') as log:
    print(os.getpid(), file=log)
{middle}
with open(status + '.new', 'w') as out:
    json.dump({{'roles': [], 'urls': {{'viewer': {viewer!r}}}}}, out)
os.rename(status + '.new', status)
signal.pause()
"""


class Demo:
    """@middle: what it does before it says that it is there."""

    def __init__(self, origin, middle=''):
        self.folder = tempfile.TemporaryDirectory(prefix='understudy-demo-')
        self.program = os.path.join(self.folder.name, 'understudy')
        self.log = os.path.join(self.folder.name, 'log')
        viewer = origin.url('hls/index').replace('127.0.0.1', 'localhost')
        with open(self.program, 'w', encoding='utf-8') as out:
            out.write(SCRIPT.format(log=self.log, middle=middle, viewer=viewer))
        os.chmod(self.program, 0o755)

    @property
    def pids(self):
        """Of all that were started, in their order."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding='utf-8') as log:
            return [int(line) for line in log if line.endswith('\n')]

    def await_end(self, pid):
        until = time.monotonic() + desk.WATCHDOG_S
        while is_alive(pid):
            assert time.monotonic() < until, f'{pid} still runs'
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


def is_alive(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as stat:
            return stat.read().rsplit(') ', 1)[1][0] not in 'ZX'
    except (FileNotFoundError, ProcessLookupError):
        return False
