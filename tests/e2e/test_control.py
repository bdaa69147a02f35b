#!/usr/bin/env python3
"""Steering a running switcher with `understudy ctl`, over D-Bus and over HTTP."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import chain

NAME = "org.understudy.Switcher1"
PATH = "/org/understudy/Switcher1"
NOBODY = 65534

SESSION = """<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""

# As the system's bus is set up: nobody owns or calls what is not allowed by a file of its own.
SYSTEM = """<busconfig><type>system</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus"/></policy>
<include>{policy}</include></busconfig>"""


class Bus:
    """A message bus of the test's own."""

    def __init__(self, config):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="understudy-bus-"))
        self.folder.chmod(0o755)
        self.address = f"unix:path={self.folder}/bus"
        policy = chain.ROOT / "data" / f"{NAME}.conf"
        file = self.folder / "bus.conf"
        file.write_text(config.format(address=self.address, policy=policy), encoding="utf-8")
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={file}", "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if not self.process.stdout.readline():
            raise chain.Failure("dbus-daemon did not start")

    def call(self, object_path, method, *arguments, user=None):
        done = subprocess.run(
            ["gdbus", "call", "--address", self.address, "--dest", NAME,
             "--object-path", object_path, "--method", method, *arguments],
            capture_output=True, text=True, timeout=60, user=user)
        return done.returncode, done.stdout + done.stderr

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Watch:
    """`understudy ctl watch --json` beside a test; its lines as they come."""

    def __init__(self, ctl, *door):
        self.process = subprocess.Popen(
            [str(chain.BINARY), "ctl", "watch", "--json", *door], env=ctl.env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if "watching" not in self.process.stderr.readline():  # it has had its first look
            raise chain.Failure("ctl watch ended")
        self.lines = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.thread.join(30)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


class Ctl:
    """Runs `understudy ctl` as a user on that desktop would."""

    def __init__(self, address, home):
        self.env = dict(os.environ, HOME=str(home), XDG_CONFIG_HOME=str(home / "config"),
                        XDG_RUNTIME_DIR=str(home), DBUS_SESSION_BUS_ADDRESS=address,
                        DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")

    def run(self, *arguments):
        done = subprocess.run([str(chain.BINARY), "ctl", *arguments], env=self.env,
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def status(self, *door):
        code, out, err = self.run("status", "--json", *door)
        if code != 0:
            raise chain.Failure(f"ctl status: {code}: {err}")
        return json.loads(out)


class Control(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bus = Bus(SESSION)
        cls.one = chain.Chain(environment={"DBUS_SESSION_BUS_ADDRESS": cls.bus.address})
        cls.one.__enter__()
        cls.one.ffmpeg_publish(chain.material("loop", seconds=16))
        cls.one.wait_playable()
        cls.url = cls.one.urls["viewer"].split("/hls/")[0]
        cls.ctl = Ctl(cls.bus.address, cls.one.home)
        cls.doors = (["--via", "dbus"], ["--url", cls.url])

    @classmethod
    def tearDownClass(cls):
        cls.one.close()
        cls.bus.close()

    def setUp(self):
        self.settle()

    def tearDown(self):
        for command in (["undrain", "primary"], ["undrain", "backup"], ["release"],
                        ["failback", "auto"]):
            self.ctl.run(*command)

    def stream(self, *door):
        return self.ctl.status(*door)["streams"][0]

    def settle(self):
        def is_settled():
            stream = self.stream()
            return (stream["active"] == "primary"
                    and all(origin["state"] == "up" for origin in stream["origins"].values()))
        chain.wait_for("both origins to be up and the primary active", is_settled)

    def must(self, *arguments):
        code, out, err = self.ctl.run(*arguments)
        self.assertEqual(code, 0, err)
        self.assertEqual(err, "")
        return out

    def test_there_and_back_over_both_doors(self):
        for door in self.doors:
            with self.subTest(door=door):
                watch = Watch(self.ctl, *door)
                before = self.one.metric("failovers_total"), self.one.metric("switchbacks_total")
                sequence = self.media_sequence()
                self.must("failover", "--why", "new disk", *door)
                chain.wait_for("a change of sides to be watched", lambda w=watch: w.lines)
                stream = self.stream(*door)
                self.assertEqual(stream["active"], "backup")
                self.assertEqual(stream["mode"], "forced")
                out = self.must("switchback", "--json", *door)
                self.assertEqual(json.loads(out)["streams"][0]["active"], "primary")
                chain.wait_for("both changes", lambda w=watch: len(w.lines) >= 2)
                self.assertEqual(watch.close(), 0)
                self.assertEqual([line["reason"] for line in watch.lines[:2]],
                                 ["operator-force", "operator-switchback"])
                self.assertEqual(watch.lines[0]["why"], "new disk")
                self.assertNotEqual(watch.lines[0]["who"], "")
                self.assertGreaterEqual(self.one.metric("failovers_total"), before[0] + 1)
                self.assertGreaterEqual(self.one.metric("switchbacks_total"), before[1] + 1)
                self.assertGreaterEqual(self.media_sequence(), sequence)
                commands = self.ctl.status(*door)["commands"]
                self.assertEqual(commands[-1]["via"], "dbus" if "dbus" in door else "http")

    def media_sequence(self):
        text = chain.get(self.one.viewer_url())[1].decode()
        return int(re.search(r"MEDIA-SEQUENCE:(\d+)", text)[1])

    def test_exit_codes(self):
        for door in self.doors:
            with self.subTest(door=door):
                for arguments, expected, part in (
                        (["failover", "--stream", "nope"], 1, "nope"),
                        (["failback", "never"], 1, "never"),
                        (["drain", "third"], 1, "third"),
                        (["hold", "--why", "x" * 201], 1, "why"),
                        (["drill", "nonsense"], 1, "nonsense"),
                        (["explode"], 2, "explode"),
                        (["drain"], 2, "primary"),
                        (["status", "twice"], 2, "twice"),
                        (["release", "--strict"], 2, "--strict"),
                        (["hold", "--for", "8d"], 2, "for"),
                        (["hold", "--for", "200h"], 2, "for")):
                    code, out, err = self.ctl.run(*arguments, *door)
                    self.assertEqual((code, out), (expected, ""), (arguments, err))
                    self.assertIn(part, err)
                    self.assertEqual(err.count("\n"), 1, err)
        code, _, err = self.ctl.run("status", "--url", "http://127.0.0.1:1")
        self.assertEqual(code, 3, err)
        lonely = Ctl("disabled:", self.one.home)
        self.assertEqual(lonely.run("status", "--via", "dbus")[0], 3)
        self.assertEqual(lonely.run("status", "--url", self.url)[0], 0)
        self.assertEqual(self.stream()["mode"], "auto")

    def test_tables(self):
        for door in self.doors:
            self.must("hold", "--for", "10min", *door)
            out = self.must("status", *door)
            self.assertRegex(out, r"(?m)^mystream  served, identical, held for (600|59\d) s more")
            self.assertRegex(out, r"(?m)^  \* primary  up ")
            self.assertRegex(out, r"(?m)^    backup   up ")
            self.must("release", *door)
            self.assertIn("kill", self.must("list", *door))

    def test_an_order_ends_by_itself(self):
        self.must("failover", "--for", "1s")
        chain.wait_for("the primary again", lambda: self.stream()["active"] == "primary")
        last = self.stream()["switches"][-1]
        self.assertEqual((last["reason"], last["class"]), ("expired", "manual"))
        self.assertNotEqual(last["who"], "")
        self.assertIn("[control-expired]", self.one.log())

    def test_a_drained_origin_is_the_last_resort(self):
        """Maintenance of the backup, and then the primary stands still: better that than nothing."""
        self.must("drain", "backup", "--why", "kernel update")
        self.assertTrue(self.stream()["origins"]["backup"]["is_drained"])
        code, _, err = self.ctl.run("drain", "primary")
        self.assertEqual(code, 1)
        self.assertIn("backup is drained already", err)
        pid = self.one.signal("packager-primary", signal.SIGSTOP)
        chain.wait_for("the drained backup", lambda: self.stream()["active"] == "backup")
        os.kill(pid, signal.SIGCONT)
        self.settle()
        self.must("undrain", "backup")

    def test_who_is_the_bus_word(self):
        code, out = self.bus.call(f"{PATH}/streams/mystream", f"{NAME}.Stream.Hold", "60", "a test")
        self.assertEqual(code, 0, out)
        entry = self.ctl.status()["commands"][-1]
        self.assertEqual(entry["who"], subprocess.run(["id", "-un"], capture_output=True,
                                                      text=True, check=True).stdout.strip())
        self.assertEqual(entry["what"], "mystream: hold for 60 s")
        self.assertIn("a test [control]", self.one.log())

    def test_bad_arguments_over_the_bus(self):
        code, out = self.bus.call(f"{PATH}/streams/mystream", f"{NAME}.Stream.Drain", "third",
                                  "true", "")
        self.assertNotEqual(code, 0)
        self.assertIn(f"{NAME}.Error.NoSuchOrigin", out)

    def test_a_drill_is_started_and_leaves_evidence(self):
        def listed():
            return "refuse" in self.must("list")
        chain.wait_for("the list of drills", listed)
        id_ = json.loads(self.must("drill", "refuse", "--why", "Monday", "--json"))["id"]
        code, _, err = self.ctl.run("drill", "kill")
        self.assertEqual(code, 1)
        self.assertIn("one at a time", err)

        def run():
            runs = chain.get_json(self.url + "/control/drills")["runs"]
            return next((one for one in runs if one["id"] == id_ and one["ended_ms"]), None)
        ended = chain.wait_for("the drill to end", run, timeout_s=300)
        result = json.loads((pathlib.Path(ended["evidence"]) / "result.json").read_text())
        self.assertEqual([drill["name"] for drill in result["drills"]], ["refuse"])
        # Whether it passed is the drill's own affair, and tested there; here it must be told right.
        self.assertEqual(ended["passed"], all(drill["passed"] for drill in result["drills"]))
        self.assertRegex(self.one.log(), r"drill refuse (passed|failed); evidence in .*\[drill\]")


class Alone(unittest.TestCase):
    """A switcher without origins is enough for who may talk to it."""

    def start(self, bus, **environment):
        home = bus.folder / "home"
        home.mkdir()
        env = dict(os.environ, HOME=str(home), XDG_STATE_HOME=str(home / "state"),
                   XDG_CONFIG_HOME=str(home / "config"), XDG_RUNTIME_DIR=str(home),
                   DBUS_SESSION_BUS_ADDRESS="", **environment)
        self.log = home / "log"
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                [str(chain.BINARY), "switcher", "--http", "127.0.0.1:0", "--bus", "system",
                 "--primary-base-url", "http://127.0.0.1:1/hls",
                 "--backup-base-url", "http://127.0.0.1:1/hls"],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.terminate)
        chain.wait_for("a word on the bus", lambda: "[bus]" in self.log.read_text())

    def test_the_policy_of_the_system_bus(self):
        bus = Bus(SYSTEM)
        self.addCleanup(bus.close)
        self.start(bus, DBUS_SYSTEM_BUS_ADDRESS=bus.address)
        hold = (f"{PATH}/streams/mystream", f"{NAME}.Stream.Hold", "60", "")
        if os.getuid() != 0:  # not root, not in the group: may not even be the service
            self.assertIn("its policy does not let", self.log.read_text())
            return
        self.assertIn("on the system bus", self.log.read_text())
        code, out = bus.call(*hold)
        self.assertEqual(code, 0, out)
        for method in (hold, (PATH, "org.freedesktop.DBus.ObjectManager.GetManagedObjects")):
            code, out = bus.call(*method, user=NOBODY)
            self.assertNotEqual(code, 0)
            self.assertIn("AccessDenied", out)


if __name__ == "__main__":
    unittest.main()
