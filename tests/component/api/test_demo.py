#!/usr/bin/env python3
"""test_demo.py - something to watch: its chain comes when it is asked for and goes with its stream

Usage: test_demo.py STAGE OPENAPI

The chain is a program that only says where a stream is; tests/e2e/test_desk.py has the real one.
"""
import http.client
import os
import signal
import sys
import tempfile
import threading
import time

import demo
import desk


def comes_and_goes(program, path):
    contract = desk.Contract(path)
    with desk.Origin() as origin, demo.Demo(origin) as chain:
        with desk.Desk(program, '--demo', chain.program) as one:
            def ask(method, path, where=None, **more):
                return contract.check(method, path, one.ask(method, where or path, **more))
            added = ask('post', '/api/demo')
            stream = added.json
            assert added.status == 201 and added.headers['location'] == '/api/streams/' + stream['id']
            assert stream['name'] == 'Demo stream' and not stream['is_own'] and stream['chain'] is None
            assert stream['manifest_url'] == origin.url('hls/index')  # never localhost
            again = ask('post', '/api/demo', body={})
            assert again.status == 200 and again.json['id'] == stream['id'] and len(chain.pids) == 1

            # A chain that dies leaves its stream, and the next one takes it over.
            os.kill(chain.pids[0], signal.SIGKILL)
            until = time.monotonic() + desk.WATCHDOG_S
            while len(chain.pids) == 1:  # until the desk has heard of it
                assert time.monotonic() < until
                assert ask('post', '/api/demo').json['id'] == stream['id']
            assert sum(s['name'] == 'Demo stream' for s in one.ask('get', '/api/streams').json) == 1

            assert ask('delete', '/api/streams/{id}', '/api/streams/' + stream['id']).status == 200
            chain.await_end(chain.pids[1])
            assert ask('post', '/api/demo').status == 201 and len(chain.pids) == 3
        chain.await_end(chain.pids[2])  # with its desk


def many_ask(program, _):
    with desk.Origin() as origin, demo.Demo(origin) as chain, desk.Desk(program, '--demo', chain.program) as one:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(one.ask('post', '/api/demo'))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(answer.status in (200, 201) for answer in answers), [answer.body for answer in answers]
        assert len({answer.json['id'] for answer in answers}) == 1 and len(chain.pids) == 1
        assert one.ask('delete', '/api/streams/demo-stream').status == 200
        key = {'Idempotency-Key': 'demo'}
        first = one.ask('post', '/api/demo', headers=key)
        assert first.status == 201 and one.ask('post', '/api/demo', headers=key).body == first.body


def cannot(program, path):
    contract = desk.Contract(path)

    def refused(one):
        answer = contract.check('post', '/api/demo', one.ask('post', '/api/demo'))
        assert answer.status == 503 and answer.json['type'] == 'urn:understudy:problem:no-demo', answer.body
        assert [stream['id'] for stream in one.ask('get', '/api/streams').json] == ['film']
        return answer.json['detail']
    with desk.Desk(program) as one:
        refused(one)
    with desk.Desk(program, '--demo', '/nonexistent/understudy') as one:
        assert '/nonexistent/understudy' in refused(one)
    words = "print('first', file=sys.stderr); sys.exit('[switcher] http: port 1 is in use')"
    with desk.Origin() as origin, demo.Demo(origin, words) as chain, \
            desk.Desk(program, '--demo', chain.program) as one:
        for number in (1, 2):  # not once for all
            assert '[switcher] http: port 1 is in use' in refused(one) and len(chain.pids) == number


def part_fails(program, path):
    """The one that refuses is told, not that it is missed."""
    contract = desk.Contract(path)
    middle = """print('understudy: no pipeline text', file=sys.stderr)
print('2026-01-01 error run supervisor: publish is not started again', file=sys.stderr)
with open(status, 'w') as out:
    json.dump({'roles': [{'name': 'publish', 'state': 'failed'}], 'urls': {}}, out)
signal.pause()
"""
    with desk.Origin() as origin, demo.Demo(origin, middle) as chain, \
            desk.Desk(program, '--demo', chain.program) as one:
        answer = contract.check('post', '/api/demo', one.ask('post', '/api/demo'))
        assert answer.status == 503 and answer.json['detail'].endswith('understudy: no pipeline text'), answer.body
        chain.await_end(chain.pids[0])


def desk_dies(program, _):
    """The chain goes with it, and the next desk has no stream that leads nowhere."""
    with desk.Origin() as origin, demo.Demo(origin) as chain, tempfile.TemporaryDirectory() as state:
        killed = desk.Desk(program, '--demo', chain.program, state=state)
        assert killed.ask('post', '/api/demo').status == 201
        body = {'name': 'Mine', 'manifest_url': origin.url('mine'), 'segment_share': 0}
        assert killed.ask('post', '/api/streams', body=body).status == 201
        killed.process.kill()
        killed.process.wait(desk.WATCHDOG_S)
        killed.process.stdin.close()
        killed.process.stdout.close()
        chain.await_end(chain.pids[0])
        with desk.Desk(program, '--demo', chain.program, state=state) as one:
            ids = {stream['id'] for stream in one.ask('get', '/api/streams').json}
            assert 'mine' in ids and 'demo-stream' not in ids, ids
            assert one.ask('post', '/api/demo').json['id'] == 'demo-stream'


def desk_ends_meanwhile(program, _):
    """A chain that was begun, and is not there yet, keeps nobody waiting."""
    with desk.Origin() as origin, demo.Demo(origin, 'signal.pause()') as chain:
        answers = []

        def ask():
            try:
                answers.append(one.ask('post', '/api/demo').status)
            except (ConnectionError, http.client.HTTPException):
                answers.append(503)  # it ended before it could say so
        with desk.Desk(program, '--demo', chain.program) as one:
            thread = threading.Thread(target=ask)
            thread.start()
            until = time.monotonic() + desk.WATCHDOG_S
            while not chain.pids:
                assert time.monotonic() < until
                time.sleep(0.05)
        thread.join()
        assert answers == [503]
        chain.await_end(chain.pids[0])


if __name__ == '__main__':
    sys.exit(desk.main([comes_and_goes, many_ask, cannot, part_fails, desk_dies, desk_ends_meanwhile]))
