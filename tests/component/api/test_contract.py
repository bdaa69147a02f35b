#!/usr/bin/env python3
"""test_contract.py - every operation of data/openapi.yaml, with every status that it names

Usage: test_contract.py STAGE OPENAPI

Real desks, an origin that works and then fails. Each answer is checked against its schema, and
members that the contract does not know are a fault. At the end nothing documented may be left
untried, but for what is named in UNTRIED.
"""
import base64
import pathlib
import re
import sys
import tempfile
import time
import urllib.parse

import demo
import desk

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOKEN = 'test-token-0123456789'
IDS = {'/api/streams/{id}': 'film', '/api/incidents/{id}': 'INC-00000001', '/api/thumbnails/{id}': 'T-1'}
# A broken disk or network (503) is tests/component/store's and the desk's. A stream of our own chain
# (409) needs a chain: tests/e2e/test_desk.py.
UNTRIED_409 = {'removeStream', 'pauseStream', 'resumeStream', 'beginMaintenance', 'endMaintenance', 'addNote',
               'startDemo'}  # only while a first request with the same key is under way


def fill(path, given=None):
    if path.startswith('/api/chain'):
        value = given if given is not None else 'kill' if '/drills/' in path else 'mystream'
        return path.replace('{name}', urllib.parse.quote(value)).replace('{command}', 'hold')
    for prefix, value in IDS.items():
        if path.startswith(prefix):
            return path.replace('{id}', urllib.parse.quote(given if given is not None else value))
    return path


def has(operation, status):
    return str(status) in operation['responses']


def same_routes(_, contract):
    """The routes of the code are those of the contract."""
    text = (ROOT / 'src/api/api.c').read_text(encoding='utf-8')
    routes = {(method.lower(), path) for method, path in re.findall(r'\{ "([A-Z]+)", "(/[^"]*)"', text)}
    routes |= {('get', path) for path in re.findall(r'add_(?:handler|events) \(server, "(/[^"]*)"', text)
               if path != '/api/'}
    told = {(method, path) for method, path, _ in desk.Contract(contract).operations()}
    assert routes == told, f'only in the code: {routes - told}; only in the contract: {told - routes}'


def refusals(one, contract, is_chain=False):
    """What every operation refuses in the same way."""
    for method, path, operation in contract.operations():
        if path == '/api/events' or path.startswith('/api/chain') != is_chain:
            continue
        where = fill(path)
        write = method != 'get'

        def ask(where=where, method=method, **more):
            return one.ask(method, where, **more)
        if has(operation, 400):
            answer = contract.check(method, path, ask(where + '?nonsense=1'))
            assert answer.status == 400 and answer.json['parameter'] == 'nonsense', (path, answer.body)
        if has(operation, 404):
            body = {'note': 'x'} if path.endswith('/notes') else {} if write else None
            for unknown in ('nope', '..', 'a/b', 'x' * 200, '\u00e4', '%00'):
                answer = ask(fill(path, unknown), body=body)
                assert answer.status in (400, 404, 405), (path, unknown, answer.status)
            assert contract.check(method, path, ask(fill(path, 'nope'), body=body)).status == 404, path
        if has(operation, 412):
            body = {'minutes': 5} if path.endswith('maintenance') and method == 'put' else {} if has(operation, 415) else None
            answer = contract.check(method, path, ask(headers={'If-Match': '"x"'}, body=body))
            assert answer.status == 412, (path, answer.status)
        if has(operation, 415):
            answer = contract.check(method, path, ask(body='{}', headers={'Content-Type': 'text/plain'}))
            assert answer.status == 415, path
        if has(operation, 422):
            answer = contract.check(method, path, ask(body={'nonsense': 1}))
            assert answer.status == 422 and answer.json['pointer'] in ('#/nonsense', '#/name', '#/note', '#'), \
                (path, answer.body)
        if has(operation, 413):
            answer = contract.check(method, path, ask(body={'name': 'x' * 70000}))
            assert answer.status == 413, path
        if write:
            answer = contract.check(method, path, ask(headers={'Origin': 'https://evil.example'}))
            assert answer.status == 403, path


