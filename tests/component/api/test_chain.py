#!/usr/bin/env python3
"""test_chain.py - our own chain through the desk: who may, who it is then, and what a switcher may answer

Usage: test_chain.py STAGE OPENAPI
"""
import concurrent.futures
import contextlib
import json
import sys
import tempfile
import threading
import time

import desk

TOKEN = 'test-token-0123456789'
LEDGER = '/api/chain/streams/mystream/ledger'
HOLD = '/api/chain/streams/mystream/hold'


@contextlib.contextmanager
def pair(program, *options):
    with desk.Switcher() as switcher, desk.Desk(program, '--switcher', switcher.url(), *options) as one:
        yield switcher, one


@contextlib.contextmanager
def token_file():
    with tempfile.NamedTemporaryFile('w') as tokens:
        tokens.write(f'alice {TOKEN}\n')
        tokens.flush()
        yield tokens.name


def word(answer):
    return answer.json['type'].rsplit(':', 1)[1]


def what_is_asked(program, _):
    with pair(program, '--control-token', 'chain-token-0123456789') as (switcher, one):
        assert one.ask('get', LEDGER + '?after=7&limit=3&rendition=v0').status == 200
        path = switcher.asked_of('/control/streams/mystream/ledger')[-1][1]
        assert sorted(path.split('?')[1].split('&')) == ['after=7', 'limit=3', 'rendition=v0'], path
        assert one.ask('post', '/api/chain/streams/mystream/failover', body={'why': 'new disk', 'seconds': 5},
                       headers={'X-Understudy-User': 'bob'}).status == 200
        method, _, headers, body = switcher.asked_of('/control/streams/mystream/failover')[-1]
        assert method == 'POST' and json.loads(body) == {'why': 'new disk', 'seconds': 5}
        assert headers['Content-Type'] == 'application/json' and headers['X-Understudy-User'] == 'bob at the desk'
        assert headers['Authorization'] == 'Bearer chain-token-0123456789' and 'Origin' not in headers
        # No body is an empty object; a name is a name, whatever is in it.
        assert one.ask('post', HOLD).status == 200
        method, _, headers, body = switcher.asked_of('/control/streams/mystream/hold')[-1]
        assert json.loads(body) == {} and headers['X-Understudy-User'] == '127.0.0.1 at the desk'
        for name in ('a%3Fb', '%2A', 'a%23b', '%C3%A4'):
            assert one.ask('post', f'/api/chain/streams/{name}/hold').status == 404
            assert f'/control/streams/{name.lower()}/hold' in [path.lower() for _, path, _, _ in switcher.asked]
        # Only what the desk knows of is asked.
        before = len(switcher.asked_of('/control/streams/mystream/explode'))
        for path in ('/api/chain/streams/mystream/explode', '/api/chain/streams/mystream/drill', '/api/chain/streams//hold'):
            assert one.ask('post', path).status == 404, path
        assert one.ask('get', HOLD).status == 405 and one.ask('post', LEDGER).status == 405
        assert one.ask('get', LEDGER + '?limit=251').status == 400 and one.ask('get', LEDGER + '?limit=x').status == 400
        assert len(switcher.asked_of('/control/streams/mystream/explode')) == before
        assert word(one.ask('post', HOLD, body={'why': 'x' * 5000})) == 'too-large'


def once(program, _):
    """A command whose answer was lost is not given twice."""
    with pair(program) as (switcher, one):
        key = {'Idempotency-Key': 'k-1'}
        first = one.ask('post', HOLD, body={'seconds': 60}, headers=key)
        again = one.ask('post', HOLD, body={'seconds': 60}, headers=key)
        assert first.status == again.status == 200 and first.body == again.body
        assert again.headers['idempotency-replayed'] == 'true'
        assert len(switcher.asked_of('/control/streams/mystream/hold')) == 1
        assert one.ask('post', HOLD, body={'seconds': 61}, headers=key).status == 422
        # One that was refused may be tried again with its key.
        switcher.answer = lambda *_: desk.problem(409, 'not-now')
        key = {'Idempotency-Key': 'k-2'}
        assert one.ask('post', HOLD, headers=key).status == 409
        switcher.answer = None
        assert one.ask('post', HOLD, headers=key).status == 200


