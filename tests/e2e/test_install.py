"""test_install.py - what `meson install` puts where, and that it works from there.

The list is installed.txt; a file that is in only one of them fails the test. Nothing here needs root
or a running systemd: scripts/smoke-systemd has that.
"""
# test-e2e: light

import http.client
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest

import chain
import deskclient
import foreign

LIST = pathlib.Path(__file__).with_name("installed.txt")
TREES = {"share/doc/understudy/docs": "docs", "share/understudy/pipelines": "pipelines"}
EXPOSURE = 15  # of a service, in tenths, as `systemd-analyze security` counts
LIMIT_S = 120


def run(*argv, **named):
    """One program to its end; its standard output and error together."""
    return subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S, check=False, **named)


class Tree(unittest.TestCase):
    """An installation of one's own, below a temporary folder."""

    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="understudy-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.dest = cls.home / "dest"
        cls.install()
        options = json.loads(run("meson", "introspect", "--buildoptions", chain.BUILD).stdout)
        prefix = next(option["value"] for option in options if option["name"] == "prefix")
        cls.prefix = cls.dest / prefix.lstrip("/")
        cls.binary = cls.prefix / "bin/understudy"
        cls.environment = {"PATH": os.environ["PATH"], "HOME": str(cls.home), "LC_ALL": "C.UTF-8",
                           "GST_REGISTRY_1_0": os.environ.get("GST_REGISTRY_1_0", str(cls.home / "registry"))}

    @classmethod
    def install(cls):
        done = run("meson", "install", "-C", chain.BUILD, "--no-rebuild",
                   env=dict(os.environ, DESTDIR=str(cls.dest)))
        if done.returncode != 0:
            raise chain.Failure(f"meson install: {done.stdout[-2000:]}")

    def say(self, *arguments):
        done = run(self.binary, *arguments, env=self.environment, cwd="/")
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout


class Installed(Tree):
    def test_every_file_is_in_its_place(self):
        """Below the prefix without it, elsewhere with the whole path."""
        found = {"/" + str(path.relative_to(self.dest)) for path in self.dest.rglob("*") if not path.is_dir()}
        top = "/" + str(self.prefix.relative_to(self.dest)) + "/"
        found = {path.removeprefix(top) for path in found}
        for tree, source in TREES.items():
            inside = {path for path in found if path.startswith(tree + "/")}
            there = {f"{tree}/{path.relative_to(chain.ROOT / source)}"
                     for path in (chain.ROOT / source).rglob("*") if path.is_file()}
            self.assertEqual(sorted(inside), sorted(there))
            found -= inside
        listed = [line for line in LIST.read_text(encoding="utf-8").splitlines()
                  if line and not line.startswith("#")]
        self.assertEqual(listed, sorted(listed), "the list is not in order")
        self.assertEqual(sorted(found), listed)
        modes = {path for path in found if os.access(self.prefix / path, os.X_OK)}
        self.assertEqual(modes, {"bin/understudy"})

    def test_the_program_runs_from_there(self):
        self.assertRegex(self.say("--version"), r"^understudy \d+\.\d+\.\d+\n$")
        self.assertIn("[switcher]", self.say("run", "--print-config"))

    def test_it_uses_the_pipelines_that_came_with_it(self):
        with tempfile.TemporaryDirectory(dir=self.home) as folder:
            copy = pathlib.Path(folder) / "usr"
            shutil.copytree(self.prefix, copy)
            text = copy / "share/understudy/pipelines/publisher.launch"
            text.write_text("nosuchelement-of-this-test ! fakesink\n", encoding="utf-8")
            done = run(copy / "bin/understudy", "publish", "--url", "rtmp://127.0.0.1:9/live/x",
                       env=self.environment, cwd="/")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("nosuchelement-of-this-test", done.stdout)

    def test_an_upgrade_keeps_the_configuration(self):
        file = self.dest / "etc/understudy/understudy.conf"
        before = file.read_text(encoding="utf-8")
        file.write_text(before + "# mine\n", encoding="utf-8")
        self.install()
        self.assertEqual(file.read_text(encoding="utf-8"), before + "# mine\n")
        file.write_text(before, encoding="utf-8")

    def test_the_configuration_is_understood(self):
        file = self.dest / "etc/understudy/understudy.conf"
        self.assertIn("\npublish=false\n", self.say("run", "--config", file, "--print-config"))
        text = file.read_text(encoding="utf-8")
        whole = self.home / "whole.conf"
        whole.write_text(re.sub(r"^#(?=[a-z-]+=)", "", text, flags=re.MULTILINE), encoding="utf-8")
        self.assertGreater(len(re.findall(r"^#[a-z-]+=", text, re.MULTILINE)), 5)
        self.assertIn("\ndefault-stream=mystream\n", self.say("run", "--config", whole, "--print-config"))


