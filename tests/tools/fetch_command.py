#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fetch_command.py SIMUL: `simul fetch` as a user meets it, against `simul demo`."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

SIMUL = sys.argv.pop(1)


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


def fetch(*arguments, **options):
    return subprocess.run([SIMUL, "fetch", *arguments], capture_output=True, text=True, timeout=60, **options)


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

    def test_come_from_random_pages_in_processes_as_json(self):
        with Site("--wiki-latency", "10ms") as site:
            run = fetch("-n", "12", f"{site.url}wiki/Special:Random", "-s", "title=h1", "--select-all", "links=a::attr(href)",
                        "--processes", "2", "--jsonl", "-q")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(len({line["title"] for line in lines}), 12)
        self.assertTrue(all(len(line["links"]) > 10 for line in lines))

    def test_are_missing_where_there_are_none(self):
        with Site() as site:
            run = fetch("-s", "nothing=h6", site.url)
        self.assertEqual((run.returncode, run.stdout), (0, f"{site.url}\t\n"))
        self.assertIn("nothing there is h6", run.stderr)


class Faults(Fetch):
    COUNT = 120
    SITE = ("--wiki-latency", "30ms", "--fail", "0.05", "--at-once", "8")

    def arguments(self, urls):
        return ["-i", urls, "-s", "title=h1", "-o", self.output, "--resume", "--unordered", "--per-host", "10",
                "--retries", "6"]

    def test_failures_and_refusals_are_retried(self):
        with Site(*self.SITE) as site:
            run = fetch(*self.arguments(self.urls_file(site, self.COUNT)))
            with subprocess.Popen(["curl", "-s", f"{site.url}demo/stats"], stdout=subprocess.PIPE) as curl:
                stats = json.load(curl.stdout)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.check_all_once(self.COUNT)
        self.assertGreater(stats["refused"] + stats["failed"], 0)

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


class BadInput(Fetch):
    def check(self, run, code, *said):
        self.assertEqual(run.returncode, code, run.stderr)
        for each in said:
            self.assertIn(each, run.stderr)

    def test_one_line_for_each_url_that_fails(self):
        with Site() as site:
            run = fetch("-q", f"{site.url}nothing", "ftp://x/", "http://[", "", f"{site.url}demo/stats")
        self.check(run, 1, "/nothing: 404 Not Found", "ftp://x/: only http and https", "http://[")
        self.assertEqual(len(run.stderr.splitlines()), 4, run.stderr)
        self.assertEqual(len(run.stdout.splitlines()), 1)

    def test_nobody_there(self):
        run = fetch("--retries", "0", "http://127.0.0.1:1/")
        self.check(run, 4, "connect to 127.0.0.1:1: Connection refused")

    def test_arguments_that_make_no_sense(self):
        self.check(fetch("-s", "h1[[", "http://x/"), 2, "-s takes a selector")
        self.check(fetch("--rate", "fast", "http://x/"), 2, "a rate such as 5/s")
        self.check(fetch("--resume", "http://x/"), 2, "--resume needs --output")
        self.check(fetch("-H", "no colon", "http://x/"), 2, "Name: value")

    def test_an_output_that_cannot_be_written(self):
        with Site() as site:
            self.check(fetch("-o", "/nonexistent/x", site.url), 3, "/nonexistent/x: No such file or directory")
            self.check(fetch("-o", "/dev/full", site.url), 3, "/dev/full: No space left on device")
            self.check(fetch("-i", "/nonexistent", site.url), 3, "/nonexistent: No such file or directory")

    def test_a_reader_who_has_enough(self):
        with Site() as site:
            code = subprocess.run(["bash", "-c", f"'{SIMUL}' fetch -q -n 500 {site.url} | head -1; echo ${{PIPESTATUS[0]}}"],
                                  capture_output=True, text=True, timeout=60)
        self.assertEqual((code.stdout.splitlines()[1], code.stderr), ("141", ""))

    def test_all_of_it_in_time(self):
        with Site("--wiki-latency", "5s") as site:
            began = time.monotonic()
            self.check(fetch("--max-time", "200ms", f"{site.url}wiki/A"), 124)
        self.assertLess(time.monotonic() - began, 3)


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
