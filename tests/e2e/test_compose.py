"""The compose files of docker/, without an engine: what they say is what the program understands.

# test-e2e: light

Compose itself reads and merges them (docker-compose of Debian: 1.29 on Debian 12, 2.26 on 13). Then
every command line goes to the real program, every address must be one where somebody listens, and
every service must be locked up as docs/containers.md says.
"""

import configparser
import ipaddress
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import yaml

import chain

DOCKER = chain.ROOT / "docker"
OVERLAYS = {
    "base": ["compose.yaml"],
    "edge": ["compose.yaml", "compose.edge.yaml"],
    "external": ["compose.external.yaml"],
    "monitoring": ["compose.yaml", "../monitoring/compose.yaml"],
    "all": ["compose.yaml", "compose.edge.yaml", "../monitoring/compose.yaml", "../monitoring/compose.edge.yaml"],
}
SEED_PORTS = {"ingest": 1936, "packager-primary": 8081, "packager-backup": 8082, "switcher": 8080, "monitor": 8000}


def merged(files, profile="manual", environment=None):
    """What Compose makes of them. Its first generation knows no `name`; everything else is the same."""
    with tempfile.TemporaryDirectory(prefix="understudy-compose-") as folder:
        copies = []
        for name in files:
            text = (DOCKER / name).read_text(encoding="utf-8")
            copy = pathlib.Path(folder) / name.replace("../", "").replace("/", "-")
            copy.write_text(re.sub(r"^name:.*\n", "", text, flags=re.M), encoding="utf-8")
            copies += ["-f", str(copy)]
        env = {"PATH": os.environ["PATH"], "HOME": folder, "COMPOSE_PROJECT_NAME": "test",
               "COMPOSE_PROFILES": profile, **(environment or {})}
        done = subprocess.run(["docker-compose", *copies, "--project-directory", str(DOCKER), "config"],
                              env=env, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"{files}: {done.stderr}")
        return yaml.safe_load(done.stdout)


def is_ours(service):
    return service["image"].startswith("understudy:")


def printed(service, healthcheck=False):
    """The configuration that the program makes of a service's command line and environment."""
    command = service["command"] if not healthcheck else service["healthcheck"]["test"][2:]
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(service.get("environment") or {})}
    done = subprocess.run([chain.BINARY, *command, "--print-config"], env=env, capture_output=True,
                          text=True, timeout=30)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stderr}")
    config = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    config.read_string(done.stdout)
    return config


def group_of(service):
    role = service["command"][0]
    if role != "packager":
        return role
    return "packager-backup" if "--name=backup" in service["command"] else "packager-primary"


def published(service):
    """{port outside: port inside}"""
    ports = {}
    for port in service.get("ports") or []:
        if isinstance(port, str):
            outside, inside = port.split("/")[0].rsplit(":", 2)[-2:]
        else:
            outside, inside = port["published"], port["target"]
        ports[int(outside)] = int(inside)
    return ports


def published_at(service):
    """{port inside: address of the host, "" for all of them}"""
    places = {}
    for port in service.get("ports") or []:
        if isinstance(port, str):
            address, _, inside = port.split("/")[0].rpartition(":")
            places[int(inside)] = address.rpartition(":")[0]
        else:
            places[int(port["target"])] = port.get("host_ip", "")
    return places


def listens(service):
    """Ports where the role listens for more than its own machine."""
    config = printed(service)
    keys = {"ingest": ("rtmp", "status"), "packager-primary": ("rtmp", "http"),
            "packager-backup": ("rtmp", "http"), "switcher": ("http",), "monitor": ("http",), "publish": ()}
    addresses = [config[group_of(service)][key] for key in keys[group_of(service)]]
    return {int(address.rsplit(":", 1)[1]) for address in addresses if address.startswith("0.0.0.0:")}


def commands_of_the_page():
    """[(service, words)] of each command that docs/containers.md says to run inside a container"""
    text = (chain.ROOT / "docs/containers.md").read_text(encoding="utf-8")
    lines = re.findall(r"docker compose -f docker/compose\.yaml exec [^`\n]+", text)
    commands = [shlex.split(line, comments=True)[5:] for line in lines]
    return [(words[0], words[1:]) for words in commands]


