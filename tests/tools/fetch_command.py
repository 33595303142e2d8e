#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fetch_command.py SIMUL: `simul fetch` as a user meets it, against `simul demo`."""
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

from demo_site import SIMUL, Site, simul


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

    def run_until(self, urls, lines, number):
        """Starts it, and sends a signal when so many lines are written."""
        with subprocess.Popen([SIMUL, "fetch", *self.arguments(urls)], stderr=subprocess.PIPE, text=True) as process:
            for _ in range(2000):
                if self.output.exists() and self.output.read_text().count("\n") >= lines:
                    break
                time.sleep(0.01)
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
        return process.returncode, said

    def test_a_killed_run_goes_on_where_it_was(self):
        with Site(*self.SITE) as site:
            urls = self.urls_file(site, self.COUNT)
            for lines in (10, 40):
                code, _ = self.run_until(urls, lines, signal.SIGKILL)
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
            code, said = self.run_until(urls, 10, signal.SIGINT)
            self.assertEqual(code, 130, said)
            self.assertIn("--resume", said)
            self.assertLess(len(self.column()), self.COUNT)
            run = fetch(*self.arguments(urls))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.check_all_once(self.COUNT)

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
