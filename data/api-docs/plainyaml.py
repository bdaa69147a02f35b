"""plainyaml - reads the part of YAML that data/openapi.yaml is written in

So that building needs nothing but Python: many build environments, those of Flatpak among them, have
no PyYAML. Known are mappings, lists, literal blocks (|), flow collections on one line, quoted and
plain scalars of the core schema, and comments; anything else is refused with its line. A test
compares the result with PyYAML's.
"""
import re

KEY = re.compile(r'''("[^"\\]*"|'[^']*'|[^\s\[\]{}#&*!|>%@,"'-][^#]*?|-[^\s#][^#]*?):(?:\s+(.*))?$''')
COMMENT = re.compile(r'\s+#.*$')
NUMBER = re.compile(r'[-+]?(\d+|\d+\.\d*([eE][-+]?\d+)?|\d+[eE][-+]?\d+)$')
WORDS = {'': None, 'null': None, '~': None, 'true': True, 'false': False}
ESCAPES = {'n': '\n', 't': '\t', '"': '"', '\\': '\\', '/': '/'}


class PlainYamlError(ValueError):
    pass


def plain(text):
    if text in WORDS:
        return WORDS[text]
    if NUMBER.match(text):
        return int(text) if re.fullmatch(r'[-+]?\d+', text) else float(text)
    return text


class Flow:
    """One line of [a, b], {a: b}, 'a', "a" or a."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def space(self):
        while self.text[self.at:self.at + 1] == ' ':
            self.at += 1

    def take(self, mark):
        self.space()
        if self.text[self.at:self.at + 1] != mark:
            return False
        self.at += 1
        return True

    def quoted(self, mark):
        out = ''
        while True:
            c = self.text[self.at:self.at + 1]
            self.at += 1
            if c == '':
                raise PlainYamlError('a quote does not end')
            if c == mark == "'" and self.text[self.at:self.at + 1] == "'":
                self.at += 1
            elif c == mark:
                return out
            elif c == '\\' and mark == '"':
                c = ESCAPES.get(self.text[self.at:self.at + 1])
                if c is None:
                    raise PlainYamlError('an escape that is not known')
                self.at += 1
            out += c

    def word(self, ends):
        begin = self.at
        while self.at < len(self.text) and not re.match(ends, self.text[self.at:]):
            self.at += 1
        return self.text[begin:self.at].strip()

    def scalar(self, ends):
        for mark in '\'"':
            if self.take(mark):
                return self.quoted(mark)
        word = self.word(ends)
        if word[:1] and word[:1] in '&*!|>%@`':
            raise PlainYamlError(f'{word[:20]!r} is more than this reader knows')
        return plain(word)

    def value(self, ends=r'$'):
        inner = r'[,\]}]|:(?:\s|$)'
        if self.take('['):
            out = []
            while not self.take(']'):
                out.append(self.value(inner))
                if not self.take(',') and self.text[self.at:self.at + 1] != ']':
                    raise PlainYamlError('a list does not end on its line')
            return out
        if self.take('{'):
            out = {}
            while not self.take('}'):
                self.space()
                key = self.scalar(inner)
                if not self.take(':'):
                    raise PlainYamlError('a mapping does not end on its line')
                self.space()
                out[key] = self.value(inner)
                if not self.take(',') and self.text[self.at:self.at + 1] != '}':
                    raise PlainYamlError('a mapping does not end on its line')
            return out
        return self.scalar(ends)

    def whole(self):
        value = self.value()
        self.space()
        if self.at < len(self.text) and not self.text[self.at:].startswith('#'):
            raise PlainYamlError(f'{self.text[self.at:][:20]!r} after the end')
        return value


def indent_of(line):
    return len(line) - len(line.lstrip(' '))


class Reader:
    def __init__(self, text):
        self.lines = text.split('\n')
        self.at = 0

    def peek(self):
        """The next line that says something, or None."""
        while self.at < len(self.lines):
            stripped = self.lines[self.at].strip()
            if stripped and not stripped.startswith('#'):
                return self.lines[self.at]
            self.at += 1
        return None

    def block(self, parent):
        """A literal block: the lines that are deeper than its key, without their common indent."""
        out, depth = [], None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip():
                if indent_of(line) <= parent:
                    break
                depth = indent_of(line) if depth is None else depth
            out.append(line[depth or 0:] if line.strip() else '')
            self.at += 1
        return '\n'.join(out).rstrip('\n') + '\n'

    def scalar(self, text, indent):
        if text == '|':
            return self.block(indent)
        if not text or text[0] not in '\'"[{':
            text = COMMENT.sub('', text)
        flow = Flow(text)
        return flow.whole()

    def child(self, indent, may_be_level):
        """What stands below a key or a dash without a value."""
        line = self.peek()
        if line is None:
            return None
        depth = indent_of(line)
        is_list = line.lstrip().startswith('- ') or line.strip() == '-'
        if depth > indent or (may_be_level and is_list and depth == indent):
            return self.node(depth)
        return None

    def node(self, indent):
        line = self.peek()
        body = line[indent:]
        if body.startswith('- ') or body.strip() == '-':
            return self.list(indent)
        if KEY.match(COMMENT.sub('', body)) or KEY.match(body):
            return self.mapping(indent)
        raise PlainYamlError('neither a key nor a list')

    def list(self, indent):
        out = []
        while (line := self.peek()) is not None and indent_of(line) == indent:
            body = line[indent:]
            if not body.startswith('-'):
                break
            rest = body[1:].strip()
            if rest and rest[0] not in '\'"[{' and KEY.match(rest):
                # "- key: value" is a mapping that begins where the key does.
                depth = indent + len(body) - len(body[1:].lstrip(' '))
                self.lines[self.at] = ' ' * depth + rest
                out.append(self.mapping(depth))
                continue
            self.at += 1
            out.append(self.scalar(rest, indent) if rest else self.child(indent, False))
        return out

    def mapping(self, indent):
        out = {}
        while (line := self.peek()) is not None and indent_of(line) == indent:
            body = line[indent:]
            if body.startswith('- '):
                break
            match = KEY.match(body)
            if not match:
                raise PlainYamlError('no key')
            key = Flow(match[1]).whole()
            if key in out:
                raise PlainYamlError(f'{key!r} stands there twice')
            rest = (match[2] or '').strip()
            if rest.startswith('#'):
                rest = ''
            self.at += 1
            out[key] = self.scalar(rest, indent) if rest else self.child(indent, True)
        if line is not None and indent_of(line) > indent:
            raise PlainYamlError('deeper than what it could belong to')
        return out


def load(text):
    """The value of a document. Raises PlainYamlError with the line."""
    reader = Reader(text)
    try:
        line = reader.peek()
        value = None if line is None else reader.node(indent_of(line))
        if reader.peek() is not None:
            raise PlainYamlError('not deep enough to belong to anything')
        return value
    except PlainYamlError as error:
        raise PlainYamlError(f'line {reader.at + 1}: {error}') from None