def who_may(program, _):
    with token_file() as tokens, pair(program, '--tokens', tokens) as (switcher, one):
        told = one.ask('get', '/api/chain').json
        assert told['is_connected'] and not told['may_control'] and 'token' in told['why_not']
        assert 's3cret' not in json.dumps(told)
        told = one.ask('get', '/api/chain', token=TOKEN).json
        assert told['may_control'] and told['why_not'] is None and 's3cret' in json.dumps(told)
        assert one.ask('post', HOLD).status == 401
        assert one.ask('post', HOLD, token=TOKEN, headers={'Origin': 'https://evil.example'}).status == 403
        assert not switcher.asked_of('/control/streams/mystream/hold')
        # Whoever has a token is who its name says.
        assert one.ask('post', HOLD, token=TOKEN, headers={'X-Understudy-User': 'eve'}).status == 200
        assert switcher.asked_of('/control/streams/mystream/hold')[-1][2]['X-Understudy-User'] == 'alice at the desk'
    with pair(program) as (_, one):  # a page that has bent its own name to this machine
        answer = one.ask('get', '/api/chain', headers={'Host': 'evil.example'})
        assert answer.status == 403 or not answer.json['may_control']
        assert one.ask('post', HOLD, headers={'Host': 'evil.example'}).status == 403


def answers(program, contract):
    """Whatever listens there, the desk keeps its own contract and tells what is wrong in words."""
    spec = desk.Contract(contract)
    odd = {'streams': [{'name': 7, 'switches': 'none', 'origins': [], 'x': {}}, 8], 'commands': {}, 'time_ms': 'now', 'rows': [{}],
           'drill': 'x'}
    cases = [
        ((200, b'<html>please log in</html>'), 'no switcher'), ((200, b''), 'no switcher'), ((200, b'[]'), 'no switcher'),
        ((200, b'{"streams":[]} trailing'), 'no switcher'), ((200, b'{"a":' + b'[' * 5000), 'no switcher'),
        ((200, b'\xff{}'), 'no switcher'), ((204, b''), 'no switcher'), ((500, b'oops'), '500'), ((503, {}), '503'),
        ((404, b'nope'), 'control API'), (desk.problem(404, 'not-found'), 'control API'),
        (desk.problem(500, 'not-now'), '500'), ((409, {'type': 7}), '409'), ((409, {'type': 'about:blank', 'detail': []}), '409')]
    with pair(program) as (switcher, one):
        for reply, words in cases:
            switcher.answer = lambda *_, reply=reply: reply
            told = spec.check('get', '/api/chain', one.ask('get', '/api/chain')).json
            assert not told['is_connected'] and words in told['problem'] and not told['may_control'], (reply, told['problem'])
            assert told['streams'] == [] and told['why_not'] == told['problem']
            for method, path, where in (('get', '/api/chain/streams/{name}/ledger', LEDGER),
                                        ('post', '/api/chain/streams/{name}/{command}', HOLD)):
                answer = spec.check(method, path, one.ask(method, where))
                assert answer.status == 502 and word(answer) == 'chain-unreachable' and words in answer.json['detail'], reply
        switcher.answer = lambda *_: (200, odd)
        told = spec.check('get', '/api/chain', one.ask('get', '/api/chain')).json
        assert told['is_connected'] and told['time_ms'] is None and told['commands'] == []
        assert [stream['name'] for stream in told['streams']] == [None] and 'x' not in told['streams'][0]
        assert spec.check('get', '/api/chain/streams/{name}/ledger', one.ask('get', LEDGER)).json['rows'][0]['number'] is None
        assert spec.check('post', '/api/chain/streams/{name}/{command}', one.ask('post', HOLD)).status == 200
        # A door that does not open is between the desk and the switcher: nobody is to look for a token of the desk.
        for status, kind in ((401, 'no-token'), (403, 'not-local'), (403, 'denied')):
            switcher.answer = lambda *_, status=status, kind=kind: desk.problem(status, kind)
            answer = one.ask('post', HOLD)
            assert answer.status == 502 and word(answer) == 'chain-refused' and 'www-authenticate' not in answer.headers
            assert f'It is {kind}.' in answer.json['detail'] and 'control-token-file' in answer.json['detail']
        # Somebody else's words are passed on, not his page.
        switcher.answer = lambda *_: desk.problem(422, 'bad-value', pointer='#/seconds', title='A\nB', detail='x' * 5000)
        answer = one.ask('post', HOLD)
        assert answer.status == 422 and answer.json['pointer'] == '#/seconds' and len(answer.json['detail']) <= 500
        assert '\n' not in answer.json['title']


def nobody_there(program, contract):
    spec = desk.Contract(contract)
    with desk.Switcher() as gone:
        url = gone.url()
    with desk.Desk(program, '--switcher', url) as one:
        told = spec.check('get', '/api/chain', one.ask('get', '/api/chain')).json
        assert not told['is_connected'] and 'refused' in told['problem'] and url in told['problem'] and told['viewer_url'] == url
        answer = one.ask('post', HOLD)
        assert answer.status == 502 and 'cannot be reached' in answer.json['detail']


