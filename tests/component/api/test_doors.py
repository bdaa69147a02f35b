#!/usr/bin/env python3
"""test_doors.py - web pages of other sites, files of the web interface, events that come back

Usage: test_doors.py STAGE OPENAPI
"""
import os
import pathlib
import sys
import tempfile

import desk

TOKEN = 'test-token-0123456789'


def pages_of_other_sites(program, _):
    origin = {'Origin': 'https://desk.example'}
    with desk.Desk(program, '--cors', 'https://desk.example') as one:
        answer = one.ask('get', '/api/streams', headers=origin)
        assert answer.headers['access-control-allow-origin'] == 'https://desk.example'
        answer = one.ask('get', '/api/streams', headers={'Origin': 'https://evil.example'})
        assert 'access-control-allow-origin' not in answer.headers
        answer = one.ask('options', '/api/streams/film', headers=origin)
        assert answer.status == 204 and 'PATCH' in answer.headers['access-control-allow-methods']
        # Without tokens a page may read, but whoever sits there has not asked it to write.
        assert one.ask('post', '/api/streams/film/pause', headers=origin).status == 403
    with tempfile.NamedTemporaryFile('w') as tokens:
        tokens.write(f'alice {TOKEN}\n')
        tokens.flush()
        with desk.Desk(program, '--cors', '*', '--tokens', tokens.name) as one:
            assert one.ask('post', '/api/streams/film/pause', headers=origin).status == 401
            assert one.ask('post', '/api/streams/film/pause', headers=origin, token=TOKEN).status == 200
            # What only writers may see.
            assert 'secret' not in one.ask('get', '/api/streams/film').json['manifest_url']
            assert 'secret' in one.ask('get', '/api/streams/film', token=TOKEN).json['manifest_url']


def files(program, _):
    with tempfile.TemporaryDirectory() as folder:
        web = pathlib.Path(folder) / 'web'
        (web / 'app').mkdir(parents=True)
        (pathlib.Path(folder) / 'secret.txt').write_text('not for you', encoding='utf-8')
        (web / 'index.html').write_text('<!DOCTYPE html>', encoding='utf-8')
        (web / 'app' / 'main.mjs').write_text('export {}', encoding='utf-8')
        (web / '.hidden').write_text('not for you', encoding='utf-8')
        os.symlink('../secret.txt', web / 'link.txt')
        os.symlink('..', web / 'up')
        os.mkfifo(web / 'pipe.txt')
        with open(web / 'huge.bin', 'wb') as huge:
            huge.truncate(9 * 1024 * 1024)
        with desk.Desk(program, '--web', str(web)) as one:
            page = one.ask('get', '/')
            assert page.status == 200 and page.type == 'text/html'
            assert "script-src 'self'" in page.headers['content-security-policy']
            script = one.ask('get', '/app/main.mjs')
            assert script.type == 'text/javascript' and script.headers['x-content-type-options'] == 'nosniff'
            assert one.ask('get', '/app/main.mjs', headers={'If-None-Match': script.headers['etag']}).status == 304
            for path in ('/link.txt', '/up/secret.txt', '/../secret.txt', '/%2e%2e/secret.txt', '/app/..%2f..%2fsecret.txt',
                         '/.hidden', '/pipe.txt', '/huge.bin', '/app', '/app/', '/nothing.js', '//index.html', '/app%5cmain.mjs'):
                answer = one.ask('get', path)
                assert answer.status in (400, 404) and b'not for you' not in answer.body, (path, answer.status)
            assert one.ask('post', '/index.html').status == 405


def events_come_back(program, _):
    with desk.Desk(program) as one:
        with desk.Events(one, '?kinds=stream') as events:
            assert one.ask('post', '/api/streams/film/resume').status == 200
            kind, last, data = next(iter(events))
            assert kind == 'stream' and data['stream']['paused'] is False
        assert one.ask('post', '/api/streams/film/pause').status == 200
        with desk.Events(one, '?kinds=stream', {'Last-Event-ID': str(last)}) as events:
            kind, number, data = next(iter(events))
            assert number > last and data['stream']['paused'] is True  # what was missed
        with desk.Events(one, '', {'Last-Event-ID': '1'}) as events:  # of a desk before this one
            assert next(iter(events))[0] == 'reset'


if __name__ == '__main__':
    sys.exit(desk.main([pages_of_other_sites, files, events_come_back]))