def doors(program, contract):
    """A desk that lets nobody read or write without a token."""
    with tempfile.NamedTemporaryFile('w') as tokens:
        tokens.write(f'alice {TOKEN}\n')
        tokens.flush()
        with desk.Desk(program, '--tokens', tokens.name, '--closed') as closed:
            for method, path, operation in contract.operations():
                if not has(operation, 401):
                    assert closed.ask(method, fill(path)).status < 400, path
                    continue
                assert contract.check(method, path, closed.ask(method, fill(path))).status == 401, path
                answer = closed.ask(method, fill(path), token='wrong-token-0123456789')
                assert answer.status == 401 and 'www-authenticate' in answer.headers, path
                answer = closed.ask(method, fill(path), token=TOKEN, headers={'Origin': 'https://evil.example'})
                assert contract.check(method, path, answer).status == 403, path
            answer = closed.ask('get', '/api/streams', token=TOKEN)
            assert contract.check('get', '/api/streams', answer).status == 200
            answer = closed.ask('post', '/api/incidents/INC-00000001/notes', body={'note': 'n'}, token=TOKEN)
            assert answer.status == 201 and answer.json['notes'][-1]['who'] == 'alice', answer.body


def streams(one, contract, origin):
    def ask(method, path, where=None, **more):
        return contract.check(method, path, one.ask(method, where or path, **more))
    added = ask('post', '/api/streams', body={'name': 'Main Hall', 'manifest_url': origin.url('hall'), 'segment_share': 0})
    assert added.status == 201 and added.headers['location'] == '/api/streams/main-hall'
    name = urllib.parse.urlencode({'name': 'Test Stream', 'manifest_url': origin.url('test') + '?a=1&b=2'})
    seed = ask('post', '/api/streams', '/api/streams?' + name)  # as the first generation adds one
    assert seed.status == 201 and seed.json['id'] == 'test-stream' and seed.json['manifest_url'].endswith('?a=1&b=2')
    twice = ask('post', '/api/streams', body={'name': 'Again', 'manifest_url': origin.url('hall')})
    assert twice.status == 409 and twice.json['type'] == 'urn:understudy:problem:duplicate'
    for body, pointer in (({'name': 'x'}, '#/manifest_url'), ({'name': 'x', 'manifest_url': 'file:///etc/passwd'}, '#/manifest_url'),
                          ({'name': 7, 'manifest_url': 'http://x/'}, '#/name'),
                          ({'name': 'x', 'manifest_url': 'http://x/', 'segment_share': 2}, '#/segment_share'),
                          ({'name': 'x', 'manifest_url': 'http://x/', 'checks': {'loud': True}}, '#/checks/loud')):
        answer = ask('post', '/api/streams', body=body)
        assert answer.status == 422 and answer.json['pointer'] == pointer, (body, answer.body)
    key = {'Idempotency-Key': 'k-1'}
    body = {'name': 'Keyed', 'manifest_url': origin.url('keyed'), 'segment_share': 0}
    first = ask('post', '/api/streams', body=body, headers=key)
    again = ask('post', '/api/streams', body=body, headers=key)
    assert (first.status, again.status) == (201, 201) and first.body == again.body
    assert ask('post', '/api/streams', body={**body, 'name': 'Other'}, headers=key).status == 422

    path, where = '/api/streams/{id}', '/api/streams/main-hall'
    read = ask('get', path, where)
    assert ask('get', path, where, headers={'If-None-Match': '"no"'}).status == 200
    paused = ask('get', path, '/api/streams/film')
    assert ask('get', path, '/api/streams/film', headers={'If-None-Match': paused.headers['etag']}).status == 304
    changed = ask('patch', path, where, body={'name': 'Hall', 'checks': {'black': True}}, headers={'If-Match': read.headers['etag']})
    assert changed.status == 200 and changed.json['name'] == 'Hall' and changed.json['checks']['black']
    assert ask('patch', path, where, body={'name': 'Late'}, headers={'If-Match': read.headers['etag']}).status == 412
    assert ask('patch', path, where, body={'manifest_url': origin.url('keyed')}).status == 409
    secret = ask('patch', path, where, body={'authorization': 'Bearer abc'})
    assert secret.json['has_authorization'] and b'abc' not in secret.body
    assert not ask('patch', path, where, body={'authorization': None}).json['has_authorization']
    assert ask('post', path + '/pause', where + '/pause').json['status'] == 'paused'
    assert ask('post', path + '/resume', where + '/resume').json['paused'] is False
    planned = ask('put', path + '/maintenance', where + '/maintenance', body={'minutes': 5, 'reason': 'new encoder'})
    assert planned.json['maintenance']['reason'] == 'new encoder'
    for body in ({}, {'minutes': 5, 'until': '2030-01-01T00:00:00Z'}, {'until': '2001-01-01T00:00:00Z'}, {'minutes': 0}):
        assert ask('put', path + '/maintenance', where + '/maintenance', body=body).status == 422, body
    assert ask('delete', path + '/maintenance', where + '/maintenance').json['maintenance'] is None
    listed = ask('get', '/api/streams')
    assert [one['id'] for one in listed.json] == sorted((one['id'] for one in listed.json), key=lambda i: next(s['name'].lower() for s in listed.json if s['id'] == i))
    assert ask('delete', path, '/api/streams/keyed').json == {'status': 'deleted', 'stream_id': 'keyed'}
    assert ask('get', path, '/api/streams/keyed').status == 404


