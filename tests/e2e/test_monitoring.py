#!/usr/bin/env python3
"""monitoring/ on the running chain: Debian's Prometheus with our own configuration, through a
failover, the end of a stream and an incident, and every expression of every panel and rule."""
# test-e2e: light

import datetime
import importlib.machinery
import importlib.util
import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import yaml

import chain
import deskclient

SCRIPT = chain.ROOT / "scripts" / "check-monitoring"
SCRAPE_S = 1
KEY = "a-key-of-more-than-thirty-two-letters"
SLOW_S = 240  # what the desk counts in whole minutes, and alerts that wait for one


def load_script():
    loader = importlib.machinery.SourceFileLoader("check_monitoring", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


MONITORING = load_script()


class Server:
    """A program of Debian's in a folder of its own, on a port that it finds itself."""

    def __init__(self, folder, argv):
        self.log = pathlib.Path(folder) / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(part) for part in argv], cwd=folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            port = chain.wait_for(f"{argv[0]} to listen", self._port)
            self.url = f"http://127.0.0.1:{port}"
            chain.wait_for(f"{argv[0]} to be ready", self._is_ready)
        except BaseException:
            self.close()
            raise

    def _port(self):
        text = self.log.read_text(encoding="utf-8", errors="replace")
        if self.process.poll() is not None:
            raise chain.Failure(text)
        found = [port for port in re.findall(r"address=127\.0\.0\.1:(\d+)", text) if port != "0"]
        return found and int(found[0])

    def _is_ready(self):
        try:
            return chain.get(self.url + "/-/ready")[0] == 200
        except urllib.error.URLError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait()


class Prometheus(Server):
    """With prometheus.yml as it is, but for addresses, paths and patience."""

    def __init__(self, folder, targets):
        config = yaml.safe_load((MONITORING.HERE / "prometheus.yml").read_text(encoding="utf-8"))
        config["global"].update(scrape_interval=f"{SCRAPE_S}s", scrape_timeout=f"{SCRAPE_S}s",
                                evaluation_interval=f"{SCRAPE_S}s")
        config["rule_files"] = [str(path) for path in MONITORING.RULES]
        config["alerting"]["alertmanagers"] = []
        for job in config["scrape_configs"]:
            for group in job["static_configs"]:
                group["targets"] = [targets[each.rsplit(":", 1)[1]] for each in group["targets"]]
        path = pathlib.Path(folder) / "prometheus.yml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        super().__init__(folder, ["prometheus", f"--config.file={path}",
                                  f"--storage.tsdb.path={folder}/data",
                                  "--web.listen-address=127.0.0.1:0"])

    def ask(self, path, **parameters):
        status, body = chain.get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        answer = json.loads(body)
        if status != 200 or answer["status"] != "success" or answer.get("warnings"):
            raise chain.Failure(f"{path} {parameters}: {status} {answer}")
        return answer["data"]

    def query(self, expression):
        """[(labels, value)] now."""
        return [(each["metric"], float(each["value"][1]))
                for each in self.ask("query", query=expression)["result"]]

    def value(self, expression):
        found = self.query(expression)
        return found[0][1] if found else None

    def has_data(self, expression, seconds=120):
        """As a panel asks: whether any point of the last two minutes is a number."""
        now = datetime.datetime.now().timestamp()
        series = self.ask("query_range", query=expression, start=now - seconds, end=now,
                          step=5)["result"]
        return any(value != "NaN" for each in series for _, value in each["values"])

    def firing(self):
        """[labels] of the alerts that fire, annotations beside them."""
        return [(each["labels"], each["annotations"]) for each in self.ask("alerts")["alerts"]
                if each["state"] == "firing"]


def filled_in(expression):
    """An expression as Grafana sends it, all streams chosen."""
    for variable, value in (("$stream", ".+"), ("$__rate_interval", "20s"), ("$__range", "5m"),
                            ("$__interval", "5s")):
        expression = expression.replace(variable, value)
    return expression


def inside(expression):
    """Of a rule that is empty in health: the same without its exceptions, and with comparisons that
    answer 0 or 1 instead of leaving out."""
    kept = re.split(r"\bunless\b", expression)[0]
    return "".join(part if part.startswith("{") else
                   re.sub(r"(==|!=|<=|>=|<|>)(?!\s*bool)", r"\1 bool", part)
                   for part in re.split(r"(\{[^}]*\})", kept))


