#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""instructions.py [FUNCTIONS]: what a request costs our server and our client, in instructions of their own.

Unlike times these are the same on a busy machine. Valgrind's callgrind counts them, over epoll, which it knows; the programs
are those that `bench/run http` has built. With a number, also so many of the functions where they go.
"""
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parents[2] / "build/bench/http"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@contextlib.contextmanager
def running(command, **how):
    process = subprocess.Popen(command, env=os.environ | {"SIMUL_BACKEND": "epoll"}, stderr=subprocess.DEVNULL, **how)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def counting(process):
    def switch(to):
        subprocess.run(["callgrind_control", "-i", to, str(process.pid)], check=True, **QUIET)

    switch("on")
    yield
    switch("off")
    subprocess.run(["callgrind_control", "-d", str(process.pid)], check=True, **QUIET)


def profile(what, at_once, requests, delay_ms, scratch):
    """What callgrind says."""
    callgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={scratch}/profile"]
    with contextlib.ExitStack() as stack:
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096))
        fd, port = str(door.fileno()), str(door.getsockname()[1])
        if what == "server":
            server, client = [*callgrind, PROGRAMS / "server", fd], [PROGRAMS / "peers/bare_client", port]
        else:
            server, client = [PROGRAMS / "peers/bare_epoll", fd, str(delay_ms)], [*callgrind, PROGRAMS / "client", port]
        serving = stack.enter_context(running(server, pass_fds=[door.fileno()]))
        asking = stack.enter_context(running(client, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

        def get(count):
            print(at_once, count, file=asking.stdin, flush=True)
            asking.stdout.readline()

        get(at_once)
        with counting(serving if what == "server" else asking):
            get(requests)
    return subprocess.run(["callgrind_annotate", "--auto=no", f"{scratch}/profile.1"], capture_output=True, text=True).stdout


def report(title, what, at_once, requests, delay_ms, functions):
    with tempfile.TemporaryDirectory(prefix="simul-bench-") as scratch:
        text = profile(what, at_once, requests, delay_ms, scratch)
    spent = [(int(count.replace(",", "")) / requests, name)
             for count, name in re.findall(r"^ *([\d,]+) \([ \d.]+%\)  (.*?)(?: \[[^]]*\])?$", text, re.M)]
    (total, _), *rest = spent
    print(f"{title}: {total:,.0f} instructions a request")
    for instructions, name in rest[:functions]:
        print(f"{instructions:10,.0f}  {name.partition(':')[2][:120]}")


most = int(sys.argv[1]) if len(sys.argv) > 1 else 0
report("server", "server", 64, 10_000, 0, most)
report("client", "client", 64, 10_000, 0, most)
report("client, 1,000 at once", "client", 1000, 1000, 100, most)
