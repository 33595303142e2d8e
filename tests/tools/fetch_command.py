#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fetch_command.py SIMUL: `simul fetch` as a user meets it, against `simul demo`."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

from demo_site import SIMUL, Site, on_terminal, simul


def fetch(*arguments):
    return simul("fetch", *arguments)


class Fetch(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.output = self.directory / "out.tsv"

    def urls_file(self, site, count):
        path = self.directory / "urls.txt"
        path.write_text("# articles\n\n" + "".join(f"{site.url}wiki/Page_{i}\n" for i in range(count)))
        return path

    def column(self, number=0):
        return [line.split("\t")[number] for line in self.output.read_text().splitlines()]

    def check_all_once(self, count):
        counts = Counter(self.column(1))
        self.assertEqual(counts, Counter(f"Page {i}" for i in range(count)))

    def run_until(self, arguments, lines, number):
        """Starts it, and sends a signal when so many lines are written."""
        with subprocess.Popen([SIMUL, "fetch", *arguments], stderr=subprocess.PIPE, text=True) as process:
            for _ in range(2000):
                if self.output.exists() and self.output.read_text().count("\n") >= lines:
                    break
                time.sleep(0.01)
            process.send_signal(number)
            try:
                _, said = process.communicate(timeout=30)
            finally:
                process.kill()
        return process.returncode, said


class Titles(Fetch):
    def test_come_in_the_order_of_the_urls(self):
        with Site("--wiki-latency", "20ms", "--spread", "1") as site:
            run = fetch("-i", self.urls_file(site, 30), "-s", "title=h1", "-o", self.output, "--header", "--per-host", "16")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.column(1), ["title"] + [f"Page {i}" for i in range(30)])
        self.assertIn("30 of 30", run.stderr.splitlines()[-1])

    def test_of_a_hundred_pages_take_ten_places_and_two_requests_each(self):
        with Site("--wiki-latency", "30ms") as site:
            run = fetch("-q", "-n", "100", f"{site.url}wiki/Special:Random", "-s", "title=h1", "-c", "10", "--per-host", "10",
                        "-o", self.output)
            stats = site.stats()
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(len(set(self.column(1))), 100)
        self.assertEqual((stats["requests"], stats["peak"]), (200, 10))

    def test_come_from_random_pages_in_processes_as_json(self):
        with Site("--wiki-latency", "10ms") as site:
            run = fetch("-n", "12", f"{site.url}wiki/Special:Random", "-s", "title=h1", "--select-all", "links=a::attr(href)",
                        "--processes", "2", "--jsonl", "-q")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(len({line["title"] for line in lines}), 12)
        self.assertTrue(all(len(line["links"]) > 10 for line in lines))


class Rates(Fetch):
    def seconds_of(self, *arguments):
        began = time.monotonic()
        self.assertEqual(fetch("-q", *arguments).returncode, 0)
        return time.monotonic() - began

    def test_hold_for_all_and_for_each_host(self):
        with Site() as site:
            for option in ("--rate", "--rate-per-host"):
                self.assertGreaterEqual(self.seconds_of(option, "20/s", "-n", "5", site.url), 0.2)

    def test_of_one_host_keep_no_place_from_another(self):
        with Site("--at", "0.0.0.0:0") as site:
            port = site.url.rsplit(":", 1)[1]
            urls = [f"http://127.0.0.{host}:{port}" for host in range(1, 9) for _ in range(4)]
            arguments = ["--rate-per-host", "1/h", "-c", "8", "--unordered", "-o", self.output, *urls]
            code, said = self.run_until(arguments, 8, signal.SIGINT)
        self.assertEqual((code, len(set(self.column()))), (130, 8), said)