class Units(Tree):
    """Of systemd; checked with its own tools against the installed tree."""

    def units(self, pattern):
        found = sorted((self.prefix / "lib/systemd/system").glob(pattern))
        self.assertTrue(found)
        return found

    def test_systemd_understands_them(self):
        # The programs of the units are looked for at the paths that they will have.
        root = self.home / "root"
        shutil.copytree(self.dest, root)
        names = [unit.name.replace("@.", "@primary.") for unit in self.units("understudy*")]
        system = [pathlib.Path(folder) for folder in ("/usr/lib/systemd/system", "/lib/systemd/system")]
        lib = next(folder for folder in system if (folder / "sysinit.target").exists())
        shutil.copytree(lib, root / "usr/lib/systemd/system", symlinks=True)
        done = run("systemd-analyze", "verify", "--man=no", f"--root={root}", *names)
        ours = [line for line in done.stdout.splitlines() if "understudy" in line]
        self.assertEqual(ours, [])

    def test_verify_sees_a_fault(self):
        """So that the test above means something."""
        root = self.home / "bad"
        shutil.copytree(self.home / "dest", root)
        unit = root / self.prefix.relative_to(self.dest) / "lib/systemd/system/understudy.service"
        unit.write_text(unit.read_text(encoding="utf-8") + "\n[Service]\nRestart=sometimes\n", encoding="utf-8")
        done = run("systemd-analyze", "verify", "--man=no", f"--root={root}", "understudy.service")
        self.assertIn("sometimes", done.stdout)

    def test_services_are_confined(self):
        for unit in self.units("*.service"):
            with self.subTest(unit.name):
                done = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", unit)
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_documentation_gives_the_measured_score(self):
        done = run("systemd-analyze", "security", "--offline=true", self.units("understudy.service")[0])
        score = re.search(r"exposure level for \S+: (\S+)", done.stdout)[1]
        self.assertIn(f"| **{score}** |", (chain.ROOT / "docs/install.md").read_text(encoding="utf-8"))

    def test_every_service_is_watched_and_restarted(self):
        for unit in [*self.units("*.service"), self.prefix / "lib/systemd/user/understudy.service"]:
            with self.subTest(unit.name):
                text = unit.read_text(encoding="utf-8")
                for line in ("Type=notify", "WatchdogSec=10", "Restart=always", "RestartPreventExitStatus=2",
                             "OOMPolicy=continue"):
                    self.assertIn(f"\n{line}\n", text)
                self.assertNotIn("@", text.replace("understudy-packager@", "").replace("understudy-origin@", "")
                                 .replace("@system-service", "").replace("@privileged", ""))

    def test_the_user_is_made(self):
        root = self.home / "users"
        (root / "etc").mkdir(parents=True)
        for name in ("passwd", "group", "shadow", "gshadow"):
            (root / "etc" / name).touch()
        done = run("systemd-sysusers", f"--root={root}", self.prefix / "lib/sysusers.d/understudy.conf")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex((root / "etc/passwd").read_text(encoding="utf-8"),
                         r"understudy:.*:/var/lib/understudy:/\S*nologin")


class Proxy(unittest.TestCase):
    """The texts of docs/install.md in Debian's nginx, in front of a desk that runs."""

    NAME = "desk.example.org"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-proxy-"))
        self.addCleanup(shutil.rmtree, self.folder)
        part = (chain.ROOT / "docs/install.md").read_text(encoding="utf-8").partition("\n## TLS in front\n")[2]
        self.site = re.search(r"^```nginx\n(.*?)^```", part, re.MULTILINE | re.DOTALL)[1]
        self.settings = dict(re.findall(r"^([a-z-]+)=(\S+)$", re.search(
            r"^```ini\n\[monitor\]\n(.*?)^```", part, re.MULTILINE | re.DOTALL)[1], re.MULTILINE))
        done = run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                   "-nodes", "-days", "2", "-subj", "/CN=live.example.org",
                   "-keyout", self.folder / "privkey.pem", "-out", self.folder / "fullchain.pem")
        self.assertEqual(done.returncode, 0, done.stdout)

    def nginx(self, site):
        """Its arguments, with the site in the frame that Debian's nginx.conf is."""
        name = self.folder
        site = re.sub(r"/etc/letsencrypt/live/[a-z.]+", str(name), site)
        frame = name / "nginx.conf"
        frame.write_text(f"pid {name}/pid; error_log stderr; events {{}}\n"
                         f"http {{ access_log off; client_body_temp_path {name}/b; proxy_temp_path {name}/p;\n"
                         f"fastcgi_temp_path {name}/f; uwsgi_temp_path {name}/u; scgi_temp_path {name}/s;\n"
                         f"{site}\n}}\n", encoding="utf-8")
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-e", "stderr", "-c", str(frame)]

    def test_the_documented_nginx_configuration_is_one(self):
        self.assertEqual(self.site.count("ssl_certificate_key"), 2)
        done = run(*self.nginx(self.site), "-t")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("[emerg]", done.stdout)

    def ask(self, method, path, body=None, name=NAME, **headers):
        """(status, bytes) through the proxy, as a browser that was sent to it by name."""
        context = ssl.create_default_context(cafile=self.folder / "fullchain.pem")
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=15, context=context)
        try:
            connection.request(method, path, body, dict(headers, Host=name))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answers(self):
        try:
            return self.ask("GET", "/", name="live.example.org")[0] == 404
        except OSError:
            return False

    def test_the_desk_behind_it(self):
        tokens = self.folder / "desk-tokens"
        tokens.write_text("operator a-token-of-this-test\n", encoding="utf-8")
        self.settings["token-file"] = str(tokens)
        desk = self.enterContext(deskclient.Desk(
            self.folder / "desk", [word for key, value in self.settings.items() for word in (f"--{key}", value)]))
        self.port = foreign.free_ports(1)[0]
        site = re.sub(r"\blisten 443\b", f"listen 127.0.0.1:{self.port}", self.site)
        site = site.replace("127.0.0.1:8000", f"127.0.0.1:{desk.port}")
        proxy = subprocess.Popen([*self.nginx(site), "-g", "daemon off;"], stdin=subprocess.DEVNULL)
        self.addCleanup(proxy.wait)
        self.addCleanup(proxy.terminate)
        chain.wait_for("nginx", self.answers)

        for path in ("/", "/api/streams"):
            with self.subTest(path):
                self.assertEqual(self.ask("GET", path)[0], 200)
        stream = json.dumps({"name": "new", "manifest_url": "http://192.0.2.1/x.m3u8"})
        ours = {"Content-Type": "application/json", "Origin": f"https://{self.NAME}"}
        self.assertEqual(self.ask("POST", "/api/streams", stream, **ours)[0], 401)
        status, data = self.ask("POST", "/api/streams", stream, Authorization="Bearer a-token-of-this-test", **ours)
        self.assertEqual(status, 201, data)


