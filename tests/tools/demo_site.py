# SPDX-License-Identifier: MIT
"""What the tests of the command share: running it, and a site to run it against."""
import json
import os
import pty
import subprocess
import sys
import urllib.request

SIMUL = sys.argv.pop(1)
for variable in [name for name in os.environ if name.lower().endswith("_proxy")]: # the sites are here
    del os.environ[variable]


def simul(*arguments, **options):
    return subprocess.run([SIMUL, *arguments], **({"capture_output": True, "text": True, "timeout": 60} | options))


def on_terminal(*arguments, output=None, **variables):
    """Runs it on a terminal; its output may go elsewhere. Returns what the terminal got."""
    ours, its = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "CLICOLOR_FORCE")}
    process = subprocess.Popen([SIMUL, *arguments], stdin=subprocess.DEVNULL, stdout=output or its, stderr=its,
                               env=environment | {"TERM": "xterm"} | variables)
    os.close(its)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError: # as a terminal ends
        pass
    os.close(ours)
    process.wait(60)
    return text.decode().replace("\r\n", "\n")


class Site:
    """A `simul demo` on a free port, which ends with this process."""

    def __init__(self, *options):
        command = [SIMUL, "demo", "--at", "127.0.0.1:0", "--until-eof", "--slow", "0", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def stats(self):
        with urllib.request.urlopen(f"{self.url}demo/stats", timeout=10) as answer:
            return json.load(answer)
