#!/usr/bin/env python3
"""test_doors.py - web pages of other sites, files of the web interface, events that come back

Usage: test_doors.py STAGE OPENAPI
"""
import gzip
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


def names(program, _):
    """A name that another site has lent this desk does not open it."""
    streams = '/api/streams'
    for options, own in ((), ()), (('--url', 'https://desk.example:8443/ui/'), ('desk.example', 'desk.example:443')):
        with desk.Desk(program, *options) as one:
            for host in ('127.0.0.1', '[::1]:8000', '192.0.2.7:80', 'localhost', 'nas', 'nas.local', *own):
                assert one.ask('get', streams, headers={'Host': host}).status == 200, host
            for path in (streams, '/api/strips', '/metrics', '/api/events', '/api/incidents'):
                answer = one.ask('get', path, headers={'Host': 'evil.example:8000'})
                assert answer.status == 403 and answer.json['type'].endswith(':wrong-host'), path
                assert 'evil.example' in answer.json['detail'] and 'desk-url' in answer.json['detail']
            assert one.ask('get', '/health', headers={'Host': 'evil.example'}).status == 200
            # What is in the program is no secret.
            assert one.ask('get', '/vendor/htm-preact.js', headers={'Host': 'evil.example'}).status == 200
    with tempfile.NamedTemporaryFile('w') as tokens:
        tokens.write(f'alice {TOKEN}\n')
        tokens.flush()
        with desk.Desk(program, '--tokens', tokens.name) as one:
            assert one.ask('get', streams, headers={'Host': 'evil.example'}).status == 403
            assert one.ask('get', streams, headers={'Host': 'proxy.example'}, token=TOKEN).status == 200
            assert one.ask('get', streams, headers={'Host': 'proxy.example'}, token='wrong-token-0123456789').status == 401
            assert one.ask('get', streams, token='wrong-token-0123456789').status == 200  # nobody asks for one


EVERYWHERE = {'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer',
              'cross-origin-opener-policy': 'same-origin'}
MAIN_POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
               "frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def built_in(program, _):
    with desk.Desk(program) as one:
        for method, path in (('get', '/'), ('get', '/nothing'), ('get', '/api/streams'), ('post', '/health'), ('get', '/docs'),
                             ('get', '/vendor/htm-preact.js'), ('get', '/api/nothing'), ('get', '/api/strips')):
            headers = one.ask(method, path).headers
            assert EVERYWHERE.items() <= headers.items() and 'camera=()' in headers['permissions-policy'], (path, headers)
        with desk.Events(one) as events:
            assert events.response.getheader('X-Content-Type-Options') == 'nosniff'
        page = one.ask('get', '/')
        assert page.type == 'text/html' and page.headers['content-security-policy'] == MAIN_POLICY
        assert one.ask('get', '/index.html').body == page.body
        player = one.ask('get', '/player.html').headers['content-security-policy']
        assert "media-src 'self' http: https: blob:" in player and "frame-ancestors 'self'" in player, player

        plain, packed = (one.ask('get', '/vendor/htm-preact.js', headers={'Accept-Encoding': coding})
                         for coding in ('identity', 'br, gzip'))
        for answer in (plain, packed):
            assert answer.type == 'text/javascript' and answer.headers['vary'] == 'Accept-Encoding'
            assert answer.headers['cache-control'] == 'no-cache'
        assert 'content-encoding' not in plain.headers and packed.headers['content-encoding'] == 'gzip'
        assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body)
        assert plain.headers['etag'] != packed.headers['etag']
        for answer, coding in ((plain, 'identity'), (packed, 'gzip')):
            more = {'Accept-Encoding': coding}
            same = one.ask('get', '/vendor/htm-preact.js', headers={**more, 'If-None-Match': answer.headers['etag']})
            assert same.status == 304 and same.headers['vary'] == 'Accept-Encoding' and not same.body
            head = one.ask('head', '/vendor/htm-preact.js', headers=more)
            assert head.status == 200 and not head.body and head.headers['etag'] == answer.headers['etag']
            assert head.headers['content-length'] == str(len(answer.body))
        other = one.ask('get', '/vendor/htm-preact.js',
                        headers={'Accept-Encoding': 'gzip', 'If-None-Match': plain.headers['etag']})
        assert other.status == 200  # of the other coding

        licences = one.ask('get', '/licences')
        assert licences.type == 'text/plain' and b'MIT License' in licences.body
        for name in (b'hls.js', b'htm', b'uplot', b'Apache License'):
            assert name in licences.body, name
        for path in ('/vendor/hls.js/hls.min.js', '/vendor/manifest.json', '/vendor/htm/LICENSE', '/gzip/index.html',
                     '/../web/index.html', '/vendor', '/vendor/', '/index.html.gz', '//index.html'):
            assert one.ask('get', path).status in (400, 404), path
        assert one.ask('post', '/').status == 405
    with tempfile.TemporaryDirectory() as empty, desk.Desk(program, '--web', empty) as one:
        assert one.ask('get', '/').status == 404 and one.ask('get', '/docs').status == 200
        assert one.ask('get', '/vendor/htm-preact.js').status == 404 and one.ask('get', '/licences').status == 200


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
            assert page.headers['content-security-policy'] == MAIN_POLICY
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
    sys.exit(desk.main([pages_of_other_sites, names, built_in, files, events_come_back]))
