#!/usr/bin/env python3
"""test_hostile.py - requests that nobody honest would send: the desk answers 4xx, and lives

Usage: test_hostile.py STAGE OPENAPI
"""
import sys

import desk

JSON = {'Content-Type': 'application/json'}


def bodies(program, path):
    contract = desk.Contract(path)
    with desk.Desk(program) as one:
        for body, status in ((b'x' * (1024 * 1024 + 1), 413), (b'{"name":"' + b'x' * 1000000 + b'"}', 413),
                             (b'[' * 60000, 400), (b'{"a":' * 10000 + b'1' + b'}' * 10000, 400), (b'{"name":"\xff\xfe"}', 400),
                             (b'{"name":"a\\u0000b","manifest_url":"http://x/"}', 400), (b'{"name":"\\ud800","manifest_url":"http://x/"}', 400),
                             (b'null', 422), (b'[]', 422), (b'{"name":"a","name":"b","manifest_url":"http://x/"}', None),
                             (b'{"name":{},"manifest_url":[]}', 422), (b'{"name":"a\\nb","manifest_url":"http://x/"}', 422),
                             (b'{"name":1e999,"manifest_url":"http://x/"}', None), (b'{"name":"a","manifest_url":"http://x/","segment_share":NaN}', 400),
                             (b'{} {}', 400), (b'/* */ {}', 400), (b'', 422)):
            try:
                answer = one.ask('post', '/api/streams', body=body, headers=JSON)
            except (BrokenPipeError, ConnectionResetError):
                assert len(body) > 1024 * 1024  # refused before it was read
                continue
            if status is not None and len(body) <= 1024 * 1024:
                contract.check('post', '/api/streams', answer)
                assert answer.status == status, (body[:60], answer.status, answer.body)
            assert answer.status < 500 or answer.status == 503, (body[:60], answer.status)
        assert one.ask('get', '/health').status == 200


def paths_and_parameters(program, path):
    contract = desk.Contract(path)
    with desk.Desk(program) as one:
        for bad in ('?limit=-1', '?limit=0', '?limit=501', '?limit=1e3', '?limit=99999999999999999999', '?limit=',
                    '?limit=1&limit=2', '?before=-1', '?after=x', '?since=yesterday', '?until=2026-13-01T00:00:00Z',
                    '?since=%00', '?kinds=,', '?kinds=' + 'a,' * 100, '?' + '&'.join(f'p{i}' for i in range(100)), '?%ff=1', '?limit=%zz'):
            answer = one.ask('get', '/api/streams/film/timeline' + bad)
            assert contract.check('get', '/api/streams/{id}/timeline', answer).status == 400, (bad, answer.status)
            assert not answer.body or answer.json['detail'], bad  # libsoup refuses some by itself
        for bad in ('x', '1.', '.INC', '-1.INC-1', "1.INC'--", '1.INC%00', 'x' * 101, '9223372036854775808.INC'):
            answer = one.ask('get', '/api/incidents?cursor=' + bad)
            assert contract.check('get', '/api/incidents', answer).status == 400, (bad, answer.status)
        for bad in ('/api/', '/api', '/api//streams', '/api/streams/', '/api/streams/film/', '/api/streams//timeline', '/api/streams/film%2ftimeline',
                    "/api/incidents/'%20OR%201=1", '/api/streams/film/thumbnails/x', '/api/streams/' + 'a' * 5000,
                    '/api/thumbnails/..%2f..%2fetc%2fpasswd', '/api/metrics', '/API/streams'):
            answer = one.ask('get', bad)
            assert answer.status in (400, 404, 414, 431) or bad == '/api/streams/film%2ftimeline', (bad, answer.status)
        for method in ('TRACE', 'PROPFIND', 'LINK'):
            assert one.ask(method, '/api/streams').status == 405
        assert 'PATCH' in one.ask('put', '/api/streams/film').headers['allow']
        for key in ('', ' ', 'x' * 256, 'a b'):
            answer = one.ask('post', '/api/streams/film/pause', headers={'Idempotency-Key': key})
            assert answer.status == 400, (key, answer.status)
        for tag in ('x', '"', '"' * 1000, 'W/"x"', '"-"', ',,,'):
            assert one.ask('patch', '/api/streams/film', body={}, headers={'If-Match': tag}).status == 412, tag
        for header in ('<script>', 'x' * 4000, '\x7f'):
            answer = one.ask('post', '/api/streams/film/pause', headers={'X-Understudy-User': header})
            assert answer.status == 200 and b'<script>' not in answer.body
        assert one.ask('get', '/health').status == 200


if __name__ == '__main__':
    sys.exit(desk.main([bodies, paths_and_parameters]))
