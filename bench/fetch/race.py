#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""race.py simul|xargs|curl|aiohttp [--quick] FIGURE: the titles of articles into a file, by `simul fetch` and by what people use.

fetch_wall, fetch_cpu: 100 random articles, ten at a time. A redirect and an article, each after 60 ms: 1.2 s at best.
CPU time is the tool's with all its processes, and not the site's.

fetch_lost, fetch_requests: 120 articles from a site that fails for 5 %, and refuses the ninth at once with 429. In the middle
the tool is killed, all of it, and started again as its user would: where it can go on, it does, else from the beginning.
Of how many articles there isn't exactly one title in the end, and how often the site was asked for one, on average.

All ask `simul demo`, follow redirects, and repeat what failed, if they can. curl takes no titles out: what it saves counts.
"""
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIMUL = ROOT / "build/release/simul"
AIOHTTP = ["/usr/bin/python3", str(Path(__file__).parent / "peers/aiohttp_.py")]
AT_ONCE = 10


class Site:
    def __init__(self, process):
        self.process = process
        self.url = process.stdout.readline().strip()

    def stats(self):
        with urllib.request.urlopen(f"{self.url}demo/stats") as answer:
            return json.load(answer)


@contextlib.contextmanager
def site(*options):
    command = [SIMUL, "demo", "--at", "127.0.0.1:0", "--until-eof", "--slow", "0", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Site(process)
        process.stdin.close()


def command_of(tool, urls, output):
    """It takes URLs from a file and writes "URL<tab>TITLE" to another; curl makes a folder of pages instead."""
    at_once = str(AT_ONCE)
    if tool == "simul":
        return [SIMUL, "fetch", "-q", "-i", urls, "-s", "title=h1", "-o", output, "--resume", "-c", at_once, "--per-host", at_once,
                "--retries", "6"]
    if tool == "xargs":
        one = f'printf "%s\\t%s\\n" "$1" "$(curl -sfL --retry 6 "$1" | pup "h1 text{{}}")" >> {shlex.quote(str(output))}'
        return ["xargs", "-a", urls, "-P", at_once, "-n", "1", "sh", "-c", one, "sh"]
    if tool == "curl":
        lines = urls.read_text().splitlines()
        config = urls.with_suffix(".curl")
        config.write_text("".join(f'url = "{url}"\noutput = "{output}/{i}"\n' for i, url in enumerate(lines)))
        return ["curl", "-sfLZ", "--create-dirs", "--parallel-max", at_once, "--retry", "6", "-K", config]
    return [*AIOHTTP, urls, output, at_once]


def measured(command):
    """Wall and CPU seconds."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - began, used.ru_utime + used.ru_stime


def titles_in(output, tool, urls):
    """How often there is one, for each URL."""
    if tool == "curl":
        pages = {urls[int(page.name)]: page.read_text() for page in output.iterdir()} if output.exists() else {}
        return Counter(url for url, text in pages.items() if text.endswith("</html>\n"))
    lines = [line.split("\t") for line in output.read_text().splitlines()] if output.exists() else []
    return Counter(url for url, title in lines if title)


def race(tool, directory):
    urls = directory / "urls"
    with site("--wiki-latency", "120ms", "--spread", "0") as of:
        urls.write_text(f"{of.url}wiki/Special:Random\n" * 100)
        wall, cpu = measured(command_of(tool, urls, directory / "titles"))
    print("fetch_wall", 1000 * wall)
    print("fetch_cpu", 1000 * cpu)


def run_and_kill(command, of, requests):
    """With all that it has started, when the site has been asked so often."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and of.stats()["requests"] < requests:
        time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def survive(tool, directory):
    count = 120
    urls, output = directory / "urls", directory / "titles"
    with site("--wiki-latency", "60ms", "--fail", "0.05", "--at-once", "8") as of:
        wanted = [f"{of.url}wiki/Page_{i}" for i in range(count)]
        urls.write_text("".join(f"{url}\n" for url in wanted))
        command = command_of(tool, urls, output)
        run_and_kill(command, of, count // 2)
        if tool in ("xargs", "aiohttp"): # their users empty the file, or have lines twice
            output.unlink(missing_ok=True)
        measured(command)
        found = titles_in(output, tool, wanted)
        print("fetch_lost", sum(found[url] != 1 for url in wanted))
        print("fetch_requests", of.stats()["requests"] / count)


def main():
    tool, figure = sys.argv[1], sys.argv[-1]
    with tempfile.TemporaryDirectory(prefix="simul-bench-") as directory:
        (race if figure in ("fetch_wall", "fetch_cpu") else survive)(tool, Path(directory))


main()