def silence(program, contract):
    """Who does not answer is not waited for; a command may have been carried out all the same."""
    spec = desk.Contract(contract)
    with pair(program) as (switcher, one), concurrent.futures.ThreadPoolExecutor(100) as pool:
        switcher.answer = lambda *_: None
        command = pool.submit(one.ask, 'post', HOLD)
        told = spec.check('get', '/api/chain', one.ask('get', '/api/chain')).json
        assert not told['is_connected'] and 'no answer' in told['problem']
        # However many ask, only so many questions are under way.
        waiting = [pool.submit(one.ask, 'get', LEDGER) for _ in range(90)]
        seen = {(answer.status, word(answer)) for answer in (one.result() for one in waiting)}
        assert (502, 'chain-unreachable') in seen and seen <= {(502, 'chain-unreachable'), (503, 'too-busy')}, seen
        answer = command.result()
        assert answer.status == 502 and 'look before you repeat it' in answer.json['detail'].lower(), answer.body


MEASURED = {'bitrate_10s_bps': 4800000, 'fps': 29.97, 'gop_longest_ms': 4000, 'jumps': 0, 'last_jump_ms': None, 'rtt_ms': 12.5,
            'from_another_version': 7}
PUBLISHED = {'name': 'mystream', 'publisher': {'peer': '10.0.0.7:5', 'encoder': 'OBS', 'video': {'codec': 'h264', 'width': 1280},
                                               'audio': {'codec': 'none'}},
             'publishers': [{'encoder': 'OBS', 'key_id': 'main', 'role': 'active'}], 'measured': MEASURED,
             'warnings': [{'id': 'keyframe-interval-long', 'severity': 'info', 'since_ms': 1000, 'text': 'far apart', 'remedy': 'set 2 s'}]}


def told_of_encoders(spec, one, is_it):
    """Until the desk has asked its ingest again."""
    until = time.monotonic() + desk.WATCHDOG_S
    while True:
        told = spec.check('get', '/api/chain', one.ask('get', '/api/chain')).json['ingest']
        if is_it(told):
            return told
        assert time.monotonic() < until, told
        time.sleep(0.05)


def encoders(program, contract):
    """What the ingest tells of its encoders, whatever it tells, and nothing of one that is gone."""
    spec = desk.Contract(contract)
    with desk.Switcher() as ingest:
        page = {'started_ms': 1, 'streams': [PUBLISHED]}
        ingest.answer = lambda *_: (200, page)
        with desk.Switcher() as switcher, \
                desk.Desk(program, '--switcher', switcher.url(), '--ingest', ingest.url()) as one:
            told = told_of_encoders(spec, one, lambda told: told)['streams'][0]
            assert told['measured']['fps'] == 29.97 and 'from_another_version' not in told['measured']
            assert told['measured']['retransmits'] is None and told['measured']['last_jump_ms'] is None
            assert told['publishers'][0]['key_id'] == 'main' and told['publisher']['video']['width'] == 1280
            assert told['warnings'] == [{'id': 'keyframe-interval-long', 'severity': 'info', 'since_ms': 1000,
                                         'text': 'far apart', 'remedy': 'set 2 s'}]
            for odd in ({'name': 7, 'publisher': [], 'publishers': {}, 'measured': 'x', 'warnings': [7, {'id': []}]}, 8):
                ingest.answer = lambda *_, odd=odd: (200, {'started_ms': 1, 'streams': [odd]})
                told_of_encoders(spec, one, lambda told: told and not any(each['name'] for each in told['streams']))
            ingest.answer = lambda *_: (500, b'oops')
            told_of_encoders(spec, one, lambda told: told is None)


def the_end(program, _):
    """The desk ends while the switcher is thinking: no answer is needed, and nothing is left behind."""
    with desk.Switcher() as switcher:
        with desk.Desk(program, '--switcher', switcher.url()) as one:
            switcher.answer = lambda *_: None

            def ask():
                with contextlib.suppress(OSError, desk.http.client.HTTPException):
                    one.ask('post', HOLD)
            threads = [threading.Thread(target=ask) for _ in range(3)]
            for thread in threads:
                thread.start()
            until = time.monotonic() + desk.WATCHDOG_S
            while len(switcher.asked_of('/control/streams/mystream/hold')) < 3:
                assert time.monotonic() < until
                time.sleep(0.02)
        for thread in threads:
            thread.join(desk.WATCHDOG_S)


if __name__ == '__main__':
    sys.exit(desk.main([what_is_asked, once, who_may, answers, nobody_there, silence, encoders, the_end]))