class Monitoring(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-monitoring-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        keys = self.folder / "keys.conf"
        keys.write_text("".join(f"[{stream}]\nkey = {KEY}-{stream}\nstream = {stream}\n"
                                for stream in ("mystream", "second")), encoding="utf-8")
        self.chain = self.enterContext(chain.Chain({"run": {"monitor": "true"},
                                                    "ingest": {"keys-file": str(keys)}}))
        ports = self.chain.status()["ports"]
        self.desk = deskclient.Desk(self.folder)  # the chain's own, not started here
        self.desk.port = ports["desk"]
        self.addCleanup(self.desk.close_connection)
        named = {"8083": "ingest_status", "8081": "primary", "8082": "backup", "8080": "viewer",
                 "8000": "desk"}
        self.prometheus = Prometheus(self.folder, {number: f"127.0.0.1:{ports[name]}"
                                                   for number, name in named.items()})
        self.addCleanup(self.prometheus.close)

    def wait_value(self, expression, wanted, timeout_s=chain.WAIT_S):
        chain.wait_for(f"{expression} to be {wanted}",
                       lambda: self.prometheus.value(expression) == wanted, timeout_s)

    def live(self):
        """What makes counters move: a failover and the way back, an incident, an end."""
        prometheus = self.prometheus
        material = chain.material("monitoring")
        self.chain.ffmpeg_publish(material, key=f"mystream?key={KEY}-mystream")
        encoder = self.chain.ffmpeg_publish(material, key=f"second?key={KEY}-second")
        self.chain.ffmpeg_publish(material, key="second?key=wrong").wait(chain.WAIT_S)
        self.chain.wait_playable()
        backup = self.chain.status()["ports"]["backup"]
        self.broken = self.desk.add("broken", f"http://127.0.0.1:{backup}/nothing.m3u8")
        self.wait_value("min(up)", 1)
        # A busy machine may have seen one while the chain came up. A rate needs to have seen both values.
        self.wait_value("switcher_active_origin", 1)
        failovers = chain.wait_for("a count of failovers", lambda: prometheus.query("failovers_total"))[0][1]
        switchbacks = prometheus.value("switchbacks_total")
        self.wait_value('understudy_switcher_playlist_age_seconds{stream="second"} < bool 6', 1)
        stopped = self.chain.signal("packager-primary", signal.SIGSTOP)
        self.wait_value("failovers_total", failovers + 1)
        self.wait_value("switcher_active_origin", 0)
        self.chain.signal("packager-primary", signal.SIGCONT)
        self.assertEqual(self.chain.pid("packager-primary"), stopped)
        self.wait_value("switcher_active_origin", 1)
        self.wait_value("switchbacks_total", switchbacks + 1)
        encoder.kill()
        encoder.wait()
        self.wait_value('understudy:publisher_gone{stream="second"}', 1)
        chain.wait_for("an incident", lambda: self.desk.incidents(self.broken))
        chain.wait_for("what is counted by minutes", lambda: prometheus.query(
            "understudy:stream_available:ratio1h"), SLOW_S)
        chain.wait_for("NoPublisher", lambda: [
            labels for labels, _ in prometheus.firing()
            if (labels["alertname"], labels.get("stream")) == ("NoPublisher", "second")], SLOW_S)

    def test_every_expression(self):
        self.live()
        n_evaluated = 0
        known = set(self.prometheus.ask("label/__name__/values"))
        for where, expression in MONITORING.all_expressions():
            names = {name for name, _, _ in MONITORING.selectors(expression)}
            if names & MONITORING.CONDITIONAL.keys():
                continue
            with self.subTest(where):
                for name, selector, _ in MONITORING.selectors(expression):
                    if name == "ALERTS" or name.startswith("understudy:own_stream_ended"):
                        continue
                    self.assertIn(name, known, "unknown metric")
                    self.assertTrue(self.prometheus.has_data(filled_in(selector)),
                                    f"no series matches {selector}")
                query = filled_in(expression)
                n_evaluated += 1
                if self.prometheus.has_data(query):
                    continue
                # Empty is right for an alert, and for what an annotation waits for.
                self.assertTrue(where.startswith("rules: ") or "annotation" in where,
                                f"a panel without data: {query}")
                self.assertNotIn(where.removeprefix("rules: "), MONITORING.recorded())
                self.assertTrue(self.prometheus.has_data(inside(query)), f"empty inside: {query}")
        print(n_evaluated, "expressions evaluated")
        self.check_rules()
        self.check_reference(known)

    def check_rules(self):
        for group in self.prometheus.ask("rules")["groups"]:
            for rule in group["rules"]:
                self.assertEqual((rule["name"], rule["health"], rule.get("lastError")),
                                 (rule["name"], "ok", None))
        told = {(labels["alertname"], labels.get("stream")) for labels, _ in self.prometheus.firing()}
        # The stream that ended is told once, and nothing is blamed for it; the healthy one is not.
        self.assertLessEqual(told, {("NoPublisher", "second"), ("StreamUnhealthy", self.broken)})
        self.assertIn(("NoPublisher", "second"), told)
        self.assertTrue(self.prometheus.query('understudy:own_stream_ended{stream="own-second"}'))
        self.assertEqual(self.prometheus.query('understudy:own_stream_ended{stream="own-mystream"}'), [])
        for labels, words in self.prometheus.firing():
            for word in words.values():
                self.assertNotRegex(word, "error expanding|<no value>|%!", labels["alertname"])
        self.assertEqual(self.prometheus.value("max(understudy_start_time_seconds) < bool time()"), 1)

    def check_reference(self, known):
        """What the reference names and nobody exposed, or no dashboard shows: told, not hidden."""
        reference = MONITORING.reference()
        missing = {name for name in reference
                   if not any(each in known for each in (name, name + "_count"))}
        print("not exposed by this chain:", "; ".join(
            f"{name} ({MONITORING.CONDITIONAL.get(name, '?')})" for name in sorted(missing)) or "none")
        print("on no dashboard, deliberately:",
              "; ".join(f"{name} ({why})" for name, why in sorted(MONITORING.LEFT_OUT.items())))
        self.assertLessEqual(missing, MONITORING.CONDITIONAL.keys())


SWITCHER = {"job": "understudy-switcher", "instance": "s:8080"}
OTHER_SWITCHER = {"job": "understudy-switcher", "instance": "t:8080"}
INGEST = {"job": "understudy-ingest", "instance": "i:8083"}
DESK = {"job": "understudy-desk", "instance": "d:8000"}
PRIMARY = {"job": "understudy-packager", "instance": "p:8081", "packager": "primary", "origin": "primary"}
BACKUP = {"job": "understudy-packager", "instance": "q:8082", "packager": "backup", "origin": "backup"}


def told(name, of=None, **labels):
    """An alert with the labels with which Prometheus sends it; monitoring/tests has the same."""
    labels = {**(of or {}), **labels}
    return {"alertname": name, **MONITORING.alerts()[name]["labels"], **labels}


def sent_by(installation, labels):
    """With what Prometheus adds, and without what is empty. The desk posts its own alert itself."""
    if labels["alertname"] == "StreamIncident":
        return labels
    return {"installation": installation, **{key: value for key, value in labels.items() if value}}


def of_side(origin, stream="m"):
    """What one side that stands still makes others say."""
    port = {"primary": 19361, "backup": 19362}[origin]
    alerts = [told("OriginFailed", SWITCHER, stream=stream, origin=origin)]
    alerts += [told(name, INGEST, stream=stream, origin=origin, target=f"rtmp://p:{port}/live")
               for name in ("RelayDown", "RelayBehind")]
    if origin == "primary":
        alerts += [told("SegmentAgeHighPrimary", SWITCHER, stream=stream, origin=origin),
                   told("OnBackupForLong", SWITCHER, stream=stream)]
    return alerts


def of_stream(switcher, stream="m"):
    """What a switcher says of a stream that stands still, and what explains it."""
    both = [told(name, switcher, stream=stream, origin=origin)
            for name in ("OriginFailed", "OriginErrors") for origin in ("primary", "backup")]
    return both + [told("SegmentAgeHighPrimary", switcher, stream=stream, origin="primary")] + [
        told(name, switcher, stream=stream) for name in ("OnBackupForLong", "PublishDelayHigh", "FailoverBurst")]


def without_down(alerts):
    """RelayDown speaks of streams that have an encoder, so none can hold it back."""
    return [labels for labels in alerts if labels["alertname"] != "RelayDown"]


PUSHES = [told(name, INGEST, stream="m", target="rtmp://a.example/live") for name in ("RelayDown", "RelayBehind")]
STALLED = [told(name, SWITCHER, stream="m") for name in ("BothOriginsFailing", "PlaylistStalled")]
CAUSES = [told("MediaDropped", INGEST, stream="m", track="audio", reason="unsupported"),
          told("EncoderTrouble", INGEST, stream="m", warning="link-slow"),
          told("EncoderUnstable", INGEST, stream="m"),
          told("PackagerFaults", PRIMARY, stream="m"), told("PackagerTooSlow", PRIMARY, stream="m")]
HEALTH = ("StreamUnhealthy", "StreamDegraded", "StreamFlapping")
# What happened: what it holds back, and what people are told all the same.
CASES = {
    "the primary's packager": (
        told("PackagerDown", PRIMARY), of_side("primary"), of_side("backup") + PUSHES + STALLED + CAUSES[:3]),
    "the backup's packager": (
        told("PackagerDown", BACKUP), of_side("backup"), of_side("primary") + PUSHES + STALLED),
    "a packager that nobody has named": (
        told("PackagerDown", job="understudy-packager", instance="p:8081", origin=""),
        [], of_side("primary") + of_side("backup") + PUSHES),
    "the ingest": (
        told("IngestDown", INGEST), [PUSHES[1], of_side("primary")[2]],
        STALLED + of_stream(SWITCHER) + [dict(PUSHES[1], instance="j:8083")]),
    **{f"the encoder: {name}": (
        told(name, INGEST, stream="m"),
        STALLED + without_down(of_side("primary") + of_side("backup")) + [told("EncoderUnstable", INGEST, stream="m")],
        [told("PlaylistStalled", SWITCHER, stream="n"), *of_side("primary", "n"), told("PackagerDown", PRIMARY)])
       for name in ("NoPublisher", "PublisherSilent")},
    **{f"all that viewers see: {source['alertname']}": (
        source, of_stream(SWITCHER),
        of_stream(SWITCHER, "n") + of_stream(OTHER_SWITCHER) + CAUSES + PUSHES
        + [told("PackagerDown", PRIMARY), told("StreamDegraded", DESK, stream="own-m")])
       for source in STALLED},
    "an incident": (
        {"alertname": "StreamIncident", "stream": "own-ill", "severity": "critical", "incident": "7",
         "cause": "encoder-lost", "instance": "desk"},
        [told(name, DESK, stream="own-ill") for name in HEALTH],
        [told(name, DESK, stream="other") for name in HEALTH] + STALLED),
}


class Inhibition(unittest.TestCase):
    """alertmanager.yml in a real Alertmanager: what follows from a fault is not told beside it, and
    nothing else is held back."""

    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-inhibition-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        config = MONITORING.read_yaml(MONITORING.HERE / "alertmanager.yml")
        for receiver in config["receivers"]:
            receiver.pop("webhook_configs")  # nobody is to be told
        path = folder / "alertmanager.yml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        self.rules = config["inhibit_rules"]
        self.server = Server(folder, ["prometheus-alertmanager", f"--config.file={path}",
                                      f"--storage.path={folder}", "--cluster.listen-address=",
                                      "--web.listen-address=127.0.0.1:0"])
        self.addCleanup(self.server.close)

    def post(self, *alerts):
        body = json.dumps([{"labels": labels} for labels in alerts]).encode()
        request = urllib.request.Request(self.server.url + "/api/v2/alerts", body,
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=15).close()

    def state(self, labels):
        for each in chain.get_json(self.server.url + "/api/v2/alerts"):
            if each["labels"] == labels:
                return each["status"]["state"]
        return None

    def test_each_case(self):
        """Each alert beside what happened, in an installation of their own, so that nothing else explains
        it; and what is held back there is told of another installation."""
        wanted = []  # (case, labels, state)
        for name, (source, held, heard) in CASES.items():
            for number, (labels, state) in enumerate([(each, "active") for each in heard]
                                                     + [(each, "suppressed") for each in held]):
                here, elsewhere = f"{name}, {number}", f"{name}, {number}, elsewhere"
                sent = [(sent_by(here, source), "active"), (sent_by(here, labels), state)]
                if state == "suppressed" and source["alertname"] != "StreamIncident":
                    sent.append((sent_by(elsewhere, labels), "active"))
                self.post(*[labels for labels, _ in sent])
                wanted += [(name, *each) for each in sent]
        # Alertmanager looks at alerts in their order: with the last one held back it has seen all others.
        self.assertEqual(wanted[-1][2], "suppressed")
        chain.wait_for("the last one to be held back", lambda: self.state(wanted[-1][1]) == "suppressed")
        for name, labels, state in wanted:
            with self.subTest(name, alert=labels):
                self.assertEqual(self.state(labels), state)

    def test_every_rule_has_a_case(self):
        """Each pair of alerts that a rule names is held back in some case."""
        tried = {(source["alertname"], labels["alertname"])
                 for source, held, _ in CASES.values() for labels in held}
        named = set()
        for rule in self.rules:
            names = [re.search(r'alertname=~?"([^"]+)"', " ".join(rule[f"{part}_matchers"]))[1].split("|")
                     for part in ("source", "target")]
            named |= {(source, target) for source in names[0] for target in names[1]}
        self.assertEqual(named - tried, set())


if __name__ == "__main__":
    unittest.main()
