#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""load.py server|client COMMAND... [--quick] FIGURE: the same load on every HTTP server, the same server for every client.

A server is called as `COMMAND FD`, with a socket that listens. It answers "Hello, world!" to everything. wrk asks on 64
connections.

A client is called as `COMMAND PORT`. For each line "CONCURRENCY COUNT" that it reads it gets http://127.0.0.1:PORT/ that
often, on new connections, and prints "CPU_US WALL_US": what its own process took. The server is the bare one, which
answers at once or after 100 ms.
"""
import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

BARE_SERVER = Path(__file__).resolve().parents[2] / "build/bench/http/peers/bare_epoll"
CONNECTIONS = 64
DELAY_MS = 100


def cpu_us(pid):
    """What a process has used: clock_getcpuclockid(3)."""
    return time.clock_gettime_ns(~pid << 3 | 2) / 1000


@contextlib.contextmanager
def serving(*command):
    """A server while it is needed: its process, and the port."""
    with tempfile.TemporaryDirectory(prefix="simul-bench-") as scratch:
        with socket.create_server(("127.0.0.1", 0), backlog=4096) as door:
            fd = door.fileno()
            process = subprocess.Popen([str(fd) if part == "FD" else part for part in command], pass_fds=[fd],
                                       env=os.environ | {"TMPDIR": scratch})
            port = door.getsockname()[1]
        try:
            yield process, port
        finally:
            process.kill()
            process.wait()


def wait_for_answer(port):
    """nginx opens the port anew."""
    give_up = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
                assert answer.read() == b"Hello, world!"
            return
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def wrk(port, seconds):
    """Requests in all, and a second."""
    run = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{port}/"],
                         capture_output=True, text=True, check=True)
    if "Non-2xx" in run.stdout or "Socket errors" in run.stdout:
        sys.exit(run.stdout)
    number = lambda pattern: float(re.search(pattern, run.stdout)[1])
    return number(r"(\d+) requests in"), number(r"Requests/sec: +([\d.]+)")


def measure_server(command, quick):
    with serving(*command, "FD") as (process, port):
        wait_for_answer(port)
        if not quick:
            wrk(port, 1)
        before = cpu_us(process.pid)
        requests, rate = wrk(port, 1 if quick else 3)
        print("http_server_cpu", (cpu_us(process.pid) - before) / requests)
        print("http_server_rps", rate)


def measure_client(command, quick, figure):
    delay_ms = 0 if figure == "http_client_cpu" else DELAY_MS
    with serving(BARE_SERVER, "FD", str(delay_ms)) as (_, port):
        with subprocess.Popen([*command, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            def get(concurrency, count):
                print(concurrency, count, file=client.stdin, flush=True)
                return [float(value) for value in client.stdout.readline().split()]

            def over_ideal_ms(at_once, times):
                return statistics.median(get(at_once, at_once)[1] for _ in range(times)) / 1000 - DELAY_MS

            get(5, 5)
            if figure == "http_client_cpu":
                count = 4_000 if quick else 10_000
                get(CONNECTIONS, count // 10)
                print(figure, get(CONNECTIONS, count)[0] / count)
            elif figure == "http_client_delayed":
                print(figure, over_ideal_ms(5, 3 if quick else 9))
            elif figure == "http_client_delayed_1000":
                print(figure, over_ideal_ms(1000, 1 if quick else 3))


what, *command, figure = sys.argv[1:]
quick = command[-1] == "--quick"
if quick:
    command.pop()
if what == "server":
    measure_server(command, quick)
else:
    measure_client(command, quick, figure)