def size(text):
    unit = {"k": 1024, "m": 1024 ** 2, "g": 1024 ** 3}.get(str(text)[-1].lower())
    return int(str(text)[:-1]) * unit if unit else int(text)


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {name: merged(files) for name, files in OVERLAYS.items()}

    def each(self, ours=None):
        for overlay, file in self.files.items():
            for name, service in file["services"].items():
                if ours is None or is_ours(service) == ours:
                    self.where = f"{overlay}: {name}"
                    yield overlay, name, service

    def _formatMessage(self, msg, standardMsg):
        return f"{getattr(self, 'where', '')}: {super()._formatMessage(msg, standardMsg)}"

    def test_who_is_there(self):
        base = self.files["base"]["services"]
        self.assertEqual(set(base), {"ingest", "packager-primary", "packager-backup", "switcher", "monitor",
                                     "publisher", "publisher-manual"})
        self.assertEqual(set(self.files["edge"]["services"]) - set(base), {"edge", "switcher-2"})
        self.assertEqual(set(self.files["external"]["services"]), {
            "ingest", "publisher", "ffmpeg-pub", "packager-primary", "packager-backup", "origin-primary",
            "origin-backup", "switcher", "monitor"})
        without = merged(OVERLAYS["base"], profile="")["services"]
        profiles = {name for name, service in without.items() if service.get("profiles")}
        self.assertEqual(set(base) - (set(without) - profiles), {"publisher-manual"})
        for name, port in SEED_PORTS.items():
            self.assertIn(port, published(base[name]), name)

    def test_command_lines(self):
        """Accepted, and every option has arrived where it belongs."""
        for _, _, service in self.each(ours=True):
            config = printed(service)
            for option in service["command"][1:]:
                key, _, value = option.removeprefix("--").partition("=")
                if key != "name":
                    self.assertEqual(config[group_of(service)][key], value)
            for key, value in (service.get("environment") or {}).items():
                setting = key.removeprefix("UNDERSTUDY_").lower().replace("_", "-")
                self.assertEqual(config[group_of(service)][setting], str(value))

    def test_edge_asks_the_other(self):
        """One of two switchers that reaches no origin must say so: compose.yaml's own, alone, must not."""
        for overlay, name, expected in (("base", "switcher", "false"), ("edge", "switcher", "true"),
                                        ("edge", "switcher-2", "true")):
            config = printed(self.files[overlay]["services"][name])
            self.assertEqual(config["switcher"]["self-verdict"], expected, (overlay, name))

    def test_edge_joins_a_running_chain(self):
        """The overlay makes no container anew but the switcher, and leaves the network in use as it is."""
        base, edge = self.files["base"], self.files["edge"]
        self.assertEqual(*[(one.get("networks") or {}).get("default") for one in (base, edge)])
        for name, service in base["services"].items():
            joined, alone = dict(edge["services"][name]), dict(service)
            # Compose 2 writes the network down that everybody is in anyway.
            networks, before = joined.pop("networks", {"default": None}), alone.pop("networks", {"default": None})
            self.assertEqual(set(networks), {*before, "edge"} if name == "switcher" else set(before), name)
            if name == "switcher":  # anew in any case
                alone["command"] = [*alone["command"], "--self-verdict=true"]
            self.assertEqual(joined, alone, name)
        # Where nginx finds them: addresses of that network, which nobody else can be given.
        hosts = edge["services"]["edge"]["extra_hosts"]
        hosts = hosts if isinstance(hosts, dict) else dict(re.split("[:=]", line, maxsplit=1) for line in hosts)
        pool = edge["networks"]["edge"]["ipam"]["config"][0]
        for name in ("switcher", "switcher-2"):
            networks = edge["services"][name]["networks"]
            self.assertIn("default", networks, "its packagers are there")
            self.assertEqual(hosts[name], networks["edge"]["ipv4_address"])
            address = ipaddress.ip_address(hosts[name])
            self.assertIn(address, ipaddress.ip_network(pool["subnet"]))
            self.assertNotIn(address, ipaddress.ip_network(pool["ip_range"]))
        self.assertEqual(set(edge["services"]["edge"]["networks"]), {"edge"})

    def test_edge_waits_for_no_switcher(self):
        """With one of two away the edge is to be up, not to be waited for."""
        conditions = self.files["edge"]["services"]["edge"]["depends_on"]
        self.assertEqual({name: condition["condition"] for name, condition in conditions.items()},
                         {"switcher": "service_started", "switcher-2": "service_started"})

    def test_prometheus_asks_everybody(self):
        """Each role of the same files, at the port where it answers, by the name that Compose gives it."""
        for overlay in ("monitoring", "all"):
            services = self.files[overlay]["services"]
            mounted = {}
            for place in services["prometheus"]["volumes"]:
                source, target = place.split(":")[:2] if isinstance(place, str) else (place["source"], place["target"])
                mounted[target] = pathlib.Path(source)
            config = yaml.safe_load(mounted["/etc/prometheus/prometheus.yml"].read_text(encoding="utf-8"))
            asked = set()
            for job in config["scrape_configs"]:
                groups = list(job.get("static_configs", []))
                for source in job.get("file_sd_configs", []):
                    for name in source["files"]:
                        groups += yaml.safe_load(mounted[f"/etc/prometheus/{name}"].read_text(encoding="utf-8"))
                asked |= {target for group in groups for target in group["targets"]}
            wanted = {f"{name}:{port}" for name, service in services.items() if is_ours(service)
                      for port in listens(service) & {8000, 8080, 8081, 8082, 8083}}
            self.assertEqual(asked, wanted, overlay)
            for name, port in (("prometheus", 9090), ("alertmanager", 9093), ("grafana", 3000)):
                self.assertEqual(published_at(services[name]), {port: "127.0.0.1"}, "it asks for no password of ours")

    def test_environment(self):
        """The first generation's variables reach the switcher through Compose."""
        wanted = {"PRIMARY_BASE_URL": "http://a.example/hls", "BACKUP_BASE_URL": "http://b.example/hls",
                  "PLAYLIST_PATH": "live/index.m3u8", "CHECK_INTERVAL_SECONDS": "2",
                  "SEGMENT_AGE_THRESHOLD_SECONDS": "7", "REQUIRED_WINDOWS": "5"}
        file = merged(OVERLAYS["edge"], environment=wanted)
        for name in ("switcher", "switcher-2"):
            config = printed(file["services"][name])["switcher"]
            for key, value in wanted.items():
                self.assertEqual(config[key.lower().replace("_", "-")], value)

    def test_addresses_lead_somewhere(self):
        """Every URL of a command or variable names a service that listens there."""
        others = {("ingest", 1935), ("origin-primary", 8080), ("origin-backup", 8080), ("alertmanager", 9093),
                  ("prometheus", 9090)}
        for overlay, name, service in self.each():
            services = self.files[overlay]["services"]
            words = list(map(str, service.get("command") or [])) + \
                list(map(str, (service.get("environment") or {}).values()))
            urls = re.findall(r"(?:http|rtmp)://([\w.-]+):(\d+)", " ".join(words))
            for host, port in urls:
                self.assertIn(host, services, f"{name} asks {host}")
                if is_ours(services[host]):
                    self.assertIn(int(port), listens(services[host]), f"{name} asks {host}:{port}")
                else:
                    self.assertIn((host, int(port)), others)

    def test_commands_of_the_page(self):
        """What docs/containers.md says to type: the service has that secret, and sees that address."""
        services = self.files["base"]["services"]
        commands = commands_of_the_page()
        self.assertLessEqual({("switcher", "ctl", "status"), ("monitor", "ctl", "incidents"), ("monitor", "ctl", "ack")},
                             {(name, *words[1:3]) for name, words in commands})
        for name, words in commands:
            self.assertEqual(words[0], "understudy")
            done = subprocess.run([chain.BINARY, *words[1:], "--print-config"], capture_output=True, text=True,
                                  timeout=30, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
            self.assertEqual(done.returncode, 0, (words, done.stderr))
            secrets = {s if isinstance(s, str) else s["source"] for s in services[name].get("secrets") or []}
            needed = set(re.findall(r"/run/secrets/([\w-]+)", " ".join(words)))
            self.assertLessEqual(needed, secrets, words)
            if name == "switcher" and words[1] == "ctl":  # answers nobody without
                self.assertEqual(needed, {"control-token"}, words)
            for host, port in re.findall(r"(?:http|rtmp)://([\w.-]+):(\d+)", " ".join(words)):
                self.assertIn(int(port), listens(services[name if host == "localhost" else host]), words)

    def test_ports_are_listened_on(self):
        for overlay, name, service in self.each(ours=True):
            for inside in published(service).values():
                self.assertIn(inside, listens(service), name)
        for overlay, file in self.files.items():
            outside = [port for service in file["services"].values() for port in published(service)]
            self.assertEqual(len(outside), len(set(outside)), f"{overlay}: a port twice")

    def test_publishing_stays_on_this_machine(self):
        """Where no key is asked for, the port is on loopback: an engine's relay makes everybody look private."""
        doors = []
        for overlay, name, service in self.each():
            is_open = is_ours(service) and "ingest" in service["command"][:1] and \
                printed(service)["ingest"]["open-publish"] != "loopback"
            if not is_open and is_ours(service):
                continue
            for inside, address in published_at(service).items():
                if inside in (1935, 1936):
                    doors.append((overlay, name))
                    self.assertEqual(address, "127.0.0.1")
        self.assertEqual(sorted(doors), [(overlay, "ingest") for overlay in sorted(OVERLAYS)])
        opened = merged(OVERLAYS["base"], environment={"RTMP_ADDRESS": "192.0.2.7", "RTMP_PORT": "2036"})["services"]
        self.assertEqual(published_at(opened["ingest"]), {1936: "192.0.2.7"})
        self.assertEqual(published(opened["ingest"]), {2036: 1936})
        # The same for the one container that runs everything.
        for page in ("docs/containers.md", "README.md"):
            for command in re.findall(r"docker run .*", (chain.ROOT / page).read_text(encoding="utf-8")):
                if "open-publish" in command:
                    self.assertIn(" -p 127.0.0.1:1936:1936 ", command)
                    self.assertNotRegex(command, r"-p (0\.0\.0\.0:)?1936")

    def test_locked_up(self):
        for _, name, service in self.each():
            self.assertIs(service.get("read_only"), True)
            self.assertEqual(service.get("cap_drop"), ["ALL"])
            self.assertEqual(service.get("security_opt"), ["no-new-privileges:true"])
            self.assertRegex(service.get("user", ""), r"^[1-9]\d*:[1-9]\d*$")
            self.assertIn(service.get("restart"), ("unless-stopped",))
            self.assertGreater(size(service["mem_limit"]), 0)
            self.assertGreater(float(service["cpus"]), 0)
            self.assertLessEqual(float(service["cpus"]), 1, "Docker refuses more CPUs than the machine has")
            self.assertGreater(int(service["pids_limit"]), 0)
            self.assertEqual(service["logging"]["options"], {"max-size": "10m", "max-file": "3"})
            self.assertTrue(any(str(place).startswith("/tmp:") for place in service["tmpfs"]))
            for key in ("privileged", "network_mode", "pid", "ipc", "cap_add", "devices", "userns_mode"):
                self.assertNotIn(key, service)
            for place in service.get("volumes") or []:
                text = place if isinstance(place, str) else place["source"]
                self.assertNotIn("docker.sock", text)

    def test_more_processors(self):
        """Each variable reaches those that it is for, and no others."""
        more = {"PACKAGER_CPUS": "4", "EDGE_CPUS": "3.5", "ROLE_CPUS": "2"}
        found = {name: float(service["cpus"])
                 for name, service in merged(OVERLAYS["edge"], environment=more)["services"].items()}
        for name, cpus in found.items():
            self.assertEqual(cpus, 4 if name.startswith("packager-") else 3.5 if name == "edge" else 2, name)

    def test_picture_can_stay_away(self):
        """TEST_PICTURE=0 is kept by every later `up`, and is for nobody else."""
        for overlay, number in ((overlay, number) for overlay in ("base", "external") for number in (1, 0)):
            environment = {} if number else {"TEST_PICTURE": "0"}
            found = {name: (service.get("deploy") or {}).get("replicas", 1)
                     for name, service in merged(OVERLAYS[overlay], environment=environment)["services"].items()}
            self.assertEqual(found.pop("publisher"), number, overlay)
            self.assertEqual(set(found.values()), {1}, (overlay, found))

    def test_healthchecks(self):
        for _, name, service in self.each(ours=True):
            self.assertEqual(service["healthcheck"]["test"][:2], ["CMD", "/usr/bin/understudy"])
            printed(service, healthcheck=True)
        for overlay, name, service in self.each():
            for other, condition in (service.get("depends_on") or {}).items():
                self.assertIn(condition["condition"], ("service_healthy", "service_started"))
                if condition["condition"] == "service_healthy":
                    self.assertIn("healthcheck", self.files[overlay]["services"][other], other)

    def test_secrets(self):
        """Each is declared, comes from the folder that is in neither git nor the image, and is made."""
        used = set()
        for overlay, name, service in self.each(ours=True):
            secrets = {s if isinstance(s, str) else s["source"] for s in service.get("secrets") or []}
            paths = set(re.findall(r"/run/secrets/([\w-]+)", " ".join(service["command"])))
            self.assertEqual(secrets, paths, name)
            self.assertLessEqual(secrets, set(self.files[overlay]["secrets"]))
            used |= {(secret, self.files[overlay]["secrets"][secret]["file"]) for secret in secrets}
        self.assertEqual(used, {(name, str(DOCKER / "secrets" / name)) for name in ("control-token", "desk-token")})
        self.assertIn("/docker/secrets/", (chain.ROOT / ".gitignore").read_text(encoding="utf-8").splitlines())
        self.assertIn("docker/secrets", (chain.ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines())

    def test_tokens(self):
        """docker/tokens makes them once, and never again, in the form that both sides read."""
        with tempfile.TemporaryDirectory(prefix="understudy-tokens-") as folder:
            program = pathlib.Path(folder) / "tokens"
            shutil.copy2(DOCKER / "tokens", program)
            subprocess.run([program], check=True, capture_output=True)
            texts = {}
            for name in ("control-token", "desk-token"):
                file = pathlib.Path(folder) / "secrets" / name
                texts[name] = file.read_text(encoding="ascii")
                self.assertRegex(texts[name], r"^[a-z]+ [0-9a-f]{48}\n$")
                self.assertEqual(file.stat().st_mode & 0o777, 0o444)
            self.assertEqual((pathlib.Path(folder) / "secrets").stat().st_mode & 0o777, 0o700)
            self.assertNotEqual(texts["control-token"], texts["desk-token"])
            subprocess.run([program], check=True, capture_output=True)
            for name, text in texts.items():
                self.assertEqual((pathlib.Path(folder) / "secrets" / name).read_text(encoding="ascii"), text)

    def test_foreign_chain(self):
        """The command lines of publisher and packager, run for a moment by the real ffmpeg."""
        services = self.files["external"]["services"]
        with tempfile.TemporaryDirectory(prefix="understudy-external-") as folder:
            stream = f"{folder}/stream.flv"
            publish = list(map(str, services["publisher"]["command"]))
            self.assertEqual(publish[-1], "rtmp://ingest:1935/mystream")
            publish = [word for word in publish if word != "-re"]  # as fast as it goes
            self.run_ffmpeg([*publish[:-1], "-t", "9", stream])
            package = list(map(str, services["packager-primary"]["command"]))
            self.assertEqual(package, list(map(str, services["packager-backup"]["command"])))
            at = package.index("-rw_timeout")
            self.assertEqual(package[at + 2:at + 4], ["-i", "rtmp://ingest:1935/mystream"])
            self.run_ffmpeg([*package[:at], "-i", stream, *package[at + 4:-1], f"{folder}/index.m3u8"])
            playlist = pathlib.Path(folder, "index.m3u8").read_text(encoding="utf-8")
            for tag in ("#EXT-X-PROGRAM-DATE-TIME:", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-TARGETDURATION:2"):
                self.assertIn(tag, playlist)
            self.assertRegex(playlist, r"#EXT-X-MEDIA-SEQUENCE:1\d{9}\n")
            self.assertGreaterEqual(playlist.count("#EXTINF:2.0"), 3)

    def run_ffmpeg(self, words):
        done = subprocess.run(["ffmpeg", *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_dockerfile_installs_in_one_step(self):
        """Debian's packages of the image come in before the sources do: a step behind them would run again
        with the package lists of that day, when Debian has long replaced what these name."""
        text = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
        stages = {stage.split("\n")[0].split()[-1]: stage for stage in re.split(r"^(?=FROM )", text, flags=re.M)[1:]}
        first, behind = stages["build"].split("COPY . /src", 1)
        self.assertRegex(first, r"RUN apt-get update .*apt-get install .*deps install build")
        for part in (behind, stages["gather"], stages["run"]):
            self.assertNotRegex(part, r"apt-get|deps install")

    def test_dockerfile_covers_the_ports(self):
        """What the image says of itself fits the compose files."""
        text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
        exposed = set(map(int, re.search(r"^EXPOSE (.+)$", text, re.M)[1].split()))
        inside = {port for name in SEED_PORTS for port in published(self.files["base"]["services"][name]).values()}
        self.assertLessEqual(inside, exposed)
        user = re.search(r"^USER (\S+)$", text, re.M)[1]
        for _, name, service in self.each(ours=True):
            self.assertEqual(service["user"], user)
        check = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.M)[1]
        self.assertEqual(["CMD", *yaml.safe_load(check)],
                         self.files["base"]["services"]["switcher"]["healthcheck"]["test"])


if __name__ == "__main__":
    unittest.main()
