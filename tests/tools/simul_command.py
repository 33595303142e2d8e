#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""simul_command.py SIMUL: what all commands have in common, and `simul serve`."""
import http.client
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from demo_site import SIMUL, simul


def names():
    lines = simul("--help").stdout.splitlines()
    return [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("  simul")]


class Command(unittest.TestCase):
    def test_explains_itself(self):
        self.assertEqual(simul().returncode, 2)
        self.assertIn("tour", names())
        for name in names():
            run = simul(name, "--help")
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertTrue(run.stdout.startswith(f"usage: simul {name}"), run.stdout)
            self.assertLessEqual(max(map(len, run.stdout.splitlines())), 132)
            self.assertEqual(simul("help", name).stdout, run.stdout)

    def test_says_what_was_meant(self):
        run = simul("fetsh")
        self.assertEqual((run.returncode, run.stderr), (2, "simul: there is no command \"fetsh\"; did you mean fetch?\n"))
        self.assertEqual(simul("--verison").stderr, "simul: there is no command \"--verison\"; did you mean --version?\n")
        run = simul("fetch", "--concurency", "3")
        self.assertEqual(run.returncode, 2)
        self.assertIn("did you mean --concurrency?", run.stderr)

    def test_completes_in_shells(self):
        for shell in ("bash", "zsh", "fish"):
            script = simul("completions", shell).stdout
            self.assertIn("fetch", script)
            if shutil.which(shell):
                self.assertEqual(subprocess.run([shell, "-n"], input=script, text=True).returncode, 0, shell)
        for typed, wanted in [("fetch --conc", "--concurrency"), ("tour --color a", "auto always"), ("tour genres t", "titles"),
                              ("manual f", "fetch"), ("ser", "serve"), ("fetch x", "")]:
            words = typed.split()
            asked = (f"source <('{SIMUL}' completions bash); COMP_WORDS=(simul {typed}); COMP_CWORD={len(words)}; "
                     "_simul; echo ${COMPREPLY[@]}")
            answer = subprocess.run(["bash", "-c", asked], capture_output=True, text=True)
            self.assertEqual((answer.stdout.strip(), answer.stderr), (wanted, ""), typed)
        run = simul("completions", "tcsh")
        self.assertEqual((run.returncode, run.stderr.splitlines()[0]), (2, "simul completions: SHELL is bash, zsh or fish, not \"tcsh\""))

    def test_has_manual_pages(self):
        for name in names():
            page = simul("manual", name).stdout
            self.assertTrue(page.startswith(f".TH SIMUL\\-{name.upper()} 1"), page)
            self.assertNotIn("\n.\\", page)

    def test_tells_nobody_of_its_own_options(self):
        self.assertNotIn("--heat", simul("tour", "--help").stdout + simul("completions", "bash").stdout)


class Serve(unittest.TestCase):
    def test_serves_a_directory_until_it_is_told_to_end(self):
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "a b.txt").write_text("hello")
            with subprocess.Popen([SIMUL, "serve", "--at", "127.0.0.1:0", directory], stderr=subprocess.PIPE, text=True) as server:
                port = int(server.stderr.readline().split("://127.0.0.1:")[1].split("/")[0])
                web = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                for path, status, part in [("/a%20b.txt", 200, "hello"), ("/", 200, "a%20b.txt"), ("/../etc/passwd", 400, "")]:
                    web.request("GET", path)
                    answer = web.getresponse()
                    body = answer.read().decode()
                    self.assertEqual(answer.status, status, path)
                    self.assertIn(part, body)
                web.close()
                server.send_signal(signal.SIGTERM)
                _, said = server.communicate(timeout=20)
            self.assertEqual(server.returncode, 0)
            self.assertIn('"GET /a%20b.txt" 200', said)

    def test_refuses_what_it_cannot_serve(self):
        run = simul("serve", "/nonexistent")
        self.assertEqual((run.returncode, run.stderr), (3, "simul serve: serve /nonexistent: No such file or directory\n"))
        self.assertEqual(simul("serve", "/etc/passwd").returncode, 2)
        self.assertEqual(simul("serve", "--key", "x", "/tmp").returncode, 2)
        run = simul("serve", "--at", "127.0.0.1:99999", "/tmp")
        self.assertEqual(run.returncode, 3)


class Demo(unittest.TestCase):
    SCRIPT = 'test "$(curl -s "$SITE/demo/stats")" = \'{"requests":0,"peak":0,"refused":0,"failed":0}\' && exit 7'

    def test_runs_a_program_that_finds_it_and_ends_as_that_does(self):
        run = simul("demo", "--", "sh", "-c", self.SCRIPT)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (7, "", ""))
        self.assertEqual(simul("demo", "--", "sh", "-c", "kill -9 $$").returncode, 128 + signal.SIGKILL)

    def test_says_which_program_is_missing(self):
        run = simul("demo", "/nonexistent/x")
        self.assertEqual((run.returncode, run.stderr), (3, "simul demo: start /nonexistent/x: No such file or directory\n"))


if __name__ == "__main__":
    unittest.main()