class ManPages(Tree):
    def commands(self):
        out = self.say("--help").partition("\nCommands:\n")[2].partition("\n\n")[0]
        return re.findall(r"^  ([a-z]+) ", out, re.MULTILINE)

    def pages(self):
        return sorted((self.prefix / "share/man").rglob("*.[15]"))

    def test_every_command_has_one(self):
        named = {f"understudy-{name}.1" for name in self.commands()}
        self.assertGreater(len(named), 9)
        self.assertEqual({page.name for page in self.pages()}, named | {"understudy.1", "understudy.conf.5"})

    def test_they_render_without_a_warning(self):
        for page in self.pages():
            with self.subTest(page.name):
                done = run("mandoc", "-T", "lint", "-W", "warning", page)
                self.assertEqual(done.stdout, "")

    def rendered(self, page):
        done = run("mandoc", "-T", "ascii", "-O", "width=200", page)
        return re.sub(".\b", "", done.stdout)

    def test_they_hold_every_option_and_setting(self):
        for name in self.commands():
            with self.subTest(name):
                shown = self.rendered(self.prefix / f"share/man/man1/understudy-{name}.1")
                options = [option for option in re.findall(r"^  (--[a-z-]+)$", self.say(name, "--help"), re.M)]
                self.assertIn("--config", options)
                for option in options:
                    self.assertRegex(shown, rf"\n +{option}\b")
        shown = self.rendered(self.prefix / "share/man/man5/understudy.conf.5")
        for key, value in re.findall(r"^([a-z-]+)=(.*)$", self.say("run", "--print-config"), re.M):
            self.assertRegex(shown, rf"\n +{key}\b")
            self.assertIn(value, shown)


class Packages(unittest.TestCase):
    def test_without_dpkg_the_build_is_left_to_judge(self):
        with tempfile.TemporaryDirectory(prefix="understudy-path-") as folder:
            for tool in ("cat", "grep", "id", "sed", "sh", "tr"):
                os.symlink(shutil.which(tool), pathlib.Path(folder, tool))
            done = run(chain.ROOT / "scripts/deps", "install", "build", env={"PATH": folder})
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        for package in ("libsoup-3.0-dev", "meson", "libglib2.0-dev", "gstreamer1.0-libav"):
            self.assertIn(f" {package} ", done.stdout)


class Completion(Tree):
    def complete(self, *words):
        script = """
          _init_completion() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
            words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
          _filedir() { COMPREPLY=(a-file); }
          source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _understudy; printf '%s\\n' "${COMPREPLY[@]}"
        """
        done = run("bash", "-c", script, "bash", self.prefix / "share/bash-completion/completions/understudy",
                   "understudy", *words)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.split()

    def test_commands_options_and_values(self):
        self.assertEqual(self.complete("sw"), ["switcher"])
        self.assertEqual(self.complete("switcher", "--failb"), ["--failback"])
        self.assertEqual(self.complete("switcher", "--failback", ""), ["auto", "sticky"])
        self.assertEqual(self.complete("run", "--switcher.failback", "s"), ["sticky"])
        self.assertEqual(self.complete("run", "--no-pub"), ["--no-publish"])
        self.assertEqual(self.complete("ctl", "--token-file", ""), ["a-file"])


if __name__ == "__main__":
    unittest.main()
