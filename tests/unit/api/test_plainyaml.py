"""test_plainyaml - our reader of the contract reads what PyYAML reads, or refuses it

Usage: test_plainyaml.py FOLDER-OF-PLAINYAML OPENAPI.yaml
"""
import pathlib
import sys
import unittest

import yaml

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import plainyaml  # noqa: E402

CONTRACT = pathlib.Path(sys.argv[2])

SAME = [
    '', '# only a comment\n', 'a: 1', 'a: 1.5', 'a: -3', 'a: "1"', "a: 'it''s'", 'a: true', 'a: null', 'a:',
    'a: "x\\ty\\"z"', 'a: b # comment', 'a: "b # none"', 'a: b#c', 'a: http://x:80/y', '"200": x', "'a b': c",
    'a:\n  b: 1\n  c:\n    d: 2\ne: 3', 'a:\n- 1\n- 2', 'a:\n  - x: 1\n    y: 2\n  - x: 3', '- 1\n- a: 2\n  b: 3',
    'a: [1, two, "three, four", null]', 'a: {b: 1, c: [d, e], "f": {}}', 'a: []', '- {}\n- a: []', 'a: [x, {y: z}]',
    'a: |\n  one\n\n  two\n    three\nb: 1', 'a: |\n  one\n\n\nb: 1', '- a: |\n    x\n  b: y', 'a:   \n  - b\n\n  # c\n  - d',
    'a: {type: [string, \'null\']}', 'x-y: 1', '/a/{b}: 1', 'a: 1 2', '$ref: "#/a"',
]
REFUSED = [
    'a: &x 1', 'a: *x', 'a: >\n  b', 'a: !t b', 'a: [1,\n  2]', 'a: "b', 'a: 1\na: 2', 'a: 1\n   b: 2', 'a: {b: 1', 'just text\nmore',
    '  a: 1\nb: 2', 'a: |-\n  b', 'a: [1] x', '%YAML 1.2\n---\na: 1', 'a: "\\q"',
]


class Test(unittest.TestCase):
    def test_contract(self):
        text = CONTRACT.read_text(encoding='utf-8')
        self.assertEqual(plainyaml.load(text), yaml.safe_load(text))

    def test_same(self):
        for text in SAME:
            with self.subTest(text=text):
                self.assertEqual(plainyaml.load(text), yaml.safe_load(text))

    def test_refused(self):
        for text in REFUSED:
            with self.subTest(text=text), self.assertRaisesRegex(plainyaml.PlainYamlError, r'^line \d+: '):
                plainyaml.load(text)


unittest.main(argv=sys.argv[:1])
