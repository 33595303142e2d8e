#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bad_input.py SIMUL: what users get wrong, and what the world does: a line on stderr for each, the right exit code, and
nothing half-written."""
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from demo_site import SIMUL, Site, simul


def fetch(*arguments, **options):
    return simul("fetch", *arguments, **options)


class Trouble(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.output = self.directory / "out.tsv"

    def check(self, run, code, *said):
        """So it ends, with so many lines: each has what is said of it."""
        self.assertEqual(run.returncode, code, run.stderr)
        lines = run.stderr.splitlines()
        self.assertEqual(len(lines), len(said), run.stderr)
        for line, part in zip(lines, said):
            self.assertIn(part, line)


class Urls(Trouble):
    def test_of_other_schemes(self):
        urls = ["ftp://x/", "file:///etc/passwd", "mailto:a@b", "javascript:alert(1)"]
        self.check(fetch("-q", *urls), 4, *[f"{url}: only http and https can be fetched" for url in urls])

    def test_that_are_none(self):
        for url in ["", "http://", "http://[", "http://x:99999/", "http://a b/", "example.org", "//example.org/", "http://%zz/"]:
            with self.subTest(url):
                run = fetch("-q", "--", url)
                self.check(run, 4, "simul fetch: ")
                self.assertEqual(run.stdout, "")

    def test_that_are_no_utf8(self):
        urls = self.directory / "urls"
        with Site("--wiki-latency", "1ms") as site:
            urls.write_bytes(site.url.encode() + b"wiki/\xff\n" + site.url.encode() + b"wiki/A\n")
            run = fetch("-q", "--jsonl", "-i", urls)
            self.check(run, 1, "/wiki/%FF: no UTF-8")
            self.assertEqual([json.loads(line)["url"] for line in run.stdout.splitlines()], [f"{site.url}wiki/A"])
            run = fetch("-q", "-i", urls, text=False)
        self.assertEqual((run.returncode, run.stdout.count(b"\n"), run.stdout.count(b"\xff")), (0, 2, 1))

    def test_more_than_files_may_be_open(self):
        def few_files():
            resource.setrlimit(resource.RLIMIT_NOFILE, (20, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

        with Site("--wiki-latency", "400ms", "--spread", "0") as site:
            run = fetch("-q", "-c", "60", "--per-host", "60", "-n", "60", f"{site.url}wiki/A", preexec_fn=few_files)
            self.check(run, 0)
            self.assertGreater(site.stats()["peak"], 20)

    def test_where_nothing_is(self):
        with Site() as site:
            run = fetch("-q", f"{site.url}nothing", f"{site.url}demo/stats")
        self.check(run, 1, "/nothing: 404 Not Found")
        self.assertEqual(run.stdout.count("\n"), 1)


class Selectors(Trouble):
    def test_that_are_none_are_refused_before_anything_is_fetched(self):
        with Site() as site:
            for css in ["", "h1[[", ">", "title=", "a::attr(", "h1::before", "p:nth-child(x)"]:
                with self.subTest(css):
                    run = fetch("-s", css, "-o", self.output, site.url)
                    self.check(run, 2, "-s takes a selector", "simul fetch --help")
            self.assertEqual(site.stats()["requests"], 0)
        self.assertFalse(self.output.exists())

    def test_that_match_nothing_leave_the_column_empty(self):
        with Site() as site:
            run = fetch("-q", "-s", "title=h6", site.url)
            self.check(run, 0)
            self.assertEqual(run.stdout, f"{site.url}\t\n")
            run = fetch("-s", "title=h6", "--jsonl", site.url)
        self.check(run, 0, "nothing there is h6", "1 of 1")
        self.assertEqual(json.loads(run.stdout), {"url": site.url, "title": None})


class Outputs(Trouble):
    def test_that_cannot_be_opened(self):
        (self.directory / "file").touch()
        with Site() as site:
            for path in ["/nonexistent/x", self.directory, self.directory / "file" / "x"]:
                self.check(fetch("-o", path, site.url), 3, f"{path}: ")
            self.check(fetch("--save", self.directory / "file" / "pages", site.url), 3, f"{self.directory}/file")
            self.check(fetch("-i", "/nonexistent", site.url), 3, "/nonexistent: No such file or directory")
        self.check(simul("tour", "--html", "/nonexistent/x"), 3, "/nonexistent/x: No such file or directory")
        self.check(simul("tour", "--html", self.directory), 3, f"{self.directory}: is a directory")
        self.assertEqual([each.name for each in self.directory.iterdir()], ["file"])

    def test_on_a_full_disk(self):
        with Site() as site:
            self.check(fetch("-q", "-o", "/dev/full", site.url), 3, "/dev/full: No space left on device")
            with open("/dev/full", "w") as full:
                run = fetch("-q", site.url, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        self.check(run, 3, "No space left on device")

    def run_with_room_for(self, size, *arguments):
        """Files can't be larger than that."""
        return fetch(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))

    def test_that_fill_up_keep_whole_lines_and_can_be_gone_on_with(self):
        with Site("--wiki-latency", "1ms") as site:
            urls = [f"{site.url}wiki/Page_{i}" for i in range(40)]
            arguments = ["-q", "-s", "title=h1", "-o", self.output, "--resume", *urls]
            self.check(self.run_with_room_for(500, *arguments), 3, f"{self.output}: ")
            written = self.output.read_text()
            self.assertTrue(written.endswith("\n") and len(written) <= 500, written)
            self.check(fetch(*arguments), 0)
        self.assertEqual(self.output.read_text().splitlines(), [f"{url}\tPage {i}" for i, url in enumerate(urls)])

    def test_of_whole_pages_are_whole_or_not_there(self):
        pages = self.directory / "pages"
        with Site("--wiki-latency", "1ms") as site:
            self.check(self.run_with_room_for(10_000, "-q", "--save", pages, f"{site.url}wiki/A"), 3, f"{pages}/00001-A.html: ")
        self.assertEqual(list(pages.iterdir()), [])

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare"), "mounts a file system")
    def test_on_a_small_file_system(self):
        script = 'mount -t tmpfs -o size=64k none "$1" || exit 77; "$2" fetch -q --save "$1/pages" "$3" "$3" "$3" >/dev/null; code=$?; ls "$1/pages"; exit $code'
        with Site("--wiki-latency", "1ms") as site:
            run = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", self.directory, SIMUL, f"{site.url}wiki/A"],
                                 capture_output=True, text=True, timeout=60)
        if run.returncode == 77 or run.stderr.startswith("unshare:"):
            self.skipTest(run.stderr)
        self.check(run, 3, "No space left on device")
        self.assertTrue(set(run.stdout.split()) <= {f"{i:05}-A.html" for i in (1, 2, 3)}, run.stdout)


