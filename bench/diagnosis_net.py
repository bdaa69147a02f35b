"""diagnosis_net.py - a network of one's own: addresses, names and certificates that can fail.

enter() moves the program into new network and mount namespaces, in which it may give itself any
address, be the name server, and have its own authority trusted, without touching the machine. What
the kernel or a container forbids it says with NoNetwork.
"""

import contextlib
import ctypes
import os
import pathlib
import socket
import struct
import subprocess
import threading

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class NoNetwork(Exception):
    """No namespaces here."""


def _check(result, what):
    if result != 0:
        raise NoNetwork(f"{what}: {os.strerror(ctypes.get_errno())}")


def enter(folder):
    """@folder gets resolv.conf and the authority's certificate, which stand in place of the system's."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNS | CLONE_NEWNET | (CLONE_NEWUSER if uid != 0 else 0)
    _check(libc.unshare(flags), "unshare")
    if uid != 0:
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount")
    folder = pathlib.Path(folder)
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
    _bind(libc, resolv, os.path.realpath("/etc/resolv.conf"))
    make_authority(folder)
    if os.path.exists(BUNDLE):
        _bind(libc, folder / "authority.crt", os.path.realpath(BUNDLE))
    run("ip", "link", "set", "lo", "up")


def _bind(libc, source, target):
    _check(libc.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND, None),
           f"mount {target}")


def run(*argv):
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True)
    if done.returncode != 0:
        raise NoNetwork(f"{argv[0]}: {done.stderr.strip()}")


def add_address(address):
    run("ip", "address", "add", f"{address}/32", "dev", "lo")


# ---- names ----

class NameServer:
    """Answers A queries for what is in `table` (name -> addresses, in turn); modes: "nxdomain",
    "servfail", "silent" per name, or for all under "*"."""

    def __init__(self):
        self.table, self.modes, self.turns = {}, {}, {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._run, name="names", daemon=True).start()

    def _run(self):
        while True:
            query, peer = self.socket.recvfrom(2048)
            with contextlib.suppress(IndexError, struct.error, UnicodeDecodeError):
                answer = self.answer(query)
                if answer is not None:
                    self.socket.sendto(answer, peer)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii"))
            at += 1 + query[at]
        question, kind = query[12:at + 5], struct.unpack(">H", query[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        mode = self.modes.get(name) or self.modes.get("*")
        if mode == "silent":
            return None
        addresses = self.table.get(name, [])
        code = 2 if mode == "servfail" else 3 if mode == "nxdomain" or not addresses else 0
        if code or kind != 1:
            addresses = []
        turn = self.turns[name] = self.turns.get(name, 0) + (kind == 1)
        addresses = addresses[turn % len(addresses):] + addresses[:turn % len(addresses)] \
            if addresses else []
        head = struct.pack(">HHHHHH", struct.unpack(">H", query[:2])[0], 0x8580 | code, 1,
                           len(addresses), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(address)
                           for address in addresses)
        return head + question + records


# ---- certificates ----

CONFIG = """[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


def make_authority(folder):
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1000\n")
    (folder / "ca.conf").write_text(CONFIG.format(folder=folder))
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "30", "-subj", "/CN=Understudy bench", "-keyout", folder / "authority.key",
        "-out", folder / "authority.crt")


def certificate(folder, name, hosts, begin="20250101000000Z", end="20491231000000Z", is_own=False):
    """(certificate, key) for names; `is_own`: signed by itself."""
    folder = pathlib.Path(folder)
    key, request, path = (folder / f"{name}.{suffix}" for suffix in ("key", "csr", "crt"))
    names = ",".join(f"DNS:{host}" for host in hosts)
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
           "-subj", f"/CN={hosts[0]}", "-addext", f"subjectAltName={names}", "-keyout", key]
    if is_own:
        run(*new, "-x509", "-days", "30", "-out", path)
    else:
        run(*new, "-out", request)
        run("openssl", "ca", "-batch", "-notext", "-config", folder / "ca.conf", "-in", request,
            "-out", path, "-cert", folder / "authority.crt", "-keyfile", folder / "authority.key",
            "-startdate", begin, "-enddate", end)
    return path, key
