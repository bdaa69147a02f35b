"""measure.py - what the measurements share: CPU of processes, an nginx beside us, wrk, tables.

Standard library only. Processor time is utime + stime of /proc/PID/stat, which includes threads that
have ended; wall time says little on a machine that does other work too.
"""

import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("UNDERSTUDY_BUILD", str(ROOT / "build"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import chain  # noqa: E402

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
RTMP_MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so"


class CannotMeasure(Exception):
    """Something is missing or did not work; there is no figure to show."""


def cpu_s(pid):
    """Processor seconds that a process has used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def cpu_over(pids, seconds):
    """Processor seconds of each of {name: pid} while so many seconds pass."""
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    time.sleep(seconds)  # the window itself
    return {name: cpu_s(pid) - before[name] for name, pid in pids.items()}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise CannotMeasure(f"{program} is not installed")


class Nginx:
    """nginx with one worker, a temporary folder and a configuration of ours, on free ports.

    `body` is the configuration behind `events`; {root} in it becomes the temporary folder."""

    def __init__(self, body, is_rtmp=False):
        need("nginx")
        if is_rtmp and not os.path.exists(RTMP_MODULE):
            raise CannotMeasure("libnginx-mod-rtmp is not installed")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="understudy-bench-nginx-"))
        head = f"load_module {RTMP_MODULE};\n" if is_rtmp else ""
        temporary = "\n".join(f"{name}_temp_path {self.root}/{name};" for name in
                              ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        (self.root / "conf").write_text(
            f"{head}{user}daemon off; worker_processes 1; pid {self.root}/pid; worker_rlimit_nofile 20000;\n"
            f"error_log {self.root}/error.log warn;\nevents {{ worker_connections 8000; }}\n"
            + body.replace("{root}", str(self.root)).replace("{temporary}", temporary))

    def __enter__(self):
        self.process = subprocess.Popen(["nginx", "-c", self.root / "conf", "-p", self.root],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            chain.wait_for("the worker of nginx", self._has_worker, 10)
        except chain.Failure as error:
            self.__exit__()
            raise CannotMeasure(str(error)) from None
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def _has_worker(self):
        if self.process.poll() is not None:
            raise CannotMeasure("nginx: " + (self.root / "error.log").read_text().strip())
        return self.worker() is not None

    def worker(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = children.read_text().split()
        return int(pids[0]) if pids else None


def wrk(url, seconds=5, connections=32):
    """One run of wrk with one thread; {"requests", "per_s", "p99_ms", "errors"}."""
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url],
                          capture_output=True, text=True)
    requests = re.search(r"(\d+) requests in", done.stdout)
    if done.returncode != 0 or requests is None or int(requests[1]) == 0:
        raise CannotMeasure(f"wrk at {url}: {done.stdout}{done.stderr}")
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
    return {"requests": int(requests[1]),
            "per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]),
            "p99_ms": float(p99) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
            "errors": int(errors[1]) if errors else 0}


def percentile(values, percent):
    """The smallest value that so many percent of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def spread(values, digits=2):
    """Median, and the extremes, as words."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def machine():
    """Where and what was measured; part of every result."""
    options = chain.BUILD / "meson-info" / "intro-buildoptions.json"
    build = "unknown"
    if options.exists():
        build = next(o["value"] for o in json.loads(options.read_text()) if o["name"] == "buildtype")
    release = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release") if "=" in line)
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"date": datetime.date.today().isoformat(), "buildtype": build,
            "system": release["PRETTY_NAME"].strip('"'), "kernel": platform.release(),
            "cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(),
            "load": os.getloadavg()[0]}


def show(title, rows, notes=(), head=("what", "measured", "budget")):
    """A table on the terminal."""
    rows = [head] + [tuple(str(cell) for cell in row) for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    print(title)
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    for note in notes:
        print(f"  {note}")


def run(measure, parser):
    """main() of a measurement: measure(options) returns (result, print function)."""
    parser.add_argument("--json", metavar="FILE", help="also write everything as JSON; - is standard output")
    options = parser.parse_args()
    if not chain.BINARY.exists():
        parser.error(f"{chain.BINARY} is not built; UNDERSTUDY_BUILD names the build folder")
    where = machine()
    if where["buildtype"] != "release":
        print(f"note: a {where['buildtype']} build is measured", file=sys.stderr)
    try:
        result, table = measure(options)
    except (CannotMeasure, chain.Failure, OSError) as error:
        print(f"could not measure: {error}", file=sys.stderr)
        return 2
    text = json.dumps({"machine": where, **result}, indent=2) + "\n"
    if options.json == "-":
        print(text, end="")
    else:
        table()
        if options.json:
            pathlib.Path(options.json).write_text(text)
    return 0