class StandardStreams(Trouble):
    def shell(self, script):
        return subprocess.run(["bash", "-c", script, "bash", SIMUL], capture_output=True, text=True, timeout=60)

    def test_that_are_closed(self):
        with Site() as site:
            self.check(self.shell(f'"$1" fetch -q {site.url} >&-'), 3, "Bad file descriptor")
            self.assertEqual(self.shell(f'"$1" fetch -q {site.url} 2>&-').returncode, 0)
        self.check(self.shell('"$1" fetch -q <&-'), 3, "Bad file descriptor")
        self.check(self.shell('"$1" --help >&-'), 3, "Bad file descriptor")

    def test_that_are_full(self):
        for command in ["--help", "completions bash", "manual fetch", "tour genres --html ''"]:
            with self.subTest(command):
                self.check(self.shell(f'"$1" {command} >/dev/full'), 3, "No space left on device")

    def test_whose_reader_has_enough(self):
        with Site() as site:
            run = self.shell(f'"$1" fetch -q -n 500 {site.url} | head -1; exit ${{PIPESTATUS[0]}}')
            self.check(run, 128 + signal.SIGPIPE)
            self.assertEqual(run.stdout.count("\n"), 1)


class Network(Trouble):
    def test_where_nobody_listens(self):
        self.check(fetch("-q", "--retries", "0", "http://127.0.0.1:1/"), 4, "connect to 127.0.0.1:1: Connection refused")

    def test_that_leads_nowhere(self):
        # An address for documentation: there is no route, or nobody answers.
        self.check(fetch("-q", "--retries", "0", "--connect-timeout", "300ms", "http://192.0.2.1/"), 4, "192.0.2.1")

    def test_without_such_a_name(self):
        self.check(fetch("-q", "--retries", "0", "--connect-timeout", "5s", "http://nobody.invalid/"), 4, "nobody.invalid")

    def test_that_is_slow(self):
        with Site("--wiki-latency", "5s") as site:
            self.check(fetch("-q", "--retries", "0", "--timeout", "200ms", f"{site.url}wiki/A"), 4, "/wiki/A: not done within 0.2 s")
            self.check(fetch("-q", "--max-time", "200ms", f"{site.url}wiki/A"), 124)
            self.check(fetch("-o", self.output, "--max-time", "200ms", f"{site.url}wiki/A"), 124, "; go on with --resume")


class Arguments(Trouble):
    def test_that_make_no_sense(self):
        for arguments, said in [(["--rate", "fast", "http://x/"], "a rate such as 5/s"), (["--resume", "http://x/"], "--resume needs --output"),
                                (["-s", "h1", "--select-all", "h1", "http://x/"], 'two columns are called "h1"'),
                                (["-s", "url=h1", "http://x/"], 'two columns are called "url"'),
                                (["-H", "no colon", "http://x/"], "Name: value"), (["-c", "0", "http://x/"], "a number from 1"),
                                (["--max-size", "huge", "http://x/"], "a number of bytes"), (["--timeout", "soon", "http://x/"], "a time such as")]:
            self.check(fetch(*arguments), 2, said, "See simul fetch --help.")


if __name__ == "__main__":
    unittest.main()