def reading(one, contract):
    def ask(path, query='', where=None):
        return contract.check('get', path, one.ask('get', (where or fill(path)) + query))
    film = '/api/streams/{id}'
    badge = ask(film + '/badge.svg', '?style=plastic&label=%3Cx%3E')
    assert b'PAUSED' in badge.body and b'<x>' not in badge.body and b'&lt;x&gt;' in badge.body
    picture = ask(film + '/thumbnail')
    assert picture.json['available'] is False and one.ask('get', picture.json['thumbnail_url']).type == 'image/svg+xml'
    none = ask(film + '/thumbnail/file')
    again = one.ask('get', fill(film + '/thumbnail/file'), headers={'If-None-Match': none.headers['etag']})
    assert contract.check('get', film + '/thumbnail/file', again).status == 304
    kept = ask(film + '/thumbnails')
    assert len(kept.json) == 1 and ask('/api/thumbnails/{id}').type == 'image/jpeg'
    assert one.ask('get', kept.json[0]['thumbnail_url']).body == b'\xff\xd8\xff\xd9'

    events = ask(film + '/timeline', '?limit=2&kinds=health_change')
    assert len(events.json) == 2 and events.json[0]['timestamp'] < events.json[1]['timestamp']
    assert events.json[0]['thumbnail_url'] == '/api/thumbnails/T-1' and events.json[0]['metadata']['to'] == 'UNHEALTHY'
    earlier = ask(film + '/timeline', where=events.link('prev'))
    assert len(earlier.json) == 1 and earlier.json[0]['timestamp'] < events.json[0]['timestamp']
    later = ask(film + '/timeline', where=earlier.link('next'))
    assert [e['event_id'] for e in later.json] == [e['event_id'] for e in events.json]
    assert one.ask('get', fill(film + '/timeline') + '?kinds=nonsense').status == 400
    assert len(ask(film + '/timeline', '?incident=INC-00000001').json) == 3
    assert len(ask('/api/incidents/{id}/timeline').json) == 3

    assert ask(film + '/findings', '?open=true').json == []
    findings = ask(film + '/findings', '?limit=2')
    assert len(findings.json) == 2 and len(ask(film + '/findings', where=findings.link('next')).json) == 1
    assert findings.json[0]['title'] and findings.json[0]['limit'] is None
    assert ask(film + '/diagnosis').json['root_cause'] is not None

    day = ask(film + '/metrics/history', '?minutes=4320').json
    assert 850 <= len(day['data_points']) <= 1000 and day['resolution_s'] == 300, (len(day['data_points']), day['resolution_s'])
    assert max(p['ttfb_max_ms'] for p in day['data_points']) == 3500  # no peak vanishes
    assert sum(p['errors'] for p in day['data_points']) == 43 and day['state_seconds']['HEALTHY'] > 200000
    assert [p['state'] for p in day['health_timeline']] == ['UNHEALTHY'] * 3
    hour = ask(film + '/metrics/history', '?minutes=60').json
    assert hour['health_timeline'][0]['health'] == 'red' and 50 <= len(hour['data_points']) <= 60
    default = ask(film + '/metrics/history').json  # how it was is told where the chart begins
    assert default['health_timeline'][0]['state'] == 'UNHEALTHY'
    for query in ('?minutes=0', '?minutes=5&since=2026-01-01T00:00:00Z', '?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', '?resolution=-1'):
        assert one.ask('get', fill(film + '/metrics/history') + query).status == 400, query

    seen, where = [], '/api/incidents?active_only=false&limit=50&stream_id=film'
    while where is not None:
        page = ask('/api/incidents', where=where)
        seen += [incident['id'] for incident in page.json]
        where = page.link('next')
    assert len(seen) == 120 == len(set(seen)), len(seen)
    assert ask('/api/incidents', '?stream_id=film').json == []  # active ones, as in the first generation
    assert len(ask('/api/incidents', '?state=resolved&limit=500&stream_id=film').json) == 120
    assert ask('/api/incidents', '?state=resolved&stream_id=other').json == []
    strips = ask('/api/strips').json
    assert set(strips['strips']) == {stream['id'] for stream in one.ask('get', '/api/streams').json}
    letters = strips['strips']['film']  # minutes from the disk, up to five minutes ago
    assert len(letters) == 60 and letters.startswith('H' * 40), letters
    assert len(ask('/api/strips', '?minutes=180').json['strips']['film']) == 180
    assert len(ask('/api/strips', '?minutes=1').json['strips']['film']) == 1
    for query in ('?minutes=0', '?minutes=181', '?minutes=x'):
        assert one.ask('get', '/api/strips' + query).status == 400, query
    bundle(ask)
    whole = ask('/api/incidents/{id}').json
    assert whole['leading_check'] == 'stale' and whole['snapshot']['error_count_2min'] == 3 and len(whole['findings']) == 3
    ask('/api/incidents/{id}/notes')
    deliveries = ask('/api/deliveries', '?limit=2')
    assert len(deliveries.json) == 2 and len(ask('/api/deliveries', where=deliveries.link('next')).json) == 1
    assert len(ask('/api/checks').json) > 60 and len(ask('/api/causes').json) >= 19
    for path in ('/health', '/healthz', '/metrics', '/openapi.yaml', '/docs', '/', '/licences'):
        ask(path)
    page = one.ask('get', '/', headers={'If-None-Match': ask('/').headers['etag']})
    assert contract.check('get', '/', page).status == 304
    assert ask('/health').json['streams_monitored'] == len(one.ask('get', '/api/streams').json)
    assert b'<script' not in ask('/docs').body and b'://' not in re.sub(rb'http://localhost:8000|https?://[a-z.]*example', b'', ask('/docs').body)
    assert one.ask('head', '/api/streams').body == b''


