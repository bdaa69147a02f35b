"""desk.py - a desk that runs for a test, an origin for it to watch, and the contract to judge by."""

import http.client
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import yaml

WATCHDOG_S = 60
METHODS = ('get', 'put', 'post', 'patch', 'delete')


class Answer:
    def __init__(self, response, method):
        self.status = response.status
        self.headers = {}
        for name, value in response.getheaders():
            name = name.lower()
            self.headers[name] = f'{self.headers[name]}, {value}' if name in self.headers else value
        self.body = response.read()
        self.type = self.headers.get('content-type', '').split(';')[0]
        self.method = method

    @property
    def json(self):
        return json.loads(self.body)

    def link(self, relation):
        """The address of the next page, or None."""
        for address, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', self.headers.get('link', '')):
            if rel == relation:
                return address
        return None


class Desk:
    """A real desk in a process of its own; ends with its standard input."""

    def __init__(self, program, *options, state=None):
        self.folder = None if state else tempfile.TemporaryDirectory(prefix='understudy-desk-')
        self.process = subprocess.Popen([program, state or self.folder.name, *options], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline().strip()
        if not line:
            raise AssertionError('the desk did not start')
        self.port = int(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        code = self.process.wait(WATCHDOG_S)
        self.process.stdout.close()
        if self.folder:
            self.folder.cleanup()
        assert code == 0, f'the desk ended with {code}'

    def ask(self, method, path, body=None, headers=None, token=None):
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault('Content-Type', 'application/json')
        if token is not None:
            headers['Authorization'] = f'Bearer {token}'
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WATCHDOG_S)
        try:
            connection.request(method.upper(), path, body=body, headers=headers)
            return Answer(connection.getresponse(), method)
        finally:
            connection.close()


class Events:
    """Server-sent events as an iterator; closed as a context manager."""

    def __init__(self, desk, query='', headers=None):
        self.connection = http.client.HTTPConnection('127.0.0.1', desk.port, timeout=WATCHDOG_S)
        self.connection.request('GET', '/api/events' + query, headers=headers or {})
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.type = self.response.getheader('Content-Type', '')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def __iter__(self):
        event = {}
        until = time.monotonic() + WATCHDOG_S
        while time.monotonic() < until:
            line = self.response.readline().decode().rstrip('\n')
            if line == '' and event:
                if 'data' in event:
                    yield event.get('event'), int(event['id']), json.loads(event['data'])
                event = {}
            elif ': ' in line:
                name, value = line.split(': ', 1)
                event[name] = value
        raise AssertionError('nothing more came')


class Origin:
    """A live playlist, with a new segment every second, until it is told to fail."""

    def __init__(self):
        origin = self
        self.begun = time.monotonic()
        self.is_failing = False

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, text = (500, b'') if origin.is_failing else (200, origin.playlist())
                self.send_response(status)
                self.send_header('Content-Type', 'application/vnd.apple.mpegurl')
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def playlist(self):
        last = 100 + int(time.monotonic() - self.begun)
        lines = ['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-TARGETDURATION:1', f'#EXT-X-MEDIA-SEQUENCE:{last - 9}']
        for number in range(last - 9, last + 1):
            lines += ['#EXTINF:1.000,', f'{number}.ts']
        return ('\n'.join(lines) + '\n').encode()

    def url(self, name):
        return f'http://127.0.0.1:{self.server.server_port}/{name}.m3u8'

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


SIDE = {'state': 'up', 'reason': 'ok', 'is_active': True, 'is_drained': False, 'newest_segment': 1005, 'age_ms': 40}
STREAM = {
    'name': 'mystream', 'path': '/hls/index.m3u8', 'is_default': True, 'is_served': False, 'active': 'primary',
    'home': 'primary', 'pair': 'identical', 'pair_reason': 'the same numbers',
    'divergences': 0, 'mode': 'auto', 'is_strict': False,
    'until_ms': None, 'failback': 'auto', 'failovers': 1, 'switchbacks': 1,
    'origins': {'primary': {**SIDE, 'url': 'http://127.0.0.1:8081/hls/index.m3u8?key=s3cret'},
                'backup': {**SIDE, 'is_active': False, 'url': 'http://127.0.0.1:8082/hls/index.m3u8'}},
    'switches': [{'time_ms': 1, 'from': 'primary', 'to': 'backup', 'reason': 'refused', 'class': 'dead', 'gap_ms': 0,
                  'overlap_ms': 0, 'who': '', 'why': ''}]}
COMMAND = {'id': 1, 'time_ms': 2, 'command': 'hold', 'stream': None, 'what': 'hold', 'who': 'bob', 'why': 'x', 'via': 'http',
           'refused': None}
RESULT = {'name': 'kill', 'hit': 'primary', 'passed': True, 'skipped': False, 'verdict': 'Nobody noticed', 'stall_ms': 0,
          'failed_requests': 0, 'missing_frames': 0, 'repeated_frames': 0, 'added_delay_ms': 12}
RUN = {'id': 'kill-1', 'name': 'kill', 'evidence': '/tmp/kill-1.json', 'started_ms': 3, 'ended_ms': 9, 'passed': True,
       'results': [RESULT]}
ROW = {'number': 1005, 'name': '1-1005.ts', 'origin': 'backup', 'at': '2026-01-31T12:00:00.000Z', 'duration_s': 2.002,
       'bytes': 250000, 'hash': '0123456789abcdef', 'comparison': 'equal', 'is_gap': False, 'is_discontinuous': False,
       'was_hedged': False, 'was_resumed': False, 'took_ms': 12}
ANSWERS = {
    '/healthz': {},
    '/control/status': {'version': '9', 'time_ms': 5, 'started_ms': 1, 'active_drill': None, 'streams': [STREAM],
                        'commands': [COMMAND], 'later': [1]},
    '/control/drills': {'drills': [{'name': 'kill', 'summary': 'Kills'}], 'runs': [RUN]},
    '/control/streams/mystream/ledger': {'stream': 'mystream', 'pair': 'identical', 'rendition': None, 'renditions': [],
                                         'newest': 1005, 'rows': [ROW]},
    '/control/streams/mystream/hold': {'streams': [STREAM]},
    '/control/streams/mystream/failover': {'streams': [{**STREAM, 'active': 'backup'}]},
    '/control/drills/kill': {'drill': RUN}}


def problem(status, word, **more):
    return status, {'type': f'urn:understudy:problem:{word}', 'title': 'No', 'status': status, 'detail': f'It is {word}.', **more}


class Switcher:
    """Answers as the switcher's control API does, or as @answer says: (status, object or bytes), or None for not at all."""

    def __init__(self):
        switcher = self
        self.answer = None
        self.asked = []  # (method, path and query, headers, body)
        self.is_over = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                switcher.asked.append((self.command, self.path, dict(self.headers), body))
                reply = switcher.find(self.command, self.path, body)
                if reply is None:
                    switcher.is_over.wait(WATCHDOG_S)
                    self.close_connection = True
                    return
                status, text = reply
                text = text if isinstance(text, bytes) else json.dumps(text).encode()
                self.send_response(status)
                self.send_header('Content-Type', 'application/json' if status < 400 else 'application/problem+json')
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the desk gave up

        self.server = Server(('127.0.0.1', 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def find(self, method, where, body):
        if self.answer is not None:
            return self.answer(method, where, body)
        path = urllib.parse.unquote(where.split('?')[0])
        if path not in ANSWERS:
            return problem(404, 'no-drill' if path.startswith('/control/drills/') else 'no-stream')
        unknown = [name for name in json.loads(body) if name not in ('why', 'origin', 'seconds')] if body else []
        if unknown:
            return problem(422, 'unknown-member', pointer=f'#/{unknown[0]}')
        return 202 if method == 'POST' and path == '/control/drills/kill' else 200, ANSWERS[path]

    def url(self):
        return f'http://127.0.0.1:{self.server.server_port}'

    def asked_of(self, path):
        return [one for one in self.asked if one[1].split('?')[0] == path]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()


class Contract:
    def __init__(self, path):
        with open(path, encoding='utf-8') as source:
            self.spec = yaml.safe_load(source)
        self.seen = set()  # (method, path, status)

    def operations(self):
        for path, item in self.spec['paths'].items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method]

    def resolve(self, thing):
        while isinstance(thing, dict) and '$ref' in thing:
            place = self.spec
            for step in thing['$ref'].lstrip('#/').split('/'):
                place = place[step]
            thing = place
        return thing

    def check(self, method, path, answer):
        """That @answer is one that the contract knows of; returns it."""
        where = f'{method.upper()} {path} {answer.status}'
        responses = self.spec['paths'][path][method]['responses']
        assert str(answer.status) in responses, f'{where} is not in the contract: {answer.body[:300]}'
        response = self.resolve(responses[str(answer.status)])
        content = response.get('content', {})
        if content and answer.body:
            assert answer.type in content, f'{where} is {answer.type}, not one of {list(content)}'
            schema = content[answer.type].get('schema')
            if schema is not None:
                self.validate(schema, answer.json, where)
        for name in response.get('headers', {}):
            if name in ('ETag', 'Location'):
                assert name.lower() in answer.headers, f'{where} lacks {name}'
        self.seen.add((method, path, answer.status))
        return answer

    def members(self, schema):
        """All properties of an object and what is needed, over allOf."""
        schema = self.resolve(schema)
        properties, needed = dict(schema.get('properties', {})), set(schema.get('required', []))
        for part in schema.get('allOf', []):
            more, also = self.members(part)
            properties.update(more)
            needed |= also
        return properties, needed

    def validate(self, schema, value, where):
        schema = self.resolve(schema)
        if 'oneOf' in schema:
            mistakes = []
            for part in schema['oneOf']:
                try:
                    return self.validate(part, value, where)
                except AssertionError as mistake:
                    mistakes.append(str(mistake))
            raise AssertionError(f'{where}: none of: {mistakes}')
        if 'const' in schema:
            assert value == schema['const'], f'{where}: {value!r}'
        if 'enum' in schema:
            assert value in schema['enum'], f'{where}: {value!r} is not one of {schema["enum"]}'
        kinds = schema.get('type', [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        kind = ('null' if value is None else 'boolean' if isinstance(value, bool)
                else 'integer' if isinstance(value, int) else 'number' if isinstance(value, float)
                else 'string' if isinstance(value, str) else 'array' if isinstance(value, list) else 'object')
        assert not kinds or kind in kinds or (kind == 'integer' and 'number' in kinds), \
            f'{where}: {value!r} is no {kinds}'
        if kind == 'string' and 'pattern' in schema:
            assert re.search(schema['pattern'], value), f'{where}: {value!r}'
        if kind == 'array':
            assert len(value) <= schema.get('maxItems', len(value)), f'{where}: too many'
            for number, item in enumerate(value):
                self.validate(schema.get('items', {}), item, f'{where}/{number}')
        if kind == 'object' and ('properties' in schema or 'allOf' in schema):
            properties, needed = self.members(schema)
            assert needed <= value.keys(), f'{where} lacks {sorted(needed - value.keys())}'
            unknown = value.keys() - properties.keys()
            assert not unknown, f'{where} has {sorted(unknown)}, which the contract does not know'
            for name, item in value.items():
                self.validate(properties[name], item, f'{where}/{name}')
        return None


def main(tests):
    """Runs the tests of a file: each is a function of (program, contract)."""
    program, contract = sys.argv[1], sys.argv[2]
    for test in tests:
        print(f'# {test.__name__}', flush=True)
        test(program, contract)
    print('all is well')
