"""test_files - what desktops and Flatpak read of the application, by the tools that they read it with

Usage: test_files.py BUILD/data/desktop SOURCE
"""
import configparser
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

BUILT, SOURCE = (pathlib.Path(argument) for argument in sys.argv[1:3])
ID = 'org.understudy.Understudy'
MANIFEST = SOURCE / 'flatpak' / f'{ID}.yaml'


def run(*argv):
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def read_ini(path):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(path.read_text(encoding='utf-8'))
    return parser


class Desktop(unittest.TestCase):
    def test_desktop_file(self):
        code, out, err = run('desktop-file-validate', BUILT / f'{ID}.desktop')
        self.assertEqual((code, out + err), (0, ''))

    def test_the_validator_finds_faults(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / f'{ID}.desktop'
            path.write_text((BUILT / f'{ID}.desktop').read_text().replace('Type=Application\n', ''))
            self.assertNotEqual(run('desktop-file-validate', path)[0], 0)

    def test_service_fits_desktop_file(self):
        entry = read_ini(BUILT / f'{ID}.desktop')['Desktop Entry']
        service = read_ini(BUILT / f'{ID}.service')['D-BUS Service']
        self.assertEqual(service['Name'], ID)
        self.assertEqual(entry['DBusActivatable'], 'true')
        self.assertEqual(service['Exec'], entry['Exec'] + ' --gapplication-service')
        self.assertEqual(entry['Icon'], ID)

    def test_actions_exist(self):
        """Those of the desktop file are called by their names over the bus."""
        desktop = read_ini(BUILT / f'{ID}.desktop')
        code = (SOURCE / 'src/desktop/application.c').read_text()
        self.assertIn(f'"{ID}"', (SOURCE / 'src/desktop/application.h').read_text())
        for action in desktop['Desktop Entry']['Actions'].strip(';').split(';'):
            self.assertIn(f'Desktop Action {action}', desktop)
            self.assertIn(f'{{ "{action}", on_', code)

    def test_icons(self):
        for name in (ID, f'{ID}-symbolic'):
            root = ElementTree.parse(SOURCE / 'data/desktop' / f'{name}.svg').getroot()
            self.assertEqual(root.get('width'), root.get('height'))


class Metainfo(unittest.TestCase):
    path = BUILT / f'{ID}.metainfo.xml'

    def test_valid(self):
        code, out, err = run('appstreamcli', 'validate', '--no-net', self.path)
        self.assertEqual(code, 0, out + err)
        self.assertNotRegex(out, r'(?m)^[EW]: ')

    def test_the_validator_finds_faults(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / f'{ID}.metainfo.xml'
            path.write_text(re.sub(r'(?s)<summary>.*</summary>', '', self.path.read_text()))
            self.assertNotEqual(run('appstreamcli', 'validate', '--no-net', path)[0], 0)

    def test_what_it_names_is_there(self):
        root = ElementTree.parse(self.path).getroot()
        self.assertEqual(root.findtext('id'), ID)
        self.assertEqual(root.findtext('launchable'), f'{ID}.desktop')
        version = re.search(r"version: '([^']+)'", (SOURCE / 'meson.build').read_text())[1]
        self.assertEqual(root.find('releases/release').get('version'), version)
        images = root.findall('screenshots/screenshot/image')
        self.assertGreaterEqual(len(images), 3)
        for image in images:
            png = (SOURCE / 'docs/images' / image.text.rsplit('/', 1)[1]).read_bytes()
            size = [str(int.from_bytes(png[at:at + 4], 'big')) for at in (16, 20)]
            self.assertEqual([image.get('width'), image.get('height')], size)


class Manifest(unittest.TestCase):
    def show(self, path):
        """As flatpak-builder understands it. What it does not know, it warns of and leaves out."""
        code, out, err = run('flatpak-builder', '--show-manifest', path)
        self.assertEqual((code, err), (0, ''))
        return json.loads(out)

    def test_known(self):
        manifest = self.show(MANIFEST)
        self.assertEqual(manifest['id'], ID)
        self.assertEqual([manifest['runtime'], manifest['runtime-version'], manifest['sdk']],
                         ['org.freedesktop.Platform', '25.08', 'org.freedesktop.Sdk'])

    def test_a_fault_is_found(self):
        for good, bad in (('finish-args:', 'finish-argz:'), ('buildsystem: meson', 'buildsytem: meson'),
                          ('type: dir', 'type: drr')):
            with self.subTest(bad=bad), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / MANIFEST.name
                path.write_text(MANIFEST.read_text().replace(good, bad))
                self.assertRaises(AssertionError, self.show, path)

    def test_sandbox(self):
        """Every permission is one that somebody has thought of."""
        self.assertEqual(self.show(MANIFEST)['finish-args'],
                         ['--share=network', '--own-name=org.understudy.Switcher1'])

    def test_offline(self):
        for module in self.show(MANIFEST)['modules']:
            for source in module['sources']:
                self.assertNotIn('url', source)
                self.assertEqual((MANIFEST.parent / source['path']).resolve(), SOURCE.resolve())

    def test_options_exist(self):
        known = re.findall(r"^option\('(\w+)'", (SOURCE / 'meson_options.txt').read_text(), re.MULTILINE)
        for module in self.show(MANIFEST)['modules']:
            for option in module['config-opts']:
                self.assertIn(re.match(r'-D(\w+)=', option)[1], known)

    def test_command(self):
        manifest = self.show(MANIFEST)
        script = SOURCE / 'flatpak' / manifest['command']
        self.assertTrue(script.stat().st_mode & 0o100)
        self.assertIn('/app/bin/understudy desktop', script.read_text())


unittest.main(argv=sys.argv[:1], verbosity=2)