def bundle(ask):
    """All of an incident in one file says the same as the resources do."""
    answer = ask('/api/incidents/{id}/bundle')
    assert answer.headers['content-disposition'] == 'attachment; filename="INC-00000001.json"'
    file = answer.json
    assert file['incident'] == ask('/api/incidents/{id}').json
    assert file['timeline'] == ask('/api/incidents/{id}/timeline').json
    assert file['findings'] == file['incident']['findings'] and file['stream']['id'] == 'film'
    assert 'secret' in file['stream']['manifest_url']  # whoever asks may write
    assert [base64.b64decode(picture['base64']) for picture in file['thumbnails']] == [b'\xff\xd8\xff\xd9']
    assert file['thumbnails'][0]['id'] == file['timeline'][0]['thumbnail_url'].rsplit('/', 1)[1]
    assert len(file['deliveries']) == 3 and file['deliveries'][0]['outcome'] == 'delivered'
    assert file['history']['since'] < file['incident']['opened_at'] < file['history']['until']
    assert len(file['history']['data_points']) >= 30
    other = ask('/api/incidents/{id}/bundle', where='/api/incidents/INC-00000077/bundle').json
    assert other['deliveries'] == other['timeline'] == other['thumbnails'] == []


def count_open(incident):
    """How often the findings of an incident were seen that are still open."""
    return max(its['count'] for its in incident.json['findings'] if its['is_open'])


