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

    def __init__(self, program, *options):
        self.folder = tempfile.TemporaryDirectory(prefix='understudy-desk-')
        self.process = subprocess.Popen([program, self.folder.name, *options], text=True,
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
