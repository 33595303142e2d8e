# SPDX-License-Identifier: MIT
"""What the tests of the command share: running it, and a site to run it against."""
import json
import subprocess
import sys
import urllib.request

SIMUL = sys.argv.pop(1)


def simul(*arguments, **options):
    return subprocess.run([SIMUL, *arguments], **({"capture_output": True, "text": True, "timeout": 60} | options))


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