def live(one, contract, origin):
    """An incident from its first event to the note that ends it."""
    def ask(method, path, id, **more):
        return contract.check(method, path, one.ask(method, path.replace('{id}', id), **more))
    with desk.Events(one, '?stream=main-hall') as events:
        contract.check('get', '/api/events', events_answer(events))
        origin.is_failing = True
        seen = {}
        for kind, _, data in events:
            seen.setdefault(kind, data)
            assert data.get('stream_id') == 'main-hall', data
            if kind == 'incident':
                break
        for kind, schema in (('health', None), ('finding', 'Finding'), ('event', 'Event'), ('incident', 'Incident')):
            assert kind in seen or kind == 'health', sorted(seen)
            if schema == 'Event':
                contract.validate({'$ref': '#/components/schemas/Event'}, seen['event'], 'event')
            elif schema is not None:
                contract.validate({'$ref': f'#/components/schemas/{schema}'}, seen[kind][kind], kind)
    opened = ask('get', '/api/incidents', '').json
    assert len(opened) >= 1
    id = next(incident['id'] for incident in opened if incident['stream_id'] == 'main-hall')
    whole = ask('get', '/api/streams/{id}', 'main-hall').json
    assert whole['active_incident_id'] == id == whole['active_incident']['id'] and whole['health'] == 'red'
    assert whole['status'] == 'offline' and whole['findings'] and whole['root_cause']['evidence'], whole['status']
    assert whole['renditions'][0]['failed_polls'] > 0
    most = count_open(ask('get', '/api/incidents/{id}', id))
    until = time.monotonic() + desk.WATCHDOG_S
    while count_open(ask('get', '/api/incidents/{id}', id)) < most + 4:  # it goes on, and so does its count
        assert time.monotonic() < until, most
        time.sleep(0.1)
    assert ask('get', '/api/streams/{id}/findings', 'main-hall').status == 200
    answer = one.ask('get', '/api/streams?state=UNHEALTHY')
    assert 'main-hall' in [stream['id'] for stream in contract.check('get', '/api/streams', answer).json]

    key = {'Idempotency-Key': 'ack'}
    acknowledged = ask('post', '/api/incidents/{id}/acknowledge', id, body={'who': 'Ann', 'note': 'on it'}, headers=key)
    assert acknowledged.status == 200 and acknowledged.json['status'] == 'acknowledged'
    assert acknowledged.json['acknowledged_by'].startswith('Ann (127.0.0.1') and acknowledged.json['notes'][0]['note'] == 'on it'
    assert ask('post', '/api/incidents/{id}/acknowledge', id, body={'who': 'Ann', 'note': 'on it'}, headers=key).status == 200
    assert ask('post', '/api/incidents/{id}/acknowledge', id).status == 409
    assert ask('post', '/api/incidents/{id}/notes', id, body={'note': 'cable\nout'}).json['notes'][1]['note'] == 'cable\nout'
    assert ask('post', '/api/incidents/{id}/notes', id, body={'note': ''}).status == 422
    assert len(ask('get', '/api/incidents/{id}/notes', id).json) == 2
    assert ask('post', '/api/incidents/{id}/resolve', id, body={'note': 'done'}).json['status'] == 'resolved'
    assert ask('post', '/api/incidents/{id}/resolve', id).status == 409
    kinds = [event['event_type'] for event in ask('get', '/api/incidents/{id}/timeline', id).json]
    assert {'incident_opened', 'incident_acknowledged', 'incident_resolved', 'note'} <= set(kinds), kinds
    origin.is_failing = False