class Faults(Fetch):
    COUNT = 120
    SITE = ("--wiki-latency", "30ms", "--fail", "0.05", "--at-once", "8")

    def arguments(self, urls):
        return ["-i", urls, "-s", "title=h1", "-o", self.output, "--resume", "--unordered", "--per-host", "10",
                "--retries", "6"]

    def test_failures_and_refusals_are_retried(self):
        with Site(*self.SITE) as site:
            run = fetch(*self.arguments(self.urls_file(site, self.COUNT)))
            stats = site.stats()
        self.assertEqual(run.returncode, 0, run.stderr)
        self.check_all_once(self.COUNT)
        self.assertGreater(stats["refused"], 0)
        self.assertGreater(stats["failed"], 0)

    def test_a_killed_run_goes_on_where_it_was(self):
        with Site(*self.SITE) as site:
            urls = self.urls_file(site, self.COUNT)
            for lines in (10, 40):
                code, _ = self.run_until(self.arguments(urls), lines, signal.SIGKILL)
                self.assertEqual(code, -signal.SIGKILL)
            with self.output.open("a") as torn:
                torn.write(f"{site.url}wiki/Page_1")  # as a power failure may leave it
            run = fetch(*self.arguments(urls))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("done before", run.stderr)
        self.check_all_once(self.COUNT)

    def test_an_interrupted_run_finishes_what_it_has_begun(self):
        with Site(*self.SITE) as site:
            urls = self.urls_file(site, self.COUNT)
            code, said = self.run_until(self.arguments(urls), 10, signal.SIGINT)
            self.assertEqual(code, 130, said)
            self.assertIn("--resume", said)
            self.assertLess(len(self.column()), self.COUNT)
            run = fetch(*self.arguments(urls))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.check_all_once(self.COUNT)

    def test_an_interrupted_run_begins_nothing_that_waits_for_its_turn(self):
        with Site() as site:
            code, said = self.run_until(["--rate", "1/h", "-n", "9", site.url, "-o", self.output], 1, signal.SIGINT)
        self.assertEqual((code, len(self.column())), (130, 1), said)

    def test_an_interruption_again_ends_it_at_once(self):
        with Site("--wiki-latency", "30s", "--spread", "0") as site:
            arguments = self.arguments(self.urls_file(site, 9))
            with subprocess.Popen([SIMUL, "fetch", *arguments], stderr=subprocess.PIPE, text=True) as process:
                while site.stats()["requests"] == 0:
                    time.sleep(0.01)
                for said in ("waiting for what was begun", ""):
                    process.send_signal(signal.SIGINT)
                    self.assertIn(said, process.stderr.readline())
                began = time.monotonic()
                process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130)
            self.assertLess(time.monotonic() - began, 15)


class Proxies(Fetch):
    def test_are_asked_where_the_environment_says_so(self):
        url = "http://nobody.invalid/wiki/A"
        with Site() as site:
            for exempt, code, printed in [("", 0, f"{url}\tA\n"), ("nobody.invalid", 4, "")]:
                run = simul("fetch", "-q", "--retries", "0", "--connect-timeout", "5s", "-s", "title=h1", url,
                            env=os.environ | {"http_proxy": site.url, "no_proxy": exempt})
                self.assertEqual((run.returncode, run.stdout), (code, printed), run.stderr)


class OnATerminal(Fetch):
    def lines(self, **where):
        with Site("--wiki-latency", "100ms") as site:
            text = on_terminal("fetch", "-n", "12", f"{site.url}wiki/A", f"{site.url}nothing", "-s", "title=h1", "--retries", "0",
                               "--per-host", "2", **where)
        self.assertIn("[#", text)
        self.assertIn(" of 24", text)
        return [line.rsplit("\r\x1b[K")[-1] for line in text.rstrip("\n").split("\n")]  # as they stay there

    def test_records_and_troubles_stand_above_the_bar(self):
        kinds = Counter(re.sub(r"http\S*/", "", line) for line in self.lines()[:-1])
        self.assertEqual(kinds, {"A\tA": 12, "simul fetch: GET nothing: 404 Not Found": 12})

    def test_records_can_go_elsewhere(self):
        with self.output.open("w") as output:
            lines = self.lines(output=output)
        self.assertEqual((len(lines), self.column(1)), (13, ["A"] * 12))

    def test_a_dumb_one_gets_lines(self):
        with Site() as site:
            text = on_terminal("fetch", "-q", site.url, TERM="dumb")
            self.assertEqual(len(text.splitlines()), 1)
            text = on_terminal("fetch", "-n", "20", "--rate", "20/s", site.url, TERM="dumb")
        self.assertNotIn("\x1b", text)
        self.assertRegex(text, r"\nsimul fetch: \d+ of 20 .* left\n")


class Saved(Fetch):
    def test_pages_are_files(self):
        with Site("--wiki-latency", "1ms") as site:
            run = fetch("--save", self.directory / "pages", f"{site.url}wiki/A%2Fb", f"{site.url}wiki/C")
        self.assertEqual(run.returncode, 0, run.stderr)
        files = sorted(os.listdir(self.directory / "pages"))
        self.assertEqual(files, ["00001-A_b.html", "00002-C.html"])
        self.assertIn("<h1", (self.directory / "pages" / files[1]).read_text())


if __name__ == "__main__":
    unittest.main()
