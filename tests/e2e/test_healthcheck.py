"""`understudy healthcheck`: every role of a running chain, and whatever else may be at an address.

# test-e2e: light
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import chain


def healthcheck(*words, environment=None):
    """(exit code, the line that it prints)"""
    done = subprocess.run([chain.BINARY, "healthcheck", *words], capture_output=True, text=True,
                          timeout=30, stdin=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(environment or {})})
    return done.returncode, done.stdout + done.stderr


@contextlib.contextmanager
def server(answer):
    """A server of one connection at a time that sends `answer`, or nothing when that is None."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as held:
        def serve():
            while True:
                try:
                    peer = held.enter_context(listener.accept()[0])
                    peer.recv(65536)
                    if answer is not None:
                        peer.sendall(answer)
                        peer.shutdown(socket.SHUT_WR)
                except OSError:
                    return
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class Healthcheck(unittest.TestCase):
    def check(self, words, code, *parts, environment=None):
        got, line = healthcheck(*words, environment=environment)
        self.assertEqual(got, code, f"{words}: {line}")
        self.assertEqual(line.count("\n"), 1, line)
        for part in parts:
            self.assertIn(part, line)

    def test_roles_of_a_chain(self):
        with chain.Chain({"run": {"monitor": "true"}, "general": {"default-stream": "mystream"}}) as c:
            # The ports that the kernel has chosen, as an operator's configuration file would have them.
            urls = c.urls
            port = {name: urls[name].split("://")[1].split("/")[0].split(":")[1] for name in urls}
            config = c.home / "health.conf"
            config.write_text(
                f"[ingest]\nrtmp = 0.0.0.0:{port['publish']}\nstatus = 0.0.0.0:{port['ingest_status']}\n"
                f"[packager-primary]\nhttp = 127.0.0.1:{port['primary']}\n"
                f"[packager-backup]\nhttp = 0.0.0.0:{port['backup']}\n"
                f"[switcher]\nhttp = 0.0.0.0:{port['viewer']}\n"
                f"[monitor]\nhttp = 0.0.0.0:{port['desk']}\n"
                f"[publish]\nurl = rtmp://127.0.0.1:{port['publish']}/live/mystream\n", encoding="utf-8")
            environment = {"UNDERSTUDY_CONFIG": str(config)}
            waiting = ("ingest", "packager-primary", "packager-backup", "switcher")
            for role in (*waiting, "monitor", "run"):
                self.check([role], 0, "healthy: ", environment=environment)
            # Nobody publishes: well, and nothing to serve.
            for role in waiting:
                self.check([role, "--serving"], 1, f"unhealthy: {role} answers, and has nothing to serve",
                           environment=environment)
            self.check(["publish"], 1, "no connection", environment=environment)

            c.ffmpeg_publish(chain.material("health", seconds=6))
            c.wait_playable()
            for role in (*waiting, "monitor", "publish", "run"):
                self.check([role, "--serving"], 0, "healthy: ", environment=environment)
            self.check([f"rtmp://127.0.0.1:{port['publish']}"], 0)
            self.check([urls["viewer"]], 0)

            # A role that hangs does not answer in time; `run` names it.
            pid = c.signal("packager-backup", signal.SIGSTOP)
            try:
                self.check(["packager-backup", "--timeout=500ms"], 1, "unhealthy: packager-backup",
                           environment=environment)
                self.check(["run", "--timeout=1s"], 1, "unhealthy: packager-backup",
                           environment=environment)
            finally:
                os.kill(pid, signal.SIGCONT)

    def test_what_is_no_healthy_role(self):
        answers = {
            "closes": b"",
            "garbage": b"\x16\x03\x01" + bytes(range(256)) * 20,
            "500": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "503": b"HTTP/1.1 503 No\r\nContent-Length: 22\r\nConnection: close\r\n\r\n{\"status\":\"unwell\r\n\"}  ",
            "truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{",
            "too large": b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b" " * 2000000,
        }
        for name, answer in answers.items():
            with self.subTest(name), server(answer) as port:
                self.check([f"http://127.0.0.1:{port}/healthz", "--timeout=1s"], 1, "unhealthy: ")
                self.check([f"rtmp://127.0.0.1:{port}", "--timeout=1s"], 1, "unhealthy: ")
        with server(None) as port:
            self.check([f"http://127.0.0.1:{port}/", "--timeout=200ms"], 1, "unhealthy: ")
            self.check([f"rtmp://127.0.0.1:{port}", "--timeout=200ms"], 1, "in time")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = listener.getsockname()[1]
        self.check([f"http://127.0.0.1:{closed}/"], 1, "unhealthy: ")
        self.check([f"rtmp://127.0.0.1:{closed}/"], 1, "unhealthy: ")

    def test_asked_wrongly(self):
        self.check(["swicher"], 2, "'swicher'", "switcher")
        self.check(["ftp://host/"], 2, "'ftp://host/'", "rtmp://")
        self.check(["switcher", "ingest"], 2, "one role or URL")
        self.check(["switcher", "--timeout=1ms"], 2, "--timeout")

    def test_first_process(self):
        """In a process namespace of its own, as in a container, no role need be named."""
        with tempfile.TemporaryDirectory(prefix="understudy-health-") as folder:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port = listener.getsockname()[1]
            program = pathlib.Path(folder) / "understudy"
            shutil.copy2(chain.BINARY, program)
            # Root needs no namespace of users, and cannot have one where a chroot is its world.
            as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
            switcher = subprocess.Popen(
                ["unshare", *as_root, "--pid", "--fork", "--kill-child", "--mount-proc",
                 program, "switcher", "--http", f"127.0.0.1:{port}", "--bus=none",
                 "--primary-base-url=http://127.0.0.1:1/hls", "--backup-base-url", "http://127.0.0.1:1/hls",
                 "--state-dir", folder],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                chain.wait_for("the switcher to answer", lambda: self.answers(port))
                pid = int(chain.wait_for("its process", lambda: self.child_of(switcher.pid)))
                inside = ["nsenter", f"--target={pid}", *(["--user", "--preserve-credentials"] if as_root else []),
                          "--pid", "--mount", "--root"]

                def ask(*words):
                    return subprocess.run([*inside, program, "healthcheck", *words], text=True,
                                          capture_output=True, timeout=30)
                done = ask()
                self.assertEqual((done.returncode, done.stdout), (0, "healthy: switcher answers, and has "
                                                                  "nothing to serve\n"), done.stderr)
                self.assertEqual(ask("switcher").returncode, 0)
                self.assertEqual(ask("--serving").returncode, 1)
            finally:
                switcher.kill()
                switcher.wait()

    @staticmethod
    def answers(port):
        try:
            return chain.get(f"http://127.0.0.1:{port}/healthz")[0]
        except OSError:
            return None

    @staticmethod
    def child_of(pid):
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").strip()


if __name__ == "__main__":
    unittest.main()