def chain(program, contract):
    """Our own chain, with somebody who speaks like its switcher."""
    ledger, command, drill = '/api/chain/streams/{name}/ledger', '/api/chain/streams/{name}/{command}', '/api/chain/drills/{name}'

    def ask(method, path, one, **more):
        return contract.check(method, path, one.ask(method, fill(path), **more))
    with desk.Desk(program) as alone:
        nothing = ask('get', '/api/chain', alone).json
        assert not nothing['is_connected'] and 'switcher-url' in nothing['problem'] and nothing['viewer_url'] is None
        for method, path in (('get', ledger), ('post', command), ('post', drill)):
            assert ask(method, path, alone).json['type'] == 'urn:understudy:problem:no-chain'
    with desk.Switcher() as switcher, desk.Desk(program, '--switcher', switcher.url() + '/') as one:
        refusals(one, contract, is_chain=True)
        told = ask('get', '/api/chain', one).json
        assert told['is_connected'] and told['may_control'] and told['viewer_url'] == switcher.url()
        assert told['origin_urls'] == {'primary': 'http://127.0.0.1:8081/hls', 'backup': 'http://127.0.0.1:8082/hls'}
        assert told['streams'] == [desk.STREAM] and told['commands'] == [desk.COMMAND] and told['runs'] == [desk.RUN]
        assert ask('get', ledger, one).json == desk.ANSWERS['/control/streams/mystream/ledger']
        assert ask('post', command, one).json == {'streams': [desk.STREAM]}
        assert ask('post', drill, one, body={'why': 'it is Monday'}).json == {'drill': desk.RUN}
        switcher.answer = lambda *_: desk.problem(409, 'not-now')
        for path in (command, drill):
            assert ask('post', path, one).json['detail'] == 'It is not-now.'
        switcher.answer = lambda *_: desk.problem(401, 'no-token')
        for method, path in (('get', ledger), ('post', command), ('post', drill)):
            assert ask(method, path, one).json['type'] == 'urn:understudy:problem:chain-refused'


def events_answer(events):
    """An answer without its body, which does not end."""
    class Head:
        status, headers, body = events.status, {}, b''
        type = events.type.split(';')[0]
    return Head()


def every_operation(program, path):
    contract = desk.Contract(path)
    with desk.Origin() as origin, desk.Desk(program) as one:
        # Refusals first: they may leave nothing behind.
        before = one.ask('get', '/api/streams').json
        refusals(one, contract)
        after = one.ask('get', '/api/streams').json
        assert [s['id'] for s in before] == [s['id'] for s in after] and after[0]['paused']
        streams(one, contract, origin)
        reading(one, contract)
        live(one, contract, origin)
        assert one.ask('get', '/api/events?nonsense=1').status == 400
        contract.check('get', '/api/events', one.ask('get', '/api/events?nonsense=1'))
        assert contract.check('post', '/api/notifications/test', one.ask('post', '/api/notifications/test')).status == 409
    with desk.Origin() as origin, desk.Desk(program, '--webhook', origin.url('hook')) as one:
        assert contract.check('post', '/api/notifications/test', one.ask('post', '/api/notifications/test')).status == 202
    with desk.Origin() as origin, demo.Demo(origin) as pretended, desk.Desk(program, '--demo', pretended.program) as one:
        assert contract.check('post', '/api/demo', one.ask('post', '/api/demo')).status == 201
        assert contract.check('post', '/api/demo', one.ask('post', '/api/demo')).status == 200
    with tempfile.TemporaryDirectory() as web:
        (pathlib.Path(web) / 'index.html').write_text('<!DOCTYPE html><title>desk</title>', encoding='utf-8')
        with desk.Desk(program, '--web', web) as one:
            assert contract.check('get', '/', one.ask('get', '/')).status == 200
    chain(program, contract)
    doors(program, contract)
    untried = sorted((operation['operationId'], status) for method, where, operation in contract.operations()
                     for status in operation['responses']
                     if (method, where, int(status)) not in contract.seen and int(status) != 503
                     and not (int(status) == 409 and operation['operationId'] in UNTRIED_409))
    assert not untried, f'documented and not tried: {untried}'


if __name__ == '__main__':
    sys.exit(desk.main([same_routes, every_operation]))
